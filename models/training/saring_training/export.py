"""A trained model to a bundle directory: graph, weights, tokenizer, model.toml."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import onnx
from tokenizers import Tokenizer

from .bundle import LEXICAL, WEIGHTS, BundleInfo, model_toml
from .calibrate import Calibration
from .graph import Ranges, build
from .model import Screener

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

WRITER = "python -m saring_training export"


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
    (out / "model.toml").write_text(model_toml(calibration, info, out, WRITER))
