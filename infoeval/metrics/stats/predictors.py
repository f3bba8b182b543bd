"""Predictors of factors with the importance of every code, for DCI."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from infoeval.metrics.trees.boosting import boost

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import Lasso

PENALTIES = (1.0, 0.8, 0.4, 0.2, 0.1, 0.01, 0.001, 0.0001)
LASSO_FOLDS = 10
TOLERANCE = 1e-9
FOREST_SETTINGS = {"max_depth": [8, 16, 32], "max_features": [0.2, 0.4, 0.8, 1.0]}
FOREST_FOLDS = 3
TREES = 10
FARTHEST = 1e30

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Prediction:
    """Importance ``(D, K)`` of every code to every factor, and how well each factor is predicted.

    ``fitted`` ``(K,)`` is the accuracy of classifiers, or R^2 of regressions, on the rows fitted
    on, and ``scored`` on the others. ``errors`` are the mean squared errors of regressions on the
    rows fitted on, of factors scaled to [0, 1]. ``converged``: all fits reached their tolerance.
    """

    importance: Array
    fitted: Array
    scored: Array
    errors: Array | None = None
    converged: bool = True


def boosting(codes: Array, classes: Numbers, others: Array, other_classes: Numbers) -> Prediction:
    """Prediction of class numbers ``(n, K)`` by gradient-boosted trees."""
    boosted = boost(codes, classes, others)
    fitted, scored = boosted.fitted == classes, boosted.scored == other_classes
    return Prediction(boosted.importances, _mean(fitted), _mean(scored))


def exact_boosting(
    codes: Array, classes: Numbers, others: Array, other_classes: Numbers, seed: int
) -> Prediction:
    """Prediction by the same trees of scikit-learn, which considers every split.

    Codes are scaled to [0, 1], because its trees take values within 1e-7 of each other as equal.
    """
    from sklearn.ensemble import GradientBoostingClassifier

    codes, others = _scaled(codes, others)
    importance = np.zeros((codes.shape[1], classes.shape[1]))
    fitted, scored = np.empty(classes.shape), np.empty(other_classes.shape)
    for factor, numbers in enumerate(classes.T):
        if (numbers == numbers[0]).all():
            fitted[:, factor], scored[:, factor] = True, other_classes[:, factor] == numbers[0]
            continue
        trees = GradientBoostingClassifier(random_state=seed).fit(codes, numbers)
        importance[:, factor] = trees.feature_importances_
        fitted[:, factor] = trees.predict(codes) == numbers
        if len(others):
            scored[:, factor] = trees.predict(others) == other_classes[:, factor]
    return Prediction(importance, _mean(fitted), _mean(scored))


def lasso(codes: Array, targets: Array, others: Array, other_targets: Array) -> Prediction:
    """Prediction of targets ``(n, K)`` by a Lasso, the best of eight penalties in ten folds.

    Codes and targets are scaled to [0, 1]. Importance is the absolute weight.
    """
    from sklearn.linear_model import Lasso, LassoCV

    def fit(inputs: Array, values: Array) -> "tuple[Lasso, Array]":
        folds = min(LASSO_FOLDS, len(inputs))
        search = LassoCV(alphas=PENALTIES, cv=folds, max_iter=5000, tol=TOLERANCE)
        model = Lasso(search.fit(inputs, values).alpha_).fit(inputs, values)
        return model, np.abs(model.coef_)

    return _regression(fit, codes, targets, others, other_targets)


def random_forest(
    codes: Array, targets: Array, others: Array, other_targets: Array, seed: int
) -> Prediction:
    """Prediction by ten regression trees, the best of twelve settings in three folds."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.model_selection import GridSearchCV, KFold

    def fit(inputs: Array, values: Array) -> "tuple[RandomForestRegressor, Array]":
        search = GridSearchCV(
            RandomForestRegressor(n_estimators=TREES, random_state=seed),
            FOREST_SETTINGS,
            scoring="neg_mean_squared_error",
            cv=KFold(min(FOREST_FOLDS, len(inputs))),
        )
        forest = search.fit(inputs, values).best_estimator_
        return forest, forest.feature_importances_

    return _regression(fit, codes, targets, others, other_targets)


def _regression(
    fit: Callable[[Array, Array], tuple[Any, Array]],
    codes: Array,
    targets: Array,
    others: Array,
    other_targets: Array,
) -> Prediction:
    """Prediction by a regression for each target; ``fit`` returns a model and its importances."""
    from sklearn.exceptions import ConvergenceWarning

    inputs, other_inputs = _scaled(codes, others)
    known, other_known = _scaled(targets, other_targets)
    importance = np.zeros((codes.shape[1], targets.shape[1]))
    fitted, scored = np.zeros(targets.shape[1]), np.zeros(targets.shape[1])
    errors = np.zeros(targets.shape[1])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        for column, values in enumerate(known.T):
            model, importance[:, column] = fit(inputs, values)
            predicted = model.predict(inputs)
            errors[column] = ((predicted - values) ** 2).mean()
            fitted[column] = _explained(values, predicted)
            if len(others):
                scored[column] = _explained(other_known[:, column], model.predict(other_inputs))
    converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return Prediction(importance, fitted, scored, errors, converged)


def _scaled(known: Array, others: Array) -> tuple[Array, Array]:
    """Both scaled so that columns of ``known`` are from 0 to 1, or 0 where it is constant."""
    low, width = known.min(axis=0), np.ptp(known, axis=0)
    # scikit-learn's trees have single precision, which ends at 3e38.
    first, second = (
        np.clip((values - low) / np.where(width > 0, width, 1), -FARTHEST, FARTHEST)
        for values in (known, others)
    )
    return first, second


def _explained(values: Array, predicted: Array) -> float:
    """R^2, not below 0, and 0 where the values do not vary."""
    variance = float(values.var())
    return (
        max(0.0, 1 - float(((predicted - values) ** 2).mean()) / variance) if variance > 0 else 0.0
    )


def _mean(right: NDArray[Any]) -> Array:
    """Mean of every column; 0 where there are no rows."""
    return np.asarray(right.sum(axis=0) / max(len(right), 1), dtype=np.float64)
