"""The gallery of third-party models: its helpers, and that the page shows what was measured."""

import importlib
import json
import re
from collections.abc import Callable
from inspect import isfunction
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


def test_every_adapter_is_short_and_used(benchmark):
    gallery, models = benchmark("gallery"), benchmark("gallery_models")
    used = {model.adapter for model in gallery.MODELS} - {""}
    helpers = {"classes", "weights"}
    own = {name for name, value in vars(models).items() if isfunction(value)}
    assert (
        used == {name for name in own if vars(models)[name].__module__ == models.__name__} - helpers
    )
    for adapter in used:
        assert len(gallery.source_of(adapter).splitlines()) <= 10


def test_results_of_all_codes_stand_for_those_of_each(benchmark):
    gallery = benchmark("gallery")
    results = [
        {"metric": "kl", "target": "z0"},
        {"metric": "kl", "target": None},
        {"metric": "mi", "target": "z0"},
        {"metric": "mi", "target": "all codes"},
    ]
    assert gallery.summaries(results) == results[1:]


def test_of_the_rate_the_page_shows_that_of_all_codes(benchmark):
    gallery = benchmark("gallery")
    names = [("kl", "z0"), ("kl", "all codes"), ("active-units", None), ("active-units-kl", None)]
    results = [{"metric": metric, "target": target} for metric, target in names]
    assert gallery.shown({"results": results}) == results[1:3]


def test_values_have_the_target_where_there_are_several(benchmark):
    gallery = benchmark("gallery")
    model = gallery.MODELS[0]._replace(model="m.onnx", commands=("score {}", "score {} -x"))
    mi = [{"metric": "mi", "target": name, "value": value} for name, value in (("a", 1), ("b", 2))]
    mig = [{"metric": "mig", "target": None, "value": value} for value in (3, 4)]
    rows = [
        {"command": "infoeval score m.onnx -x", "results": mig[1:]},
        {"command": "infoeval score m.onnx", "results": [*mi, mig[0]]},
    ]
    assert gallery.values(model, rows) == {"mi a": 1, "mi b": 2, "mig": 3}


def test_the_page_shows_the_measured_rows(benchmark):
    gallery = benchmark("gallery")
    rows = json.loads(gallery.RESULTS.read_text(encoding="utf-8"))
    assert [row["command"] for row in rows] == [
        line for model in gallery.MODELS for line in model.lines
    ]
    text = gallery.PAGE.read_text(encoding="utf-8")
    for block in (gallery.summary, gallery.sprites, gallery.sections):
        assert f"<!-- {block.__name__} -->\n{block(rows)}<!-- /{block.__name__} -->" in text


def test_links_of_the_summary_lead_to_the_sections(benchmark):
    gallery = benchmark("gallery")
    text = gallery.PAGE.read_text(encoding="utf-8")
    titles = {re.sub(r"[^\w\- ]", "", line[4:].lower()) for line in re.findall("### .*", text)}
    anchors = set(re.findall(r"\]\(#([^)]*)\)", text))
    assert len(anchors) == len(gallery.MODELS)
    assert anchors == {title.replace(" ", "-") for title in titles}
