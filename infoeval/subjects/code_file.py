"""A table of codes as a subject: a .npz file of codes and factors, without images or a model."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from infoeval.data.formats.npz_file import NpzFile
from infoeval.errors import UserError
from infoeval.files import sha256
from infoeval.subjects.subject import Rows, Subject


class CodeFile(Subject):
    """Codes and factors of a .npz file; nothing is unpickled.

    The file holds ``codes`` ``(n, D)`` and, for most metrics, ``factors`` ``(n, K)``; optionally
    ``codes_test`` and ``factors_test``, rows on which predictors are scored; and ``code_names``,
    ``factor_names``, ``code_types`` and ``factor_types``, a word for each column.

    Raises UserError for a missing file, and for another kind of file.
    """

    has_encoder = False
    path: Path

    def __init__(self, path: str | Path) -> None:
        self.name, self.path = str(path), Path(path)
        with NpzFile(self.path) as arrays:
            if "codes" not in arrays:
                images = " (images are given to a model with --data)" if "images" in arrays else ""
                raise UserError(
                    f"{path}: holds no array called codes; it holds {arrays.names}: save them as "
                    f"codes (rows, codes) and factors (rows, factors){images}"
                )
            rows = _rows(arrays, "")
            test = _rows(arrays, "_test") if "codes_test" in arrays else None
            if test is not None:
                _check_same_columns(arrays, rows, test)
            self._rows = rows, test
            self._types = _words(arrays, "code_types"), _words(arrays, "factor_types")

    @cached_property
    def fingerprint(self) -> str:
        return sha256(self.path)

    @property
    def rows(self) -> tuple[Rows, Rows | None]:
        return self._rows

    @property
    def column_types(self) -> tuple[Sequence[str] | None, Sequence[str] | None]:
        return self._types

    def describe(self) -> dict[str, Any]:
        return {"codes": self.name, "sha256": self.fingerprint}

    def describe_data(self) -> dict[str, Any]:
        return {
            "name": self.path.name,
            "split": "rows",
            "n": len(self._rows[0].codes),
            "fingerprint": self.fingerprint,
        }


def _check_same_columns(arrays: NpzFile, rows: Rows, test: Rows) -> None:
    if (test.factors is None) != (rows.factors is None):
        raise UserError(f"{arrays.path}: give both factors and factors_test, or neither")
    for name, one, other in (
        ("codes", rows.codes, test.codes),
        ("factors", rows.factors, test.factors),
    ):
        if one is not None and other is not None and one.shape[1] != other.shape[1]:
            raise arrays.error(f"{name}_test", f"has other columns than {name}")


def _rows(arrays: NpzFile, suffix: str) -> Rows:
    codes = _frame(arrays, f"codes{suffix}", "code")
    name = f"factors{suffix}"
    return Rows(codes, _frame(arrays, name, "factor") if name in arrays else None)


def _frame(arrays: NpzFile, name: str, what: str) -> pd.DataFrame:
    values = arrays.read(name)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise arrays.error(name, f"has shape {values.shape}; give (rows, {what}s)")
    names = _words(arrays, f"{what}_names")
    if names is None:
        names = [f"{what} {number}" for number in range(values.shape[1])]
    if len(names) != values.shape[1] or len(set(names)) != len(names):
        raise arrays.error(f"{what}_names", f"must be {values.shape[1]} different names")
    if values.dtype.kind in "SU":
        words = arrays.words(name, values.ravel())
        values = np.array(words, dtype=np.str_).reshape(values.shape)
    return pd.DataFrame(values, columns=names)


def _words(arrays: NpzFile, name: str) -> list[str] | None:
    if name not in arrays:
        return None
    words = arrays.read(name)
    if words.ndim != 1 or words.dtype.kind not in "SU":
        raise arrays.error(name, f"must be a list of words, not {words.dtype}")
    return arrays.words(name, words)
