"""MCC: by hand, the published program, known truths, invariances, hostile input."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics import Score, mcc

Array = NDArray[Any]


def parts(score: Score) -> list[float]:
    return [part["value"] for part in score.details["parts"].values()]


def formula(rows: slice) -> tuple[Array, Array]:
    """Codes of three factors, one of them of two factors, all by formulas."""
    i = np.arange(300)
    factors = np.stack([(i * 7) % 53 / 53, (i * 13) % 47 / 47, (i * 29) % 41 / 41], axis=1)
    codes = [
        factors[:, 1] ** 3 + ((i * 11) % 37) / 60,
        0.6 * factors[:, 0] - 0.5 * factors[:, 2],
        -factors[:, 2] + ((i * 17) % 31) / 40,
    ]
    return np.stack(codes, axis=1)[rows], factors[rows]


def rotation(seed: int, size: int) -> Array:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def test_a_table_by_hand() -> None:
    """The pairs of the first three rows are kept, although on the others two codes change places.

    Correlations of code 0 with the factors there are 0.5 and 1, and of code 1 they are 1 and 0.5.
    """
    first = np.array([[1.0, 1.0], [2.0, 3.0], [3.0, 2.0]])
    crossed = np.array([[1.0, 1.0], [2.0, 3.0], [3.0, 2.0]])[:, ::-1]
    score = mcc(first, first, test=(crossed, crossed[:, ::-1]), factor_types=["o", "o"])
    assert score.details["correlations"] == [
        pytest.approx([0.5, 1.0]),
        pytest.approx([1.0, 0.5]),
    ]
    assert parts(score)[:2] == pytest.approx([0.5, 1.0])
    assert [pair["factor"] for pair in score.details["pairs"]] == ["factor 0", "factor 1"]


def test_values_of_the_published_program() -> None:
    """Those of icebeem's metrics/mcc.py, in and out of sample, agree to 1e-12."""
    expected = {
        "pearson": (0.7707685795561824, 0.7801926596104201),
        "spearman": (0.7630942583141563, 0.7728647495157764),
    }
    for correlation, values in expected.items():
        score = mcc(
            *formula(slice(200)),
            test=formula(slice(200, None)),
            correlation=correlation,  # type: ignore[arg-type]
            replicates=0,
        )
        assert parts(score)[:2] == pytest.approx(values, abs=1e-12)


def test_in_sample_is_of_all_rows_without_test_rows() -> None:
    codes, factors = formula(slice(300))
    matrix = np.abs(np.corrcoef(codes, factors, rowvar=False)[:3, 3:])
    # The pairing that the formulas have: codes 0, 1, 2 with factors 1, 0, 2.
    inside = matrix[[0, 1, 2], [1, 0, 2]].mean()
    assert parts(mcc(codes, factors, replicates=0, null=0))[1] == pytest.approx(inside, abs=1e-12)


def test_factors_rotations_and_functions_of_one_code() -> None:
    random = np.random.default_rng(0)
    factors = random.normal(size=(3_000, 5))
    flipped = 7 - 3 * factors[:, ::-1]
    assert parts(mcc(flipped, factors, replicates=0, null=0)) == pytest.approx([1, 1, 1, 1])
    mixed = parts(mcc(factors @ rotation(0, 5), factors, replicates=0, null=0))
    assert 0.5 < mixed[0] < 0.9
    assert mixed[2:] == pytest.approx([1, 1])
    cubes = factors**3
    pearson, ranks = (
        mcc(cubes, factors, replicates=0, null=0, correlation=each)
        for each in ("pearson", "spearman")
    )
    assert parts(pearson)[0] == pytest.approx(0.775, abs=0.03)  # √(3 / 5)
    assert parts(pearson)[2:] == pytest.approx([0.6, 1], abs=0.02)
    assert parts(ranks)[:2] == pytest.approx([1, 1])
    product = np.column_stack([factors[:, 0] * factors[:, 1], factors[:, 0]])
    folded = parts(mcc(product, factors[:, 1], replicates=0, null=0))
    assert folded[2] < 0.02
    assert folded[3] > 0.5


def test_correlated_factors_give_false_positives() -> None:
    """As the pitfalls say: codes of nothing but the common cause, and rotations."""
    random = np.random.default_rng(1)
    cause = random.normal(size=(3_000, 1))
    factors = 0.9 * cause + np.sqrt(1 - 0.81) * random.normal(size=(3_000, 5))
    found = parts(mcc(np.tile(cause, 5), factors, replicates=0, null=0))
    assert found == pytest.approx([0.9, 0.9, 0.81, 0.81], abs=0.02)
    mixed = parts(mcc(factors @ rotation(2, 5), factors, replicates=0, null=0))
    assert mixed[0] > 0.7
    assert mixed[2] == pytest.approx(1)


def test_noise_scores_what_the_docstring_says() -> None:
    found: dict[str, list[list[float]]] = {"ordinal": [], "discrete": []}
    for seed in range(8):
        random = np.random.default_rng(seed)
        factors = random.integers(0, [3, 4, 6, 8, 10], size=(2_000, 5))
        for kind, values in found.items():
            codes = random.normal(size=(2_000, 10))
            values.append(parts(mcc(codes, factors, factor_types=[kind] * 5, replicates=0, null=0)))
    assert np.mean(found["ordinal"], axis=0)[[0, 2, 3]] == pytest.approx([0.03, 0, 0], abs=0.015)
    assert np.mean(found["discrete"], axis=0)[[0, 2, 3]] == pytest.approx([0.08, 0, 0], abs=0.015)


def test_classes_categories_and_angles() -> None:
    random = np.random.default_rng(3)
    classes = random.integers(0, 4, size=1_200)
    codes = np.column_stack([classes + 0.7 * random.normal(size=1_200), random.normal(size=1_200)])
    frame = pd.DataFrame({"z": codes[:, 0], "class": classes})
    means = frame.groupby("class")["z"].transform("mean")
    ratio = np.sqrt(means.var(ddof=0) / codes[:, 0].var())
    assert parts(mcc(codes, classes, replicates=0, null=0))[1] == pytest.approx(ratio, abs=1e-12)
    two = classes > 1
    one = abs(np.corrcoef(codes[:, 0], two)[0, 1])
    assert parts(mcc(codes, two, replicates=0, null=0))[1] == pytest.approx(one, abs=1e-12)
    names = np.array([2, 0, 3, 1])[classes]
    assert parts(mcc(names, classes, replicates=0, null=0))[:2] == pytest.approx([1, 1])
    assert parts(mcc(names // 2, classes, replicates=0, null=0))[1] == pytest.approx(1)
    shuffled = random.permutation(classes)
    table = pd.crosstab(shuffled, classes).to_numpy()
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / 1_200
    cramer = np.sqrt(((table - chance) ** 2 / chance).sum() / 1_200 / 3)
    assert parts(mcc(shuffled, classes, replicates=0, null=0))[1] == pytest.approx(
        cramer, abs=1e-12
    )
    angle = random.uniform(0, 360, size=1_200)
    wave = np.cos(np.radians(angle - 40))
    score = mcc(wave, angle, factor_types=["periodic:360"], replicates=0, null=0)
    assert parts(score)[:2] == pytest.approx([1, 1])


def test_order_sign_scale_and_names_mean_nothing() -> None:
    random = np.random.default_rng(4)
    factors = random.integers(0, [2, 3, 5], size=(300, 3))
    codes = factors @ random.normal(size=(3, 4)) + 0.3 * random.normal(size=(300, 4))
    test = codes[200:], factors[200:]
    expected = parts(mcc(codes[:200], factors[:200], test=test, replicates=0, null=0))
    order, names = [2, 0, 3, 1], np.array([4, 1, 3, 0, 2])
    changed = 9 - 1e-6 * codes[:, order], names[factors][:, ::-1]
    test = changed[0][200:], changed[1][200:]
    found = parts(mcc(changed[0][:200], changed[1][:200], test=test, replicates=0, null=0))
    assert found == pytest.approx(expected, abs=1e-6)


def test_constant_codes_single_columns_and_few_rows() -> None:
    random = np.random.default_rng(5)
    factors = random.normal(size=(60, 3))
    constant = mcc(np.full((60, 3), 0.1), factors, null=2)
    assert parts(constant) == [0, 0, 0, 0]
    one = mcc(factors[:, 0], factors[:, 0], replicates=0, null=0)
    assert parts(one) == pytest.approx([1, 1, 1, 1], abs=1e-6)
    assert (
        mcc(factors[:, :2], factors, replicates=0, null=0).details["pairs"][1]["factor"]
        == "factor 1"
    )
    for n in (3, 4, 5, 8):
        for value in parts(mcc(factors[:n], factors[:n])):
            assert 0 <= value <= 1
    with pytest.raises(UserError, match="2 rows; give more, some to fit on and others to score"):
        mcc(factors[:2], factors[:2])
    with pytest.raises(UserError, match="no correlation 'x'; there are pearson, spearman"):
        mcc(factors, factors, correlation="x")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="nan is not a finite number"):
        mcc(np.where(factors > 2, np.nan, factors), np.where(factors > 1, np.nan, factors))


def test_the_interval_knows_that_regressions_are_fitted_and_that_rows_may_go_wrong() -> None:
    """Of codes that are wrong once in n rows many a table has no wrong row."""
    found = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        factors = random.integers(0, [3, 5], size=(150, 2))
        wrong = random.random(150) < 1 / 150
        codes = factors * 1.0
        codes[wrong] = codes[random.permutation(150)][wrong]
        entries = mcc(codes, factors, null=0).details["parts"]
        found.append(
            [[entry[key] for key in ("value", "low", "high")] for entry in entries.values()]
        )
    value, low, high = np.moveaxis(np.array(found), 2, 0)
    mean = value.mean(axis=0)
    held = ((low <= mean) & (mean <= high)).sum(axis=0)
    assert (mean[[0, 1, 3]] < 1).all()
    assert (held >= 11).all()


def test_no_certainty_that_noise_explains_nothing() -> None:
    random = np.random.default_rng(0)
    score = mcc(random.normal(size=(200, 5)), random.integers(0, [3, 5, 8], size=(200, 3)), null=0)
    for name in ("r2 linear", "r2 nonlinear"):
        part = score.details["parts"][name]
        assert (part["value"], part["low"]) == (0, 0)
        assert 0.005 < part["high"] < 0.2
