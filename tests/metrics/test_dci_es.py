"""DCI-ES: by hand, the published program, known truths, invariances, hostile input."""

from typing import Any

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.metrics import Score, dci_es
from infoeval.metrics._dci_es import _curves, _of_curves


def parts(score: Score) -> list[float]:
    return [part["value"] for part in score.details["parts"].values()]


def test_curves_by_hand() -> None:
    """With a single size there are two probes, whose capacities count as 0 and 1."""
    curves = np.array([[1.0, 0.0], [0.5, 0.5], [0.6, 0.2]])
    # Twice the areas of triangles of height 1, 0 and 0.4.
    assert _of_curves(curves, [2]) == pytest.approx([0, 1, 0.6])
    late, early = _of_curves(np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), [2, 4])
    assert (late, early) == pytest.approx((-0.5, 0.5))


def test_values_of_the_published_program() -> None:
    """Its Explicitness gives these for losses at 2 to 64 features; it divides by the baseline."""
    losses = np.array(
        [
            [0.9, 0.5, 0.55, 0.2, 0.1, 0.1],
            [0.4, 0.4, 0.4, 0.3, 0.05, 0.0],
            [0.6, 0.1, 0.1, 0.1, 0.1, 0.1],
        ]
    )
    baselines = np.array([1.0, 0.8, 0.6])
    curves = _curves(np.concatenate([baselines[None], losses.T]))
    found = _of_curves(curves, [4, 8, 16, 32, 64])
    assert found == pytest.approx([0.48, 0.325, 0.8333333333], abs=1e-9)
    # No probe is worse than one of less capacity, or than the baseline.
    assert curves[0].tolist() == [0.9, 0.5, 0.5, 0.2, 0.1, 0.1]
    worse = np.array([1.0, 1.5, 0.5])[:, None]
    assert _curves(worse).tolist() == [[1.0, 0.5]]


def test_factors_rotations_and_noise_score_1() -> None:
    random = np.random.default_rng(0)
    factors = random.normal(size=(1_500, 4))
    rotation = np.linalg.qr(random.normal(size=(4, 4)))[0]
    for codes in (7 - 40 * factors, factors @ rotation):
        assert parts(dci_es(codes, factors, replicates=0, null=0)) == pytest.approx(
            [1, 1, 1], abs=1e-6
        )
    noise = dci_es(random.normal(size=(1_500, 8)), factors, replicates=0, null=2)
    assert parts(noise) == pytest.approx([1, 0.5, 0], abs=0.02)
    classes = random.integers(0, [3, 4, 6, 10], size=(1_500, 4))
    assert parts(dci_es(classes * 1.0, classes, replicates=0, null=0)) == pytest.approx([1, 1, 1])
    guessed = parts(dci_es(random.normal(size=(1_500, 8)), classes, replicates=0, null=0))
    assert guessed == pytest.approx([1, 0.5, 0], abs=0.06)


def test_codes_that_need_capacity_score_lower() -> None:
    """The more often a code turns back, the more features it takes to read the factor."""
    factors = np.random.default_rng(1).uniform(-1, 1, size=(3_000, 1))
    angles = [factors * turns * np.pi for turns in (1, 4, 12)]
    waves = [np.column_stack([np.cos(angle), np.sin(angle), factors**2]) for angle in angles]
    easy, wavy = (dci_es(codes, factors, replicates=0, null=0) for codes in (factors, waves[0]))
    assert parts(easy)[0] > parts(wavy)[0] + 0.05
    folded = dci_es(np.column_stack([np.abs(factors), factors > 0]).astype(float), factors)
    assert -1 < parts(folded)[0] < parts(easy)[0]
    for score in (wavy, folded):
        curve = score.details["curves"][0]
        assert curve == sorted(curve, reverse=True)
        assert len(curve) == len(score.details["sizes"]) == 9


def test_a_product_is_read_late() -> None:
    """No linear probe reads a product of two codes, and few features read little of it."""
    random = np.random.default_rng(2)
    codes = random.normal(size=(3_000, 2))
    score = dci_es(codes, codes[:, 0] * codes[:, 1], replicates=0, null=0)
    curve = score.details["curves"][0]
    assert curve[0] > 0.97
    assert curve[-1] < 0.05
    assert parts(score)[0] == pytest.approx(0.67, abs=0.05)
    fewer = dci_es(codes, codes[:, 0] * codes[:, 1], sizes=[2, 4], replicates=0, null=0)
    assert parts(fewer)[2] < parts(score)[2] - 0.2


def test_more_factors_than_codes_have_size_1() -> None:
    factors = np.random.default_rng(3).normal(size=(300, 3))
    assert parts(dci_es(factors, factors[:, :1], replicates=0, null=0))[1] == pytest.approx(1 / 3)
    score = dci_es(factors[:, :1], factors, replicates=0, null=0)
    assert parts(score)[1] == 1
    assert score.details["size"] == 3


def test_sign_scale_names_and_the_order_of_factors_mean_nothing() -> None:
    random = np.random.default_rng(4)
    factors = random.integers(0, [2, 3, 5], size=(450, 3))
    codes = np.tanh(factors @ random.normal(size=(3, 3))) + 0.2 * random.normal(size=(450, 3))
    expected = dci_es(codes, factors, replicates=0, null=0)
    names = np.array([4, 1, 3, 0, 2])
    again = dci_es(9 + 1e-6 * codes, names[factors][:, ::-1], replicates=0, null=0)
    assert parts(again) == pytest.approx(parts(expected), abs=1e-6)
    assert again.details["per_factor"] == pytest.approx(expected.details["per_factor"][::-1])
    # The features are drawn anew with another seed, or for other places of the codes.
    others = [dci_es(codes, factors, replicates=0, null=0, seed=seed) for seed in range(1, 5)]
    others.append(dci_es(-codes[:, ::-1], factors, replicates=0, null=0))
    for other in others:
        assert parts(other) == pytest.approx(parts(expected), abs=0.12)


def test_constant_codes_few_rows_and_wrong_input() -> None:
    factors = np.random.default_rng(5).normal(size=(60, 2))
    assert parts(dci_es(np.full((60, 2), 0.1), factors)) == pytest.approx([1, 1, 0], abs=1e-9)
    for n in (3, 4, 6):
        assert -1 <= dci_es(factors[:n], factors[:n]).value <= 1
    cases: list[tuple[Any, Any, str]] = [
        (factors, {"sizes": []}, r"sizes are \[\]; give ascending whole numbers above 0"),
        (factors, {"sizes": [8, 4]}, "give ascending whole numbers above 0"),
        (factors, {"sizes": [0, 4]}, "give ascending whole numbers above 0"),
        (factors, {"sizes": [1.5]}, "give ascending whole numbers above 0"),
        (np.where(factors > 1, np.nan, factors), {}, "nan is not a finite number"),
    ]
    for codes, options, message in cases:
        with pytest.raises(UserError, match=message):
            dci_es(codes, factors, **options)
    with pytest.raises(UserError, match="2 rows; give more, some to fit on and others to score"):
        dci_es(factors[:2], factors[:2])


def test_the_interval_knows_that_probes_are_fitted_and_that_rows_may_go_wrong() -> None:
    """Of codes that are wrong once in n rows many a table has no wrong row."""
    held, values = [], []
    for seed in range(12):
        random = np.random.default_rng(seed)
        factors = random.integers(0, [3, 5], size=(150, 2))
        wrong = random.random(150) < 1 / 150
        codes = factors * 1.0
        codes[wrong] = codes[random.permutation(150)][wrong]
        part = dci_es(codes, factors, sizes=[4, 16], null=0).details["parts"]["informativeness"]
        values.append(part["value"])
        held.append((part["low"], part["high"]))
    mean = np.mean(values)
    assert mean < 1
    assert sum(low <= mean <= high for low, high in held) >= 11
