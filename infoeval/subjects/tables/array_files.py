"""Arrays of codes and factors in .npz and .npy files; nothing is unpickled."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from infoeval.data.formats.npy_header import map_npy
from infoeval.data.formats.npz_file import (
    MAX_WORD_BYTES,
    NUMBER_BYTES,
    WORD_BYTES,
    NpzFile,
    as_words,
)
from infoeval.data.untrusted import MAX_ARRAY_BYTES
from infoeval.errors import UserError, one_line
from infoeval.subjects.tables.table_source import TableParts

_ABOUT_COLUMNS = ("code_names", "code_types", "factor_names", "factor_types")
"""Arrays of words about the columns of others; they are no columns themselves."""
_SPARSE = ("data", "indices", "indptr", "shape")
"""The arrays that ``scipy.sparse.save_npz`` writes of a matrix in rows or in columns."""


class NpzTable(TableParts):
    """The arrays of a .npz file; those of one value a row are its columns as well.

    A sparse matrix as scipy saves it is an array of codes.

    Raises UserError for a missing file, and for another kind of file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path
        with NpzFile(path) as file:
            self.arrays = {name: _shape(file, name) for name in file.array_names}
            self.sparse = "codes" not in file and all(name in file for name in _SPARSE)
            if self.sparse:
                self.arrays = {"codes": _sparse_codes(file).shape}
        one_value = [name for name, shape in self.arrays.items() if len(shape) == 1]
        self.columns = [name for name in one_value if name not in _ABOUT_COLUMNS]

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        lengths = {self.arrays[name][0] for name in columns}
        if len(lengths) > 1:
            raise UserError(f"{self.where}: {', '.join(columns)} differ in length")
        return pd.DataFrame({name: self.array(name) for name in columns})

    def array(self, name: str) -> Any:
        with NpzFile(self.path) as file:
            if self.sparse:
                return _sparse_codes(file)
            values = file.read(name)
        return _plain(values, f"{self.where}: {name}")

    def words(self, name: str) -> list[str] | None:
        if name not in self.arrays:
            return None
        words = self.array(name)
        if words.ndim != 1 or words.dtype.kind != "U":
            raise UserError(f"{self.where}: {name} must be a list of words, not {words.dtype}")
        return [str(word) for word in words]


class NpyTable(TableParts):
    """The one array of a .npy file: codes alone, or factors alone."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        if not path.is_file():
            raise UserError(f"{path}: no such file")
        self.values = map_npy(path)
        of_words = self.values.dtype.kind in "SU"
        taken = self.values.size * (WORD_BYTES if of_words else NUMBER_BYTES)
        most = MAX_WORD_BYTES if of_words else MAX_ARRAY_BYTES
        if taken > most:
            raise UserError(f"{path}: takes {taken:,} bytes; the limit is {most:,}")
        self.arrays = {"codes": self.values.shape}

    def array(self, name: str) -> NDArray[Any]:
        del name
        return _plain(np.array(self.values), self.where)


def _shape(file: NpzFile, name: str) -> tuple[int, ...]:
    """Return the shape of an array, () of one that is refused when it is read."""
    try:
        return file.header(name).shape
    except UserError:
        return ()


def _sparse_codes(file: NpzFile) -> Any:
    """Return a sparse matrix that scipy saved. Raises UserError for one that is damaged."""
    from scipy.sparse import csc_array, csr_array

    data, indices, starts, shape = (file.read(name) for name in _SPARSE)
    kind = file.read("format").item() if "format" in file else b"csr"
    made = {b"csr": csr_array, b"csc": csc_array}.get(kind)
    if made is None:
        raise file.error("format", "is not csr or csc: save the matrix after .tocsr()")
    try:
        matrix = made((data, indices, starts), shape=tuple(shape.tolist()))
        matrix.check_format(full_check=True)
    except (ValueError, TypeError, OverflowError) as error:
        raise file.error("indices", f"do not make a sparse matrix: {one_line(error)}") from None
    return matrix


def _plain(values: NDArray[Any], what: str) -> NDArray[Any]:
    """Return an array of numbers as it is, and one of strings as Python's."""
    if values.dtype.kind not in "SU":
        return values
    return np.array(as_words(values.ravel(), what), dtype=np.str_).reshape(values.shape)
