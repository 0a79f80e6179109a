"""A training of the network that is killed goes on to the same weights. Needs PyTorch, so it is run by hand:
`pytest torch_tests` with the package's own environment."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer

from saring_training import fit
from saring_training.data import Row
from saring_training.model import Screener, Shape

ROOT = Path(__file__).parents[3]
ROWS = 800
PATIENCE_SECONDS = 300


def train(work: Path) -> None:
    """A tiny network on authored rows."""
    torch.set_num_threads(1)
    current = next(line for line in (ROOT / "models/current.toml").read_text().splitlines() if line.startswith("bundle"))
    bundle = current.split('"')[1]
    tokenizer = Tokenizer.from_file(str(ROOT / "models/bundles" / bundle / "tokenizer.json"))
    rows = []
    for line in (ROOT / "samplecorpus/reports.jsonl").read_text().splitlines():
        raw = json.loads(line)
        if raw["split"] == "train" and len(rows) < ROWS:
            labels = {"spam": float(raw["spam"]), "abuse": float(raw["abuse"])}
            rows.append(Row(raw["id"], "reports", raw["text"], labels))
    torch.manual_seed(3)
    model = Screener(Shape(tokenizer.get_vocab_size(), 32, 2, 2, 64, 512, 1e-12))
    settings = fit.Settings(
        epochs=2, batch=16, checkpoint_steps=10, tokens_max=64, layers=[0, 1], augment=0.3, joined=20
    )
    fit.fit(model, rows, tokenizer, settings, work)


def weights(work: Path) -> str:
    found = torch.load(work / "model.pt", weights_only=True)
    return hashlib.sha256(b"".join(value.numpy().tobytes() for _, value in sorted(found.items()))).hexdigest()


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    train(whole)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "models/training")}
    process = subprocess.Popen([sys.executable, __file__, str(killed)], env=environment)
    started = time.monotonic()
    while not (killed / "checkpoint.pt").exists():
        assert process.poll() is None and time.monotonic() - started < PATIENCE_SECONDS
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert not (killed / "model.pt").exists(), "it was killed in the middle"
    train(killed)
    assert weights(killed) == weights(whole)


if __name__ == "__main__":
    train(Path(sys.argv[1]))
