"""TAD: how far the best code is above the second in telling the classes of an attribute apart."""

from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import gap, share
from infoeval.metrics.stats.code_factor_table import Column, check_no_angles, check_numbers
from infoeval.metrics.stats.probes import one_thread
from infoeval.metrics.stats.resampling import (
    TableOptions,
    score_parts,
    table_of,
)
from infoeval.metrics.stats.row_intervals import Rows

REFERENCE = (
    "Yeats et al. 2022, NashAE: disentangling representations through adversarial "
    "covariance minimization"
)
LEAST_AREA = 0.75
"""An attribute is captured if the best code's area is at least this."""
LARGEST_SHARE = 0.2
"""An attribute is left out if another one has more than this share of its entropy."""
CHANCE = 0.5

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]


@metric(
    "tad",
    kind="table",
    range="0 or more",
    summary="areas under ROC curves: best code above second-best, summed over attributes kept",
    use="binary attributes such as those of CelebA; comparison with published numbers",
    pitfalls="0 for attributes that two codes share or that depend on each other; jumps where an "
    "area passes 0.75; grows with the number of attributes, so compare tables of the same ones",
)
def tad(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    least_range: float = 0.0,
    **options: Unpack[TableOptions],
) -> Score:
    """Total AUROC difference: sum over attributes i kept of A_i(1) - A_i(2).

    A_ij is the larger of a and 1 - a, where a is the probability that code j is larger in a row
    that has attribute i than in one that has not, ties counted half; A_i(1) and A_i(2) are the
    largest two over codes. An attribute is kept if A_i(1) >= 0.75 and no other attribute has more
    than 0.2 of its entropy, max_j I(i; j) / H(i) <= 0.2. From 0 to half the number of attributes;
    perfect codes of independent attributes reach that. The number of attributes kept is reported
    beside it, because few attributes far apart and many close together have the same sum. Codes of
    noise score 0, as no area reaches 0.75, unless an attribute has less than about ten rows.

    Args:
        codes: ``(n, D)``; continuous, or of two categories. Angles have no order.
        factors: ``(n, K)``, the attributes: the discrete and ordinal factors of two values. Others
            are left out.
        least_range: A_ij is 0.5 for codes whose range, largest value minus smallest, is not above
            this. NashAE's own program has 0.2, as its codes are from 0 to 1; that of InfoDiffusion
            (Wang et al. 2023) has no such rule.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    The value is the sum; ``details["parts"]`` holds "sum" and "kept", the number of attributes
    kept. ``details``: ``area`` (D x K, of the attributes), ``attributes`` (their names),
    ``per_attribute`` (A_i(1) - A_i(2)), ``dependence`` (max_j I(i; j) / H(i)), ``kept`` and
    ``left_out`` names, ``best_code`` of each attribute, ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, where no factor has two values,
    for an angle, for a code of more than two categories, and for a least range that is not a
    number >= 0.

    >>> attributes = np.indices((2, 2, 2)).reshape(3, -1).T
    >>> score = tad(attributes * 1.5, attributes)
    >>> {name: part["value"] for name, part in score.details["parts"].items()}
    {'sum': 1.5, 'kept': 3.0}
    """
    if not (np.isfinite(least_range) and least_range >= 0):
        raise UserError(f"least_range is {least_range}; give a number >= 0")
    table = table_of(codes, factors, options)
    check_numbers(table.codes, "tad")
    check_no_angles(table.codes, "tad asks which of two values is larger")
    attributes = [factor for factor in table.factors if _is_binary(factor)]
    if not attributes:
        raise UserError("no factor has two values; tad compares binary attributes")
    places = np.stack([np.unique(code.values, return_inverse=True)[1] for code in table.codes])
    classes = np.stack(
        [np.unique(each.values, return_inverse=True)[1] for each in attributes], axis=1
    ).astype(np.float64)
    narrow = np.array([np.ptp(code.values) <= least_range for code in table.codes])

    def measured(code_rows: Rows, factor_rows: Rows) -> _AttributeAreas:
        with one_thread():
            area = _areas(places[:, code_rows], classes[factor_rows])
            area[narrow] = CHANCE
            return _AttributeAreas(area, _dependence(classes[factor_rows]))

    every = np.arange(table.n)
    whole = measured(every, every)
    names = np.array([attribute.name for attribute in attributes], dtype=object)
    details: dict[str, Any] = {
        "area": whole.area.tolist(),
        "attributes": names.tolist(),
        "per_attribute": whole.gaps.tolist(),
        "dependence": whole.dependence.tolist(),
        "kept": names[whole.kept].tolist(),
        "left_out": [factor.name for factor in table.factors if not _is_binary(factor)],
        "best_code": [table.codes[j].name for j in whole.area.argmax(axis=0)],
        "least_range": float(least_range),
    }
    return score_parts(
        table,
        dict(zip(("sum", "kept"), whole.numbers(), strict=True)),
        lambda code_rows, factor_rows: measured(code_rows, factor_rows).numbers(),
        options,
        reference=REFERENCE,
        details=details,
        bounds=(0.0, float("inf")),
        unit="area",
    )


def _is_binary(factor: Column) -> bool:
    return factor.type in ("discrete", "ordinal") and len(np.unique(factor.values)) == 2


@dataclass(frozen=True)
class _AttributeAreas:
    """Areas A ``(D, attributes)`` and the largest share of an attribute that another one has."""

    area: Array
    dependence: Array

    @property
    def gaps(self) -> Array:
        """Best area minus second-best of each attribute; minus 0.5 where there is one code."""
        return gap(np.vstack([self.area, np.full(self.area.shape[1], CHANCE)]), axis=0)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Whether each attribute counts."""
        captured = self.area.max(axis=0) >= LEAST_AREA
        return np.asarray(captured & (self.dependence <= LARGEST_SHARE))

    def numbers(self) -> list[float]:
        """Sum over the attributes kept, and their number."""
        return [float(self.gaps[self.kept].sum()), float(self.kept.sum())]


def _areas(places: Numbers, classes: Array) -> Array:
    """Areas of codes for attributes, ``(D, attributes)``, of 0 and 1 in ``classes`` ``(n, K)``.

    ``places`` ``(D, n)`` are those of the values among a code's distinct ones, which give the ranks
    without sorting.
    """
    ones = classes.sum(axis=0)
    pairs = ones * (len(classes) - ones)
    ranks = np.empty(places.shape)
    for rank, place in zip(ranks, places, strict=True):
        counts = np.bincount(place)
        rank[:] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    above = ranks @ classes - ones * (ones + 1) / 2
    area = np.where(pairs > 0, share(above, pairs), CHANCE)
    return np.asarray(np.maximum(area, 1 - area))


def _dependence(classes: Array) -> Array:
    """max_j I(i; j) / H(i) of each attribute, ``(attributes,)``, from the counts of all pairs."""
    n, ones, both = len(classes), classes.sum(axis=0), classes.T @ classes
    first = ones[:, None] - both
    cells = np.stack([both, first, first.T, n - both - first - first.T])
    joint = np.log(n) - xlogy(cells, cells).sum(axis=0) / n
    # Of an attribute and itself, the joint entropy is that of the attribute.
    alone = joint.diagonal()
    shared = alone[:, None] + alone - joint
    np.fill_diagonal(shared, 0.0)
    return share(np.maximum(shared, 0.0).max(axis=1), alone)
