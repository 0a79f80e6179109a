"""Variants of training texts."""

import random

from saring_training.augment import Augmenter, brand_words, join, rebrand, roughen
from saring_training.data import Row

ADVERT = "main di nagasakti88 pasti jp, nagasakti88 gacor [LINK]"


def test_brands_are_replaced_throughout_and_markers_stay() -> None:
    out = rebrand(ADVERT, set(), random.Random(1))
    assert "nagasakti88" not in out
    assert "[LINK]" in out
    words = out.replace(",", "").split()
    assert words[2] == words[5], "one brand, one new name"


def test_only_words_of_adverts_are_brands() -> None:
    rows = [Row(str(i), "s", "depo di mantulwin sekarang", {"spam.gambling": 1}) for i in range(3)]
    rows.append(Row("x", "s", "saya di kantor sekarang", {"spam.gambling": 0}))
    assert brand_words(rows) == {"depo", "mantulwin"}


def test_the_same_seed_gives_the_same_variant() -> None:
    text = "jalan yang tidak diperbaiki sudah banyak memakan korban dengan luka berat"
    one, two = (roughen(text, random.Random(5)) for _ in range(2))
    assert one == two
    assert any(roughen(text, random.Random(s)) != text for s in range(5))


def test_a_joined_text_claims_only_what_is_known() -> None:
    report = Row("r", "s", "jalan rusak", {"spam": 0, "abuse": 0, "hoax": 0}, category=0, agency=0)
    advert = Row("a", "s", "slot gacor", {"spam": 1, "abuse": 0})
    out = join(report, advert, random.Random(1))
    assert out.binary == {"spam": 1, "abuse": 0}, "nothing is known of the advert's hoax"
    assert (out.category, out.agency) == (0, 0)
    two = join(report, report, random.Random(1))
    assert (two.category, two.agency) == (-1, -1)
    assert two.binary == {"spam": 0, "abuse": 0, "hoax": 0}


def test_composition_needs_authored_rows() -> None:
    plain = Row("a", "reports", "jalan rusak", {"spam": 0}, category=0)
    harm = Row("b", "reports", "slot gacor", {"spam": 1})
    assert Augmenter([plain], 0.5, 4).composed(random.Random(1)) == []
    assert len(Augmenter([plain, harm], 0.5, 4).composed(random.Random(1))) == 4
