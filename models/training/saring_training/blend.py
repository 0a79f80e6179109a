"""How much the lexical channel counts beside the network, per column, fitted on held-out rows.

The network knows its training rows by heart (their logits are all but certain), so the rows that the
channel learnt from can't say how far to trust either. The rows of the dev split can: few numbers per
head, pulled towards what most heads want. They end up in the channel's scales and biases, so that
serving adds its logits to the network's as before.

The flags' own columns are left alone: free, the abuse flag's held more of the angry reports, which a
likelihood over all rows doesn't mind and a citizen does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from .calibrate import sigmoid
from .data import Row
from .labels import AGENCIES, BINARY, CATEGORIES, FLAGS
from .lexical import Lexical

Array = NDArray[Any]
# What the network's logit and a column's count for where no row says otherwise.
NETWORK, COLUMN = 0.4, 0.8
# How firmly the fit is held there; offsets more loosely.
PULL, PULL_OFFSET = 2.0, 0.3
SCALE_MIN = 0.02
POSITIVES_MIN = 5


def blend(table: Lexical, texts: list[str], rows: list[Row], network: dict[str, Array]) -> Lexical:
    """The table with its columns weighed for `rows`, whose network logits are `network`."""
    columns, kinds = table.columns(texts)
    shares = table.shares(kinds)
    weights = np.array([row.weight for row in rows])
    factor, offset = np.ones(len(table.scale)), np.zeros(len(table.scale))
    for head, name in enumerate(BINARY):
        experts = [at for at, (of, _) in enumerate(table.experts, table.heads) if of == head]
        beside, own = network["binary"][:, head], np.array([head, *experts])
        if name in FLAGS:
            beside, own = beside + shares[:, head] * columns[:, head], np.array(experts, int)
        if not len(own):
            continue
        at = np.array([i for i, row in enumerate(rows) if name in row.binary], int)
        labels = np.array([rows[i].binary[name] for i in at])
        if labels.sum() < POSITIVES_MIN:
            factor[own] = COLUMN / NETWORK
            continue
        part = np.ix_(at, own)
        factor[own], offset[own] = binary(beside[at], columns[part], shares[part], labels, weights[at])
    first = len(BINARY)
    for name, classes in (("category", CATEGORIES), ("agency", AGENCIES)):
        at = np.array([i for i, row in enumerate(rows) if getattr(row, name) >= 0], int)
        own = np.arange(first, first + len(classes))
        truth = np.array([getattr(rows[i], name) for i in at])
        factor[own] = ranked(network[name][at], columns[np.ix_(at, own)], truth, balanced([rows[i] for i in at]))
        first += len(classes)
    return replace(table, scale=(table.scale * factor).astype(np.float32), bias=(table.bias * factor + offset).astype(np.float32))


def balanced(rows: list[Row]) -> Array:
    """Weights by which every source counts for as much as another: no city's wording decides alone."""
    counts = Counter(row.source for row in rows)
    return np.array([row.weight * len(rows) / len(counts) / counts[row.source] for row in rows])


def binary(network: Array, columns: Array, shares: Array, labels: Array, weights: Array) -> tuple[Array, Array]:
    """Factors and offsets of a head's columns against a network that counts for one."""
    n = columns.shape[1]
    x = np.concatenate([network[:, None], shares * columns, shares], 1).astype(np.float64)
    start = np.array([NETWORK] + [COLUMN] * n + [0.0] * n)
    pull = np.array([PULL] * (1 + n) + [PULL_OFFSET] * n)

    def loss(at: Array) -> tuple[float, Array]:
        z = x @ at
        cost = float((weights * (np.logaddexp(0, z) - labels * z)).sum() + 0.5 * (pull * (at - start) ** 2).sum())
        return cost, x.T @ (weights * (sigmoid(z) - labels)) + pull * (at - start)

    bounds = [(SCALE_MIN, None)] * (1 + n) + [(None, None)] * n
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found[1 : 1 + n] / found[0], found[1 + n :] / found[0]


def ranked(network: Array, columns: Array, truth: Array, weights: Array) -> float:
    """Factor of a ranked head's columns against a network that counts for one."""
    right = np.arange(len(truth)), truth
    start = np.array([NETWORK, COLUMN])

    def loss(at: Array) -> float:
        z = at[0] * network + at[1] * columns
        z = z - z.max(1, keepdims=True)
        cost = weights * (np.log(np.exp(z).sum(1)) - z[right])
        return float(cost.sum() + 0.5 * PULL * ((at - start) ** 2).sum())

    if not len(truth):
        return COLUMN / NETWORK
    found = minimize(loss, start, method="L-BFGS-B", bounds=[(SCALE_MIN, None)] * 2).x
    return float(found[1] / found[0])
