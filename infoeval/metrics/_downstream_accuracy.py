"""Downstream accuracy: how well factors are predicted from codes with few and many labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import CATEGORIES, Column, Table
from infoeval.metrics.stats.probes import fit_softmax, inputs_of, one_thread
from infoeval.metrics.stats.resampling import (
    TableOptions,
    TestRows,
    check_choice,
    score_parts,
    split_table,
)
from infoeval.metrics.stats.row_intervals import Rows
from infoeval.metrics.trees.boosting import boost

REFERENCE = "Locatello et al. 2019, Challenging common assumptions in unsupervised learning"
DRAWS = 5
"""The largest number of sets of rows that are drawn for one size."""
FEW = 100
RIDGE = 1.0

Model = Literal["logistic", "gradient boosting"]
Array = NDArray[np.float64]


@metric(
    "downstream-accuracy",
    kind="table",
    range="0 to 1",
    summary="how well factors are predicted after training on 100, 1,000 and 10,000 rows",
    use="finding how many labels a predictor from the codes needs",
    pitfalls="random codes score 1 / number of classes; insensitive to rotations; linear unless "
    "probe=gradient boosting",
)
def downstream_accuracy(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    test: TestRows | None = None,
    sizes: Sequence[int] = (100, 1_000, 10_000),
    probe: Model = "logistic",
    **options: Unpack[TableOptions],
) -> Score:
    """Mean over factors of the accuracy of a probe of all codes, by the number of labels.

    A probe is fitted for each factor on a number of rows and scored on others: by its accuracy on a
    discrete factor, and on others by R^2 = 1 - squared error / variance, not below 0, for a
    periodic one of sine and cosine together. From 0 to 1. Codes without information score as
    guessing does, 0 on factors that are not discrete. The sample efficiency is the accuracy at 100
    rows over that at the largest size.

    Args:
        codes: ``(n, D)``; scaled to deviation 1 on all rows to fit on, categorical ones a column
            per category, and angles sine and cosine.
        factors: ``(n, K)``.
        test: codes and factors of the rows to score; None: a third of the rows.
        sizes: numbers of rows to fit on; those that the table lacks are left out. A small size is
            drawn up to 5 times, without a row in common, and averaged.
        probe: "logistic": multinomial logistic regression penalised with |weights|^2 / 2, and
            ridge regression of the same penalty; "gradient boosting": 100 trees of depth 3 a class.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    The value is that of the largest size; ``details["parts"]`` holds "at 100" and so on with their
    intervals. ``details``: ``per_factor`` (sizes x K),
    ``draws`` of result size, ``sizes`` and those ``left_out``, ``sample_efficiency`` (None without
    100 rows, or where the accuracy is 0), ``fit_n``, ``pruned`` codes, and whether all regressions
    ``converged``.

    Raises UserError for what is not a table of codes and factors, for unknown choices, and for
    fewer rows to fit on than the smallest size.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T.repeat(20, axis=0)
    >>> score = downstream_accuracy(factors * 1.5, factors, sizes=[10, 100])
    >>> score.value > 0.95 > score.details["parts"]["at 10"]["value"]
    True
    """
    check_choice("probe", probe, Model)
    split = split_table(codes, factors, test, options)
    table = split.table
    possible, left_out = _sizes(sizes, split.fit)
    order = np.random.default_rng([options.get("seed", 0), 2]).permutation(split.fit)
    draws = [
        [order[start : start + size] for start in range(0, split.fit - size + 1, size)][:DRAWS]
        for size in possible
    ]

    def fit_all(part: Table, draws: Sequence[Sequence[Rows]], fit: int) -> list[_Losses]:
        inputs = inputs_of(part.codes, fit)
        with one_thread():
            return [_losses(part.factors, inputs, fit, rows, probe) for rows in draws]

    def statistic(code_rows: Rows, factor_rows: Rows) -> list[float]:
        part, fit = table.paired(code_rows, factor_rows), int((code_rows < split.fit).sum())
        # A share of the rows has the same share of each draw, so that as many are averaged.
        kept = [
            [
                inside
                for rows in of_size
                if len(inside := np.flatnonzero(np.isin(code_rows[:fit], rows))) > 1
            ]
            for of_size in draws
        ]
        if not all(kept):
            raise UserError(f"{possible[-1]} rows to fit on have no quarters")
        return [float(result.scores().mean()) for result in fit_all(part, kept, fit)]

    whole = fit_all(table, draws, split.fit)
    accuracy = [float(result.scores().mean()) for result in whole]
    by_size = dict(zip(possible, accuracy, strict=True))
    details: dict[str, Any] = {
        "per_factor": [result.scores().mean(axis=0).tolist() for result in whole],
        "draws": [len(rows) for rows in draws],
        "sizes": possible,
        "left_out": left_out,
        "sample_efficiency": by_size[FEW] / accuracy[0] if FEW in by_size and accuracy[0] else None,
        "fit_n": split.fit,
        "converged": all(result.converged for result in whole),
        "probe": probe,
    }
    return score_parts(
        table,
        {f"at {size}": value for size, value in by_size.items()},
        statistic,
        options,
        reference=REFERENCE,
        details=details,
        replicates=20,
        tables=5,
        fit=split.fit,
    )


def _sizes(sizes: Sequence[int], fit: int) -> tuple[list[int], list[int]]:
    """Sizes that the rows to fit on allow, largest first, and the other sizes."""
    if not sizes or min(sizes) < 2:
        raise UserError(f"sizes are {list(sizes)}; give numbers of rows to fit on, two or more")
    possible = sorted({int(size) for size in sizes if size <= fit}, reverse=True)
    if not possible:
        raise UserError(f"{fit} rows to fit on; give more, or smaller sizes than {min(sizes)}")
    return possible, sorted({int(size) for size in sizes if size > fit})


@dataclass(frozen=True)
class _Losses:
    """Losses of the probes of one size, ``lost`` ``(draws, K, rows)``, and their scale ``most``.

    The loss of a discrete factor's row is 0 or 1, and ``most`` is 1; of others it is the squared
    error, and ``most`` ``(K, rows)`` the squared distance from the mean.
    """

    lost: Array
    most: Array
    converged: bool

    def scores(self) -> Array:
        """1 - lost / most by draw and factor, ``(draws, K)``."""
        most = self.most.sum(axis=1)
        return np.asarray(
            np.where(most > 0, np.maximum(1 - share(self.lost.sum(axis=2), most), 0), 0)
        )


def _losses(
    factors: Sequence[Column], inputs: Array, fit: int, draws: Sequence[Rows], probe: Model
) -> _Losses:
    """Losses on the rows from ``fit`` on of probes fitted to each draw of rows."""
    lost = np.empty((len(draws), len(factors), len(inputs) - fit))
    most = np.ones(lost.shape[1:])
    converged = True
    discrete = [k for k, factor in enumerate(factors) if factor.type in CATEGORIES]
    if discrete:
        classes = np.stack([factors[k].values.astype(np.intp) for k in discrete], axis=1)
        for number, rows in enumerate(draws):
            predicted, done = _predict_classes(inputs[rows], classes[rows], inputs[fit:], probe)
            lost[number, discrete] = (predicted != classes[fit:]).T
            converged &= done
    for k in set(range(len(factors))) - set(discrete):
        targets = factors[k].targets
        for number, rows in enumerate(draws):
            estimated = _predict_numbers(inputs[rows], targets[rows], inputs[fit:], probe)
            lost[number, k] = ((estimated - targets[fit:]) ** 2).sum(axis=1)
        most[k] = ((targets[fit:] - targets[fit:].mean(axis=0)) ** 2).sum(axis=1)
    return _Losses(lost, most, converged)


def _predict_classes(
    known: Array, classes: NDArray[np.intp], others: Array, probe: Model
) -> tuple[NDArray[np.intp], bool]:
    """Predicted classes of other rows, ``(m, factors)``, and whether all fits converged."""
    if probe == "gradient boosting":
        return boost(known, classes, others).scored, True
    fitted = [fit_softmax(known, numbers) for numbers in classes.T]
    predicted = np.stack([model.predict(others) for model in fitted], axis=1)
    return predicted, all(model.converged for model in fitted)


def _predict_numbers(known: Array, targets: Array, others: Array, probe: Model) -> Array:
    """Predicted targets of other rows, ``(m, targets)``."""
    if probe == "gradient boosting":
        from sklearn.ensemble import GradientBoostingRegressor

        model = GradientBoostingRegressor(random_state=0)
        return np.stack([model.fit(known, target).predict(others) for target in targets.T], axis=1)
    centre, mean = known.mean(axis=0), targets.mean(axis=0)
    moments = (known - centre).T @ (known - centre) + RIDGE * np.eye(known.shape[1])
    weights = np.linalg.solve(moments, (known - centre).T @ (targets - mean))
    return np.asarray((others - centre) @ weights + mean)
