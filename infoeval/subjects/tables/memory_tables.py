"""Codes and factors in memory: arrays, data frames, mappings, pairs, torch data sets."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from infoeval.arrays import as_array, is_sparse, is_tensor
from infoeval.errors import UserError, one_line, quoted
from infoeval.subjects.tables.table_source import (
    TableParts,
    likely_latent,
    named_frame,
    with_plain_names,
)

_NUMBERS = (int, float, np.number)
_ROWS = (*_NUMBERS, list, tuple)
_ARRAYS = (np.ndarray, pd.DataFrame, pd.Series, list)


class FrameTable(TableParts):
    """The columns of a data frame."""

    def __init__(self, frame: pd.DataFrame, where: str) -> None:
        super().__init__(where)
        self.whole = with_plain_names(frame, where)
        self.columns = list(self.whole.columns)
        if len(frame) == 0:
            raise UserError(f"{where}: has no rows")

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        return self.whole[list(columns)]


class MappingTable(TableParts):
    """Arrays by name; those of one value a row are its columns as well."""

    def __init__(
        self,
        values: Mapping[Any, Any],
        where: str,
        columns: pd.DataFrame | None = None,
    ) -> None:
        super().__init__(where)
        self.values: dict[str, Any] = {}
        for key, value in values.items():
            if str(key) in self.values:
                raise UserError(f"{where}: two arrays are called {quoted(str(key))}")
            as_it_is = isinstance(value, pd.DataFrame) or is_sparse(value)
            self.values[str(key)] = value if as_it_is else as_array(value, f"{where}: {key}")
        self.arrays = {name: value.shape for name, value in self.values.items()}
        self.beside = columns
        own = [name for name, shape in self.arrays.items() if len(shape) == 1]
        self.columns = own if columns is None else list(columns.columns)
        if columns is not None:
            self.columns_are_factors = True
            self.likely_codes = likely_latent(self.arrays)

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        if self.beside is not None:
            return self.beside[list(columns)]
        lengths = {len(self.values[name]) for name in columns}
        if len(lengths) > 1:
            raise UserError(f"{self.where}: {', '.join(columns)} differ in length")
        return pd.DataFrame({name: self.values[name] for name in columns})

    def array(self, name: str) -> Any:
        return self.values[name]

    def words(self, name: str) -> list[str] | None:
        return None if name not in self.values else [str(word) for word in self.values[name]]


def in_memory(given: Any, *, all_codes: bool = False) -> TableParts | None:
    """Return the table that is given in memory; None for what is no table.

    `all_codes`: whether all columns of a data frame are codes, whatever they are called.

    Raises UserError for a table that cannot be used.
    """
    where = type(given).__name__
    given = numbers_of(given)
    if isinstance(given, tuple):
        return _of_pair(given)
    if isinstance(given, Mapping):
        return MappingTable(given, where)
    frame = _frame(given)
    if frame is not None:
        return MappingTable({"codes": frame}, where) if all_codes else FrameTable(frame, where)
    if isinstance(getattr(given, "obs", None), pd.DataFrame) and hasattr(given, "obsm"):
        arrays = {name: given.obsm[name] for name in given.obsm}
        return MappingTable(arrays, where, with_plain_names(given.obs, where))
    if isinstance(given, np.ndarray | pd.Series) or is_tensor(given) or is_sparse(given):
        return MappingTable({"codes": _named(given)}, where)
    return _of_items(given, where) if _is_data_set(given) else None


def numbers_of(given: Any) -> Any:
    """Return a list of numbers or of lists of numbers as an array, anything else as it is."""
    if not isinstance(given, list) or not all(isinstance(row, _ROWS) for row in given):
        return given
    first = given[0] if given else None
    if not isinstance(first[0] if isinstance(first, list | tuple) and first else first, _NUMBERS):
        return given  # such as pairs of models
    try:
        array = np.asarray(given)
    except ValueError:  # rows of different lengths
        return given
    return array if array.dtype.kind in "biuf" and array.ndim in (1, 2) and array.size else given


def _is_data_set(given: Any) -> bool:
    data = sys.modules.get("torch.utils.data")  # without it there are no data sets
    return data is not None and isinstance(given, data.Dataset)


def factors_in_memory(values: Any) -> pd.DataFrame:
    """Return factors, an array (n, K) or (n,), a data frame or columns by name, as a data frame.

    Raises UserError for another shape.
    """
    values = numbers_of(values)
    if isinstance(values, Mapping):
        table = MappingTable(values, "factors")
        return table.frame(table.columns)
    return named_frame(MappingTable({"factors": _named(values)}, "factors"), "factors", "factor")


def _frame(given: Any) -> pd.DataFrame | None:
    """Return a data frame of pandas or of another library that converts to it."""
    if isinstance(given, pd.DataFrame):
        return given
    convert = getattr(given, "to_pandas", None)
    if callable(convert) and hasattr(given, "columns"):
        frame = convert()
        return frame if isinstance(frame, pd.DataFrame) else None
    return None


def _named(values: Any) -> Any:
    """Return a series with a name as a data frame, which keeps it; anything else as it is."""
    if isinstance(values, pd.Series) and values.name is not None:
        return values.to_frame()
    frame = _frame(values)
    return values if frame is None else frame


def _of_pair(pair: tuple[Any, ...]) -> TableParts | None:
    """Return the table of (codes, factors), of which the factors may be None."""
    pair = tuple(map(numbers_of, pair))
    if not pair or not (isinstance(pair[0], _ARRAYS) or is_tensor(pair[0]) or is_sparse(pair[0])):
        return None
    if len(pair) != 2:
        raise UserError(f"a tuple of {len(pair)} arrays is no table; a pair (codes, factors) is")
    codes, factors = map(_named, pair)
    arrays = {"codes": codes} if factors is None else {"codes": codes, "factors": factors}
    return MappingTable(arrays, "(codes, factors)")


def _of_items(data: Any, where: str) -> TableParts:
    """Return the table of a torch data set whose items are (codes, factors), or codes alone."""
    from torch.utils.data import TensorDataset

    if isinstance(data, TensorDataset):
        parts: Sequence[Any] = data.tensors
    else:
        try:
            rows = [data[number] for number in range(len(data))]
        except Exception as error:  # a stranger's class raises anything
            raise UserError(f"{where}: its items cannot be read ({one_line(error)})") from error
        whole = [row if isinstance(row, tuple | list) else (row,) for row in rows]
        if not whole or len({len(row) for row in whole}) > 1:
            raise UserError(f"{where}: give as many parts of every item: (codes, factors)")
        parts = [list(part) for part in zip(*whole, strict=True)]
    if len(parts) > 2:
        raise UserError(f"{where}: its items have {len(parts)} parts; give (codes, factors)")
    source = MappingTable(dict(zip(("codes", "factors"), parts, strict=False)), where)
    if len(source.arrays["codes"]) > 2:
        raise UserError(
            f"{where}: its items hold codes of shape {source.arrays['codes'][1:]}; give (D,), and "
            "images to an encoder, with --data"
        )
    return source
