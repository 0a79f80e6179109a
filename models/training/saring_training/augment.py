"""Variants of training texts: invented brands, typing slips, slang, and adverts hidden in reports.

Everything is drawn from a seeded generator, so an epoch's texts depend on seed and epoch alone.
Text is as `saring prepare` wrote it: lower case, with markers such as ``[LINK]``.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace

from .data import Row

BRAND_SHAPE = re.compile(r"\b[a-z]{3,12}\d{1,4}\b")
SYLLABLES = tuple(a + b for a, b in zip("rjmksblngmdkptlkgwznvxlmtsrfhbnkdm", "aaaaaaaauioouieoiueixoyoouiaeeouoi", strict=True))
BRAND_ENDS = ("", "88", "77", "69", "138", "303", "4d", "bet", "slot", "toto", "win", "play", "gacor", "hoki", "99")
SLANG = {
    "yang": ("yg",), "tidak": ("gak", "tdk", "ga", "ngga", "nggak"), "dengan": ("dgn", "dg"), "untuk": ("utk", "buat"),
    "sudah": ("udah", "sdh", "udh"), "belum": ("blm", "belom"), "saya": ("sy", "aku", "gue"), "kami": ("kita",),
    "karena": ("krn", "karna", "soalnya"), "jalan": ("jln", "jl"), "banyak": ("bnyk", "byk"), "orang": ("org",),
    "sampai": ("sampe", "smpe"), "kalau": ("kalo", "klo", "kl"), "bagaimana": ("gmn", "gimana"), "tolong": ("tlg", "tulung"),
    "mohon": ("mhn",), "dalam": ("dlm",), "juga": ("jg",), "saja": ("aja", "sj"), "lagi": ("lg",), "bisa": ("bs",),
    "dari": ("dr",), "pada": ("pd",), "tahun": ("thn",), "bulan": ("bln",), "hari": ("hr",), "warga": ("wrg",),
    "masyarakat": ("masy", "masyarakt"), "terima": ("trm", "trima"), "kasih": ("ksh",), "bapak": ("bpk", "pak"),
    "tersebut": ("tsb",), "sangat": ("sgt", "bgt"), "sekali": ("skali", "bgt"), "seperti": ("kayak", "spt"), "apa": ("ap",),
    "kenapa": ("knp",), "sekarang": ("skrg", "skrng"), "memang": ("emang", "mmg"), "begini": ("gini",), "tetapi": ("tp", "tapi"),
    "tapi": ("tp",), "dapat": ("dpt", "dapet"), "anak": ("ank",), "rumah": ("rmh",), "depan": ("dpn",), "malam": ("mlm",),
    "pemerintah": ("pmerintah", "pemrintah"), "petugas": ("ptugas",), "segera": ("sgra",), "besar": ("gede", "bsr"),
}  # fmt: skip


def brand(rng: random.Random) -> str:
    """An invented gambling brand."""
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 4))) + rng.choice(BRAND_ENDS)


def brand_words(rows: list[Row]) -> set[str]:
    """Words that stand in gambling adverts alone, so a model would learn them by heart."""
    advert: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for row in rows:
        words = set(re.findall(r"[a-z0-9]+", row.text))
        (advert if row.binary.get("spam.gambling") else other).update(words)
    return {w for w, n in advert.items() if n >= 3 and len(w) >= 4 and other[w] == 0}


def rebrand(text: str, brands: set[str], rng: random.Random) -> str:
    """The advert with other brands; the same brand gets the same new name throughout."""
    names: dict[str, str] = {}

    def change(found: re.Match[str]) -> str:
        word = found[0]
        if word in brands or BRAND_SHAPE.fullmatch(word):
            return names.setdefault(word, brand(rng))
        return word

    return re.sub(r"(?<!\[)\b[a-z0-9]{4,}\b", change, text)


def slip(word: str, rng: random.Random) -> str:
    """One typing slip: a letter lost, doubled or swapped with its neighbour, or vowels dropped."""
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    if kind == 2:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[0] + re.sub("[aeiou]", "", word[1:-1]) + word[-1]


def roughen(text: str, rng: random.Random) -> str:
    """The text as a hurried thumb types it."""
    share = rng.uniform(0.02, 0.15)
    words = []
    for word in text.split(" "):
        if word in SLANG and rng.random() < 3 * share:
            word = rng.choice(SLANG[word])
        elif len(word) >= 5 and word.isalpha() and rng.random() < share:
            word = slip(word, rng)
        words.append(word)
    out = " ".join(words)
    return re.sub(r"[.,!?]", "", out) if rng.random() < 0.2 else out


def join(first: Row, second: Row, rng: random.Random) -> Row:
    """One text holding both; it has a harm if either has it, and lacks one if both lack it."""
    parts = [first.text, second.text]
    if second.category >= 0 or rng.random() < 0.2:
        rng.shuffle(parts)
    binary = {
        name: float(max(first.binary.get(name, 0), second.binary.get(name, 0)))
        for name in first.binary | second.binary
        if (name in first.binary and name in second.binary) or max(first.binary.get(name, 0), second.binary.get(name, 0)) == 1
    }
    binary.pop("quality.off_topic", None)
    whole = second.category < 0 and second.agency < 0
    return replace(
        first, id=f"{first.id}+{second.id}", text=rng.choice((" ", "\n", ". ")).join(parts), binary=binary,
        category=first.category if whole else -1, agency=first.agency if whole else -1, weight=0.7, pair=None, match=None,
    )  # fmt: skip


class Augmenter:
    """Draws an epoch's variants; texts and labels of `rows` stay as they are."""

    def __init__(self, rows: list[Row], share: float, joined: int) -> None:
        self.share, self.joined = share, joined
        self.brands = brand_words(rows)
        self.reports = [r for r in rows if r.category >= 0 and r.source != "complaints_laporgub_stemmed" and len(r.text) < 400]
        authored = [r for r in rows if r.source == "reports" and len(r.text) < 400]
        self.harms = [r for r in authored if max(r.binary.values()) == 1]
        self.adverts = [r for r in rows if r.source.startswith("spam_") and r.binary["spam"] == 1]
        self.plain = [r for r in authored if max(r.binary.values()) == 0]

    def text(self, row: Row, rng: random.Random) -> str:
        """The row's own text or a variant of it."""
        text = row.text
        if row.binary.get("spam.gambling") == 1 and rng.random() < self.share:
            text = rebrand(text, self.brands, rng)
        if rng.random() < self.share * (0.8 if row.source.startswith(("reports", "complaints")) else 0.3):
            text = roughen(text, rng)
        return text

    def composed(self, rng: random.Random) -> list[Row]:
        """New rows: a report with a harm, an advert or another report behind it."""
        if not (self.reports and self.harms and self.plain):
            return []
        out = []
        for _ in range(self.joined):
            kind = rng.random()
            first = rng.choice(self.plain if rng.random() < 0.5 else self.reports)
            if kind < 0.3 and self.adverts:
                second = rng.choice(self.adverts)
            elif kind < 0.65:
                second = rng.choice(self.harms)
            else:
                second = rng.choice(self.plain)
            out.append(join(first, second, rng))
        return out
