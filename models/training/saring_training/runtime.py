"""An exported graph through ONNX Runtime, one run a text, as the functions do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tqdm import tqdm

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def session(path: Path) -> Any:
    """An ONNX Runtime session with one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(session: Any, tokenizer: Tokenizer, texts: list[str], tokens_max: int, what: str = "network") -> dict[str, NDArray[Any]]:
    """Outputs of an exported graph, one run a text."""
    tokenizer.enable_truncation(tokens_max)
    names = ["binary", "category", "agency", "embedding"]
    encoded = tokenizer.encode_batch(texts)
    rows = [session.run(names, {"input_ids": np.array([e.ids], np.int64)}) for e in tqdm(encoded, desc=what, mininterval=1)]
    return {n: np.concatenate([r[i] for r in rows]) for i, n in enumerate(names)}
