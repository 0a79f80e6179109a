"""Multi-task fine-tuning with partial labels, checkpoints and resume."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from tqdm import tqdm

from .augment import Augmenter
from .data import Row
from .labels import BINARY, FLAGS
from .model import Output, Screener

INDEX = {name: i for i, name in enumerate(BINARY)}
# Without the instructions bfloat16 is emulated, twenty times slower than float32.
BF16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


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
    contrastive_weight: float = 1.0
    temperature: float = 0.05
    fine_weight: float = 0.5
    checkpoint_steps: int = 200
    # Share of texts that an epoch sees as a variant, and how many joined texts it adds.
    augment: float = 0.0
    joined: int = 0
    # Share of tokens that an epoch leaves out of labelled texts, so that none is learnt by heart.
    token_drop: float = 0.0
    # Tokens of a batch; a batch has at least `batch` / 2 and at most `batch` * 2 rows.
    batch_tokens: int = 1536
    pair_batch: int = 64
    pair_tokens: int = 64
    # The rate's end, as a share of its top.
    rate_end: float = 0.0
    # How much of `init` stays: its encoder is put so far between the pretrained base (0) and itself (1).
    keep: float = 1.0
    # Weights are averaged over the last steps: 1 - 1/n looks back about n steps.
    average: float = 0.998


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


def dropped(ids: list[int], share: float, rng: random.Random) -> list[int]:
    """The ids without a random share of those between the first and the last, which frame the text."""
    if not share:
        return ids
    return [ids[0], *(i for i in ids[1:-1] if rng.random() >= share), ids[-1]]


class Batches:
    """Shuffled, length-bucketed batches of an epoch; pairs of claims form their own batches."""

    def __init__(self, rows: list[Row], tokenizer: Tokenizer, settings: Settings) -> None:
        self.rows, self.settings, self.tokenizer = rows, settings, tokenizer
        self.augmenter = Augmenter(rows, settings.augment, settings.joined)
        self.by_source: dict[str, list[int]] = {}
        for i, row in enumerate(rows):
            if row.text.strip():
                self.by_source.setdefault(row.source, []).append(i)
        self.counts: dict[int, int] = {}

    def encode(self, texts: list[str], longest: int) -> list[list[int]]:
        self.tokenizer.enable_truncation(longest)
        return [e.ids for e in self.tokenizer.encode_batch(texts)]

    def drawn(self, epoch: int) -> tuple[list[Row], list[Row]]:
        """The epoch's rows with their texts, without and with a counterpart."""
        rng = random.Random(self.settings.seed * 1000 + epoch)
        single: list[Row] = []
        paired: list[Row] = []
        for source, members in sorted(self.by_source.items()):
            order = members[:]
            random.Random(self.settings.seed).shuffle(order)
            wanted = self.settings.per_epoch.get(source, len(order))
            start = epoch * wanted % max(1, len(order))
            picked = (order[start:] + order[:start])[:wanted] * self.settings.repeats.get(source, 1)
            for i in picked:
                row = self.rows[i]
                if row.match:
                    paired.append(row)
                else:
                    single.append(replace(row, text=self.augmenter.text(row, rng)))
        return single + self.augmenter.composed(rng), paired

    def plan(self, epoch: int) -> Iterator[Batch]:
        """The epoch's batches."""
        settings = self.settings
        rng = random.Random(settings.seed * 2000 + epoch)
        single, paired = self.drawn(epoch)
        rng.shuffle(single)
        rng.shuffle(paired)
        batches: list[tuple[list[Row], list[list[int]], list[list[int]] | None]] = []
        encoded = [dropped(e, settings.token_drop, rng) for e in self.encode([r.text for r in single], settings.tokens_max)]
        chunk = settings.batch * 60
        for start in range(0, len(single), chunk):
            part = sorted(range(start, min(start + chunk, len(single))), key=lambda i: len(encoded[i]))
            while part:
                size = settings.batch_tokens // len(encoded[part[min(len(part), settings.batch) - 1]])
                size = max(settings.batch // 2, min(settings.batch * 2, size))
                taken, part = part[:size], part[size:]
                batches.append(([single[i] for i in taken], [encoded[i] for i in taken], None))
        texts = self.encode([r.text for r in paired], settings.pair_tokens)
        titles = self.encode([r.match or "" for r in paired], settings.pair_tokens)
        size = settings.pair_batch
        for start in range(0, len(paired) - size // 2, size):
            end = start + size
            batches.append((paired[start:end], texts[start:end], titles[start:end]))
        self.counts[epoch] = len(batches)
        rng.shuffle(batches)
        for rows, ids, others in batches:
            yield self.batch(rows, ids, others)

    def steps(self, epoch: int) -> int:
        """How many batches the epoch has."""
        if epoch not in self.counts:
            next(self.plan(epoch))
        return self.counts[epoch]

    def batch(self, rows: list[Row], encoded: list[list[int]], others: list[list[int]] | None) -> Batch:
        ids, mask = pad(encoded)
        return Batch(
            ids, mask, targets(rows),
            torch.tensor([r.category for r in rows]), torch.tensor([r.agency for r in rows]),
            torch.tensor([r.weight for r in rows]), pad(others) if others else None,
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
    left = max(0.0, (total - step) / max(1, total - warm))
    return settings.rate * min(step / warm, settings.rate_end + (1 - settings.rate_end) * left)


class Average:
    """Exponential moving average of a model's weights."""

    def __init__(self, model: Screener, decay: float) -> None:
        self.decay = decay
        self.weights = {k: v.detach().clone() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: Screener, step: int) -> None:
        decay = min(self.decay, (step + 1) / (step + 20))
        new = model.state_dict()
        own = list(self.weights.values())
        torch._foreach_lerp_(own, [new[k] for k in self.weights], 1 - decay)


def loss_with_pairs(model: Screener, batch: Batch, settings: Settings) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=BF16):
        out = model(batch.ids, batch.mask)
        other = model(*batch.match).embedding if batch.match else None
    loss = loss_of(out, batch, settings)
    if other is None:
        return loss
    return 0.3 * loss + settings.contrastive_weight * contrast(out.embedding, other, settings.temperature)


def fit(model: Screener, rows: list[Row], tokenizer: Tokenizer, settings: Settings, work: Path) -> Screener:
    """Trains in place and leaves the averaged weights in `work`/model.pt.

    Resumes from `work`/checkpoint.pt if it exists, at the step after it.
    """
    torch.manual_seed(settings.seed)
    batches = Batches(rows, tokenizer, settings)
    total = sum(batches.steps(e) for e in range(settings.epochs))
    optimiser = torch.optim.AdamW(groups(model, settings), weight_decay=settings.weight_decay, fused=True)
    average = Average(model, settings.average)
    checkpoint = work / "checkpoint.pt"
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average.weights = state["average"]
        done = state["step"]
    smooth, started, step = math.nan, time.time(), 0
    bar = tqdm(total=total, initial=done, desc="fit", mininterval=20)
    model.train()
    for epoch in range(settings.epochs):
        if step + batches.steps(epoch) <= done:
            step += batches.steps(epoch)
            continue
        for batch in batches.plan(epoch):
            step += 1
            if step <= done:
                continue
            for group in optimiser.param_groups:
                group["lr"] = rate_at(step - 1, total, settings) * group["scale"]
            loss = loss_with_pairs(model, batch, settings)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            average.update(model, step)
            value = float(loss.detach())
            smooth = value if math.isnan(smooth) else 0.98 * smooth + 0.02 * value
            bar.set_postfix(loss=f"{smooth:.4f}", refresh=False)
            bar.update()
            if step % settings.checkpoint_steps == 0:
                save(checkpoint, model, optimiser, average, step)
    bar.close()
    print(f"fit: {total} steps in {(time.time() - started) / 60:.1f} minutes, loss {smooth:.4f}")
    model.load_state_dict(average.weights)
    torch.save(average.weights, work / "model.pt")
    return model


def save(path: Path, model: Screener, optimiser: torch.optim.Optimizer, average: Average, step: int) -> None:
    """A checkpoint that a stop in the middle of writing doesn't spoil."""
    state = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "average": average.weights,
        "step": step,
    }
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


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
        with torch.autocast("cpu", torch.bfloat16, enabled=BF16):
            out = model(*pad([encoded[i] for i in members]))
        for name, values in parts.items():
            values.append(getattr(out, name).float())
    inverse = np.argsort(order)
    return {name: torch.cat(values).numpy()[inverse] for name, values in parts.items()}
