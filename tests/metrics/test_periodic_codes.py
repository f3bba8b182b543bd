"""Codes that are angles: no metric depends on where they are 0, and perfect ones are perfect."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics import (
    Score,
    all_metrics,
    code_factors,
    consistency,
    dci,
    downstream_accuracy,
    factor_vae,
    infomec,
    irs,
    mcc,
    mig,
    omes,
    sap,
    tad,
    total_correlation,
)
from infoeval.metrics.registry import Metric

Array = NDArray[np.float64]
N = 600
RANDOM = np.random.default_rng(0)
ANGLE, SIZE, KIND = RANDOM.uniform(0, 2 * math.pi, N), RANDOM.random(N), np.arange(N) % 4
FACTORS = np.stack([ANGLE, SIZE, KIND], axis=1)
TYPES = ["periodic", "continuous", "discrete"]
NOISE = RANDOM.uniform(0, 2 * math.pi, N)
MOVED: list[Callable[[Array], Array]] = [
    lambda a: a + 2.5,
    lambda a: 1 - a,
    lambda a: -a - 40 * math.pi,
]
"""A shift, mirrors, and turns."""
REFUSED = {
    "total-correlation": "an angle has no covariance",
    "wasserstein-correlation": "an angle has no covariance",
    "tad": "which of two values is larger",
}
EVERY = all_metrics("table", "interventions", "codes")


def scored(metric: Metric, angle: Array, factors: Array = FACTORS, **settings: Any) -> Score:
    codes = np.stack([angle, -SIZE, KIND * 1.3], axis=1)
    settings |= {"code_types": ["periodic", "continuous", "continuous"]}
    settings |= {"replicates": 0, "null": 0}
    if metric.kind == "interventions":
        settings |= {"train_points": 200, "test_points": 100}
    if metric.kind != "codes":
        settings |= {"factors": factors, "factor_types": TYPES}
    score = metric.function(codes, **settings)
    assert isinstance(score, Score)
    return score


def numbers(score: Score) -> list[float]:
    parts = score.details.get("parts")
    return [part["value"] for part in parts.values()] if parts else [score.value]


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.name)
def test_where_an_angle_is_0_and_which_way_it_turns_changes_nothing(metric: Metric) -> None:
    if metric.name in REFUSED or metric.costly:
        return
    for angle in (ANGLE + 0.7 * NOISE / math.pi, NOISE):
        first = numbers(scored(metric, angle))
        for move in MOVED:
            assert numbers(scored(metric, move(angle))) == pytest.approx(first, abs=1e-9)


@pytest.mark.parametrize("name", REFUSED)
def test_metrics_that_have_no_meaning_for_an_angle_say_so(name: str) -> None:
    (metric,) = [metric for metric in EVERY if metric.name == name]
    factors = np.stack([ANGLE, SIZE, KIND % 2], axis=1)
    with pytest.raises(UserError, match=f"code 0 is periodic; .*{REFUSED[name]}"):
        scored(metric, ANGLE, factors)


def of_angle(metric: Any, angle: Array, **settings: Any) -> Score:
    """The score of one angle, and of a code for the size, against both factors."""
    score = metric(
        np.stack([angle, SIZE], axis=1),
        FACTORS[:, :2],
        code_types=["periodic", "continuous"],
        factor_types=TYPES[:2],
        **({"replicates": 0, "null": 0} | settings),
    )
    assert isinstance(score, Score)
    return score


@pytest.mark.parametrize("move", [lambda a: a, *MOVED])
def test_a_shifted_or_mirrored_angle_is_a_perfect_code(move: Any) -> None:
    angle = move(ANGLE)
    assert float(of_angle(code_factors, angle)) == pytest.approx(1)
    assert numbers(of_angle(mcc, angle)) == pytest.approx([1, 1, 1, 1], abs=1e-3)
    counted = of_angle(mig, angle).details
    assert counted["information"][0][0] == pytest.approx(counted["factor_entropies"][0])
    assert float(of_angle(sap, angle)) > 0.98
    assert float(of_angle(irs, angle)) > 0.95
    assert float(of_angle(downstream_accuracy, angle, sizes=[100])) > 0.98
    assert min(numbers(of_angle(infomec, angle))[:2]) > 0.97
    assert float(of_angle(factor_vae, angle)) == 1
    assert float(of_angle(omes, angle, bins=4, preset="signed")) > 0.9


def test_an_angle_scores_no_less_than_the_line_it_is_cut_from() -> None:
    """By bins, the score of a shifted angle is that of the angle itself as a number."""
    codes, line = np.stack([ANGLE, SIZE], axis=1), ["continuous", "continuous"]
    options: dict[str, Any] = {"factor_types": TYPES[:2], "replicates": 0, "null": 0}
    as_number = float(mig(codes, FACTORS[:, :2], code_types=line, **options))
    assert float(of_angle(mig, ANGLE + 1)) == pytest.approx(as_number, abs=0.003)
    moved = np.stack([(ANGLE + 1) % (2 * math.pi), SIZE], axis=1)
    assert float(mig(moved, FACTORS[:, :2], code_types=line, **options)) < as_number - 0.05


def test_importances_of_sine_and_cosine_are_those_of_one_code() -> None:
    score = of_angle(dci, ANGLE + 1)
    assert np.shape(score.details["importance"]) == (2, 2)
    assert score.value > 0.95
    assert score.details["informativeness"][0] > 0.85
    assert numbers(of_angle(dci, 1 - ANGLE)) == numbers(score)


def test_angles_of_noise_score_as_chance_does() -> None:
    assert float(of_angle(code_factors, NOISE).details["associations"][0]["value"]) < 0.15
    assert of_angle(mig, NOISE).details["per_factor"][0] < 0.1
    assert of_angle(sap, NOISE).details["per_factor"][0] < 0.02
    assert of_angle(mcc, NOISE).details["correlations"][0][0] < 0.15
    assert of_angle(dci, NOISE).details["informativeness"][0] < 0.15
    assert of_angle(irs, NOISE).details["per_code"][0] < 0.35
    assert of_angle(downstream_accuracy, NOISE, sizes=[100]).details["per_factor"][0][0] == 0


def test_values_by_hand() -> None:
    """Four angles a quarter of a turn apart, and a factor that is 1 in two neighbours."""
    angle = np.tile([0.0, 90.0, 180.0, 270.0], 30)
    two = (angle >= 180).astype(np.intp)
    options: dict[str, Any] = {"code_types": ["periodic:360"], "replicates": 0, "null": 0}
    pair = code_factors(angle, two, **options).details["associations"][0]
    assert pair["measure"] == "I / H(factor)"
    assert pair["value"] == pytest.approx(1)
    # cos(a + 45°) is the indicator of two neighbours, up to its scale.
    assert mcc(angle, two * 1.0, factor_types=["continuous"], **options).value == pytest.approx(1)
    # The height √½ of each of four points explains cos fully: R² = 1.
    assert float(sap(angle, np.cos(np.radians(angle)) + 2, **options)) == pytest.approx(1)


def test_the_measure_of_an_angle_and_a_number_is_circular() -> None:
    options: dict[str, Any] = {"code_types": ["periodic"], "replicates": 0, "null": 0}
    kinds: dict[Literal["circular", "linear"], float] = {"circular": 1.0, "linear": 0.78}
    for kind, expected in kinds.items():
        score = code_factors((ANGLE + 1) % 7, ANGLE, periodic=kind, **options)
        assert score.details["associations"][0]["measure"] == f"{kind} correlation"
        score = code_factors(ANGLE + 1, ANGLE, periodic=kind, **options)
        assert float(score) == pytest.approx(expected, abs=0.02)


def test_angles_that_hardly_turn_are_pruned_wherever_they_stand() -> None:
    still = 2 * math.pi - 0.02 + 0.04 * RANDOM.random(N)
    for angle in (still, still + 2):
        score = of_angle(code_factors, angle % (2 * math.pi), prune=True)
        assert score.details["pruned"] == ["code 0"]
    assert of_angle(code_factors, still + 3 * ANGLE / math.pi, prune=True).details["pruned"] == []


def test_functions_may_give_angles_of_any_period() -> None:
    factors = np.indices((8, 5)).reshape(2, -1).T

    def encode(turn: float, start: float, values: Array) -> Array:
        turned = (values[:, 0] * turn / 8 + start) % turn
        return np.stack([turned, values[:, 1]], axis=1)

    less: dict[str, Any] = {"train_points": 100, "test_points": 100, "replicates": 0, "batch": 16}
    found = {
        (turn, start): factor_vae(
            partial(encode, turn, start),
            factors,
            code_types=[f"periodic:{turn}", "continuous"],
            **less,
        )
        for turn, start in ((360, 0), (360, 100), (1, 0.3))
    }
    assert {float(score) for score in found.values()} == {1.0}
    deviations = [score.details["deviation"][0] for score in found.values()]
    assert deviations == pytest.approx([1, 1, 1], abs=0.02)


def test_metrics_of_several_models_compare_numbers() -> None:
    with pytest.raises(UserError, match="all codes are continuous"):
        consistency([SIZE, SIZE], code_types=["periodic"])


def test_a_wrong_period_is_an_error() -> None:
    for word in ("periodic:0", "periodic:x", "continuous:360"):
        with pytest.raises(UserError):
            total_correlation(FACTORS, code_types=[word, "continuous", "continuous"])
    with pytest.raises(UserError, match="code 0 is periodic"):
        tad(ANGLE, KIND % 2, code_types=["p"])
