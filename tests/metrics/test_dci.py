"""DCI: published values, the fast trees against the exact ones, and known truths."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics._dci import dci
from infoeval.metrics.trees.boosting import boost

WITHIN = 0.02


def parts(score: Any) -> dict[str, float]:
    return {name: part["value"] for name, part in score.details["parts"].items()}


def noisy(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Three codes that tell a factor each, the first one a second one too, and two of noise."""
    random = np.random.default_rng(seed)
    factors = random.integers(0, [3, 4, 6], size=(n, 3))
    codes = np.concatenate(
        [factors + 0.7 * random.normal(size=(n, 3)), random.normal(size=(n, 2))], 1
    )
    codes[:, 0] += 0.3 * factors[:, 1]
    return codes, factors


def test_published_boosting_is_met(shared_fixtures: Path) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    for table in set(reference) - {"dsprites_factor"}:
        arrays = np.load(shared_fixtures / f"{table}_2000.npz")
        test = arrays["codes_test"], arrays["factors_test"]
        score = dci(arrays["codes"], arrays["factors"], test=test, replicates=0, null=0)
        expected = reference[table]["N=2000"]["dlib.dci_gbt"]["scores"]
        names = ("disentanglement", "D"), ("completeness", "C"), ("informativeness", "I_test")
        for name, published in names:
            wanted = expected[published]["mean"]
            assert parts(score)[name] == pytest.approx(wanted, abs=WITHIN), (table, name)
        assert np.mean(score.details["fitted"]) == pytest.approx(
            expected["I_train"]["mean"], abs=WITHIN
        )


def test_the_exact_trees_are_those_of_the_reference(shared_fixtures: Path) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    arrays = np.load(shared_fixtures / "perfect_2000.npz")
    test = arrays["codes_test"], arrays["factors_test"]
    codes, factors = arrays["codes"], arrays["factors"]
    found = dci(codes, factors, test=test, predictor="exact-boosting", replicates=0, null=0)
    expected = reference["perfect"]["N=2000"]["dlib.dci_gbt"]["scores"]
    wanted = [expected[name]["mean"] for name in ("D", "C", "I_test")]
    assert list(parts(found).values()) == pytest.approx(wanted, abs=1e-6)


def test_published_lasso_is_met(shared_fixtures: Path) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    for table, sizes in reference.items():
        for size, expected in sizes.items():
            arrays = np.load(shared_fixtures / f"{table}_{size[2:]}.npz")
            score = dci(arrays["codes"], arrays["factors"], preset="laforge", replicates=0, null=0)
            scores = expected["laforge.dci_lasso"]["scores"]
            wanted = [scores[name]["mean"] for name in ("D", "C", "I")]
            assert list(parts(score).values()) == pytest.approx(wanted, abs=1e-6), (table, size)


@pytest.mark.slow
def test_published_forest_is_met_within_its_spread(shared_fixtures: Path) -> None:
    reference = json.loads((shared_fixtures / "reference.json").read_text())
    arrays = np.load(shared_fixtures / "noisy_2000.npz")
    codes, factors = arrays["codes"], arrays["factors"]
    score = dci(codes, factors, preset="laforge", predictor="random-forest", replicates=0, null=0)
    expected = reference["noisy"]["N=2000"]["laforge.dci_rf"]["scores"]
    for name, published in (
        ("disentanglement", "D"),
        ("completeness", "C"),
        ("informativeness", "I"),
    ):
        # Two forests of ten trees differ by up to 0.034 in D, as facts about the reference say.
        assert parts(score)[name] == pytest.approx(expected[published]["mean"], abs=0.035), name


def test_the_fast_trees_agree_with_the_exact_ones() -> None:
    for seed in range(2):
        codes, factors = noisy(700, seed)
        fast = dci(codes, factors, seed=seed, replicates=0, null=0)
        exact = dci(codes, factors, seed=seed, predictor="exact-boosting", replicates=0, null=0)
        for name, value in parts(exact).items():
            assert parts(fast)[name] == pytest.approx(value, abs=WITHIN), (seed, name)


def test_categories_beside_numbers_agree_with_the_exact_trees() -> None:
    """Splits of codes of few values are found among their bins, those of others row by row."""
    codes, factors = noisy(600, 0)
    random = np.random.default_rng(5)
    category = np.where(random.random(600) < 0.3, random.integers(0, 5, 600), factors[:, 0] % 5)
    codes = np.column_stack([category, codes])
    types = ["categorical", *["continuous"] * (codes.shape[1] - 1)]
    fast, exact = (
        parts(dci(codes, factors, predictor=predictor, code_types=types, replicates=0))
        for predictor in ("boosting", "exact-boosting")
    )
    assert fast == pytest.approx(exact, abs=WITHIN)


def test_few_values_give_the_same_trees() -> None:
    """Where every value has a bin, all splits are looked at, and only equal gains may differ."""
    random = np.random.default_rng(3)
    factors = random.integers(0, [2, 5], size=(600, 2))
    codes = np.round(factors + 0.6 * random.normal(size=(600, 2)), 1)
    fast = dci(codes, factors, replicates=0, null=0).details
    exact = dci(codes, factors, predictor="exact-boosting", replicates=0, null=0).details
    assert np.array(fast["importance"]) == pytest.approx(np.array(exact["importance"]), abs=2e-3)
    assert fast["fitted"] == pytest.approx(exact["fitted"], abs=5e-3)


def test_known_truths() -> None:
    random = np.random.default_rng(4)
    factors = random.integers(0, 4, size=(800, 2))
    copies = np.column_stack([factors[:, 0], factors[:, 1], factors[:, 1] * 2.0])
    score = dci(copies.astype(float), factors, replicates=0, null=0)
    assert score.value == pytest.approx(1, abs=1e-3)
    assert parts(score)["informativeness"] == 1
    # A single code that holds both factors: complete, and not disentangled.
    both = factors[:, 0] * 4.0 + factors[:, 1]
    score = dci(np.column_stack([both, random.normal(size=800)]), factors, replicates=0, null=0)
    assert score.value < 0.2
    assert parts(score)["completeness"] > 0.95
    # Noise knows nothing.
    score = dci(random.normal(size=(800, 3)), factors, replicates=0, null=0)
    assert score.value < 0.1
    assert parts(score)["informativeness"] == pytest.approx(0.25, abs=0.06)


def test_order_scale_and_names_of_codes_and_classes_mean_nothing() -> None:
    codes, factors = noisy(600, 5)
    test = noisy(300, 6)
    score = dci(codes, factors, test=test, replicates=0, null=0)
    order, names = np.array([3, 1, 4, 0, 2]), np.array([4, 2, 5, 0, 3, 1])
    other = dci(
        1e3 * codes[:, order] - 7,
        names[factors],
        test=(1e3 * test[0][:, order] - 7, names[test[1]]),
        replicates=0,
        null=0,
    )
    assert parts(other) == pytest.approx(parts(score), abs=1e-2)
    importance = np.array(score.details["importance"])
    assert np.array(other.details["importance"]) == pytest.approx(importance[order], abs=2e-2)


def test_factors_and_codes_of_all_types() -> None:
    random = np.random.default_rng(7)
    angle, size = random.uniform(0, 2 * math.pi, size=300), random.normal(size=300)
    kind = random.integers(0, 3, size=300)
    codes = np.column_stack([np.cos(angle), np.sin(angle), size, (kind + 1) % 3])
    factors = np.column_stack([angle, size, kind])
    types: Any = {"code_types": "cccc", "factor_types": ["periodic", "continuous", "discrete"]}
    types["code_types"] = ["continuous"] * 3 + ["categorical"]
    for predictor in ("boosting", "lasso"):
        score = dci(codes, factors, predictor=predictor, replicates=0, null=0, **types)  # type: ignore[arg-type]
        best = np.array(score.details["importance"]).argmax(axis=0)
        assert best[0] in (0, 1)
        assert best[1:].tolist() == [2, 3]
        assert score.value > 0.9


@pytest.mark.slow
def test_the_interval_holds_the_value_shrinks_and_repeats() -> None:
    widths = []
    for n in (300, 2_400):
        codes, factors = noisy(n, 8)
        score = dci(codes, factors, null=2 if n == 300 else 0, replicates=4)
        assert score.low is not None
        assert score.high is not None
        assert 0 <= score.low <= score.value <= score.high <= 1
        widths.append(score.high - score.low)
        if n == 300:
            assert dci(codes, factors, null=2, replicates=4) == score
    assert widths[1] < 0.6 * widths[0]


def test_shuffled_factors_score_next_to_nothing() -> None:
    codes, factors = noisy(600, 9)
    score = dci(codes, factors, replicates=0, null=3)
    assert score.details["null"]["high"] < 0.15 < 0.3 < score.value
    assert score.details["parts"]["informativeness"]["null"]["mean"] < 0.35


def test_classes_that_are_missing_on_one_side() -> None:
    random = np.random.default_rng(10)
    codes = random.normal(size=(60, 2))
    test = random.normal(size=(9, 2)), np.array([[0, 1], [1, 2], [2, 0]] * 3)
    for predictor in ("boosting", "exact-boosting", "lasso"):
        score = dci(codes, np.zeros((60, 2)), test=test, predictor=predictor)  # type: ignore[arg-type]
        assert score.value == 0
        assert math.isfinite(parts(score)["informativeness"])


def test_trees_of_two_classes_are_one_tree_a_stage() -> None:
    codes = np.arange(40.0)[:, None]
    boosted = boost(codes, (np.arange(40) >= 17).astype(np.intp)[:, None], codes[[0, 16, 17]] + 0.4)
    assert boosted.importances.tolist() == [[1.0]]
    assert boosted.scored.ravel().tolist() == [0, 0, 1]
    assert boosted.fitted.ravel().tolist() == [0] * 17 + [1] * 23


def test_what_does_not_go_together_is_said() -> None:
    codes, factors = noisy(30, 11)
    with pytest.raises(UserError, match="no predictor 'x'"):
        dci(codes, factors, predictor="x")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="'laforge' has a regression, not predictor 'boosting'"):
        dci(codes, factors, preset="laforge", predictor="boosting")
    with pytest.raises(UserError, match="give no others"):
        dci(codes, factors, preset="laforge", test=(codes, factors))
    with pytest.raises(UserError, match="dci compares factors; give two or more"):
        dci(codes, factors[:, :1])
