"""Metrics that fit predictors score a part of the rows of a large table, and say so."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.evaluation import score
from infoeval.metrics import Score, dci, dci_es, infomec, mcc

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
def test_rows_to_fit_on_and_to_score_keep_their_shares(metric: Callable[..., Score]) -> None:
    codes, factors = table(800)
    test = codes[:200], factors[:200]
    some = metric(codes[200:], factors[200:], test=test, most_rows=400, **PLAIN)
    assert (some.details["fit_n"], some.n) == (300, 400)
    few = metric(codes[:4], factors[:4], test=(codes[4:], factors[4:]), most_rows=100, **PLAIN)
    assert (few.details["fit_n"], few.n) == (2, 100)


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
