"""Explicitness: published values, areas against scikit-learn, invariances and hostile tables."""

import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsRestClassifier

from infoeval.errors import UserError
from infoeval.metrics._explicitness import class_areas, explicitness
from infoeval.metrics.stats.code_factor_table import as_table
from infoeval.metrics.stats.probes import Probe, fit_one_against_rest, fit_softmax, inputs_of

VALUE: Any = {"replicates": 0, "null": 0}
FEW: Any = {"replicates": 3, "null": 2}


def known(seed: int, n: int = 600) -> tuple[NDArray[Any], NDArray[Any]]:
    """Codes that know two factors more or less well, and one that knows nothing."""
    random = np.random.default_rng(seed)
    factors = random.integers(0, [3, 5], size=(n, 2))
    noise = random.normal(size=(n, 3))
    return np.column_stack([factors + noise[:, :2], noise[:, 2]]), factors


@pytest.mark.parametrize("n", [2000, 10000])
def test_published_definitions_are_met(shared_fixtures: Path, n: int) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    for table, sizes in reference.items():
        arrays = np.load(shared_fixtures / f"{table}_{n}.npz")
        codes, factors = arrays["codes"], arrays["factors"]
        test = arrays["codes_test"], arrays["factors_test"]
        expected = sizes[f"N={n}"]
        found = explicitness(codes, factors, test=test, **VALUE)
        published = expected["dlib.explicitness"]["scores"]
        assert float(found) == pytest.approx(published["test"]["mean"], abs=1e-5), table
        fitted = np.mean(found.details["fitted"])
        assert fitted == pytest.approx(published["train"]["mean"], abs=1e-5), table
        found = explicitness(codes, factors, preset="laforge", **VALUE)
        published = expected["laforge.explicitness"]["mean"]
        assert float(found) == pytest.approx(published, abs=1e-5), table


@pytest.mark.parametrize("classes", [2, 4])
def test_probes_are_those_of_scikit_learn(classes: int) -> None:
    random = np.random.default_rng(classes)
    numbers = random.integers(0, classes, size=400) ** 2
    inputs = random.normal(size=(400, 3)) + 0.5 * numbers[:, None] * [1.0, 0.0, -0.2]
    for penalty, balanced in ((1.0, False), (0.1, True)):
        options = {"C": 1 / penalty, "class_weight": "balanced" if balanced else None}
        theirs: Any = LogisticRegression(**options, tol=1e-10, max_iter=5_000)
        theirs.fit(inputs, numbers)
        ours = fit_softmax(inputs, numbers, penalty=penalty, balanced=balanced)
        likely = np.exp(ours.log_probabilities(inputs))
        assert likely == pytest.approx(theirs.predict_proba(inputs), abs=1e-4)
        assert (ours.predict(inputs) == theirs.predict(inputs)).mean() > 0.99
        theirs = OneVsRestClassifier(LogisticRegression(**options, tol=1e-10, max_iter=5_000))
        theirs.fit(inputs, numbers)
        ours = fit_one_against_rest(inputs, numbers, penalty=penalty, balanced=balanced)
        likely = np.exp(ours.log_probabilities(inputs))
        assert likely == pytest.approx(theirs.predict_proba(inputs), abs=1e-4)
        assert ours.converged


def test_weights_without_a_penalty_may_grow() -> None:
    inputs = np.linspace(-300, 300, 60)[:, None]
    probe = fit_softmax(inputs, np.repeat([0, 1, 2], 20), penalty=0, tolerance=1e-9)
    likely = probe.log_probabilities(inputs)
    assert np.isfinite(likely).all()
    assert likely.max(axis=1).mean() > -1e-3
    stopped = fit_softmax(inputs, np.arange(60) % 3, iterations=1)
    assert not stopped.converged


def test_areas_are_those_of_scikit_learn_at_any_weights() -> None:
    random = np.random.default_rng(0)
    classes = random.integers(0, 4, size=300)
    inputs = np.round(random.normal(size=(300, 2)) + classes[:, None] * 0.3, 1)
    probe = fit_softmax(inputs, classes)
    likely = probe.log_probabilities(inputs)
    for _ in range(5):
        rows = random.choice(300, 300)
        expected = roc_auc_score(np.eye(4)[classes[rows]], likely[rows], average=None)
        found = class_areas(probe, inputs[rows], classes[rows])
        assert found == pytest.approx(np.asarray(expected), abs=1e-12)
    # Rows of a class that the probe does not know are no class to score, but rows beside others.
    other = np.where(classes == 3, 9, classes)
    is_class = np.eye(10)[other][:, :3]
    areas = [roc_auc_score(is_class[:, k], likely[:, k]) for k in range(3)]
    assert class_areas(probe, inputs, other)[:3] == pytest.approx(areas)
    assert np.isnan(class_areas(probe, inputs, other)[3])
    alone = class_areas(Probe(np.array([1]), np.zeros((1, 3))), inputs, classes)
    assert alone.tolist() == [0.5]


def test_inputs_are_scaled_by_the_rows_to_fit_on() -> None:
    table = as_table([[1.0, 5], [3.0, 5], [9.0, 5], [9.0, 6]], [0, 1, 1, 0])
    found = inputs_of(table.codes, 2)
    assert found.T.tolist() == [[-1, 1, 7, 7], [0, 0, 0, 0]]
    assert inputs_of(table.codes, 2, "range")[:, 0].tolist() == [0, 1, 4, 4]
    table = as_table(np.array([[7], [3], [7]]), [0, 1, 1])
    assert inputs_of(table.codes, 2).tolist() == [[0, 1], [1, 0], [0, 1]]


@pytest.mark.parametrize("preset", ["disentanglement_lib", "laforge"])
def test_perfect_codes_score_one_and_noise_chance(preset: Any) -> None:
    random = np.random.default_rng(1)
    factors = random.integers(0, 6, size=(3_000, 2))
    rotated = factors @ np.array([[1.0, 1.0], [1.0, -1.0]])
    assert float(explicitness(rotated, factors, preset=preset, **VALUE)) > 0.97
    noise = random.normal(size=(3_000, 4))
    chance = 0.5 if preset == "disentanglement_lib" else 0.0
    score = explicitness(noise, factors, preset=preset, null=3, replicates=0)
    assert float(score) == pytest.approx(chance, abs=0.06)
    assert score.details["null"]["mean"] == pytest.approx(chance, abs=0.06)


@pytest.mark.parametrize("preset", ["disentanglement_lib", "laforge"])
def test_order_scale_and_names_mean_nothing(preset: Any) -> None:
    random = np.random.default_rng(2)
    codes, factors = known(2)
    test = None if preset == "laforge" else known(3)
    found = float(explicitness(codes, factors, test=test, preset=preset, **VALUE))
    rows, renaming = random.permutation(600), random.permutation(5)
    renamed = None if test is None else (test[0], renaming[test[1]])
    moved = None if test is None else (-9 * test[0][:, ::-1] + 4, test[1])
    for other, other_test in (
        ((codes[rows], factors[rows]), test),
        ((-9 * codes[:, ::-1] + 4, factors), moved),
        ((codes, renaming[factors]), renamed),
    ):
        again = explicitness(*other, test=other_test, preset=preset, **VALUE)
        assert float(again) == pytest.approx(found, abs=1e-5)


def test_intervals_cover_what_such_tables_score_repeat_and_shrink() -> None:
    """Halves are fitted anew: the interval is that of fit and scored rows together."""
    ten: Any = {"replicates": 10, "null": 0}
    truth = np.mean([float(explicitness(*known(1000 + seed, 300), **VALUE)) for seed in range(60)])
    scores = [explicitness(*known(100 + seed, 300), **ten) for seed in range(20)]
    held = [score.low <= truth <= score.high for score in scores]  # type: ignore[operator]
    assert sum(held) >= 17
    first, more = scores[0], explicitness(*known(6, 4_800), **ten)
    assert first.low is not None
    assert first.high is not None
    assert more.low is not None
    assert more.high is not None
    assert first.low < first.value < first.high
    assert more.high - more.low < 0.5 * (first.high - first.low)
    again = explicitness(*known(100, 300), **ten)
    assert (again.low, again.high) == (first.low, first.high)
    assert first.details["interval"].startswith("deviation of 10 random halves")


def test_factors_and_codes_of_all_types() -> None:
    random = np.random.default_rng(7)
    angle = random.uniform(0, 2 * math.pi, size=1_500)
    size = random.normal(size=1_500)
    shape = random.integers(0, 3, size=1_500)
    codes = pd.DataFrame({"x": np.cos(angle), "size": size, "kind": (shape + 1) % 3})
    factors = pd.DataFrame({"angle": angle, "size": size, "shape": shape, "rank": shape})
    kinds = ["periodic", "continuous", "discrete", "ordinal"]
    for preset in ("disentanglement_lib", "laforge"):
        score = explicitness(codes, factors, factor_types=kinds, preset=preset, **FEW)  # type: ignore[arg-type]
        # A category is read as such: class numbers out of order would not be.
        assert score.details["per_factor"][2:] == pytest.approx([1, 1])
        assert min(score.details["per_factor"]) > 0.6
        assert score.details["converged"]
        json.dumps(score.details)


@pytest.mark.filterwarnings("error")
def test_classes_that_are_missing_on_one_side() -> None:
    codes, factors = known(8, 60)
    classes = factors[:, 1]
    fewer = explicitness(codes[classes > 0], classes[classes > 0], test=(codes, classes), **FEW)
    assert fewer.details["classes"] == [4]
    other = explicitness(codes, classes, test=(codes[classes > 1], classes[classes > 1]), **FEW)
    assert other.details["classes"] == [3]
    with pytest.raises(UserError, match="factor 0: no class to score"):
        explicitness(codes, classes, test=(codes[:9], np.full(9, 7)))
    with pytest.raises(UserError, match="factor 0: no class to score"):
        explicitness(codes[:3], [0, 1, 2])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("preset", ["disentanglement_lib", "laforge"])
def test_tables_that_tell_little(preset: Any) -> None:
    codes, factors = known(9, 60)
    chance = 0.5 if preset == "disentanglement_lib" else 0.0
    assert float(explicitness(np.ones((60, 2)), factors, preset=preset, **FEW)) == chance
    assert 0 < float(explicitness(codes[:, 0], factors[:, 0], preset=preset, **FEW)) < 1
    for n in range(2, 11):
        try:
            few = explicitness(codes[:n], np.arange(n) % 2, preset=preset, **FEW)
        except UserError as error:
            assert "give more" in str(error)  # noqa: PT017
        else:
            assert -1 <= few.value <= 1
            assert (few.low is None) == few.details["interval"].startswith("none: ")
    dead = np.column_stack([codes, np.ones(60)])
    pruned = explicitness(dead, factors, preset=preset, prune=True, **VALUE)
    assert pruned.details["pruned"] == ["code 3"]


def test_wrong_options_are_one_line() -> None:
    codes, factors = known(10)
    with pytest.raises(UserError, match="no preset 'x'; there are disentanglement_lib, laforge"):
        explicitness(codes, factors, preset="x")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="preset 'laforge' scores the rows that it was fitted on"):
        explicitness(codes, factors, preset="laforge", test=(codes, factors))
    with pytest.raises(UserError, match="level is 0"):
        explicitness(codes, factors, level=0)


def test_nothing_is_warned_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explicitness(1e6 * known(11)[0], known(11)[1], replicates=5)
