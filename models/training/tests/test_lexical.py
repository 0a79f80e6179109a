"""The lexical channel: the same n-grams as the function, and a file that comes back as it went."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from saring_training import lexical
from saring_training.data import Row
from saring_training.labels import CATEGORIES


def test_buckets_and_logits_are_those_of_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same figures stand in functions/classifier/src/lexical.rs."""
    text = "jalan [CAPS] jalan, rusak é"
    monkeypatch.setattr(lexical, "HEADS", 3)
    buckets = 2 << lexical.BITS
    idf = ((20 + np.arange(buckets) % 90) / 20).astype(np.float32)
    weight = (np.arange(buckets * 3) % 251).astype(np.uint8).view(np.int8).reshape(buckets, 3)
    table = lexical.Lexical(idf, weight, np.full(3, 0.01, np.float32), np.full(3, 0.5, np.float32))
    occurrences = [b for chunk in text.split() for b in lexical.chunk_buckets(chunk)]
    alone = lexical.words(text)
    occurrences += [lexical.word_bucket(w) for w in alone]
    occurrences += [lexical.word_bucket(f"{a} {b}") for a, b in pairwise(alone)]
    assert len(occurrences) == BUCKETS
    assert sum(occurrences) == BUCKET_SUM
    assert table.logits([text])[0] == pytest.approx(LOGITS, abs=1e-3)


BUCKETS, BUCKET_SUM, LOGITS = 64, 2652986, [-0.1455, -0.0576, 0.0303]


def test_a_fitted_table_tells_its_classes_apart_and_survives_its_file(tmp_path: Path) -> None:
    texts = {"air_minum": "air pdam mati sejak pagi", "energi": "listrik padam terus di rumah"}
    rows = [
        Row(id=f"{name}-{i}", source="reports", text=f"{text} {i}", binary={"spam": 0.0}, category=CATEGORIES.index(name))
        for name, text in texts.items()
        for i in range(8)
    ]
    rows += [Row(id=f"s{i}", source="reports", text=f"slot gacor {i}", binary={"spam": 1.0}) for i in range(8)]
    parts = [lexical.counted(r.text) for r in rows]
    idf = lexical.idf_of(parts)
    table = lexical.quantise(lexical.fit(rows, lexical.features(parts, idf)), idf)
    table.save(tmp_path / "lexical.bin")
    found = lexical.split(lexical.Lexical.load(tmp_path / "lexical.bin").logits(["pdam mati lagi", "slot gacor maxwin"]))
    assert found["category"][0].argmax() == CATEGORIES.index("air_minum")
    assert found["binary"][1, 0] > found["binary"][0, 0]


def test_rows_without_labels_are_refused() -> None:
    rows = [Row(id="a", source="reports", text="halo")]
    parts = [lexical.counted(r.text) for r in rows]
    with pytest.raises(ValueError, match="no row labels"):
        lexical.fit(rows, lexical.features(parts, lexical.idf_of(parts)))
