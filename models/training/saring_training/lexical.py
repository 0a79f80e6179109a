"""The lexical channel: hashed character and word n-grams with one linear layer for all heads.

A small encoder generalises and forgets rare spellings; a linear model over n-grams does the
opposite. Their logits are added (``functions/classifier/src/lexical.rs`` reads the same file and
must find the same n-grams), and each n-gram's summand stays evidence that can be shown.

Sets disagree about what abuse is: a tweet that one set calls hate is fair comment in another, and a
report is neither. So some heads have a column per kind of text (an expert), and columns that tell
the kinds apart weigh them; a report is judged by what reports taught.
"""

from __future__ import annotations

import math
import string
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer
from tqdm import tqdm

from .data import Row
from .labels import AGENCIES, BINARY, CATEGORIES, FLAGS

Array = NDArray[Any]
# Buckets of each of the two blocks, characters and words.
BITS = 16
GRAMS = (3, 4, 5)
HEADS = len(BINARY) + len(CATEGORIES) + len(AGENCIES)
MAGIC, MAGIC_2 = b"SLEX1\0\0\0", b"SLEX2\0\0\0"
FNV_OFFSET, FNV_PRIME, U64 = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1
# Authored reports decide, and are a sixth of the rows.
AUTHORED = 2.0
C = 5.0
# The logit of a class that no row has.
UNLABELLED = -6.0
IDF_MAX = 12.75
# Kinds of text; every other source belongs to the first.
REPORT, TWEET, FORUM, COMMENT = range(4)
KIND_OF = {
    "abuse_hs1_fold0": TWEET,
    "abuse_netifier": FORUM,
    "spam_judol_gbennnn": COMMENT,
    "spam_judol_juti": COMMENT,
    "spam_sms": COMMENT,
}
KINDS = 4
# Heads whose labels mean something else in some kinds, and those kinds as bits.
TWEETS, POSTS = 1 << TWEET, 1 << FORUM | 1 << COMMENT
EXPERTS = (
    ("abuse", TWEETS), ("abuse", POSTS), ("abuse.hate", TWEETS | POSTS), ("abuse.insult", TWEETS | POSTS),
    ("abuse.sara", TWEETS), ("abuse.sara", POSTS),
)  # fmt: skip
# Labels that a column needs of each value.
LABELS_MIN = 2


def settings() -> list[Any]:
    """What a fit depends on besides its rows."""
    return [BITS, GRAMS, AUTHORED, C, KIND_OF, KINDS, EXPERTS]


def fnv(text: str, state: int = FNV_OFFSET) -> int:
    for byte in text.encode():
        state = ((state ^ byte) * FNV_PRIME) & U64
    return state


def fold(state: int) -> int:
    """A bucket; the multiplication alone leaves the low bits weak."""
    state ^= state >> 32
    return (state ^ (state >> 16)) & ((1 << BITS) - 1)


@lru_cache(maxsize=400_000)
def chunk_buckets(chunk: str) -> tuple[int, ...]:
    """Buckets of the character n-grams of one whitespace-separated chunk, spaces around it."""
    padded = f" {chunk} "
    return tuple(fold(fnv(padded[i : i + n])) for n in GRAMS for i in range(len(padded) - n + 1))


def words(text: str) -> list[str]:
    stripped = (chunk.strip(string.punctuation) for chunk in text.split())
    return [word for word in stripped if word]


@lru_cache(maxsize=400_000)
def word_bucket(gram: str) -> int:
    return fold(fnv(gram)) + (1 << BITS)


def counted(text: str) -> tuple[Array, Array]:
    """Buckets of a text in ascending order and 1 + ln(count) of each."""
    found: dict[int, int] = {}
    for chunk in text.split():
        for bucket in chunk_buckets(chunk):
            found[bucket] = found.get(bucket, 0) + 1
    alone = words(text)
    for gram in alone + [f"{a} {b}" for a, b in pairwise(alone)]:
        bucket = word_bucket(gram)
        found[bucket] = found.get(bucket, 0) + 1
    order = sorted(found)
    return np.array(order, np.int64), np.array([1 + math.log(found[b]) for b in order], np.float32)


@dataclass
class Features:
    """Rows of n-grams: bucket ids and values of row i stand at `offsets[i]:offsets[i + 1]`."""

    offsets: Array
    ids: Array
    values: Array


def idf_of(parts: list[tuple[Array, Array]]) -> Array:
    """Smoothed inverse document frequency, in steps of 1/20 as the file holds it."""
    count = np.zeros(2 << BITS, np.float64)
    for ids, _ in parts:
        count[ids] += 1
    raw = np.log((1 + len(parts)) / (1 + count)) + 1
    out: Array = (np.round(np.clip(raw, 0.05, IDF_MAX) * 20) / 20).astype(np.float32)
    return out


def features(parts: list[tuple[Array, Array]], idf: Array) -> Features:
    """Counts times idf, each block of a row at unit length."""
    values = []
    for ids, counts in parts:
        value = counts * idf[ids]
        for block in (ids < 1 << BITS, ids >= 1 << BITS):
            value[block] /= max(1e-6, float(np.sqrt((value[block] ** 2).sum())))
        values.append(value)
    offsets = np.concatenate([[0], np.cumsum([len(ids) for ids, _ in parts])])
    return Features(offsets, np.concatenate([ids for ids, _ in parts]), np.concatenate(values).astype(np.float32))


def first_window(texts: list[str], tokenizer: Tokenizer, tokens_max: int) -> list[str]:
    """What the network sees of each text: the channel looks at the same part."""
    tokenizer.enable_truncation(tokens_max)
    out = []
    for text, encoding in zip(texts, tokenizer.encode_batch(texts), strict=True):
        ends = [end for _, end in encoding.offsets]
        out.append(text[: max(ends, default=0)])
    return out


@dataclass
class Fitted:
    """Columns of the table: heads, experts, kinds.

    Attributes:
        weight: (buckets, columns).
        bias: (columns,).
        experts: head and kinds of each expert; a kind is a bit.
        kinds: how many columns tell the kind of a text; none without experts.
    """

    weight: Array
    bias: Array
    experts: tuple[tuple[int, int], ...]
    kinds: int


def fit(rows: list[Row], data: Features) -> Fitted:
    """One logistic regression per head or class, per expert and per kind of text.

    Raises:
        ValueError: no row labels any head.
    """
    matrix = csr_matrix((data.values.astype(np.float64), data.ids, data.offsets), shape=(len(rows), 2 << BITS))
    weights = np.array([AUTHORED if r.source == "reports" else r.weight for r in rows])
    kind = np.array([KIND_OF.get(r.source, REPORT) for r in rows])
    heads = list(targets(rows))
    experts, columns = [], []
    for name, kinds in EXPERTS:
        head, ours = BINARY.index(name), (1 << kind) & kinds > 0
        labels = np.where(ours, heads[head], -1)
        if enough(labels):
            experts.append((head, kinds))
            columns.append(labels)
    for head, kinds in experts:
        if head >= len(FLAGS):
            # Elsewhere the head's own column judges, so it learns there alone. A flag needs every example.
            heads[head] = np.where((1 << kind) & kinds > 0, -1, heads[head])
    if not any(enough(labels) for labels in heads + columns):
        raise ValueError("no row labels a head with both values")
    gates = [(kind == k).astype(int) for k in range(KINDS)] if experts else []
    found = [_column(matrix, labels, weights) for labels in tqdm(heads + columns + gates, desc="lexical", mininterval=10)]
    weight, bias = np.stack([w for w, _ in found], 1), np.array([b for _, b in found], np.float32)
    return Fitted(weight, bias, tuple(experts), len(gates))


def enough(labels: Array) -> bool:
    return bool((labels == 1).sum() >= LABELS_MIN and (labels == 0).sum() >= LABELS_MIN)


def _column(matrix: csr_matrix, labels: Array, weights: Array) -> tuple[Array, float]:
    """Weights and bias for labels 0 and 1 (-1: unlabelled)."""
    if not enough(labels):
        return np.zeros(matrix.shape[1], np.float32), UNLABELLED
    at = np.flatnonzero(labels >= 0)
    model = LogisticRegression(C=C, solver="liblinear", dual=True, tol=0.02, max_iter=40, intercept_scaling=3, random_state=7)
    with warnings.catch_warnings():
        # Near the optimum is enough: the dropped decimals are below the int8 step.
        warnings.simplefilter("ignore")
        model.fit(matrix[at], labels[at], sample_weight=weights[at])
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def targets(rows: list[Row]) -> Iterator[Array]:
    """Labels per head: -1 for unlabelled; ranked heads as one class against the others."""
    for name in BINARY:
        yield np.array([int(row.binary.get(name, -1)) for row in rows])
    for head, classes in (("category", CATEGORIES), ("agency", AGENCIES)):
        known = np.array([getattr(row, head) for row in rows])
        for k in range(len(classes)):
            yield np.where(known < 0, -1, (known == k).astype(int))


@dataclass
class Lexical:
    """The fitted table as the file holds it.

    Attributes:
        idf: (buckets,) inverse document frequency in steps of 1/20.
        weight: (buckets, columns) int8; times `scale` (columns,) it is a summand per unit of value.
        bias: (columns,).
        experts: as `Fitted` has them.
        kinds: as `Fitted` has them.
    """

    idf: Array
    weight: Array
    scale: Array
    bias: Array
    experts: tuple[tuple[int, int], ...] = ()
    kinds: int = 0

    @property
    def heads(self) -> int:
        return len(self.scale) - len(self.experts) - self.kinds

    def columns(self, texts: list[str]) -> tuple[Array, Array]:
        """Logits of heads and experts (texts, columns); the kinds' shares (texts, kinds)."""
        data = features([counted(t) for t in texts], self.idf)
        table = self.weight.astype(np.float32) * self.scale
        matrix = csr_matrix((data.values, data.ids, data.offsets), shape=(len(texts), 2 << BITS))
        found: Array = matrix @ table + self.bias
        own = len(self.scale) - self.kinds
        shares = np.exp(found[:, own:] - found[:, own:].max(1, keepdims=True)) if self.kinds else np.zeros((len(texts), 0))
        shares = shares / shares.sum(1, keepdims=True) if self.kinds else shares
        if self.kinds:
            # A text without an n-gram is a report like any other.
            shares[np.diff(data.offsets) == 0] = np.eye(self.kinds)[REPORT]
        return found[:, :own], shares

    def shares(self, kinds: Array) -> Array:
        """What each column of heads and experts counts for, (texts, columns)."""
        out = np.ones((len(kinds), self.heads + len(self.experts)), np.float32)
        for at, (head, bits) in enumerate(self.experts, self.heads):
            out[:, at] = kinds[:, [k for k in range(self.kinds) if bits >> k & 1]].sum(1)
            out[:, head] -= out[:, at]
        return out

    def logits(self, texts: list[str]) -> Array:
        """(texts, heads), to be added to the network's."""
        found, kinds = self.columns(texts)
        found = found * self.shares(kinds)
        out: Array = found[:, : self.heads].copy()
        for at, (head, _) in enumerate(self.experts, self.heads):
            out[:, head] += found[:, at]
        return out

    def save(self, path: Path) -> None:
        """Magic, bits, heads, kinds, experts; then scale, bias (f32), idf (u8, 1/20), weights (i8), little-endian."""
        with path.open("wb") as file:
            file.write(MAGIC_2 + struct.pack("<IIII", BITS, self.heads, self.kinds, len(self.experts)))
            file.write(b"".join(struct.pack("<II", *expert) for expert in self.experts))
            file.write(self.scale.astype("<f4").tobytes() + self.bias.astype("<f4").tobytes())
            file.write(np.round(self.idf * 20).astype(np.uint8).tobytes())
            file.write(self.weight.tobytes())

    @classmethod
    def load(cls, path: Path) -> Lexical:
        raw = path.read_bytes()
        bits, heads = struct.unpack("<II", raw[8:16])
        if raw[:8] not in (MAGIC, MAGIC_2) or (bits, heads) != (BITS, HEADS):
            raise ValueError(f"{path} is no table of {2 << BITS} buckets and {HEADS} heads")
        kinds, count, at = 0, 0, 16
        if raw[:8] == MAGIC_2:
            kinds, count, at = *struct.unpack("<II", raw[16:24]), 24
        experts = tuple(struct.unpack("<II", raw[at + 8 * i : at + 8 * i + 8]) for i in range(count))
        at, columns = at + 8 * count, heads + count + kinds
        scale = np.frombuffer(raw, "<f4", columns, at)
        bias = np.frombuffer(raw, "<f4", columns, at + 4 * columns)
        at += 8 * columns
        idf = np.frombuffer(raw, np.uint8, 2 << BITS, at).astype(np.float32) / 20
        weight = np.frombuffer(raw, np.int8, (2 << BITS) * columns, at + (2 << BITS)).reshape(2 << BITS, columns)
        return cls(idf, weight, scale, bias, experts, kinds)


def silent() -> Lexical:
    """A channel that adds nothing to any head."""
    weight = np.zeros((2 << BITS, HEADS), np.int8)
    return Lexical(np.ones(2 << BITS, np.float32), weight, np.ones(HEADS, np.float32), np.zeros(HEADS, np.float32))


def quantise(found: Fitted, idf: Array) -> Lexical:
    """int8 per column; the few largest weights are clipped rather than coarsening all others."""
    scale = np.maximum(np.quantile(np.abs(found.weight), 0.99995, axis=0), 1e-6) / 127
    steps = np.clip(np.round(found.weight / scale), -127, 127).astype(np.int8)
    return Lexical(idf, steps, scale.astype(np.float32), found.bias, found.experts, found.kinds)


def train(rows: list[Row], tokenizer: Tokenizer, tokens_max: int) -> Lexical:
    """Fits the channel on the training rows."""
    texts = first_window([r.text for r in rows], tokenizer, tokens_max)
    parts = [counted(t) for t in tqdm(texts, desc="n-grams", mininterval=10)]
    idf = idf_of(parts)
    return quantise(fit(rows, features(parts, idf)), idf)


def split(logits: Array) -> dict[str, Array]:
    """Heads of the channel's logits by name."""
    ends = (len(BINARY), len(BINARY) + len(CATEGORIES))
    return {"binary": logits[:, : ends[0]], "category": logits[:, ends[0] : ends[1]], "agency": logits[:, ends[1] :]}
