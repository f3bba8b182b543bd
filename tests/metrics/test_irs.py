"""IRS: published values, known truths, invariances and hostile tables."""

import json
from pathlib import Path

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.metrics._irs import _quantile, irs


def test_published_definitions_are_met(shared_fixtures: Path) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    for table, sizes in reference.items():
        for n in (2000, 10000):
            arrays = np.load(shared_fixtures / f"{table}_{n}.npz")
            expected = sizes[f"N={n}"]
            found = irs(arrays["codes"], arrays["factors"], replicates=0, null=0)
            published = expected["dlib.irs"]["scores"]
            assert float(found) == pytest.approx(published["avg_score"]["mean"], abs=1e-6), table
            assert found.details["per_code"] == pytest.approx(published["per_code"], abs=1e-6)
            other = irs(arrays["codes"], arrays["factors"], preset="laforge", replicates=0, null=0)
            assert float(other) == pytest.approx(expected["laforge.irs"]["mean"], abs=1e-6), table


def test_a_code_of_one_factor_is_robust_and_a_mixture_is_not() -> None:
    random = np.random.default_rng(0)
    factors = random.integers(0, 5, size=(3_000, 2))
    assert float(irs(np.exp(factors), factors)) == pytest.approx(1)
    mixed = factors @ np.array([[1.0, 1.0], [1.0, -1.0]])
    assert float(irs(mixed, factors)) < 0.6
    score = irs(np.column_stack([factors[:, 1], mixed[:, 0]]), factors, replicates=50)
    assert score.details["factor_of"][0] == "factor 1"
    assert score.details["per_code"][0] == pytest.approx(1)
    assert score.low is not None
    assert score.high is not None
    assert score.low <= score.value <= score.high


def test_order_scale_and_names_mean_nothing() -> None:
    random = np.random.default_rng(1)
    factors = random.integers(0, [3, 6], size=(900, 2))
    codes = factors + random.uniform(-1, 1, size=(900, 2))
    value = float(irs(codes, factors, replicates=0, null=0))
    rows = random.permutation(900)
    assert float(irs(codes[rows], factors[rows], replicates=0, null=0)) == pytest.approx(value)
    assert float(irs(-3 * codes[:, ::-1] + 8, factors, replicates=0, null=0)) == pytest.approx(
        value
    )
    # Large deviations weigh more, so one code's scale does count.
    assert float(irs(codes * [1, 50], factors, replicates=0, null=0)) != pytest.approx(
        value, abs=1e-3
    )
    renamed = random.permutation(6)[factors]
    laforge = float(irs(codes, factors, preset="laforge", replicates=0, null=0))
    again = irs(codes, renamed, preset="laforge", replicates=0, null=0)
    assert float(again) == pytest.approx(laforge)


def test_constant_codes_are_left_out() -> None:
    random = np.random.default_rng(2)
    factors = random.integers(0, 4, size=(500, 2))
    codes = factors + random.normal(size=(500, 2))
    more = np.column_stack([np.ones(500), codes])
    score = irs(more, factors, replicates=0, null=3)
    assert score.value == pytest.approx(float(irs(codes, factors, replicates=0, null=0)))
    assert score.details["pruned"] == ["code 0"]
    assert score.details["null"]["mean"] < score.value
    with pytest.raises(UserError, match="all codes are constant"):
        irs(np.ones((500, 2)), factors)
    with pytest.raises(UserError, match="code 1 is categorical; irs measures distances"):
        irs(codes, factors, code_types=["continuous", "categorical"])
    with pytest.raises(UserError, match="no preset 'x'"):
        irs(codes, factors, preset="x")  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99, 1.0])
def test_quantiles_are_those_of_numpy(share: float) -> None:
    random = np.random.default_rng(3)
    for n in (1, 2, 7, 100):
        values = random.normal(size=(n, 3))
        assert _quantile(values, share) == pytest.approx(np.quantile(values, share, axis=0))
