"""MIG-sup: information gap between the best two factors of each code."""

from typing import Unpack

from numpy.typing import ArrayLike

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import gap, share
from infoeval.metrics.stats.mutual_information import Estimator, score_information
from infoeval.metrics.stats.resampling import TableOptions, table_of


@metric(
    "mig-sup",
    kind="table",
    range="0 to 1",
    summary="information gap between the two best factors for each code",
    use="checking whether codes mix factors, in addition to mig",
    pitfalls="noise codes count as 0, and so do dead codes unless pruned; no penalty for a factor "
    "that no code represents; outliers distort its bins",
)
def mig_sup(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    bins: int = 10,
    estimator: Estimator = "plug-in",
    **options: Unpack[TableOptions],
) -> Score:
    """Mean over codes j of (I(z_j; v_(1)) - I(z_j; v_(2))) / H(z_j), the gap between its factors.

    v_(1) and v_(2) are the two factors that z_j has most information about, and H(z_j) is the
    entropy of the binned code. From 0 to 1; about 0 for codes independent of the factors, exactly 0
    for a constant code. Codes without information lower it (``prune=True`` leaves dead ones out);
    several codes of one factor may all score 1.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``.
        bins: of equal width, for continuous codes; 10 as in Zaidi et al. 2020.
        estimator: see :func:`infoeval.metrics.mig`.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    ``details``: ``information`` (D x K, nats), the entropies, ``per_code`` (D), ``best_factor`` of
    each code, ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, and for unknown choices.

    >>> import numpy as np
    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(float(mig_sup(factors * 1.5, factors)), 4)
    1.0
    """
    table = table_of(codes, factors, options)
    return score_information(
        table,
        lambda matrix: share(gap(matrix.information, axis=1), matrix.codes),
        options,
        per="code",
        estimator=estimator,
        bins=bins,
        reference="Li et al. 2020, Progressive learning and disentanglement of hierarchies",
    )
