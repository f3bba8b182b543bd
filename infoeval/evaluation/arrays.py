"""A model that is known by its codes alone: a .npz file of codes and factors."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from infoeval.data.formats.npz_file import NpzFile
from infoeval.errors import UserError
from infoeval.evaluation.code_table import CodeTable, Part

__all__ = ["read_arrays"]


def read_arrays(
    path: str | Path,
    code_types: Sequence[str] | None = None,
    factor_types: Sequence[str] | None = None,
) -> CodeTable:
    """Read a table of codes and factors; types that are given go before those of the file.

    The file holds ``codes`` ``(n, D)`` and, for all metrics but a few, ``factors`` ``(n, K)``;
    optionally ``codes_test`` and ``factors_test``, rows on which predictors are scored; and
    ``code_names``, ``factor_names``, ``code_types`` and ``factor_types``, a word for each column.
    Nothing is unpickled.

    Raises UserError for a file that is not there or not such a file.
    """
    with NpzFile(Path(path)) as arrays:
        if "codes" not in arrays:
            images = " (images are given to a model with --data)" if "images" in arrays else ""
            raise UserError(f"{path}: holds no array called codes; give (rows, codes){images}")
        rows = _part(arrays, "")
        scored = _part(arrays, "_test") if "codes_test" in arrays else None
        if scored is not None:
            _check_same(arrays, rows, scored)
        types = [
            list(given) if given is not None else _words(arrays, name)
            for name, given in (("code_types", code_types), ("factor_types", factor_types))
        ]
        return CodeTable.of(rows, *types, scored=scored)


def _check_same(arrays: NpzFile, rows: Part, scored: Part) -> None:
    if (scored.factors is None) != (rows.factors is None):
        raise UserError(f"{arrays.path}: give both factors and factors_test, or neither")
    for name, one, other in (
        ("codes", rows.codes, scored.codes),
        ("factors", rows.factors, scored.factors),
    ):
        if one is not None and other is not None and one.shape[1] != other.shape[1]:
            raise arrays.error(f"{name}_test", f"has other columns than {name}")


def _part(arrays: NpzFile, suffix: str) -> Part:
    codes = _frame(arrays, f"codes{suffix}", "code")
    name = f"factors{suffix}"
    return Part(codes, _frame(arrays, name, "factor") if name in arrays else None)


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
    if values.dtype.kind == "S":
        values = values.astype(str)
    return pd.DataFrame(values, columns=names)


def _words(arrays: NpzFile, name: str) -> list[str] | None:
    if name not in arrays:
        return None
    words = arrays.read(name)
    if words.ndim != 1 or words.dtype.kind not in "SU":
        raise arrays.error(name, f"must be a list of words, not {words.dtype}")
    try:
        return [str(word) for word in words.astype(str)]
    except UnicodeDecodeError as error:
        raise arrays.error(name, "holds words that are not valid text") from error
