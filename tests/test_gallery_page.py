"""The gallery of strangers' models: its helpers, and that the page shows what was measured."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

ROOT = Path(__file__).resolve().parents[1]

SCRIPT = """
from torch import nn
raise SystemExit("this would train")

class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(2, width)

    def forward(self, z):
        return torch.sigmoid(self.layer(z))
"""


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module


def test_of_a_script_only_the_classes_are_run(benchmark, tmp_path):
    (tmp_path / "net.py").write_text(SCRIPT)
    net = benchmark("gallery_models").classes(tmp_path, "net.py").Net(3)
    assert net(torch.zeros(4, 2)).shape == (4, 3)


def test_weights_that_would_run_code_are_refused(benchmark, tmp_path):
    torch.save({"net": nn.Linear(2, 2)}, tmp_path / "pickled.pt")
    torch.save({"bias": torch.ones(3)}, tmp_path / "plain.pt")
    models = benchmark("gallery_models")
    assert models.weights(tmp_path, "plain.pt")["bias"].tolist() == [1, 1, 1]
    with pytest.raises(Exception, match="weights_only"):
        models.weights(tmp_path, "pickled.pt")


def test_every_model_has_an_adapter_of_a_page_at_most(benchmark):
    gallery, models = benchmark("gallery"), benchmark("gallery_models")
    assert len({model.folder for model in gallery.MODELS}) >= 6
    for model in gallery.MODELS:
        assert callable(getattr(models, model.function))
        assert gallery.adapter_lines(model.function) <= 12
    assert gallery.adapter_lines("dense_vae") <= 5


def test_the_page_shows_the_measured_rows(benchmark):
    gallery = benchmark("gallery")
    rows = json.loads(gallery.RESULTS.read_text(encoding="utf-8"))
    measured = {(row["model"], row["options"]) for row in rows}
    assert measured == {(model.name, text) for model in gallery.MODELS for text in model.commands}
    text = gallery.PAGE.read_text(encoding="utf-8")
    assert gallery.START + gallery.page(rows) + gallery.END in text
