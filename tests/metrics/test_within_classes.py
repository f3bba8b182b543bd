"""Associations inside the classes of a factor: code_factors with ``within``."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from infoeval.errors import UserError
from infoeval.metrics import Score, code_factors

ROWS = 600
TURN = 2 * np.pi
Array = NDArray[Any]


def shapes(seed: int = 0) -> tuple[Array, pd.DataFrame]:
    """A code that turns each of three shapes, each from another angle on, and the factors."""
    random = np.random.default_rng(seed)
    code, shape = random.uniform(-1, 1, ROWS), random.choice(3, ROWS, p=[0.5, 0.3, 0.2])
    angle = (np.pi * code * np.array([1, -1, 1])[shape] + np.array([0.0, 2.0, 4.0])[shape]) % TURN
    size = 0.5 * code + random.normal(size=ROWS)
    factors = pd.DataFrame({"shape": shape, "angle": angle, "size": size})
    return code[:, None], factors


def scored(codes: Array, factors: pd.DataFrame, **options: Any) -> Score:
    types = {"shape": "discrete", "angle": "periodic", "size": "continuous"}
    given: dict[str, Any] = {"null": 20, "replicates": 10, **options}
    return code_factors(codes, factors, factor_types=[types[name] for name in factors], **given)


def pairs(score: Score) -> dict[str, dict[str, Any]]:
    return {pair["factor"]: pair for pair in score.details["associations"]}


def test_a_code_that_begins_elsewhere_in_each_class_is_found() -> None:
    codes, factors = shapes()
    overall, within = (pairs(scored(codes, factors, within=name)) for name in (None, "shape"))
    assert overall["angle"]["value"] < 0.6
    assert within["angle"]["value"] > 0.995
    assert within["angle"]["low"] > 0.99
    assert set(within) == {"angle", "size"}
    assert scored(codes, factors, within="shape").details["within"] == "shape"


def test_the_value_is_the_mean_over_classes_weighted_by_rows() -> None:
    codes, factors = shapes()
    of_class = [
        abs(stats.spearmanr(codes[rows, 0], factors["size"][rows]).statistic) * rows.mean()
        for rows in (factors["shape"].to_numpy() == number for number in range(3))
    ]
    within = pairs(scored(codes, factors, within="shape"))
    assert within["size"]["value"] == pytest.approx(sum(of_class), abs=1e-12)


def test_classes_of_one_or_two_rows_are_left_out() -> None:
    codes, factors = shapes()
    few = factors.copy()
    few.loc[:1, "shape"], few.loc[2, "shape"] = 3, 4
    kept, _ = codes[3:], few.iloc[3:].reset_index(drop=True)
    rest = pairs(scored(kept, few.iloc[3:].reset_index(drop=True), within="shape"))
    whole = pairs(scored(codes, few, within="shape"))
    for name in ("angle", "size"):
        assert whole[name]["value"] == pytest.approx(rest[name]["value"], abs=1e-12)


def test_noise_scores_what_chance_scores_within_classes() -> None:
    codes, factors = shapes()
    noise = np.random.default_rng(5).normal(size=codes.shape)
    found = pairs(scored(noise, factors, within="shape", null=100))
    for pair in found.values():
        assert pair["p"] > 0.02
        assert pair["value"] == pytest.approx(pair["null"]["mean"], abs=0.06)


def test_names_of_classes_and_the_order_of_factors_mean_nothing() -> None:
    codes, factors = shapes()
    renamed = factors.assign(shape=np.array(["b", "c", "a"])[factors["shape"]])
    first, second = scored(codes, factors, within="shape"), scored(codes, renamed, within="shape")
    assert float(first) == pytest.approx(float(second), abs=1e-12)
    turned = scored(codes, factors[["size", "shape", "angle"]], within="shape")
    for name, pair in pairs(first).items():
        assert pairs(turned)[name]["value"] == pytest.approx(pair["value"], abs=1e-12)


def test_shares_of_information_within_classes() -> None:
    random = np.random.default_rng(0)
    shape, code = random.integers(0, 2, ROWS), random.integers(0, 4, ROWS)
    factors = pd.DataFrame({"shape": shape, "kind": np.where(shape == 1, (code + 2) % 4, code)})
    types = {"code_types": ["categorical"], "factor_types": ["discrete", "discrete"]}
    given: dict[str, Any] = {**types, "null": 0, "replicates": 0}
    assert float(code_factors(code, factors, within="shape", **given)) == pytest.approx(1, abs=1e-9)
    overall = {
        pair["factor"]: pair
        for pair in code_factors(code, factors, **given).details["associations"]
    }
    assert overall["kind"]["value"] < 0.6


def test_linear_stands_beside_circular() -> None:
    codes, factors = shapes()
    fold = np.abs(codes)
    found = pairs(scored(fold, factors.assign(angle=(np.pi * codes[:, 0]) % TURN)))
    assert found["angle"]["value"] < 0.35
    assert found["angle"]["linear"] > 0.95
    assert "linear" not in found["size"]
    linear = pairs(
        scored(fold, factors.assign(angle=(np.pi * codes[:, 0]) % TURN), periodic="linear")
    )
    assert linear["angle"]["value"] == found["angle"]["linear"]
    assert "linear" not in linear["angle"]
    within = pairs(scored(codes, factors, within="shape"))
    assert 0.7 < within["angle"]["linear"] < 0.85  # a whole turn on a line


@pytest.mark.parametrize(
    ("within", "message"),
    [
        ("shapes", "no factor 'shapes'"),
        ("size", "within: size is continuous; give a discrete or ordinal factor"),
        ("angle", "within: angle is periodic"),
    ],
)
def test_what_has_no_classes(within: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        scored(*shapes(), within=within)


def test_the_only_factor_is_compared_with_nothing() -> None:
    codes, factors = shapes()
    with pytest.raises(UserError, match="within: shape is the only factor"):
        scored(codes, factors[["shape"]], within="shape")
