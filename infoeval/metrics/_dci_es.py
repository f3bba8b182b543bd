"""DCI-ES: explicitness E and size S, from probes of growing capacity."""

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.probes import inputs_of, one_thread
from infoeval.metrics.stats.regressions import Ridge, class_scores, regression_targets
from infoeval.metrics.stats.resampling import (
    FITTED_ROWS,
    Split,
    TableOptions,
    TestRows,
    at_most,
    score_parts,
    split_table,
)
from infoeval.metrics.stats.row_intervals import Rows

REFERENCE = (
    "Eastwood et al. 2023, DCI-ES: an extended disentanglement framework with connections to "
    "identifiability"
)
PARTS = ("explicitness", "size", "informativeness")
SIZES = (4, 8, 16, 32, 64, 128, 256, 512)

Array = NDArray[np.float64]


@metric(
    "dci-es",
    kind="table",
    range="-1 to 1",
    summary="how little capacity a probe needs to read the factors, and factors per code",
    use="telling codes that a linear probe reads from codes that need a large network",
    pitfalls="random codes score 1, as no probe does better than the first: read it beside its "
    "informativeness; depends on the family of probes; a rotation scores 1",
)
def dci_es(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    test: TestRows | None = None,
    sizes: Sequence[int] = SIZES,
    most_rows: int = FITTED_ROWS,
    **options: Unpack[TableOptions],
) -> Score:
    """Mean over factors of E = 1 - 2 integral (l(c) - l_min) dc / ((c_max - c_min) l_0).

    l(c) is the least loss of probes of capacity up to c on rows that they were not fitted on, l_min
    that of all, and l_0 that of a constant, the baseline, which l(c) never exceeds. 1 where the
    smallest probe is as good as the largest, 0 where the loss falls along a straight line from l_0
    to 0, and below 0 where only the largest probes are any good. E says how easily what can be read
    is read, not how much: codes of noise score 1. Informativeness, the mean of 1 - l_min / l_0, is
    0 for them. Size is the number of factors over the number of codes, K / D, not above 1.

    The smallest probe is linear. The others are linear in the codes and in random Fourier features
    cos(w z + b), w normal with variance 1 / D for codes of deviation 1; each has the features of
    the one before and more. Capacity c is the logarithm of their number, as in the authors'
    program, and the linear probe counts as half of the first. All are ridge regressions, the
    penalty chosen by generalised cross-validation. The loss is 1 - R^2, or of a discrete factor
    1 - accuracy, its indicators regressed and classified by penalised discriminant analysis.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``.
        test: codes and factors of the rows to score; None: a third of the rows.
        sizes: numbers of random features, ascending.
        most_rows: rows to score of a larger table, drawn at random by the seed, as fits to a
            million rows take minutes.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`; the ``seed`` draws
            the features.

    ``details["parts"]`` holds "explicitness", the value; "size"; and "informativeness".
    ``details``: ``curves`` (K x probes, l(c) / l_0), ``sizes`` (0 for the linear probe),
    ``per_factor`` (E, K), ``size`` (K / D), ``fit_n``, ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, and for sizes that are not
    ascending whole numbers above 0.

    >>> codes = np.random.default_rng(0).normal(size=(600, 2))
    >>> easy, hard = dci_es(codes, codes), dci_es(codes, codes.prod(axis=1))
    >>> round(float(easy), 2), float(hard) < 0.8
    (1.0, True)
    """
    _check_sizes(sizes)
    split, sampled = at_most(split_table(codes, factors, test, options), most_rows, options)
    table = split.table
    every = np.arange(table.n)
    probes = _Probes(split, sizes, options.get("seed", 0))
    size = len(table.factors) / len(table.codes)

    def of_curves(curves: Array) -> list[float]:
        return [float(_of_curves(curves, sizes).mean()), size, float(1 - curves[:, -1].mean())]

    def parts(rows: Rows, order: Rows) -> list[float]:
        if len(rows) == table.n:  # the same inputs serve factors in any order
            return of_curves(probes.curves(order))
        part = _Probes(split.paired(rows, order), sizes, options.get("seed", 0))
        return of_curves(part.curves(np.arange(len(rows))))

    curves = probes.curves(every)
    details: dict[str, Any] = {
        "curves": curves.tolist(),
        "sizes": [0, *map(int, sizes)],
        "per_factor": _of_curves(curves, sizes).tolist(),
        "size": size,
        "fit_n": split.fit,
        **sampled,
    }
    return score_parts(
        table,
        dict(zip(PARTS, of_curves(curves), strict=True)),
        parts,
        options,
        bounds=(-1.0, 1.0),
        reference=REFERENCE,
        details=details,
        replicates=20,
        fit=split.fit,
    )


def _check_sizes(sizes: Sequence[int]) -> None:
    """Raise UserError unless sizes are ascending whole numbers above 0."""
    whole = all(isinstance(size, int | np.integer) and size > 0 for size in sizes)
    if not whole or len(sizes) == 0 or list(sizes) != sorted(set(sizes)):
        raise UserError(f"sizes are {list(sizes)}; give ascending whole numbers above 0")


class _Probes:
    """Ridge regressions on the codes and more and more random features of them."""

    def __init__(self, split: Split, sizes: Sequence[int], seed: int) -> None:
        self.split = split
        targets = [regression_targets(factor) for factor in split.table.factors]
        ends = np.cumsum([each.shape[1] for each in targets])
        self.targets = np.concatenate(targets, axis=1)
        self.columns = [
            slice(end - each.shape[1], end) for end, each in zip(ends, targets, strict=True)
        ]
        self.classes = [factor.type == "discrete" for factor in split.table.factors]
        inputs = inputs_of(split.table.codes, split.fit)
        generator = np.random.default_rng([seed, 5])
        columns = inputs.shape[1]
        weights = generator.normal(size=(max(sizes), columns)) / np.sqrt(columns)
        shifts = generator.uniform(0, 2 * np.pi, max(sizes))
        with one_thread():
            features = np.cos(inputs @ weights.T + shifts)
            every = np.concatenate([inputs, features], axis=1)
            self.inputs = [every[:, : columns + size] for size in (0, *sizes)]
            self.models = [Ridge(each[: split.fit]) for each in self.inputs]

    def curves(self, order: Rows) -> Array:
        """The curve of each factor, ``(K, probes)``, row i with the factors of row ``order[i]``."""
        fit = self.split.fit
        targets = self.targets[order]
        constant = np.broadcast_to(targets[:fit].mean(axis=0), targets.shape)
        found = [self._losses(constant, targets)]
        with one_thread():
            for model, inputs in zip(self.models, self.inputs, strict=True):
                found.append(self._losses(model.predict(targets[:fit], inputs), targets))
        return _curves(np.array(found))

    def _losses(self, predicted: Array, targets: Array) -> Array:
        """Losses of one probe on the scored rows, ``(K,)``, from predictions for all rows.

        Squared errors, or wrong classes.
        """
        fit, found = self.split.fit, []
        for columns, classes in zip(self.columns, self.classes, strict=True):
            values, truth = predicted[:, columns], targets[:, columns]
            if classes:
                scores = class_scores(values[:fit], truth[:fit], values[fit:])
                found.append((scores.argmax(axis=1) != truth[fit:].argmax(axis=1)).sum())
            else:
                found.append(((values[fit:] - truth[fit:]) ** 2).sum())
        return np.array(found, dtype=np.float64)


def _curves(losses: Array) -> Array:
    """Least loss up to each capacity over that of the baseline, ``(K, probes)``, from 0 to 1.

    From losses of the baseline and every probe, ``(1 + probes, K)``.
    """
    # Where the scored rows are alike, there is nothing to predict, and no probe is better.
    relative = np.where(losses[0] > 0, share(losses[1:], losses[0]), 1.0)
    return np.asarray(np.minimum.accumulate(np.minimum(relative, 1.0), axis=0).T)


def _of_curves(curves: Array, sizes: Sequence[int]) -> Array:
    """E of each curve of relative losses ``(K, 1 + sizes)``, ``(K,)``, by the trapezoidal rule."""
    capacity = np.log([sizes[0] / 2, *sizes])
    above = curves - curves[:, -1:]
    return np.asarray(1 - 2 * np.trapezoid(above, capacity, axis=1) / np.ptp(capacity))
