"""Consistency over seeds: how well maps between the codes of models predict one from another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import Table
from infoeval.metrics.stats.model_codes import codes_of_models
from infoeval.metrics.stats.probes import one_thread
from infoeval.metrics.stats.resampling import (
    SCORED_SHARE,
    TableOptions,
    active_codes,
    check_choice,
    score_parts,
)
from infoeval.metrics.stats.row_intervals import Rows

REFERENCE = (
    "Khemakhem et al. 2020, ICE-BeeM: identifiable conditional energy-based deep models based on "
    "nonlinear ICA"
)
LEAST_VARIANCE = 1e-10
"""Directions with less than this share of the largest variance have no weight in a map."""

Maps = Literal["permutation", "linear", "affine"]
Array = NDArray[np.float64]


@metric(
    "consistency",
    kind="models",
    range="0 to 1",
    summary="R2 of maps between the codes of models with different seeds, on separate rows",
    use="checking what a training determines: codes up to order and sign, or their span alone",
    pitfalls="models that fail in the same way score high; affine maps give rotations of one "
    "another 1; permutations give 2r - 1 for two codes of correlation r",
)
def consistency(
    models: Sequence[ArrayLike], *, maps: Maps = "permutation", **options: Unpack[TableOptions]
) -> Score:
    """Mean over ordered pairs of models of R^2 of the codes of one, predicted from the other's.

    The map f is fitted on two thirds of the rows, at random, and R^2 is the mean over the second
    model's codes y of 1 - |y - f(x)|^2 / |y - mean y|^2 on the others, none below 0.

    "permutation": each code is one code of the other model with its sign, all of them of mean 0 and
    deviation 1, in the pairs of the largest sum of |correlations| (Hungarian method); R^2 of two
    codes of correlation r is then 2 |r| - 1, and 0 for codes without a partner. "linear": weights
    of all codes as they are, without intercept. "affine": with one. They say up to what a training
    determines its codes: up to order and sign, or their span only. Codes of noise score 0.

    Args:
        models: the codes of each model for the same n rows, ``(n, D_m)``, continuous; two models or
            more. Integers are categories; give floats.
        maps: "permutation", "linear" or "affine".
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`, except the types.

    Dead codes, whose deviation is less than a twentieth of the model's largest, are left out; a
    model without others scores 0. Intervals are over the rows, not over models. ``details``:
    ``per_model`` (the mean over its pairs, either way, with its limits), ``pairs`` (M x M; from the
    first, to the second, 0 on the diagonal), ``best``, the number of the model of the highest mean,
    ``fit_n``, ``pruned`` codes.

    Raises UserError for fewer than two models, for codes that are no tables of the same number of
    rows, or categorical, for fewer than three rows, and for unknown maps.

    >>> random = np.random.default_rng(0).normal(size=(900, 2))
    >>> rotated = random @ [[0.6, 0.8], [-0.8, 0.6]]
    >>> [round(float(consistency([random, -random[:, ::-1], rotated], maps=maps)), 2)
    ...  for maps in ("permutation", "affine")]
    [0.73, 1.0]
    """
    check_choice("maps", maps, Maps)
    tables = codes_of_models(models, options, "consistency", "consistency maps numbers")
    table, fit = _split(Table(tuple(code for codes in tables for code in codes), ()), options)
    ends = np.cumsum([0, *map(len, tables)])
    kept = [active_codes(table.codes[low:high]) for low, high in pairwise(ends)]
    values = [table.matrix(codes) if codes else np.empty((table.n, 0)) for codes in kept]

    def numbers(rows: Sequence[Rows]) -> list[float]:
        scores = _of_models(_pairs(values, rows, fit, maps))
        return [float(scores.mean()), *scores.tolist()]

    def shuffled(order: Rows) -> list[float]:
        orders = [np.arange(table.n)]
        while len(orders) < len(tables):
            orders.append(order[orders[-1]])
        return numbers(orders)

    every = [np.arange(table.n)] * len(tables)
    pairs = _pairs(values, every, fit, maps)
    names = [f"model {number}" for number in range(len(tables))]
    details: dict[str, Any] = {
        "pairs": pairs.tolist(),
        "best": int(_of_models(pairs).argmax()),
        "pruned": list(table.keep([code for codes in kept for code in codes]).pruned),
        "fit_n": fit,
        "maps": maps,
    }
    score = score_parts(
        table,
        dict(zip(["mean", *names], numbers(every), strict=True)),
        lambda rows, _: numbers([rows] * len(tables)),
        options,
        reference=REFERENCE,
        details=details,
        shuffled=shuffled,
        fit=fit,
    )
    score.details["per_model"] = [score.details["parts"][name] for name in names]
    return score


def _split(table: Table, options: TableOptions) -> tuple[Table, int]:
    """Table in random order, and the number of its rows to fit on, which come first."""
    fit = table.n - max(1, round(SCORED_SHARE * table.n))
    if fit < 2:
        raise UserError(f"{table.n} rows; give more, some to fit on and others to score")
    order = np.random.default_rng([options.get("seed", 0), 1]).permutation(table.n)
    return table.rows(order), fit


def _pairs(values: Sequence[Array], rows: Sequence[Rows], fit: int, maps: Maps) -> Array:
    """R^2 from each model to each other, ``(M, M)``, 0 on the diagonal.

    ``rows`` are those of each model, in the same order; those at the places of rows below ``fit``
    in the first model are fitted on.
    """
    first = rows[0] < fit
    scaled = [
        _Scaled.of(codes[here[first]], codes[here[~first]], maps)
        for codes, here in zip(values, rows, strict=True)
    ]
    pairs = np.zeros((len(values), len(values)))
    mapped = _permuted if maps == "permutation" else _regressed
    with one_thread():
        for source, target in np.ndindex(*pairs.shape):
            if source != target:
                predicted = mapped(scaled[source], scaled[target])
                pairs[source, target] = _explained(scaled[target].scored, predicted)
    return pairs


@dataclass(frozen=True)
class _Scaled:
    """Codes of one model in units of their deviation on the rows to fit on, ``(rows, D)``."""

    fitted: Array
    scored: Array

    @classmethod
    def of(cls, fitted: Array, scored: Array, maps: Maps) -> "_Scaled":
        """Scaled codes; those of a linear map keep their mean, which others lose."""
        if len(fitted) == 0:
            return cls(fitted, scored)
        # Relative to the first row, so that equal values have exactly no deviation.
        around = fitted - fitted[0]
        deviation = around.std(axis=0)
        origin = 0.0 if maps == "linear" else fitted[0] + around.mean(axis=0)
        return cls(share(fitted - origin, deviation), share(scored - origin, deviation))


def _permuted(source: _Scaled, target: _Scaled) -> Array:
    """Each code of the target by its partner with its sign, ``(rows, D)``; 0 without a partner."""
    predicted = np.zeros(target.scored.shape)
    correlation = source.fitted.T @ target.fitted
    codes, partners = linear_sum_assignment(np.abs(correlation), maximize=True)
    signs = np.sign(correlation[codes, partners])
    predicted[:, partners] = source.scored[:, codes] * signs
    return predicted


def _regressed(source: _Scaled, target: _Scaled) -> Array:
    """Codes of the target by least squares on those of the source, ``(rows, D)``."""
    products = source.fitted.T @ source.fitted
    inverse = np.linalg.pinv(products, rcond=LEAST_VARIANCE, hermitian=True)
    return np.asarray(source.scored @ (inverse @ (source.fitted.T @ target.fitted)))


def _explained(targets: Array, predicted: Array) -> float:
    """Mean R^2 of the columns, none below 0; 0 without columns or rows."""
    if targets.size == 0:
        return 0.0
    around = ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
    left = ((targets - predicted) ** 2).sum(axis=0)
    return float(share(np.maximum(around - left, 0.0), around).mean())


def _of_models(pairs: Array) -> Array:
    """Mean over the pairs of each model, either way, ``(M,)``."""
    return np.asarray((pairs.sum(axis=0) + pairs.sum(axis=1)) / (2 * (len(pairs) - 1)))
