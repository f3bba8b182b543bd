"""JEMMIG: MIG with a penalty on codes that encode more than their factor."""

from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import gap, share
from infoeval.metrics.stats.mutual_information import Estimator, Matrix, score_information
from infoeval.metrics.stats.resampling import TableOptions, table_of

Array = NDArray[np.float64]


@metric(
    "jemmig",
    kind="table",
    range="0 to 1",
    summary="MIG with a penalty for codes that encode more than their factor",
    use="as mig, but with a penalty for codes that mix factors",
    pitfalls="random codes score 0.12 to 0.16; outliers distort its bins",
)
def jemmig(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    bins: int = 10,
    estimator: Estimator = "plug-in",
    **options: Unpack[TableOptions],
) -> Score:
    """Mean over factors k of 1 - (H(v_k, z*) - I(z_(1); v_k) + I(z_(2); v_k)) / (H(v_k) + log B).

    z* = z_(1) and z_(2) are the codes with the most information about v_k, and B is the number of
    bins, or of the categories of z*. H(v, z*) grows with all else that z* encodes. From 0 to 1;
    codes independent of the factors score 0.12 to 0.16, because bins are not filled evenly.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``.
        bins: of equal width, for continuous codes; 10 as in Zaidi et al. 2020.
        estimator: see :func:`infoeval.metrics.mig`.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    ``details``: ``information`` (D x K, nats), the entropies, ``per_factor`` (K), ``best_code`` of
    each factor, ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, and for unknown choices.

    >>> factors = np.indices((10, 10)).reshape(2, -1).T
    >>> round(float(jemmig(factors * 1.5, factors)), 4)
    1.0
    """
    table = table_of(codes, factors, options)
    finest = np.log(
        [bins if code.type == "continuous" else code.values.max() + 1 for code in table.codes]
    )

    def per_factor(matrix: Matrix) -> Array:
        best = matrix.information.argmax(axis=0)
        most = matrix.information.max(axis=0)
        together = matrix.factors + matrix.codes[best] - most
        missing = together - gap(matrix.information, axis=0)
        return 1 - share(missing, matrix.factors + finest[best])

    return score_information(
        table,
        per_factor,
        options,
        per="factor",
        estimator=estimator,
        bins=bins,
        reference="Do and Tran 2020, Theory and evaluation metrics for "
        "disentangled representations",
    )
