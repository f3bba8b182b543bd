"""Metrics that fit predictors score a part of the rows of a large table, and say so."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.evaluation import score
from infoeval.metrics import Score, dci, dci_es, infomec, mcc
from infoeval.metrics.stats.resampling import at_most, split_table

FITTED: list[Callable[..., Score]] = [dci, dci_es, infomec, mcc]
PLAIN: dict[str, Any] = {"replicates": 0, "null": 0}


def table(n: int) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    factors = random.integers(0, [3, 4], size=(n, 2))
    return factors + 0.3 * random.normal(size=(n, 2)), factors


@pytest.mark.parametrize("metric", FITTED)
def test_so_many_rows_are_scored_and_it_says_so(metric: Callable[..., Score]) -> None:
    codes, factors = table(900)
    whole = metric(codes, factors, most_rows=900, **PLAIN)
    assert "sampled" not in whole.details
    assert whole.n == 900
    some = metric(codes, factors, most_rows=600, **PLAIN)
    assert some.n == 600
    assert some.details["sampled"] == "600 of 900 rows, drawn at random (most_rows)"
    assert some.value == pytest.approx(whole.value, abs=0.05)
    assert metric(codes, factors, most_rows=600, **PLAIN) == some
    assert metric(codes, factors, most_rows=600, seed=1, **PLAIN).value != some.value


@pytest.mark.parametrize("metric", [dci, dci_es, mcc])
@pytest.mark.parametrize(
    ("fit", "scored", "drawn"),
    [(600, 200, (267, 133)), (4, 796, (4, 396)), (797, 3, (397, 3)), (300, 500, (267, 133))],
)
def test_a_third_is_scored_and_few_rows_are_kept(
    metric: Callable[..., Score], fit: int, scored: int, drawn: tuple[int, int]
) -> None:
    codes, factors = table(fit + scored)
    test = codes[fit:], factors[fit:]
    some = metric(codes[:fit], factors[:fit], test=test, most_rows=400, **PLAIN)
    assert (some.details["fit_n"], some.n) == (drawn[0], 400)
    assert sum(drawn) == 400


def test_few_rows_to_score_are_scored_well() -> None:
    codes, factors = table(6_000)
    test = codes[5_990:], factors[5_990:]
    assert mcc(codes[:5_990], factors[:5_990], test=test, most_rows=100, **PLAIN).value > 0.8


def test_a_factor_that_is_constant_in_what_is_drawn_is_named() -> None:
    codes, factors = table(900)
    rare = np.zeros(900)
    rare[7] = 1
    with pytest.raises(UserError, match=r"factor 1 has the same value in all of the 50 rows"):
        dci(codes, np.column_stack([factors[:, 0], rare]), most_rows=50, **PLAIN)


def test_classes_that_are_not_drawn_are_not_fitted() -> None:
    codes, _ = table(900)
    split, _ = at_most(split_table(codes, np.arange(900), None, {}), 300, {})
    (factor,) = split.table.factors
    assert sorted(factor.values) == list(range(300))


def test_a_regression_on_all_rows_has_fewer_of_them() -> None:
    codes, factors = table(500)
    some = dci(codes, factors, preset="laforge", most_rows=300, **PLAIN)
    assert (some.details["fit_n"], some.n) == (300, 300)


def test_models_of_the_same_rows_stay_paired() -> None:
    codes, factors = table(700)
    scores = [
        mcc(each, factors, most_rows=500, replicates=20, null=0) for each in (codes, 2 * codes + 1)
    ]
    first, second = (each.samples for each in scores)
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(first.halves, second.halves, atol=1e-9)


@pytest.mark.parametrize("most", [9, 0, -5, 1.5, "all"])
def test_a_number_that_is_none_is_one_line(most: Any) -> None:
    with pytest.raises(UserError, match=r"most_rows is .*; give a whole number from 10 up"):
        mcc(*table(50), most_rows=most)


def test_an_option_of_a_request() -> None:
    results = score(*table(400), metrics=["mcc:most_rows=200"], **PLAIN).results
    whole = results[0]
    assert whole.typed.sampled == "200 of 400 rows, drawn at random (most_rows)"
    assert whole.n == 200
