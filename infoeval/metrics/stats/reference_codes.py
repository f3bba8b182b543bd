"""Codes of known meaning made of a table's factors: exact, rotated, doubled, meaningless, noise."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri

from infoeval.metrics.stats.code_factor_table import CATEGORIES, Column, as_table

EXACT, AS_HERE = "exact", "exact as here"
ROTATED, COMMON_CAUSE, TWICE, NOISE = "rotated", "common cause", "twice", "noise"

LEAST_SHARE, LEAST_COUNT = 0.02, 10
"""Classes with less than this share of the rows, or fewer rows, count as one class of a cause."""
BY_CHANCE = 0.001
"""Factors that are this likely to look as dependent by chance have no common cause."""

Array = NDArray[np.float64]


class ReferenceTable(NamedTuple):
    """Codes of known meaning with their types, and the factors that they are scored against.

    Both are cut into the same parts as the table that they are made for.
    """

    codes: tuple[pd.DataFrame, ...]
    types: list[str]
    factors: tuple[pd.DataFrame, ...]


def reference_tables(
    parts: Sequence[pd.DataFrame],
    *,
    factor_types: Sequence[str] | None = None,
    width: int,
    categorical: bool = False,
    periodic: bool = False,
    seed: int = 0,
) -> dict[str, ReferenceTable]:
    """Tables of known codes for some factors, by the name of the codes.

    "exact": the factors are the codes, each factor shuffled by itself, so that they are
    independent. "exact as here": the same with the rows as they are. "rotated": an orthogonal mix
    of the standardised factors, to which each contributes. "common cause": ``width`` codes that all
    equal :func:`common_cause`. "twice": every factor is two codes. "noise": ``width`` normal codes.

    Codes are continuous and hold class numbers of a discrete factor and angles of a periodic one.
    One factor alone is neither mixed nor caused, and independent factors have no common cause:
    those tables are absent.

    Args:
        parts: factors ``(n, K)`` of the rows to score, or of those to fit on and those to score;
            rows are shuffled within their part.
        factor_types: see :func:`infoeval.metrics.stats.code_factor_table.as_table`.
        width: the number D of codes of noise, and of codes that equal the cause.
        categorical: exact codes of discrete factors are categorical, instead of continuous.
        periodic: exact codes of periodic factors are periodic, instead of continuous.
        seed: of the shuffles and of the noise.

    Raises UserError for what is no table of factors.

    >>> tables = reference_tables([pd.DataFrame({"a": [0.1, 0.2], "b": [1, 0]})], width=3)
    >>> tables["twice"].codes[0].columns.to_list(), tables["noise"].codes[0].shape
    (['a', 'b', 'a again', 'b again'], (2, 3))
    """
    given = tuple(part.reset_index(drop=True) for part in parts)
    generator = np.random.default_rng([seed, 4])
    independent = tuple(_shuffled(part, generator) for part in given)
    columns = _columns(given, factor_types)
    values = np.stack([column.values for column in columns], axis=1)
    shuffled = np.stack([column.values for column in _columns(independent, factor_types)], axis=1)
    names = [column.name for column in columns]
    own = {"discrete": "categorical"} if categorical else {}
    own |= {"periodic": "periodic"} if periodic else {}
    types = [own.get(column.type, "continuous") for column in columns]
    twice = np.concatenate([values, values], axis=1)
    again = [*names, *(f"{name} again" for name in names)]
    tables = {
        EXACT: _cut(shuffled, names, independent, types),
        AS_HERE: _cut(values, names, given, types),
        TWICE: _cut(twice, again, given, types * 2),
        NOISE: noise_table(given, width=width, seed=seed),
    }
    if len(names) > 1:
        tables[ROTATED] = _cut(rotated(values), _numbered("mix", len(names)), given)
        cause = common_cause(columns)
        if cause is not None:
            same = np.tile(cause[:, None], width)
            tables[COMMON_CAUSE] = _cut(same, _numbered("code", width), given)
    return tables


def noise_table(
    parts: Sequence[pd.DataFrame], *, width: int, seed: int = 0, draw: int = 0
) -> ReferenceTable:
    """Table of ``width`` independent normal codes for some factors; each ``draw`` is another."""
    given = tuple(part.reset_index(drop=True) for part in parts)
    rows = sum(map(len, given))
    noise = np.random.default_rng([seed, 5, draw]).normal(size=(rows, width))
    return _cut(noise, _numbered("code", width), given)


def rotated(values: Array) -> Array:
    """Orthogonal mix of standardised columns, ``(n, K)``; all contribute to all, about evenly.

    The matrix is the Kronecker product of a Hadamard matrix and, for the odd part of K, the matrix
    of the discrete Hartley transform, neither of which has a zero.

    >>> rotated(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 3.0], [0.0, -3.0]])).round(2).tolist()
    [[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]]
    """
    from scipy.linalg import hadamard

    deviation = values.std(axis=0)
    standard = (values - values.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    count = values.shape[1]
    even = count & -count
    places = np.arange(count // even)
    turns = 2 * math.pi * np.outer(places, places) / len(places)
    matrix = np.kron(hadamard(even), np.cos(turns) + np.sin(turns))
    return np.asarray(standard @ matrix.T / math.sqrt(count))


def common_cause(factors: Sequence[Column]) -> Array | None:
    """The one variable that explains most of all factors, ``(n,)``; None if they are independent.

    It is the first principal component of the factors' normal scores, with the classes of a
    discrete factor and sine and cosine of a periodic one as orthonormal columns (Kettenring 1971,
    Canonical analysis of several sets of variables: the squared multiple correlations with all
    factors add up to the most). Its variance is 1, its sign is arbitrary. Rare classes count as
    one, see `LEAST_SHARE`. Factors are independent here unless the sum of n r² over the canonical
    correlations of all pairs is beyond chance (Pearson's test of every pair at once, p < 0.001).

    >>> both = [Column(name, "continuous", np.arange(50.0)) for name in "ab"]
    >>> bool((np.diff(common_cause(both)) > 0).all())
    True
    """
    blocks = [block for block in map(_block, factors) if block.shape[1]]
    if len(blocks) < 2:
        return None
    basis = np.concatenate(blocks, axis=1)
    rows, widths = len(basis), np.array([block.shape[1] for block in blocks])
    products = basis.T @ basis
    association = rows * (float((products**2).sum()) - widths.sum()) / 2
    pairs = (widths.sum() ** 2 - (widths**2).sum()) / 2
    if chdtrc(pairs, association) >= BY_CHANCE:
        return None
    values, vectors = np.linalg.eigh(products)
    weights = vectors[:, -1] * np.sign(vectors[np.abs(vectors[:, -1]).argmax(), -1])
    return np.asarray(basis @ weights * math.sqrt(rows / values[-1]))


def _cut(
    codes: Array,
    names: list[str],
    factors: tuple[pd.DataFrame, ...],
    types: list[str] | None = None,
) -> ReferenceTable:
    """Table of codes for the rows of all parts of the factors, cut as these are."""
    ends = np.cumsum([len(part) for part in factors])[:-1]
    pieces = (pd.DataFrame(piece, columns=names) for piece in np.split(codes, ends))
    return ReferenceTable(tuple(pieces), types or ["continuous"] * len(names), factors)


def _numbered(name: str, count: int) -> list[str]:
    return [f"{name} {number}" for number in range(count)]


def _block(factor: Column) -> Array:
    """Orthonormal columns of mean 0 that a factor's values are a function of."""
    values = factor.values
    if factor.type in CATEGORIES:
        numbers = values.astype(np.intp)
        counts = np.bincount(numbers)
        common = np.flatnonzero(counts >= max(LEAST_COUNT, LEAST_SHARE * len(values)))
        columns = (numbers[:, None] == common).astype(np.float64)
    elif factor.type == "periodic":
        columns = factor.targets
    else:
        from scipy.stats import rankdata

        columns = ndtri((rankdata(values) - 0.5) / len(values))[:, None]
    left, sizes, _ = np.linalg.svd(columns - columns.mean(axis=0), full_matrices=False)
    return np.asarray(left[:, sizes > 1e-9 * max(1.0, sizes.max(initial=0.0))])


def _columns(parts: Sequence[pd.DataFrame], types: Sequence[str] | None) -> tuple[Column, ...]:
    """Factors of all parts together, with numbers for their values."""
    whole: Any = pd.concat(parts, ignore_index=True)
    return as_table(np.zeros(len(whole)), whole, factor_types=types).factors


def _shuffled(factors: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Factors with the rows of each in an order of its own."""
    # By place, as two columns may have the same name.
    columns = [
        factors.iloc[generator.permutation(len(factors)), place].reset_index(drop=True)
        for place in range(factors.shape[1])
    ]
    return pd.concat(columns, axis=1)
