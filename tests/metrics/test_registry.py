import ast
import importlib
import inspect
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from infoeval import evaluation, metrics
from infoeval.cli import main
from infoeval.errors import UserError
from infoeval.metrics import Score, all_metrics, find, names
from infoeval.metrics.registry import HOMES, markdown_table

PAIRS = np.random.default_rng(0).integers(0, [2, 3], size=(240, 2))
OF_MODELS = ("generator", "recognition")
ARRAYS = [item.name for item in all_metrics() if item.kind not in OF_MODELS]
FOLDER = Path(inspect.getfile(metrics)).parent
DOCS = FOLDER.parents[1] / "docs" / "metrics.md"


@pytest.mark.parametrize("name", ARRAYS)
def test_every_metric_runs_as_its_entry_says(name: str) -> None:
    entry = find(name)
    assert entry.name == name
    codes, factors = PAIRS + 0.25 * np.random.default_rng(1).normal(size=PAIRS.shape), PAIRS
    given: dict[str, list[Any]] = {
        "labels": [PAIRS[:, 0], 1 - PAIRS[:, 0]],
        "table": [codes, factors],
        "interventions": [codes, factors],
        "codes": [codes],
        "models": [[codes, codes[:, ::-1] + 0.1 * PAIRS]],
        "posterior": [np.eye(3)[PAIRS[:, 1]], *([PAIRS[:, 0]] if entry.needs_labels else [])],
        "gaussian": [codes, 0 * codes - 1, *([factors] if entry.needs_factors else [])],
        "samples": [codes, codes[::-1] + 0.1 * codes],
        "changes": list(np.random.default_rng(2).random((3, 20, 1, 4, 4))),
        "traversals": [codes[:, None] + np.arange(5)[:, None] * [1, 0.1], codes],
    }
    options: dict[str, Any] = {"level": 0.9, "replicates": 5, "null": 3}
    score = entry.function(*given[entry.kind], **options)
    assert isinstance(score, Score)
    assert score.reference
    assert score.low is not None
    assert score.high is not None
    assert score.low <= score.value <= score.high
    words = entry.range.replace("ln K", str(math.log(3))).split()
    lowest = float(words[0]) if words[0] != "up" else -np.inf
    highest = np.inf if words[-1] == "more" else float(words[-1])
    assert lowest <= score.value <= highest
    # A count is known exactly where every code is far from the threshold.
    inside = lowest < score.value < highest and name != "active-units"
    assert not inside or score.low < score.value < score.high
    assert score.level == 0.9
    if entry.kind not in (
        "codes",
        "posterior",
        "samples",
        "changes",
        "traversals",
    ) and name not in (
        "kl",
        "active-units",
    ):
        assert score.details["null"]["tables"] == 3
        # A sum of areas has no best value, and random codes are as explicit as exact ones.
        assert ("adjusted" in score.details) == (name not in ("tad", "dci-es"))
    if adjusted := score.details.get("adjusted"):
        assert adjusted["low"] <= adjusted["value"] <= adjusted["high"]
    again = entry.function(*given[entry.kind], **options)
    assert (again.value, again.low, again.high) == (score.value, score.low, score.high)


@pytest.mark.parametrize("name", names())
def test_every_home_registers_its_metrics_and_no_other(name: str) -> None:
    entry = find(name)
    assert entry.function.__module__ == HOMES[name]
    defined = {item.name for item in all_metrics() if item.function.__module__ == HOMES[name]}
    assert defined == {item for item, home in HOMES.items() if home == HOMES[name]}
    if HOMES[name].startswith("infoeval.metrics."):
        function = entry.function.__name__
        assert getattr(metrics, function) is entry.function
        assert function in dir(metrics)


def test_a_module_with_an_underscore_is_one_metric() -> None:
    modules = [f"infoeval.metrics.{path.stem}" for path in FOLDER.glob("_[a-z]*.py")]
    homes = [home for home in HOMES.values() if home.startswith("infoeval.metrics._")]
    assert sorted(modules) == sorted(homes)
    for home in homes:
        assert hasattr(importlib.import_module(home), home.partition("._")[2])


def test_what_metrics_share_imports_no_metric() -> None:
    for module in [*FOLDER.glob("stats/*.py"), *FOLDER.glob("trees/*.py")]:
        source = module.read_text(encoding="utf-8")
        assert "infoeval.metrics._" not in source
        assert "infoeval.metrics.registry" not in source


def test_editors_see_every_public_name() -> None:
    tree = ast.parse((FOLDER / "__init__.py").read_text(encoding="utf-8"))
    imported = [
        item.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for item in node.names
        if item.asname
    ]
    assert sorted(imported) == sorted(set(metrics.__all__) - set(vars(metrics.registry)))


def test_texts_are_short_and_plain() -> None:
    for entry in all_metrics():
        assert 0 < len(entry.summary) <= 90
        for text in (entry.use, entry.pitfalls):
            assert 0 < len(text) <= 200
        assert not set("\n|`") & set(entry.summary + entry.use + entry.pitfalls)


def test_settings_are_those_of_the_function() -> None:
    assert find("mig").settings == {"preset": "disentanglement_lib", "estimator": "plug-in"}
    assert "fit_codes" in find("cluster-acc").arguments
    assert find("cluster-acc").settings == find("mi").settings == {}
    assert find("code-factors").settings["images"] == "real"
    assert find("z-max-var").settings["simulate"] is False
    assert "test" not in find("dci").settings
    assert [item.name for item in all_metrics("labels")] == [
        "cluster-acc",
        "cluster-nmi",
        "cluster-ari",
    ]


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(UserError, match=r"no metric 'acc' .*; there are mi, mi-own, cluster-acc, "):
        find("acc")
    with pytest.raises(AttributeError, match="no attribute 'acc'"):
        metrics.acc  # noqa: B018


def test_one_metric_is_found_without_the_others() -> None:
    program = (
        "import sys, infoeval.metrics\n"
        "infoeval.metrics.find('cluster-acc'), infoeval.metrics.cluster_accuracy\n"
        "ours = {n for n in sys.modules if n.startswith('infoeval.metrics.')}\n"
        "print(*sorted(ours))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.stdout.split() == [
        "infoeval.metrics._cluster_accuracy",
        "infoeval.metrics.registry",
        "infoeval.metrics.score",
        "infoeval.metrics.stats",
        "infoeval.metrics.stats.circle_frames",
        "infoeval.metrics.stats.code_factor_table",
        "infoeval.metrics.stats.contingency",
        "infoeval.metrics.stats.done_share",
        "infoeval.metrics.stats.mutual_information",
        "infoeval.metrics.stats.partition_agreement",
        "infoeval.metrics.stats.resampling",
        "infoeval.metrics.stats.row_intervals",
    ]


NEW = '''
import numpy as np

from infoeval.metrics import Score, metric


@metric(
    "largest-code",
    kind="codes",
    range="0 or more",
    summary="the largest value of any code",
    use="nothing",
    pitfalls="an outlier is all of it",
)
def largest_code(codes, *, power=1.0, **options):
    """Largest value of any code, to a power."""
    value = float(np.max(np.asarray(codes)) ** power)
    return Score(value, None, None, None, len(codes), "units", True, "", {"interval": "none"})
'''


def test_a_new_metric_is_one_module_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "largest_code.py").write_text(NEW, encoding="utf-8")
    np.savez(tmp_path / "codes.npz", codes=np.arange(12.0).reshape(6, 2))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(HOMES, "largest-code", "largest_code")
    assert find("largest-code").settings == {"power": 1.0}
    assert any(line.startswith("| `largest-code` | codes |") for line in table())
    result = CliRunner().invoke(main, ["metrics", "--json"])
    assert "largest-code" in {entry["name"] for entry in json.loads(result.output)}
    assert "largest-code" in CliRunner().invoke(main, ["metrics"]).output
    document = evaluation.score(tmp_path / "codes.npz", metrics=["largest-code:power=2"])
    assert [(found.metric, found.value) for found in document.results] == [("largest-code", 121.0)]


def table() -> list[str]:
    return markdown_table(all_metrics())


def test_the_table_of_the_docs_is_that_of_the_registry() -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert "\n".join(["<!-- metrics -->", "", *table(), "", "<!-- /metrics -->"]) in page
    printed = CliRunner().invoke(main, ["metrics", "--markdown"]).output
    assert printed.splitlines() == table()


def test_metrics_know_arrays_and_not_models() -> None:
    beside = ("arrays", "errors", "fragment", "intervals")
    modules = [*FOLDER.rglob("*.py"), *(FOLDER.parent / f"{name}.py" for name in beside)]
    allowed = ("infoeval.metrics", *(f"infoeval.{name}" for name in beside))
    for module in modules:
        source = module.read_text(encoding="utf-8")
        imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
        for line in imports:
            assert "torch" not in line
            if "infoeval" in line:
                assert line.startswith(tuple(f"from {name}" for name in allowed))
