"""MIG: information gap between the best two codes of each factor."""

from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import gap, share
from infoeval.metrics.stats.mutual_information import Estimator, Matrix, score_information
from infoeval.metrics.stats.resampling import Preset, TableOptions, check_choice, table_of

Array = NDArray[np.float64]


@metric(
    "mig",
    kind="table",
    range="0 to 1",
    summary="information gap between the two best codes for each factor",
    use="checking that each factor has a code to itself; comparison with published numbers",
    pitfalls="0 for a factor that two codes share; outliers and long tails distort its bins (0.28 "
    "for the cubes of perfect normal codes): see estimator=ksg",
)
def mig(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    preset: Preset = "disentanglement_lib",
    estimator: Estimator = "plug-in",
    **options: Unpack[TableOptions],
) -> Score:
    """Mutual information gap: mean over factors of (I(z_(1); v_k) - I(z_(2); v_k)) / H(v_k).

    z_(1) and z_(2) are the two codes with the most information about v_k. From 0 to 1: about 0 for
    codes independent of the factors, 1 for perfect codes of discrete factors, as far as bins do not
    merge values. A factor that two codes share scores low, however well both encode it.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``.
        preset: "disentanglement_lib": continuous codes in 20 bins of equal width, as in Locatello
            et al. 2019; "laforge": 10 bins, and the information divided by the entropy of the
            binned *code* (Zaidi et al. 2020), which favours codes of few values.
        estimator: "plug-in" counts; "corrected" subtracts (R - 1)(C - 1) / 2n from each
            information, its bias under independence (Miller 1955); "ksg" counts neighbours instead
            of bins (Ross 2014, k = 3), for discrete factors.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    ``details``: ``information`` (D x K, nats), ``code_entropies`` and ``factor_entropies``,
    ``per_factor`` (K), ``best_code`` of each factor, ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, and for unknown choices.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(float(mig(factors * 1.5, factors)), 4)
    1.0
    """
    check_choice("preset", preset, Preset)
    if preset == "laforge" and estimator != "plug-in":
        raise UserError(f"preset 'laforge' counts; it has no estimator {estimator!r}")
    table = table_of(codes, factors, options)

    def per_factor(matrix: Matrix) -> Array:
        if preset == "laforge":
            return gap(share(matrix.information, matrix.codes[:, None]), axis=0)
        return share(gap(matrix.information, axis=0), matrix.factors)

    return score_information(
        table,
        per_factor,
        options,
        per="factor",
        estimator=estimator,
        bins=10 if preset == "laforge" else 20,
        reference="Chen et al. 2018, Isolating sources of disentanglement in "
        "variational autoencoders",
        preset=preset,
    )
