"""What int8 costs: the exported graph against the same graph in fp32, through ONNX Runtime."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tqdm import tqdm

from .data import Row
from .evaluate import best_f1
from .graph import build
from .labels import BINARY
from .model import Screener
from .runtime import session

Array = NDArray[Any]
# Rows per source; more change the third decimal only and take minutes.
ROWS_MAX = 400
SUMMANDS_TOLERANCE = 1e-3
OUTPUTS = ("binary", "summands", "category", "agency")


def _run(path: Path, ids: list[list[int]], name: str, bias: Array) -> dict[str, Array]:
    """Logits of every text; checks that the summands add up to the logit."""
    loaded = session(path)
    found: dict[str, list[Array]] = {n: [] for n in OUTPUTS if n != "summands"}
    for text in tqdm(ids, desc=name, mininterval=10):
        out = dict(zip(OUTPUTS, loaded.run(OUTPUTS, {"input_ids": np.array([text], np.int64)}), strict=True))
        gap = float(np.abs(out["summands"].sum(1) + bias - out["binary"]).max())
        if gap > SUMMANDS_TOLERANCE:
            raise ValueError(f"the summands miss the logit by {gap}, at most {SUMMANDS_TOLERANCE}")
        for n, values in found.items():
            values.append(out[n])
    return {n: np.concatenate(v) for n, v in found.items()}


def compare(
    model: Screener,
    tokenizer: Tokenizer,
    bundle: Path,
    rows: list[Row],
    tokens_max: int,
    added: dict[str, Array],
) -> dict[str, Any]:
    """Figures of both graphs on held-out rows: best F1 per head and source, accuracy of ranked heads.

    Args:
        added: the lexical channel's logits of `rows` by head, as served beside either graph.
    """
    counts: dict[str, int] = {}
    kept, places = [], []
    for i, row in enumerate(rows):
        counts[row.source] = counts.get(row.source, 0) + 1
        if counts[row.source] <= ROWS_MAX or row.source == "reports":
            kept.append(row)
            places.append(i)
    tokenizer.enable_truncation(tokens_max)
    ids = [e.ids for e in tokenizer.encode_batch([r.text for r in kept])]
    bias = model.binary_value.bias.detach().float().numpy()
    int8 = _run(bundle / "model.onnx", ids, "int8", bias)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fp32.onnx"
        onnx.save(build(model, quantise=False), path)
        fp32 = _run(path, ids, "fp32", bias)
    for output, logits in added.items():
        int8[output], fp32[output] = int8[output] + logits[places], fp32[output] + logits[places]
    out: dict[str, Any] = {}
    for source in sorted({r.source for r in kept}):
        at = [i for i, r in enumerate(kept) if r.source == source]
        for head, name in enumerate(BINARY):
            known = [i for i in at if name in kept[i].binary]
            labels = np.array([kept[i].binary[name] for i in known])
            if 20 <= labels.sum() < len(labels):
                one, two = (best_f1(x["binary"][known, head], labels)[0] for x in (fp32, int8))
                out[f"{source} {name}"] = {"rows": len(known), "fp32": one, "int8": two}
        for ranked in ("category", "agency"):
            known = [i for i in at if getattr(kept[i], ranked) >= 0]
            if len(known) >= 50:
                true = np.array([getattr(kept[i], ranked) for i in known])
                one, two = (float((x[ranked][known].argmax(1) == true).mean()) for x in (fp32, int8))
                out[f"{source} {ranked}"] = {"rows": len(known), "fp32": one, "int8": two}
    return out
