"""Explicitness: area under the ROC curve of linear classifiers of each factor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.mutual_information import class_numbers_of
from infoeval.metrics.stats.probes import (
    Probe,
    fit_one_against_rest,
    fit_softmax,
    inputs_of,
    one_thread,
)
from infoeval.metrics.stats.resampling import (
    Preset,
    Rows,
    TableOptions,
    TestRows,
    check_choice,
    score_table,
    split_table,
)

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
        codes: ``(n, D)``; continuous ones are scaled, categorical ones a column per category.
        factors: ``(n, K)``.
        test: codes and factors of the rows to score; None: a third of the rows.
        preset: "disentanglement_lib": multinomial, penalised with |weights|^2 / 2, codes of mean 0
            and deviation 1 on the rows to fit on, continuous factors in 20 bins (Locatello et al.
            2019). "laforge": every class against all others, balanced, codes from 0 to 1,
            continuous factors in 10 bins, and 2 (area - 0.5) on the rows fitted on, all of them, so
            that random codes score about 0 (Zaidi et al. 2020).
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    The interval is over the scored rows, with the fitted regressions fixed. Classes that the rows
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
    scored = np.arange(table.n) if laforge else np.arange(split.fit, table.n)
    inputs = inputs_of(table.codes, split.fit, "range" if laforge else "deviation")
    classes = class_numbers_of(table.factors, 10 if laforge else 20)
    once = np.ones(len(scored))

    def probes(order: Rows) -> list[Probe]:
        return _probes(inputs[: split.fit], classes[order[: split.fit]], laforge)

    def areas(probes: Sequence[Probe], rows: Rows, order: Rows) -> list[_Areas]:
        with one_thread():
            return [
                _areas(probe, inputs[rows], numbers)
                for probe, numbers in zip(probes, classes[order[rows]].T, strict=True)
            ]

    def means(areas: Sequence[_Areas], counts: Array) -> Array:
        mean = np.array([area.mean(counts) for area in areas])
        return 2 * (mean - CHANCE) if laforge else mean

    def statistic(rows: Rows, _: Rows) -> float:
        counts = np.bincount(rows, minlength=table.n)[scored]
        return float(means(whole, counts.astype(np.float64)).mean())

    def shuffled(order: Rows) -> float:
        return float(means(areas(probes(order), scored, order), once).mean())

    every = np.arange(table.n)
    fitted = probes(every)
    whole = areas(fitted, scored, every)
    for factor, area in zip(table.factors, whole, strict=True):
        if not area.scored(once).any():
            raise UserError(f"{factor.name}: no class to score; give more rows of every class")
    per_factor = means(whole, once)
    known = whole if laforge else areas(fitted, every[: split.fit], every)
    details: dict[str, Any] = {
        "per_factor": per_factor.tolist(),
        "fitted": means(known, np.ones(split.fit)).tolist(),
        "classes": [int(area.scored(once).sum()) for area in whole],
        "fit_n": split.fit,
        "converged": all(probe.converged for probe in fitted),
        "preset": preset,
    }
    return score_table(
        table,
        float(per_factor.mean()),
        statistic,
        options,
        bounds=(-1.0, 1.0) if laforge else (0.0, 1.0),
        reference=REFERENCE,
        details=details,
        shuffled=shuffled,
        fit=0 if laforge else split.fit,
    )


def _probes(inputs: Array, classes: Numbers, laforge: bool) -> list[Probe]:
    """Logistic regressions of the classes ``(n, K)`` of each factor."""
    with one_thread():
        if laforge:
            return [fit_one_against_rest(inputs, numbers, balanced=True) for numbers in classes.T]
        return [fit_softmax(inputs, numbers) for numbers in classes.T]


@dataclass(frozen=True)
class _Areas:
    """Rows sorted by the probability of each class, for areas with any counts of the rows.

    ``order`` ``(classes, rows)``; ``row`` are the rows of known classes, ``number`` the indices of
    their classes; ``below`` and ``upto`` are the numbers of rows with a lower probability of that
    class, and with one that is not higher, as indices of the running sums of all classes.
    """

    order: NDArray[np.int32]
    row: Numbers
    number: Numbers
    below: Numbers
    upto: Numbers

    def mean(self, counts: Array) -> float:
        """Mean area of the classes when row i occurs ``counts[i]`` times; 0.5 without any."""
        inside, outside = self._weights(counts)
        running = np.zeros((len(self.order), len(counts) + 1))
        np.cumsum(counts[self.order], axis=1, out=running[:, 1:])
        ranks = (running.ravel()[self.below] + running.ravel()[self.upto]) / 2
        pairs = np.bincount(self.number, counts[self.row] * ranks, len(self.order))
        both = self.scored(counts)
        # Of pairs within the class, one half is in order.
        ordered = pairs[both] - inside[both] ** 2 / 2
        return float((ordered / (inside * outside)[both]).mean()) if both.any() else CHANCE

    def scored(self, counts: Array) -> NDArray[np.bool_]:
        """Whether each class has rows, and rows of other classes to compare with."""
        inside, outside = self._weights(counts)
        return np.asarray((inside > 0) & (outside > 0))

    def _weights(self, counts: Array) -> tuple[Array, Array]:
        inside = np.bincount(self.number, counts[self.row], len(self.order))
        return np.asarray(inside, dtype=np.float64), counts.sum() - inside


def _areas(probe: Probe, inputs: Array, classes: Numbers) -> _Areas:
    """Areas of the rows of ``inputs`` with these classes, ``(rows,)``."""
    log_probability = np.ascontiguousarray(probe.log_probabilities(inputs).T)
    order = np.argsort(log_probability, axis=1).astype(np.int32)
    place = np.searchsorted(probe.classes, classes)
    row = np.flatnonzero(probe.classes[np.minimum(place, len(probe.classes) - 1)] == classes)
    number = place[row]
    below, upto = np.empty((2, len(row)), dtype=np.intp)
    for k in range(len(order)):
        ordered, members = log_probability[k, order[k]], number == k
        start = k * (len(classes) + 1)
        below[members] = start + np.searchsorted(ordered, log_probability[k, row[members]], "left")
        upto[members] = start + np.searchsorted(ordered, log_probability[k, row[members]], "right")
    return _Areas(order, row, number, below, upto)
