"""``python -m saring_training.corpus IN… -o reports.jsonl``: authored rows with marks to corpus rows.

Authors write personal data as ``{{kind:value}}`` inside the text; this turns the marks into spans,
gives each row a stable id (of its text) and a split (of its hard pair, so that a pair stays
together): 70% train, 12% dev, 18% test. Rows that are added after the test rows were looked at go
to training (`--split train`), so that figures on the test rows stay comparable.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from pathlib import Path
from typing import Any

MARK = re.compile(r"\{\{(\w+):(.*?)\}\}", re.S)
FIELDS = ("id", "text", "spam", "abuse", "hoax", "fine", "category", "agency", "region", "pii", "decision",
          "visibility", "slice", "variety", "pair", "split")  # fmt: skip
TRAIN, DEV = 0.70, 0.82


def unmark(marked: str) -> tuple[str, list[dict[str, Any]]]:
    """The plain text and its spans, in Unicode scalar values."""
    text, spans, at = "", [], 0
    for found in MARK.finditer(marked):
        text += marked[at : found.start()]
        spans.append({"kind": found[1], "start": len(text), "end": len(text) + len(found[2])})
        text += found[2]
        at = found.end()
    return text + marked[at:], spans


def convert(raw: dict[str, Any], split: str | None = None) -> dict[str, Any]:
    """The corpus row of an authored row; without `split` its pair or text decides."""
    text, spans = unmark(raw["text"].strip())
    digest = hashlib.sha256(text.encode()).hexdigest()
    key = hashlib.sha256((raw.get("pair") or text).encode()).digest()
    share = int.from_bytes(key[:4], "big") / 2**32
    split = split or ("train" if share < TRAIN else "dev" if share < DEV else "test")
    row = raw | {"id": f"r-{digest[:10]}", "text": text, "pii": spans, "split": split}
    return {name: row[name] for name in FIELDS}


def main() -> None:
    parser = argparse.ArgumentParser(prog="saring_training.corpus")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--split", choices=("train", "dev", "test"), help="the split of all rows")
    arguments = parser.parse_args()
    rows: dict[str, dict[str, Any]] = {}
    for path in arguments.files:
        for line in path.read_text().splitlines():
            if line.strip():
                row = convert(json.loads(line), arguments.split)
                rows[row["id"]] = row
    lines = [json.dumps(r, ensure_ascii=False) for r in rows.values()]
    arguments.out.write_text("\n".join(lines) + "\n")
    print(f"corpus: {len(lines)} rows in {arguments.out}")


if __name__ == "__main__":
    main()
