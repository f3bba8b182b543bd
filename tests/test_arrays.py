"""What users hold numbers in: every kind gives the array of its values, or one line."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

from infoeval.arrays import as_array
from infoeval.errors import UserError

NUMBERS = [[0.5, 2.0], [-1.0, 3.0]]
TENSOR = torch.tensor(NUMBERS)


@pytest.mark.parametrize(
    "values",
    [
        NUMBERS,
        tuple(map(tuple, NUMBERS)),
        TENSOR,
        TENSOR.clone().requires_grad_(),
        TENSOR.double(),
        TENSOR.bfloat16(),
        TENSOR.half(),
        TENSOR.to(torch.float8_e5m2),
        TENSOR.to_sparse(),
        torch.nn.Parameter(TENSOR),
        TENSOR.T.contiguous().T,
        [row.clone().requires_grad_() for row in TENSOR],
        [[number.bfloat16() for number in row] for row in TENSOR],
        np.asfortranarray(NUMBERS),
        np.array(NUMBERS, dtype=np.float16),
        np.array(NUMBERS, dtype=">f8"),
        np.array(NUMBERS, dtype=object),
        np.ma.masked_array(NUMBERS, mask=False),
        pd.DataFrame(NUMBERS),
        scipy.sparse.csr_matrix(NUMBERS),
        scipy.sparse.coo_array(NUMBERS),
    ],
)
def test_numbers(values: Any) -> None:
    array = as_array(values, "codes")
    assert isinstance(array, np.ndarray)
    np.testing.assert_array_equal(array.astype(np.float64), NUMBERS)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (pd.Series(["b", "a"], dtype="category"), ["b", "a"]),
        (pd.Categorical([7, 5], categories=[7, 5], ordered=True), [7, 5]),
        (pd.Series([7, 5], dtype="Int64"), [7, 5]),
        (pd.Series([True, False], dtype="boolean"), [True, False]),
        (pd.Series(["b", "a"], dtype="string"), ["b", "a"]),
        (pd.cut(pd.Series([0, 9]), [-1, 5, 10]), ["(-1, 5]", "(5, 10]"]),
        (pd.Index([3, 4]), [3, 4]),
        (torch.tensor([2**53 + 1, -1]), [2**53 + 1, -1]),
        (torch.tensor([True, False]), [True, False]),
        ([2**63 + 1, -1], [2**63 + 1, -1]),
        ([torch.tensor(3), torch.tensor(4)], [3, 4]),
    ],
)
def test_classes(values: Any, labels: list[Any]) -> None:
    assert as_array(values, "labels").tolist() == labels


class Untold:
    def __array__(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("two\nlines")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.ma.masked_array([1.0, 2.0], mask=[False, True]), "values are masked"),
        ([[1.0], [1.0, 2.0]], "rows differ in length"),
        ([TENSOR[0], TENSOR[0, :1]], "rows differ in length"),
        (torch.empty(3, device="meta"), "a Tensor cannot be made an array"),
        ({"a": [1.0]}, "a dict cannot be made an array .give an array, a list or a data frame."),
        ({1.0, 2.0}, "a set cannot be made an array"),
        ((row for row in NUMBERS), "a generator cannot be made an array"),
        (None, "a NoneType cannot be made an array"),
        (Untold(), "a Untold cannot be made an array .two lines."),
    ],
)
def test_one_line_for_others(values: Any, reason: str) -> None:
    with pytest.raises(UserError, match=f"^codes: {reason}"):
        as_array(values, "codes")
