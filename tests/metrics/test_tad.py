"""TAD: a table by hand, the published program's value, known truths, invariances, hostile input."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import mutual_info_score, roc_auc_score

from infoeval.errors import UserError
from infoeval.metrics import Score, tad


def parts(score: Score) -> list[float]:
    return [part["value"] for part in score.details["parts"].values()]


def table() -> tuple[NDArray[Any], NDArray[Any]]:
    """Codes and attributes of 900 rows, two of which depend on each other; all are dyadic."""
    i = np.arange(900)
    y = np.stack([i % 2, (i // 2) % 2, (i * 13) % 47 < 9, (i // 4) % 3 > 0], axis=1).astype(int)
    y = np.column_stack([y, np.where((i * 31) % 17 < 15, y[:, 0], 1 - y[:, 0])])
    codes = [
        y[:, 0] + ((i * 7) % 23) / 16,
        -y[:, 1] + ((i * 5) % 19) / 32 + 0.25 * y[:, 0],
        0.5 * y[:, 2] + ((i * 11) % 29) / 16,
        y[:, 2] + ((i * 37) % 101) / 64,
        y[:, 3] + ((i * 17) % 31) / 64,
    ]
    return np.stack(codes, axis=1), y


def test_a_table_by_hand() -> None:
    """Four rows: of the 4 pairs of a row with and one without, 4 and 3 are in order."""
    attribute = np.array([0, 0, 1, 1])
    score = tad([[1.0, 1.0], [2.0, 3.0], [3.0, 2.0], [4.0, 4.0]], attribute, replicates=0, null=0)
    assert score.details["area"] == [[1.0], [0.75]]
    assert parts(score) == [0.25, 1]
    tied = tad([[1.0, 4.0], [2.0, 3.0], [2.0, 2.0], [3.0, 1.0]], attribute, replicates=0, null=0)
    assert tied.details["area"] == [[0.875], [1.0]]
    # One pair in order of four: 1 - 0.25, which is just enough.
    low = tad([[3.0], [2.0], [1.0], [2.5]], attribute, replicates=0, null=0)
    assert parts(low) == [0.25, 1]
    assert parts(tad([[1.0], [4.0], [2.0], [3.0]], attribute, replicates=0, null=0)) == [0, 0]


def test_the_value_of_the_published_program() -> None:
    """InfoDiffusion's program gives 1.175842 and 3 attributes (in single precision)."""
    score = tad(*table(), replicates=0, null=0)
    assert parts(score) == pytest.approx([1.175842, 3], abs=1e-6)
    assert score.details["kept"] == ["factor 1", "factor 2", "factor 3"]
    assert score.details["best_code"] == ["code 0", "code 1", "code 3", "code 4", "code 0"]


def test_areas_and_dependence_by_definition() -> None:
    codes, y = table()
    codes = np.round(codes, 1)
    score = tad(codes, y, replicates=0, null=0)
    for j, code in enumerate(codes.T):
        for k, attribute in enumerate(y.T):
            area = roc_auc_score(attribute, code)
            assert score.details["area"][j][k] == pytest.approx(max(area, 1 - area), abs=1e-12)
    for k, attribute in enumerate(y.T):
        shared = [mutual_info_score(attribute, other) for other in y.T]
        most = max(shared[:k] + shared[k + 1 :]) / shared[k]
        assert score.details["dependence"][k] == pytest.approx(most, abs=1e-12)


def test_perfect_codes_noise_and_codes_that_share() -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 2, size=(2_000, 4))
    assert parts(tad(1.0 - y, y, replicates=0, null=0)) == pytest.approx([2, 4], abs=0.1)
    assert parts(tad(random.normal(size=(2_000, 10)), y, null=3)) == [0, 0]
    twice = tad(np.column_stack([y, 3 * y]), y, replicates=0, null=0)
    assert parts(twice) == [0, 4]
    assert parts(tad(y * 1.0, y[:, [0, 0, 1, 2]], replicates=0, null=0))[1] == 2


def test_order_sign_growing_functions_and_names_mean_nothing() -> None:
    codes, y = table()
    expected = parts(tad(codes, y, replicates=0, null=0))
    changed = np.exp(-codes[:, ::-1])
    assert parts(tad(changed, 1 - y[:, [3, 1, 0, 4, 2]], replicates=0, null=0)) == pytest.approx(
        expected
    )
    assert parts(tad(codes, np.array(["no", "yes"])[y], replicates=0, null=0)) == pytest.approx(
        expected
    )


def test_codes_of_a_small_range() -> None:
    codes, y = table()
    unit = (codes - codes.min(axis=0)) / np.ptp(codes, axis=0)
    assert parts(tad(unit, y, least_range=0.2)) == pytest.approx(parts(tad(unit, y)), abs=1e-12)
    unit[:, 3] *= 0.2
    score = tad(unit, y, least_range=0.2, replicates=0, null=0)
    assert score.details["area"][3] == [0.5] * 5
    assert score.details["kept"] == ["factor 1", "factor 3"]
    constant = tad(np.full((900, 2), 0.1), y, replicates=0, null=0)
    assert parts(constant) == [0, 0]
    assert np.array(constant.details["area"]) == pytest.approx(0.5)


def test_what_is_no_attribute_is_left_out_or_refused() -> None:
    codes, y = table()
    three = np.arange(900) % 3
    mixed = tad(codes, np.column_stack([y, three]), replicates=0, null=0)
    assert mixed.details["left_out"] == ["factor 5"]
    assert parts(mixed) == parts(tad(codes, y, replicates=0, null=0))
    assert tad(y, y, replicates=0, null=0).details["kept"] == ["factor 1", "factor 2", "factor 3"]
    cases: list[tuple[Any, Any, Any, str]] = [
        (codes, three, {}, "no factor has two values; tad compares binary attributes"),
        (three, y, {}, "code 0 has more than two categories; tad needs numbers"),
        (codes, y, {"least_range": -1}, "least_range is -1; give a number >= 0"),
        (np.where(codes > 1, np.nan, codes), y, {}, "nan is not a finite number"),
        (codes[:1], y[:1], {}, "one row; give two or more"),
    ]
    for given, factors, options, message in cases:
        with pytest.raises(UserError, match=message):
            tad(given, factors, **options)
