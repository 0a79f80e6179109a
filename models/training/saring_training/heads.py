"""``python -m saring_training.heads MANIFEST …``: all of a bundle but its network, fitted anew without PyTorch.

The lexical channel learns from the manifest's training rows; how much it counts beside the network
of `--bundle`, the calibration and the thresholds come from the dev rows. The figures, tables and
pictures that the card shows are written to `--work`, the bundle to `--out`.

`--bundle` is a bundle, or the export of a new network; then `--work` is the folder of its run, where
`compare` left what int8 costs.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import shutil
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import blend, card, evaluate, lexical
from .bundle import LEXICAL, BundleInfo, model_toml, sha256
from .calibrate import Calibration, calibrate
from .data import Row
from .manifest import load_rows, read_manifest
from .refit import Served, network

COMMAND = "python -m saring_training.heads"
NETWORK_FILES = ("model.onnx", "model.onnx.data", "tokenizer.json")
# What `compare` says about the run's own network.
INT8 = "int8.json"
PACKAGES = ("numpy", "onnxruntime", "scikit-learn", "scipy", "tokenizers")


def run(manifest: dict[str, Any], root: Path, base: Path, work: Path) -> None:
    """Fits channel and calibration; writes them and all figures to `work`."""
    work.mkdir(parents=True, exist_ok=True)
    served = Served.load(base)
    rows = [r for r in load_rows(manifest, root) if r.text.strip()]
    train = [r for r in rows if r.split == "train" and not r.match]
    held = [r for r in rows if r.split != "train"]
    print(f"data: {len(train)} rows to train on, {len(held)} held out", flush=True)
    table = channel(train, served, work)
    found = network(served, [r.text for r in held], "held-out", work)
    dev = [i for i, r in enumerate(held) if r.split == "dev"]
    ours = [held[i] for i in dev]
    table = blend.blend(table, served.read(ours), ours, {name: values[dev] for name, values in found.items()})
    table.save(work / LEXICAL)
    added = lexical.split(table.logits(served.read(held)))
    logits = {name: found[name] + values for name, values in added.items()}
    calibration = calibrate(ours, {name: values[dev] for name, values in logits.items()})
    policy = evaluate.policy(held, logits, calibration)
    metrics = evaluate.metrics(held, logits, calibration)
    results = {"calibration": asdict(calibration), "metrics": metrics, "policy": policy}
    results["tables"] = evaluate.tables(held, logits, calibration)
    results["lock"] = {
        "base": sha256(base / "model.toml"),
        "data": {e["name"]: sha256(root / e["path"]) for e in manifest["data"] if (root / e["path"]).exists()},
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }
    for name, value in results.items():
        (work / f"{name}.json").write_text(json.dumps(value, indent=1))
    evaluate.pictures(held, logits, calibration, policy["thresholds"], work)
    print(evaluate.table(metrics))
    print(json.dumps(policy, indent=1))


def channel(rows: list[Row], served: Served, work: Path) -> lexical.Lexical:
    """The channel before its blend, kept in `work` for the same rows, so that a stopped run goes on."""
    key = hashlib.sha256(json.dumps([[asdict(row) for row in rows], lexical.settings()]).encode()).hexdigest()[:16]
    path = work / f"channel-{key}.bin"
    if not path.exists():
        new = path.with_suffix(".new")
        lexical.train(rows, served.tokenizer, served.tokens_max).save(new)
        new.replace(path)
    return lexical.Lexical.load(path)


def write(manifest: dict[str, Any], name: str, base: Path, work: Path, out: Path, version: str) -> None:
    """The bundle out of the network of `base` and what `run` left in `work`."""
    out.mkdir(parents=True, exist_ok=True)
    for folder, files in ((base, NETWORK_FILES), (work, (LEXICAL, *evaluate.PICTURES))):
        for file in files:
            shutil.copyfile(folder / file, out / file)
    of_base = tomllib.loads((base / "model.toml").read_text())
    info = BundleInfo(version, of_base["tokens_max"], sha256(work / "lock.json"))
    calibration = Calibration(**json.loads((work / "calibration.json").read_text()))
    (out / "model.toml").write_text(model_toml(calibration, info, out, COMMAND))
    own = (work / INT8).exists()
    card.write(work, card.Origin(version, name, len(manifest["settings"]["layers"]), None if own else base, own), out)
    size = sum(f.stat().st_size for f in out.iterdir())
    print(f"heads: {out} ({size / 1e6:.1f} MB)")


def main() -> None:
    parser = argparse.ArgumentParser(prog="saring_training.heads")
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--root", type=Path, default=Path(), help="folder that the manifest's paths start from")
    parser.add_argument("--bundle", type=Path, required=True, help="the bundle whose network stays")
    parser.add_argument("--work", type=Path, required=True, help="folder for the channel, figures and pictures")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder")
    parser.add_argument("--version", required=True)
    arguments = parser.parse_args()
    manifest = read_manifest(arguments.manifest)
    run(manifest, arguments.root, arguments.bundle, arguments.work)
    write(manifest, arguments.manifest.name, arguments.bundle, arguments.work, arguments.out, arguments.version)


if __name__ == "__main__":
    main()
