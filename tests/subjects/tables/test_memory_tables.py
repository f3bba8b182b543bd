"""Tables in memory: whatever holds codes and factors gives what the same arrays give."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from torch.utils.data import Dataset, Subset, TensorDataset

from infoeval.errors import UserError
from infoeval.evaluation import score
from infoeval.subjects.opening import open_subject
from infoeval.subjects.table_subject import TableSubject
from infoeval.subjects.tables.column_choice import TableChoice
from tests.subjects.tables.same_table import CODES, FACTORS, same_table

TABLE = same_table()
X, Y = TABLE[CODES].to_numpy(), TABLE[FACTORS].to_numpy()


class Pairs(Dataset[Any]):
    """A torch data set of one row at a time."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, row: int) -> Any:
        return torch.tensor(X[row]), Y[row]


class OtherFrame:
    """A data frame of another library."""

    columns = (*CODES, *FACTORS)

    def to_pandas(self) -> pd.DataFrame:
        return TABLE


class Cells:
    """What anndata's AnnData has."""

    obs = TABLE[FACTORS]
    obsm = {"X_vae": X, "X_pca": X[:, :2]}  # noqa: RUF012


GIVEN: dict[str, Any] = {
    "arrays": (X, Y),
    "tensors": (torch.tensor(X, requires_grad=True), torch.tensor(Y)),
    "lists": (X.tolist(), Y.tolist()),
    "frames": (TABLE[CODES], TABLE[FACTORS]),
    "a frame": TABLE,
    "a frame of another library": OtherFrame(),
    "a mapping": {"codes": X, "factors": torch.tensor(Y)},
    "a mapping of other names": {"z": X, "y": Y, "epoch": [3, 4]},
    "a mapping of columns": {name: TABLE[name].to_numpy() for name in TABLE},
    "a data set": TensorDataset(torch.tensor(X), torch.tensor(Y)),
    "a data set of rows": Pairs(),
    "a part of a data set": Subset(Pairs(), range(len(X))),
    "cells": Cells(),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_the_same_table(kind: str) -> None:
    subject = open_subject(GIVEN[kind])
    assert isinstance(subject, TableSubject)
    rows, test = subject.rows
    assert test is None
    assert rows.factors is not None
    assert (rows.codes.to_numpy() == X).all()
    assert (rows.factors.to_numpy() == Y).all()
    assert (subject.path, subject.fingerprint, subject.has_encoder) == (None, None, False)


def test_codes_alone() -> None:
    for given in (X, torch.tensor(X), (X, None), {"codes": X}, TensorDataset(torch.tensor(X))):
        codes, factors = (open_subject(given).rows or ())[0]  # type: ignore[misc]
        assert list(codes.columns) == ["code 0", "code 1", "code 2"]
        assert factors is None


def test_scores_of_what_is_in_memory() -> None:
    options: dict[str, Any] = {"null": 0, "replicates": 0}
    expected = score((X, Y), metrics=["mig"], **options).results[0].value
    assert score(TABLE, metrics=["mig"], **options).results[0].value == expected
    assert score(X, metrics=["mig"], factors=Y, **options).results[0].value == expected
    named = score(TABLE, metrics=["mig"], codes=["z_*"], factors=["pose_*"], **options)
    assert named.subject["factor_names"] == ["pose_x", "pose_y"]
    assert named.subject["codes"] == "DataFrame"


def test_lists_of_rows_and_series_are_codes() -> None:
    options: dict[str, Any] = {"null": 0, "replicates": 0, "metrics": ["mig"]}
    expected = score(X, Y, **options).results[0].value
    for given in (X.tolist(), list(map(tuple, X))):
        assert score(given, Y.tolist(), **options).results[0].value == expected
    assert score((X.tolist(), Y.tolist()), **options).results[0].value == expected
    one = score(X[:, 0], Y, **options).results[0].value
    assert score(X[:, 0].tolist(), Y, **options).results[0].value == one
    series = score(pd.Series(X[:, 0], name="z"), Y, **options)
    assert series.results[0].value == one
    for wrong in ([[1.0, 2.0], [3.0]], [["a", "b"]] * 120, []):
        with pytest.raises(UserError, match=r"no model|2 rows of codes"):
            score(wrong, Y, **options)


def test_a_series_keeps_its_name() -> None:
    rows = open_subject((TABLE[CODES], TABLE["kind"])).rows
    assert rows is not None
    assert rows[0].factors is not None
    assert list(rows[0].factors.columns) == ["kind"]


def test_keys_of_a_mapping() -> None:
    given = {"mu": X, "label": TABLE["kind"], "pose": Y[:, 1:]}
    choice = TableChoice(codes_key="mu", factors_key="pose")
    rows = open_subject(given, table=choice).rows
    assert rows is not None
    assert rows[0].factors is not None
    assert rows[0].factors.shape == (len(X), 2)
    rows = open_subject(given, table=TableChoice(codes_key="mu")).rows
    assert rows is not None
    assert rows[0].factors is not None
    assert rows[0].factors.iloc[:, 0].tolist() == TABLE["kind"].tolist()


class Images(Pairs):
    def __getitem__(self, row: int) -> Any:
        return torch.zeros(1, 4, 4), 3


class Broken(Pairs):
    def __getitem__(self, row: int) -> Any:
        raise OSError("one\ntwo")


MISTAKES: dict[str, tuple[Any, str]] = {
    "nothing that is clear": ({"a": X, "b": X}, "holds no array called codes; it holds a, b"),
    "three parts": ((X, Y, Y), "a tuple of 3 arrays is no table; a pair"),
    "three parts of items": (TensorDataset(*[torch.ones(3)] * 3), "its items have 3 parts"),
    "images": (Images(), r"its items hold codes of shape \(1, 4, 4\); give \(D,\)"),
    "broken": (Broken(), r"its items cannot be read \(one two\)"),
    "rows": ((X, Y[:5]), "120 rows of codes for 5 rows of factors"),
    "missing": ((X, np.full(120, np.nan)), "factor 0 has no number or word in row 1"),
    "axes": ((X[None], Y), r"codes has shape \(1, 120, 3\)"),
    "names": (pd.DataFrame(X, columns=["z", "z", "y"]), "two columns are called 'z'"),
    "no rows": (TABLE[:0], "has no rows"),
    "unlike": ({"z1": [1, 2], "y": [1, 2, 3]}, "z1, y differ in length"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes(case: str) -> None:
    given, message = MISTAKES[case]
    with pytest.raises(UserError, match=message) as caught:
        open_subject(given)
    assert "\n" not in str(caught.value)


def test_columns_are_for_tables_alone() -> None:
    with pytest.raises(UserError, match="is no table: --codes and --factors have no use"):
        score(lambda images: images, codes=["z_*"])
    with pytest.raises(UserError, match=r"codes must be a list, such as \['z_\*'\]"):
        score(TABLE, codes="z_*")


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (np.zeros((12, 0)), "there are no codes; give one column or more"),
        (csr_matrix((12, 0)), "there are no codes; give one column or more"),
        (np.rec.fromarrays([np.arange(12.0)] * 2, names="a,b"), "codes are records"),
    ],
)
def test_what_has_no_columns_of_numbers_is_one_line(codes: Any, told: str) -> None:
    with pytest.raises(UserError, match=told):
        score(codes, np.arange(12) % 3, metrics=["mig"])
