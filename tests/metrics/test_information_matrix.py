"""MIG and its relatives: published values, invariances, intervals and hostile tables."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics import dcimig, jemmig, mig, mig_sup, modularity
from infoeval.metrics.score import Score

Metric = Callable[..., Score]
METRICS: dict[str, Metric] = {
    "mig": mig,
    "mig-sup": mig_sup,
    "jemmig": jemmig,
    "dcimig": dcimig,
    "modularity": modularity,
}
EACH = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)

REFERENCES: dict[str, Metric] = {
    "dlib.mig": mig,
    "laforge.mig": partial(mig, preset="laforge"),
    "laforge.mig_sup": mig_sup,
    "laforge.jemmig": jemmig,
    "laforge.dcimig": dcimig,
    "dlib.modularity": modularity,
    "laforge.modularity": partial(modularity, preset="laforge"),
}


def known(random: np.random.Generator, n: int = 600) -> tuple[NDArray[Any], NDArray[Any]]:
    """Codes that know three factors more or less well, and one that knows nothing.

    They have sharp ends, so that more rows do not move the edges of the bins.
    """
    factors = random.integers(0, [3, 4, 6], size=(n, 3))
    noise = random.uniform(-1, 1, size=(n, 4))
    return np.column_stack([factors + noise[:, :3], noise[:, 3]]), factors


def informed(
    metric: Metric, codes: NDArray[Any], factors: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Modularity says that a code of nothing spoils its interval; one of two factors does not."""
    if metric is not modularity:
        return codes, factors
    return np.column_stack([codes[:, 0] + factors[:, 1], codes[:, 1:3]]), factors


@pytest.mark.parametrize("name", REFERENCES)
def test_published_definitions_are_met(shared_fixtures: Path, name: str) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    for table, sizes in reference.items():
        for n in (2000, 10000):
            arrays = np.load(shared_fixtures / f"{table}_{n}.npz")
            expected = sizes[f"N={n}"][name]["mean"]
            found = REFERENCES[name](arrays["codes"], arrays["factors"], replicates=0, null=0)
            # The references are rounded to six places.
            assert float(found) == pytest.approx(expected, abs=1e-6), table


def test_ksg_meets_its_reference(shared_fixtures: Path) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    for table, sizes in reference.items():
        arrays = np.load(shared_fixtures / f"{table}_2000.npz")
        expected = sizes["N=2000"]["sklearn.mig_ksg_k3"]["scores"]["mig_ksg"]["mean"]
        found = mig(arrays["codes"], arrays["factors"], estimator="ksg", replicates=0, null=0)
        # Equal codes are parted by noise of the size of a rounding error.
        ties = len(np.unique(arrays["codes"][:, 0])) < 2000
        assert float(found) == pytest.approx(expected, abs=1e-4 if ties else 1e-6), table


@EACH
def test_perfect_codes_score_one_and_noise_little(metric: Metric) -> None:
    random = np.random.default_rng(0)
    factors = random.integers(0, 10, size=(5_000, 4))
    assert float(metric(3.0 * factors - 7, factors, replicates=0, null=0)) > 0.98
    assert float(metric(factors[:, ::-1].copy(), factors, replicates=0, null=0)) > 0.98
    noise = random.normal(size=(5_000, 4))
    low, high = {modularity: (0.1, 0.8), jemmig: (0.1, 0.2)}.get(metric, (0, 0.01))
    assert low <= float(metric(noise, factors, replicates=0, null=0)) < high


@EACH
def test_names_order_and_scale_mean_nothing(metric: Metric) -> None:
    random = np.random.default_rng(1)
    codes, factors = known(random)
    value = float(metric(codes, factors, replicates=0, null=0))
    rows, columns = random.permutation(600), random.permutation(4)
    renamed = np.column_stack([random.permutation(50)[column] for column in factors.T])
    for other in (
        (codes[rows], factors[rows]),
        (codes[:, columns], factors[:, ::-1]),
        (codes, renamed),
        (-2.0 * codes + 64, factors),
    ):
        # Bins of mirrored codes hold their edges on the other side.
        assert float(metric(*other, replicates=0, null=0)) == pytest.approx(value, abs=2e-3)


@EACH
def test_intervals_hold_the_value_and_shrink(metric: Metric) -> None:
    random = np.random.default_rng(2)
    widths = []
    for n in (300, 4_800):
        codes, factors = informed(metric, *known(random, n))
        score = metric(codes, factors, replicates=30, null=0, level=0.9)
        assert score.low is not None
        assert score.high is not None
        assert 0 <= score.low <= score.value <= score.high <= 1
        assert (score.level, score.n, score.unit) == (0.9, n, "fraction")
        widths.append(score.high - score.low)
    assert widths[1] < 0.6 * widths[0]
    again = metric(codes, factors, replicates=30, null=0, level=0.9)
    assert (again.low, again.high) == (score.low, score.high)
    other = metric(codes, factors, replicates=30, null=0, level=0.9, seed=1)
    assert (other.low, other.high) != (score.low, score.high)
    bare = metric(codes, factors, replicates=0, null=0)
    assert (bare.low, bare.high, bare.level) == (None, None, None)
    assert bare.details["interval"].startswith("none")


@pytest.mark.parametrize("metric", [mig, dcimig, modularity], ids=lambda metric: metric.__name__)
def test_intervals_cover_what_such_tables_score_on_average(metric: Metric) -> None:
    """Not what many rows say: the counts' bias is in the value, and in what it is about."""

    def table(seed: int) -> Any:
        return informed(metric, *known(np.random.default_rng([seed, 3]), 600))

    values = [float(metric(*table(seed), replicates=0, null=0)) for seed in range(1000, 1150)]
    scores = [metric(*table(seed), null=0) for seed in range(40)]
    truth = np.mean(values)
    held = [score.low <= truth <= score.high for score in scores]  # type: ignore[operator]
    # Of 40 at 95 % 33 or fewer are held once in three hundred times.
    assert sum(held) >= 34


@EACH
def test_the_null_is_that_of_shuffled_rows(metric: Metric) -> None:
    codes, factors = known(np.random.default_rng(4))
    score = metric(codes, factors, replicates=0, null=20)
    null = score.details["null"]
    assert null["low"] <= null["mean"] <= null["high"]
    assert null["high"] < score.value
    shuffled = [
        float(metric(codes, np.random.default_rng(seed).permutation(factors), replicates=0, null=0))
        for seed in range(20)
    ]
    assert null["mean"] == pytest.approx(np.mean(shuffled), abs=0.02)


@EACH
def test_dead_codes_are_pruned_on_request(metric: Metric) -> None:
    random = np.random.default_rng(5)
    codes, factors = known(random)
    dead = np.column_stack([codes, 1e-3 * random.normal(size=600), np.ones(600)])
    score = metric(dead, factors, prune=True, replicates=0, null=0)
    assert score.details["pruned"] == ["code 4", "code 5"]
    assert float(score) == pytest.approx(float(metric(codes, factors, replicates=0, null=0)))
    assert np.isfinite(float(metric(dead, factors, replicates=0, null=0)))
    with pytest.raises(UserError, match="all codes are constant"):
        metric(np.ones((600, 2)), factors, prune=True)


@EACH
def test_one_code_is_a_table_too(metric: Metric) -> None:
    codes, factors = known(np.random.default_rng(6))
    assert 0 <= float(metric(codes[:, :1], factors, replicates=100)) <= 1
    assert 0 <= float(metric(np.ones(600), factors, replicates=100)) <= 1
    if metric is modularity:
        with pytest.raises(UserError, match="two factors"):
            metric(codes, factors[:, 0])
    else:
        assert 0 <= float(metric(codes, factors[:, 0], replicates=100)) <= 1
    assert 0 <= float(metric(codes[:2], [[0, 1], [1, 0]], replicates=100)) <= 1


@EACH
def test_factors_of_all_types_stand_side_by_side(metric: Metric) -> None:
    random = np.random.default_rng(7)
    angle = random.uniform(0, 360, size=900)
    size = random.normal(size=900)
    shape = random.integers(0, 3, size=900)
    codes = np.column_stack([angle % 180, size**3, shape[random.permutation(900)]])
    kinds = ["periodic:360", "continuous", "discrete"]
    factors = np.column_stack([angle, size, shape])
    score = metric(codes, factors, factor_types=kinds, replicates=100)
    assert 0 < score.value < 1
    turned = np.column_stack([angle + 720, size, shape])
    same = metric(codes, turned, factor_types=kinds, replicates=0, null=0)
    assert float(same) == pytest.approx(score.value, abs=1e-3)


@EACH
def test_categorical_codes_are_no_numbers(metric: Metric) -> None:
    random = np.random.default_rng(8)
    factors = random.integers(0, 8, size=(2_000, 2))
    far = np.array([0, 1, 2, 3, 4, 5, 6, 10**6])
    codes = far[factors]
    as_numbers = metric(codes.astype(float), factors, replicates=0, null=0)
    assert float(metric(codes, factors, replicates=0, null=0)) > max(0.9, float(as_numbers))


@EACH
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 1.0}, "level is 1.0"),
        ({"replicates": -1}, "replicates is -1"),
        ({"null": -1}, "null is -1"),
        ({"seed": -1}, "seed is -1"),
        ({"estimator": "exact"}, "no estimator 'exact'"),
    ],
)
def test_wrong_options_are_one_line(metric: Metric, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        metric(*known(np.random.default_rng(0)), **options)


def test_details_name_codes_and_factors() -> None:
    codes, factors = known(np.random.default_rng(9))
    details = mig(codes, factors, replicates=0, null=0).details
    assert details["best_code"] == ["code 0", "code 1", "code 2"]
    assert details["codes"] == [f"code {number}" for number in range(4)]
    assert np.shape(details["information"]) == (4, 3)
    assert np.mean(details["per_factor"]) == pytest.approx(float(mig(codes, factors)))
    assert mig_sup(codes, factors, replicates=0, null=0).details["best_factor"][:3] == [
        "factor 0",
        "factor 1",
        "factor 2",
    ]
    json.dumps(details)


def test_ksg_has_an_interval_of_rows_that_are_never_drawn_twice() -> None:
    codes, factors = known(np.random.default_rng(10), 400)
    score = mig(codes, factors, estimator="ksg")
    assert score.details["interval"].startswith("deviation of 60 random halves")
    assert score.low is not None
    assert score.high is not None
    assert 0.01 < score.high - score.low < 0.3
