"""Models compared: differences of their results, and the intervals of these."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval import Categorical, CodeSpace, Uniform, evaluation
from infoeval.data import load
from infoeval.errors import UserError
from infoeval.evaluation import generator_metrics
from infoeval.evaluation.differences import _difference
from infoeval.information.budgets import BUDGETS
from infoeval.information.checkpoint_information import CheckpointInformation, estimate_checkpoint
from infoeval.intervals import Subsamples
from infoeval.metrics import Score
from infoeval.results import Document, Result
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions
from tests.evaluation.scoring import store, table
from tests.tiny import TINY_BUDGET, tiny_trainer

CHEAP: Any = {"samples": 400, "device": "cpu", "budget": "tiny"}


@pytest.fixture(scope="module")
def estimates() -> dict[bytes, CheckpointInformation]:
    """What `estimated_once` knows, by the first weights of a checkpoint."""
    return {}


@pytest.fixture
def estimated_once(
    estimates: dict[bytes, CheckpointInformation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint's information is estimated once, however often it is compared."""

    def estimate(model: CheckpointModel, **options: Any) -> CheckpointInformation:
        assert (options["budget"], options["seed"], options["level"]) == (TINY_BUDGET, 0, 0.95)
        weights = next(model.networks.parameters()).detach().numpy().tobytes()
        if weights not in estimates:
            estimates[weights] = estimate_checkpoint(model, **options)
        return estimates[weights]

    monkeypatch.setitem(BUDGETS, "tiny", TINY_BUDGET)
    monkeypatch.setattr(generator_metrics, "estimate_checkpoint", estimate)


@pytest.mark.usefixtures("estimated_once")
@pytest.mark.parametrize("metrics", [["mi"], ["mi-own", "cluster-acc", "real-sorting"]])
def test_a_checkpoint_does_not_differ_from_itself(on_digits: Path, metrics: list[str]) -> None:
    compared = evaluation.compare([on_digits, on_digits], metrics=metrics, **CHEAP)
    assert {each.metric for each in compared.differences} >= set(metrics)
    for each in compared.differences:
        assert each.difference == 0
        if each.metric.startswith("mi"):
            assert each.kind == "difference of lower bounds"
        else:
            assert each.kind == ""
        if each.metric.startswith("mi") and each.target != "digit":
            # The code is continuous: nothing limits what either Q may miss.
            assert (each.low, each.high) == (None, None)
            continue
        assert each.low is not None
        assert each.high is not None
        assert each.low < 0 < each.high


@pytest.mark.usefixtures("estimated_once")
def test_swapping_negates(on_digits: Path, other_on_digits: Path) -> None:
    metrics = ["mi", "cluster-acc"]
    one = evaluation.compare([on_digits, other_on_digits], metrics=metrics, **CHEAP).differences
    two = evaluation.compare([other_on_digits, on_digits], metrics=metrics, **CHEAP).differences
    assert [(each.metric, each.target) for each in one] == [
        (each.metric, each.target) for each in two
    ]
    assert any(each.difference != 0 for each in one)
    for ours, theirs in zip(one, two, strict=True):
        assert ours.difference == -theirs.difference == ours.first - ours.second
        assert ours.kind == theirs.kind
        for end, other in ((ours.low, theirs.high), (ours.high, theirs.low)):
            assert (end is None) == (other is None) == (ours.target in ("slant", "all codes"))
            if end is not None and other is not None:
                assert end == pytest.approx(-other)


def result_of(value: float, low: float | None, high: float | None) -> Result:
    return Result("m", "c", value, low, high, 0.95, 9, "nats", True)


def test_the_interval_of_a_difference() -> None:
    """Equal, symmetric intervals add in quadrature; a missing limit leaves its side open."""
    even = _difference(result_of(5, 2, 8), result_of(1, -3, 5), 1, None, None)
    assert (even.difference, even.low, even.high) == (4, -1, 9)
    skewed = _difference(result_of(5, 2, 9), result_of(1, 0, 5), 1, None, None)
    assert (skewed.low, skewed.high) == (-1, pytest.approx(4 + math.sqrt(17)))
    open_above = _difference(result_of(5, 2, None), result_of(1, -3, 5), 1, None, None)
    assert (open_above.low, open_above.high) == (-1, None)
    open_below = _difference(result_of(5, 2, 8), result_of(1, -3, None), 1, None, None)
    assert (open_below.low, open_below.high) == (None, 9)


def noisy_table(path: Path, noise: float, random: np.random.Generator, n: int = 400) -> Path:
    """Codes of two factors with noise; the factors are always the same."""
    factors = np.random.default_rng(0).integers(0, [3, 5], size=(n, 2)).astype(float)
    codes = factors + noise * random.normal(size=factors.shape)
    np.savez(path, codes=codes, factors=factors, code_names=["one", "two"])
    return path


def test_models_of_the_same_rows_are_compared_by_the_same_halves(tmp_path: Path) -> None:
    """Two readings of one noise differ by less than two of noises of their own."""
    first, twin = (
        noisy_table(tmp_path / f"{name}.npz", noise, np.random.default_rng(1))
        for name, noise in (("first", 0.5), ("twin", 0.6))
    )
    rows = np.load(first)
    other = tmp_path / "other.npz"
    order = np.random.default_rng(2).permutation(len(rows["codes"]))
    np.savez(other, codes=rows["codes"][order], factors=rows["factors"][order])
    (paired,) = evaluation.compare([first, twin], metrics=["mig"], replicates=40).differences
    (apart,) = evaluation.compare([twin, other], metrics=["mig"], replicates=40).differences
    widths = []
    for item in (paired, apart):
        assert item.low is not None
        assert item.high is not None
        assert item.low < item.difference < item.high
        widths.append(item.high - item.low)
    assert widths[0] < 0.75 * widths[1]
    assert paired.low > 0  # type: ignore[operator]


def test_the_same_model_twice_differs_by_nothing_but_mistakes(tmp_path: Path) -> None:
    path = noisy_table(tmp_path / "one.npz", 0.5, np.random.default_rng(1))
    (same,) = evaluation.compare([path, path], metrics=["mig"], replicates=20).differences
    assert same.difference == 0
    assert same.low is not None
    assert same.high is not None
    assert same.low <= 0 <= same.high == -same.low < 0.05


@pytest.mark.usefixtures("estimated_once")
def test_codes_of_other_spaces(on_digits: Path, without_categories: Path, tmp_path: Path) -> None:
    """Common codes alone are compared, and all codes together are not common."""
    compared = evaluation.compare([on_digits, without_categories], metrics=["mi-own"], **CHEAP)
    assert [each.target for each in compared.differences] == ["slant"]
    codes = CodeSpace(digit=Categorical(10), turn=Uniform(-1, 1), noise=3)
    trainer = tiny_trainer(data="digits", codes=codes, steps=1, code_weights={})
    turned = train(trainer, load("digits"), tmp_path, RunOptions(device="cpu"))
    compared = evaluation.compare([on_digits, turned], metrics=["mi"], **CHEAP)
    assert {each.target for each in compared.differences} == {"digit"}
    with pytest.raises(UserError, match="no code in common: slant and digit, turn"):
        evaluation.compare([without_categories, turned], **CHEAP)


def test_models_without_a_common_result(tmp_path: Path) -> None:
    one = store(tmp_path / "one.npz", **table())
    two = store(tmp_path / "two.npz", **table(), code_names=["a", "b"])
    categorical = {"code_types": ["categorical"] * 2, "data": None}
    codes = store(tmp_path / "1.npz", codes=table()["factors"], factors=table()["factors"])
    other = store(
        tmp_path / "2.npz",
        codes=table()["factors"],
        factors=table()["factors"],
        code_names=["a", "b"],
    )
    with pytest.raises(UserError, match=r"1\.npz and .*2\.npz have no result in common"):
        evaluation.compare([codes, other], metrics=["cluster-nmi"], **categorical)
    assert evaluation.compare([one, two], metrics=["mig"], replicates=2).differences


def test_a_comparison_as_json(on_digits: Path, other_on_digits: Path) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in the JSON")

    models = [on_digits, other_on_digits]
    compared = evaluation.compare(models, metrics=None, samples=400, device="cpu")
    plain = json.loads(compared.to_json(), parse_constant=refuse)
    assert set(plain) == {"schema_version", "first", "second", "differences"}
    assert Document.from_json(json.dumps(plain["first"])) == compared.first
    assert Document.from_json(json.dumps(plain["second"])) == compared.second
    metrics = [
        [each["metric"] for each in part if each["metric"] != "image-effects"]
        for part in (plain["differences"], plain["first"]["results"])
    ]
    assert metrics[0] == metrics[1]  # which statistic a code changes most may differ


def test_the_json_of_three_has_the_others(subject: Path, twin: Path, trained: Any) -> None:
    three = [subject, twin, trained("another", 3)]
    comparison = evaluation.compare(three, metrics=["mi-own"], device="cpu")
    plain = json.loads(comparison.to_json())
    assert set(plain) == {"schema_version", "first", "second", "others", "differences"}
    checkpoints = [plain["first"], plain["second"], *plain["others"]]
    assert [each["subject"]["checkpoint"] for each in checkpoints] == [str(path) for path in three]
    assert [each["model"] for each in plain["differences"]] == [1, 1, 2, 2]


def test_two_tables_are_compared(tmp_path: Path) -> None:
    turned = table()["codes"] @ [[1, 1], [-1, 1]]
    good = store(tmp_path / "good.npz", **table())
    worse = store(tmp_path / "worse.npz", codes=turned, factors=table()["factors"])
    comparison = evaluation.compare([good, worse], metrics=["mig"], replicates=20, null=0)
    (difference,) = comparison.differences
    assert difference.low is not None
    assert difference.low > 0
    both = evaluation.compare([good, worse], metrics=["mig", "dci"], replicates=2, null=0)
    assert {each.metric for each in both.differences} == {
        *("mig", "dci-disentanglement", "dci-completeness", "dci-informativeness")
    }


@pytest.mark.usefixtures("among_models")
def test_functions_are_compared_with_one_another() -> None:
    models = ["model.py:encoder", "model.py:named"]
    comparison = evaluation.compare(models, metrics=["mig"], data="sprites", rows=200, replicates=2)
    assert [each.metric for each in comparison.differences] == ["mig"]


def test_settings_of_a_metric_are_kept_apart(tmp_path: Path) -> None:
    path = store(tmp_path / "codes.npz", **table())
    metrics = ["mig", "mig:estimator=corrected"]
    comparison = evaluation.compare([path, path], metrics=metrics, replicates=2)
    assert [each.difference for each in comparison.differences] == [0, 0]
    first, second = comparison.differences
    assert first.first != second.first
    names = ["mig", "mig:estimator=corrected"]
    assert [each.name for each in comparison.differences] == names
    plain = json.loads(comparison.to_json())["differences"]
    assert [each["options"] for each in plain] == ["", "estimator=corrected"]
    assert [line.split(",")[0] for line in comparison.to_csv().splitlines()[1:]] == names
    assert list(comparison.to_frame()["metric"]) == names
    assert all(f"{name}</" in comparison._repr_html_() for name in names)


@pytest.mark.parametrize("count", [0, 1])
def test_one_model_is_no_comparison(count: int) -> None:
    with pytest.raises(UserError, match="two models or more"):
        evaluation.compare(["nowhere.pt"] * count)


def test_progress_names_the_side(subject: Path, twin: Path) -> None:
    told: list[str] = []
    options: Any = {"device": "cpu", "progress": lambda text, share: told.append(text)}
    evaluation.compare([subject, twin], metrics=["mi-own"], **options)
    assert {text.partition(":")[0] for text in told} == {"first", "second"}
    told.clear()
    evaluation.compare([subject, twin, subject], metrics=["mi-own"], **options)
    assert {text.partition(": ")[0] for text in told} == {str(subject), str(twin)}


def test_parts_of_other_sizes_are_not_paired() -> None:
    """Of large tables, models of more codes are scored on smaller parts."""
    score = Score(0.5, 0.4, 0.6, level=0.95, n=30_000, unit="fraction")
    result = Result.of(score, metric="mig")
    values, nothing = np.linspace(0, 1, 30)[:, None], np.zeros(1)
    ours = Subsamples(values, values, nothing, nothing, (30_000, 10_000, 1_250))
    theirs = replace(ours, sizes=(30_000, 8_000, 1_000))
    paired, apart = (_difference(result, result, 1, ours, other) for other in (ours, theirs))
    assert (paired.low, paired.high) == (0.0, 0.0)
    assert apart.low == pytest.approx(-0.1 * 2**0.5)
    assert apart.high == pytest.approx(0.1 * 2**0.5)
