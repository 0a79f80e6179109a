"""The lexical channel: the same n-grams as the function, and a file that comes back as it went."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from saring_training import lexical
from saring_training.data import Row
from saring_training.labels import BINARY, CATEGORIES


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


def with_experts() -> lexical.Lexical:
    """As `table_with_experts` of the function's test."""
    buckets, columns = 2 << lexical.BITS, 8
    idf = ((20 + np.arange(buckets) % 90) / 20).astype(np.float32)
    weight = (np.arange(buckets * columns) % 251).astype(np.uint8).view(np.int8).reshape(buckets, columns)
    scale, bias = ((f + np.arange(columns) / s).astype(np.float32) for f, s in ((0.01, 500), (0.5, -4)))
    return lexical.Lexical(idf, weight, scale, bias, ((0, 0b10), (2, 0b110)), 3)


def test_experts_and_kinds_are_those_of_the_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = with_experts()
    monkeypatch.setattr(lexical, "HEADS", 3)
    table.save(tmp_path / "lexical.bin")
    again = lexical.Lexical.load(tmp_path / "lexical.bin")
    assert (again.experts, again.kinds, again.heads) == (table.experts, 3, 3)
    assert again.logits(["jalan [CAPS] jalan, rusak é"])[0] == pytest.approx(EXPERT_LOGITS, abs=1e-3)
    assert again.logits([" "])[0] == pytest.approx(table.bias[:3])


EXPERT_LOGITS = [2.3677, 2.7116, 1.4067]


HATE = BINARY.index("abuse.hate")


def test_kinds_of_text_have_their_own_columns() -> None:
    def rows(source: str, words: str, abuse: float) -> list[Row]:
        return [Row(id=f"{source}{words}{i}", source=source, text=f"{words} {i}", binary={"abuse.hate": abuse}) for i in range(9)]

    # The same words are hate in a report and none in a tweet.
    found = rows("reports", "lapor pak kacau sekali", 1) + rows("reports", "lapor pak lampu mati", 0)
    found += rows("abuse_hs1_fold0", "rt cuit kacau sekali", 0) + rows("abuse_hs1_fold0", "rt cuit bodoh", 1)
    parts = [lexical.counted(r.text) for r in found]
    idf = lexical.idf_of(parts)
    fitted = lexical.fit(found, lexical.features(parts, idf))
    assert fitted.experts == ((HATE, lexical.TWEETS | lexical.POSTS),) and fitted.kinds == lexical.KINDS
    logits = lexical.quantise(fitted, idf).logits(["lapor pak kacau sekali", "rt cuit kacau sekali"])
    assert logits[0, HATE] > 0 > logits[1, HATE]


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
