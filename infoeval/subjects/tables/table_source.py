"""From the columns and arrays of a table to its codes and factors."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from infoeval.arrays import as_array, is_sparse
from infoeval.errors import UserError, listing, quoted
from infoeval.subjects.subject import Rows
from infoeval.subjects.tables.column_choice import (
    TableChoice,
    choose_columns,
    is_code,
    matching,
)

_FACTORS = re.compile(r"(factor|label|target|attribute|class(es)?|y)s?", re.IGNORECASE)
_NUMBERED = re.compile(r"^code (?=\d+$)")
_NO_CODES = ("X", "X_pca", "X_umap", "X_tsne", "X_draw_graph_fa", "X_diffmap", "spatial")
"""Arrays of cells that are data, or drawn by scanpy: codes only where they are asked for."""
MOST_COLUMNS = 100_000
"""Columns of a table; each takes some kilobytes, however short it is."""


class Contents(NamedTuple):
    """The codes and factors of a table, perhaps further rows to score on, and the types of both.

    ``notes`` are what a reader of its scores should know.
    """

    rows: Rows
    test: Rows | None = None
    code_types: Sequence[str] | None = None
    factor_types: Sequence[str] | None = None
    notes: tuple[str, ...] = ()


class TableParts:
    """A table before it is known which of its parts are codes; a format implements what it has.

    ``where`` names it in messages. ``columns`` are its columns of one value a row, and ``arrays``
    the shapes of its arrays by name; a table may have both.
    """

    columns: Sequence[str] = ()
    columns_are_factors = False
    """Whether all columns beside an array of codes are by default its factors."""
    likely_codes: str | None = None
    """The array that holds the codes where none is called so."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.arrays: dict[str, tuple[int, ...]] = {}

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return some of its columns; only a table with columns is asked for them."""
        raise NotImplementedError(columns)

    def array(self, name: str) -> Any:
        """Return one of its arrays, of numbers or words, or a data frame; asked as `frame`."""
        raise NotImplementedError(name)

    def words(self, name: str) -> list[str] | None:
        """Return a list of words that it has beside its arrays; None where it has none."""
        del name
        return None


class _Part(NamedTuple):
    """The codes, or the factors: the rows, further ones to score on, the types of the columns."""

    frame: pd.DataFrame
    test: pd.DataFrame | None = None
    types: list[str] | None = None


def contents_of(
    source: TableParts, choice: TableChoice, factors: pd.DataFrame | None = None
) -> Contents:
    """Return the codes and factors of a table, its factors being `factors` where these are given.

    Raises UserError for what is no table, columns that there are not, and missing values.
    """
    key = _codes_key(source, choice)
    if factors is not None:
        patterns, own = None, _Part(factors)
    else:
        patterns, own = choice.factors, None
    if key is None:
        if choice.factors_key is not None:
            raise UserError(f"{source.where}: a factors key needs a codes key")
        contents = _of_columns(source, choice.codes, patterns, own)
    else:
        codes = _part(source, key, "code", choice.codes)
        contents = _joined(source, codes, own or _factors(source, key, choice, patterns))
    for rows in (contents.rows, contents.test):
        if rows is not None:
            _check_rows(rows, source.where)
    return contents


def whole_table(source: TableParts, key: str | None) -> pd.DataFrame:
    """Return all columns of a table of factors, or the array `key`.

    Raises UserError where it is not clear which array is meant.
    """
    if key is None and source.columns and len(source.columns) >= len(source.arrays):
        frame = source.frame(source.columns)
        return frame.rename(columns=lambda name: _NUMBERED.sub("factor ", name))
    names = [name for name in source.arrays if key in (None, name)]
    if "factors" in names:
        names = ["factors"]
    if len(names) != 1:
        raise UserError(
            f"{source.where}: which array are the factors? there are "
            f"{listing(list(source.arrays))}; give one as the factors key"
        )
    return named_frame(source, names[0], "factor")


def likely_latent(names: Iterable[str]) -> str | None:
    """Return the one array of cells that can only be codes; None where there are more, or none.

    >>> likely_latent(["X", "X_pca", "X_scVI"])
    'X_scVI'
    """
    latent = [name for name in names if name not in _NO_CODES]
    return latent[0] if len(latent) == 1 else None


def named_frame(source: TableParts, name: str, what: str) -> pd.DataFrame:
    """Return an array (rows, columns) with the names of its columns.

    They are those of a data frame, or of ``code_names`` or ``factor_names`` beside it, or "code 0"
    and so on. Raises UserError for another shape, and for names that do not fit.
    """
    values = source.array(name)
    if isinstance(values, pd.DataFrame):
        return with_plain_names(values, source.where)
    sparse = is_sparse(values)
    array = values if sparse else as_array(values, f"{source.where}: {name}")
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise UserError(f"{source.where}: {name} has shape {array.shape}; give (rows, {what}s)")
    if not array.shape[1]:
        raise UserError(f"{source.where}: there are no {what}s; give one column or more")
    if array.dtype.names:
        raise UserError(f"{source.where}: {name} are records; give an array of numbers, or a frame")
    check_width(array.shape[1], source.where)
    names = source.words(f"{what}_names")
    if names is None:
        names = [f"{what} {number}" for number in range(array.shape[1])]
    if len(names) != array.shape[1] or len(set(names)) != len(names):
        raise UserError(f"{source.where}: {what}_names must be {array.shape[1]} different names")
    if sparse:
        accessor: Any = pd.DataFrame.sparse
        frame: pd.DataFrame = accessor.from_spmatrix(array, columns=names)
        return frame
    return pd.DataFrame(array, columns=names)


def with_plain_names(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return a data frame with texts as names; raises UserError for two columns of one name."""
    names = [str(name) for name in frame.columns]
    check_names(names, where)
    return frame.set_axis(names, axis=1).reset_index(drop=True)


def check_names(names: Sequence[str], where: str) -> None:
    """Raise UserError for two columns of one name, and for too many."""
    check_width(len(names), where)
    known: set[str] = set()
    for name in names:
        if name in known:
            raise UserError(f"{where}: two columns are called {quoted(name)}; rename one")
        known.add(name)


def check_width(count: int, where: str) -> None:
    """Raise UserError for too many columns."""
    if count > MOST_COLUMNS:
        raise UserError(f"{where}: {count:,} columns; at most {MOST_COLUMNS:,} are read")


def _of_columns(
    source: TableParts,
    codes: Sequence[str] | None,
    patterns: Sequence[str] | None,
    factors: _Part | None,
) -> Contents:
    """Return the contents of a table whose codes are columns."""
    chosen, others = choose_columns(
        source.columns, codes, [] if factors else patterns, source.where
    )
    frame = source.frame([*chosen, *others])
    left = frame[others]
    if patterns is None:
        left = left.drop(columns=[name for name in others if _names_rows(frame[name])])
    own = factors.frame if factors else left if left.shape[1] else None
    return Contents(Rows(frame[chosen], own))


def _joined(source: TableParts, codes: _Part, factors: _Part | None) -> Contents:
    """Return the contents of codes and factors; of further rows, both are needed or neither."""
    types = codes.types, None if factors is None else factors.types
    rows = Rows(codes.frame, None if factors is None else factors.frame)
    if codes.test is None:
        return Contents(rows, None, *types)
    of_test = None if factors is None else factors.test
    if factors is not None and of_test is None:
        raise UserError(f"{source.where}: give both factors and factors_test, or neither")
    return Contents(rows, Rows(codes.test, of_test), *types)


def _part(source: TableParts, key: str, what: str, patterns: Sequence[str] | None) -> _Part:
    """Return an array of codes or factors, and that of further rows; of these some columns."""
    frame, types = named_frame(source, key, what), source.words(f"{what}_types")
    test = named_frame(source, f"{key}_test", what) if f"{key}_test" in source.arrays else None
    if test is not None and list(test.columns) != list(frame.columns):
        raise UserError(f"{source.where}: {key}_test has other columns than {key}")
    if patterns is None:
        return _Part(frame, test, types)
    kept = matching(patterns, list(frame.columns), source.where)
    if types is not None and len(types) == frame.shape[1]:
        types = [types[list(frame.columns).index(name)] for name in kept]
    return _Part(frame[kept], None if test is None else test[kept], types)


def _factors(
    source: TableParts, codes: str, choice: TableChoice, patterns: Sequence[str] | None
) -> _Part | None:
    """Return the factors beside an array of codes: an array, or columns; None for none."""
    key = _factors_key(source, codes, choice)
    if key is not None:
        return _part(source, key, "factor", patterns)
    if patterns is None and not source.columns_are_factors:
        return None
    kept = source.columns if patterns is None else matching(patterns, source.columns, source.where)
    frame = source.frame(kept)
    if patterns is None:
        frame = frame.drop(columns=[name for name in kept if _names_rows(frame[name])])
    return _Part(frame) if frame.shape[1] else None


def _names_rows(column: "pd.Series[Any]") -> bool:
    """Return whether a column has another word in each row: the names of rows are no factor."""
    return column.dtype.kind not in "biufM" and len(column) > 2 and column.is_unique


def _codes_key(source: TableParts, choice: TableChoice) -> str | None:
    """Return the array of codes; None where columns are the codes.

    Raises UserError where neither is clear.
    """
    names = list(source.arrays)
    if choice.codes_key is not None:
        return _known(source, choice.codes_key)
    if "codes" in names:
        return "codes"
    wide = [name for name in names if len(source.arrays[name]) == 2]
    named_so = [name for name in wide if is_code(name) and not name.endswith("_test")]
    if len(named_so) == 1 or source.likely_codes is not None:
        return source.likely_codes or named_so[0]
    if not names or (not wide and (choice.codes or any(map(is_code, source.columns)))):
        return None
    images = " (images are given to a model with --data)" if "images" in names else ""
    raise UserError(
        f"{source.where}: holds no array called codes; it holds {listing(names)}: name the arrays "
        "with --codes-key and --factors-key, or save them as codes (rows, codes) and factors "
        f"(rows, factors){images}"
    )


def _factors_key(source: TableParts, codes: str, choice: TableChoice) -> str | None:
    """Return the array of factors; None where there is none."""
    if choice.factors_key is not None:
        return _known(source, choice.factors_key)
    if "factors" in source.arrays:
        return "factors"
    named_so = [name for name in source.arrays if name != codes and _FACTORS.fullmatch(name)]
    return named_so[0] if len(named_so) == 1 and not source.columns_are_factors else None


def _known(source: TableParts, key: str) -> str:
    if key in source.arrays:
        return key
    there = f"it holds {listing(list(source.arrays))}" if source.arrays else "it has columns alone"
    raise UserError(f"{source.where}: holds no array called {quoted(key)}; {there}")


def _check_rows(rows: Rows, where: str) -> None:
    """Raise UserError for rows of different numbers, and for a missing value, with its place."""
    if rows.factors is not None and len(rows.factors) != len(rows.codes):
        raise UserError(
            f"{where}: {len(rows.codes):,} rows of codes for {len(rows.factors):,} rows of "
            "factors; give one of each per row"
        )
    for frame in rows:
        for name, column in {} if frame is None else frame.items():
            missing = column.isna().to_numpy()
            if missing.any():
                raise missing_value(where, name, int(missing.argmax()))


def missing_value(where: str, column: object, row: int) -> UserError:
    """Return the error about an empty cell or NaN in a row, counted from 0 and named from 1."""
    return UserError(
        f"{where}: {column} has no number or word in row {row + 1:,}: it is empty or nan; leave "
        "out the row, or the column"
    )
