import inspect
from pathlib import Path

import pytest

from infoeval.errors import UserError
from infoeval.metrics import METRICS, Score, metric


@pytest.mark.parametrize("name", ["cluster-acc", "cluster-nmi", "cluster-ari"])
def test_every_metric_runs_as_its_entry_says(name: str) -> None:
    entry = metric(name)
    assert entry.name == name
    assert entry.needs == "categorical code + labels"
    parameters = inspect.signature(entry.function).parameters
    assert ("fit_codes" in parameters, "fit_labels" in parameters) == (entry.fits, entry.fits)
    assert ("seed" in parameters, "replicates" in parameters) == (entry.resamples,) * 2
    score = entry.function([0, 0, 1, 1, 0], [1, 1, 0, 0, 0], level=0.9)
    assert isinstance(score, Score)
    assert score.unit == entry.unit
    assert score.level == 0.9
    assert score.n == 5
    assert score.reference
    assert score.higher_is_better


def test_descriptions_fit_one_line() -> None:
    for entry in METRICS.values():
        assert 0 < len(entry.description) <= 90
        assert "\n" not in entry.description


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
