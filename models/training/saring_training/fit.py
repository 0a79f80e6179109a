"""Multi-task fine-tuning with partial labels, checkpoints and resume."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from tqdm import tqdm

from .data import Row
from .labels import BINARY, FLAGS
from .model import Output, Screener

INDEX = {name: i for i, name in enumerate(BINARY)}


@dataclass
class Settings:
    """Everything that a run depends on besides data; stored in the manifest."""

    seed: int = 7
    epochs: int = 4
    batch: int = 32
    rate: float = 1.2e-4
    head_rate: float = 10.0
    layer_decay: float = 0.95
    warm_up: float = 0.06
    weight_decay: float = 0.01
    tokens_max: int = 128
    layers: list[int] = field(default_factory=lambda: list(range(12)))
    # Rows per epoch drawn from a source; the rest of it comes in other epochs.
    per_epoch: dict[str, int] = field(default_factory=dict)
    # How often an epoch repeats a source.
    repeats: dict[str, int] = field(default_factory=dict)
    contrastive_weight: float = 0.3
    temperature: float = 0.05
    fine_weight: float = 0.5
    checkpoint_steps: int = 200


@dataclass
class Batch:
    """Token ids (n, t), mask (n, t), targets (n, heads) with -1 for unlabelled."""

    ids: Tensor
    mask: Tensor
    binary: Tensor
    category: Tensor
    agency: Tensor
    weight: Tensor
    match: tuple[Tensor, Tensor] | None


def pad(encodings: list[list[int]]) -> tuple[Tensor, Tensor]:
    longest = max(len(e) for e in encodings)
    ids = torch.full((len(encodings), longest), 1)
    for i, encoding in enumerate(encodings):
        ids[i, : len(encoding)] = torch.tensor(encoding)
    return ids, ids != 1


def targets(rows: list[Row]) -> Tensor:
    out = torch.full((len(rows), len(BINARY)), -1.0)
    for i, row in enumerate(rows):
        for name, value in row.binary.items():
            out[i, INDEX[name]] = value
    return out


class Batches:
    """Shuffled, length-bucketed batches of an epoch; pairs of claims form their own batches."""

    def __init__(self, rows: list[Row], tokenizer: Tokenizer, settings: Settings) -> None:
        self.rows, self.settings = rows, settings
        tokenizer.enable_truncation(settings.tokens_max)
        self.encoded = [e.ids for e in tokenizer.encode_batch([r.text for r in rows])]
        paired = [i for i, r in enumerate(rows) if r.match]
        titles = tokenizer.encode_batch([rows[i].match or "" for i in paired])
        self.titles = {i: e.ids for i, e in zip(paired, titles, strict=True)}
        self.by_source: dict[str, list[int]] = {}
        for i, row in enumerate(rows):
            if row.text.strip():
                self.by_source.setdefault(row.source, []).append(i)

    def plan(self, epoch: int) -> list[list[int]]:
        rng = random.Random(self.settings.seed * 1000 + epoch)
        single: list[int] = []
        paired: list[int] = []
        for source, members in sorted(self.by_source.items()):
            order = members[:]
            random.Random(self.settings.seed).shuffle(order)
            wanted = self.settings.per_epoch.get(source, len(order))
            start = epoch * wanted % max(1, len(order))
            drawn = (order[start:] + order[:start])[:wanted] * self.settings.repeats.get(source, 1)
            (paired if source == "claims" else single).extend(drawn)
        rng.shuffle(single)
        rng.shuffle(paired)
        size, chunk = self.settings.batch, self.settings.batch * 40
        batches = []
        for members in (single, paired):
            for start in range(0, len(members), chunk):
                part = sorted(members[start : start + chunk], key=lambda i: len(self.encoded[i]))
                batches += [part[j : j + size] for j in range(0, len(part), size)]
        rng.shuffle(batches)
        return batches

    def batch(self, members: list[int]) -> Batch:
        rows = [self.rows[i] for i in members]
        ids, mask = pad([self.encoded[i] for i in members])
        match = pad([self.titles[i] for i in members]) if members[0] in self.titles else None
        return Batch(
            ids, mask, targets(rows),
            torch.tensor([r.category for r in rows]), torch.tensor([r.agency for r in rows]),
            torch.tensor([r.weight for r in rows]), match,
        )  # fmt: skip


def loss_of(out: Output, batch: Batch, settings: Settings) -> Tensor:
    labelled = batch.binary >= 0
    raw = F.binary_cross_entropy_with_logits(out.binary, batch.binary.clamp(min=0), reduction="none")
    weight = labelled * batch.weight[:, None]
    weight[:, len(FLAGS) :] *= settings.fine_weight
    total = (raw * weight).sum() / len(batch.ids)
    for logits, target in ((out.category, batch.category), (out.agency, batch.agency)):
        raw = F.cross_entropy(logits, target.clamp(min=0), reduction="none", label_smoothing=0.05)
        total = total + (raw * (target >= 0) * batch.weight).sum() / len(batch.ids)
    return total


def contrast(text: Tensor, match: Tensor, temperature: float) -> Tensor:
    """Symmetric InfoNCE over the batch's pairs; both inputs (n, hidden), unit length."""
    similarity = text @ match.T / temperature
    target = torch.arange(len(text))
    return (F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)) / 2


def groups(model: Screener, settings: Settings) -> list[dict[str, Any]]:
    """Parameter groups with layer-wise decaying rates; heads learn ten times faster."""
    depth = len(settings.layers)
    found: dict[float, list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not name.startswith("encoder."):
            scale = settings.head_rate
        elif name.startswith("encoder.layers."):
            scale = settings.layer_decay ** (depth - 1 - int(name.split(".")[2]))
        else:
            scale = settings.layer_decay**depth
        found.setdefault(scale, []).append(parameter)
    return [{"params": p, "lr": settings.rate * s, "scale": s} for s, p in found.items()]


def rate_at(step: int, total: int, settings: Settings) -> float:
    warm = max(1, int(total * settings.warm_up))
    return settings.rate * min(step / warm, max(0.0, (total - step) / max(1, total - warm)))


def steps_of(batches: Batches, settings: Settings) -> Iterator[tuple[int, list[int]]]:
    step = 0
    for epoch in range(settings.epochs):
        for members in batches.plan(epoch):
            yield step, members
            step += 1


def fit(model: Screener, rows: list[Row], tokenizer: Tokenizer, settings: Settings, work: Path) -> Screener:
    """Trains in place. Resumes from `work`/checkpoint.pt if it exists, at the step after it."""
    torch.manual_seed(settings.seed)
    batches = Batches(rows, tokenizer, settings)
    total = sum(len(batches.plan(e)) for e in range(settings.epochs))
    optimiser = torch.optim.AdamW(groups(model, settings), weight_decay=settings.weight_decay, fused=True)
    checkpoint = work / "checkpoint.pt"
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        done = state["step"]
    smooth, started = math.nan, time.time()
    bar = tqdm(total=total, initial=done, desc="fit", mininterval=5)
    model.train()
    for step, members in steps_of(batches, settings):
        if step < done:
            continue
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, total, settings) * group["scale"]
        batch = batches.batch(members)
        with torch.autocast("cpu", torch.bfloat16):
            out = model(batch.ids, batch.mask)
            other = model(*batch.match).embedding if batch.match else None
        loss = loss_of(out, batch, settings)
        if other is not None:
            loss = 0.3 * loss + settings.contrastive_weight * contrast(
                out.embedding, other, settings.temperature
            )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        value = float(loss.detach())
        smooth = value if math.isnan(smooth) else 0.98 * smooth + 0.02 * value
        bar.set_postfix(loss=f"{smooth:.4f}")
        bar.update()
        if (step + 1) % settings.checkpoint_steps == 0:
            state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    bar.close()
    print(f"fit: {total} steps in {(time.time() - started) / 60:.1f} minutes, loss {smooth:.4f}")
    torch.save(model.state_dict(), work / "model.pt")
    return model


@torch.no_grad()
def predict(
    model: Screener, texts: list[str], tokenizer: Tokenizer, tokens_max: int
) -> dict[str, np.ndarray[Any, Any]]:
    """Logits of all heads and embeddings for `texts`, in order."""
    model.eval()
    tokenizer.enable_truncation(tokens_max)
    encoded = [e.ids for e in tokenizer.encode_batch(texts)]
    order = sorted(range(len(texts)), key=lambda i: len(encoded[i]))
    parts: dict[str, list[Tensor]] = {"binary": [], "category": [], "agency": [], "embedding": []}
    for start in tqdm(range(0, len(order), 64), desc="predict", leave=False, mininterval=5):
        members = order[start : start + 64]
        with torch.autocast("cpu", torch.bfloat16):
            out = model(*pad([encoded[i] for i in members]))
        for name, values in parts.items():
            values.append(getattr(out, name).float())
    inverse = np.argsort(order)
    return {name: torch.cat(values).numpy()[inverse] for name, values in parts.items()}
