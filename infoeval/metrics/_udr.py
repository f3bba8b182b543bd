"""UDR: similarity of the codes of models of different seeds, without factors."""

from collections.abc import Sequence, Sized
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from infoeval.arrays import as_array
from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import Column, Table
from infoeval.metrics.stats.model_codes import codes_of_models
from infoeval.metrics.stats.resampling import (
    TableOptions,
    active_codes,
    check_choice,
    score_parts,
)
from infoeval.metrics.stats.row_intervals import Rows

REFERENCE = "Duan et al. 2020, Unsupervised model selection for variational disentangled learning"
LEAST_DIVERGENCE = 0.01
PENALTY = 0.1
SWEEPS = 1_000
TOLERANCE = 1e-9

Preset = Literal["lasso", "spearman"]
Array = NDArray[np.float64]


@metric(
    "udr",
    kind="models",
    range="0 to 1",
    summary="whether models with different seeds learn the same codes",
    use="choosing among seeds, without factors",
    pitfalls="models that fail in the same way score high; identical codes score 0.9 with "
    "preset=lasso; scores on different data sets are not comparable",
)
def udr(
    models: Sequence[ArrayLike],
    *,
    preset: Preset = "lasso",
    kl: Sequence[ArrayLike] | None = None,
    **options: Unpack[TableOptions],
) -> Score:
    """Unsupervised disentanglement ranking: mean similarity of the codes of models of other seeds.

    R_ij is the similarity of code i of one model and code j of another. The score of the two models
    is the mean over codes of (max R)^2 / sum R, over the rows of R and over its columns: high where
    every code has one partner in the other model and is unlike the others there. The score of a
    model is the median over its partners. Disentangled models tend to find the same codes up to
    order and sign, entangled ones a rotation each. It ranks models of one data set, and models that
    fail alike score well, too. From 0, where no codes are similar, to 1.

    Args:
        models: the codes of each model for the same n rows, ``(n, D_m)``, continuous; two models or
            more. Integers are categories; give floats.
        preset: R_ij is "lasso": the absolute weight of code i in a Lasso regression, penalty 0.1,
            of code j on all codes of the other model, so that equal codes score 0.9; and the score
            of a model is that of the regressions that it is the target of. "spearman": the absolute
            rank correlation. Codes have deviation 1.
        kl: the mean divergence of every code of each model from its prior, nats, ``(D_m,)``: codes
            below 0.01 are dead. None: codes whose deviation is less than a twentieth of the model's
            largest are. Dead codes are left out; a model without others scores 0.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`, except the types.

    The value is the mean of the models' scores. Intervals are over the rows, not over models; see
    ``pairs`` for how far those of other seeds may differ. ``details``: ``per_model`` (the score of
    each with its limits), ``pairs`` (M x M; of two models, the second as target), ``best``, the
    number of the model of the highest score, ``pruned`` codes.

    Raises UserError for fewer than two models, for codes that are no tables of the same number of
    rows, or categorical, and for divergences of other codes.

    >>> random = np.random.default_rng(0).normal(size=(1_000, 3))
    >>> rotation = np.array([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])
    >>> score = udr([random, -random[:, ::-1], random @ rotation], preset="spearman")
    >>> [round(model["value"], 2) for model in score.details["per_model"]], score.details["best"]
    ([0.81, 0.81, 0.63], 0)
    """
    check_choice("preset", preset, Preset)
    tables = codes_of_models(models, options, "udr", "udr correlates numbers")
    given = len(kl) if isinstance(kl, Sized) else 0
    if kl is not None and given != len(tables):
        raise UserError(f"kl: {given} models, not {len(tables)}")
    if kl is None:
        kept = [active_codes(codes) for codes in tables]
    else:
        kept = [
            _informative(number, codes, divergences)
            for number, (codes, divergences) in enumerate(zip(tables, kl, strict=True))
        ]
    table = Table(tuple(code for codes in tables for code in codes), ())
    values = [table.matrix(codes) if codes else np.empty((table.n, 0)) for codes in kept]
    names = [f"model {number}" for number in range(len(tables))]

    def numbers(pairs: Array) -> list[float]:
        scores = _of_models(pairs)
        return [float(scores.mean()), *scores.tolist()]

    def statistic(rows: Rows, _: Rows) -> list[float]:
        return numbers(_pairs([model[rows] for model in values], preset))

    def shuffled(order: Rows) -> list[float]:
        permuted, rows = [], np.arange(table.n)
        for model in values:
            permuted.append(model[rows])
            rows = order[rows]
        return numbers(_pairs(permuted, preset))

    pairs = _pairs(values, preset)
    details: dict[str, Any] = {
        "pairs": pairs.tolist(),
        "best": int(_of_models(pairs).argmax()),
        "pruned": list(table.keep([code for codes in kept for code in codes]).pruned),
        "preset": preset,
    }
    score = score_parts(
        table,
        dict(zip(["mean", *names], numbers(pairs), strict=True)),
        statistic,
        options,
        reference=REFERENCE,
        details=details,
        shuffled=shuffled,
    )
    score.details["per_model"] = [score.details["parts"][name] for name in names]
    return score


def _informative(number: int, codes: tuple[Column, ...], kl: ArrayLike) -> tuple[Column, ...]:
    """Codes whose divergence from the prior is large enough and which vary."""
    try:
        divergences = as_array(kl, f"kl of model {number}").astype(np.float64)
    except (TypeError, ValueError):
        divergences = np.empty(0)
    if divergences.shape != (len(codes),) or not np.isfinite(divergences).all():
        raise UserError(
            f"kl of model {number}: give a finite number for each of {len(codes)} codes"
        )
    return tuple(
        code
        for code, divergence in zip(codes, divergences, strict=True)
        if divergence > LEAST_DIVERGENCE and code.spread > 0
    )


def _pairs(values: Sequence[Array], preset: Preset) -> Array:
    """Score of every two models, ``(M, M)``, 0 on the diagonal."""
    every = np.concatenate(values, axis=1)
    if preset == "spearman":
        every = rankdata(every, axis=0)
    # Relative to the first row, so that codes constant in these rows are exactly 0.
    every = every - every[0]
    every -= every.mean(axis=0)
    every = share(every, np.sqrt((every**2).mean(axis=0)))
    correlation = every.T @ every / len(every)
    model_of = np.repeat(np.arange(len(values)), [model.shape[1] for model in values])
    pairs = np.zeros((len(values), len(values)))
    for source in range(len(values)):
        members = model_of == source
        strength = correlation[members]
        if preset == "lasso":
            strength = _lasso(correlation[np.ix_(members, members)], strength)
        for target in range(len(values)):
            if target != source:
                pairs[source, target] = _relative_strength(np.abs(strength[:, model_of == target]))
    return pairs


def _of_models(pairs: Array) -> Array:
    """Median over the partners of each target model, ``(M,)``."""
    others = ~np.eye(len(pairs), dtype=np.bool_)
    return np.array([np.median(pairs[others[:, model], model]) for model in range(len(pairs))])


def _relative_strength(strength: Array) -> float:
    """Mean over rows and columns of (max R)^2 / sum R."""
    if strength.size == 0:
        return 0.0
    means = [share(strength.max(axis=a) ** 2, strength.sum(axis=a)).mean() for a in (0, 1)]
    return float(np.mean(means))


def _lasso(correlation: Array, targets: Array) -> Array:
    """Weights ``(D, T)`` of D codes for T targets, from their correlations, by coordinate descent.

    They minimise |y - X w|^2 / 2n + 0.1 |w|_1, y and the columns of X of deviation 1.
    """
    weights = np.zeros(targets.shape)
    for _ in range(SWEEPS):
        before = weights.copy()
        for code in range(len(weights)):
            rest = targets[code] - correlation[code] @ weights + weights[code]
            weights[code] = np.sign(rest) * np.maximum(np.abs(rest) - PENALTY, 0.0)
        if np.abs(weights - before).max(initial=0.0) < TOLERANCE:
            break
    return weights
