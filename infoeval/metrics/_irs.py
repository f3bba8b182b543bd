"""IRS: robustness of each code to changes of all factors but the one that it encodes."""

import math
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.circle_frames import TURN
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import FACTOR_TYPES
from infoeval.metrics.stats.mutual_information import BinnedColumns
from infoeval.metrics.stats.resampling import (
    Preset,
    TableOptions,
    check_choice,
    score_table,
    table_of,
)
from infoeval.metrics.stats.row_intervals import Rows

REFERENCE = "Suter et al. 2019, Robustly disentangled causal mechanisms"


@metric(
    "irs",
    kind="table",
    range="up to 1",
    summary="how little each code changes when other factors change",
    use="checking whether codes are robust to changes in other factors",
    pitfalls="random codes score 0.3 to 0.4, and codes that all follow a common cause of the "
    "factors 0.75; codes with a large deviation weigh most; assumes independent factors",
)
def irs(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    preset: Preset = "disentanglement_lib",
    **options: Unpack[TableOptions],
) -> Score:
    """Interventional robustness: mean over codes of 1 - deviation within the values of its factor.

    For a code j and a factor k, the rows of each value v of k have a mean code, and a deviation
    from it that 99 % of them do not exceed; its mean over v, over the largest deviation of all
    rows, is how much j changes while k is fixed. IRS_j is 1 minus the smallest of these over k, and
    the score their mean weighted with the largest deviations. Up to 1; codes of noise score 0.31
    (1,000 rows) to 0.37 (10,000), more by chance where values are rare. The mean of an angle is a
    direction, and its deviations are the shorter way round. Constant codes are left out. The
    factors should be independent of each other.

    Args:
        codes: ``(n, D)``, continuous ones or angles: it measures distances.
        factors: ``(n, K)``.
        preset: "disentanglement_lib": the 0.99 quantile, and all factors, discrete ones too, in
            20 bins of equal width; "laforge": the largest deviation, continuous factors in 10
            bins and others as they are (Zaidi et al. 2020), which can fall below 0.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    ``details``: ``robustness`` (D x K), ``per_code`` (D), ``factor_of`` each code,
    ``largest_deviation`` (D), ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, for categorical codes, where
    all codes are constant, and for unknown choices.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(float(irs(factors * 1.5, factors)), 4)
    1.0
    """
    check_choice("preset", preset, Preset)
    table = table_of(codes, factors, options)
    for code in table.codes:
        if code.type == "categorical":
            raise UserError(f"{code.name} is categorical; irs measures distances")
    table = table.keep([code for code in table.codes if code.spread > 0])
    if not table.codes:
        raise UserError("all codes are constant; there is nothing to score")
    if preset == "disentanglement_lib":
        quantile, classes = 0.99, BinnedColumns(table.factors, 20, cut=FACTOR_TYPES)
    else:
        quantile, classes = 1.0, BinnedColumns(table.factors, 10)
    values = table.matrix(table.codes)
    angles = np.array([code.type == "periodic" for code in table.codes])

    def statistic(code_rows: Rows, factor_rows: Rows) -> float:
        return _mean(*_robustness(values[code_rows], classes.of(factor_rows), quantile, angles))

    robustness, deviation = _robustness(values, classes.whole, quantile, angles)
    details: dict[str, Any] = {
        "robustness": robustness.tolist(),
        "per_code": robustness.max(axis=1).tolist(),
        "factor_of": [table.factors[k].name for k in robustness.argmax(axis=1)],
        "largest_deviation": deviation.tolist(),
        "preset": preset,
    }
    return score_table(
        table,
        _mean(robustness, deviation),
        statistic,
        options,
        bounds=(-1.0, 1.0),
        reference=REFERENCE,
        details=details,
        ranges=True,
    )


def _robustness(
    codes: NDArray[np.float64],
    classes: NDArray[np.intp],
    quantile: float,
    angles: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """1 - deviation within values of a factor, ``(D, K)``, and the largest deviation, ``(D,)``."""
    largest = _deviations(codes, angles).max(axis=0)
    within = np.empty((codes.shape[1], classes.shape[1]))
    for column, numbers in enumerate(classes.T):
        order = np.argsort(numbers, kind="stable")
        ends = np.flatnonzero(np.diff(numbers[order])) + 1
        deviations = [
            _quantile(_deviations(part, angles), quantile) for part in np.split(codes[order], ends)
        ]
        within[:, column] = np.mean(deviations, axis=0)
    return 1 - share(within, largest[:, None]), largest


def _deviations(values: NDArray[np.float64], angles: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distances of values ``(n, D)`` from their mean, of ``angles`` ``(D,)`` from its direction."""
    apart = values - values.mean(axis=0)
    if angles.any():
        turning = values[:, angles]
        # Relative to the first row, so that equal angles have exactly no deviation.
        away = turning - turning[0]
        middle = np.angle(np.exp(1j * away).mean(axis=0))
        apart[:, angles] = (away - middle + math.pi) % TURN - math.pi
    return np.asarray(np.abs(apart))


def _quantile(values: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Quantile of every column, interpolated as by numpy, which is slower for many small calls."""
    place = share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    ordered = np.partition(values, (below, above), axis=0)
    return np.asarray(ordered[below] + (place - below) * (ordered[above] - ordered[below]))


def _mean(robustness: NDArray[np.float64], deviation: NDArray[np.float64]) -> float:
    if not deviation.any():
        return 0.0
    return float(np.average(robustness.max(axis=1), weights=deviation))
