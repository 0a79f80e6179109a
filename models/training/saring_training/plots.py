"""Pictures of an evaluation: reliability, thresholds, confusion, losses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .labels import FLAGS

Array = NDArray[Any]
BINS = 10


def _figure(columns: int, width: float = 4.2, height: float = 3.6) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, columns, figsize=(width * columns, height), layout="constrained")
    return figure, np.atleast_1d(axes)


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the date the same data gives the same bytes.
    figure.savefig(path, dpi=80, metadata={"Software": None})
    pyplot.close(figure)


def reliability(scores: dict[str, tuple[Array, Array]], path: Path) -> None:
    """Observed share against mean probability, per flag; the bars count the rows of each bin."""
    figure, axes = _figure(len(scores))
    for axis, (name, (p, y)) in zip(axes, scores.items(), strict=True):
        edges = np.linspace(0, 1, BINS + 1)
        at = np.clip(np.digitize(p, edges) - 1, 0, BINS - 1)
        filled = [b for b in range(BINS) if (at == b).any()]
        axis.plot([0, 1], [0, 1], color="#999", lw=1, ls="--")
        axis.plot([p[at == b].mean() for b in filled], [y[at == b].mean() for b in filled], marker="o", color="#0b5c8a")
        other = axis.twinx()
        other.bar(edges[:-1] + 0.5 / BINS, np.bincount(at, minlength=BINS), width=0.08, color="#0b5c8a", alpha=0.15)
        other.set_yscale("log")
        other.set_ylabel("rows")
        axis.set(title=name, xlabel="probability", ylabel="observed share", xlim=(0, 1), ylim=(0, 1))
    _save(figure, path)


def thresholds(scores: dict[str, tuple[Array, Array]], chosen: dict[str, float], path: Path) -> None:
    """Share of harm missed and of others held against the threshold, per flag."""
    figure, axes = _figure(len(scores))
    grid = np.linspace(0, 1, 101)
    for axis, (name, (p, y)) in zip(axes, scores.items(), strict=True):
        axis.plot(grid, [(p[y == 1] < t).mean() for t in grid], color="#b3261e", label="harm below")
        axis.plot(grid, [(p[y == 0] >= t).mean() for t in grid], color="#0b5c8a", label="others at or above")
        axis.axvline(chosen[name], color="#444", lw=1, ls=":", label="policy")
        axis.set(title=name, xlabel="threshold", ylabel="share of rows", ylim=(0, 0.6))
        axis.legend()
    _save(figure, path)


def confusion(true: Array, found: Array, names: tuple[str, ...], path: Path) -> None:
    """Row-normalised confusion of the classes that occur."""
    present = [c for c in range(len(names)) if (true == c).any()]
    index = {c: i for i, c in enumerate(present)}
    counts = np.zeros((len(present), len(present)))
    for t, f in zip(true, found, strict=True):
        if f in index:
            counts[index[t], index[f]] += 1
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    size = 0.26 * len(present) + 3
    figure, axes = _figure(1, size, size)
    axis = axes[0]
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), n in np.ndenumerate(counts):
        if n:
            axis.text(j, i, int(n), ha="center", va="center", fontsize=6, color="w" if shares[i, j] > 0.5 else "#333")
    ticks = range(len(present))
    axis.set_xticks(ticks, [names[c] for c in present], rotation=90, fontsize=7)
    axis.set_yticks(ticks, [f"{names[c]} ({int(counts[i].sum())})" for i, c in enumerate(present)], fontsize=7)
    axis.set(xlabel="found", ylabel="true")
    _save(figure, path)


def flags_of(rows: list[Any], p: Array) -> dict[str, tuple[Array, Array]]:
    """Probabilities and labels of the three flags on authored rows."""
    labels = {f: np.array([r.binary[f] for r in rows]) for f in FLAGS}
    return {f: (p[:, i], labels[f]) for i, f in enumerate(FLAGS)}


def layers(points: list[dict[str, float]], path: Path) -> None:
    """Quality against milliseconds, one point a depth."""
    points = sorted(points, key=lambda p: p["layers"])
    figure, (axis,) = _figure(1, 6, 4)
    for name, label in (("f1", "mean F1 of flags"), ("category", "category"), ("agency", "agency")):
        axis.plot([p["milliseconds"] for p in points], [p[name] for p in points], marker="o", label=label)
    for p in points:
        axis.annotate(f"{p['layers']:.0f}", (p["milliseconds"], p["f1"]), textcoords="offset points", xytext=(4, 6))
    axis.set(xlabel="median ms of one int8 run, one thread (numbers: layers)", ylabel="held-out dev rows, short fit")
    axis.legend()
    _save(figure, path)
