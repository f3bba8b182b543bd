"""Metrics of the information matrix I(z_j; v_k): MIG, MIG-sup, JEMMIG, DCIMIG and modularity."""

from collections.abc import Callable
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import gap, share
from infoeval.metrics.stats.code_factor_table import Table
from infoeval.metrics.stats.mutual_information import Estimator, Information, Matrix
from infoeval.metrics.stats.resampling import Options, Preset, check_choice, score_table, table_of

Array = NDArray[np.float64]


@metric(
    "mig",
    kind="table",
    range="0 to 1",
    summary="information gap between the best two codes of each factor",
    use="one code for each factor; to compare with published numbers",
    pitfalls="0 for a factor that two codes share; an outlier or a long tail spoils its bins "
    "(0.28 for cubes of perfect normal codes): see estimator=ksg",
)
def mig(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    preset: Preset = "disentanglement_lib",
    estimator: Estimator = "plug-in",
    **options: Unpack[Options],
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
        **options: see :class:`infoeval.metrics.stats.resampling.Options`.

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

    return _score(
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


@metric(
    "mig-sup",
    kind="table",
    range="0 to 1",
    summary="information gap between the best two factors of each code",
    use="whether a code mixes factors, beside mig",
    pitfalls="codes of noise count as 0, dead ones too unless pruned; a factor that no code "
    "holds costs nothing; an outlier spoils its bins",
)
def mig_sup(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    bins: int = 10,
    estimator: Estimator = "plug-in",
    **options: Unpack[Options],
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
        **options: see :class:`infoeval.metrics.stats.resampling.Options`.

    ``details``: ``information`` (D x K, nats), the entropies, ``per_code`` (D), ``best_factor`` of
    each code, ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, and for unknown choices.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(float(mig_sup(factors * 1.5, factors)), 4)
    1.0
    """
    table = table_of(codes, factors, options)
    return _score(
        table,
        lambda matrix: share(gap(matrix.information, axis=1), matrix.codes),
        options,
        per="code",
        estimator=estimator,
        bins=bins,
        reference="Li et al. 2020, Progressive learning and disentanglement of hierarchies",
    )


@metric(
    "jemmig",
    kind="table",
    range="0 to 1",
    summary="MIG with a penalty on codes that encode more than their factor",
    use="mig with a price on codes that mix factors",
    pitfalls="random codes score 0.12 to 0.16; an outlier spoils its bins",
)
def jemmig(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    bins: int = 10,
    estimator: Estimator = "plug-in",
    **options: Unpack[Options],
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
        **options: see :class:`infoeval.metrics.stats.resampling.Options`.

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

    return _score(
        table,
        per_factor,
        options,
        per="factor",
        estimator=estimator,
        bins=bins,
        reference="Do and Tran 2020, Theory and evaluation metrics for "
        "disentangled representations",
    )


@metric(
    "dcimig",
    kind="table",
    range="0 to 1",
    summary="information gaps of codes, counted once for each factor",
    use="as mig, where several codes of one factor are welcome",
    pitfalls="factors of many classes count most; an outlier spoils its bins",
)
def dcimig(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    bins: int = 10,
    estimator: Estimator = "plug-in",
    **options: Unpack[Options],
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
        **options: see :class:`infoeval.metrics.stats.resampling.Options`.

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

    score = _score(
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


@metric(
    "modularity",
    kind="table",
    range="0 to 1",
    summary="whether every code has information about one factor at most",
    use="whether codes mix factors, only beside its null",
    pitfalls="random codes score 0.7 or more, however it is estimated; dead codes lower it "
    "unless pruned",
)
def modularity(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    preset: Preset = "disentanglement_lib",
    estimator: Estimator = "plug-in",
    **options: Unpack[Options],
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
        **options: see :class:`infoeval.metrics.stats.resampling.Options`.

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

    return _score(
        table,
        per_code,
        options,
        per="code",
        estimator=estimator,
        bins=10 if preset == "laforge" else 20,
        reference="Ridgeway and Mozer 2018, Learning deep disentangled embeddings",
        preset=preset,
    )


def _score(
    table: Table,
    terms: Callable[[Matrix], Array],
    options: Options,
    *,
    per: Literal["code", "factor"],
    metric: Callable[[Matrix], float] | None = None,
    estimator: Estimator,
    bins: int,
    reference: str,
    **details: Any,
) -> Score:
    """Score, from 0 to 1, of a metric of the information matrix.

    ``terms`` returns a number for each code ``(D,)`` or factor ``(K,)``, and the score is their
    mean, or what ``metric`` returns. The score's details hold the terms, the matrix and the
    entropies of the whole table, the best factor of each code or best code of each factor, and
    ``details``.
    """
    check_choice("estimator", estimator, Estimator)
    information = Information(table, estimator, bins, options.get("seed", 0))
    every = np.arange(table.n)
    whole = information.matrix(every, every)
    value = metric or (lambda matrix: float(terms(matrix).mean()))
    other, columns, axis = "factor", table.factors, 1
    if per == "factor":
        other, columns, axis = "code", table.codes, 0
    return score_table(
        table,
        value(whole),
        lambda code_rows, factor_rows: value(information.matrix(code_rows, factor_rows)),
        options,
        reference=reference,
        details={
            "information": whole.information.tolist(),
            "code_entropies": whole.codes.tolist(),
            "factor_entropies": whole.factors.tolist(),
            f"per_{per}": terms(whole).tolist(),
            f"best_{other}": [columns[best].name for best in whole.information.argmax(axis=axis)],
            **details,
            "estimator": estimator,
            "bins": bins,
        },
        resample="jackknife" if estimator == "ksg" else "bootstrap",
    )
