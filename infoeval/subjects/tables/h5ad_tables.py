"""Cells of an .h5ad file: codes in ``obsm``, factors in ``obs``; read with h5py alone.

https://anndata.readthedocs.io/en/stable/fileformat-prose.html
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from infoeval.data.formats.npz_file import (
    MAX_WORD_BYTES,
    NUMBER_BYTES,
    WORD_BYTES,
)
from infoeval.data.untrusted import MAX_ARRAY_BYTES, is_bomb, parsing
from infoeval.errors import UserError
from infoeval.subjects.tables.table_source import TableParts, likely_latent


class H5adTable(TableParts):
    """The arrays of ``obsm``, and ``X``, with the columns of ``obs`` as factors.

    Nothing outside the file is read: links to other files are refused.

    Raises UserError where h5py is missing, and for another kind of file.
    """

    columns_are_factors = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path
        with self._opened() as file:
            obs = _member(file, "obs")
            if not hasattr(obs, "keys"):
                raise ValueError("its obs is of an older format; write it again with anndata")
            order = [str(name) for name in obs.attrs.get("column-order", obs.keys())]
            self.columns = [name for name in order if name in obs]
            obsm = _member(file, "obsm") if "obsm" in file else {}
            shapes = {name: getattr(_member(obsm, name), "shape", ()) for name in obsm}
            shapes |= {"X": getattr(_member(file, "X"), "shape", ())} if "X" in file else {}
            self.arrays = {str(name): tuple(shape) for name, shape in shapes.items()}
        self.likely_codes = likely_latent(self.arrays)

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        with self._opened() as file:
            obs = _member(file, "obs")
            return pd.DataFrame({name: _column(obs, name) for name in columns})

    def array(self, name: str) -> NDArray[Any]:
        with self._opened() as file:
            array = _member(file if name == "X" else _member(file, "obsm"), name)
            if not hasattr(array, "shape"):
                raise UserError(f"{self.path}: {name} is no dense array; write it as one")
            return _read(array)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """The file; errors in the block name it."""
        if not self.path.is_file():
            raise UserError(f"{self.path}: no such file")
        try:
            import h5py
        except ImportError:
            raise UserError(
                f"{self.path}: .h5ad files are read with h5py: pip install 'infoeval[tables]'"
            ) from None
        with parsing(f"{self.path}: not a readable .h5ad file"), h5py.File(self.path, "r") as file:
            yield file


def _member(group: Any, name: str) -> Any:
    """Return a member of a group; raises ValueError for a link to somewhere else."""
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{name} is missing, or a link to another place")
    return group[name]


def _column(obs: Any, name: str) -> Any:
    """Return a column of ``obs``: numbers, words, categories; what is missing is NaN."""
    column = _member(obs, name)
    if hasattr(column, "shape"):
        return _read(column)
    if "categories" in column:
        codes, words = _read(_member(column, "codes")), _read(_member(column, "categories"))
        if not -1 <= codes.min(initial=0) <= codes.max(initial=0) < len(words):
            raise ValueError(f"{name} has a category that there is not")
        return pd.Series(words).reindex(codes).to_numpy()
    values, mask = _read(_member(column, "values")), _read(_member(column, "mask"))
    return pd.Series(values).mask(mask.astype(bool))


def _read(dataset: Any) -> NDArray[Any]:
    """Return an array of numbers or words whose elements lie in the file itself.

    Raises ValueError for other elements, and for more than the limits of arrays.
    """
    import h5py

    if dataset.is_virtual or dataset.external:
        raise ValueError(f"{dataset.name} lies in another file")
    words = h5py.check_string_dtype(dataset.dtype) is not None
    if not words and dataset.dtype.kind not in "biuf":
        raise ValueError(f"{dataset.name} holds {dataset.dtype}; only numbers and words are read")
    taken = math.prod(dataset.shape) * (WORD_BYTES if words else NUMBER_BYTES)
    stored = dataset.id.get_storage_size()
    if taken > (MAX_WORD_BYTES if words else MAX_ARRAY_BYTES):
        raise ValueError(f"{dataset.name} takes {taken:,} bytes")
    if is_bomb(taken, stored):
        raise ValueError(f"{dataset.name} takes {taken:,} bytes, stored in {stored:,}")
    values = dataset.asstr()[()] if words else dataset[()]
    return np.asarray(values)
