"""InfoMEC: published values, known truths, invariances, intervals and hostile tables."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics._infomec import _dominance, infomec
from infoeval.metrics.score import Score

VALUE: Any = {"replicates": 0, "null": 0}
PARTS = {"infom": "modularity", "infoc": "compactness", "infoe": "explicitness"}


def values(score: Score) -> list[float]:
    return [score.details["parts"][name]["value"] for name in PARTS.values()]


def known(seed: int, n: int = 600) -> tuple[NDArray[Any], NDArray[Any]]:
    """Codes that know three factors more or less well, and one that knows two of them."""
    random = np.random.default_rng(seed)
    factors = random.integers(0, [3, 4, 6], size=(n, 3))
    codes = np.column_stack([factors, factors[:, 0] + factors[:, 1]])
    return codes + random.normal(size=(n, 4)) * 0.7, factors


@pytest.mark.parametrize("n", [2000, 10000])
def test_published_definitions_are_met(shared_fixtures: Path, n: int) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    for table, sizes in reference.items():
        arrays = np.load(shared_fixtures / f"{table}_{n}.npz")
        score = infomec(arrays["codes"], arrays["factors"], **VALUE)
        for name, part in PARTS.items():
            expected = sizes[f"N={n}"]["infomec"]["scores"][name]
            value = score.details["parts"][part]["value"]
            if table == "categorical" and name != "infoc":
                # A code of noise decides InfoM there, and InfoE is above what any such regression
                # reaches: the best one, by Newton's method too, explains 0.0039 less.
                tolerance = 0.08 if name == "infom" else 5e-3
            elif len(np.unique(arrays["codes"][:, 0])) < 100 and name != "infoe":
                tolerance = 0.01  # equal codes are parted by noise
            else:
                tolerance = 1e-5 if name != "infoe" else 1e-6
            assert value == pytest.approx(expected["mean"], abs=tolerance), (table, name)


def test_perfect_mixed_and_random_codes() -> None:
    random = np.random.default_rng(0)
    factors = random.integers(0, 4, size=(3_000, 2))
    perfect = infomec(5.0 * factors[:, ::-1], factors, **VALUE)
    assert values(perfect) == pytest.approx([1, 1, 1], abs=0.02)
    mixed = infomec(factors @ np.array([[1.0, 1.0], [1.0, -1.0]]), factors, **VALUE)
    assert max(values(mixed)[:2]) < 0.1
    assert values(mixed)[2] == pytest.approx(1, abs=1e-4)
    twice = infomec(np.column_stack([factors, factors]).astype(float), factors, **VALUE)
    assert values(twice) == pytest.approx([1, 1 / 3, 1], abs=0.02)
    noise = infomec(random.normal(size=(3_000, 4)), factors, replicates=0, null=3)
    assert values(noise)[2] == pytest.approx(0, abs=0.01)
    assert noise.value < 0.95
    parts = noise.details["parts"]
    assert parts["explicitness"]["null"]["mean"] == pytest.approx(0, abs=0.01)
    assert parts["modularity"]["null"]["low"] <= parts["modularity"]["null"]["high"]


def test_order_scale_and_names_mean_nothing() -> None:
    random = np.random.default_rng(1)
    codes, factors = known(1)
    found = values(infomec(codes, factors, **VALUE))
    rows, columns = random.permutation(600), random.permutation(4)
    for other in (
        (codes[rows], factors[rows]),
        (codes[:, columns], factors[:, ::-1]),
        (-8 * codes, random.permutation(6)[factors]),
    ):
        assert values(infomec(*other, **VALUE)) == pytest.approx(found, abs=1e-4)


def test_narrow_codes_are_not_active() -> None:
    codes, factors = known(2)
    narrow = np.column_stack([1e-3 * codes[:, ::-1], codes, np.ones(600)])
    score = infomec(narrow, factors, **VALUE)
    assert score.details["active"] == [f"code {j}" for j in range(4, 8)]
    assert values(score)[:2] == pytest.approx(values(infomec(codes, factors, **VALUE))[:2])
    one = infomec(factors @ [1.0, 3.0, 12.0], factors, **VALUE)
    assert values(one)[1] == 1
    assert one.details["per_factor"] == [1, 1, 1]


TEN: Any = {"replicates": 10, "null": 0}


@pytest.mark.slow
def test_intervals_hold_what_such_tables_score() -> None:
    scores = [infomec(*known(100 + seed), **TEN) for seed in range(20)]
    for name in PARTS.values():
        parts = [score.details["parts"][name] for score in scores]
        expected = float(np.mean([part["value"] for part in parts]))
        assert sum(part["low"] <= expected <= part["high"] for part in parts) >= 17
    small, large = scores[0], infomec(*known(0, 4_800), **TEN)
    for name in PARTS.values():
        widths = [each.details["parts"][name] for each in (small, large)]
        assert widths[1]["high"] - widths[1]["low"] < 0.7 * (widths[0]["high"] - widths[0]["low"])
    again = infomec(*known(100), **TEN)
    assert (again.low, again.high) == (small.low, small.high)
    assert large.details["interval"].startswith("deviation of 10 random halves")


def test_factors_and_codes_of_all_types() -> None:
    random = np.random.default_rng(3)
    angle = random.uniform(0, 2 * math.pi, size=1_500)
    size = random.normal(size=1_500)
    shape = random.integers(0, 3, size=1_500)
    codes = pd.DataFrame({"x": angle, "size": size, "kind": (shape + 1) % 3})
    factors = pd.DataFrame({"angle": angle, "size": size, "shape": shape, "rank": shape})
    kinds = ["periodic", "continuous", "discrete", "ordinal"]
    score = infomec(codes, factors, factor_types=kinds, replicates=3, null=2)
    assert np.argmax(score.details["information"], axis=0).tolist() == [0, 1, 2, 2]
    assert score.details["information"][2][2:] == pytest.approx([1, 1])
    assert score.details["explicitness"][2:] == pytest.approx([1, 1], abs=1e-4)
    json.dumps(score.details)


@pytest.mark.filterwarnings("error")
def test_tables_that_tell_little() -> None:
    random = np.random.default_rng(4)
    nothing = infomec(np.arange(16) // 8 % 2, np.column_stack([np.arange(16) % 2, np.arange(16)]))
    assert 0 <= values(nothing)[1] <= 1
    balanced = np.indices((2, 2, 2)).reshape(3, -1).T
    untold = infomec(balanced[:, 0], balanced[:, 1:])
    assert values(untold) == pytest.approx([0, 0, 0], abs=1e-6)
    for n in range(2, 11):
        few = infomec(random.normal(size=(n, 2)), np.arange(2 * n).reshape(n, 2) % 5, replicates=5)
        assert (few.low is None) == few.details["interval"].startswith("none: ")
        assert all(math.isfinite(value) for value in values(few))
    codes, factors = known(5)
    with pytest.raises(UserError, match="infomec compares factors; give two or more"):
        infomec(codes, factors[:, 0])
    with pytest.raises(UserError, match="all codes are constant"):
        infomec(np.ones((600, 2)), factors)
    with pytest.raises(UserError, match="no option 'preset'"):
        infomec(codes, factors, preset="x")  # type: ignore[call-arg]


def test_the_largest_share_is_scaled() -> None:
    matrix = np.array([[2.0, 2.0], [3.0, 1.0], [0.0, 5.0], [0.0, 0.0]])
    assert _dominance(matrix) == pytest.approx([0, 0.5, 1, 0])
    assert _dominance(np.array([[2.0], [0.0]])).tolist() == [1, 0]
