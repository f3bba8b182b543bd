"""Downstream accuracy: scikit-learn's values, known truths, intervals and hostile tables."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from infoeval.errors import UserError
from infoeval.metrics._downstream_accuracy import downstream_accuracy
from infoeval.metrics.score import Score

VALUE: Any = {"replicates": 0, "null": 0}
FEW: Any = {"replicates": 2, "null": 1}


def values(score: Score) -> dict[str, float]:
    return {name: part["value"] for name, part in score.details["parts"].items()}


def known(seed: int, n: int = 600) -> tuple[NDArray[Any], NDArray[Any]]:
    """Codes that know two factors more or less well, and one that knows nothing."""
    random = np.random.default_rng(seed)
    factors = random.integers(0, [3, 5], size=(n, 2))
    noise = random.normal(size=(n, 3)) * [0.3, 0.6, 1.0]
    return np.column_stack([factors + noise[:, :2], noise[:, 2]]), factors


@pytest.mark.parametrize("probe", ["logistic", "gradient boosting"])
def test_the_largest_size_is_what_scikit_learn_scores(probe: Any) -> None:
    train, test = known(0, 400), known(1, 300)
    scaler = StandardScaler().fit(train[0])
    inputs, others = scaler.transform(train[0]), scaler.transform(test[0])
    for kind in ("discrete", "ordinal"):
        score = downstream_accuracy(
            *train, test=test, sizes=[400], probe=probe, factor_types=[kind] * 2, **VALUE
        )
        models: dict[tuple[str, str], Any] = {
            ("logistic", "discrete"): LogisticRegression(tol=1e-8, max_iter=1_000),
            ("logistic", "ordinal"): Ridge(),
            ("gradient boosting", "discrete"): GradientBoostingClassifier(random_state=0),
            ("gradient boosting", "ordinal"): GradientBoostingRegressor(random_state=0),
        }
        model = models[probe, kind]
        expected = [
            model.fit(inputs, here).score(others, there)
            for here, there in zip(train[1].T, test[1].T, strict=True)
        ]
        # Ours are trees that look for splits in another way.
        tolerance = 0.04 if (probe, kind) == ("gradient boosting", "discrete") else 1e-6
        assert score.details["per_factor"][0] == pytest.approx(expected, abs=tolerance)
        assert list(values(score)) == ["at 400"]


def test_more_labels_read_more() -> None:
    score = downstream_accuracy(*known(2, 8_000), sizes=[10, 100, 1_000], **FEW)
    parts = values(score)
    assert list(parts) == ["at 1000", "at 100", "at 10"]
    assert parts["at 1000"] > parts["at 100"] > parts["at 10"]
    assert float(score) == parts["at 1000"]
    assert score.details["draws"] == [5, 5, 5]
    efficiency = parts["at 100"] / parts["at 1000"]
    assert score.details["sample_efficiency"] == pytest.approx(efficiency)
    for part in score.details["parts"].values():
        assert part["low"] <= part["value"] <= part["high"]
    json.dumps(score.details)


def test_sizes_that_the_table_lacks_are_left_out(shared_fixtures: Path) -> None:
    arrays = np.load(shared_fixtures / "noisy_2000.npz")
    score = downstream_accuracy(arrays["codes"], arrays["factors"], **VALUE)
    assert score.details["sizes"] == [1000, 100]
    assert score.details["left_out"] == [10000]
    assert score.details["draws"] == [1, 5]
    assert 0.5 < score.details["sample_efficiency"] < 1
    none = downstream_accuracy(arrays["codes"], arrays["factors"], sizes=[50], **VALUE)
    assert none.details["sample_efficiency"] is None


def test_perfect_codes_and_noise() -> None:
    random = np.random.default_rng(3)
    factors = random.integers(0, 4, size=(3_000, 2))
    noise = random.normal(size=(3_000, 3))
    for kind, chance in (("discrete", 0.25), ("ordinal", 0.0)):
        types = [kind] * 2
        perfect = downstream_accuracy(
            factors @ np.array([[1.0, 1.0], [1.0, -1.0]]), factors, factor_types=types, **VALUE
        )
        assert float(perfect) > 0.99
        nothing = downstream_accuracy(noise, factors, factor_types=types, replicates=0, null=3)
        assert float(nothing) == pytest.approx(chance, abs=0.03)
        assert nothing.details["null"]["mean"] == pytest.approx(chance, abs=0.03)


def test_scale_and_names_mean_nothing() -> None:
    codes, factors = known(4)
    test = known(5)
    found = values(downstream_accuracy(codes, factors, test=test, **VALUE))
    renaming = np.random.default_rng(4).permutation(5)
    for other, other_test in (
        ((-5 * codes[:, ::-1] + 3, factors), (-5 * test[0][:, ::-1] + 3, test[1])),
        ((codes, renaming[factors]), (test[0], renaming[test[1]])),
    ):
        again = values(downstream_accuracy(*other, test=other_test, **VALUE))
        assert again == pytest.approx(found, abs=2e-3)


@pytest.mark.slow
def test_intervals_hold_what_such_tables_score() -> None:
    scores = [
        downstream_accuracy(*known(100 + seed, 750), sizes=[50, 500], null=0, replicates=8)
        for seed in range(15)
    ]
    for name in ("at 50", "at 500"):
        parts = [score.details["parts"][name] for score in scores]
        expected = float(np.mean([part["value"] for part in parts]))
        assert sum(part["low"] <= expected <= part["high"] for part in parts) >= 12
    large = downstream_accuracy(*known(6, 6_000), sizes=[50, 500], null=0, replicates=8)
    assert large.low is not None
    assert large.high is not None
    assert scores[0].low is not None
    assert scores[0].high is not None
    assert large.high - large.low < 0.6 * (scores[0].high - scores[0].low)
    again = downstream_accuracy(*known(100, 750), sizes=[50, 500], null=0, replicates=8)
    assert (again.low, again.high) == (scores[0].low, scores[0].high)


@pytest.mark.parametrize("probe", ["logistic", "gradient boosting"])
def test_factors_and_codes_of_all_types(probe: Any) -> None:
    random = np.random.default_rng(7)
    angle = random.uniform(0, 2 * math.pi, size=600)
    size = random.normal(size=600)
    shape = random.integers(0, 3, size=600)
    codes = pd.DataFrame(
        {"x": np.cos(angle), "y": np.sin(angle), "size": size, "kind": (shape + 1) % 3}
    )
    factors = pd.DataFrame({"angle": angle, "size": size, "shape": shape, "rank": shape})
    kinds = ["periodic", "continuous", "discrete", "ordinal"]
    score = downstream_accuracy(codes, factors, factor_types=kinds, sizes=[300], probe=probe, **FEW)
    assert min(score.details["per_factor"][0]) > 0.97
    assert score.details["converged"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("probe", ["logistic", "gradient boosting"])
def test_tables_that_tell_little(probe: Any) -> None:
    random = np.random.default_rng(8)
    for n in range(3, 11) if probe == "logistic" else (3, 5):
        kinds = ["discrete", "continuous", "periodic"]
        factors = np.column_stack([np.arange(n) % 4, np.arange(n), np.arange(n)])
        score = downstream_accuracy(
            random.normal(size=(n, 2)),
            factors,
            factor_types=kinds,
            sizes=[2],
            probe=probe,
            replicates=4,
            null=2,
        )
        assert 0 <= score.value <= 1
        assert (score.low is None) == score.details["interval"].startswith("none: ")
    codes, factors = known(9)
    constant = downstream_accuracy(np.ones((600, 1)), factors, sizes=[200], probe=probe, **FEW)
    assert 0.1 < float(constant) < 0.5
    same = codes[:9], np.full((9, 2), 2)
    for kind, lowest in (("discrete", 0.1), ("ordinal", 0.0)):
        one = downstream_accuracy(
            codes, factors, test=same, sizes=[400], probe=probe, factor_types=[kind] * 2, **FEW
        )
        assert lowest <= float(one) <= 1


def test_wrong_options_are_one_line() -> None:
    codes, factors = known(10, 60)
    with pytest.raises(UserError, match="40 rows to fit on; give more, or smaller sizes than 100"):
        downstream_accuracy(codes, factors)
    with pytest.raises(UserError, match=r"sizes are \[1\]; give numbers of rows"):
        downstream_accuracy(codes, factors, sizes=[1])
    with pytest.raises(UserError, match=r"sizes are \[\]"):
        downstream_accuracy(codes, factors, sizes=[])
    with pytest.raises(UserError, match="no probe 'mlp'; there are logistic, gradient boosting"):
        downstream_accuracy(codes, factors, probe="mlp")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="level is 7"):
        downstream_accuracy(codes, factors, sizes=[20], level=7)
