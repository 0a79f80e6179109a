"""The blend: trust goes to whichever of network and channel the held-out rows speak for."""

import numpy as np
import pytest

from saring_training import blend

ROWS = 20000


def test_factors_are_those_that_made_the_labels() -> None:
    rng = np.random.default_rng(5)
    network, columns = rng.normal(0, 3, ROWS), rng.normal(0, 2, (ROWS, 2))
    first = rng.random(ROWS) < 0.5
    shares = np.stack([first, ~first], 1).astype(float)
    z = 0.5 * network + (shares * (columns * [1.5, 0.25] + [0.0, 1.0])).sum(1)
    labels = (rng.random(ROWS) < 1 / (1 + np.exp(-z))).astype(float)
    factors, offsets = blend.binary(network, columns, shares, labels, np.ones(ROWS))
    # Against a network that counts for one.
    assert factors == pytest.approx([3.0, 0.5], rel=0.15)
    assert offsets == pytest.approx([0.0, 2.0], abs=0.4)


def test_a_ranked_channel_that_knows_better_counts_for_more() -> None:
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 4, ROWS)
    noise = rng.normal(0, 1, (2, ROWS, 4))
    sure = np.eye(4)[truth]
    better = blend.ranked(sure + 2 * noise[0], 2 * sure + noise[1], truth, np.ones(ROWS))
    worse = blend.ranked(2 * sure + noise[1], sure + 2 * noise[0], truth, np.ones(ROWS))
    assert better > 4 > 1 > 4 * worse > 0


def test_without_rows_the_channel_counts_as_in_most_heads() -> None:
    assert blend.ranked(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0, int), np.zeros(0)) == blend.COLUMN / blend.NETWORK
