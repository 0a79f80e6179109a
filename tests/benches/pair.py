"""The screening beside the bare ONNX run and beside the same work in Python, in one run.

    cargo build --release --bins --examples
    python -m venv .saring/benches && .saring/benches/bin/pip install -r tests/benches/requirements.txt
    .saring/benches/bin/python tests/benches/pair.py

All on one thread, on the texts of the sample corpus, without repeats. Figures are milliseconds of
processor per report, the best of some rounds in which all take turns; only the time to the first verdict
is that of a clock.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 5
CLAIMS = 5_600
OVERLAP_TOKENS = 24
FNV_OFFSET, FNV_PRIME, MASK = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


def bundle() -> Path:
    current = (ROOT / "models/current.toml").read_text()
    return ROOT / "models/bundles" / re.search(r'^bundle = "(.+)"', current, re.M)[1]


def cost(texts: int, work: Callable[[], object]) -> float:
    """Milliseconds of processor per text."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e3 / texts


def ran(command: list[str], **options: object) -> tuple[float, float, float, str]:
    """Processor seconds of a process, seconds to its first line, its largest resident MiB, and what it printed."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
    first = process.stdout.readline()
    seconds = time.perf_counter() - began
    out = first + process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return usage.ru_utime + usage.ru_stime, seconds, usage.ru_maxrss / 1024, out


class Model:
    """Tokeniser and session, as a Python service would hold them."""

    def __init__(self, directory: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(directory / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.names = [output.name for output in self.session.get_outputs()]
        self.lexical = Lexical(directory / "lexical.bin") if (directory / "lexical.bin").is_file() else None

        self.tokens_max = int(re.search(r"^tokens_max = (\d+)", (directory / "model.toml").read_text(), re.M)[1])

    def windows(self, text: str) -> list[np.ndarray]:
        content, found = self.tokenizer.encode(text, add_special_tokens=False).ids, []
        length = self.tokens_max - 2
        for start in range(0, max(1, len(content) - OVERLAP_TOKENS), length - OVERLAP_TOKENS):
            found.append(np.array([[0, *content[start : start + length], 2]], dtype=np.int64))
        return found

    def run(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(self.names, self.session.run(None, {"input_ids": ids}), strict=True))

    def classify(self, text: str) -> dict[str, np.ndarray]:
        passes = [self.run(ids) for ids in self.windows(text)]
        found = passes[0]
        found["binary"] = np.max([p["binary"].reshape(-1) for p in passes], axis=0)
        if self.lexical:
            added = self.lexical.logits(text)
            found["binary"] = found["binary"].reshape(-1) + added[: found["binary"].size]
        found["probability"] = 1 / (1 + np.exp(-found["binary"].reshape(-1)))
        return found


class Lexical:
    """Hashed n-grams of characters and words with one linear layer, in numpy."""

    def __init__(self, path: Path) -> None:
        raw = path.read_bytes()
        number = lambda at: int.from_bytes(raw[at : at + 4], "little")
        self.bits, self.heads = number(8), number(12)
        kinds, experts, at = (number(16), number(20), 24) if raw.startswith(b"SLEX2") else (0, 0, 16)
        self.experts = np.frombuffer(raw, "<u4", 2 * experts, at).reshape(experts, 2)
        self.members = (self.experts[:, 1:] >> np.arange(kinds) & 1).astype(np.float32)
        rows, columns, at = 2 << self.bits, self.heads + experts + kinds, at + 8 * experts
        self.scale = np.frombuffer(raw, "<f4", columns, at)
        self.bias = np.frombuffer(raw, "<f4", columns, at + 4 * columns)
        self.idf = np.frombuffer(raw, "u1", rows, at + 8 * columns)
        self.weight = np.frombuffer(raw, "i1", rows * columns, at + 8 * columns + rows).reshape(rows, columns)

    def logits(self, text: str) -> np.ndarray:
        counts: dict[int, int] = {}
        mask = (1 << self.bits) - 1
        for chunk in text.split():
            padded = f" {chunk} ".encode()
            for length in range(3, 6):
                for start in range(len(padded) - length + 1):
                    bucket = hash(padded[start : start + length]) & mask
                    counts[bucket] = counts.get(bucket, 0) + 1
            bucket = (hash(chunk) & mask) + mask + 1
            counts[bucket] = counts.get(bucket, 0) + 1
        if not counts:
            return self.bias[: self.heads]
        buckets = np.fromiter(counts, dtype=np.int64)
        values = (1 + np.log(np.fromiter(counts.values(), dtype=np.float32))) * self.idf[buckets] / 20
        values /= max(float(np.linalg.norm(values)), 1e-6)
        sums = (values @ self.weight[buckets]) * self.scale + self.bias
        logits, experts = sums[: self.heads].copy(), sums[self.heads : self.heads + len(self.experts)]
        if len(experts):
            kinds = np.exp(sums[self.heads + len(experts) :])
            shares, heads = self.members @ (kinds / kinds.sum()), self.experts[:, 0].astype(int)
            np.add.at(logits, heads, shares * (experts - sums[heads]))
        return logits


class Screening:
    """What surrounds the model, by regular expressions, sets and numpy."""

    LINK = re.compile(r"(?:https?://|www\.)\S+|\b[a-z0-9.-]+\.(?:com|id|net|org|co|ly|xyz)\b\S*", re.I)
    PHONE = re.compile(r"(?:\+62|\b0)8[\d\s.-]{7,14}\d")
    NIK = re.compile(r"\b\d{16}\b")
    EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
    PLATE = re.compile(r"\b[A-Z]{1,2} ?\d{1,4} ?[A-Z]{1,3}\b")
    LEET = str.maketrans("013457@$", "oieastas")

    def __init__(self, model: Model) -> None:
        self.model = model
        rng = np.random.default_rng(1)
        self.claims = rng.standard_normal((CLAIMS, 384)).astype(np.float32)
        self.claims /= np.linalg.norm(self.claims, axis=1, keepdims=True)
        self.regions: dict[str, str] = {}
        for line in (ROOT / "models/regions.csv").read_text().splitlines():
            code, _, name = line.partition(",")
            self.regions[name.lower().removeprefix("kota ").removeprefix("kabupaten ").strip('"')] = code

    def screen(self, text: str) -> dict[str, object]:
        spans = [m.span() for p in (self.NIK, self.PHONE, self.EMAIL, self.PLATE) for m in p.finditer(text)]
        folded = unicodedata.normalize("NFKC", text).translate(self.LEET)
        folded = "".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Mn"))
        folded = self.PHONE.sub("[TELP]", self.NIK.sub("[NIK]", self.LINK.sub("[LINK]", folded)))
        found = self.model.classify(folded)
        embedding = found["embedding"].reshape(-1)
        near = self.claims @ (embedding / np.linalg.norm(embedding))
        words = re.findall(r"\w+", text.lower())
        grams = (" ".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1))
        region = next((self.regions[g] for g in grams if g in self.regions), None)
        probability = found["probability"]
        masked, at = [], 0
        for start, end in sorted(spans):
            if start >= at:
                masked += [text[at:start], "[***]"]
                at = end
        return {
            "decision": "review" if bool((probability[:3] > 0.1).any()) else "publish",
            "fine": probability.tolist(),
            "claims": np.argpartition(-near, 5)[:5].tolist(),
            "region": region,
            "public_text": "".join(masked) + text[at:],
        }


def start(target: Path, environment: dict[str, str], directory: Path) -> dict[str, float]:
    one = directory / "one.jsonl"
    one.write_text('{"id":"r-1","text":"Lampu jalan mati di depan pasar"}\n')
    runs = [ran([str(target / "saring"), "screen", str(one)], env=environment) for _ in range(15)]
    return {
        "first_verdict_ms": min(seconds for _, seconds, _, _ in runs) * 1e3,
        "first_verdict_median_ms": float(np.median([seconds for _, seconds, _, _ in runs])) * 1e3,
        "first_verdict_processor_ms": min(cpu for cpu, _, _, _ in runs) * 1e3,
        "first_verdict_rss_mib": max(rss for _, _, rss, _ in runs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=Path, default=ROOT / "target/release")
    parser.add_argument("--reports", type=int, default=400)
    options = parser.parse_args()
    rows = [json.loads(line) for line in (ROOT / "samplecorpus/reports.jsonl").read_text().splitlines()]
    texts = list(dict.fromkeys(row["text"] for row in rows))[:: max(1, len(rows) // options.reports)]
    texts = texts[: options.reports]
    environment = {**os.environ, "SARING_MODELS": str(ROOT / "models")}
    with tempfile.TemporaryDirectory() as scratch:
        # Before the model is here: a process is said to be at least as large as the one that started it.
        started = start(options.target, environment, Path(scratch))
    model = Model(bundle())
    screening = Screening(model)
    ids = [window for text in sorted(texts, key=len) for window in model.windows(text)]
    in_turn: dict[str, Callable[[], object]] = {
        "bare_onnx_ms": lambda: [model.session.run(None, {"input_ids": i}) for i in ids],
        "python_model_ms": lambda: [model.classify(text) for text in texts],
        "python_screening_ms": lambda: [screening.screen(text) for text in texts],
    }
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        reports = directory / "reports.jsonl"
        lines = [json.dumps({"id": f"r-{i}", "text": text}) for i, text in enumerate(texts)]
        reports.write_text("\n".join(lines) + "\n")
        rounds = []
        for _ in range(ROUNDS):
            _, _, _, out = ran([str(options.target / "examples/stages"), str(reports)], env=environment)
            rounds.append(json.loads(out) | {name: cost(len(texts), work) for name, work in in_turn.items()})
        figures: dict[str, float] = {name: min(r[name] for r in rounds) for name in rounds[0]}
    figures |= started
    figures["tokens_of_a_run"] = float(np.mean([i.size for i in ids]))
    for name, value in figures.items():
        print(f"{name:28} {value:10.3f}")
    ratios = {
        "screening / bare onnx (goal <= 1.3)": figures["screening_ms"] / figures["bare_onnx_ms"],
        "python model / model (goal >= 1.15)": figures["python_model_ms"] / figures["model_ms"],
        "python screening / screening (goal >= 2)": figures["python_screening_ms"] / figures["screening_ms"],
    }
    for name, value in ratios.items():
        print(f"{name:42} {value:6.2f}")


if __name__ == "__main__":
    sys.exit(main())
