"""A manifest: the data files that a run reads, with its settings."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

from . import data


def read_manifest(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


def load_rows(manifest: dict[str, Any], root: Path, check_hashes: bool = True) -> list[data.Row]:
    """All rows of the manifest's files, near-duplicates of held-out rows removed.

    Raises:
        ValueError: a file's hash differs from the manifest's.
    """
    rows: list[data.Row] = []
    for entry in manifest["data"]:
        path = root / entry["path"]
        if not path.exists() and entry.get("optional"):
            print(f"data: {entry['path']} is not there, left out")
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if check_hashes and entry.get("sha256") and digest != entry["sha256"]:
            raise ValueError(f"{path}: sha256 {digest} differs from the manifest's {entry['sha256']}")
        found = data.load(entry["name"], path)
        print(f"data: {entry['name']}: {len(found)} rows")
        rows += found
    return data.drop_leaks(rows)
