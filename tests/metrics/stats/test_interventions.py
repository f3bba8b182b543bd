"""BetaVAE, FactorVAE and Z-max-var: published values, known truths, tables and functions."""

import json
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from infoeval.errors import UserError
from infoeval.intervals import clopper_pearson
from infoeval.metrics import factor_vae, z_max_var
from infoeval.metrics._beta_vae import _classified, beta_vae
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import as_table
from infoeval.metrics.stats.table_draws import (
    RowGroups,
    TableDraws,
    _impurities,
    classes_of_others,
    variances,
)

METRICS: list[Callable[..., Score]] = [beta_vae, factor_vae, z_max_var]
LITTLE: dict[str, Any] = {"train_points": 600, "test_points": 600, "batch": 32}
QUICK: dict[str, Any] = {**LITTLE, "replicates": 0}


def some_factors(n: int = 3_000, seed: int = 0) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, [3, 2, 4], size=(n, 3))


def standard(factors: NDArray[Any]) -> NDArray[np.float64]:
    """Factors of `some_factors` with mean 0 and deviation 1."""
    classes = np.array([3, 2, 4])
    return np.asarray((factors - (classes - 1) / 2) / np.sqrt((classes**2 - 1) / 12))


ROTATION = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]


@pytest.mark.fixtures
@pytest.mark.parametrize(
    ("key", "metric", "settings", "votes"),
    [
        ("dlib.beta_vae(table)", beta_vae, {}, 5_000),
        ("laforge.z_diff", beta_vae, {"preset": "laforge"}, 5_000),
        ("dlib.factor_vae(table)", factor_vae, {}, 5_000),
        ("laforge.z_min_var", factor_vae, {"preset": "laforge"}, 800),
        ("laforge.z_max_var", z_max_var, {}, 800),
    ],
)
def test_published_definitions_are_met(
    shared_fixtures: Path,
    key: str,
    metric: Callable[..., Score],
    settings: dict[str, Any],
    votes: int,
) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    chance = 0.2 if key.startswith("laforge") else 0.0
    compared = 0
    for table, sizes in reference.items():
        for n in (2000, 10000):
            if key not in sizes[f"N={n}"]:
                continue
            expected = sizes[f"N={n}"][key]
            arrays = np.load(shared_fixtures / f"{table}_{n}.npz")
            found = metric(arrays["codes"], arrays["factors"], replicates=0, null=0, **settings)
            # Both sides are shares of random votes.
            share = chance + (1 - chance) * expected["mean"]
            error = math.sqrt(max(share * (1 - share), 1e-4) / votes) / (1 - chance)
            tolerance = expected["half_range"] + 3 * error
            assert float(found) == pytest.approx(expected["mean"], abs=tolerance), (table, n)
            compared += 1
    assert compared >= 4


@pytest.mark.fixtures
def test_the_threshold_is_the_one_of_the_study(shared_fixtures: Path) -> None:
    arrays = np.load(shared_fixtures / "dsprites_factor_10000.npz")
    codes, factors = arrays["codes"], arrays["factors"]
    published = factor_vae(codes, factors, replicates=0)
    assert published.details["active"] == [f"code {j}" for j in range(10) if j != 8]
    # The code of deviation 0.04 wins votes where it may.
    everything = factor_vae(codes, factors, threshold=0.0, replicates=0)
    assert everything.details["active"] == [f"code {j}" for j in range(10)]
    assert sum(everything.details["votes"][8]) > 0
    assert everything.value == pytest.approx(0.786, abs=0.015)
    assert published.value == pytest.approx(0.772, abs=0.015)


@pytest.mark.parametrize("metric", METRICS)
def test_perfect_codes_score_1_and_noise_scores_chance(metric: Callable[..., Score]) -> None:
    factors = some_factors()
    chance = 0.0 if metric is z_max_var else 1 / 3
    perfect = np.column_stack([-2.0 * factors[:, 2], factors[:, 0], factors[:, 1] + 7.0])
    noise = np.random.default_rng(1).normal(size=(3_000, 3))
    score = metric(perfect, factors, null=3, **QUICK)
    assert float(score) == 1
    assert score.details["per_factor"] == [1, 1, 1]
    assert score.details["null"]["mean"] == pytest.approx(chance, abs=0.1)
    assert float(metric(noise, factors, **QUICK)) == pytest.approx(chance, abs=0.1)
    # A rotation lies between.
    rotated = float(metric(standard(factors) @ ROTATION, factors, **QUICK))
    assert chance + 0.2 < rotated < 1


@pytest.mark.parametrize("metric", METRICS)
def test_functions_have_the_same_truths(metric: Callable[..., Score]) -> None:
    factors = some_factors(200)
    random = np.random.default_rng(2)
    chance = 0.0 if metric is z_max_var else 1 / 3
    perfect = metric(lambda values: values * [1.0, 2.0, -0.5], factors, null=2, **LITTLE)
    assert (perfect.value, perfect.high) == (1, 1)
    assert perfect.n == 600
    assert perfect.details["null"]["high"] == pytest.approx(chance, abs=0.12)
    assert perfect.details["interval"].startswith("Student's t, deviation of 5 draws, holding")
    noise = metric(lambda values: random.normal(size=(len(values), 4)), factors, **QUICK)
    assert float(noise) == pytest.approx(chance, abs=0.1)
    assert float(metric(lambda values: standard(values) @ ROTATION, factors, **QUICK)) < 1


@pytest.mark.parametrize("metric", METRICS)
def test_a_table_and_its_function_agree(metric: Callable[..., Score]) -> None:
    factors = some_factors(8_000)
    mixing = np.eye(3) + 0.5 * np.random.default_rng(4).normal(size=(3, 3))
    random = np.random.default_rng(5)

    def encode(values: NDArray[Any]) -> NDArray[np.float64]:
        noise = random.normal(size=(len(values), 3))
        return np.asarray(standard(values) @ mixing + 0.7 * noise)

    effort: dict[str, Any] = {"train_points": 2_000, "test_points": 2_000, "batch": 24}
    table = metric(encode(factors), factors, replicates=0, **effort)
    function = metric(encode, factors, replicates=0, **effort)
    assert 0.2 < float(table) < 0.97
    assert float(function) == pytest.approx(float(table), abs=0.06)


def test_a_function_is_asked_for_no_more_than_it_is_said() -> None:
    asked: list[tuple[int, ...]] = []
    factors = pd.DataFrame({"size": [0.5, 1.0, 2.0, 4.0], "hue": [10, 20, 30, 10]})

    def encode(values: NDArray[Any]) -> NDArray[np.float64]:
        asked.append(values.shape)
        assert set(values[:, 0]) <= {0.5, 1.0, 2.0, 4.0}
        assert set(values[:, 1]) <= {10, 20, 30}
        values *= 2
        return np.asarray(values)

    score = beta_vae(encode, factors, train_points=300, test_points=200, batch=30, replicates=3)
    once = 2 * 30 * 500
    assert score.details["encodings"] == 300 * 30 + 4 * once
    assert sum(rows for rows, _ in asked) == score.details["encodings"]
    assert max(rows for rows, _ in asked) <= 4_096
    assert score.details["factors"] == ["size", "hue"]
    assert float(score) == 1
    asked.clear()
    score = factor_vae(encode, factors, train_points=300, test_points=200, batch=30, replicates=0)
    assert score.details["encodings"] == 300 * 30 + 30 * 500
    # A batch larger than a call is asked for in parts.
    asked.clear()
    z_max_var(encode, factors, train_points=2, test_points=1, batch=5_000, replicates=0)
    assert max(rows for rows, _ in asked) == 4_096


def test_words_are_factor_values_too() -> None:
    def encode(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.column_stack([values[:, 0] == "red", values[:, 1] == "big"]).astype(float)

    factors = [["red", "big"], ["blue", "small"], ["red", "small"]]
    for metric in METRICS:
        assert float(metric(encode, factors, **QUICK)) == 1


@pytest.mark.parametrize("metric", METRICS)
def test_order_of_codes_and_names_of_values_mean_nothing(metric: Callable[..., Score]) -> None:
    factors = some_factors()
    codes = factors @ ROTATION + 0.2 * np.random.default_rng(6).normal(size=(3_000, 3))
    value = float(metric(codes, factors, **QUICK))
    permuted = float(metric(codes[:, [2, 0, 1]], factors, **QUICK))
    assert permuted == pytest.approx(value, abs=0 if metric is not beta_vae else 0.005)
    assert float(metric(100 - codes, factors, **QUICK)) == pytest.approx(value, abs=0.005)
    # Other names put the rows in another order, from which others are drawn.
    renamed = np.column_stack([5 - factors[:, 0], factors[:, 1], (factors[:, 2] + 1) % 4])
    # Three bins merge two of the last factor's four classes, and which ones its names tell.
    settings = {**QUICK, "bins": 4} if metric is z_max_var else QUICK
    value, again = (float(metric(codes, each, **settings)) for each in (factors, renamed))
    assert again == pytest.approx(value, abs=0.06)


def test_scale_means_nothing_to_votes() -> None:
    factors = some_factors()
    codes = factors @ ROTATION + 0.2 * np.random.default_rng(6).normal(size=(3_000, 3))
    for metric in (factor_vae, z_max_var):
        value = float(metric(codes, factors, threshold=0.0, **QUICK))
        for scale in (1e-9, np.array([1e6, 1.0, 1e-6]), 1e25):
            again = float(metric(codes * scale + scale, factors, threshold=0.0, **QUICK))
            assert again == pytest.approx(value, abs=0.005)
    # The penalty of the classifier does weigh it.
    small = float(beta_vae(1e-3 * codes, factors, **QUICK))
    assert small < float(beta_vae(codes, factors, **QUICK)) - 0.1


@pytest.mark.parametrize("metric", METRICS)
def test_categorical_codes(metric: Callable[..., Score]) -> None:
    factors = some_factors()
    codes = np.array([[2, 0, 1, 3]]).repeat(3_000, axis=0)
    codes = np.column_stack([codes[0][factors[:, 2]], 1 - factors[:, 1], factors[:, 0]])
    assert float(metric(codes, factors, **QUICK)) == 1
    noisy = codes.copy()
    wrong = np.random.default_rng(7).random(codes.shape) < 0.3
    noisy[wrong] = 0
    value = float(metric(noisy, factors, **QUICK))
    renamed = np.array([7, 5, 1, 0])[noisy]
    assert float(metric(renamed, factors, **QUICK)) == pytest.approx(value, abs=0.003)
    mixed = pd.DataFrame({"a": noisy[:, 0], "b": noisy[:, 1] * 2.0, "c": noisy[:, 2]})
    assert metric(mixed, factors, **QUICK).value > 0.3

    def encode(values: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.column_stack(
            [values[:, 1], values[:, 0], [2, 0, 1, 3] @ np.eye(4)[:, values[:, 2]]]
        ).astype(int)

    assert float(metric(encode, factors, **QUICK)) == 1


def test_two_categories_are_a_number_of_0_and_1() -> None:
    factors = some_factors()
    codes = (factors @ ROTATION + np.random.default_rng(8).normal(size=(3_000, 3)) > 0.5) * 1
    for metric in METRICS:
        as_numbers = metric(codes * 1.0, factors, **QUICK)
        as_categories = metric(codes, factors, **QUICK)
        assert float(as_categories) == pytest.approx(float(as_numbers), abs=0.003)
    random = np.random.default_rng(9)
    classes = random.integers(0, 2, size=(5, 30)).astype(float)
    assert _impurities(classes) == pytest.approx(2 * classes.var(axis=1, ddof=1))
    classes = random.integers(0, 4, size=(5, 30)).astype(float)
    one_hot = (classes[:, :, None] == np.arange(4)).var(axis=1, ddof=1).sum(axis=1)
    assert _impurities(classes) == pytest.approx(one_hot)


def test_continuous_and_periodic_factors() -> None:
    random = np.random.default_rng(10)
    factors = pd.DataFrame(
        {
            "size": random.normal(size=4_000),
            "angle": random.uniform(0, 360, size=4_000),
            "kind": random.integers(0, 3, size=4_000),
        }
    )
    types = ["continuous", "periodic:360", "discrete"]
    codes = np.column_stack([factors["size"], factors["angle"] / 100, factors["kind"]])
    for metric in METRICS:
        score = metric(codes, factors, factor_types=types, **QUICK)
        assert float(score) == 1, metric
        assert score.details["factors"] == ["size", "angle", "kind"]
        # Exactly the same value, not the same bin.
        fixed = metric(lambda values: values * [1.0, 0.01, 1.0], factors, **QUICK)
        assert float(fixed) == 1, metric
    # Two values are in bins of one row, far out.
    assert beta_vae(codes, factors, **QUICK).details["rows_alone"][0] <= 6


@pytest.mark.parametrize("metric", METRICS)
def test_intervals_repeat_and_hold_the_value(metric: Callable[..., Score]) -> None:
    factors = some_factors(600)
    codes = factors @ ROTATION + 0.3 * np.random.default_rng(11).normal(size=(600, 3))
    score = metric(codes, factors, replicates=10, **LITTLE)
    assert score.low is not None
    assert score.high is not None
    assert score.low < score.value < score.high
    assert score.n == 600
    again = metric(codes, factors, replicates=10, **LITTLE)
    assert (again.value, again.low, again.high) == (score.value, score.low, score.high)
    assert again.details == score.details
    json.dumps(score.details)
    other = metric(codes, factors, seed=1, **QUICK)
    assert other.value != score.value
    assert other.value == pytest.approx(score.value, abs=0.1)
    assert (other.low, other.high, other.level) == (None, None, None)

    def encoder() -> Callable[[NDArray[Any]], NDArray[np.float64]]:
        random = np.random.default_rng(11)
        return lambda values: standard(values) @ ROTATION + random.normal(size=values.shape)

    drawn = metric(encoder(), factors, **LITTLE)
    assert drawn.low is not None
    assert drawn.high is not None
    assert drawn.low < drawn.value < drawn.high
    assert metric(encoder(), factors, **LITTLE).low == drawn.low
    # The value does not depend on what else is asked for.
    assert metric(encoder(), factors, null=1, **QUICK).value == drawn.value


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_wrong_is_no_certainty(metric: Callable[..., Score]) -> None:
    factors = some_factors()
    lowest = {count: clopper_pearson(count, count, 0.95)[0] for count in (20, 600)}
    for codes in (factors * 2.0, lambda values: values * 2.0):
        for count, low in lowest.items():
            effort = {"train_points": 600, "test_points": count, "batch": 32}
            score = metric(codes, factors, replicates=4, null=2, **effort)
            assert (score.value, score.high) == (1, 1)
            assert score.low == pytest.approx(1.5 * low - 0.5 if metric is z_max_var else low)
            # The value above chance is no more certain.
            chance, adjusted = score.details["null"]["mean"], score.details["adjusted"]
            assert (adjusted["value"], adjusted["high"]) == (1, 1)
            assert score.low is not None
            assert adjusted["low"] == pytest.approx((score.low - chance) / (1 - chance))
    assert lowest[20] == pytest.approx(0.8316, abs=1e-4)
    # Of a table whose rows tell more than the test points, they do nothing.
    noisy = factors @ ROTATION + np.random.default_rng(11).normal(size=(3_000, 3))
    score = metric(noisy[:40], factors[:40], replicates=10, **LITTLE)
    assert score.low is not None
    assert score.high is not None
    assert score.high - score.low > 0.1
    assert metric(noisy, factors, **QUICK).low is None


def test_constant_codes_are_never_voted_for() -> None:
    factors = some_factors()
    codes = np.column_stack([np.full(3_000, 0.1), factors, np.zeros(3_000)])
    for metric in (factor_vae, z_max_var):
        score = metric(codes, factors, threshold=0.0, **QUICK)
        assert float(score) == 1
        assert score.details["active"] == ["code 1", "code 2", "code 3"]
        assert score.details["factor_of"][0] is None
        pruned = metric(codes, factors, prune=True, **QUICK)
        assert pruned.details["pruned"] == ["code 0", "code 4"]
        assert float(pruned) == 1
        with pytest.raises(UserError, match="all codes are constant"):
            metric(np.full((3_000, 2), 0.1), factors)
        with pytest.raises(UserError, match=r"no code has a standard deviation of 0.05 or more"):
            metric(codes * 0.01, factors)

        def encode(values: NDArray[Any]) -> NDArray[np.float64]:
            return np.column_stack([values, np.full(len(values), 0.1)]) * 1.0

        score = metric(encode, factors, prune=True, **QUICK)
        assert score.details["pruned"] == ["code 3"]
        assert score.details["active"] == ["code 0", "code 1", "code 2"]
        with pytest.raises(UserError, match="all codes are constant"):
            metric(lambda values: np.full((len(values), 2), 0.1), factors)
    assert float(beta_vae(np.full((3_000, 2), 0.1), factors, **QUICK)) == pytest.approx(
        1 / 3, abs=0.06
    )


@pytest.mark.parametrize("metric", METRICS)
def test_what_cannot_be_scored(metric: Callable[..., Score]) -> None:
    factors = some_factors(50)
    codes = factors + 0.0
    with pytest.raises(UserError, match="one factor; there is nothing to tell apart"):
        metric(codes, factors[:, 0])
    with pytest.raises(UserError, match="one factor; there is nothing to tell apart"):
        metric(lambda values: values * 1.0, factors[:, 0], **QUICK)
    with pytest.raises(UserError, match="no two rows"):
        metric(np.eye(2), [[0, 0], [1, 1]])
    with pytest.raises(UserError, match="a code reaches 1e\\+40; scale the codes down"):
        metric(np.where(codes == 2, 1e40, codes), factors)
    with pytest.raises(UserError, match="no preset 'x'"):
        metric(codes, factors, preset="x")
    with pytest.raises(UserError, match="no option 'sed'"):
        metric(codes, factors, sed=3)
    for name in ("train_points", "test_points", "batch"):
        for number in (0, -1, 2.5, True, "8"):
            with pytest.raises(UserError, match=f"{name} is {number}; give a whole number >= "):
                metric(codes, factors, **{name: number})
    for name, number in (("seed", -1), ("replicates", -1), ("null", -1), ("level", 1.0)):
        with pytest.raises(UserError, match=f"{name} is "):
            metric(codes, factors, **{**LITTLE, name: number})
    for threshold in (-0.1, math.nan, math.inf):
        if metric is not beta_vae:
            with pytest.raises(UserError, match="threshold is"):
                metric(codes, factors, threshold=threshold)


@pytest.mark.parametrize("metric", METRICS)
def test_functions_that_answer_wrongly(metric: Callable[..., Score]) -> None:
    factors = some_factors(50)
    answers: list[tuple[Callable[[NDArray[Any]], Any], str]] = [
        (lambda values: values[:5] * 1.0, r"shape \(5, 3\) for \d+ rows of factors"),
        (lambda values: 3.0, r"shape \(\) for"),
        (lambda values: values[:, :, None] * 1.0, r"shape \(\d+, 3, 1\) for"),
        (lambda values: values / 0.0 if len(values) else values, "not a finite number"),
        (lambda values: values.astype(str), "not a finite number"),
        (lambda values: values * 1e200, "a code reaches"),
    ]
    for answer, message in answers:
        with np.errstate(all="ignore"), pytest.raises(UserError, match=message):
            metric(answer, factors, **QUICK)
    with pytest.raises(UserError, match="rows differ in length"):
        metric(lambda values: values * 1.0, [[1, 2], [3]], **QUICK)
    with pytest.raises(UserError, match="factor 1 has the same value in every row"):
        metric(lambda values: values * 1.0, [[1, 2], [3, 2]], **QUICK)
    widths = iter(range(1, 1_000))
    with pytest.raises(UserError, match=r"the function gave \d+ codes, then \d+"):
        metric(lambda values: np.ones((len(values), next(widths))), factors, batch=9_000)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n", [2, 3, 4, 6, 10])
def test_tiny_tables(metric: Callable[..., Score], n: int) -> None:
    scored = limited = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(12):
            random = np.random.default_rng([n, seed])
            factors = random.integers(0, 2, size=(n, 2))
            codes = random.normal(size=(n, 1 + seed % 3))
            effort = {"train_points": 1 + seed, "test_points": 1 + seed % 4, "batch": 2 + seed % 3}
            try:
                score = metric(codes, factors, replicates=3, null=2, **effort)
            except UserError:
                continue
            scored += 1
            assert math.isfinite(score.value)
            assert math.isfinite(score.low or 0.0)
            reason = score.details["interval"].startswith("none: ")
            assert (score.low is None) == (score.level is None) == reason
            adjusted = score.details.get("adjusted", {"low": None})
            assert (adjusted["low"] is None) or score.low is not None
            limited += score.low is not None
    assert scored > 0 or n < 4
    # Halves of 4 rows hardly ever have two rows of every factor's value.
    assert limited > 0 or n <= 4


def test_drawn_rows_share_a_group() -> None:
    classes = np.random.default_rng(12).integers(0, 50, size=200)
    classes[:2] = [70, 71]
    classes = np.unique(classes, return_inverse=True)[1]
    counts = np.bincount(classes)
    for even in (False, True):
        groups = RowGroups(classes, even)
        random = np.random.default_rng(13)
        first, second = (groups.rows[places] for places in groups.pairs((200, 300), random))
        assert (classes[first] == classes[second]).all()
        assert (first != second).all()
        rows = groups.rows[groups.batches((20, 3_000), random)].T
        assert (classes[rows] == classes[rows[:, :1]]).all()
        share = np.where(counts > 1, 1.0 if even else counts, 0.0)
        share /= share.sum()
        for chosen in (classes[first].ravel(), classes[rows[:, 0]]):
            found = np.bincount(chosen, minlength=len(counts)) / len(chosen)
            assert found[counts == 1].sum() == 0
            assert np.abs(found - share).max() < 5 * math.sqrt(share.max() / len(chosen))
        # All rows of a group are equally frequent, on both sides.
        largest = np.flatnonzero(classes == counts.argmax())
        for side in (first.ravel(), second.ravel(), rows.ravel()):
            frequency = np.bincount(side, minlength=200)[largest]
            assert frequency.min() > 0.7 * frequency.mean()


def test_combinations_of_the_other_factors() -> None:
    classes = np.random.default_rng(14).integers(0, [2, 3, 2, 5], size=(60, 4))
    found = classes_of_others(classes)
    for k in range(4):
        others = np.delete(classes, k, axis=1)
        expected = (others[:, None] == others).all(axis=2)
        assert ((found[:, k, None] == found[:, k]) == expected).all()


def test_variances_and_differences_are_those_of_numpy() -> None:
    random = np.random.default_rng(15)
    classes = random.integers(0, 4, size=(400, 2))
    values = random.normal(size=(400, 3)) * [1.0, 1e-7, 1e4] + [1e3, classes[0, 0], -1e9]
    values[:, 1] += classes[:, 0]
    drawn = values[random.integers(0, 400, size=(64, 50))]
    found = variances(drawn.copy(), np.array([], dtype=np.intp))
    assert found == pytest.approx(drawn.var(axis=0, ddof=1))
    draws = TableDraws(as_table(values, None).codes, classes, even=False)
    assert draws.spread == pytest.approx(values.var(axis=0, ddof=1))
    held = random.integers(0, 2, size=2_000)
    differences = draws.differences(held, 100, random)
    for k in range(2):
        inside = [values[classes[:, k] == v] for v in range(4)]
        weights = [len(part) / 400 for part in inside]
        apart = [np.abs(p[:, None] - p).sum(axis=(0, 1)) / (len(p) * (len(p) - 1)) for p in inside]
        mean = np.average(apart, axis=0, weights=weights)
        assert differences[held == k].mean(axis=0)[[0, 2]] == pytest.approx(mean[[0, 2]], rel=0.01)
    codes = np.array([2, 1])
    relative = draws.relative_variances(held, 100, codes, random)
    for k in range(2):
        inside = [values[classes[:, k] == v] for v in range(4)]
        expected = np.average([part.var(axis=0) for part in inside], axis=0, weights=weights)
        expected /= draws.spread
        found = relative[held == k].mean(axis=0)
        assert found == pytest.approx(expected[codes], rel=0.02, abs=1e-12)


def test_the_classifier_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(16)
    labels = random.integers(0, 4, size=1_500)
    for scale, noise in ((1.0, 1.0), (0.05, 0.5), (20.0, 3.0), (1.0, 0.05)):
        centres = random.normal(size=(4, 5))
        features = scale * (centres[labels] + noise * random.normal(size=(1_500, 5)) + 3)
        model = LogisticRegression(max_iter=20_000, tol=1e-8).fit(features[:1_000], labels[:1_000])
        found = _classified(features, labels[:1_000], 100)
        assert (found == model.predict(features)).mean() > 0.998
    assert (_classified(features, np.full(10, 2), 100) == 2).all()
    assert set(_classified(features, np.array([3, 1, 3]), 100)) <= {1, 3}
    # Nothing but separable points, on any scale.
    for scale in (1e-30, 1e-9, 1e9, 1e30):
        found = _classified(scale * centres[labels], labels[:1_000], 100)
        assert (found == labels).all() or scale < 1e-3
    wide = random.normal(size=(300, 80)) + labels[:300, None]
    assert (_classified(wide, labels[:200], 100) == labels[:300]).mean() > 0.9
