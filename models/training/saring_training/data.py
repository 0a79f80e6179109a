"""Prepared rows to training rows: which source labels which head, splits, duplicates.

A missing label is not labelled, never 0. What a source implies (a complaint is no advert) is said
here, per source, in one table.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .labels import AGENCIES, CATEGORIES, FINE, FLAGS

Json = dict[str, Any]
SENSITIVE = tuple(f for f in FINE if f.startswith("sensitive."))
# Complaints of these categories may hold sensitive matter that nobody labelled.
MAY_BE_SENSITIVE = {
    "perempuan_anak",
    "kesehatan",
    "ketertiban_umum",
    "korupsi_pungli",
    "kepegawaian",
    "pendidikan",
}


@dataclass
class Row:
    """One training row; `binary` holds only the heads that the row labels."""

    id: str
    source: str
    text: str
    binary: dict[str, float] = field(default_factory=dict)
    category: int = -1
    agency: int = -1
    weight: float = 1.0
    split: str = "train"
    slice: str = ""
    variety: str = ""
    # Kepmendagri code, of authored rows.
    region: str = ""
    pair: str | None = None
    # The text's counterpart for the contrastive loss (the title of a debunked claim).
    match: str | None = None


def _ranked(row: Row, raw: Json) -> None:
    if raw.get("category") in CATEGORIES:
        row.category = CATEGORIES.index(raw["category"])
    if raw.get("agency") in AGENCIES:
        row.agency = AGENCIES.index(raw["agency"])


def _hs1(row: Row, raw: Json) -> None:
    hate, group = raw["hate"], raw["hate_group"]
    row.binary = {"abuse": hate, "abuse.hate": hate, "spam": 0, "hoax": 0, "spam.gambling": 0}
    row.binary["abuse.sara"] = max(raw["hate_religion"], raw["hate_race"])
    row.binary["abuse.insult"] = int(hate == 1 and group == 0)
    if not hate:
        row.binary["quality.off_topic"] = 1
    row.split = "dev" if raw.get("split") == "dev" else "train"


def _netifier(row: Row, raw: Json) -> None:
    any_harm = max(raw["porn"], raw["sara"], raw["radical"], raw["defamation"])
    row.binary = {"abuse": any_harm, "abuse.sexual": raw["porn"], "abuse.sara": raw["sara"]}
    if not any_harm:
        row.binary |= {"quality.off_topic": 1, "abuse.insult": 0, "abuse.threat": 0}


def _judol(row: Row, raw: Json) -> None:
    spam = raw["spam"]
    row.binary = {"spam": spam, "spam.gambling": spam}
    if not spam:
        row.binary |= {"quality.off_topic": 1, "hoax": 0, "spam.fraud": 0, "spam.promo": 0}


def _sms(row: Row, raw: Json) -> None:
    row.binary = {"spam": raw["spam"], "spam.gambling": 0, "abuse": 0}
    row.binary["spam.fraud"] = int(raw.get("kind") == "fraud")
    row.binary["spam.promo"] = int(raw.get("kind") == "promo")
    if not raw["spam"]:
        row.binary |= {"quality.off_topic": 1, "hoax": 0}


def _bdc(row: Row, raw: Json) -> None:
    row.binary = {"hoax": raw["hoax"], "spam.gambling": 0}


def _claims(row: Row, raw: Json) -> None:
    row.text = raw.get("prepared_circulated") or ""
    row.match = raw["prepared_title"]
    if row.text:
        row.binary = {"hoax": 1, "spam.gambling": 0}
    else:
        row.text = raw.get("prepared_conclusion") or ""


def _news(row: Row, raw: Json) -> None:
    row.binary = {"spam": 0, "hoax": 0, "abuse": 0, "spam.gambling": 0, "quality.off_topic": 1}


def _complaint(row: Row, raw: Json) -> None:
    row.binary = {flag: 0 for flag in FLAGS}
    row.binary |= {fine: 0 for fine in FINE if not fine.startswith("sensitive.")}
    _ranked(row, raw)
    if raw.get("category") not in MAY_BE_SENSITIVE:
        row.binary |= {fine: 0 for fine in SENSITIVE}


def _stemmed(row: Row, raw: Json) -> None:
    _ranked(row, raw)
    row.weight = 0.3


def _authored(row: Row, raw: Json) -> None:
    row.binary = {flag: raw[flag] for flag in FLAGS}
    row.binary |= {fine: int(fine in raw["fine"]) for fine in FINE}
    row.binary["quality.off_topic"] = int(raw["slice"] == "strange")
    if raw["category"] is None and raw["slice"] != "strange":
        del row.binary["quality.off_topic"]
    _ranked(row, raw)
    row.slice = raw["slice"]
    row.variety = raw.get("variety") or ""
    row.region = raw.get("region") or ""
    row.split = raw.get("split", "train")
    row.pair = raw.get("pair")
    # No public set labels spam, abuse or hoax on reports: the authored rows decide.
    row.weight = 1.5


# Source and stated licence of each set, for the model card.
SOURCES = {
    "abuse_hs1_fold0": (
        "indolem/IndoBERTweet (HS1), okkyibrohim/id-multi-label-hate-speech-and-abusive-language-detection",
        "CC BY-NC-SA 4.0",
    ),
    "abuse_netifier": ("ahmadizzan/netifier", "none"),
    "spam_judol_gbennnn": ("gbennnn/judol-comment-classification", "MIT"),
    "spam_judol_juti": ("nafhanugm/data-mining2", "none"),
    "spam_sms": ("yudiwbs (Rahmi & Wibisono 2016)", "CC BY-SA 4.0"),
    "hoax_bdc2020": ("Big Data Challenge 2020", "none"),
    "claims": ("turnbackhoax.id, three scrapes", "academic use"),
    "ordinary_news": ("gabriellaclairine/indonesian-news-summarization-dataset", "none"),
    "complaints_surabaya": ("jaal047/Project_Capstone_LaskarAI_KeluhCerdas-", "none"),
    "complaints_lapor2017": ("canfelli25/ir-lapor-classifier", "MIT (repository)"),
    "complaints_laporgub_stemmed": ("aiaja/text-mining-laporgub", "none"),
    "complaints_purbalingga": ("arvindaffa/ai-engineer", "none"),
    "complaints_dinsos": ("Enggal350/Deteksi-Dini-Masalah-Sosial-Pemantauan-Keluhan", "none"),
}  # fmt: skip
READERS: dict[str, Callable[[Row, Json], None]] = {
    "abuse_hs1_fold0": _hs1,
    "abuse_netifier": _netifier,
    "spam_judol_gbennnn": _judol,
    "spam_judol_juti": _judol,
    "spam_sms": _sms,
    "hoax_bdc2020": _bdc,
    "claims": _claims,
    "ordinary_news": _news,
    "complaints_surabaya": _complaint,
    "complaints_lapor2017": _complaint,
    "complaints_purbalingga": _complaint,
    "complaints_dinsos": _complaint,
    "complaints_laporgub_stemmed": _stemmed,
    "reports": _authored,
}
# Enough queries to tell a point of retrieval from noise.
CLAIM_DEV_SHARE = 0.1
ADDRESSEE = re.compile(r"^(?:kepada )?(?:yth\.?|ytk\.?)[^.,;\n]{0,80}[.,;]\s*")


def read(path: Path) -> Iterator[Json]:
    """Rows of a JSON Lines file, gzipped or not."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def load(name: str, path: Path, dev_share: float = 0.06) -> list[Row]:
    """Rows of one prepared file; those without any label are left out."""
    rows = []
    for raw in read(path):
        row = Row(id=str(raw["id"]), source=name, text=raw.get("prepared", ""))
        READERS[name](row, raw)
        if name == "complaints_lapor2017":
            row.text = ADDRESSEE.sub("", row.text)
        labelled = bool(row.binary) or row.category >= 0 or row.agency >= 0 or row.match
        if row.text.strip() and labelled:
            if name not in ("reports", "abuse_hs1_fold0") and bucket(row.text) < (CLAIM_DEV_SHARE if row.match else dev_share):
                row.split = "dev"
            rows.append(row)
    return rows


def bucket(key: str) -> float:
    """A stable number within 0 and 1 for a text, the same for trivial variants of it."""
    letters = re.sub(r"[^a-z]+", "", key.lower())[:200]
    return int.from_bytes(hashlib.sha256(letters.encode()).digest()[:4], "big") / 2**32


def near_duplicates(texts: list[str], bands: int = 16, rows_per_band: int = 4) -> list[int]:
    """Group number per text; texts whose word 3-grams are about 60% alike share a group.

    MinHash with banding: `bands` x `rows_per_band` hash functions, groups joined by union-find.
    """
    rng = np.random.default_rng(7)
    k = bands * rows_per_band
    a = rng.integers(1, 2**61, k, dtype=np.uint64) | np.uint64(1)
    b = rng.integers(0, 2**61, k, dtype=np.uint64)
    parent = list(range(len(texts)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    seen: dict[tuple[int, bytes], int] = {}
    for i, text in enumerate(texts):
        words = re.findall(r"[a-z0-9]+", text.lower())
        grams = {" ".join(words[j : j + 3]) for j in range(max(1, len(words) - 2))}
        hashes = np.array([hash_gram(g) for g in grams], dtype=np.uint64)
        with np.errstate(over="ignore"):
            minimum = ((hashes[:, None] * a + b) >> np.uint64(16)).min(0)
        for band in range(bands):
            key = (band, minimum[band * rows_per_band : (band + 1) * rows_per_band].tobytes())
            other = seen.setdefault(key, i)
            if other != i:
                parent[find(i)] = find(other)
    return [find(i) for i in range(len(texts))]


def hash_gram(gram: str) -> int:
    return int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=8).digest(), "big")


def drop_leaks(rows: list[Row]) -> list[Row]:
    """Removes training rows that are near-duplicates of a dev or test row, and exact repeats."""
    groups = near_duplicates([r.text for r in rows])
    held = {g for g, r in zip(groups, rows, strict=True) if r.split != "train"}
    kept, seen = [], set()
    for group, row in zip(groups, rows, strict=True):
        key = (row.source, row.text)
        if key in seen or (row.split == "train" and group in held):
            continue
        seen.add(key)
        kept.append(row)
    return kept
