from typing import Any

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.metrics import cluster_accuracy, cluster_ari, cluster_nmi
from infoeval.metrics.stats.contingency import (
    class_numbers,
    contingency_table,
    paired,
    plug_in_information,
    table_of_occurring,
)


@pytest.mark.parametrize(
    "values",
    [
        [0, 2, 1],
        (0, 2, 1),
        [0.0, 2.0, 1.0],
        np.array([0, 2, 1], dtype=np.uint8),
        np.array([0, 2, 1], dtype=np.float32),
        np.array([0, 2, 1], dtype=np.uint64),
    ],
)
def test_whole_numbers_of_any_kind(values: Any) -> None:
    numbers = class_numbers(values, "codes")
    assert numbers.dtype == np.int64
    assert numbers.tolist() == [0, 2, 1]


def test_two_classes_may_be_false_and_true() -> None:
    assert class_numbers([False, True], "labels").tolist() == [0, 1]


HOSTILE: list[tuple[Any, str]] = [
    ([], "codes: empty"),
    ([0.0, float("nan"), 1.0], "codes: nan is not a whole number"),
    ([0.0, float("inf"), 1.0], "codes: inf is not a whole number"),
    ([0.0, 0.5, 1.0], "codes: 0.5 is not a whole number"),
    ([0, -1, 1], "codes: -1 is negative"),
    ([0.0, -2.0, 1.0], "codes: -2.0 is negative"),
    (np.array([0, 2**63, 1], dtype=np.uint64), "codes: 9223372036854775808 is too large"),
    ([0.0, 1e300, 1.0], "codes: 1e+300 is too large"),
    ([0, 2**70, 1], "codes: type object"),
    (["a", "b", "c"], "codes: type <U1"),
    ([None, 1, 2], "codes: type object"),
    ([1j, 0, 0], "codes: type complex128"),
    ([[1, 0], [0, 1], [0, 1]], "codes: shape (3, 2)"),
    ([[1], [0, 1], [2]], "codes: rows differ in length"),
    (3, "codes: shape ()"),
    ([0, 1], "2 codes for 3 labels"),
]


@pytest.mark.parametrize("metric", [cluster_accuracy, cluster_nmi, cluster_ari])
@pytest.mark.parametrize(("codes", "message"), HOSTILE, ids=[message for _, message in HOSTILE])
def test_anything_else_is_one_line_for_the_user(metric: Any, codes: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        metric(codes, [0, 1, 2])
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_wrong_labels_are_called_labels() -> None:
    with pytest.raises(UserError, match="labels: -1 is negative"):
        paired([0, 1], [0, -1])


def test_input_is_not_changed() -> None:
    codes = np.array([0, 1, 2])
    numbers = class_numbers(codes, "codes")
    numbers[0] = 9
    assert codes.tolist() == [0, 1, 2]


def test_table_counts_rows_by_category_and_class() -> None:
    generator = np.random.default_rng(0)
    codes, labels = generator.integers(0, 4, 50), generator.integers(0, 3, 50)
    table = contingency_table(codes, labels, 5, 3)
    assert table.shape == (5, 3)
    for (category, label), count in np.ndenumerate(table):
        assert count == np.sum((codes == category) & (labels == label))


def test_plug_in_information_of_a_known_law() -> None:
    """Symmetric label noise of 0.1 among ten: 1.757780 nats."""
    table = np.full((10, 10), 10)
    np.fill_diagonal(table, 810)
    assert plug_in_information(table) == pytest.approx(1.757780, abs=1e-6)
    assert plug_in_information(np.outer([3, 1], [2, 5])) == pytest.approx(0, abs=1e-12)


def test_the_table_counts_what_occurs() -> None:
    table = table_of_occurring(np.array([9, -1, 9]), np.array([True, True, False]))
    assert table.tolist() == [[0, 1], [1, 1]]
