"""OMES: overlap and multiple encoding of factors, from pairs of rows that differ in one factor."""

import math
from dataclasses import dataclass
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import Table, check_numbers
from infoeval.metrics.stats.mutual_information import Classes, class_numbers_of
from infoeval.metrics.stats.probes import one_thread
from infoeval.metrics.stats.resampling import (
    TableOptions,
    check_choice,
    score_parts,
    table_of,
)
from infoeval.metrics.stats.row_intervals import Rows
from infoeval.metrics.stats.table_draws import classes_of_others

REFERENCE = (
    "Dapueto, Noceti and Odone 2024, Transferring disentangled representations: bridging the gap "
    "between synthetic and real images"
)
PARTS = ("combined", "overlap", "multiple encoding")
LEAST_VARIANCE = 1e-12

Preset = Literal["published", "signed"]
Pooling = Literal["max", "mean"]
Array = NDArray[np.float64]


@metric(
    "omes",
    kind="table",
    range="0 to 1",
    summary="how much codes change with one factor alone: overlap and multiple encoding",
    use="tables where many rows agree in all factors but one; finding shared and repeated factors",
    pitfalls="counts perfect codes of a factor with L values as 1 - 1/(L - 1), 0 for a binary one: "
    "see preset=signed; noise counts as a code of every factor, (1/K + 1/D)/2 in all",
)
def omes(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    preset: Preset = "published",
    alpha: float = 0.5,
    pooling: Pooling = "max",
    threshold: float = 0.05,
    bins: int = 20,
    **options: Unpack[TableOptions],
) -> Score:
    """Mean over factors k of alpha max_d O_dk S_dk + (1 - alpha) max_d M_dk S_dk.

    S_dk = 1 - |corr(x_d, y_d)|, the correlation of code d in the two rows x and y of a pair, over
    all pairs of rows that differ in factor k and agree in all others: near 0 for a code that does
    not depend on k, which is then the same in both. O_dk = 1 - mean_j |1[j = k] - S_dj| falls as
    code d depends on other factors too (overlap), M_dk = 1 - mean_e |1[e = d] - S_ek| as other
    codes e depend on k too (multiple encoding). From 0 to 1.

    The two values of a factor differ within a pair, so that a code of this factor alone is not
    uncorrelated: of L values that are equally frequent, its correlation is -1/(L - 1). By the
    published definition S is then 1 - 1/(L - 1), and 0 for a binary factor however perfect its
    code; with "signed" S is 1. Codes of noise are uncorrelated and count as codes of every factor:
    K factors and D such codes score 1/K in overlap and 1/D in multiple encoding.

    Args:
        codes: ``(n, D)``; continuous, of two categories, or angles, whose correlation is that of
            the points on the unit circle: of mean x·y instead of the mean product.
        factors: ``(n, K)``.
        preset: "published"; "signed": S_dk = 1 - max(0, corr).
        alpha: the weight of overlap, from 0 to 1.
        pooling: "max" over codes, or "mean", weighted with S_dk, as in the published program.
        threshold: codes whose standard deviation is below this are dropped.
        bins: of equal width, for continuous and periodic factors, which agree if in one bin.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    The published program draws such pairs at random; here all of them count, each once.
    ``details["parts"]`` holds "combined", the value; "overlap" (alpha = 1) and "multiple encoding"
    (alpha = 0). ``details``: ``dependence`` (S, kept codes x K), ``kept`` and ``dropped`` codes,
    ``per_factor`` (K), ``pairs`` (K), ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, for a code of more than two
    categories, where no two rows differ in a factor alone, and for unknown choices.

    >>> factors = np.indices((11, 11)).reshape(2, -1).T
    >>> score = omes(factors * 1.0, factors)
    >>> {name: round(part["value"], 3) for name, part in score.details["parts"].items()}
    {'combined': 0.855, 'overlap': 0.855, 'multiple encoding': 0.855}
    >>> float(omes(factors * 1.0, factors, preset="signed"))
    1.0
    """
    check_choice("preset", preset, Preset)
    check_choice("pooling", pooling, Pooling)
    if not 0 <= alpha <= 1:
        raise UserError(f"alpha is {alpha}; give a number from 0 to 1")
    if not threshold >= 0:
        raise UserError(f"threshold is {threshold}; give a number >= 0")
    table = table_of(codes, factors, options)
    check_numbers(table.codes, "omes")
    pairs = _Pairs.of(table, threshold, bins, preset)

    def parts(code_rows: Rows, factor_rows: Rows) -> list[float]:
        with one_thread():
            dependence = pairs.dependence(code_rows, factor_rows)
        overlap, multiple = (float(each.mean()) for each in _per_factor(dependence, pooling))
        return [alpha * overlap + (1 - alpha) * multiple, overlap, multiple]

    every = np.arange(table.n)
    whole = pairs.dependence(every, every)
    overlap, multiple = _per_factor(whole, pooling)
    details: dict[str, Any] = {
        "dependence": whole.tolist(),
        "kept": [code.name for code, kept in zip(table.codes, pairs.kept, strict=True) if kept],
        "dropped": [
            code.name for code, kept in zip(table.codes, pairs.kept, strict=True) if not kept
        ],
        "per_factor": (alpha * overlap + (1 - alpha) * multiple).tolist(),
        "pairs": [int(count) for count in pairs.counts(every)],
        "preset": preset,
        "alpha": float(alpha),
        "pooling": pooling,
        "threshold": float(threshold),
        "bins": bins,
    }
    return score_parts(
        table,
        dict(zip(PARTS, parts(every, every), strict=True)),
        parts,
        options,
        reference=REFERENCE,
        details=details,
    )


@dataclass(frozen=True)
class _Pairs:
    """Pairs of rows that differ in one factor, for each factor.

    ``values`` ``(columns, n)`` are the standardised codes that are ``kept`` ``(D,)``, an angle in
    two columns; ``starts`` ``(D',)`` are the first columns of these. Rows of the same one of
    ``groups`` ``(n, K)`` agree in all other factors, and of ``cells`` in this one as well.
    """

    values: Array
    starts: Rows
    kept: NDArray[np.bool_]
    groups: Classes
    cells: Classes
    signed: bool

    @classmethod
    def of(cls, table: Table, threshold: float, bins: int, preset: Preset) -> "_Pairs":
        """Pairs of a table. Raises UserError for a factor in which no two rows differ alone."""
        columns, deviation = [], []
        for code in table.codes:
            # Relative to the first row, so that equal values are exactly 0.
            values = code.inputs.T if code.type == "periodic" else code.values[None]
            values = values - values[:, :1]
            values = values - values.mean(axis=1, keepdims=True)
            deviation.append(math.sqrt((values**2).sum() / (table.n - 1)))
            if deviation[-1] > 0 and deviation[-1] >= threshold:
                columns.append(values / deviation[-1])
        kept = np.array([each > 0 and each >= threshold for each in deviation])
        classes = class_numbers_of(table.factors, bins)
        groups = classes_of_others(classes)
        cells = groups * (classes.max(axis=0) + 1) + classes
        starts = np.cumsum([0, *map(len, columns)])[:-1]
        standardised = np.concatenate([np.empty((0, table.n)), *columns])
        pairs = cls(standardised, starts, kept, groups, cells, preset == "signed")
        for factor, count in zip(table.factors, pairs.counts(np.arange(table.n)), strict=True):
            if count == 0:
                raise UserError(
                    f"no two rows differ in {factor.name} alone; give more rows, or fewer bins"
                )
        return pairs

    def counts(self, rows: Rows) -> Array:
        """Number of pairs among these rows for each factor, ``(K,)``."""
        return np.array([self._partners(rows, k).sum() / 2 for k in range(self.groups.shape[1])])

    def _partners(self, rows: Rows, k: int) -> Array:
        """Number of rows that each row makes a pair with."""
        groups, cells = self.groups[rows, k], self.cells[rows, k]
        return np.asarray(np.bincount(groups)[groups] - np.bincount(cells)[cells], dtype=np.float64)

    def dependence(self, code_rows: Rows, factor_rows: Rows) -> Array:
        """S of the codes kept, ``(D', K)``; 0 where there are no pairs, or the code is constant."""
        values = self.values[:, code_rows]
        columns = []
        for k in range(self.groups.shape[1]):
            partners = self._partners(factor_rows, k)
            total = max(partners.sum(), 1.0)
            square_of_mean = self._of_codes((values @ partners / total) ** 2)
            # Of all products in a group, those of rows with the same value are taken away.
            products = _squares(values, self.groups[factor_rows, k])
            products = (products - _squares(values, self.cells[factor_rows, k])) / total
            variance = self._of_codes(values**2 @ partners / total) - square_of_mean
            correlation = share(self._of_codes(products) - square_of_mean, variance)
            strength = np.maximum(correlation, 0.0) if self.signed else np.abs(correlation)
            columns.append(np.where(variance > LEAST_VARIANCE, 1 - strength, 0.0))
        return np.asarray(np.clip(np.stack(columns, axis=1), 0.0, 1.0))

    def _of_codes(self, columns: Array) -> Array:
        """Sums over the columns of each code, ``(D',)``."""
        return np.add.reduceat(columns, self.starts) if len(self.starts) else np.zeros(0)


def _squares(values: Array, classes: Rows) -> Array:
    """Sum over classes of the squared sum of each code's values, ``(D',)``."""
    return np.array([(np.bincount(classes, code) ** 2).sum() for code in values])


def _per_factor(dependence: Array, pooling: Pooling) -> tuple[Array, Array]:
    """Pooled overlap and multiple encoding of each factor, ``(K,)`` each; 0 without codes."""
    codes, factors = dependence.shape
    if codes == 0:
        return np.zeros(factors), np.zeros(factors)
    # Where the code or factor is the one in question, 1 - S counts instead of S.
    turned = 1 - 2 * dependence
    overlap = 1 - (dependence.sum(axis=1, keepdims=True) + turned) / factors
    multiple = 1 - (dependence.sum(axis=0, keepdims=True) + turned) / codes
    if pooling == "mean":
        weights = share(dependence, dependence.sum(axis=0))
        return (
            (overlap * dependence * weights).sum(axis=0),
            (multiple * dependence * weights).sum(axis=0),
        )
    return (overlap * dependence).max(axis=0), (multiple * dependence).max(axis=0)
