"""Explicitness: area under the ROC curve of linear classifiers of each factor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import Column
from infoeval.metrics.stats.mutual_information import BinnedColumns
from infoeval.metrics.stats.probes import (
    Probe,
    fit_one_against_rest,
    fit_softmax,
    inputs_of,
    one_thread,
)
from infoeval.metrics.stats.resampling import (
    Preset,
    TableOptions,
    TestRows,
    check_choice,
    score_table,
    split_table,
)
from infoeval.metrics.stats.row_intervals import Rows

REFERENCE = "Ridgeway and Mozer 2018, Learning deep disentangled embeddings"
CHANCE = 0.5

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]


@metric(
    "explicitness",
    kind="table",
    range="0 to 1",
    summary="area under the ROC curve of linear classifiers of each factor",
    use="checking whether factors can be predicted from the codes at all",
    pitfalls="random codes score 0.5; insensitive to rotations, and to codes that all follow a "
    "common cause; detects only linear dependence",
)
def explicitness(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    test: TestRows | None = None,
    preset: Preset = "disentanglement_lib",
    **options: Unpack[TableOptions],
) -> Score:
    """Mean area under the ROC curve of logistic regressions of all codes, over classes and factors.

    The area for a class c of a factor is the probability that a row of c is given a higher p(c)
    than a row of another class, ties counted half. Codes independent of the factors score 0.5, and
    codes from which every class is linearly separable 1. It asks whether a factor can be predicted
    at all, not from how many codes. Continuous and periodic factors are cut into bins of equal
    width.

    Args:
        codes: ``(n, D)``; continuous ones are scaled, categorical ones a column per category,
            and angles sine and cosine.
        factors: ``(n, K)``.
        test: codes and factors of the rows to score; None: a third of the rows.
        preset: "disentanglement_lib": multinomial, penalised with |weights|^2 / 2, codes of mean 0
            and deviation 1 on the rows to fit on, continuous factors in 20 bins (Locatello et al.
            2019). "laforge": every class against all others, balanced, codes from 0 to 1,
            continuous factors in 10 bins, and 2 (area - 0.5) on the rows fitted on, all of them, so
            that random codes score about 0 (Zaidi et al. 2020).
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    Classes that the rows
    to fit on or to score lack are left out of the mean. ``details``: ``per_factor`` (K), ``fitted``
    (K, the same on the rows fitted on), the number of ``classes`` scored (K), ``fit_n``, ``pruned``
    codes, and whether all regressions ``converged``.

    Raises UserError for what is not a table of codes and factors, for a factor of which no class
    can be scored, for unknown choices, and for test rows with the preset "laforge".

    >>> factors = np.indices((4, 5)).reshape(2, -1).T.repeat(9, axis=0)
    >>> round(float(explicitness(factors * 1.5, factors)), 4)
    1.0
    """
    check_choice("preset", preset, Preset)
    laforge = preset == "laforge"
    split = split_table(codes, factors, test, options, preset=preset)
    table = split.table
    binned = BinnedColumns(table.factors, 10 if laforge else 20)

    def fitted(code_rows: Rows, factor_rows: Rows) -> _FittedAreas:
        return _fit_areas(
            table.rows(code_rows).codes,
            binned.of(factor_rows),
            int((code_rows < split.fit).sum()),
            laforge,
        )

    every = np.arange(table.n)
    whole = fitted(every, every)
    for factor, classes in zip(table.factors, whole.classes, strict=True):
        if not classes:
            raise UserError(f"{factor.name}: no class to score; give more rows of every class")
    details: dict[str, Any] = {
        "per_factor": whole.scored.tolist(),
        "fitted": whole.known.tolist(),
        "classes": whole.classes,
        "fit_n": split.fit,
        "converged": whole.converged,
        "preset": preset,
    }
    return score_table(
        table,
        float(whole.scored.mean()),
        lambda *rows: float(fitted(*rows).scored.mean()),
        options,
        bounds=(-1.0, 1.0) if laforge else (0.0, 1.0),
        reference=REFERENCE,
        details=details,
        replicates=20,
        tables=5,
        fit=0 if laforge else split.fit,
    )


@dataclass(frozen=True)
class _FittedAreas:
    """Mean areas of each factor on the rows to score and on those fitted on, ``(K,)``.

    ``classes`` counts those that are scored.
    """

    scored: Array
    known: Array
    classes: list[int]
    converged: bool


def _fit_areas(codes: Sequence[Column], classes: Numbers, fit: int, laforge: bool) -> _FittedAreas:
    """Areas of logistic regressions of classes ``(n, K)``, fitted to the first ``fit`` rows.

    The preset "laforge" scores the rows that it is fitted on.
    """
    inputs = inputs_of(codes, fit, "range" if laforge else "deviation")
    with one_thread():
        probes = [_probe(inputs[:fit], numbers[:fit], laforge) for numbers in classes.T]
        areas = [
            [
                class_areas(probe, inputs[part], numbers[part])
                for probe, numbers in zip(probes, classes.T, strict=True)
            ]
            for part in (slice(0, fit), slice(0 if laforge else fit, None))
        ]
    means = np.array([[_mean(area) for area in part] for part in areas])
    if laforge:
        means = 2 * (means - CHANCE)
    return _FittedAreas(
        means[1],
        means[0],
        [int(np.isfinite(area).sum()) for area in areas[1]],
        all(probe.converged for probe in probes),
    )


def _probe(inputs: Array, classes: Numbers, laforge: bool) -> Probe:
    if laforge:
        return fit_one_against_rest(inputs, classes, balanced=True)
    return fit_softmax(inputs, classes)


def _mean(areas: Array) -> float:
    """Mean of the areas that are numbers; that of chance without any."""
    known = areas[np.isfinite(areas)]
    return float(known.mean()) if len(known) else CHANCE


def class_areas(probe: Probe, inputs: Array, classes: Numbers) -> Array:
    """Area under the ROC curve of each class of a probe, by ranks; NaN without both kinds of rows.

    The area is the probability that a row of the class has a higher probability of it than a row
    of another, ties counted half.
    """
    log_probability = probe.log_probabilities(inputs)
    areas = np.full(len(probe.classes), np.nan)
    for k, number in enumerate(probe.classes):
        inside = classes == number
        count = int(inside.sum())
        if 0 < count < len(classes):
            ranks = rankdata(log_probability[:, k])[inside].sum()
            areas[k] = (ranks - count * (count + 1) / 2) / (count * (len(classes) - count))
    return areas
