"""Rows of `saring export`: what moderators decided, with the weight that each decision has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .data import Json, Row, bucket, near_duplicates, read
from .labels import AGENCIES, BINARY, CATEGORIES, FLAGS

SOURCE = "decisions"


@dataclass(frozen=True)
class Weights:
    """How much a decision counts; see models/training/refit.toml."""

    double_reviewed: float
    inverse_probability_max: float


def row_of(raw: Json, weights: Weights) -> Row:
    """A row with the labels that are known."""
    row = Row(id=str(raw["id"]), source=SOURCE, text=raw["prepared"])
    row.binary = {flag: float(raw[flag]) for flag in FLAGS if raw[flag] is not None}
    row.binary |= {name: 0.0 for name in raw["fine_absent"] if name in BINARY}
    row.binary |= {name: 1.0 for name in raw["fine"] if name in BINARY}
    if raw["category"] in CATEGORIES:
        row.category = CATEGORIES.index(raw["category"])
    if raw["agency"] in AGENCIES:
        row.agency = AGENCIES.index(raw["agency"])
    probability = raw["sampling"]["probability"]
    row.weight = min(1 / probability, weights.inverse_probability_max) if probability else 1.0
    if raw["double_reviewed"]:
        row.weight *= weights.double_reviewed
    return row


def load(paths: list[Path], weights: Weights) -> list[tuple[Row, Json]]:
    """All decisions with a label, in order of their id, beside the line that each comes from."""
    found = [(row_of(raw, weights), raw) for path in paths for raw in read(path)]
    known = [(row, raw) for row, raw in found if row.text.strip() and (row.binary or row.category >= 0 or row.agency >= 0)]
    return sorted(known, key=lambda pair: pair[0].id)


def divide(decisions: list[Row], held_out: list[Row], share: float) -> list[Row]:
    """The decisions to train on; `share` of those whose text has no copy get the split `dev`.

    What nearly repeats a held-out authored row is left out. Copies of a text stay together in
    training, so that no campaign is lost to it, and count as one.
    """
    groups = near_duplicates([r.text for r in held_out + decisions])
    held, of = set(groups[: len(held_out)]), groups[len(held_out) :]
    copies = Counter(of)
    kept = []
    for group, row in zip(of, decisions, strict=True):
        if group in held:
            continue
        if copies[group] == 1 and bucket(row.text) < share:
            row.split = "dev"
        else:
            row.weight /= copies[group]
            kept.append(row)
    return kept


def counts(rows: list[Row]) -> dict[str, Any]:
    """How often each binary label is known to apply and not to apply."""
    return {name: [sum(r.binary.get(name) == v for r in rows) for v in (1.0, 0.0)] for name in BINARY}
