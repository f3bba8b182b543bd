"""MCC: mean correlation of the factors with one code each, and regressions of them on all codes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import CATEGORIES, Column
from infoeval.metrics.stats.probes import inputs_of, one_thread
from infoeval.metrics.stats.regressions import (
    Ridge,
    explained_share,
    nonlinear_inputs,
    regression_targets,
)
from infoeval.metrics.stats.resampling import (
    FITTED_ROWS,
    Split,
    TableOptions,
    TestRows,
    at_most,
    check_choice,
    score_parts,
    split_table,
)
from infoeval.metrics.stats.row_intervals import Rows

REFERENCE = (
    "Hyvarinen and Morioka 2016, Unsupervised feature extraction by time-contrastive learning "
    "and nonlinear ICA"
)

PARTS = ("out of sample", "in sample", "r2 linear", "r2 nonlinear")
LEAST_LENGTH = 1e-9
"""Sine or cosine vary if their root mean square is above this."""

Correlation = Literal["pearson", "spearman"]
Array = NDArray[np.float64]
Pairing = tuple[Rows, Rows]
"""Indices of codes, and of their factors."""


@metric(
    "mcc",
    kind="table",
    range="0 to 1",
    summary="mean correlation of codes and factors paired one to one, beside R2 of regressions",
    use="comparison with papers on nonlinear ICA and causal representations",
    pitfalls="false positives: if factors correlate at 0.8, codes that equal their common cause "
    "score 0.9 with R2 0.8, rotated codes 0.8 with R2 1; factors without a code do not count",
)
def mcc(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    test: TestRows | None = None,
    correlation: Correlation = "pearson",
    most_rows: int = FITTED_ROWS,
    **options: Unpack[TableOptions],
) -> Score:
    """Mean correlation coefficient: mean of |corr(z_j, v_k)| over one-to-one pairs (j, k).

    The pairs are those of the largest sum of correlations (Hungarian method) on the rows to fit on,
    and the value is the mean of their correlations on the other rows. There are as many pairs as
    codes or factors, whichever are fewer, so that factors without a code do not count. From 0 to 1;
    a constant code has 0 with every factor. Beside it stands the share of the factors' variance
    that linear and nonlinear regressions on all codes explain, R^2, which asks for no pairs: 1 for
    the factors themselves and for any rotation of them.

    Class numbers of a discrete factor have no order, so that the correlation of a code with it is
    the correlation ratio, the root of the share of the code's variance between classes: |corr| for
    two classes. For more it is what the best numbering of the classes would have; give the type
    "ordinal" to correlate numbers as they are. With an angle it is the multiple correlation with
    sine and cosine, and of a categorical code with a discrete factor Cramer's V. R^2 of a discrete
    factor is the share of Gini's impurity of its classes, which a line through class numbers cannot
    explain: perfect codes of 3 to 10 classes have 0.26 linear, and 1 nonlinear.

    Ten codes independent of five factors score 0.03 with 2,000 rows and 0.11 with 200 if factors
    are ordinal or continuous, 0.08 and 0.26 for 3 to 10 classes; both R^2 are 0. The nonlinear
    regression is a ridge regression on the codes, on 20 hat functions of each code, and on a
    Gaussian kernel at up to 300 rows, its penalty chosen by generalised cross-validation.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``.
        test: codes and factors of the rows to score; None: a third of the rows.
        correlation: "pearson", or "spearman", of the ranks of codes and of ordinal and continuous
            factors, which no increasing function of a code changes.
        most_rows: rows to score of a larger table, drawn at random by the seed, as fits to a
            million rows take minutes.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    ``details["parts"]`` holds "out of sample", the value; "in sample", pairs and correlations of
    the same rows, all those of ``codes``; "r2 linear" and "r2 nonlinear", means over factors, on
    the scored rows. ``details``: ``correlations`` (D x K, of the scored rows), ``pairs`` with code,
    factor and their correlation, ``r2_linear`` and ``r2_nonlinear`` (K), ``fit_n``, ``pruned``.

    Raises UserError for what is not a table of codes and factors, and for unknown choices.

    >>> factors = np.random.default_rng(0).normal(size=(600, 2))
    >>> score = mcc(factors @ [[0.6, 0.8], [-0.8, 0.6]], factors)
    >>> {name: round(part["value"], 1) for name, part in score.details["parts"].items()}
    {'out of sample': 0.8, 'in sample': 0.8, 'r2 linear': 1.0, 'r2 nonlinear': 1.0}
    """
    check_choice("correlation", correlation, Correlation)
    split, sampled = at_most(split_table(codes, factors, test, options), most_rows, options)
    table = split.table
    every = np.arange(table.n)
    measured = _PairedColumns(split, correlation, test is None, options.get("seed", 0))
    linear, nonlinear = measured.r2(every)
    scored = measured.correlations(every[split.fit :], every)
    pairs = zip(*_pairing(measured.correlations(every[: split.fit], every)), strict=True)
    details: dict[str, Any] = {
        "correlations": scored.tolist(),
        "pairs": [
            {
                "code": table.codes[j].name,
                "factor": table.factors[k].name,
                "correlation": float(scored[j, k]),
            }
            for j, k in pairs
        ],
        "r2_linear": linear.tolist(),
        "r2_nonlinear": nonlinear.tolist(),
        "fit_n": split.fit,
        "correlation": correlation,
        **sampled,
    }

    def parts(rows: Rows, order: Rows) -> list[float]:
        if len(rows) == table.n:  # the same inputs serve factors in any order
            return measured.parts(order)
        part = _PairedColumns(split.paired(rows, order), *measured.settings)
        # Cut at 0, every half of codes of noise would have the same R^2: no spread at all.
        return part.parts(np.arange(len(rows)), signed=True)

    return score_parts(
        table,
        dict(zip(PARTS, measured.parts(every), strict=True)),
        parts,
        options,
        reference=REFERENCE,
        details=details,
        replicates=20,
        fit=split.fit,
    )


class _PairedColumns:
    """The parts of the score, row i with the factors of row ``order[i]``.

    ``all_inside``: all rows count as in sample, instead of those to fit on. For ranks, values are
    replaced by their places among the distinct ones, which are ranked without sorting.
    """

    def __init__(self, split: Split, correlation: Correlation, all_inside: bool, seed: int) -> None:
        self.settings = correlation, all_inside, seed
        self.split, self.all_inside, self.ranked = split, all_inside, correlation == "spearman"
        self.codes, self.factors = split.table.codes, split.table.factors
        if self.ranked:
            self.codes, self.factors = map(_placed, (self.codes, self.factors))
        self.targets = [regression_targets(factor) for factor in split.table.factors]
        inputs = inputs_of(split.table.codes, split.fit)
        with one_thread():
            self.inputs = inputs, nonlinear_inputs(inputs, split.fit, seed)
            fitted = [each[: split.fit] for each in self.inputs]
            self.models = Ridge(fitted[0], [0.0]), Ridge(fitted[1])

    def correlations(self, rows: Rows, order: Rows) -> Array:
        """Correlations of codes and factors, ``(D, K)``."""
        with one_thread():
            return _correlations(
                [_side(code, rows, self.ranked) for code in self.codes],
                [_side(factor, order[rows], self.ranked) for factor in self.factors],
            )

    def r2(self, order: Rows, *, signed: bool = False) -> Array:
        """R^2 of the linear and of the nonlinear regression of each factor, ``(2, K)``.

        For ``signed`` see `explained_share`.
        """
        fit = self.split.fit
        with one_thread():
            return np.array(
                [
                    [
                        explained_share(
                            target[order[fit:]],
                            model.predict(target[order[:fit]], inputs[fit:]),
                            signed=signed,
                        )
                        for target in self.targets
                    ]
                    for model, inputs in zip(self.models, self.inputs, strict=True)
                ]
            )

    def parts(self, order: Rows, *, signed: bool = False) -> list[float]:
        """The numbers of `PARTS`."""
        every = np.arange(len(order))
        fit, scored = self.split.parts(every)
        known = self.correlations(fit, order)
        inside = self.correlations(every, order) if self.all_inside else known
        return [
            float(self.correlations(scored, order)[_pairing(known)].mean()),
            float(inside[_pairing(inside)].mean()),
            *self.r2(order, signed=signed).mean(axis=1).tolist(),
        ]


def _pairing(matrix: Array) -> Pairing:
    """Codes and factors of the best one-to-one pairing."""
    codes, factors = linear_sum_assignment(matrix, maximize=True)
    return codes, factors


class _Side(NamedTuple):
    """Orthonormal directions ``(n, columns)`` of a column, the number of them that vary.

    The directions of classes are their scaled indicators, whose span holds the constant as well.
    """

    directions: Array
    rank: int
    classes: bool


def _placed(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Columns with the place of each number among the distinct ones in its stead."""
    return tuple(
        column
        if column.type == "periodic"
        else replace(column, values=np.unique(column.values, return_inverse=True)[1].astype(float))
        for column in columns
    )


def _side(column: Column, rows: Rows, ranked: bool) -> _Side:
    """Directions of a code or a factor in these rows."""
    values = column.values[rows]
    if column.type in CATEGORIES:
        indicators = np.eye(int(column.values.max()) + 1)[values.astype(np.intp)]
        counts = indicators.sum(axis=0)
        rank = max(1, int(np.count_nonzero(counts)) - 1)
        return _Side(share(indicators, np.sqrt(counts)), rank, True)
    if column.type == "periodic":
        waves = column.targets[rows]
        centred = waves - (waves.mean(axis=0) if len(rows) else 0.0)
        directions, lengths, _ = np.linalg.svd(centred, full_matrices=False)
        kept = lengths > LEAST_LENGTH * max(1.0, len(rows)) ** 0.5
        # Directions that do not vary are 0, so that a still angle has some as well.
        whole = np.zeros(waves.shape)
        whole[:, : len(kept)] = directions * kept
        return _Side(whole, max(1, int(kept.sum())), False)
    if ranked:
        counts = np.bincount(values.astype(np.intp))
        values = (np.cumsum(counts) - counts / 2)[values.astype(np.intp)]
    if len(values):
        # Relative to the first row, so that equal values are exactly 0.
        values = values - values[0]
        values = values - values.mean()
    return _Side(share(values, np.linalg.norm(values))[:, None], 1, False)


def _correlations(codes: Sequence[_Side], factors: Sequence[_Side]) -> Array:
    """Root of the mean squared canonical correlation of each code with each factor, ``(D, K)``.

    |corr| of two numbers, the correlation ratio of a number and classes, the multiple correlation
    of a number and an angle, Cramer's V of two columns of classes.
    """
    squared = np.empty((len(codes), len(factors)))
    crossed = np.concatenate([side.directions for side in codes], axis=1).T
    starts = np.cumsum([0, *(side.directions.shape[1] for side in codes)])[:-1]
    for k, factor in enumerate(factors):
        sums = ((crossed @ factor.directions) ** 2).sum(axis=1)
        squared[:, k] = np.add.reduceat(sums, starts)
        for j, code in enumerate(codes):
            # Both spans hold the constant, which correlates with itself.
            squared[j, k] -= code.classes and factor.classes
            squared[j, k] /= min(code.rank, factor.rank)
    return np.sqrt(np.clip(squared, 0.0, 1.0))
