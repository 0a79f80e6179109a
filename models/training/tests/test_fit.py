"""Tokens left out of a training text."""

import random

import pytest

pytest.importorskip("torch")

from saring_training.fit import dropped


def test_a_text_loses_tokens_but_not_its_frame() -> None:
    ids = [0, *range(10, 1010), 2]
    found = dropped(ids, 0.2, random.Random(4))
    assert (found[0], found[-1]) == (0, 2)
    assert found == [i for i in ids if i in set(found)]
    assert 750 < len(found) < 850
    assert dropped(ids, 0.0, random.Random(4)) == ids
