"""What metrics of mutual information are made of: its matrix, on any rows of a table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import Table
from infoeval.metrics.stats.counts import BINS, class_numbers_of, entropies, information_matrix
from infoeval.metrics.stats.neighbours import neighbour_information, separated
from infoeval.metrics.stats.resampling import Options, Rows, score_table

__all__ = [
    "Estimator",
    "Information",
    "Matrix",
    "check_choice",
    "gap",
    "score_information",
    "share",
]

Estimator = Literal["plug-in", "corrected", "ksg"]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Matrix:
    """I(z_j; v_k) ``(D, K)`` with H(z_j) ``(D,)`` of the binned codes and H(v_k) ``(K,)``, nats."""

    information: Array
    codes: Array
    factors: Array


class Information:
    """I(z_j; v_k), nats, of a table's codes and factors, by one of the estimators.

    "plug-in" counts classes and bins; "corrected" takes (R - 1)(C - 1) / 2n off, the bias of the
    counts under independence (Miller 1955), and stops at 0; "ksg" counts neighbours of continuous
    codes (Ross 2014, k = 3), and classes of categorical ones. Bins are fixed by all rows.
    """

    def __init__(
        self, table: Table, estimator: Estimator = "plug-in", bins: int = BINS, seed: int = 0
    ) -> None:
        self.estimator = estimator
        self.codes = class_numbers_of(table.codes, bins)
        self.factors = class_numbers_of(table.factors, bins)
        if estimator == "ksg":
            for factor in table.factors:
                if factor.type in ("continuous", "periodic"):
                    raise UserError(
                        f"{factor.name} is {factor.type}; estimator 'ksg' needs discrete factors"
                    )
            self.continuous = [code.type == "continuous" for code in table.codes]
            self.values = separated(table.matrix(table.codes), seed)

    def matrix(self, code_rows: Rows, factor_rows: Rows) -> Matrix:
        """Of the codes of some rows and the factors of some, in the same order."""
        codes, factors = self.codes[code_rows], self.factors[factor_rows]
        found = information_matrix(codes, factors)
        if self.estimator == "corrected":
            categories, classes = (
                np.array([np.count_nonzero(np.bincount(column)) for column in each.T])
                for each in (codes, factors)
            )
            bias = np.outer(categories - 1, classes - 1) / (2 * len(codes))
            found = np.maximum(found - bias, 0.0)
        entropy = entropies(codes)
        if self.estimator == "ksg":
            self._count_neighbours(found, code_rows, factors)
            # Neighbours tell of more than bins hold where an outlier makes the bins wide.
            entropy = np.maximum(entropy, found.max(axis=1))
        return Matrix(found, entropy, entropies(factors))

    def _count_neighbours(self, found: Array, code_rows: Rows, factors: NDArray[np.intp]) -> None:
        for row in np.flatnonzero(self.continuous):
            values = self.values[code_rows, row]
            order = np.argsort(values, kind="stable")
            for column in range(factors.shape[1]):
                classes = factors[order, column]
                found[row, column] = neighbour_information(values[order], classes)


def score_information(
    table: Table,
    metric: Callable[[Matrix], float],
    options: Options,
    *,
    estimator: Estimator = "plug-in",
    bins: int = BINS,
    details: Callable[[Matrix], dict[str, Any]],
    reference: str,
) -> Score:
    """Score a metric from 0 to 1 that is computed from the information matrix.

    The matrix, the entropies and ``details`` of the whole table are in the score's details.
    """
    check_choice("estimator", estimator, Estimator)
    information = Information(table, estimator, bins, options.get("seed", 0))
    every = np.arange(table.n)
    whole = information.matrix(every, every)

    return score_table(
        table,
        metric(whole),
        lambda code_rows, factor_rows: metric(information.matrix(code_rows, factor_rows)),
        options,
        bounds=(0.0, 1.0),
        unit="fraction",
        reference=reference,
        details={
            "information": whole.information.tolist(),
            "code_entropies": whole.codes.tolist(),
            "factor_entropies": whole.factors.tolist(),
            **details(whole),
            "estimator": estimator,
            "bins": bins,
        },
        resample="jackknife" if estimator == "ksg" else "bootstrap",
    )


def check_choice(name: str, value: str, choices: object) -> None:
    """Raise UserError unless a `Literal` holds this value."""
    known = get_args(choices)
    if value not in known:
        raise UserError(f"no {name} {value!r}; there are {', '.join(known)}")


def gap(matrix: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """How far the largest value along an axis is above the next; the value itself if alone.

    >>> gap(np.array([[1.0, 3.0], [5.0, 2.0]]), axis=0)
    array([4., 1.])
    """
    if matrix.shape[axis] == 1:
        return np.asarray(matrix.take(0, axis))
    ordered = np.partition(matrix, (-2, -1), axis)
    return np.asarray(ordered.take(-1, axis) - ordered.take(-2, axis))


def share(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    """part / whole, and 0 where there is nothing to share."""
    above, below = np.broadcast_arrays(part, whole)
    return np.asarray(np.divide(above, below, out=np.zeros(above.shape), where=below > 0))
