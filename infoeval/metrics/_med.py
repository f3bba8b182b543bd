"""MED: disentanglement and completeness of the mutual information of codes and factors."""

from dataclasses import dataclass
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import (
    code_disentanglement,
    completeness,
    disentanglement,
    factor_completeness,
    share,
)
from infoeval.metrics.stats.code_factor_table import Table
from infoeval.metrics.stats.mutual_information import TableInformation, class_numbers_of
from infoeval.metrics.stats.probes import fit_softmax, inputs_of, one_thread
from infoeval.metrics.stats.resampling import (
    TableOptions,
    TestRows,
    check_choice,
    score_parts,
    split_table,
)
from infoeval.metrics.stats.row_intervals import Rows

REFERENCE = "Cao et al. 2022, An empirical study on disentanglement of negative-free learning"

Estimator = Literal["plug-in", "corrected"]
Array = NDArray[np.float64]


@metric(
    "med",
    kind="table",
    range="0 to 1",
    summary="DCI with mutual information as importance",
    use="the questions of dci, when time is short",
    pitfalls="counts are biased, so compare only tables of the same size; correlated factors lower "
    "it (0.16 for perfect codes at correlation 0.8); outliers distort its bins",
)
def med(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    test: TestRows | None = None,
    top: int | None = None,
    estimator: Estimator = "plug-in",
    bins: int = 20,
    **options: Unpack[TableOptions],
) -> Score:
    """Disentanglement and completeness of R_jk = I(z_j; v_k) / sum_i I(z_i; v_k).

    Disentanglement is the mean over codes j of 1 - H(R_j) / ln K, K the number of factors and R_j
    the code's row, scaled to sum to 1, weighted with the code's share of R: 1 where every code has
    information about one factor only. Completeness is the mean over factors k of 1 - H(R_k) / ln D,
    1 where one code only has information about each factor. Informativeness is the mean accuracy of
    a logistic regression of all codes on rows that it was not fitted on. All are from 0 to 1.

    Counts are biased: perfect codes score 0.94 with 2,000 rows and 0.99 with 10,000, and less
    with codes of noise added, so compare tables of one size. Codes independent of the factors score
    0.01, and the accuracy of guessing. The corrected estimator removes most of the bias (perfect
    codes: 0.99 and 1.00), but codes of noise score 0.3 to 0.5, a ratio of chance
    values: compare with the null.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``, two or more.
        test: codes and factors of the rows to score the probe on; None: a third of the rows.
        top: number of codes kept of each factor, the most disentangled of those whose best
            factor it is (Top-k MED), for many more codes than factors; None: all codes.
        estimator: "plug-in" counts; "corrected" subtracts (R - 1)(C - 1) / 2n from each
            information, its bias under independence (Miller 1955).
        bins: of equal width, for continuous and periodic codes and factors.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    The value is the disentanglement; ``details["parts"]`` holds "disentanglement", "completeness"
    and "informativeness" with their intervals.
    ``details``: ``importance`` (D x K), ``per_code`` (D), ``per_factor`` (K), ``accuracy`` of each
    factor (K), ``kept`` codes, ``fit_n``, ``pruned`` codes, and whether all probes ``converged``.

    Raises UserError for what is not a table of codes and factors, for a single factor, and for
    unknown choices.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T.repeat(30, axis=0)
    >>> score = med(factors * 1.5, factors, estimator="corrected")
    >>> round(float(score), 4), round(score.details["parts"]["informativeness"]["value"], 4)
    (1.0, 1.0)
    """
    check_choice("estimator", estimator, Estimator)
    if top is not None and top < 1:
        raise UserError(f"top is {top}; give one or more codes of each factor")
    split = split_table(codes, factors, test, options)
    table = split.table
    if len(table.factors) < 2:
        raise UserError("med compares factors; give two or more")

    def parts(fitted: _Fitted) -> list[float]:
        importance = fitted.importance
        kept = importance if top is None else importance[_most_disentangled(importance, top)]
        return [disentanglement(kept), completeness(kept), float(fitted.right.mean())]

    def statistic(code_rows: Rows, factor_rows: Rows) -> list[float]:
        fit = int((code_rows < split.fit).sum())
        return parts(_fit(table.paired(code_rows, factor_rows), fit, estimator, bins))

    whole = _fit(table, split.fit, estimator, bins)
    importance = whole.importance
    names = ("disentanglement", "completeness", "informativeness")
    details: dict[str, Any] = {
        "importance": importance.tolist(),
        "per_code": code_disentanglement(importance).tolist(),
        "per_factor": factor_completeness(importance).tolist(),
        "accuracy": whole.right.mean(axis=0).tolist(),
        "kept": [
            table.codes[j].name for j in _most_disentangled(importance, top or len(importance))
        ],
        "fit_n": split.fit,
        "converged": whole.converged,
        "estimator": estimator,
        "bins": bins,
        "top": top,
    }
    return score_parts(
        table,
        dict(zip(names, parts(whole), strict=True)),
        statistic,
        options,
        reference=REFERENCE,
        details=details,
        replicates=20,
        tables=5,
        ranges=True,
        fit=split.fit,
    )


@dataclass(frozen=True)
class _Fitted:
    """Importance of codes to factors, and whether the rows to score are predicted, ``(rows, K)``.

    ``importance`` ``(D, K)`` is by the rows to fit on; its columns sum to 1, or to 0.
    """

    importance: Array
    right: NDArray[np.bool_]
    converged: bool


def _fit(table: Table, fit: int, estimator: Estimator, bins: int) -> _Fitted:
    """Information and probes of the first ``fit`` rows."""
    inputs = inputs_of(table.codes, fit)
    classes = class_numbers_of(table.factors, bins)
    with one_thread():
        probes = [fit_softmax(inputs[:fit], numbers[:fit]) for numbers in classes.T]
        predicted = np.stack([probe.predict(inputs[fit:]) for probe in probes], axis=1)
    rows = np.arange(fit)
    information = TableInformation(table.rows(rows), estimator, bins).matrix(rows, rows).information
    right = predicted == classes[fit:]
    return _Fitted(
        share(information, information.sum(axis=0)),
        right,
        all(probe.converged for probe in probes),
    )


def _most_disentangled(importance: Array, top: int) -> NDArray[np.intp]:
    """Indices of each factor's ``top`` most disentangled codes, of those whose best it is."""
    best_factor = importance.argmax(axis=1)
    order = np.argsort(-code_disentanglement(importance), kind="stable")
    kept = [order[best_factor[order] == k][:top] for k in range(importance.shape[1])]
    return np.sort(np.concatenate(kept))
