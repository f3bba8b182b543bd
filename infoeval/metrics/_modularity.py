"""Modularity: whether every code has information about at most one factor."""

from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.mutual_information import Estimator, Matrix, score_information
from infoeval.metrics.stats.resampling import Preset, TableOptions, check_choice, table_of

Array = NDArray[np.float64]


@metric(
    "modularity",
    kind="table",
    range="0 to 1",
    summary="whether each code is informative about at most one factor",
    use="checking whether codes mix factors, but only in comparison with the null",
    pitfalls="random codes score 0.7 or more with any estimator; dead codes lower it unless pruned",
)
def modularity(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    preset: Preset = "disentanglement_lib",
    estimator: Estimator = "plug-in",
    **options: Unpack[TableOptions],
) -> Score:
    """Mean over codes j of 1 - sum_{k != k*} I(z_j; v_k)^2 / ((K - 1) I(z_j; v_k*)^2).

    k* is the factor that z_j has most information about. From 0 to 1, but not 0 for random codes:
    counts are biased, so that a code independent of the factors scores 0.69 to 0.76 with 1,000 to
    10,000 rows, and a rotation of perfect codes 0.88. ``prune=True`` leaves dead codes out, and
    ``estimator="corrected"`` corrects codes of one factor; neither corrects codes of noise, so
    compare with the null. A constant code counts 0. The term of a code of noise is the ratio of two
    chance values for any number of rows, and no interval over rows is valid for it.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``, two or more.
        preset: "disentanglement_lib": continuous codes in 20 bins of equal width; "laforge": in 10
            (Zaidi et al. 2020).
        estimator: see :func:`infoeval.metrics.mig`.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    ``details``: ``information`` (D x K, nats), the entropies, ``per_code`` (D), ``best_factor`` of
    each code, ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, for a single factor, and for
    unknown choices.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(float(modularity(factors * 1.5, factors)), 4)
    1.0
    """
    check_choice("preset", preset, Preset)
    table = table_of(codes, factors, options)
    if len(table.factors) < 2:
        raise UserError("modularity needs two factors or more")

    def per_code(matrix: Matrix) -> Array:
        squares = matrix.information**2
        best = squares.max(axis=1)
        others = share(squares.sum(axis=1) - best, best * (squares.shape[1] - 1))
        return np.where(best > 0, 1 - others, 0.0)

    return score_information(
        table,
        per_code,
        options,
        per="code",
        estimator=estimator,
        bins=10 if preset == "laforge" else 20,
        reference="Ridgeway and Mozer 2018, Learning deep disentangled embeddings",
        preset=preset,
    )
