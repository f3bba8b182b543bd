"""Regressions of factors on all codes, linear or not; the same inputs serve any targets."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import Column

PENALTIES = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Penalties to choose from, as shares of the inputs' largest variance along any direction."""
CENTRES = 300
"""The largest number of rows at which the kernel is centred."""
KNOTS = 20
LEAST_VARIANCE = 1e-10
"""Directions with less than this share of the largest variance are left out."""

LEAST_WITHIN = 1e-8
"""The variance within classes is at least this share of all that is predicted."""
TINY = 1e-30

Array = NDArray[np.float64]


class Ridge:
    """Ridge regressions of any targets on the same inputs.

    The penalty of each target is the one of ``penalties`` with the least generalised
    cross-validation error (Golub, Heath and Wahba 1979); the single penalty 0 gives least squares.
    Intercepts are not penalised.
    """

    def __init__(self, inputs: Array, penalties: Sequence[float] = PENALTIES) -> None:
        self.origin = inputs.mean(axis=0)
        self.centred = inputs - self.origin
        variances, directions = np.linalg.eigh(self.centred.T @ self.centred / len(inputs))
        kept = variances > LEAST_VARIANCE * variances.max(initial=0.0)
        self.variances, self.directions = variances[kept], directions[:, kept]
        largest = self.variances.max(initial=0.0)
        # How much of the least squares weight each penalty leaves along each direction.
        self.left = np.array(
            [self.variances / (self.variances + penalty * largest) for penalty in penalties]
        )

    def weights(self, targets: Array) -> Array:
        """Weights of the inputs, ``(columns, targets)``, for targets ``(n, targets)``."""
        n = len(targets)
        rest = targets - targets.mean(axis=0)
        shared = self.directions.T @ (self.centred.T @ rest / n)
        explained = shared**2 / self.variances[:, None]
        removed = (2 * self.left - self.left**2) @ explained
        error = np.maximum((rest**2).mean(axis=0) - removed, 0.0)
        free = np.maximum(1 - (1 + self.left.sum(axis=1)) / n, 1 / n)
        best = (error / free[:, None] ** 2).argmin(axis=0)
        weights = self.left[best].T * shared / self.variances[:, None]
        return np.asarray(self.directions @ weights)

    def predict(self, targets: Array, inputs: Array) -> Array:
        """Predictions for rows of inputs, ``(rows, targets)``, by regressions of the targets."""
        mean = targets.mean(axis=0)
        return np.asarray(mean + (inputs - self.origin) @ self.weights(targets))


def nonlinear_inputs(inputs: Array, fit: int, seed: int) -> Array:
    """Inputs of a ridge regression that is not linear: three kinds of columns ``(n, columns)``.

    The inputs; hat functions of each of them, between `KNOTS` quantiles, for functions of one code
    alone; and the kernel exp(-|x - x_i|^2 / 2 columns), for all others. The x_i are the first
    ``fit`` rows, or `CENTRES` of them at random, a subset of regressors of kernel ridge regression.
    """
    centres = inputs[:fit]
    if fit > CENTRES:
        chosen = np.random.default_rng([seed, 4]).choice(fit, CENTRES, replace=False)
        centres = inputs[np.sort(chosen)]
    lengths, other = (inputs**2).sum(axis=1), (centres**2).sum(axis=1)
    distances = np.maximum(lengths[:, None] + other - 2 * inputs @ centres.T, 0.0)
    kernel = np.exp(-distances / (2 * inputs.shape[1]))
    hats = [_hats(column, np.sort(column[:fit])) for column in inputs.T]
    return np.concatenate([inputs, *hats, kernel], axis=1)


def _hats(values: Array, ordered: Array) -> Array:
    """Functions that are 1 at one quantile of ``ordered`` and 0 at the others, linear between."""
    places = np.linspace(0, len(ordered) - 1, KNOTS).round().astype(np.intp)
    knots = np.unique(ordered[places])
    hats = np.zeros((len(values), len(knots)))
    if len(knots) == 1:
        return hats
    rows = np.arange(len(values))
    left = np.clip(np.searchsorted(knots, values, side="right") - 1, 0, len(knots) - 2)
    along = np.clip((values - knots[left]) / (knots[left + 1] - knots[left]), 0.0, 1.0)
    hats[rows, left] = 1 - along
    hats[rows, left + 1] = along
    return hats


def regression_targets(factor: Column) -> Array:
    """Targets of a factor, ``(n, columns)``: a number, sine and cosine, or a column per class."""
    if factor.type == "discrete":
        return np.eye(int(factor.values.max()) + 1)[factor.values.astype(np.intp)]
    # Relative to the first row, as numbers far from 0 leave few digits for their differences.
    targets = factor.targets
    return targets if factor.type == "periodic" else targets - targets[0]


def class_scores(fitted: Array, indicators: Array, predicted: Array) -> Array:
    """Scores of classes ``(rows, classes)``, the highest for the class of a row of ``predicted``.

    Linear discriminant analysis of the predictions of indicators, those of the rows that were
    ``fitted`` ``(n, classes)``: with the regression, it is that of its inputs, penalised (Hastie,
    Buja and Tibshirani 1995). The largest indicator alone would never be that of a class in the
    middle.
    """
    origin = fitted[0]
    fitted, predicted = fitted - origin, predicted - origin
    counts = indicators.sum(axis=0)
    means = share(indicators.T @ fitted, counts[:, None])
    within = fitted - indicators @ means
    scale = max(float((fitted**2).mean()), TINY)
    covariance = within.T @ within / len(fitted) + LEAST_WITHIN * scale * np.eye(len(counts))
    slopes = np.linalg.solve(covariance, means.T)
    with np.errstate(divide="ignore"):
        priors = np.log(counts / len(fitted))
    return np.asarray(predicted @ slopes - (means.T * slopes).sum(axis=0) / 2 + priors)


def explained_share(targets: Array, predicted: Array, *, signed: bool = False) -> float:
    """R^2 of all columns together, not below 0, and 0 where the targets do not vary.

    Of indicators of classes it is the share of Gini's impurity that is explained. ``signed``:
    where the mean predicts better, minus the share of the squared errors that it saves.
    """
    if len(targets) == 0:
        return 0.0
    around = float(((targets - targets.mean(axis=0)) ** 2).sum())
    left = float(((targets - predicted) ** 2).sum())
    if signed:
        return float(share(around - left, max(around, left)))
    return float(share(max(0.0, around - left), around))
