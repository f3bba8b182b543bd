"""Regressions: scikit-learn's, the choice of the penalty, shares by hand."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.linear_model import Ridge as PlainRidge

from infoeval.metrics.stats.code_factor_table import Column
from infoeval.metrics.stats.regressions import (
    Ridge,
    class_scores,
    explained_share,
    nonlinear_inputs,
    regression_targets,
)

RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(size=(150, 6)) @ RANDOM.normal(size=(6, 6))
TARGETS = INPUTS @ RANDOM.normal(size=(6, 3)) + RANDOM.normal(size=(150, 3)) + 5
OTHERS = RANDOM.normal(size=(40, 6))


def test_least_squares_and_ridge_are_those_of_scikit_learn() -> None:
    expected = LinearRegression().fit(INPUTS, TARGETS).predict(OTHERS)
    assert Ridge(INPUTS, [0.0]).predict(TARGETS, OTHERS) == pytest.approx(expected)
    largest = np.linalg.eigvalsh(np.cov(INPUTS.T, ddof=0)).max()
    expected = PlainRidge(alpha=150 * 0.1 * largest).fit(INPUTS, TARGETS).predict(OTHERS)
    assert Ridge(INPUTS, [0.1]).predict(TARGETS, OTHERS) == pytest.approx(expected)


def test_the_penalty_of_each_target_has_the_least_error_of_generalised_cross_validation() -> None:
    largest = np.linalg.eigvalsh(np.cov(INPUTS.T, ddof=0)).max()
    penalties = [1e-3, 1e-2, 1e-1, 1.0]
    noise = RANDOM.normal(size=(150, 1))
    for target in [*TARGETS.T, noise[:, 0]]:
        errors = []
        for penalty in penalties:
            hat = (INPUTS - INPUTS.mean(axis=0)) @ np.linalg.solve(
                np.cov(INPUTS.T, ddof=0) * 150 + 150 * penalty * largest * np.eye(6),
                (INPUTS - INPUTS.mean(axis=0)).T,
            ) + 1 / 150
            left = target - hat @ target
            errors.append((left**2).mean() / (1 - np.trace(hat) / 150) ** 2)
        best = Ridge(INPUTS, [penalties[int(np.argmin(errors))]])
        found = Ridge(INPUTS, penalties).predict(target[:, None], OTHERS)
        assert found == pytest.approx(best.predict(target[:, None], OTHERS))
    assert RidgeCV(alphas=[15, 1500]).fit(INPUTS, noise).alpha_ == 1500


def test_inputs_that_determine_each_other_or_are_constant() -> None:
    doubled = np.column_stack([INPUTS, INPUTS, np.full(150, 0.1)])
    others = np.column_stack([OTHERS, OTHERS, np.full(40, 0.1)])
    expected = Ridge(INPUTS, [0.0]).predict(TARGETS, OTHERS)
    assert Ridge(doubled, [0.0]).predict(TARGETS, others) == pytest.approx(expected)
    mean = Ridge(np.ones((150, 2))).predict(TARGETS, np.ones((40, 2)))
    assert mean == pytest.approx(np.tile(TARGETS.mean(axis=0), (40, 1)))


def test_the_nonlinear_regression_is_as_good_as_exact_kernel_ridge() -> None:
    inputs = RANDOM.normal(size=(1_200, 2))
    target = np.sin(2 * inputs[:, 0]) * inputs[:, 1] + 0.1 * RANDOM.normal(size=1_200)
    features = nonlinear_inputs(inputs, 800, 0)
    found = Ridge(features[:800]).predict(target[:800, None], features[800:])[:, 0]
    exact = KernelRidge(alpha=0.1, kernel="rbf", gamma=0.25).fit(inputs[:800], target[:800])
    errors = [np.mean((each - target[800:]) ** 2) for each in (found, exact.predict(inputs[800:]))]
    assert errors[0] < 1.2 * errors[1]
    again = nonlinear_inputs(inputs, 800, 0)
    assert (again == features).all()


def test_shares_and_targets_by_hand() -> None:
    targets = np.array([[0.0], [2.0], [4.0]])
    assert explained_share(targets, np.array([[1.0], [2.0], [3.0]])) == pytest.approx(0.75)
    assert explained_share(targets, -targets) == 0
    doubled = targets.mean() + 2 * (targets.mean() - targets)  # three times as far as the mean
    assert explained_share(targets, doubled, signed=True) == pytest.approx(1 / 9 - 1)
    assert explained_share(np.ones((3, 1)), np.ones((3, 1))) == 0
    assert explained_share(targets[:0], targets[:0]) == 0
    classes = regression_targets(Column("f", "discrete", np.array([0.0, 2.0, 1.0])))
    assert classes.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    angle = regression_targets(Column("f", "periodic", np.array([0.0, np.pi / 2])))
    assert angle == pytest.approx(np.array([[0, 1], [1, 0]]), abs=1e-12)


def test_classes_of_regressed_indicators_are_those_of_discriminant_analysis() -> None:
    """Without a penalty it is that of the inputs, with the softmax of the scores as posteriors."""
    classes = RANDOM.choice(4, p=[0.4, 0.3, 0.2, 0.1], size=150)
    inputs, others = INPUTS + 2 * np.eye(6)[classes], OTHERS + 2 * np.eye(6)[classes[:40]]
    indicators = np.eye(4)[classes]
    ridge = Ridge(inputs, [0.0])
    scores = class_scores(
        ridge.predict(indicators, inputs), indicators, ridge.predict(indicators, others)
    )
    expected = LinearDiscriminantAnalysis(solver="lsqr").fit(inputs, classes)
    ratios = np.exp(scores - scores.max(axis=1, keepdims=True))
    found = ratios / ratios.sum(axis=1, keepdims=True)
    assert found == pytest.approx(expected.predict_proba(others), abs=1e-4)


def test_classes_in_the_middle_missing_classes_and_constant_predictions() -> None:
    classes = np.arange(60) % 5
    indicators = np.eye(6)[classes]
    codes = classes[:, None] * 1.0
    predicted = Ridge(codes, [0.0]).predict(indicators, codes)
    # A line has no maximum in the middle; of six classes, the last has no row.
    assert set(predicted.argmax(axis=1)) == {0, 4}
    assert (class_scores(predicted, indicators, predicted).argmax(axis=1) == classes).all()
    constant = np.tile(indicators[:7].mean(axis=0), (7, 1))
    assert set(class_scores(constant, indicators[:7], constant).argmax(axis=1)) <= {0, 1}
