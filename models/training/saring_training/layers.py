"""How many layers: quality against milliseconds, each depth fitted alike for a short time.

The fits are short, so the figures say how depths compare, not how good a bundle gets.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import torch
from tokenizers import Tokenizer

from . import base as base_model
from . import plots
from .data import Row
from .evaluate import best_f1
from .fit import Settings, fit, predict
from .graph import build, measure
from .labels import BINARY
from .model import Screener, from_base
from .runtime import session
from .tokenizer import trim

TOKENS = 48
RUNS = 200
ROWS_MAX = 600
HEADS = (("abuse_hs1_fold0", "abuse.hate"), ("reports", "spam"), ("reports", "abuse"), ("reports", "hoax"))


@dataclass(frozen=True)
class Point:
    """One depth: figures on held-out dev rows, median milliseconds of one int8 run, megabytes."""

    layers: int
    f1: float
    category: float
    agency: float
    milliseconds: float
    megabytes: float


def run(rows: list[Row], settings: Settings, depths: list[int], positions: int, work: Path) -> list[Point]:
    """Fits each depth from the pretrained base and measures it; writes layers.json and layers.png."""
    base = base_model.load()
    tokenizer, kept = trim(base, [r.text for r in rows] + [r.match for r in rows if r.match])
    train = [r for r in rows if r.split == "train"]
    held = sample([r for r in rows if r.split == "dev"])
    points = []
    for depth in depths:
        torch.manual_seed(settings.seed)
        model = from_base(base, kept, list(range(depth)), positions)
        folder = work / f"layers-{depth}"
        folder.mkdir(parents=True, exist_ok=True)
        model = fit(model, train, tokenizer, replace(settings, layers=list(range(depth))), folder)
        points.append(point(depth, model, tokenizer, held, settings.tokens_max))
        print(points[-1], flush=True)
        (work / "layers.json").write_text(json.dumps([asdict(p) for p in points], indent=1))
    plots.layers([asdict(p) for p in points], work / "layers.png")
    return points


def sample(rows: list[Row]) -> list[Row]:
    """At most `ROWS_MAX` rows of each source, in their order."""
    counts: dict[str, int] = {}
    kept = []
    for row in rows:
        counts[row.source] = counts.get(row.source, 0) + 1
        if counts[row.source] <= ROWS_MAX:
            kept.append(row)
    return kept


def point(depth: int, model: Screener, tokenizer: Tokenizer, held: list[Row], tokens_max: int) -> Point:
    logits = predict(model, [r.text for r in held], tokenizer, tokens_max)
    f1s = []
    for source, head in HEADS:
        at = [i for i, r in enumerate(held) if r.source == source and head in r.binary]
        labels = np.array([held[i].binary[head] for i in at])
        f1s.append(best_f1(logits["binary"][at, BINARY.index(head)], labels)[0])
    accuracies = {}
    for ranked in ("category", "agency"):
        at = [i for i, r in enumerate(held) if getattr(r, ranked) >= 0 and not r.source.endswith("stemmed")]
        true = np.array([getattr(held[i], ranked) for i in at])
        accuracies[ranked] = float((logits[ranked][at].argmax(1) == true).mean())
    milliseconds, megabytes = speed(model, tokenizer, held)
    return Point(depth, float(np.mean(f1s)), accuracies["category"], accuracies["agency"], milliseconds, megabytes)


def speed(model: Screener, tokenizer: Tokenizer, held: list[Row]) -> tuple[float, float]:
    """Median milliseconds of an int8 run at `TOKENS` tokens on one thread, and the graph's megabytes."""
    tokenizer.enable_truncation(TOKENS)
    ids = [e.ids for e in tokenizer.encode_batch([r.text for r in held]) if len(e.ids) == TOKENS][:50]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        onnx.save(build(model, True, measure(model, ids)), path)
        loaded: Any = session(path)
        taken = []
        for i in range(RUNS):
            start = time.perf_counter()
            loaded.run(["binary"], {"input_ids": np.array([ids[i % len(ids)]], np.int64)})
            taken.append(time.perf_counter() - start)
        return median(taken) * 1000, path.stat().st_size / 1e6
