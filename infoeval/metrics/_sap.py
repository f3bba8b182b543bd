"""SAP: gap between the two best predictors of each factor."""

import warnings
from collections.abc import Callable, Sequence
from typing import Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import gap, share
from infoeval.metrics.stats.code_factor_table import CATEGORIES, Column, Table
from infoeval.metrics.stats.line_classifiers import PENALTY, LineClassifiers
from infoeval.metrics.stats.resampling import (
    TableOptions,
    TestRows,
    check_choice,
    score_table,
    split_table,
)
from infoeval.metrics.stats.row_intervals import MANY_ROWS, Rows

REFERENCE = "Kumar et al. 2018, Variational inference of disentangled latent concepts"
LEAST_VARIANCE = 1e-12
BINS = 64

Preset = Literal["disentanglement_lib", "scale-free"]


@metric(
    "sap",
    kind="table",
    range="0 to 1",
    summary="accuracy gap between the two best codes for each factor",
    use="comparison with published numbers; otherwise use preset=scale-free",
    pitfalls="perfect codes score below 1; depends on the scale and offset of codes and on the "
    "numbering of classes; correlated factors lower it",
)
def sap(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    test: TestRows | None = None,
    preset: Preset = "disentanglement_lib",
    **options: Unpack[TableOptions],
) -> Score:
    """Separated attribute predictability: mean gap between the two best predictors of a factor.

    A code predicts a discrete factor with the accuracy of a classifier of that code alone on rows
    it was not fitted on; an ordinal or continuous factor with their squared correlation, and a
    periodic one with the squared multiple correlation with its sine and cosine, on the rows to fit
    on. A code that is an angle is its sine and cosine: its score is the share of the variance of a
    number, or of sine and cosine of an angle, that a line through both explains. From 0 to 1; about
    0 for codes independent of the factors.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``.
        test: codes and factors of the rows to score; None: a third of the rows.
        preset: "disentanglement_lib": LinearSVC(C=0.01, balanced). By one number it separates two
            or three classes at most, so that perfect codes of ten classes score 0.5, and it depends
            on the codes' scale and offset and on the order of the classes. For more than 20,000
            rows the minimum of its loss is computed, which it approaches. "scale-free": the most
            frequent class in each of 64 quantiles of the code, which no increasing function of a
            code and no names of classes change.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    ``details``: ``score``
    (D x K), ``per_factor`` (K), ``best_code`` of each factor, ``fit_n``, ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, and for unknown choices.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T.repeat(5, axis=0)
    >>> float(sap(factors * 1.5, factors, preset="scale-free")) > 0.5
    True
    """
    check_choice("preset", preset, Preset)
    split = split_table(codes, factors, test, options)
    table = split.table

    def mean_gap(scores: NDArray[np.float64]) -> float:
        return float(gap(scores, axis=0).mean())

    def statistic(code_rows: Rows, factor_rows: Rows) -> float:
        fit = int((code_rows < split.fit).sum())
        part = table.paired(code_rows, factor_rows)
        return mean_gap(_predictability(part, fit, preset, many=many))

    many = table.n > MANY_ROWS
    whole = _predictability(table, split.fit, preset, many=many)
    details = {
        "score": whole.tolist(),
        "per_factor": gap(whole, axis=0).tolist(),
        "best_code": [table.codes[j].name for j in whole.argmax(axis=0)],
        "fit_n": split.fit,
        "preset": preset,
    }
    return score_table(
        table,
        mean_gap(whole),
        statistic,
        options,
        reference=REFERENCE,
        details=details,
        replicates=20,
        tables=5,
        fit=split.fit,
    )


def _predictability(table: Table, fit: int, preset: Preset, *, many: bool) -> NDArray[np.float64]:
    """How well each code predicts each factor, ``(D, K)``, by the first ``fit`` rows."""
    least = LEAST_VARIANCE if preset == "disentanglement_lib" else 0.0
    scores = np.empty((len(table.codes), len(table.factors)))
    discrete = [factor.type in CATEGORIES for factor in table.factors]
    classes = {k: table.factors[k].values.astype(np.intp) for k in np.flatnonzero(discrete)}
    for j, code in enumerate(table.codes if classes else ()):
        accuracy = _accuracy_of(code, fit, preset, many=many)
        for k, numbers in classes.items():
            scores[j, k] = accuracy(numbers)
    if not all(discrete):
        numbers = np.flatnonzero(np.invert(discrete))
        others = [table.factors[k] for k in numbers]
        scores[:, numbers] = _correlations(table.codes, others, fit, least)
    return scores


def _accuracy_of(
    code: Column, fit: int, preset: Preset, *, many: bool
) -> Callable[[NDArray[np.intp]], float]:
    """Accuracy of a classifier of the code on the rows to score, as a function of the classes."""
    if preset == "disentanglement_lib" and many and code.type == "continuous":
        return LineClassifiers(code.values, fit).accuracy
    predict = _quantile_classes if preset == "scale-free" else _linear_classes
    return lambda classes: float((predict(code, classes[:fit], fit) == classes[fit:]).mean())


def _linear_classes(code: Column, classes: NDArray[np.intp], fit: int) -> NDArray[np.intp]:
    """Predicted class of each row to score, by a linear classifier of the first ``fit`` rows."""
    if len(np.unique(classes)) == 1:
        return np.full(len(code.values) - fit, classes[0])
    from sklearn.svm import LinearSVC

    values = code.inputs
    classifier = LinearSVC(C=PENALTY, class_weight="balanced", dual=False)
    with warnings.catch_warnings():
        # Of a factor of as many classes as rows, once a fit; its score says what there is to say.
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        classifier.fit(values[:fit], classes)
    return np.asarray(classifier.predict(values[fit:]), dtype=np.intp)


def _quantile_classes(code: Column, classes: NDArray[np.intp], fit: int) -> NDArray[np.intp]:
    """Predicted class of each row to score: the most frequent one of its quantile or category."""
    if code.type == "categorical":
        cells = code.values.astype(np.intp)
    else:
        # Edges are values of the rows to fit on, so that only the order of values matters.
        ordered = np.sort(code.values[:fit])
        places = np.linspace(0, fit - 1, BINS + 1)[1:-1].round().astype(np.intp)
        cells = np.searchsorted(np.unique(ordered[places]), code.values, side="right")
    counts = np.zeros((cells.max() + 1, classes.max() + 1))
    np.add.at(counts, (cells[:fit], classes), 1)
    # A cell without rows to fit on predicts the most frequent class of all.
    counts[~counts.any(axis=1)] = np.bincount(classes)
    return np.asarray(counts.argmax(axis=1)[cells[fit:]], dtype=np.intp)


def _correlations(
    codes: Sequence[Column], factors: Sequence[Column], fit: int, least: float
) -> NDArray[np.float64]:
    """Squared correlation of each code, of its sine and cosine, or of its categories' means.

    With each factor, ``(D, K)``.

    It is that of the first ``fit`` rows. Codes whose variance is not above ``least`` have 0.
    """
    values = np.stack([code.values[:fit] for code in codes], axis=1)
    centred = values - values.mean(axis=0)
    total = (centred**2).sum(axis=0)
    total[total <= least * (len(values) - 1)] = 0.0
    squared = np.empty((len(codes), len(factors)))
    for k, factor in enumerate(factors):
        targets = factor.targets[:fit].T
        inputs = np.stack([column - column.mean() for column in targets])
        crossed = inputs @ centred
        weights = np.linalg.lstsq(inputs @ inputs.T, crossed, rcond=None)[0]
        squared[:, k] = share((weights * crossed).sum(axis=0), total)
        for j, code in enumerate(codes):
            if code.type == "categorical":
                squared[j, k] = max(_explained(values[:, j], column) for column in targets)
            if code.type == "periodic":
                squared[j, k] = _explained_by_angle(code.inputs[:fit], inputs, least)
    return squared


def _explained_by_angle(
    inputs: NDArray[np.float64], centred: NDArray[np.float64], least: float
) -> float:
    """Share of the variance of centred columns ``(columns, n)`` that sine and cosine explain."""
    waves = inputs - inputs.mean(axis=0)
    if (waves**2).sum() <= least * (len(waves) - 1):
        return 0.0
    weights = np.linalg.lstsq(waves, centred.T, rcond=None)[0]
    left = ((centred.T - waves @ weights) ** 2).sum()
    return max(0.0, float(1 - share(left, (centred**2).sum())))


def _explained(categories: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Share of the variance of values that is between categories."""
    numbers = categories.astype(np.intp)
    counts = np.maximum(np.bincount(numbers), 1)
    means = np.bincount(numbers, values) / counts
    total = float(((values - values.mean()) ** 2).sum())
    within = float(((values - means[numbers]) ** 2).sum())
    return 1 - within / total if total > 0 else 0.0
