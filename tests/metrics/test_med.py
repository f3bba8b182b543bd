"""MED: published values, known truths, invariances, intervals and hostile tables."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics._med import med
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import (
    code_disentanglement,
    completeness,
    disentanglement,
    factor_completeness,
)

PARTS = ["disentanglement", "completeness", "informativeness"]


def values(score: Score) -> list[float]:
    return [score.details["parts"][name]["value"] for name in PARTS]


def known(seed: int, n: int = 900) -> tuple[NDArray[Any], NDArray[Any]]:
    """Codes that know three factors more or less well, and two that know nothing."""
    random = np.random.default_rng(seed)
    factors = random.integers(0, [3, 4, 6], size=(n, 3))
    noise = random.uniform(-1, 1, size=(n, 5))
    return np.column_stack([factors + noise[:, :3], noise[:, 3:]]), factors


@pytest.mark.parametrize("n", [2000, 10000])
def test_published_definitions_are_met(shared_fixtures: Path, n: int) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    for table, sizes in reference.items():
        arrays = np.load(shared_fixtures / f"{table}_{n}.npz")
        codes, factors = arrays["codes"], arrays["factors"]
        test = arrays["codes_test"], arrays["factors_test"]
        expected = {k: v["mean"] for k, v in sizes[f"N={n}"]["med"]["scores"].items()}
        found = values(med(codes, factors, test=test, replicates=0, null=0))
        for name, value in zip(PARTS[:2], found, strict=False):
            assert value == pytest.approx(expected[name], abs=1e-6), (table, name)
        # One row of a thousand, of one factor of five.
        assert found[2] == pytest.approx(expected["informativeness_test"], abs=2.5e-4), table
        found = values(med(codes, factors, test=test, top=2, replicates=0, null=0))
        for name, value in zip(PARTS[:2], found, strict=False):
            assert value == pytest.approx(expected[f"top2_{name}"], abs=1e-6), (table, name)


def test_perfect_mixed_and_random_codes() -> None:
    random = np.random.default_rng(0)
    factors = random.integers(0, 4, size=(3_000, 2))
    perfect = med(5.0 * factors[:, ::-1], factors, estimator="corrected", replicates=0, null=0)
    assert values(perfect) == pytest.approx([1, 1, 1], abs=5e-3)
    mixed = factors @ np.array([[1.0, 1.0], [1.0, -1.0]])
    assert max(values(med(mixed, factors, replicates=0, null=0))[:2]) < 0.05
    twice = np.column_stack([factors, factors]).astype(float)
    halved = med(twice, factors, estimator="corrected", replicates=0, null=0)
    assert values(halved) == pytest.approx([1, 0.5, 1], abs=5e-3)
    noise = med(random.normal(size=(3_000, 4)), factors, replicates=0, null=0)
    assert max(values(noise)[:2]) < 0.05
    assert values(noise)[2] == pytest.approx(0.25, abs=0.04)


def test_order_scale_and_names_mean_nothing() -> None:
    random = np.random.default_rng(1)
    codes, factors = known(1)
    test = known(2)
    found = values(med(codes, factors, test=test, replicates=0, null=0))
    rows, columns = random.permutation(900), random.permutation(5)
    renaming = random.permutation(6)
    for other, other_test in (
        ((codes[rows], factors[rows]), test),
        ((codes[:, columns], factors), (test[0][:, columns], test[1])),
        ((64 * codes + 8, factors), (64 * test[0] + 8, test[1])),
        ((codes, renaming[factors]), (test[0], renaming[test[1]])),
    ):
        again = values(med(*other, test=other_test, replicates=0, null=0))
        # A row on the border between two classes may fall to either side.
        assert again == pytest.approx(found, abs=1e-3)


def test_top_codes_are_the_most_disentangled_of_each_factor() -> None:
    codes, factors = known(3)
    mixed = codes[:, :1] + factors[:, 1:2]
    score = med(np.column_stack([mixed, codes]), factors, top=1, replicates=0, null=0)
    assert score.details["kept"] == ["code 1", "code 2", "code 3"]
    assert np.shape(score.details["importance"]) == (6, 3)
    whole = med(codes, factors, replicates=0, null=0)
    assert len(whole.details["kept"]) == 5
    assert score.value > whole.value


TEN: Any = {"replicates": 10, "null": 0}


def test_intervals_hold_what_such_tables_score() -> None:
    scores = [med(*known(100 + seed, 600), **TEN) for seed in range(24)]
    for name in PARTS:
        parts = [score.details["parts"][name] for score in scores]
        expected = float(np.mean([part["value"] for part in parts]))
        assert sum(part["low"] <= expected <= part["high"] for part in parts) >= 20
    small, large = scores[0], med(*known(0, 4_800), **TEN)
    for name in PARTS:
        widths = [each.details["parts"][name] for each in (small, large)]
        assert widths[1]["high"] - widths[1]["low"] < 0.6 * (widths[0]["high"] - widths[0]["low"])
    again = med(*known(0, 4_800), **TEN)
    assert (again.low, again.high) == (large.low, large.high)
    assert (large.n, large.level, large.unit) == (4_800, 0.95, "fraction")


def test_the_null_is_that_of_shuffled_rows() -> None:
    score = med(*known(4), null=4, replicates=0)
    for name in PARTS:
        part = score.details["parts"][name]
        assert part["null"]["low"] <= part["null"]["mean"] <= part["null"]["high"] < part["value"]
    assert score.details["null"]["mean"] < 0.1


def test_factors_and_codes_of_all_types() -> None:
    random = np.random.default_rng(5)
    angle = random.uniform(0, 2 * math.pi, size=2_400)
    size = random.normal(size=2_400)
    shape = random.integers(0, 3, size=2_400)
    codes = pd.DataFrame({"x": angle, "size": size, "kind": (shape + 1) % 3})
    factors = pd.DataFrame({"angle": angle, "size": size, "shape": shape, "rank": shape})
    kinds = ["periodic", "continuous", "discrete", "ordinal"]
    score = med(codes, factors, factor_types=kinds)
    assert np.argmax(score.details["importance"], axis=0).tolist() == [0, 1, 2, 2]
    # A category is read as such: class numbers out of order would not be.
    assert score.details["accuracy"][2:] == [1, 1]
    assert score.details["converged"]
    json.dumps(score.details)


@pytest.mark.filterwarnings("error")
def test_tables_that_tell_little() -> None:
    random = np.random.default_rng(6)
    codes, factors = known(6, 60)
    constant = med(np.ones((60, 2)), factors)
    assert values(constant)[:2] == [0, 0]
    one = med(codes[:, 0], factors)
    assert one.details["parts"]["completeness"]["value"] == 1
    for n in range(3, 11):
        few = med(random.normal(size=(n, 2)), np.arange(2 * n).reshape(n, 2) % 5)
        assert all(0 <= value <= 1 for value in values(few))
    single = med(codes, factors, test=(codes[:4], np.full((4, 3), 9)))
    assert values(single)[2] == 0
    dead = np.column_stack([codes, np.ones(60)])
    assert med(dead, factors, prune=True, replicates=0, null=0).details["pruned"] == ["code 5"]
    with pytest.raises(UserError, match="2 rows; give more"):
        med(codes[:2], [[0, 1], [1, 0]])
    with pytest.raises(UserError, match="med compares factors; give two or more"):
        med(codes, factors[:, 0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top": 0}, "top is 0"),
        ({"estimator": "ksg"}, "no estimator 'ksg'; there are plug-in, corrected"),
        ({"bins": 1}, "1 bins; give two or more"),
        ({"level": 2.0}, "level is 2.0"),
        ({"presets": "x"}, "no option 'presets'"),
    ],
)
def test_wrong_options_are_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        med(*known(7), **options)


def test_importance_is_judged_by_its_entropy() -> None:
    matrix = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
    halves = 1 - math.log(2) / math.log(3)
    assert code_disentanglement(matrix) == pytest.approx([halves, 1, 0], abs=1e-8)
    assert disentanglement(matrix) == pytest.approx((halves + 2) / 3, abs=1e-8)
    assert factor_completeness(matrix) == pytest.approx([1, 1, 1], abs=1e-8)
    assert completeness(matrix) == pytest.approx(1, abs=1e-8)
    assert disentanglement(np.zeros((3, 2))) == completeness(np.zeros((3, 2))) == 0
    assert code_disentanglement(np.array([[2.0], [0.0]])).tolist() == [1, 0]
    assert factor_completeness(np.array([[2.0, 0.0]])).tolist() == [1, 0]
    assert disentanglement(np.ones((4, 5))) == pytest.approx(0, abs=1e-9)
