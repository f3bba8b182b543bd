"""SAP: published values, invariances of the scale-free one, and hostile tables."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from infoeval.errors import UserError
from infoeval.metrics._sap import sap
from infoeval.metrics.stats.resampling import split_table


def test_published_definitions_are_met(shared_fixtures: Path) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    for table, sizes in reference.items():
        arrays = np.load(shared_fixtures / f"{table}_2000.npz")
        codes, factors = arrays["codes"], arrays["factors"]
        test = arrays["codes_test"], arrays["factors_test"]
        expected = sizes["N=2000"]
        found = sap(codes, factors, test=test, replicates=0, null=0)
        # The classifier is fitted to a tolerance: one row of a thousand may fall elsewhere.
        published = expected["dlib.sap_discrete"]["mean"]
        assert float(found) == pytest.approx(published, abs=2.5e-4), table
        in_order = sap(
            codes, factors, test=test, factor_types=["ordinal"] * 5, replicates=0, null=0
        )
        published = expected["dlib.sap_continuous"]["mean"]
        assert float(in_order) == pytest.approx(published, abs=1e-6), table


def test_scale_names_and_monotone_functions_mean_nothing_to_the_scale_free_one() -> None:
    random = np.random.default_rng(0)
    factors = random.integers(0, [3, 6], size=(1_500, 2))
    codes = factors + random.normal(size=(1_500, 2)) * 0.4
    value = float(sap(codes, factors, preset="scale-free", replicates=0, null=0))
    assert 0.4 < value < 1
    renamed = random.permutation(6)[factors]
    for other in (1e-3 * codes + 100, np.exp(codes)):
        again = sap(other, factors, preset="scale-free", replicates=0, null=0)
        assert float(again) == pytest.approx(value)
    # Of two classes that are equally frequent the first one is taken.
    again = sap(codes, renamed, preset="scale-free", replicates=0, null=0)
    assert float(again) == pytest.approx(value, abs=0.02)
    # The published one is another number for each of them.
    published = float(sap(codes, factors, replicates=0, null=0))
    assert float(sap(0.01 * codes, factors, replicates=0, null=0)) != pytest.approx(
        published, abs=0.02
    )


def test_ten_classes_can_be_told_apart_without_lines() -> None:
    factors = np.random.default_rng(1).integers(0, 10, size=(3_000, 3))
    assert float(sap(5.0 * factors, factors, replicates=0, null=0)) < 0.6
    assert float(sap(5.0 * factors, factors, preset="scale-free", replicates=0, null=0)) > 0.85


def test_factors_and_codes_of_all_types() -> None:
    random = np.random.default_rng(2)
    angle = random.uniform(0, 2 * math.pi, size=2_000)
    size = random.normal(size=2_000)
    shape = random.integers(0, 3, size=2_000)
    codes = pd.DataFrame({"x": np.cos(angle), "size": size, "kind": (shape + 1) % 3})
    factors = pd.DataFrame({"angle": angle, "size": size, "shape": shape})
    kinds = ["periodic", "continuous", "discrete"]
    score = sap(codes, factors, factor_types=kinds, null=3, replicates=5)
    matrix = np.array(score.details["score"])
    assert matrix[0, 0] == pytest.approx(1, abs=1e-9)
    assert matrix[1, 1] == pytest.approx(1)
    assert matrix[2, 2] == 1
    assert matrix[2, 1] < 0.01
    assert score.details["best_code"] == ["x", "size", "kind"]
    assert score.details["null"]["high"] < 0.1 < score.value
    assert score.low is not None
    assert score.high is not None
    assert score.low <= score.value <= score.high


def test_the_interval_shrinks_and_repeats() -> None:
    random = np.random.default_rng(3)
    widths = []
    for n in (300, 4_800):
        factors = random.integers(0, 3, size=(n, 2))
        codes = factors + random.normal(size=(n, 2))
        score = sap(codes, factors, replicates=10, null=0)
        assert score.low is not None
        assert score.high is not None
        widths.append(score.high - score.low)
    assert widths[1] < 0.5 * widths[0]
    again = sap(codes, factors, replicates=10, null=0)
    assert (again.value, again.low, again.high) == (score.value, score.low, score.high)


def test_classes_that_are_missing_on_one_side() -> None:
    random = np.random.default_rng(4)
    codes = random.normal(size=(60, 2))
    only_one = np.zeros(60)
    test = random.normal(size=(9, 2)), np.array([0, 1, 2] * 3)
    for preset in ("disentanglement_lib", "scale-free"):
        score = sap(codes, only_one, test=test, preset=preset, replicates=4, null=2)  # type: ignore[arg-type]
        assert math.isfinite(score.value)
    few = sap(codes[:6], [0, 1, 2, 3, 4, 5], replicates=20)
    assert 0 <= few.value <= 1


def test_rows_are_split_by_the_seed() -> None:
    codes, factors = np.arange(30.0)[:, None], np.arange(30) % 3
    first, again, other = (split_table(codes, factors, None, {"seed": s}) for s in (1, 1, 2))
    assert (first.fit, first.table.n) == (20, 30)
    values = first.table.codes[0].values
    assert sorted(values) == list(range(30))
    assert values.tolist() == again.table.codes[0].values.tolist()
    assert values.tolist() != other.table.codes[0].values.tolist()
    fit, scored = first.parts(np.array([0, 25, 19, 20]))
    assert fit.tolist() == [0, 19]
    assert scored.tolist() == [25, 20]


def test_test_rows_have_the_same_columns() -> None:
    codes, factors = np.zeros((5, 2)), np.arange(5)
    with pytest.raises(UserError, match=r"codes of the test rows have shape \(5, 3\)"):
        sap(codes, factors, test=(np.zeros((5, 3)), factors))
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]})
    with pytest.raises(UserError, match="codes of the test rows have other columns"):
        sap(frame, [0, 1], test=(frame.rename(columns={"a": "c"}), [0, 1]))
    with pytest.raises(UserError, match="2 rows; give more"):
        sap(codes[:2], [0, 1])
    with pytest.raises(UserError, match="no preset 'x'"):
        sap(codes, factors, preset="x")  # type: ignore[arg-type]


@pytest.mark.filterwarnings("error")
def test_a_factor_of_as_many_classes_as_rows_is_scored_without_a_warning() -> None:
    random = np.random.default_rng(0)
    factors = np.stack([random.permutation(60), random.integers(0, 3, 60)], axis=1)
    assert 0 <= sap(random.normal(size=(60, 2)), factors, replicates=2, null=1).value <= 1
