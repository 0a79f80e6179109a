"""Figures on held-out rows: per source and head, and on the authored reports by slice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import plots, thresholds
from .calibrate import Calibration, sets
from .certificate import Certificate
from .data import Row
from .labels import AGENCIES, BINARY, CATEGORIES, FLAGS

Array = NDArray[Any]
INDEX = {name: i for i, name in enumerate(BINARY)}


PICTURES = ("reliability.png", "thresholds.png", "category.png", "agency.png")
# Share of harm that the certificate's statement is made for; a data officer sets the own one.
PREVALENCE = 0.1


def policy(rows: list[Row], logits: dict[str, Array], calibration: Calibration) -> dict[str, Any]:
    """Thresholds chosen on the authored dev rows, what they do there and on test rows, the certificate."""
    parts = {}
    for split in ("dev", "test"):
        at = [i for i, r in enumerate(rows) if r.source == "reports" and r.split == split]
        parts[split] = ([rows[i] for i in at], probabilities(logits["binary"][at], calibration))
    chosen = thresholds.choose(*parts["dev"])
    outcomes = {split: thresholds.outcome(*part, chosen) for split, part in parts.items()}
    # The thresholds saw the dev rows, so only the test rows can prove something.
    test = outcomes["test"]
    certificate = Certificate(
        harmful=test.harmful,
        harmful_published=round(test.harm_published * test.harmful),
        legitimate=test.legitimate,
        legitimate_published=round((1 - test.legitimate_held) * test.legitimate),
        prevalence=PREVALENCE,
    )
    return {"thresholds": chosen, "certificate": certificate.text()} | {k: asdict(v) for k, v in outcomes.items()}


def pictures(rows: list[Row], logits: dict[str, Array], calibration: Calibration, chosen: dict[str, float], out: Path) -> None:
    """The card's pictures, on the authored test rows."""
    at = [i for i, r in enumerate(rows) if r.source == "reports" and r.split == "test"]
    authored, p = [rows[i] for i in at], probabilities(logits["binary"][at], calibration)
    scores = plots.flags_of(authored, p)
    plots.reliability(scores, out / "reliability.png")
    plots.thresholds(scores, chosen, out / "thresholds.png")
    for head, names in (("category", CATEGORIES), ("agency", AGENCIES)):
        known = [i for i in at if getattr(rows[i], head) >= 0]
        true = np.array([getattr(rows[i], head) for i in known])
        plots.confusion(true, logits[head][known].argmax(1), names, out / f"{head}.png")


def best_f1(scores: Array, labels: Array) -> tuple[float, float]:
    """Best positive-class F1 over all thresholds, and the threshold."""
    order = np.argsort(-scores)
    hits = np.cumsum(labels[order])
    f1 = 2 * hits / (np.arange(1, len(labels) + 1) + labels.sum())
    at = int(np.argmax(f1))
    return float(f1[at]), float(scores[order][at])


def probabilities(logits: Array, calibration: Calibration) -> Array:
    """Binary logits (n, heads) to calibrated probabilities."""
    z = logits * np.array(calibration.scale) + np.array(calibration.offset)
    out: Array = 1 / (1 + np.exp(-z))
    return out


def metrics(rows: list[Row], logits: dict[str, Array], calibration: Calibration) -> dict[str, Any]:
    """Per source: best F1 of each labelled binary head, accuracy and top-3 of ranked heads."""
    p = probabilities(logits["binary"], calibration)
    by_source: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        by_source[row.source if row.source != "reports" else f"reports.{row.split}"].append(i)
    out: dict[str, Any] = {}
    for source, members in sorted(by_source.items()):
        figures: dict[str, Any] = {"rows": len(members)}
        for name in BINARY:
            at = [i for i in members if name in rows[i].binary]
            labels = np.array([rows[i].binary[name] for i in at])
            if 3 <= labels.sum() < len(labels):
                figures[f"{name}.f1"], figures[f"{name}.at"] = best_f1(p[at, INDEX[name]], labels)
        for head, names in (("category", CATEGORIES), ("agency", AGENCIES)):
            at = [i for i in members if getattr(rows[i], head) >= 0]
            if len(at) >= 10:
                true = np.array([getattr(rows[i], head) for i in at])
                figures |= _ranked(logits[head][at], true, head, len(names))
                if source.startswith("reports."):
                    figures |= _sets(logits[head][at], true, head, calibration)
        negatives = [i for i in members if all(rows[i].binary.get(f) == 0 for f in FLAGS)]
        if len(negatives) >= 20:
            figures["flagged_at_half"] = float((p[negatives, : len(FLAGS)] >= 0.5).any(1).mean())
        out[source] = figures
    return out


def _ranked(logits: Array, labels: Array, head: str, classes: int) -> dict[str, float]:
    ranks = np.argsort(-logits, axis=1)
    hit = ranks[:, 0] == labels
    recalls = [hit[labels == c].mean() for c in range(classes) if (labels == c).any()]
    return {
        f"{head}.accuracy": float(hit.mean()),
        f"{head}.top3": float((ranks[:, :3] == labels[:, None]).any(1).mean()),
        f"{head}.macro_recall": float(np.mean(recalls)),
    }


def _sets(logits: Array, labels: Array, head: str, calibration: Calibration) -> dict[str, float]:
    """Coverage and mean size of the conformal sets."""
    t, share = (getattr(calibration, f"{head}_{name}") for name in ("temperature", "share"))
    sizes = sets(logits, t, share)
    rank = (np.argsort(-logits, axis=1) == labels[:, None]).argmax(1)
    return {f"{head}.set_coverage": float((rank < sizes).mean()), f"{head}.set_size": float(sizes.mean())}


def tables(rows: list[Row], logits: dict[str, Array], calibration: Calibration) -> dict[str, Any]:
    """On authored test rows: recall and precision per class; accuracy per province, variety and length.

    A row counts as flagged rightly if any flag reaches 0.5 just when it carries one.
    """
    at = [i for i, r in enumerate(rows) if r.source == "reports" and r.split == "test"]
    out: dict[str, Any] = {}
    best = {head: logits[head].argmax(1) for head in ("category", "agency")}
    for head, names in (("category", CATEGORIES), ("agency", AGENCIES)):
        known = [i for i in at if getattr(rows[i], head) >= 0]
        true = np.array([getattr(rows[i], head) for i in known], int)
        said = best[head][known]
        out[head] = {
            name: {
                "rows": int((true == c).sum()),
                "recall": float((said[true == c] == c).mean()) if (true == c).any() else None,
                "precision": float((true[said == c] == c).mean()) if (said == c).any() else None,
            }
            for c, name in enumerate(names)
        }
    p = probabilities(logits["binary"], calibration)[:, : len(FLAGS)]
    groupings: dict[str, Callable[[Row], str]] = {
        "province": lambda row: row.region[:2] or "none",
        "variety": lambda row: row.variety or "none",
        "words": lambda row: next(label for limit, label in LENGTHS if len(row.text.split()) <= limit),
    }
    for name, group in groupings.items():
        members: dict[str, list[int]] = defaultdict(list)
        for i in at:
            members[group(rows[i])].append(i)
        out[name] = {key: _group(rows, found, p, best) for key, found in sorted(members.items())}
    return out


LENGTHS = ((10, "1-10"), (20, "11-20"), (40, "21-40"), (80, "41-80"), (10**9, "over 80"))


def _group(rows: list[Row], members: list[int], p: Array, best: dict[str, Array]) -> dict[str, Any]:
    harmful = np.array([max(rows[i].binary[f] for f in FLAGS) for i in members]) > 0
    figures: dict[str, Any] = {"rows": len(members), "flags": float(((p[members].max(1) >= 0.5) == harmful).mean())}
    for head, said in best.items():
        hits = [said[i] == getattr(rows[i], head) for i in members if getattr(rows[i], head) >= 0]
        figures[head] = float(np.mean(hits)) if hits else None
    return figures


def table(metrics: dict[str, Any]) -> str:
    lines = []
    for source, figures in metrics.items():
        lines.append(f"{source} ({figures['rows']} rows)")
        lines += [f"  {k:28} {v:.4f}" for k, v in figures.items() if k != "rows" and not k.endswith(".at")]
    return "\n".join(lines)
