"""DCIMIG: information gaps of codes, counted once per factor."""

from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import gap, share
from infoeval.metrics.stats.mutual_information import Estimator, score_information
from infoeval.metrics.stats.resampling import TableOptions, table_of

Array = NDArray[np.float64]


@metric(
    "dcimig",
    kind="table",
    range="0 to 1",
    summary="information gaps of codes, counted once per factor",
    use="as mig, when several codes may represent the same factor",
    pitfalls="factors with many classes weigh most; outliers distort its bins",
)
def dcimig(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    bins: int = 10,
    estimator: Estimator = "plug-in",
    **options: Unpack[TableOptions],
) -> Score:
    """Sum over factors of the largest gap of a code whose best factor it is, over sum of H(v_k).

    The gap of a code is I(z_j; v_(1)) - I(z_j; v_(2)), and it counts for the code's best factor
    v_(1). From 0 to 1; about 0 for codes independent of the factors. Factors of high entropy weigh
    more. Two codes that share a factor score as the better one does.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``.
        bins: of equal width, for continuous codes; 10 as in Zaidi et al. 2020.
        estimator: see :func:`infoeval.metrics.mig`.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    ``details``: ``information`` (D x K, nats), the entropies, ``per_factor`` (K) and ``per_code``
    (D) in nats, ``best_factor`` of each code, ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, and for unknown choices.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(float(dcimig(factors * 1.5, factors)), 4)
    1.0
    """
    table = table_of(codes, factors, options)

    def per_factor(information: Array) -> Array:
        largest = np.zeros(information.shape[1])
        np.maximum.at(largest, information.argmax(axis=1), gap(information, axis=1))
        return largest

    score = score_information(
        table,
        lambda matrix: gap(matrix.information, axis=1),
        options,
        per="code",
        metric=lambda matrix: float(
            share(per_factor(matrix.information).sum(), matrix.factors.sum())
        ),
        estimator=estimator,
        bins=bins,
        reference="Sepliarskaia et al. 2020, Evaluating disentangled representations",
    )
    score.details["per_factor"] = per_factor(np.array(score.details["information"])).tolist()
    return score
