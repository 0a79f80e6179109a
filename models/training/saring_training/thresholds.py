"""Thresholds of the policy from held-out rows, and what a policy does to them.

A report is held if any head reaches its threshold, as `decide` of the Rust code does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data import Row
from .labels import BINARY

Array = NDArray[Any]
INDEX = {name: i for i, name in enumerate(BINARY)}
# The heads that hold a report by themselves.
HOLDING = (
    "spam", "abuse", "hoax", "abuse.threat", "sensitive.child", "sensitive.violence", "sensitive.selfharm",
    "sensitive.accusation", "sensitive.health", "quality.off_topic",
)  # fmt: skip
GRID = tuple(round(0.01 * i, 2) for i in range(1, 91))
# Most of the legitimate reports that a policy may hold.
HELD_MAX = 0.12


@dataclass(frozen=True)
class Outcome:
    """Shares of the authored rows of each kind; counts beside them."""

    rows: int
    accuracy: float
    harm_published: float
    legitimate_held: float
    angry_published: float
    sensitive_held: float
    harmful: int
    legitimate: int


def held(p: Array, thresholds: dict[str, float]) -> NDArray[np.bool_]:
    """Which rows (n, heads) of calibrated probabilities a policy holds."""
    out = np.zeros(len(p), bool)
    for name, threshold in thresholds.items():
        out |= p[:, INDEX[name]] >= threshold
    return out


def kinds(rows: list[Row]) -> dict[str, NDArray[np.bool_]]:
    """Which authored rows are harmful, sensitive, to be held at all, angry."""
    harm = np.array([any(r.binary[f] == 1 for f in ("spam", "abuse", "hoax")) for r in rows])
    sensitive = np.array([any(v == 1 for k, v in r.binary.items() if k.startswith("sensitive.")) for r in rows])
    strange = np.array([r.slice == "strange" for r in rows])
    return {
        "harm": harm,
        "sensitive": sensitive,
        "hold": harm | sensitive | strange,
        "angry": np.array([r.slice == "angry" for r in rows]) & ~harm,
    }


def outcome(rows: list[Row], p: Array, thresholds: dict[str, float]) -> Outcome:
    is_held, kind = held(p, thresholds), kinds(rows)

    def share(of: NDArray[np.bool_], within: NDArray[np.bool_]) -> float:
        return float(of[within].mean()) if within.any() else float("nan")

    return Outcome(
        rows=len(rows),
        accuracy=float((is_held == kind["hold"]).mean()),
        harm_published=share(~is_held, kind["harm"]),
        legitimate_held=share(is_held, ~kind["hold"]),
        angry_published=share(~is_held, kind["angry"]),
        sensitive_held=share(is_held, kind["sensitive"]),
        harmful=int(kind["harm"].sum()),
        legitimate=int((~kind["hold"]).sum()),
    )


def choose(rows: list[Row], p: Array) -> dict[str, float]:
    """The lowest threshold for all heads that holds at most `HELD_MAX` of the legitimate `rows`.

    One threshold for all: the probabilities are calibrated, so it asks the same of every head, and
    several, fitted on some hundred rows, let more harm through on rows that they had not seen.
    """
    thresholds = dict.fromkeys(HOLDING, GRID[-1])
    for value in reversed(GRID):
        lower = dict.fromkeys(HOLDING, value)
        if outcome(rows, p, lower).legitimate_held > HELD_MAX:
            break
        thresholds = lower
    return thresholds
