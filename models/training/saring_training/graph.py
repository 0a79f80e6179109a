"""The ONNX graph, built node by node so that it holds what ONNX Runtime runs fastest.

One text a run, no padding and no mask: dynamic quantisation takes its range from the whole tensor,
so a batch would let one text change another's scores. Weights are int8 per output channel within
-64..64: two products of u8 and such weights fit 16 bits, so processors without VNNI don't overflow.

A few channels of the hidden states are twenty times as large as the others, and one range for all
would leave the others a handful of steps. Each such product's input is divided per channel and its
weights multiplied by the same (SmoothQuant, arXiv 2211.10438), which halves the error of the logits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from .model import Layer, Screener

Array = NDArray[Any]
CONTRIB = "com.microsoft"
WEIGHT_MAX = 64
# How much of a channel's range moves from the input to the weights.
SMOOTHING = 0.75
SMOOTHED = ("qkv", "up", "down")
Ranges = dict[str, Array]


class Graph:
    """Collects nodes and initialisers; methods return the name of their output."""

    def __init__(self, quantise: bool, ranges: Ranges) -> None:
        self.quantise, self.ranges = quantise, ranges
        self.nodes: list[Any] = []
        self.initialisers: list[Any] = []
        self.count = 0

    def constant(self, name: str, value: Array) -> str:
        self.initialisers.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def node(
        self,
        op: str,
        inputs: list[str],
        output: str = "",
        outputs: int = 1,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        self.count += 1
        base = output or f"{op.lower()}_{self.count}"
        names = [base] if outputs == 1 else [f"{base}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=f"n{self.count}_{op}", domain=domain, **attributes))
        return names[0] if outputs == 1 else base

    def linear(self, x: str, name: str, weight: Array, bias: Array) -> str:
        """x (…, in) times weight (out, in) plus bias (out)."""
        if not self.quantise:
            product = self.node("MatMul", [x, self.constant(f"{name}.w", weight.T)])
            return self.node("Add", [product, self.constant(f"{name}.b", bias)])
        if name in self.ranges:
            moved = self.ranges[name] ** SMOOTHING / np.maximum(np.abs(weight).max(0), 1e-4) ** (1 - SMOOTHING)
            moved = (moved / np.exp(np.log(moved).mean())).astype(np.float32)
            x = self.node("Mul", [x, self.constant(f"{name}.m", 1 / moved)])
            weight = weight * moved
        scale = np.maximum(np.abs(weight).max(1), 1e-8) / WEIGHT_MAX
        q = np.clip(np.rint(weight / scale[:, None]), -WEIGHT_MAX, WEIGHT_MAX).astype(np.int8)
        inputs = [
            x,
            self.constant(f"{name}.w", q.T),
            self.constant(f"{name}.s", scale.astype(np.float32)),
            self.constant(f"{name}.z", np.zeros(len(scale), np.int8)),
            self.constant(f"{name}.b", bias),
        ]
        return self.node("DynamicQuantizeMatMul", inputs, domain=CONTRIB)


def array(tensor: Any) -> Array:
    out: Array = tensor.detach().float().numpy()
    return out


def _embed(g: Graph, model: Screener) -> str:
    encoder = model.encoder
    words, positions = array(encoder.word.weight), array(encoder.position.weight)
    if g.quantise:
        scale = np.maximum(np.abs(words).max(1, keepdims=True), 1e-8) / 127
        q = np.rint(words / scale).astype(np.int8)
        rows = g.node("Gather", [g.constant("word.q", q), "input_ids"])
        rows = g.node("Cast", [rows], to=TensorProto.FLOAT)
        x = g.node("Mul", [rows, g.node("Gather", [g.constant("word.s", scale.astype(np.float32)), "input_ids"])])
    else:
        x = g.node("Gather", [g.constant("word", words), "input_ids"])
    length = g.node("Shape", ["input_ids"], start=1, end=2)
    zero, axis = g.constant("zero", np.array([0], np.int64)), g.constant("axis0", np.array([0], np.int64))
    position = g.node("Slice", [g.constant("position", positions), zero, length, axis])
    gamma, beta = (g.constant(f"embed.{n}", array(p)) for n, p in (("g", encoder.norm.weight), ("be", encoder.norm.bias)))
    return g.node(
        "LayerNormalization",
        [g.node("Add", [x, position]), gamma, beta],
        epsilon=model.encoder.shape.eps,
        axis=-1,
    )


def _layer(g: Graph, x: str, layer: Layer, name: str, eps: float) -> str:
    qkv = g.linear(x, f"{name}.qkv", array(layer.qkv.weight), array(layer.qkv.bias))
    parts = g.node("Split", [qkv], outputs=3, axis=-1, num_outputs=3)
    context = g.node("MultiHeadAttention", [f"{parts}_{i}" for i in range(3)], domain=CONTRIB, num_heads=layer.heads)
    out = g.linear(context, f"{name}.out", array(layer.out.weight), array(layer.out.bias))
    x = _norm(g, x, out, layer.norm_attention, f"{name}.na", eps)
    up = g.linear(x, f"{name}.up", array(layer.up.weight), array(layer.up.bias))
    down = g.linear(g.node("Gelu", [up], domain=CONTRIB), f"{name}.down", array(layer.down.weight), array(layer.down.bias))
    return _norm(g, x, down, layer.norm_output, f"{name}.no", eps)


def _norm(g: Graph, x: str, skip: str, norm: Any, name: str, eps: float) -> str:
    gamma, beta = g.constant(f"{name}.g", array(norm.weight)), g.constant(f"{name}.be", array(norm.bias))
    # SkipLayerNormalization would fuse the two, and takes three times as long at these sizes.
    return g.node("LayerNormalization", [g.node("Add", [x, skip]), gamma, beta], epsilon=eps, axis=-1)


def _heads(g: Graph, x: str, model: Screener) -> None:
    one = g.constant("axis1", np.array([1], np.int64))

    def project(weight: Any, name: str) -> str:
        return g.node("MatMul", [x, g.constant(name, array(weight).T)])

    attention = g.node("Softmax", [project(model.binary_query.weight, "binary.q")], axis=1)
    summands = g.node("Mul", [attention, project(model.binary_value.weight, "binary.v")], output="summands")
    total = g.node("ReduceSum", [summands, one], keepdims=0)
    g.node("Add", [total, g.constant("binary.b", array(model.binary_value.bias))], output="binary")
    pool = g.node("Softmax", [project(model.ranked_query.weight, "ranked.q")], axis=1)
    pooled = g.node("MatMul", [g.node("Transpose", [pool], perm=[0, 2, 1]), x])
    for at, (name, head) in enumerate((("category", model.category), ("agency", model.agency))):
        index = g.constant(f"{name}.at", np.array(at, np.int64))
        row = g.node("Gather", [pooled, index], axis=1)
        product = g.node("MatMul", [row, g.constant(f"{name}.w", array(head.weight).T)])
        g.node("Add", [product, g.constant(f"{name}.b", array(head.bias))], output=name)
    mean = g.node("ReduceMean", [x, one], keepdims=0)
    g.node("LpNormalization", [mean], output="embedding", axis=-1, p=2)


@torch.no_grad()
def measure(model: Screener, texts: list[list[int]]) -> Ranges:
    """Largest magnitude per input channel of the products to be smoothed, over token ids of `texts`."""
    found: dict[str, torch.Tensor] = {}

    def watch(name: str) -> Any:
        def see(_: Any, inputs: tuple[torch.Tensor, ...]) -> None:
            largest = inputs[0].abs().flatten(0, -2).amax(0)
            found[name] = torch.maximum(found[name], largest) if name in found else largest

        return see

    hooks = [
        getattr(layer, part).register_forward_pre_hook(watch(f"l{i}.{part}"))
        for i, layer in enumerate(model.encoder.layers)
        for part in SMOOTHED
    ]
    for ids in texts:
        tensor = torch.tensor([ids])
        model(tensor, torch.ones_like(tensor, dtype=torch.bool))
    for hook in hooks:
        hook.remove()
    return {name: np.maximum(array(value), 1e-3) for name, value in found.items()}


def build(model: Screener, quantise: bool, ranges: Ranges | None = None) -> Any:
    """The model as an ONNX `ModelProto`; `ranges` (see `measure`) smooth the int8 products.

    Input: ``input_ids`` int64 (1, t). Outputs: ``binary`` (1, heads) logits, ``summands``
    (1, t, heads), ``category`` (1, 25) and ``agency`` (1, 44) logits, ``embedding`` (1, hidden).
    """
    g = Graph(quantise, ranges or {})
    x = _embed(g, model)
    for i, layer in enumerate(model.encoder.layers):
        assert isinstance(layer, Layer)
        x = _layer(g, x, layer, f"l{i}", model.encoder.shape.eps)
    _heads(g, x, model)
    heads, hidden = model.binary_value.out_features, model.encoder.shape.hidden
    shapes = {
        "binary": [1, heads], "summands": [1, "t", heads], "category": [1, model.category.out_features],
        "agency": [1, model.agency.out_features], "embedding": [1, hidden],
    }  # fmt: skip
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "t"])
    graph = helper.make_graph(g.nodes, "saring", [ids], outputs, g.initialisers)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(CONTRIB, 1)]
    proto = helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="saring")
    onnx.checker.check_model(proto, full_check=False)
    return proto
