"""The screening beside the bare ONNX run and beside the same work in Python, in one run.

    cargo build --release --bins --examples
    python -m venv .saring/benches && .saring/benches/bin/pip install -r tests/benches/requirements.txt
    .saring/benches/bin/python tests/benches/pair.py

All on one thread, on the texts of the sample corpus, without repeats. Figures are milliseconds per
report; what runs as a process is measured by the processor time that the system counts for it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
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
ROUNDS = 3
CLAIMS = 5_600
FNV_OFFSET, FNV_PRIME, MASK = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


def bundle() -> Path:
    current = (ROOT / "models/current.toml").read_text()
    return ROOT / "models/bundles" / re.search(r'^bundle = "(.+)"', current, re.M)[1]


def best(texts: int, work: Callable[[], object]) -> float:
    """Milliseconds of processor per text, the best of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        rounds.append((time.process_time() - began) * 1e3 / texts)
    return min(rounds)


def processor_s(command: list[str], **options: object) -> tuple[float, float, float, str]:
    """Processor seconds, seconds and largest resident MiB of a process, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    del before
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - began, usage.ru_maxrss / 1024, out


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

    def ids(self, text: str) -> np.ndarray:
        content = self.tokenizer.encode(text, add_special_tokens=False).ids[:254]
        return np.array([[0, *content, 2]], dtype=np.int64)

    def run(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(self.names, self.session.run(None, {"input_ids": ids}), strict=True))

    def classify(self, text: str) -> dict[str, np.ndarray]:
        found = self.run(self.ids(text))
        if self.lexical:
            added = self.lexical.logits(text)
            found["binary"] = found["binary"].reshape(-1) + added[: found["binary"].size]
        found["probability"] = 1 / (1 + np.exp(-found["binary"].reshape(-1)))
        return found


class Lexical:
    """Hashed n-grams of characters and words with one linear layer, in numpy."""

    def __init__(self, path: Path) -> None:
        raw = path.read_bytes()
        self.bits, heads = int.from_bytes(raw[8:12], "little"), int.from_bytes(raw[12:16], "little")
        rows = 2 << self.bits
        self.scale = np.frombuffer(raw, "<f4", heads, 16)
        self.bias = np.frombuffer(raw, "<f4", heads, 16 + 4 * heads)
        self.idf = np.frombuffer(raw, "u1", rows, 16 + 8 * heads)
        self.weight = np.frombuffer(raw, "i1", rows * heads, 16 + 8 * heads + rows).reshape(rows, heads)

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
            return self.bias
        buckets = np.fromiter(counts, dtype=np.int64)
        values = (1 + np.log(np.fromiter(counts.values(), dtype=np.float32))) * self.idf[buckets] / 20
        values /= max(float(np.linalg.norm(values)), 1e-6)
        return (values @ self.weight[buckets]) * self.scale + self.bias


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


def rust(reports: Path, target: Path, environment: dict[str, str]) -> dict[str, float]:
    _, _, _, out = processor_s([str(target / "examples/stages"), str(reports)], env=environment)
    return json.loads(out)


def start(target: Path, environment: dict[str, str], directory: Path) -> dict[str, float]:
    one = directory / "one.jsonl"
    one.write_text('{"id":"r-1","text":"Lampu jalan mati di depan pasar"}\n')
    runs = [processor_s([str(target / "saring"), "screen", str(one)], env=environment) for _ in range(9)]
    return {
        "first_verdict_ms": min(seconds for _, seconds, _, _ in runs) * 1e3,
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
        directory = Path(scratch)
        reports = directory / "reports.jsonl"
        lines = [json.dumps({"id": f"r-{i}", "text": text}) for i, text in enumerate(texts)]
        reports.write_text("\n".join(lines) + "\n")
        figures: dict[str, float] = rust(reports, options.target, environment)
        figures |= start(options.target, environment, directory)
    model = Model(bundle())
    screening = Screening(model)
    ids = [model.ids(text) for text in sorted(texts, key=len)]
    figures["bare_onnx_ms"] = best(len(texts), lambda: [model.session.run(None, {"input_ids": i}) for i in ids])
    figures["python_model_ms"] = best(len(texts), lambda: [model.classify(text) for text in texts])
    figures["python_screening_ms"] = best(len(texts), lambda: [screening.screen(text) for text in texts])
    figures["tokens_mean"] = float(np.mean([i.size for i in ids]))
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
