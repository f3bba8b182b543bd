"""DCI: disentanglement, completeness and informativeness by importance in predictors."""

from collections.abc import Sequence
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
)
from infoeval.metrics.stats.mutual_information import BinnedColumns
from infoeval.metrics.stats.predictors import (
    Prediction,
    boosting,
    exact_boosting,
    lasso,
    random_forest,
)
from infoeval.metrics.stats.resampling import (
    FITTED_ROWS,
    Preset,
    TableOptions,
    TestRows,
    at_most,
    check_choice,
    score_parts,
    split_table,
)
from infoeval.metrics.stats.row_intervals import Rows

REFERENCE = (
    "Eastwood and Williams 2018, A framework for the quantitative evaluation of disentangled "
    "representations"
)
UNIFORM_VARIANCE = 1 / 12
"""The variance of the uniform distribution on [0, 1]."""

Predictor = Literal["boosting", "exact-boosting", "lasso", "random-forest"]
Array = NDArray[np.float64]


@metric(
    "dci",
    kind="table",
    range="0 to 1",
    summary="disentanglement, completeness and informativeness from importances in boosted trees",
    use="finding which code matters for which factor, whatever the form of the dependence",
    pitfalls="D and C of noisy codes grow with the number of rows, so compare only tables of the "
    "same size; takes seconds to minutes",
    costly=True,
)
def dci(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    test: TestRows | None = None,
    preset: Preset = "disentanglement_lib",
    predictor: Predictor | None = None,
    most_rows: int = FITTED_ROWS,
    **options: Unpack[TableOptions],
) -> Score:
    """Disentanglement, completeness and informativeness of codes that predict the factors.

    R_jk is the importance of code j to a predictor of factor k. D is the mean over codes of 1 -
    H_K(R_j), H_K the entropy, in base K, of the factors' shares in code j, weighted with the code's
    share of all importance. C is the mean over factors of 1 - H_D(R_k) in the same way, and I is
    the quality of the predictions. All are from 0 to 1: D is 1 where every code matters to one
    factor only, C where every factor is predicted by a single code. Codes of noise have D and C
    near 0, and I that of guessing. D and C grow with the number of rows where some codes are
    noise (0.56 with 2,000 rows and 0.79 with 10,000 where half of ten are): compare tables of one
    size.

    Args:
        codes: ``(n, D)``; a categorical one is a column for each category, and an angle its sine
            and cosine, whose importances add up.
        factors: ``(n, K)``, two or more; for boosting, continuous and periodic ones are in 20 bins
            of equal width; for regression all are numbers, periodic ones their sine and cosine.
        test: codes and factors of the rows to score; None: a third of the rows.
        preset: "disentanglement_lib" as in Locatello et al. 2019, with I the accuracy (of
            regressions: R^2, not below 0) on the scored rows; "laforge" as in Zaidi et al. 2020: a
            regression on all rows, I = max(0, 1 - 12 MSE) on these, so that a predictor that
            guesses has 0 for uniform factors only, C the plain mean over factors, and D that of the
            codes before the first one without importance, as their published program computes it.
        predictor: "boosting" (default): gradient-boosted trees, 100 stages of depth 3 for every
            class, with a search for splits that is 10 to 20 times as fast as that of
            "exact-boosting", scikit-learn's own; D, C and I differ by less than 0.02. "lasso"
            (default of "laforge") and "random-forest" are regressions, settings chosen by
            cross-validation.
        most_rows: rows to score of a larger table, drawn at random by the seed, as fits to a
            million rows take minutes.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    The value is D. ``details``: ``parts``
    ("disentanglement", "completeness", "informativeness", each with its interval), ``importance``
    (D x K), ``per_code`` (D), ``per_factor`` (K), ``informativeness`` and ``fitted`` (K, the same
    on the rows fitted on), ``fit_n``, ``converged``, ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, for a single factor, for unknown
    choices, and for test rows or boosting with the preset "laforge".

    >>> factors = np.indices((4, 5)).reshape(2, -1).T.repeat(9, axis=0)
    >>> score = dci(factors * 1.5, factors)
    >>> round(float(score), 3), round(score.details["parts"]["completeness"]["value"], 3)
    (1.0, 1.0)
    """
    check_choice("preset", preset, Preset)
    laforge = preset == "laforge"
    chosen = predictor or ("lasso" if laforge else "boosting")
    check_choice("predictor", chosen, Predictor)
    classify = chosen in ("boosting", "exact-boosting")
    if laforge and classify:
        raise UserError(f"preset 'laforge' has a regression, not predictor {chosen!r}")
    split = split_table(codes, factors, test, options, preset=preset)
    split, sampled = at_most(split, most_rows, options)
    if len(split.table.factors) < 2:
        raise UserError("dci compares factors; give two or more")
    inputs, code_of = _joined([code.inputs for code in split.table.codes])
    if classify:
        classes = BinnedColumns(split.table.factors)
        factor_of = np.arange(len(split.table.factors))
    else:
        numbers, factor_of = _joined([factor.targets for factor in split.table.factors])

    def predict(code_rows: Rows, factor_rows: Rows) -> Prediction:
        fit = code_rows < split.fit
        targets: Any = classes.of(factor_rows) if classify else numbers[factor_rows]
        prediction = _predict(
            chosen,
            (inputs[code_rows[fit]], targets[fit]),
            (inputs[code_rows[~fit]], targets[~fit]),
            options.get("seed", 0),
        )
        return _grouped(prediction, code_of, factor_of)

    every = np.arange(split.table.n)
    whole = predict(every, every)
    return score_parts(
        split.table,
        _parts(whole, laforge),
        lambda *rows: list(_parts(predict(*rows), laforge).values()),
        options,
        reference=REFERENCE,
        details={
            "importance": whole.importance.tolist(),
            "per_code": code_disentanglement(whole.importance).tolist(),
            "per_factor": factor_completeness(whole.importance).tolist(),
            "informativeness": _informativeness(whole, laforge).tolist(),
            "fitted": whole.fitted.tolist(),
            "fit_n": split.fit,
            "converged": whole.converged,
            "preset": preset,
            "predictor": chosen,
            **sampled,
        },
        replicates=6,
        tables=0,
        fit=split.fit if split.fit < split.table.n else 0,
    )


def _predict(
    predictor: str, known: tuple[Array, Any], scored: tuple[Array, Any], seed: int
) -> Prediction:
    if predictor == "boosting":
        return boosting(*known, *scored)
    if predictor == "exact-boosting":
        return exact_boosting(*known, *scored, seed)
    if predictor == "lasso":
        return lasso(*known, *scored)
    return random_forest(*known, *scored, seed)


def _parts(prediction: Prediction, laforge: bool) -> dict[str, float]:
    """D, C and I by name."""
    importance = prediction.importance
    if laforge:
        disentangled = _until_unimportant(importance)
        complete = float(factor_completeness(importance).mean())
    else:
        disentangled, complete = disentanglement(importance), completeness(importance)
    return {
        "disentanglement": disentangled,
        "completeness": complete,
        "informativeness": float(_informativeness(prediction, laforge).mean()),
    }


def _informativeness(prediction: Prediction, laforge: bool) -> Array:
    """Informativeness of each factor, ``(K,)``."""
    if laforge and prediction.errors is not None:
        return np.maximum(1 - prediction.errors / UNIFORM_VARIANCE, 0.0)
    return prediction.scored


def _until_unimportant(importance: Array) -> float:
    """Disentanglement of the codes before the first one without importance."""
    counted = np.logical_and.accumulate(importance.sum(axis=1) > 0)
    return disentanglement(importance[counted]) if counted.any() else 0.0


def _joined(parts: Sequence[Array]) -> tuple[Array, NDArray[np.intp]]:
    """All columns side by side, ``(n, columns)``, and the index of each column's part."""
    widths = [part.shape[1] for part in parts]
    return np.concatenate(parts, axis=1), np.repeat(np.arange(len(parts)), widths)


def _grouped(
    prediction: Prediction, code_of: NDArray[np.intp], factor_of: NDArray[np.intp]
) -> Prediction:
    """Prediction by code and factor: sums over a code's columns, means over a factor's."""
    codes, factors = (
        (numbers == np.arange(numbers.max() + 1)[:, None]).astype(np.float64)
        for numbers in (code_of, factor_of)
    )
    factors /= factors.sum(axis=1, keepdims=True)
    return Prediction(
        codes @ prediction.importance @ factors.T,
        factors @ prediction.fitted,
        factors @ prediction.scored,
        None if prediction.errors is None else factors @ prediction.errors,
        prediction.converged,
    )
