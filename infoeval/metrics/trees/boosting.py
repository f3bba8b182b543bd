"""Gradient-boosted trees of all classes of all factors at once, for the importances of DCI.

The trees are those of Friedman 2001 (Greedy function approximation, algorithm 6) as scikit-learn's
GradientBoostingClassifier grows them by default: 100 stages at rate 0.1 and depth 3, splits by the
largest fall of the squared error, leaves by one Newton step. Only the search for splits differs:
see :mod:`infoeval.metrics.trees.tree_splits`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infoeval.metrics.trees.tree_splits import (
    NodeSplit,
    Order,
    Single,
    best_splits,
    child_sums,
    root_sums,
)

STAGES, RATE, DEPTH = 100, 0.1, 3
LEAVES = 1 << DEPTH
LEAST_CURVATURE = 1e-30

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]
Nodes = NDArray[np.uint8]
Places = NDArray[np.unsignedinteger]


@dataclass(frozen=True)
class Boosted:
    """Importances and predictions of the trees of every factor.

    ``importances`` ``(D, K)`` are the codes' shares of the squared error that splits remove; each
    column sums to 1, or to 0 without splits. ``fitted`` ``(n, K)`` and ``scored`` ``(m, K)`` are
    the predicted class numbers of the rows fitted on and of the others.
    """

    importances: Array
    fitted: Numbers
    scored: Numbers


@dataclass(frozen=True)
class Trees:
    """Trees of one factor and stage, one for each class, contiguous from ``start`` among all trees.

    A factor of two classes has one tree, that of the second.
    """

    classes: Numbers
    start: int

    @property
    def columns(self) -> slice:
        """Trees of this factor among all."""
        return slice(self.start, self.start + self.count)

    @property
    def count(self) -> int:
        """Number of trees."""
        return len(self.classes) if len(self.classes) > 2 else len(self.classes) - 1

    @property
    def shrink(self) -> float:
        """Factor (K - 1) / K of the Newton steps of K classes (Friedman 2001, algorithm 6)."""
        return (self.count - 1) / self.count if self.count > 1 else 1.0


def boost(codes: Array, factors: Numbers, others: Array) -> Boosted:
    """Trees fitted to codes ``(n, D)`` and classes ``(n, K)``, with predictions of ``others``.

    ``others`` are codes ``(m, D)``. Equal rows are one row with a weight.

    >>> codes = np.column_stack([np.arange(90.0), np.arange(90) % 2])
    >>> boosted = boost(codes, np.repeat([0, 1, 2], 30)[:, None], codes[::10])
    >>> boosted.importances.round(3).ravel(), boosted.scored.ravel()
    (array([1., 0.]), array([0, 0, 0, 1, 1, 1, 2, 2, 2]))
    """
    rows, row_of, n = _distinct(codes, others)
    weights = np.bincount(row_of[: len(codes)], minlength=n).astype(np.float32)
    trees = _trees(factors)
    counts, raw = _targets(factors, trees, row_of[: len(codes)], n, len(rows))
    order = Order.of(rows[:n])
    places = _places(order, rows)
    factor_of = np.repeat(np.arange(len(trees)), [group.count for group in trees])
    shrink = np.repeat([group.shrink for group in trees], [group.count for group in trees])
    importances = np.zeros((codes.shape[1], len(trees)))
    for _ in range(STAGES if len(raw) else 0):
        probabilities = _probabilities(raw[:, :n], trees)
        residuals = counts - weights * probabilities
        splits, leaves = _grow(order, places, residuals, weights)
        for split in splits:
            np.add.at(importances, (split.code, factor_of), split.gain)
        probabilities *= (1 - probabilities) * weights
        steps = _steps(leaves[:, :n], residuals, probabilities) * RATE * shrink[:, None]
        for tree, (leaf, step) in enumerate(zip(leaves, steps.astype(np.float32), strict=True)):
            raw[tree] += step[leaf]
    total = importances.sum(axis=0)
    shares = np.divide(importances, total, out=importances, where=total > 0)
    predicted = np.stack([_predicted(raw, group) for group in trees], axis=1)[row_of]
    return Boosted(shares, predicted[: len(codes)], predicted[len(codes) :])


def _distinct(codes: Array, others: Array) -> tuple[Array, Numbers, int]:
    """Distinct rows, those to fit on first; each row's index; and the number of those to fit on."""
    rows, number = np.unique(np.concatenate([codes, others]), axis=0, return_inverse=True)
    fitted = np.zeros(len(rows), bool)
    fitted[number[: len(codes)]] = True
    order = np.argsort(~fitted, kind="stable")
    place = np.empty(len(rows), np.intp)
    place[order] = np.arange(len(rows))
    return rows[order], place[number.ravel()], int(fitted.sum())


def _trees(factors: Numbers) -> list[Trees]:
    trees, start = [], 0
    for factor in factors.T:
        trees.append(Trees(np.unique(factor), start))
        start += trees[-1].count
    return trees


def _targets(
    factors: Numbers, trees: list[Trees], row_of: Numbers, n: int, rows: int
) -> tuple[Single, Single]:
    """Row counts in each tree's class, ``(trees, n)``, and initial log odds ``(trees, rows)``."""
    counts, raw = [], []
    for factor, group in zip(factors.T, trees, strict=True):
        numbers = np.searchsorted(group.classes, factor)
        table = np.bincount(numbers * n + row_of, minlength=len(group.classes) * n)
        table = table.reshape(-1, n)[len(group.classes) - group.count :]
        share = table.sum(axis=1) / len(factor)
        counts.append(table)
        raw.append(np.log(share / (1 - share) if group.count == 1 else share))
    start = np.concatenate(raw).astype(np.float32)
    return np.concatenate(counts).astype(np.float32), np.repeat(start[:, None], rows, axis=1)


def _places(order: Order, rows: Array) -> Places:
    """Place of the nearest value in the order of each code, ``(D, rows)``.

    The middle between two values belongs to the lower one.
    """
    places = np.empty(rows.shape[::-1], np.min_scalar_type(order.n))
    for code, column in enumerate(rows.T):
        ordered = column[order.rows[code]]
        last = np.append(np.flatnonzero(order.ends[code]), order.n - 1)
        middles = ordered[last[:-1]] / 2 + ordered[last[:-1] + 1] / 2
        places[code] = last[np.searchsorted(middles, column, "left")]
    return places


def _probabilities(raw: Single, trees: list[Trees]) -> Single:
    """Probability of each tree's class, ``(trees, rows)``, from the log odds."""
    probabilities = np.empty(raw.shape, np.float32)
    for group in trees:
        part = raw[group.columns]
        if group.count == 1:
            probabilities[group.columns] = 1 / (1 + np.exp(-part))
        elif group.count:
            odds = np.exp(part - part.max(axis=0))
            probabilities[group.columns] = odds / odds.sum(axis=0)
    return probabilities


def _grow(
    order: Order, places: Places, residuals: Single, weights: Single
) -> tuple[list[NodeSplit], Nodes]:
    """Splits of every level, and the leaf of every row in each tree, ``(trees, rows)``."""
    values = np.ascontiguousarray(residuals.T)
    nodes = np.zeros((len(residuals), places.shape[1]), np.uint8)
    inside = nodes[:, : order.n]
    sums = root_sums(order, values, weights)
    splits: list[NodeSplit] = []
    for level in range(DEPTH):
        if level:
            sums = child_sums(order, sums, values, weights, inside, splits[-1])
        splits.append(best_splits(order, sums, values, weights, inside, splits))
        nodes = _children(places, nodes, splits[-1], order.n)
        inside = np.ascontiguousarray(nodes[:, : order.n])
    return splits, nodes


def _children(places: Places, nodes: Nodes, split: NodeSplit, n: int) -> Nodes:
    """Nodes one level down: child 2 m of node m is the left one, 2 m + 1 the right one."""
    children = 2 * nodes
    chosen = split.code.T.tolist(), split.place.T.tolist()
    for tree, splits in enumerate(zip(*chosen, strict=True)):
        for node, (code, place) in enumerate(zip(*splits, strict=True)):
            if place < n:
                right = places[code] > place
                if len(split.code) > 1:
                    right &= nodes[tree] == node
                children[tree] += right
    return children


def _steps(leaves: Nodes, residuals: Single, curvatures: Single) -> Array:
    """Newton step of every leaf, ``(trees, LEAVES)``."""
    trees = len(leaves)
    above, below = np.empty((trees, LEAVES)), np.empty((trees, LEAVES))
    for tree in range(trees):
        above[tree] = np.bincount(leaves[tree], residuals[tree], LEAVES)
        below[tree] = np.bincount(leaves[tree], curvatures[tree], LEAVES)
    steps = np.zeros((trees, LEAVES))
    return np.divide(above, below, out=steps, where=below > LEAST_CURVATURE)


def _predicted(raw: Single, trees: Trees) -> Numbers:
    """Most probable class of every row, ``(rows,)``."""
    part = raw[trees.columns]
    if trees.count == 0:
        return np.full(raw.shape[1], trees.classes[0])
    index = (part[0] > 0).astype(np.intp) if trees.count == 1 else part.argmax(axis=0)
    return np.asarray(trees.classes[index])
