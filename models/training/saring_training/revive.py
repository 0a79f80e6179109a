"""A bundle's graph back into the network that trains: what `graph` wrote, read by the names it gave.

The weights are those of int8 with their scales, so the network says what the graph says but for the
rounding of its inputs. A run starts from a bundle when its manifest's `init` names the folder.

A network that went over its rows many times knows them by heart and learns little more from them.
`towards_base` takes it a part of the way back to the pretrained base, from where it generalises
anew (shrink and perturb, https://arxiv.org/abs/1910.08475).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from tokenizers import Tokenizer

from .base import Base
from .labels import MARKERS
from .model import Layer, Screener, Shape, from_base

Array = NDArray[Any]
GRAPH = "model.onnx"


def weight_of(found: dict[str, Array], name: str) -> Array:
    """A product's weights (out, in), of either kind of graph."""
    stored = found[f"{name}.w"].astype(np.float32)
    if f"{name}.s" in found:
        stored = stored * found[f"{name}.s"]
    if f"{name}.m" in found:
        stored = stored * found[f"{name}.m"][:, None]
    return stored.T


def network(path: Path) -> Screener:
    """The network of an exported graph.

    Raises:
        ValueError: the graph is not one that `graph` wrote.
    """
    proto = onnx.load(path)
    found = {i.name: numpy_helper.to_array(i) for i in proto.graph.initializer}
    attributes = {n.op_type: {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute} for n in proto.graph.node}
    try:
        words = found["word.q"] * found["word.s"] if "word.q" in found else found["word"]
        layers = sum(name.endswith(".qkv.w") for name in found)
        # Stored with 24 bits; the decimal number was meant.
        eps = float(f"{attributes['LayerNormalization']['epsilon']:.6g}")
        shape = Shape(
            words.shape[0], words.shape[1], layers, attributes["MultiHeadAttention"]["num_heads"],
            len(found["l0.up.b"]), len(found["position"]), eps,
        )  # fmt: skip
        model = Screener(shape)
        model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state(found, words, model).items()})
    except KeyError as missing:
        raise ValueError(f"{path} is no graph of this package: no {missing}") from missing
    model.eval()
    return model


def state(found: dict[str, Array], words: Array, model: Screener) -> dict[str, Array]:
    """The graph's constants by the network's own names."""
    out: dict[str, Array] = {"encoder.word.weight": words, "encoder.position.weight": found["position"]}
    out |= {"encoder.norm.weight": found["embed.g"], "encoder.norm.bias": found["embed.be"]}
    for i, layer in enumerate(model.encoder.layers):
        assert isinstance(layer, Layer)
        for part in ("qkv", "out", "up", "down"):
            out[f"encoder.layers.{i}.{part}.weight"] = weight_of(found, f"l{i}.{part}")
            out[f"encoder.layers.{i}.{part}.bias"] = found[f"l{i}.{part}.b"]
        for part, short in (("norm_attention", "na"), ("norm_output", "no")):
            out[f"encoder.layers.{i}.{part}.weight"] = found[f"l{i}.{short}.g"]
            out[f"encoder.layers.{i}.{part}.bias"] = found[f"l{i}.{short}.be"]
    for name, key in (("binary_query", "binary.q"), ("binary_value", "binary.v"), ("ranked_query", "ranked.q")):
        out[f"{name}.weight"] = found[key].T
    out["binary_value.bias"] = found["binary.b"]
    for name in ("category", "agency"):
        out[f"{name}.weight"], out[f"{name}.bias"] = weight_of(found, name), found[f"{name}.b"]
    return out


def load(bundle: Path) -> tuple[Screener, Tokenizer]:
    """Network and tokenizer of a bundle."""
    return network(bundle / GRAPH), Tokenizer.from_file(str(bundle / "tokenizer.json"))


@torch.no_grad()
def towards_base(model: Screener, tokenizer: Tokenizer, base: Base, keep: float) -> None:
    """Puts the encoder in place between the base (`keep` 0) and itself (1); heads shrink half as much.

    Its layers must be the base's first ones.
    """
    rows = {piece: i for i, piece in enumerate(base.pieces)}
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    kept = [-1 if piece in MARKERS else rows[piece] for piece, _ in vocabulary]
    shape = model.encoder.shape
    origin = from_base(base, kept, list(range(shape.layers)), shape.positions).state_dict()
    for name, value in model.state_dict().items():
        if name.startswith("encoder."):
            value.lerp_(origin[name], 1 - keep)
        else:
            value.mul_((1 + keep) / 2)
