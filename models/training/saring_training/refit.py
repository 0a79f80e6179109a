"""``python -m saring_training.refit MANIFEST --work DIR --out BUNDLE``: decisions into a bundle, in a minute, without PyTorch.

The network stays as it is. What the served model gets wrong on what moderators decided moves the
lexical channel; on the rows that it was trained on the channel is held where it was, so that what it
learnt from sets that are not here stays. Then the calibration follows on the authored dev rows.
Without a decision nothing moves; the same manifest and files give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from tokenizers import Tokenizer
from tqdm import tqdm

from . import data, decisions, lexical, runtime
from .bundle import LEXICAL, WEIGHTS, BundleInfo, calibration_of, model_toml, sha256
from .calibrate import SCALE_MIN, Calibration, calibrate, sigmoid
from .card import refit_card
from .data import Row
from .labels import AGENCIES, BINARY, CATEGORIES

Array = NDArray[Any]
PACKAGES = ("numpy", "onnxruntime", "scipy", "tokenizers")
STEPS_MAX = 200
PART_ROWS = 500
RANKED = {"category": CATEGORIES, "agency": AGENCIES}


@dataclass(frozen=True)
class Pull:
    """How strongly decisions move the channel and the rows of before hold it; see refit.toml."""

    strength: float
    anchor: float


@dataclass
class Served:
    """What a bundle says of texts: its own tokenizer, network and channel."""

    tokenizer: Tokenizer
    tokens_max: int
    network: Path
    channel: lexical.Lexical
    calibration: Calibration

    @classmethod
    def load(cls, bundle: Path) -> Served:
        """Also of an export without a channel: then its channel says nothing."""
        path = bundle / LEXICAL
        manifest = tomllib.loads((bundle / "model.toml").read_text())
        return cls(
            Tokenizer.from_file(str(bundle / "tokenizer.json")),
            manifest["tokens_max"],
            bundle / "model.onnx",
            lexical.Lexical.load(path) if path.exists() else lexical.silent(),
            calibration_of(manifest),
        )

    def read(self, rows: list[Row]) -> list[str]:
        """The part of each text that network and channel see."""
        return lexical.first_window([r.text for r in rows], self.tokenizer, self.tokens_max)

    def logits(self, rows: list[Row], channel: lexical.Lexical, what: str, work: Path) -> dict[str, Array]:
        """Logits of the network with those of `channel` added."""
        if not rows:
            return {name: np.zeros((0, n)) for name, n in HEADS.items()}
        found = network(self, [r.text for r in rows], what, work)
        for name, added in lexical.split(channel.logits(self.read(rows))).items():
            found[name] = found[name] + added
        return found


HEADS = {"binary": len(BINARY), "category": len(CATEGORIES), "agency": len(AGENCIES)}


def network(served: Served, texts: list[str], what: str, work: Path) -> dict[str, Array]:
    """The network's logits; each part that is done is kept in `work`, so that a stopped run goes on."""
    session, parts = None, []
    weights = sha256(served.network.with_name(WEIGHTS))
    for start in range(0, len(texts), PART_ROWS):
        part = texts[start : start + PART_ROWS]
        key = hashlib.sha256(json.dumps([weights, served.tokens_max, part]).encode()).hexdigest()[:16]
        path = work / f"{what}-{key}.npz"
        if not path.exists():
            session = session or runtime.session(served.network)
            found = runtime.run(session, served.tokenizer, part, served.tokens_max, what)
            with (new := path.with_suffix(".new")).open("wb") as file:
                np.savez(file, binary=found["binary"], category=found["category"], agency=found["agency"])
            new.replace(path)
        parts.append(dict(np.load(path)))
    return {name: np.concatenate([p[name] for p in parts]) for name in HEADS}


def matrix(texts: list[str], idf: Array, what: str) -> csr_matrix:
    """N-grams of texts (rows, buckets), as the channel weighs them."""
    found = lexical.features([lexical.counted(t) for t in tqdm(texts, desc=what, mininterval=1)], idf)
    return csr_matrix((found.values.astype(np.float64), found.ids, found.offsets), shape=(len(texts), 2 << lexical.BITS))


def change(near: csr_matrix, base: csr_matrix, pull: Pull, loss: Callable[[Array], tuple[float, Array]], classes: int) -> Array:
    """The change of the buckets that `near` uses, (buckets, classes), with the least of
    |change|^2 / 2 + strength (loss + anchor / 2 |what it does to the rows of before|^2).

    Biases stay: which reports come before a moderator says nothing of how common a label is.
    """
    used = np.flatnonzero(np.diff(near.tocsc().indptr))
    x, held = near[:, used], base[:, used]

    def value(flat: Array) -> tuple[float, Array]:
        at = flat.reshape(len(used), classes)
        cost, slope = loss(x @ at)
        moved = held @ at
        total = 0.5 * float((at**2).sum()) + pull.strength * (cost + 0.5 * pull.anchor * float((moved**2).sum()))
        gradient = at + pull.strength * (x.T @ slope + pull.anchor * (held.T @ moved))
        return total, gradient.ravel()

    found = minimize(value, np.zeros(len(used) * classes), jac=True, method="L-BFGS-B", options={"maxiter": STEPS_MAX})
    out = np.zeros((near.shape[1], classes))
    out[used] = found.x.reshape(len(used), classes)
    return out


def binary_change(near: csr_matrix, base: csr_matrix, z: Array, labels: Array, weights: Array, pull: Pull) -> Array:
    """Change of one binary head: logistic loss from the calibrated logit `z` on."""

    def loss(moved: Array) -> tuple[float, Array]:
        now = z + moved[:, 0]
        cost = float((weights * (np.logaddexp(0, now) - labels * now)).sum())
        return cost, (weights * (sigmoid(now) - labels))[:, None]

    return change(near, base, pull, loss, 1)


def ranked_change(near: csr_matrix, base: csr_matrix, z: Array, labels: Array, weights: Array, pull: Pull) -> Array:
    """Change of a ranked head: softmax loss from the logits over the temperature on."""
    right = np.arange(len(labels)), labels

    def loss(moved: Array) -> tuple[float, Array]:
        now = z + moved
        now = now - now.max(1, keepdims=True)
        share = np.exp(now)
        share /= share.sum(1, keepdims=True)
        cost = float((weights * -np.log(np.maximum(share[right], 1e-300))).sum())
        share[right] -= 1
        return cost, weights[:, None] * share

    return change(near, base, pull, loss, z.shape[1])


def moved(
    served: Served, rows: list[Row], logits: dict[str, Array], near: csr_matrix, base: csr_matrix, pull: Pull
) -> lexical.Lexical:
    """The channel with what the decisions teach it; heads without one keep their bytes."""
    weight, known = served.channel.weight.copy(), np.array([r.weight for r in rows])

    def add(head: int, delta: Array) -> None:
        steps = np.round(weight[:, head] + delta / served.channel.scale[head])
        weight[:, head] = np.clip(steps, -127, 127).astype(np.int8)

    for head, name in enumerate(tqdm(BINARY, desc="heads", mininterval=1)):
        at = [i for i, r in enumerate(rows) if name in r.binary]
        if not at:
            continue
        steep = served.calibration.scale[head]
        z = steep * logits["binary"][at, head] + served.calibration.offset[head]
        labels = np.array([rows[i].binary[name] for i in at])
        add(head, binary_change(near[at], base, z, labels, known[at], pull)[:, 0] / steep)
    first = len(BINARY)
    for name, classes in RANKED.items():
        at = [i for i, r in enumerate(rows) if getattr(r, name) >= 0]
        if at:
            t = getattr(served.calibration, f"{name}_temperature")
            labels = np.array([getattr(rows[i], name) for i in at])
            delta = ranked_change(near[at], base, logits[name][at] / t, labels, known[at], pull) * t
            for k in range(len(classes)):
                add(first + k, delta[:, k])
        first += len(classes)
    return replace(served.channel, weight=weight)


def recalibrated(served: Served, channel: lexical.Lexical, dev: list[Row], work: Path) -> Calibration:
    """The base's calibration, moved as far as the channel's change moves a fit on the same rows.

    A fit from nothing would differ by more than the change: the base was calibrated on more sets.
    """
    fits = [calibrate(dev, served.logits(dev, c, "calibration", work), served.calibration) for c in (served.channel, channel)]
    before, after, base = *fits, served.calibration

    def share(name: str) -> float:
        new: float = getattr(base, name) + getattr(after, name) - getattr(before, name)
        return min(max(new, 0.0), 0.999)

    return Calibration(
        scale=[max(b + n - o, SCALE_MIN) for b, n, o in zip(base.scale, after.scale, before.scale, strict=True)],
        offset=[b + n - o for b, n, o in zip(base.offset, after.offset, before.offset, strict=True)],
        category_temperature=base.category_temperature * after.category_temperature / before.category_temperature,
        agency_temperature=base.agency_temperature * after.agency_temperature / before.agency_temperature,
        category_share=share("category_share"),
        agency_share=share("agency_share"),
    )


def checked(entry: dict[str, str]) -> Path:
    """A file of the manifest.

    Raises:
        ValueError: its hash differs.
    """
    path = Path(entry["path"])
    if (found := sha256(path)) != entry["sha256"]:
        raise ValueError(f"{path}: sha256 {found} differs from the manifest's {entry['sha256']}")
    return path


def run(manifest: dict[str, Any], work: Path, out: Path) -> None:
    """Writes the bundle and, in `work`, `heldout.jsonl` with the decisions kept out of training."""
    settings, base = manifest["settings"], Path(manifest["base"]["path"])
    if sha256(base / "model.toml") != manifest["base"]["sha256"]:
        raise ValueError(f"{base} is another bundle than the manifest says")
    served, pull = Served.load(base), Pull(settings["strength"], settings["anchor"])
    weights = decisions.Weights(settings["double_reviewed"], settings["inverse_probability_max"])
    authored = data.load("reports", checked(manifest["reports"]))
    decided = decisions.load([checked(entry) for entry in manifest["decisions"]], weights)
    held = [r for r in authored if r.split != "train"]
    rows = decisions.divide([row for row, _ in decided], held, settings["held_out"])
    print(f"data: {len(rows)} of {len(decided)} decisions to train on, {len(authored) - len(held)} authored rows beside them")
    channel = served.channel
    if rows:
        logits = served.logits(rows, channel, "decisions", work)
        before = [r for r in authored if r.split == "train"]
        near, anchors = (matrix(served.read(r), channel.idf, w) for r, w in ((rows, "decisions"), (before, "authored")))
        channel = moved(served, rows, logits, near, anchors, pull)
    dev = [r for r in held if r.split == "dev"]
    calibration = recalibrated(served, channel, dev, work)
    lines = [json.dumps(raw, ensure_ascii=False) for row, raw in decided if row.split == "dev"]
    (work / "heldout.jsonl").write_text("".join(line + "\n" for line in lines))
    write(manifest, channel, calibration, rows, out)


def write(manifest: dict[str, Any], channel: lexical.Lexical, calibration: Calibration, rows: list[Row], out: Path) -> None:
    base, lineage = Path(manifest["base"]["path"]), dict(manifest["lineage"])
    out.mkdir(parents=True, exist_ok=True)
    for name in ("model.onnx", "model.onnx.data", "tokenizer.json"):
        shutil.copyfile(base / name, out / name)
    channel.save(out / LEXICAL)
    info = tomllib.loads((base / "model.toml").read_text())
    lineage["packages"] = {name: importlib.metadata.version(name) for name in PACKAGES}
    lineage["decisions_trained"] = len(rows)
    bundle = BundleInfo(manifest["version"], info["tokens_max"], manifest["lineage"]["manifest_sha256"])
    (out / "model.toml").write_text(model_toml(calibration, bundle, out, "saring model train", lineage))
    (out / "MODEL_CARD.md").write_text(refit_card(manifest["version"], lineage, decisions.counts(rows)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="saring_training.refit")
    parser.add_argument("manifest", type=Path, help="as `saring model train` writes it (JSON)")
    parser.add_argument("--work", type=Path, required=True, help="folder for what a stopped run goes on from")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder")
    arguments = parser.parse_args()
    run(json.loads(arguments.manifest.read_text()), arguments.work, arguments.out)


if __name__ == "__main__":
    main()
