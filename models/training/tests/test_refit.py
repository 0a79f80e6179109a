"""Decisions into a bundle: what moves, what stays, and that nothing held out is learnt."""

import numpy as np

from saring_training import decisions, lexical, refit
from saring_training.data import Json, Row
from saring_training.labels import BINARY

WEIGHTS = decisions.Weights(double_reviewed=1.5, inverse_probability_max=4.0)


def raw(name: str, text: str, **more: object) -> Json:
    empty: Json = {"spam": None, "abuse": None, "hoax": None, "fine": [], "fine_absent": [], "category": None, "agency": None}
    shown = {"sampling": {"by": "held", "probability": 1.0}, "double_reviewed": False}
    return {"id": name, "prepared": text} | empty | shown | more


def test_a_decision_labels_only_what_is_known() -> None:
    row = decisions.row_of(raw("a", "promo", spam=1, fine=["spam.promo"], fine_absent=["abuse.hate"]), WEIGHTS)
    assert row.binary == {"spam": 1.0, "spam.promo": 1.0, "abuse.hate": 0.0}
    drawn = decisions.row_of(raw("b", "jalan", spam=0, sampling={"probability": 0.05}, double_reviewed=True), WEIGHTS)
    assert drawn.weight == 6.0


def test_copies_count_as_one_and_held_out_texts_are_not_learnt() -> None:
    copy = "kerja dari rumah komisi besar transfer biaya daftar ke admin sekarang juga"
    held = [Row(id="h", source="reports", text="jalan berlubang di depan pasar induk kota lama semarang", split="test")]
    texts = [copy, copy + " ya", "lampu jalan mati tiga malam di gang mawar", held[0].text]
    rows = [Row(id=str(i), source="decisions", text=t, binary={"spam": 1.0}) for i, t in enumerate(texts)]
    kept = decisions.divide(rows, held, 0.0)
    assert [r.id for r in kept] == ["0", "1", "2"]
    assert [r.weight for r in kept] == [0.5, 0.5, 1.0]
    again = [Row(id=str(i), source="decisions", text=t, binary={"spam": 1.0}) for i, t in enumerate(texts)]
    assert [r.id for r in decisions.divide(again, held, 1.0)] == ["0", "1"], "only texts without a copy may be held out"


def test_a_missed_kind_is_learnt_and_the_rest_stays() -> None:
    idf = np.ones(2 << lexical.BITS, np.float32)
    spam = [f"kerja rumahan komisi harian biaya aktivasi akun {i}" for i in range(6)]
    before = [f"lampu jalan mati di gang {i} mohon diperbaiki" for i in range(40)]
    near, base = refit.matrix(spam, idf, "a"), refit.matrix(before, idf, "b")
    z, labels, weights = np.full(6, -3.0), np.ones(6), np.ones(6)
    pull = refit.Pull(strength=5.0, anchor=0.02)
    delta = refit.binary_change(near, base, z, labels, weights, pull)
    assert (near @ delta).min() > 3.0, "held at last"
    assert np.abs(base @ delta).max() < 0.5, "what was judged before stays"
    right = refit.binary_change(near, base, np.full(6, 9.0), labels, weights, pull)
    assert np.abs(near @ right).max() < 0.05, "what was right already teaches nothing"


def test_every_head_has_a_place_in_the_channel() -> None:
    assert sum(refit.HEADS.values()) == lexical.HEADS and refit.HEADS["binary"] == len(BINARY)
