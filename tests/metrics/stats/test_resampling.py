"""Intervals of any metric: of the mean, whose error is known, and of several numbers at once."""

import math
from typing import Any, get_args

import numpy as np
import pytest
from scipy import stats

from infoeval.errors import UserError
from infoeval.metrics import mig
from infoeval.metrics.score import Score
from infoeval.metrics.stats.resampling import Resample, score_parts, score_table, table_of

KINDS = get_args(Resample)
WIDE = (-math.inf, math.inf)


def mean_of(n: int, resample: Any, seed: int = 0, fit: int = 0, **options: Any) -> Score:
    """The mean of n normal values of deviation 2, as if it were a metric."""
    codes = 2 * np.random.default_rng(seed).normal(size=(n, 1))
    table = table_of(codes, np.arange(n), options)  # type: ignore[arg-type]
    return score_table(
        table,
        float(codes.mean()),
        lambda rows, _: float(codes[rows].mean()),
        options,  # type: ignore[arg-type]
        bounds=WIDE,
        unit="1",
        reference="",
        details={},
        resample=resample,
        fit=fit,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_interval_of_a_mean_is_as_wide_as_theory_says(kind: str) -> None:
    """Over 40 samples: the mean square of the error that an interval tells is that of the mean."""
    n, level = 400, 0.9
    count = {"bootstrap": 400, "deviation": 20, "jackknife": 20, "blocks": 5}[kind]
    quantile = stats.norm.ppf(0.95) if kind == "bootstrap" else stats.t.ppf(0.95, count - 1)
    errors = []
    for seed in range(40):
        score = mean_of(n, kind, seed, level=level, replicates=400)
        assert score.low is not None
        assert score.high is not None
        errors.append((score.high - score.low) / 2 / quantile)
    truth = 2 / math.sqrt(n)
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(truth, rel=0.15)


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_the_truth_as_often_as_they_say(kind: str) -> None:
    scores = [mean_of(100, kind, seed, level=0.9, replicates=200) for seed in range(200)]
    held = np.mean([score.low <= 0 <= score.high for score in scores])  # type: ignore[operator]
    # Of 200 draws at 0.9 the share lies in here but for one time in a thousand.
    assert 0.82 <= held <= 0.97


@pytest.mark.parametrize("kind", KINDS)
def test_rows_to_fit_on_and_rows_to_score_are_drawn_apart(kind: str) -> None:
    seen = []
    codes = np.arange(30.0)[:, None]
    table = table_of(codes, np.arange(30), {})
    score_table(
        table,
        0.0,
        lambda rows, _: seen.append(int((rows < 20).sum()) / len(rows)) or 0.0,  # type: ignore[func-returns-value]
        {"replicates": 10},
        bounds=WIDE,
        unit="1",
        reference="",
        details={},
        resample=kind,  # type: ignore[arg-type]
        fit=20,
    )
    assert seen
    assert seen == pytest.approx([2 / 3] * len(seen), abs=0.05)


def test_several_numbers_each_have_their_interval() -> None:
    codes = np.add(np.random.default_rng(0).normal(size=(200, 1)), [0.0, 5.0])
    table = table_of(codes, np.arange(200), {})
    score = score_parts(
        table,
        {"first": float(codes[:, 0].mean()), "second": float(codes[:, 1].mean())},
        lambda rows, others: codes[rows].mean(axis=0).tolist(),
        {"null": 4, "level": 0.5},
        bounds=(-0.05, 5.05),
        unit="1",
        reference="",
        details={"more": 1},
    )
    parts = score.details["parts"]
    assert list(parts) == ["first", "second"]
    assert (score.value, score.low, score.high) == tuple(
        parts["first"][k] for k in ("value", "low", "high")
    )
    for part in parts.values():
        assert part["low"] <= part["value"] <= part["high"]
        assert part["null"]["tables"] == 4
    assert parts["second"]["value"] > 4
    assert parts["second"]["high"] <= 5.05
    assert score.details["null"] == parts["first"]["null"]
    assert score.details["more"] == 1
    assert score.level == 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_without_replicates_there_is_no_interval(kind: str) -> None:
    score = mean_of(10, kind, replicates=0)
    assert (score.low, score.high, score.level) == (None, None, None)
    assert score.details["interval"] == "none: no replicates"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sede": 3}, "no option 'sede'; there are code_types, factor_types, level"),
        ({"level": 1.0}, "level is 1.0"),
        ({"replicates": -1}, "replicates is -1"),
        ({"null": -2}, "null is -2"),
        ({"null": 0.5}, "null is 0.5"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_options_that_there_are_not(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        mig(np.zeros((4, 1)), np.arange(4), **options)
