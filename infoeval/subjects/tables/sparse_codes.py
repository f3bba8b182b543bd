"""Thousands of sparse codes: those that tell most about the factors, chosen on rows set apart."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import xlogy

from infoeval.data.untrusted import MAX_ARRAY_BYTES
from infoeval.errors import UserError
from infoeval.subjects.subject import Rows
from infoeval.subjects.tables.table_source import Contents

MOST_DENSE = 256
"""So many sparse codes are scored as any others."""
KEPT = 16
"""Codes kept for each factor, those with the most information about it."""
LEVELS = 10
"""Parts of a factor of many numbers, with about as many rows each."""
CLASSES = 20
"""So many classes of a factor are told apart: the most frequent ones, and all others as one."""
STATES = 4
"""A code is zero, or in the lower, middle or upper third of its other values."""

Numbers = NDArray[np.intp]


def with_few_codes(contents: Contents, where: str) -> Contents:
    """Return a table of sparse codes as a dense one, of many with those that tell most alone.

    Of more than 256 codes, those with the most information about each factor are kept, 16 a factor,
    chosen on a random half of the rows, which is then left out, or on all where there are further
    rows to score on: what is scored has not been chosen on the same rows, so that chance among
    thousands of codes does not raise it.

    Raises UserError for many codes without factors, and where none tells anything.
    """
    codes, factors = contents.rows
    if not _is_sparse_frame(codes):
        return contents
    _check(codes, where)
    test = contents.test
    if codes.shape[1] <= MOST_DENSE:
        dense = Rows(_dense(codes, where), factors)
        return contents._replace(
            rows=dense, test=None if test is None else Rows(_dense(test.codes, where), test.factors)
        )
    if factors is None:
        raise UserError(f"{where}: {codes.shape[1]:,} codes need factors, by which some are chosen")
    n = len(codes)
    order = np.random.default_rng(0).permutation(n)
    seen, left = (order[: n // 2], np.sort(order[n // 2 :])) if test is None else (order, order)
    kept = most_informative(_matrix(codes).tocsr()[seen], factors.iloc[seen])
    if not len(kept):
        raise UserError(f"{where}: no code tells anything of a factor on {len(seen):,} rows")
    chosen = codes.iloc[:, kept]
    note = (
        f"{len(kept):,} of {codes.shape[1]:,} codes, those with the most information about each "
        f"factor on {len(seen):,} rows"
    )
    types = contents.code_types
    fewer = contents._replace(
        code_types=None if types is None else [types[place] for place in kept],
        notes=(*contents.notes, note + (", which are left out" if test is None else "")),
    )
    if test is not None:
        return fewer._replace(
            rows=Rows(_dense(chosen, where), factors),
            test=Rows(_dense(test.codes.iloc[:, kept], where), test.factors),
        )
    parts = (part.iloc[left].reset_index(drop=True) for part in (_dense(chosen, where), factors))
    return fewer._replace(rows=Rows(*parts))


def most_informative(codes: Any, factors: pd.DataFrame, each: int = KEPT) -> Numbers:
    """Return the columns with the most information about each factor, ascending.

    Args:
        codes: a sparse matrix of scipy, ``(n, D)``.
        factors: of the same rows.
        each: at most so many for each factor; the same code may be among those of several.

    """
    columns = codes.tocsc()
    columns.eliminate_zeros()
    code = np.repeat(np.arange(codes.shape[1]), np.diff(columns.indptr))
    state = _thirds(columns.data, columns.indptr, code)
    kept: set[int] = set()
    for _, factor in factors.items():
        levels = _levels(factor)
        information = _information(code, state, levels[columns.indices], levels, codes.shape[1])
        best = np.argsort(-information, kind="stable")[:each]
        kept.update(best[information[best] > 0].tolist())
    return np.array(sorted(kept), dtype=np.intp)


def _is_sparse_frame(codes: pd.DataFrame) -> bool:
    """Return whether what the columns leave out are zeros."""
    kinds = codes.dtypes
    return all(isinstance(kind, pd.SparseDtype) and kind.fill_value == 0 for kind in kinds)


def _check(codes: pd.DataFrame, where: str) -> None:
    """Raise UserError for values that are no finite numbers, also of codes that are not kept."""
    values = _matrix(codes).data
    if values.dtype.kind not in "biuf":
        raise UserError(f"{where}: codes of {values.dtype}; give numbers")
    if not np.isfinite(values).all():
        raise UserError(f"{where}: a code is infinite in some row; leave the row out")


def _matrix(codes: pd.DataFrame) -> Any:
    """Return sparse columns as a matrix of scipy."""
    accessor: Any = codes.sparse
    return accessor.to_coo()


def _dense(codes: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return sparse columns as floats: sparse codes are numbers, also where they are whole."""
    if 8 * codes.size > MAX_ARRAY_BYTES:
        raise UserError(f"{where}: {len(codes):,} rows of {codes.shape[1]:,} codes are too many")
    values = _matrix(codes).toarray() if _is_sparse_frame(codes) else codes.to_numpy()
    return pd.DataFrame(values.astype(np.float64), columns=codes.columns)


def _levels(factor: "pd.Series[Any]") -> Numbers:
    """Return a number for each class of a factor, or for each tenth of many numbers."""
    numbers, values = pd.factorize(factor, sort=True)
    if len(values) <= CLASSES:
        return np.asarray(numbers, dtype=np.intp)
    if factor.dtype.kind not in "iuf":
        frequency = np.argsort(-np.bincount(numbers), kind="stable")
        return np.minimum(np.argsort(frequency)[numbers], CLASSES - 1)
    ranks = factor.rank(method="first").to_numpy() - 1
    return np.asarray(ranks * LEVELS // len(factor), dtype=np.intp)


def _thirds(values: NDArray[Any], starts: Numbers, code: Numbers) -> Numbers:
    """Return the third of each value among those of its code, 1 to 3; equal values have the same.

    >>> starts = np.array([0, 3, 5])
    >>> _thirds(np.array([5.0, 1.0, 3.0, 1.0, 1.0]), starts, np.repeat([0, 1], [3, 2]))
    array([3, 1, 2, 1, 1])
    """
    order = np.lexsort((values, code))
    place = np.arange(len(values))
    ordered = values[order]
    new = np.ones(len(values), dtype=bool)
    new[1:] = (np.diff(ordered) != 0) | (np.diff(code[order]) != 0)
    rank = np.maximum.accumulate(np.where(new, place, 0)) - starts[code[order]]
    thirds = np.empty(len(values), dtype=np.intp)
    thirds[order] = 1 + rank * (STATES - 1) // np.diff(starts)[code[order]]
    return thirds


def _information(
    code: Numbers, state: Numbers, level: Numbers, levels: Numbers, count: int
) -> NDArray[np.float64]:
    """Return the information, nats, of each code's states about a factor, less its bias.

    By counts, less (R - 1)(C - 1) / 2n (Miller 1955). The first three have an entry for each value
    that is not zero, ``levels`` one for each row.
    """
    rows = np.bincount(levels)
    width = len(rows)
    cells = (code * STATES + state) * width + level
    counts = np.bincount(cells, minlength=count * STATES * width).reshape(count, STATES, width)
    counts[:, 0] = rows - counts.sum(axis=1)
    n, states = len(levels), counts.sum(axis=2)
    parts = xlogy(counts, counts).sum(axis=(1, 2)) - xlogy(states, states).sum(axis=1)
    information = (parts - xlogy(rows, rows).sum()) / n + np.log(n)
    bias = ((states > 0).sum(axis=1) - 1) * (np.count_nonzero(rows) - 1) / (2 * n)
    return np.asarray(information - bias)
