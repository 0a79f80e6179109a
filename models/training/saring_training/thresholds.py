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
# Heads that share a threshold: the held-out rows are too few to give each rare label its own.
GROUPS = (
    ("spam",),
    ("abuse", "abuse.threat"),
    ("hoax",),
    tuple(name for name in HOLDING if name.startswith("sensitive.")),
    ("quality.off_topic",),
)
GRID = tuple(round(0.05 * i, 2) for i in range(2, 19))
# What a published harm costs, in legitimate reports held for nothing.
HARM_COST = 5.0
SENSITIVE_COST = 2.0


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


def choose(rows: list[Row], p: Array, start: float = 0.5, rounds: int = 4) -> dict[str, float]:
    """Thresholds with the least cost on `rows`, one group of heads after the other until nothing changes.

    Of equal points the highest wins: it holds fewer reports of kinds that these rows lack.
    """
    kind = kinds(rows)
    weight = np.where(kind["harm"], HARM_COST, np.where(kind["hold"], SENSITIVE_COST, 1.0))
    thresholds = dict.fromkeys(HOLDING, start)
    for _ in range(rounds):
        before = dict(thresholds)
        for group in GROUPS:
            costs = []
            for value in GRID:
                wrong = held(p, thresholds | dict.fromkeys(group, value)) != kind["hold"]
                costs.append(float((weight * wrong).sum()))
            best = min(costs)
            thresholds |= dict.fromkeys(group, max(v for v, c in zip(GRID, costs, strict=True) if c == best))
        if thresholds == before:
            break
    return thresholds
