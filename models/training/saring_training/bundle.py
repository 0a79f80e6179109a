"""What a bundle's `model.toml` says; needs neither PyTorch nor onnx."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .calibrate import Calibration
from .labels import AGENCIES, BINARY, CATEGORIES, MARKERS

WEIGHTS = "model.onnx.data"
LEXICAL = "lexical.bin"
FILES = ("model.onnx", WEIGHTS, "tokenizer.json", LEXICAL)


@dataclass(frozen=True)
class BundleInfo:
    """What model.toml says beyond the files."""

    version: str
    tokens_max: int
    data_hash: str


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _strings(values: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{v}"' for v in values) + "]"


def _floats(values: Iterable[Any]) -> str:
    return "[" + ", ".join(f"{float(v):.6f}" for v in values) + "]"


def _value(value: str | int | float) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def lineage_lines(lineage: dict[str, Any]) -> list[str]:
    """A table of strings and numbers with tables of the same below it, keys in order."""
    flat = {k: v for k, v in lineage.items() if not isinstance(v, dict)}
    lines = ["", "[lineage]"] + [f"{key} = {_value(flat[key])}" for key in sorted(flat)]
    for name in sorted(lineage.keys() - flat.keys()):
        lines += ["", f"[lineage.{name}]"]
        lines += [f'"{key}" = {_value(lineage[name][key])}' for key in sorted(lineage[name])]
    return lines


def model_toml(
    calibration: Calibration, info: BundleInfo, out: Path, writer: str, lineage: dict[str, Any] | None = None
) -> str:
    """`model.toml` for the files that stand in `out`."""
    lines = [
        f"# Written by `{writer}`; the functions refuse a file whose hash differs.",
        f'version = "{info.version}"',
        f"tokens_max = {info.tokens_max}",
        f'data_hash = "{info.data_hash}"',
        f"binary = {_strings(BINARY)}",
        f"category = {_strings(CATEGORIES)}",
        f"agency = {_strings(AGENCIES)}",
        f"markers = {_strings(MARKERS)}",
        "",
        "[calibration]",
        "# probability = sigmoid(scale * logit + offset) for binary heads, softmax(logit / temperature) else",
        f"binary_scale = {_floats(calibration.scale)}",
        f"binary_offset = {_floats(calibration.offset)}",
        f"category_temperature = {calibration.category_temperature:.6f}",
        f"agency_temperature = {calibration.agency_temperature:.6f}",
        "# the ranked classes from this probability on hold the truth with 95% on reports",
        f"category_share = {calibration.category_share:.6f}",
        f"agency_share = {calibration.agency_share:.6f}",
        "",
        "[files]",
    ]
    lines += [f'"{name}" = "{sha256(out / name)}"' for name in FILES if (out / name).exists()]
    if lineage:
        lines += lineage_lines(lineage)
    return "\n".join(lines) + "\n"


def calibration_of(manifest: dict[str, Any]) -> Calibration:
    """The calibration that a `model.toml` holds."""
    found = manifest["calibration"]
    return Calibration(
        scale=list(found["binary_scale"]),
        offset=list(found["binary_offset"]),
        category_temperature=found["category_temperature"],
        agency_temperature=found["agency_temperature"],
        category_share=found.get("category_share", 0.0),
        agency_share=found.get("agency_share", 0.0),
    )
