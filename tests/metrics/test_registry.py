import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval import metrics
from infoeval.errors import UserError
from infoeval.metrics import METRICS, Score, metric, metrics_of

PAIRS = np.random.default_rng(0).integers(0, [2, 3], size=(240, 2))


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_runs_as_its_entry_says(name: str) -> None:
    entry = metric(name)
    assert entry.name == name
    codes, factors = PAIRS + 0.25 * np.random.default_rng(1).normal(size=PAIRS.shape), PAIRS
    given: dict[str, list[Any]] = {
        "labels": [PAIRS[:, 0], 1 - PAIRS[:, 0]],
        "table": [codes, factors],
        "interventions": [codes, factors],
        "codes": [codes],
        "models": [[codes, codes[:, ::-1]]],
    }
    options: dict[str, Any] = {"level": 0.9, "replicates": 5} if entry.kind != "labels" else {}
    score = entry.function(*given[entry.kind], **options)
    assert isinstance(score, Score)
    assert score.reference
    assert score.low is not None
    assert score.high is not None
    assert score.low <= score.value <= score.high
    words = entry.range.split()
    lowest = float(words[0]) if words[0] != "up" else -np.inf
    highest = np.inf if words[-1] == "more" else float(words[-1])
    assert lowest <= score.value <= highest
    again = entry.function(*given[entry.kind], **options)
    assert (again.value, again.low, again.high) == (score.value, score.low, score.high)


def test_descriptions_fit_one_line() -> None:
    for entry in METRICS.values():
        assert 0 < len(entry.description) <= 90
        assert "\n" not in entry.description


def test_own_arguments_are_those_of_the_function() -> None:
    assert metric("mig").arguments == {"preset": "disentanglement_lib", "estimator": "plug-in"}
    assert "fit_codes" in metric("cluster-acc").arguments
    assert metrics_of("labels") == ["cluster-acc", "cluster-nmi", "cluster-ari"]


def test_every_metric_of_the_package_is_registered() -> None:
    """Functions that return a Score, but for helpers, have an entry."""
    functions = {entry.function.__name__ for entry in METRICS.values()}
    public = {
        name
        for name in metrics.__all__
        if inspect.isfunction(getattr(metrics, name)) and name not in ("metric", "metrics_of")
    }
    assert functions == public


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(UserError, match=r"no metric 'acc'; there are cluster-acc, cluster-nmi"):
        metric("acc")


def test_metrics_know_arrays_and_not_models() -> None:
    folder = Path(inspect.getfile(metric)).parent
    beside = ("contingency", "errors", "intervals")
    modules = [*folder.glob("*.py"), *(folder.parent / f"{name}.py" for name in beside)]
    allowed = ("infoeval.metrics", *(f"infoeval.{name}" for name in beside))
    for module in modules:
        source = module.read_text(encoding="utf-8")
        imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
        for line in imports:
            assert "torch" not in line
            if "infoeval" in line:
                assert line.startswith(tuple(f"from {name}" for name in allowed))
