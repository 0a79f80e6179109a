"""Calibration per head on held-out rows: Platt scaling for binary heads, temperature for ranked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data import Row
from .labels import BINARY

Floats = NDArray[np.floating]
SCALE_MIN = 0.05
NEWTON_STEPS = 100
COVERAGE = 0.95


@dataclass
class Calibration:
    """probability = sigmoid(scale * logit + offset); ranked heads divide by a temperature."""

    scale: list[float] = field(default_factory=lambda: [1.0] * len(BINARY))
    offset: list[float] = field(default_factory=lambda: [0.0] * len(BINARY))
    category_temperature: float = 1.0
    agency_temperature: float = 1.0
    # The ranked classes from this probability on hold the truth with COVERAGE.
    category_share: float = 0.0
    agency_share: float = 0.0


def sigmoid(z: Floats) -> Floats:
    out: Floats = 1 / (1 + np.exp(-np.clip(z, -60, 60)))
    return out


def platt(logits: Floats, labels: Floats, weights: Floats) -> tuple[float, float]:
    """Scale and offset by weighted maximum likelihood, with a weak pull towards (1, 0).

    Newton's method with halved steps; the penalised likelihood is concave, so it ends at the only
    maximum.
    """
    x = np.stack([logits.astype(np.float64), np.ones(len(logits))], 1)
    y, w = labels.astype(np.float64), weights.astype(np.float64)
    start, pull = np.array([1.0, 0.0]), np.diag([2.0, 0.2])

    def loss(at: Floats) -> float:
        z = x @ at
        return float((w * (np.logaddexp(0, z) - y * z)).sum() + 0.5 * (at - start) @ pull @ (at - start))

    at = start.copy()
    for _ in range(NEWTON_STEPS):
        p = sigmoid(x @ at)
        gradient = x.T @ (w * (p - y)) + pull @ (at - start)
        curvature = (x * (w * p * (1 - p))[:, None]).T @ x + pull
        step, size = np.linalg.solve(curvature, gradient), 1.0
        while loss(at - size * step) > loss(at) and size > 1e-6:
            size /= 2
        at = at - size * step
        if np.abs(step).max() < 1e-9:
            break
    return max(float(at[0]), SCALE_MIN), float(at[1])


def temperature(logits: Floats, labels: NDArray[np.int64]) -> float:
    """The temperature with the least negative log-likelihood, on a grid."""
    grid = np.geomspace(0.4, 3.0, 60)
    right = logits[np.arange(len(labels)), labels]

    def loss(t: float) -> float:
        z = logits / t
        top = z.max(1)
        return float((np.log(np.exp(z - top[:, None]).sum(1)) + top - right / t).mean())

    return float(grid[int(np.argmin([loss(float(t)) for t in grid]))])


def shares(logits: Floats, t: float) -> Floats:
    """Calibrated probabilities, (n, classes)."""
    z = logits / t
    p = np.exp(z - z.max(1, keepdims=True))
    out: Floats = p / p.sum(1, keepdims=True)
    return out


def conformal_share(logits: Floats, labels: NDArray[np.int64], t: float, coverage: float = COVERAGE) -> float:
    """The probability from which on classes make a set that holds the truth with `coverage`.

    Least ambiguous sets (Sadinle, Lei and Wasserman, 2019): of all sets with this coverage on
    exchangeable rows the smallest. Too few rows for the coverage give 0, every class.
    """
    score = np.sort(shares(logits, t)[np.arange(len(labels)), labels])[::-1]
    at = int(np.ceil((len(labels) + 1) * coverage))
    return float(score[at - 1]) if at <= len(labels) else 0.0


def sets(logits: Floats, t: float, share: float) -> NDArray[np.int64]:
    """How many ranked classes each row's set holds, at least the best."""
    sizes: NDArray[np.int64] = np.maximum((shares(logits, t) >= share).sum(1), 1)
    return sizes


def calibrate(rows: list[Row], logits: dict[str, NDArray[Any]], start: Calibration | None = None) -> Calibration:
    """Fits each head on the rows that label it; where authored reports label it, on those.

    Heads with too few positives keep what `start` says.
    """
    out = replace(start, scale=list(start.scale), offset=list(start.offset)) if start else Calibration()
    for i, name in enumerate(BINARY):
        at = [k for k, r in enumerate(rows) if name in r.binary]
        labels = np.array([rows[k].binary[name] for k in at], np.float32)
        authored = np.array([rows[k].source == "reports" for k in at])
        if authored.any() and labels[authored].sum() >= 5:
            # Only reports count for the probability that a moderator reads.
            at = [k for k, a in zip(at, authored, strict=True) if a]
            labels = labels[authored]
        if labels.sum() < 5:
            continue
        weights = np.ones(len(labels), np.float32)
        out.scale[i], out.offset[i] = platt(logits["binary"][at, i], labels, weights)
    for head in ("category", "agency"):
        at = [k for k, r in enumerate(rows) if getattr(r, head) >= 0]
        classes = np.array([getattr(rows[k], head) for k in at], np.int64)
        t = temperature(logits[head][at], classes)
        setattr(out, f"{head}_temperature", t)
        authored = np.array([rows[k].source == "reports" for k in at])
        if authored.any():
            # Reports are what the console shows; other sets are easier or harder.
            share = conformal_share(logits[head][at][authored], classes[authored], t)
            setattr(out, f"{head}_share", share)
    return out
