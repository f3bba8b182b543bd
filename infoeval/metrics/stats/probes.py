"""Linear probes of codes: logistic regressions fitted to the optimum."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from threadpoolctl import ThreadpoolController

from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import Column

Array = NDArray[np.float64]
Classes = NDArray[np.intp]
Scale = Literal["deviation", "range"]

LARGEST_EXPONENT = 600.0
"""The maximum of scores beyond this is subtracted, as they could overflow in exp."""

FARTHEST = 1e30
"""Inputs are clipped here, as the single precision of trees ends at 3e38."""

BLOCK = 2_000
"""The number of rows whose scores are computed at once."""

NEWTON_STEPS = 50
NEWTON_TOLERANCE = 1e-7
"""Newton's method ends at this gradient, divided by the number of rows."""


@dataclass(frozen=True)
class Probe:
    """A fitted linear classifier: its ``classes``, and a row of weights for each of them.

    The last weight of a row is the intercept. ``one_against_rest``: one binary classifier for each
    class, instead of a multinomial one. ``converged``: the fit reached its tolerance.
    """

    classes: Classes
    weights: Array
    one_against_rest: bool = False
    converged: bool = True

    def log_probabilities(self, inputs: Array) -> Array:
        """Log probabilities of the classes, ``(n, classes)``, for inputs ``(n, columns)``."""
        scores = self._scores(inputs)
        if self.one_against_rest:
            scores = log_expit(scores)
        scores = scores - scores.max(axis=1, keepdims=True)
        total = np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return np.asarray(scores - total)

    def predict(self, inputs: Array) -> Classes:
        """Most probable class of every row, ``(n,)``."""
        return np.asarray(self.classes[self._scores(inputs).argmax(axis=1)])

    def _scores(self, inputs: Array) -> Array:
        return np.asarray(inputs @ self.weights[:, :-1].T + self.weights[:, -1])


def inputs_of(codes: Sequence[Column], fit: int, scale: Scale = "deviation") -> Array:
    """Inputs of probes, ``(n, columns)``: scaled codes, and a column for each category.

    An angle is its sine and cosine, each scaled.

    The first ``fit`` rows determine the scale: mean 0 and deviation 1, or minimum 0 and maximum 1.
    A code that is constant there is 0.
    """
    columns = []
    for code in codes:
        if code.type == "categorical":
            columns.append(code.inputs)
            continue
        for values in code.inputs.T:
            known = values[:fit]
            if scale == "deviation":
                origin, unit = known.mean(), known.std() if np.ptp(known) > 0 else 0.0
            else:
                origin, unit = known.min(), np.ptp(known)
            columns.append(share(values - origin, unit)[:, None])
    return np.clip(np.concatenate(columns, axis=1), -FARTHEST, FARTHEST)


def one_thread() -> AbstractContextManager[object]:
    """Context with one thread for linear algebra: matrices this small gain nothing from more."""
    limits: AbstractContextManager[object] = _threads().limit(limits=1, user_api="blas")
    return limits


@lru_cache(maxsize=1)
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def fit_softmax(
    inputs: Array,
    classes: Classes,
    *,
    penalty: float = 1.0,
    balanced: bool = False,
    tolerance: float = 1e-6,
    iterations: int = 1000,
) -> Probe:
    """Multinomial logistic regression: minimum of sum -log p(class) + penalty / 2 |weights|^2.

    Intercepts are not penalised. ``balanced``: all classes have the same weight. It is the model of
    scikit-learn's LogisticRegression with C = 1 / penalty, which penalises the weights of two
    classes as their difference. ``tolerance`` is on the gradient of the mean.
    """
    known, index = np.unique(classes, return_inverse=True)
    design = np.column_stack([inputs, np.ones(len(inputs))])
    shape = len(known), design.shape[1]
    if len(known) == 1:
        return Probe(known, np.zeros(shape))
    if len(known) == 2:
        penalty = 2 * penalty
    weights = np.full(len(index), 1 / len(index))
    if balanced:
        counts = np.bincount(index)
        weights = 1 / (len(counts) * counts[index])
    optimum = minimize(
        _softmax_loss(design, index, penalty, weights),
        np.zeros(shape[0] * shape[1]),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": iterations,
            "maxls": 50,
            "gtol": tolerance,
            "ftol": 64 * np.finfo(np.float64).eps,
        },
    )
    return Probe(known, optimum.x.reshape(shape), converged=optimum.status != 1)


@dataclass(frozen=True)
class _Block:
    """Rows to fit on, few enough for intermediate results to stay in the cache."""

    design: Array
    transposed: Array
    right: Classes
    weights: Array

    def loss(self, coefficients: Array, far: bool) -> tuple[float, Array]:
        """Sum of the rows' weighted -log p(class), and its gradient."""
        scores = coefficients @ self.transposed
        if far:
            scores -= scores.max(axis=0)
        correct = scores.ravel()[self.right]
        np.exp(scores, out=scores)
        total = scores.sum(axis=0)
        value = float((np.log(total) - correct) @ self.weights)
        scores *= self.weights / total
        scores.ravel()[self.right] -= self.weights
        return value, scores @ self.design


def _softmax_loss(
    design: Array, classes: Classes, penalty: float, weights: Array
) -> Callable[[Array], tuple[float, Array]]:
    """Function from flat coefficients to the mean loss and its gradient."""
    n, columns = design.shape
    farthest = float(np.sqrt((design**2).sum(axis=1).max()))
    blocks = []
    for start in range(0, n, BLOCK):
        rows = design[start : start + BLOCK]
        right = classes[start : start + BLOCK] * len(rows) + np.arange(len(rows))
        weight = weights[start : start + BLOCK]
        blocks.append(_Block(rows, np.ascontiguousarray(rows.T), right, weight))

    def loss(flat: Array) -> tuple[float, Array]:
        coefficients = flat.reshape(-1, columns)
        slopes = coefficients[:, :-1]
        value = penalty / (2 * n) * float((slopes**2).sum())
        gradient = np.zeros(coefficients.shape)
        gradient[:, :-1] = penalty / n * slopes
        longest = float(np.sqrt((coefficients**2).sum(axis=1).max()))
        for block in blocks:
            part, slope = block.loss(coefficients, farthest * longest > LARGEST_EXPONENT)
            value += part
            gradient += slope
        return value, gradient.ravel()

    return loss


def fit_one_against_rest(
    inputs: Array, classes: Classes, *, penalty: float = 1.0, balanced: bool = False
) -> Probe:
    """Logistic regression of every class against all others, by Newton's method.

    ``penalty`` is that of :func:`fit_softmax`. ``balanced``: a class has the same weight as all
    others together.
    """
    known, index = np.unique(classes, return_inverse=True)
    design = np.column_stack([inputs, np.ones(len(inputs))])
    columns = design.shape[1]
    coefficients = np.zeros((len(known), columns))
    if len(known) == 1:
        return Probe(known, coefficients, one_against_rest=True)
    is_class = (index == np.arange(len(known))[:, None]).astype(np.float64)
    weights = np.ones(is_class.shape)
    if balanced:
        counts = is_class.sum(axis=1, keepdims=True)
        weights = len(index) / (2 * np.where(is_class > 0, counts, len(index) - counts))
    ridge = np.append(np.full(columns - 1, penalty), 0.0)
    # The Hessians are symmetric sums of products of two columns.
    first, second = np.triu_indices(columns)
    products = design[:, first] * design[:, second]
    curvature = np.empty((len(known), columns, columns))
    tolerance = NEWTON_TOLERANCE * len(index)

    def slope(coefficients: Array) -> tuple[Array, Array]:
        probability = expit(coefficients @ design.T)
        return probability, (weights * (probability - is_class)) @ design + ridge * coefficients

    probability, gradient = slope(coefficients)
    for _ in range(NEWTON_STEPS):
        parts = (weights * probability * (1 - probability)) @ products
        curvature[:, first, second] = curvature[:, second, first] = parts
        step = np.linalg.solve(curvature + np.diag(ridge), gradient[..., None])[..., 0]
        length = np.abs(gradient).max(axis=1)
        probability, gradient = slope(coefficients - step)
        # The step of a class is halved where it made the gradient larger.
        while (worse := np.abs(gradient).max(axis=1) > length + tolerance).any():
            step[worse] /= 2
            probability, gradient = slope(coefficients - step)
        coefficients = coefficients - step
        if np.abs(gradient).max() < tolerance:
            return Probe(known, coefficients, one_against_rest=True)
    return Probe(known, coefficients, one_against_rest=True, converged=False)
