"""Association of every code with every factor, and the best one-to-one pairing."""

import math
from copy import copy
from dataclasses import replace
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from infoeval.errors import UserError, unknown
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.associations import (
    AssociationEstimator,
    Associations,
    Normalization,
    Periodic,
    WithinClasses,
)
from infoeval.metrics.stats.code_factor_table import Table
from infoeval.metrics.stats.mutual_information import BINS, sparse_cells
from infoeval.metrics.stats.resampling import (
    TableOptions,
    check_choice,
    score_parts,
    table_of,
)
from infoeval.metrics.stats.row_intervals import Rows, sizes_of_parts

REFERENCE = (
    "Spearman 1904; Fisher and Lee 1982, Nonparametric measures of angular-angular association; "
    "Vinh, Epps and Bailey 2010, NMI; paired by Kuhn 1955"
)

Array = NDArray[np.float64]

TABLES = 200
"""Shuffled tables by default: enough for a probability of 0.01 among all pairs."""


@metric(
    "code-factors",
    kind="table",
    range="0 to 1",
    summary="association of each code with each factor, and the mean of the best one-to-one "
    "pairing",
    use="finding which code represents which factor, pair by pair; handles angles and order",
    pitfalls="if two codes share a factor, only the better one counts; codes that all follow a "
    "common cause of the factors score 0.9; outliers distort the bins used for discrete factors",
    evaluated={"images": "real", "factors": "own"},
)
def code_factors(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    periodic: Periodic = "circular",
    normalization: Normalization = "factor",
    estimator: AssociationEstimator = "plug-in",
    bins: int = BINS,
    within: str | None = None,
    **options: Unpack[TableOptions],
) -> Score:
    """Association of every code with every factor, from 0 to 1; the score is the mean best pairing.

    The measure of a pair follows from its types, and is 1 where the code determines the factor (up
    to bins). A continuous code and an ordinal or continuous factor: |Spearman|, the rank
    correlation. A continuous code and a periodic factor: a circular correlation of ranks, see
    ``periodic``. A continuous code and a factor of two classes: |2 AUC - 1|, the rank-biserial
    correlation. A periodic code and a factor of numbers or angles: the same circular correlation.
    All others: the share of the factor's entropy that the code has information about,
    I / H(factor), by counts, with bins of equal width for continuous and periodic columns. A
    constant code scores 0.

    The pairing assigns codes and factors one to one so that the sum of their strengths is largest
    (Hungarian method). Strengths are values above chance on one scale, that of a correlation
    (:meth:`Associations.strength`): measures that cannot be compared are never mixed. The score is
    the mean value over as many pairs as there are codes or factors, whichever are fewer. Parts of
    the rows and shuffled tables are paired again.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``.
        periodic: "circular" asks whether the code *is* the angle: 1 where the code runs once round
            the circle with the angle or against it, wherever its range begins, and 0 where it takes
            the same values on both halves, as |angle| does. "linear" is the multiple correlation of
            the code's rank with cosine and sine: 0.99 for |angle|, and 0.78 for the angle itself,
            because of the jump where its range ends. Two angles have no such jump, and "circular"
            in any case.
        normalization: of mutual information: by "factor", its entropy, or as in scikit-learn by a
            mean of both entropies, "arithmetic", "geometric", "min" or "max" (NMI; two classes
            count as any others then). NMI cannot reach 1 for unequal numbers of classes: a code of
            ten categories has at most 0.46 with a balanced attribute by "arithmetic".
        estimator: of mutual information: "plug-in" counts; "adjusted" subtracts the mean over
            shuffled rows from information and entropy (as AMI, Vinh et al. 2010), not below 0.
        bins: for continuous columns in mutual information.
        within: the name of a discrete or ordinal factor. Associations are then those inside each of
            its classes, averaged with the number of rows as weight: a code may turn every type of
            chair, and begin elsewhere in each. Classes of one or two rows are left out. In a model
            with ``images=generated``, ``within=noise`` is about images of the same noise and the
            same categories.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`; by default 200
            tables with shuffled factors are scored.

    Chance raises the values: mutual information by about (R - 1)(C - 1) / 2n nats for R and C
    classes, and |Spearman| of independent columns is 0.8 / √n on average. ``null`` and ``adjusted``
    show it for every pair. ``p`` is the probability that a table with shuffled factors has a pair
    anywhere that is as many deviations above its mean as this one (Westfall and Young 1993):
    it allows for the number of pairs. Of more than 20,000 rows a part is shuffled, of
    ``null_rows``, and what it scores is carried to all: information like 1/n, others like 1/√n.

    ``details``: ``associations``, an entry for each code and each factor, codes slowest, with
    ``code``, ``factor``, ``measure``, ``paired``, ``value``, ``low``, ``high``, ``null``,
    ``adjusted``, ``p``, ``strength``, and ``nmi`` (arithmetic mean) beside a share of information,
    ``linear`` beside a circular correlation of a code that is no angle; ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, for unknown choices, and where
    ``within`` names no factor of classes, or the only factor.

    >>> angle = np.linspace(0, 360, 600, endpoint=False)
    >>> size = np.random.default_rng(0).normal(size=600)
    >>> score = code_factors(
    ...     np.stack([-size, (angle - 90) % 360], axis=1),
    ...     np.stack([angle, size], axis=1),
    ...     factor_types=["periodic:360", "continuous"],
    ... )
    >>> round(float(score), 4)
    1.0
    >>> [(pair["code"], pair["factor"]) for pair in score.details["associations"] if pair["paired"]]
    [('code 0', 'factor 1'), ('code 1', 'factor 0')]
    """
    check_choice("periodic", periodic, Periodic)
    check_choice("normalization", normalization, Normalization)
    check_choice("estimator", estimator, AssociationEstimator)
    table = table_of(codes, factors, options)
    associations: Associations
    if within is None:
        associations = Associations(table, periodic, normalization, estimator, bins)
    else:
        table, classes = _without(table, within)
        associations = WithinClasses(table, classes, periodic, normalization, estimator, bins)
    every = np.arange(table.n)
    whole = associations.matrix(every, every)
    sizes = sizes_of_parts(table)
    shuffled = table.n if sizes is None else sizes[1]
    shuffles = _shuffles(associations, table.n, shuffled, options)
    chance = shuffles.mean(axis=0) if len(shuffles) else np.zeros(whole.shape)
    strengths = associations.strength(whole, chance)
    pairs = list(np.ndindex(*whole.shape))

    def with_mean(matrix: Array) -> list[float]:
        pairing = linear_sum_assignment(associations.strength(matrix, chance), maximize=True)
        return [float(matrix[pairing].mean()), *matrix.ravel().tolist()]

    binned = associations.by_information
    score = score_parts(
        table,
        dict(zip(["", *map(str, pairs)], with_mean(whole), strict=True)),
        lambda *rows: with_mean(associations.matrix(*rows)),
        options,
        reference=REFERENCE,
        details={
            "periodic": periodic,
            "normalization": normalization,
            "estimator": estimator,
            "bins": bins,
            **({"null_rows": shuffled} if shuffled < table.n else {}),
            **({} if within is None else {"within": within}),
            **(sparse_cells(associations.codes, associations.factors) if binned.any() else {}),
        },
        chance=np.array([with_mean(matrix) for matrix in shuffles]),
        ranges=np.concatenate([[binned.mean()], binned.ravel()]),
    )
    paired = set(zip(*linear_sum_assignment(strengths, maximize=True), strict=True))
    more = _probabilities(whole, shuffles) | {"strength": strengths} | _nmi(associations)
    more |= _linear(associations, every)
    parts = score.details.pop("parts")
    score.details["associations"] = [
        {
            "code": table.codes[row].name,
            "factor": table.factors[column].name,
            "measure": associations.measure(row, column),
            "paired": (row, column) in paired and bool(strengths[row, column] > 0),
            **parts[str((row, column))],
            **{
                name: float(values[row, column])
                for name, values in more.items()
                if np.isfinite(values[row, column])
            },
        }
        for row, column in pairs
    ]
    return score


def _without(table: Table, within: str) -> tuple[Table, NDArray[np.intp]]:
    """Table without a factor, and the class of each row by that factor."""
    names = [factor.name for factor in table.factors]
    if within not in names:
        raise UserError(unknown("no factor", within, names))
    classes = table.factors[names.index(within)]
    if classes.type not in ("discrete", "ordinal"):
        raise UserError(f"within: {within} is {classes.type}; give a discrete or ordinal factor")
    others = tuple(factor for factor in table.factors if factor.name != within)
    if not others:
        raise UserError(f"within: {within} is the only factor; there is nothing to compare with")
    numbers = np.unique(classes.values, return_inverse=True)[1]
    return replace(table, factors=others), numbers


def _shuffles(associations: Associations, n: int, part: int, options: TableOptions) -> Array:
    """Associations ``(tables, D, K)`` of tables with shuffled factors.

    Those of a smaller ``part`` of the n rows are carried to all by the rate at which chance falls:
    information like 1/n, and correlations like 1/√n.
    """
    generator = np.random.default_rng([options.get("seed", 0), 4])
    rows = np.arange(n)
    if part < n:
        rows = np.sort(generator.choice(n, part, replace=False))
    share = len(rows) / n
    falls = np.where(associations.by_information, share, math.sqrt(share))
    orders = (rows[generator.permutation(len(rows))] for _ in range(options.get("null", TABLES)))
    return np.array([associations.matrix(rows, order) * falls for order in orders])


def _probabilities(whole: Array, shuffles: Array) -> dict[str, Array]:
    """``p`` of each pair, ``(D, K)``; none for fewer than two shuffled tables."""
    if len(shuffles) < 2:
        return {}
    # Under independence the table itself is one of the orders, and is treated as any other.
    orders = np.concatenate([whole[None], shuffles])
    mean, deviation = orders.mean(axis=0), orders.std(axis=0)
    # A pair that no order of the rows changes, as of a constant code, is no evidence.
    unit = np.where(deviation > 0, deviation, np.inf)
    apart = (orders - mean) / unit
    reached = (apart.max(axis=(1, 2))[:, None, None] >= apart[0]).mean(axis=0)
    return {"p": reached}


def _nmi(associations: Associations) -> dict[str, Array]:
    """``nmi`` of pairs that are measured by a share of information, ``(D, K)``; else NaN."""
    if associations.normalization != "factor" or isinstance(associations, WithinClasses):
        return {}
    nmi = associations.normalised("arithmetic")
    return {"nmi": np.where(associations.by_information, nmi, np.nan)}


def _linear(associations: Associations, rows: Rows) -> dict[str, Array]:
    """``linear`` correlation of codes of numbers with angles, ``(D, K)``; NaN of other pairs."""
    pairs = np.outer(
        associations.code_types == "continuous", associations.factor_types == "periodic"
    )
    if associations.periodic == "linear" or not pairs.any():
        return {}
    beside = copy(associations)
    beside.periodic = "linear"
    return {"linear": np.where(pairs, beside.matrix(rows, rows), np.nan)}
