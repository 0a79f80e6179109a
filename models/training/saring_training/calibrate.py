"""Calibration per head on held-out rows: Platt scaling for binary heads, temperature for ranked."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812

from .labels import BINARY

Floats = NDArray[np.float32]


@dataclass
class Calibration:
    """probability = sigmoid(scale * logit + offset); ranked heads divide by a temperature."""

    scale: list[float] = field(default_factory=lambda: [1.0] * len(BINARY))
    offset: list[float] = field(default_factory=lambda: [0.0] * len(BINARY))
    category_temperature: float = 1.0
    agency_temperature: float = 1.0


def platt(logits: Floats, labels: Floats, weights: Floats) -> tuple[float, float]:
    """Scale and offset by weighted maximum likelihood, with a weak pull towards (1, 0)."""
    z, y, w = (torch.tensor(v, dtype=torch.float64) for v in (logits, labels, weights))
    parameters = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([parameters], max_iter=200)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = F.binary_cross_entropy_with_logits(
            parameters[0] * z + parameters[1], y, weight=w, reduction="sum"
        )
        loss = loss + (parameters[0] - 1) ** 2 + 0.1 * parameters[1] ** 2
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)
    scale, offset = parameters.detach().tolist()
    return max(scale, 0.05), offset


def temperature(logits: Floats, labels: NDArray[np.int64]) -> float:
    """The temperature with the least negative log-likelihood, on a grid."""
    z, y = torch.tensor(logits), torch.tensor(labels)
    grid = np.geomspace(0.4, 3.0, 60)
    losses = [float(F.cross_entropy(z / t, y)) for t in grid]
    return float(grid[int(np.argmin(losses))])
