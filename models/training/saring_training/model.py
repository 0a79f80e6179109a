"""The network: encoder, attention-pooled binary heads, ranked heads, pooled embedding.

Each binary head pools the tokens by its own attention, ``logit = b + sum_t a_t (w . h_t)``; the
summands are the evidence that a moderator sees, exact by construction.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .base import Base
from .labels import AGENCIES, BINARY, CATEGORIES


@dataclass(frozen=True)
class Shape:
    """Sizes of the network, as stored beside each checkpoint."""

    vocabulary: int
    hidden: int
    layers: int
    heads: int
    feed_forward: int
    positions: int
    eps: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Layer(nn.Module):
    """One post-norm transformer layer, as in BERT."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.hidden, 3 * shape.hidden)
        self.out = nn.Linear(shape.hidden, shape.hidden)
        self.norm_attention = nn.LayerNorm(shape.hidden, eps=shape.eps)
        self.up = nn.Linear(shape.hidden, shape.feed_forward)
        self.down = nn.Linear(shape.feed_forward, shape.hidden)
        self.norm_output = nn.LayerNorm(shape.hidden, eps=shape.eps)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, hidden = x.shape
        qkv = self.qkv(x).view(batch, length, 3, self.heads, hidden // self.heads).permute(2, 0, 3, 1, 4)
        # Written out: at these lengths the fused kernel takes six times as long on a CPU.
        weights = (qkv[0] @ qkv[1].transpose(-1, -2)) * (hidden // self.heads) ** -0.5 + mask
        context = weights.softmax(-1) @ qkv[2]
        context = context.transpose(1, 2).reshape(batch, length, hidden)
        x = self.norm_attention(x + self.out(context))
        out: Tensor = self.norm_output(x + self.down(F.gelu(self.up(x))))
        return out


class Encoder(nn.Module):
    """Token ids (batch, length) to hidden states (batch, length, hidden)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.word = nn.Embedding(shape.vocabulary, shape.hidden)
        self.position = nn.Embedding(shape.positions, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=shape.eps)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        x = self.word(ids) + self.position.weight[: ids.shape[1]]
        x = self.norm(x)
        attention = (~mask).to(x.dtype)[:, None, None, :] * -1e4
        for layer in self.layers:
            x = layer(x, attention)
        return x


@dataclass
class Output:
    """Logits per head, summands of the binary heads, unit-length embedding."""

    binary: Tensor
    summands: Tensor
    category: Tensor
    agency: Tensor
    embedding: Tensor


class Screener(nn.Module):
    """Encoder and all heads, one pass."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.encoder = Encoder(shape)
        hidden = shape.hidden
        self.binary_query = nn.Linear(hidden, len(BINARY), bias=False)
        self.binary_value = nn.Linear(hidden, len(BINARY))
        self.ranked_query = nn.Linear(hidden, 2, bias=False)
        self.category = nn.Linear(hidden, len(CATEGORIES))
        self.agency = nn.Linear(hidden, len(AGENCIES))
        for query in (self.binary_query, self.ranked_query):
            nn.init.zeros_(query.weight)
        for head in (self.binary_value, self.category, self.agency):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, ids: Tensor, mask: Tensor) -> Output:
        h = self.encoder(ids, mask)
        gone = ~mask[:, :, None]
        attention = self.binary_query(h).float().masked_fill(gone, -1e4).softmax(1)
        values = F.linear(h, self.binary_value.weight).float()
        summands = attention * values
        binary = summands.sum(1) + self.binary_value.bias
        pool = self.ranked_query(h).float().masked_fill(gone, -1e4).softmax(1)
        pooled = torch.einsum("btk,bth->bkh", pool, h.float())
        embedding = (h.float() * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        return Output(
            binary=binary,
            summands=summands,
            category=self.category(pooled[:, 0]).float(),
            agency=self.agency(pooled[:, 1]).float(),
            embedding=F.normalize(embedding, dim=-1),
        )


def from_base(base: Base, rows: list[int], layers: list[int], positions: int) -> Screener:
    """A screener whose encoder starts from the base's weights.

    Args:
        rows: embedding row of the base for each id, -1 for a new token (the mean embedding).
        layers: which layers of the base to keep, in order.
        positions: longest input in tokens.
    """
    t = {name: torch.from_numpy(value) for name, value in base.tensors.items()}
    shape = Shape(len(rows), base.hidden, len(layers), base.heads, base.feed_forward, positions, base.eps)
    model = Screener(shape)
    encoder = model.encoder
    with torch.no_grad():
        index = torch.tensor([max(r, 0) for r in rows])
        words = t["emb.word"][index]
        new = torch.tensor([r < 0 for r in rows])
        words[new] = words[~new].mean(0) + 0.02 * torch.randn(int(new.sum()), base.hidden)
        encoder.word.weight.copy_(words)
        # The token type is always 0, so its row joins the positions.
        encoder.position.weight.copy_(t["emb.pos"][:positions] + t["emb.type"][: base.hidden])
        encoder.norm.weight.copy_(t["emb.ln.w"])
        encoder.norm.bias.copy_(t["emb.ln.b"])
        for layer, source in zip(encoder.layers, layers, strict=True):
            assert isinstance(layer, Layer)
            layer.qkv.weight.copy_(torch.cat([t[f"l{source}.{p}.w"] for p in "qkv"]))
            layer.qkv.bias.copy_(torch.cat([t[f"l{source}.{p}.b"] for p in "qkv"]))
            for module, name in (
                (layer.out, "ao"), (layer.norm_attention, "aln"), (layer.up, "fi"),
                (layer.down, "fo"), (layer.norm_output, "oln"),
            ):  # fmt: skip
                module.weight.copy_(t[f"l{source}.{name}.w"])
                module.bias.copy_(t[f"l{source}.{name}.b"])
    assert torch.isfinite(encoder.word.weight).all()
    return model
