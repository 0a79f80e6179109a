"""Calibration, certificate and thresholds, against values known by other means."""

import numpy as np
import pytest

from saring_training.calibrate import conformal_share, platt, sets, sigmoid, temperature
from saring_training.certificate import Certificate, lower, needed, upper
from saring_training.data import Row
from saring_training.evaluate import best_f1
from saring_training.labels import BINARY
from saring_training.thresholds import HOLDING, choose, outcome


def test_platt_finds_the_scale_that_made_the_labels() -> None:
    rng = np.random.default_rng(3)
    z = rng.normal(0, 2, 20000)
    y = (rng.random(20000) < sigmoid(1.7 * z - 0.8)).astype(float)
    scale, offset = platt(z, y, np.ones(20000))
    assert scale == pytest.approx(1.7, abs=0.08)
    assert offset == pytest.approx(-0.8, abs=0.08)


def test_temperature_finds_the_overconfidence() -> None:
    rng = np.random.default_rng(4)
    z = rng.normal(0, 1.5, (8000, 6))
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    labels = np.array([rng.choice(6, p=row) for row in p])
    assert temperature(2 * z, labels) == pytest.approx(2.0, rel=0.08)


def test_the_bound_is_clopper_and_pearsons() -> None:
    # Tables: 0 of 299 prove 1% with 95%; 5 of 100 leave 10.2% (one-sided 95%).
    assert needed() == 299
    assert upper(0, 299) == pytest.approx(0.00997, abs=1e-5)
    assert upper(5, 100) == pytest.approx(0.1022, abs=2e-4)
    assert lower(95, 100) == pytest.approx(1 - 0.1022, abs=2e-4)
    assert upper(0, 0) == 1.0
    with pytest.raises(ValueError, match="k must be within"):
        upper(3, 2)


def test_too_few_rows_certify_nothing() -> None:
    few = Certificate(harmful=20, harmful_published=0, legitimate=50, legitimate_published=50, prevalence=0.1)
    assert not few.holds
    many = Certificate(harmful=500, harmful_published=0, legitimate=900, legitimate_published=890, prevalence=0.1)
    assert many.holds
    assert many.text().startswith("certified")
    assert not Certificate(500, 40, 900, 890, 0.1).holds


def test_best_f1_is_the_best() -> None:
    f1, at = best_f1(np.array([0.9, 0.8, 0.7, 0.1]), np.array([1, 0, 1, 0]))
    assert (f1, at) == (pytest.approx(0.8), 0.7)


def authored(harm: int, name: str) -> Row:
    return Row(
        name, "reports", name, dict.fromkeys(BINARY, 0.0) | {"spam": float(harm)}, slice="spam" if harm else "angry"
    )


def test_thresholds_separate_what_can_be_separated() -> None:
    rows = [authored(1, "a"), authored(1, "b"), authored(0, "c"), authored(0, "d")]
    p = np.zeros((4, len(BINARY)))
    p[:, 0] = [0.9, 0.4, 0.2, 0.1]
    chosen = choose(rows, p)
    assert set(chosen) == set(HOLDING)
    found = outcome(rows, p, chosen)
    assert (found.accuracy, found.harm_published, found.legitimate_held, found.angry_published) == (1, 0, 0, 1)
    assert 0.2 < chosen["spam"] <= 0.4


def test_conformal_sets_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(9)
    z = rng.normal(0, 2, (6000, 10))
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    labels = np.array([rng.choice(10, p=row) for row in p])
    share = conformal_share(z[:3000], labels[:3000], 1.0)
    sizes = sets(z[3000:], 1.0, share)
    rank = (np.argsort(-z[3000:], axis=1) == labels[3000:, None]).argmax(1)
    assert 0.94 <= (rank < sizes).mean() <= 0.96
    assert conformal_share(z[:10], labels[:10], 1.0) == 0.0, "ten rows prove no 95%"
