"""The certificate: what held-out rows prove about the harm among what is published automatically.

The declared target is 'at most TARGET of what is published automatically is spam, abuse or hoax,
with CONFIDENCE'. The bound is Clopper and Pearson's (1934), exact for independent rows. The rows of
the authored corpus hold far more harm than a day's reports, so the bound is stated for a declared
share of harm among incoming reports: of n harmful rows k were published, and of m legitimate rows l.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

TARGET = 0.01
CONFIDENCE = 0.95
# Bisection halves the interval so often.
HALVINGS = 60


def tail(k: int, n: int, p: float) -> float:
    """P(X <= k) for X binomial(n, p)."""
    if p <= 0:
        return 1.0
    if p >= 1:
        return float(k >= n)
    logs = [
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p)
        for i in range(k + 1)
    ]  # fmt: skip
    top = max(logs)
    return math.exp(top) * math.fsum(math.exp(v - top) for v in logs)


def upper(k: int, n: int, confidence: float = CONFIDENCE) -> float:
    """The largest rate that k hits of n leave possible at this confidence, one-sided."""
    if not 0 <= k <= n:
        raise ValueError(f"k must be within 0 and n = {n}, got {k}")
    if n == 0 or k == n:
        return 1.0
    low, high = k / n, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if tail(k, n, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def lower(k: int, n: int, confidence: float = CONFIDENCE) -> float:
    """The smallest rate that k hits of n leave possible at this confidence, one-sided."""
    return 1 - upper(n - k, n, confidence) if n else 0.0


def needed(target: float = TARGET, confidence: float = CONFIDENCE) -> int:
    """Rows without a single failure that prove `target`."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - target))


@dataclass(frozen=True)
class Certificate:
    """Counts of held-out rows and what they prove."""

    harmful: int
    harmful_published: int
    legitimate: int
    legitimate_published: int
    # Share of harm among incoming reports that the statement is made for.
    prevalence: float

    @property
    def miss(self) -> float:
        """Upper bound of the share of harmful reports that are published."""
        return upper(self.harmful_published, self.harmful, 1 - (1 - CONFIDENCE) / 2)

    @property
    def harm_published(self) -> float:
        """Upper bound of the share of harm among what is published, at `prevalence`.

        Both rates hold together with CONFIDENCE: each takes half of the error (Bonferroni).
        """
        kept = lower(self.legitimate_published, self.legitimate, 1 - (1 - CONFIDENCE) / 2)
        harm = self.prevalence * self.miss
        whole = harm + (1 - self.prevalence) * kept
        return harm / whole if whole > 0 else 1.0

    @property
    def holds(self) -> bool:
        return self.harm_published <= TARGET

    def text(self) -> str:
        """One sentence for the card and the log."""
        proven = (
            f"{self.harmful_published} of {self.harmful} harmful and {self.legitimate_published} of "
            f"{self.legitimate} legitimate held-out reports were published; at {self.prevalence:.0%} harm "
            f"among incoming reports at most {self.harm_published:.2%} of what is published is harm, with "
            f"{CONFIDENCE:.0%} confidence"
        )
        return f"{'certified' if self.holds else 'not certified'}: {proven} (target {TARGET:.0%})"
