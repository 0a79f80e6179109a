"""A trained model to a bundle directory: graph, weights, tokenizer, model.toml."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from tokenizers import Tokenizer

from .calibrate import Calibration
from .graph import Ranges, build
from .labels import AGENCIES, BINARY, CATEGORIES, MARKERS
from .model import Screener

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

WEIGHTS = "model.onnx.data"
LEXICAL = "lexical.bin"


@dataclass(frozen=True)
class BundleInfo:
    """What model.toml says beyond the files."""

    version: str
    tokens_max: int
    data_hash: str


def write(
    model: Screener,
    tokenizer: Tokenizer,
    calibration: Calibration,
    info: BundleInfo,
    out: Path,
    ranges: Ranges | None = None,
    lexical: Path | None = None,
) -> None:
    """Writes the bundle, with the lexical channel if there is one; the same weights give the same bytes."""
    out.mkdir(parents=True, exist_ok=True)
    (out / WEIGHTS).unlink(missing_ok=True)
    proto = build(model, True, ranges)
    onnx.save(
        proto, out / "model.onnx", save_as_external_data=True, all_tensors_to_one_file=True,
        location=WEIGHTS, size_threshold=1024,
    )  # fmt: skip
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    (out / LEXICAL).unlink(missing_ok=True)
    if lexical and lexical.exists():
        shutil.copy(lexical, out / LEXICAL)
    (out / "model.toml").write_text(_toml(calibration, info, out))


def _toml(calibration: Calibration, info: BundleInfo, out: Path) -> str:
    def strings(values: tuple[str, ...]) -> str:
        return "[" + ", ".join(f'"{v}"' for v in values) + "]"

    def floats(values: Any) -> str:
        return "[" + ", ".join(f"{float(v):.6f}" for v in values) + "]"

    lines = [
        "# Written by `python -m saring_training export`; the functions refuse a file whose hash differs.",
        f'version = "{info.version}"',
        f"tokens_max = {info.tokens_max}",
        f'data_hash = "{info.data_hash}"',
        f"binary = {strings(BINARY)}",
        f"category = {strings(CATEGORIES)}",
        f"agency = {strings(AGENCIES)}",
        f"markers = {strings(MARKERS)}",
        "",
        "[calibration]",
        "# probability = sigmoid(scale * logit + offset) for binary heads, softmax(logit / temperature) else",
        f"binary_scale = {floats(calibration.scale)}",
        f"binary_offset = {floats(calibration.offset)}",
        f"category_temperature = {calibration.category_temperature:.6f}",
        f"agency_temperature = {calibration.agency_temperature:.6f}",
        "# the ranked classes from this probability on hold the truth with 95% on reports",
        f"category_share = {calibration.category_share:.6f}",
        f"agency_share = {calibration.agency_share:.6f}",
        "",
        "[files]",
    ]
    for name in ("model.onnx", WEIGHTS, "tokenizer.json", LEXICAL):
        if not (out / name).exists():
            continue
        lines.append(f'"{name}" = "{hashlib.sha256((out / name).read_bytes()).hexdigest()}"')
    return "\n".join(lines) + "\n"


def session(path: Path) -> Any:
    """An ONNX Runtime session with one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(session: Any, tokenizer: Tokenizer, texts: list[str], tokens_max: int) -> dict[str, np.ndarray[Any, Any]]:
    """Outputs of an exported graph, one run a text."""
    tokenizer.enable_truncation(tokens_max)
    names = ["binary", "category", "agency", "embedding"]
    rows = [session.run(names, {"input_ids": np.array([e.ids], np.int64)}) for e in tokenizer.encode_batch(texts)]
    return {n: np.concatenate([r[i] for r in rows]) for i, n in enumerate(names)}
