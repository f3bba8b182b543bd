"""Linear classifiers of many rows by one number: the minimum of LinearSVC's loss, from sums.

The loss of one class against the others, w² / 2 + b² / 2 + Σ C max(0, 1 - y (w x + b))², has a
weight and an offset alone. The rows on the wrong side of a margin are the first or the last ones in
the order of x, so that sums over them are differences of two cumulative sums: a step of Newton's
method takes a search among the sorted rows, however many there are.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PENALTY = 0.01
"""C of the published SAP."""
STEPS = 200
LEAST_GRADIENT = 1e-10
"""Share of the first gradient at which the search ends; liblinear's ends at about 1e-4."""
LEAST_DECREASE, LEAST_SHARE = 1e-4, 1e-9
"""Of the decrease that the slope promises, what a step must give; and of a step, what is tried."""

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]
Sums = tuple[float, float, float]
Line = tuple[float, float]
"""The weight of a number, and the offset."""


class SortedValues(NamedTuple):
    """Values ``(n,)`` in ascending order, and the sums of the first 0 to n and of their squares."""

    values: Array
    first: Array
    second: Array

    @classmethod
    def of(cls, values: Array) -> "SortedValues":
        """Return sorted values with their sums."""
        first, second = (np.concatenate([[0.0], np.cumsum(x)]) for x in (values, values**2))
        return cls(values, first, second)

    def within_margin(self, weight: float, offset: float) -> Sums:
        """Number, sum and sum of squares of the x with weight x + offset < 1."""
        if weight == 0:
            low, high = 0, len(self.values) if offset < 1 else 0
        else:
            edge = (1 - offset) / weight
            cut = int(self.values.searchsorted(edge, "left" if weight > 0 else "right"))
            low, high = (0, cut) if weight > 0 else (cut, len(self.values))
        first, second = self.first, self.second
        return high - low, float(first[high] - first[low]), float(second[high] - second[low])


Term = tuple[SortedValues, int, float]
"""Rows, the side of the line that they belong to, 1 above and -1 below, and their penalty."""


class LineClassifiers:
    """Classifiers by one number, ``values`` ``(n,)``, fitted to the first ``fit`` rows.

    Each class has the line of one against all others, weighted as in LinearSVC(C=0.01,
    class_weight="balanced", dual=False), and the highest line predicts; two classes have one line
    between them.

    >>> classes = np.repeat([0, 1, 0, 1], 50)
    >>> LineClassifiers(np.where(classes, 3.0, -3.0), 100).accuracy(classes)
    1.0
    """

    def __init__(self, values: Array, fit: int) -> None:
        self.order = np.argsort(values[:fit], kind="stable")
        self.known, self.others = SortedValues.of(values[self.order]), values[fit:]

    def accuracy(self, classes: Numbers) -> float:
        """Share of the rows not fitted to whose class, of those of all rows, is predicted."""
        numbers = classes[self.order]
        counts = np.bincount(numbers)
        present = np.flatnonzero(counts)
        balanced = [PENALTY * len(numbers) / (len(present) * count) for count in counts[present]]
        grouped = self.known.values[np.argsort(numbers.astype(np.int32), kind="stable")]
        ends = counts[present].cumsum()[:-1]
        parts = [SortedValues.of(part) for part in np.split(grouped, ends)]
        lines = [(0.0, 0.0)]
        if len(present) == 2:
            lines.append(_line([(parts[1], 1, balanced[1]), (parts[0], -1, balanced[0])]))
        elif len(present) > 2:
            lines = [
                _line([(part, 1, weight), (self.known, -1, PENALTY), (part, -1, -PENALTY)])
                for part, weight in zip(parts, balanced, strict=True)
            ]
        highest, edges = _envelope(lines)
        predicted = present[highest][edges.searchsorted(self.others)]
        return float((predicted == classes[len(self.order) :]).mean())


def _line(terms: Sequence[Term]) -> Line:
    """Weight and offset of the least loss, by Newton's method with ever shorter steps.

    The loss is convex, and quadratic as long as no row changes its side of a margin.
    """
    line = np.zeros(2)
    loss, gradient, second = _derivatives(line, terms)
    least = LEAST_GRADIENT * float(np.hypot(*gradient))
    for _ in range(STEPS):
        if float(np.hypot(*gradient)) <= least:
            break
        step = -np.linalg.solve(second, gradient)
        slope, share = float(gradient @ step), 1.0
        found = _derivatives(line + step, terms)
        while found[0] > loss + LEAST_DECREASE * share * slope and share > LEAST_SHARE:
            share /= 2
            found = _derivatives(line + share * step, terms)
        line = line + share * step
        loss, gradient, second = found
    return float(line[0]), float(line[1])


def _derivatives(line: Array, terms: Sequence[Term]) -> tuple[float, Array, Array]:
    """Loss, gradient and second derivatives at a weight and an offset."""
    w, b = map(float, line)
    loss, by_w, by_b = (w * w + b * b) / 2, w, b
    curved, mixed, flat = 1.0, 0.0, 1.0
    for part, side, penalty in terms:
        count, first, second = part.within_margin(side * w, side * b)
        # z = w x + b: the sums of z and of z x.
        ahead, along = w * first + b * count, w * second + b * first
        loss += penalty * (count - 2 * side * ahead + w * along + b * ahead)
        by_w += 2 * penalty * (along - side * first)
        by_b += 2 * penalty * (ahead - side * count)
        curved += 2 * penalty * second
        mixed += 2 * penalty * first
        flat += 2 * penalty * count
    return loss, np.array([by_w, by_b]), np.array([[curved, mixed], [mixed, flat]])


def _envelope(lines: Sequence[Line]) -> tuple[Numbers, Array]:
    """Which of the lines are the highest somewhere, from left to right, and where they cross."""
    highest: list[int] = []
    edges: list[float] = []
    for number in sorted(range(len(lines)), key=lambda number: lines[number]):
        weight, offset = lines[number]
        while highest:
            other = lines[highest[-1]]
            if other[0] < weight:
                edge = (other[1] - offset) / (weight - other[0])
                if not edges or edge > edges[-1]:
                    edges.append(edge)
                    break
                edges.pop()
            highest.pop()
        highest.append(number)
    return np.array(highest), np.array(edges)
