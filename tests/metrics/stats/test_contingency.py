"""Labels and tables of counts."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.metrics import Score, cluster_accuracy, cluster_ari, cluster_nmi
from infoeval.metrics.stats.contingency import (
    contingency_table,
    label_values,
    named_labels,
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
    numbers = label_values(values, "codes")
    assert numbers.dtype == np.int64
    assert numbers.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("labels", "names", "places"),
    [
        ([False, True], ["False", "True"], [0, 1]),
        ([10, 2, -1, 2], ["-1", "2", "10"], [2, 1, 0, 1]),
        (["10", "2", "-1"], ["-1", "10", "2"], [1, 2, 0]),
        (["emu", "cat"], ["cat", "emu"], [1, 0]),
        (np.array(["emu", "cat"], dtype=object), ["cat", "emu"], [1, 0]),
        (np.array([7, -1], dtype=object), ["-1", "7"], [1, 0]),
        (np.array([b"emu", b"cat"]), ["cat", "emu"], [1, 0]),
        ([3.0, -2.0], ["-2", "3"], [1, 0]),
        ([10**17, 10**17 + 1], [str(10**17), str(10**17 + 1)], [0, 1]),
        ([2**63, 2**63 + 1, -1], ["-1", str(2**63), str(2**63 + 1)], [1, 2, 0]),
        (
            np.array([2**64 - 1, 2**64 - 2], dtype=np.uint64),
            [str(2**64 - k) for k in (2, 1)],
            [1, 0],
        ),
        ([10**30, -(10**30)], [str(-(10**30)), str(10**30)], [1, 0]),
        ([2.0**70, 0.0], ["0", str(2**70)], [1, 0]),
    ],
)
def test_labels_keep_their_names(labels: Any, names: list[str], places: list[int]) -> None:
    found, (numbers,) = named_labels({"labels": labels})
    assert found == names
    assert numbers.tolist() == places


def test_names_are_those_of_all_vectors_together() -> None:
    names, vectors = named_labels({"labels": [5, 9], "fit_labels": [9, 1, 1]})
    assert names == ["1", "5", "9"]
    assert [vector.tolist() for vector in vectors] == [[1, 2], [2, 0, 0]]


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0], ["a", "b"]])
def test_given_names_are_of_the_numbers_from_zero(labels: Any) -> None:
    assert named_labels({"labels": [2, 0]}, ["a", "b", "c"])[0] == ["a", "b", "c"]
    with pytest.raises(UserError, match=r"^labels: .* is not a number from 0 to 2$"):
        named_labels({"labels": labels}, ["a", "b", "c"])


HOSTILE: list[tuple[Any, str]] = [
    ([], "codes: empty"),
    ([0.0, float("nan"), 1.0], "codes: nan is not a whole number"),
    ([0.0, float("inf"), 1.0], "codes: inf is not a whole number"),
    ([0.0, 0.5, 1.0], "codes: 0.5 is not a whole number"),
    (["a", None, "c"], "codes: a label is missing"),
    (np.array(["a", float("nan"), "c"], dtype=object), "codes: a label is missing"),
    ([b"\xff", b"b", b"c"], "codes: words that are not ASCII"),
    ([None, 1, 2], "codes: a label is missing"),
    ([1j, 0, 0], "codes: type complex128"),
    ([object()] * 3, "codes: type object"),
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


def test_input_is_not_changed() -> None:
    codes = np.array([0, 1, 2])
    numbers = named_labels({"codes": codes})[1][0]
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


Metric = Callable[..., Score]
