"""A graph read back says what the network said that wrote it."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from saring_training import graph, revive  # noqa: E402
from saring_training.model import Screener, Shape  # noqa: E402

SHAPE = Shape(vocabulary=50, hidden=16, layers=2, heads=2, feed_forward=32, positions=12, eps=1e-5)
IDS = [0, 7, 31, 9, 9, 44, 2]


def outputs(model: Screener) -> list[np.ndarray]:
    ids = torch.tensor([IDS])
    with torch.no_grad():
        out = model(ids, torch.ones_like(ids, dtype=torch.bool))
    return [getattr(out, name).numpy() for name in ("binary", "category", "agency", "embedding")]


@pytest.mark.parametrize(("quantise", "tolerance"), [(False, 1e-5), (True, 0.02)])
def test_network_comes_back(tmp_path: Path, quantise: bool, tolerance: float) -> None:
    torch.manual_seed(3)
    model = Screener(SHAPE).eval()
    torch.nn.init.normal_(model.binary_query.weight)
    torch.nn.init.normal_(model.ranked_query.weight)
    ranges = graph.measure(model, [IDS]) if quantise else None
    onnx.save(graph.build(model, quantise, ranges), tmp_path / "model.onnx")
    found = revive.network(tmp_path / "model.onnx")
    assert found.encoder.shape == SHAPE
    for own, other in zip(outputs(model), outputs(found), strict=True):
        assert own == pytest.approx(other, abs=tolerance)


def test_other_graph_is_refused(tmp_path: Path) -> None:
    empty = onnx.helper.make_model(onnx.helper.make_graph([], "other", [], []))
    onnx.save(empty, tmp_path / "model.onnx")
    with pytest.raises(ValueError, match="no graph"):
        revive.network(tmp_path / "model.onnx")
