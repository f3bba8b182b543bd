"""Rows of a table that share a value of a factor, and random ones among them."""

import numpy as np
from numpy.typing import NDArray

from infoeval.metrics.stats.resampling import Rows

__all__ = ["RowGroups", "classes_of_others"]

Generator = np.random.Generator
Numbers = NDArray[np.uint64]
"""Random ones have 32 bits: of g choices, none is likelier than another by more than g / 2³²."""

BITS = np.uint64(32)
LOW = np.uint64(2**32 - 1)
ONE = np.uint64(1)


class RowGroups:
    """Rows in the order of their classes ``(n,)``, without those that are alone in theirs.

    A place is a row's number in this order. ``even``: all groups are equally probable, instead of
    all rows.
    """

    def __init__(self, classes: Rows, even: bool) -> None:
        sizes = np.bincount(classes)
        # Short numbers are sorted in linear time.
        order = np.argsort(classes.astype(np.min_scalar_type(len(sizes))), kind="stable")
        self.rows = order[np.repeat(sizes > 1, sizes)]
        sizes = sizes[sizes > 1]
        starts = np.cumsum(sizes) - sizes
        # A group is chosen at random, or a row: where it starts, or its group, and how large it is.
        self.even = even
        times = np.ones_like(sizes) if even else sizes
        self.starts = starts.astype(np.uint64).repeat(times)
        self.sizes = sizes.astype(np.uint64).repeat(times)

    def pairs(self, shape: tuple[int, int], generator: Generator) -> tuple[Rows, Rows]:
        """Places of two different rows of one group, each of this shape."""
        # A number of 64 bits for both: to draw it takes longest.
        second = generator.bit_generator.random_raw(shape)
        first = second >> BITS
        second &= LOW
        first *= np.uint64(len(self.sizes))
        choice = first >> BITS
        start, size = (each.take(choice.view(np.intp)) for each in (self.starts, self.sizes))
        if self.even:
            # What is left of the number tells which row of the group.
            first &= LOW
            first = _part(first, size)
            first += start
        else:
            first = choice
        size -= ONE
        second = _part(second, size)
        second += start
        second += second >= first
        return first.view(np.intp), second.view(np.intp)

    def batches(self, shape: tuple[int, int], generator: Generator) -> Rows:
        """Places of rows of one group in each column, ``(batch, columns)``, with replacement."""
        batch, count = shape
        choice = generator.integers(len(self.sizes), size=count)
        words = generator.bit_generator.random_raw((batch * count + 1) // 2)
        numbers = words.view(np.uint32)[: batch * count].reshape(shape)
        places = _part(numbers.astype(np.uint64), self.sizes[choice])
        places += self.starts[choice]
        return places.view(np.intp)


def _part(numbers: Numbers, parts: Numbers) -> Numbers:
    """In which of so many equal parts of its range each number lies; overwrites `numbers`."""
    numbers *= parts
    numbers >>= BITS
    return numbers


def classes_of_others(classes: Rows) -> Rows:
    """For each factor, a class for all rows that agree in the other factors, ``(n, K)``."""
    found = np.empty_like(classes)
    for left_out in range(classes.shape[1]):
        together = np.zeros(len(classes), dtype=np.intp)
        for column in np.delete(classes, left_out, axis=1).T:
            together = np.unique(together * (column.max() + 1) + column, return_inverse=True)[1]
        found[:, left_out] = together
    return found
