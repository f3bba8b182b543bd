"""Best splits of many trees at once: coarse search over bins, fine search by rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

BINS = 96
"""The largest number of bins of a code, each of about as many neighbouring rows."""

CANDIDATES = 3
"""The number of codes of each node whose best bin is searched row by row."""

LEAST_GAIN = 1e-9

Single = NDArray[np.float32]
Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Order:
    """Rows sorted by each of D codes, and cut into bins of neighbours.

    Place 0 of a code is its smallest value. ``rows`` ``(D, n)`` holds the row at each place, and
    ``ends`` whether a split may follow it, which needs a change of value. Bin b of code d reaches
    from place ``edges[d, b]`` to ``edges[d, b + 1]``; after the last bin of a code edges are n.
    ``bin_of`` is the bin of each place. The bins of all codes, one code after the other, are cells:
    those of code d begin at ``starts[d]``, and all end at ``starts[D]``. ``sums`` times rows gives
    their sums in each cell, ``(cells, n)``. ``exact`` ``(D,)``: every value has its own bin.
    """

    rows: Numbers
    ends: NDArray[np.bool_]
    edges: Numbers
    bin_of: Numbers
    starts: Numbers
    sums: sparse.csr_array
    exact: NDArray[np.bool_]

    @classmethod
    def of(cls, codes: NDArray[np.float64]) -> "Order":
        """Order of codes ``(n, D)`` with their bins."""
        n, count = codes.shape
        rows = np.argsort(codes, axis=0, kind="stable").T
        values = np.take_along_axis(codes.T, rows, axis=1)
        last = np.append(values[:, 1:] != values[:, :-1], np.ones((count, 1), bool), axis=1)
        starts = [_starts(np.flatnonzero(begins)) for begins in last]
        bins = max(len(begins) for begins in starts)
        edges = np.full((count, bins + 2), n)
        for code, begins in enumerate(starts):
            edges[code, : len(begins)] = begins
        bin_of = np.stack([np.searchsorted(begins, np.arange(n), "right") - 1 for begins in starts])
        cells = np.cumsum([0, *map(len, starts)])
        filled = np.bincount((bin_of + cells[:-1, None]).ravel(), minlength=cells[-1]).cumsum()
        sums = sparse.csr_array(
            (np.ones(count * n, np.float32), rows.ravel(), np.concatenate([[0], filled])),
            shape=(int(cells[-1]), n),
        )
        exact = np.count_nonzero(last, axis=1) == np.diff(cells)
        last[:, -1] = False
        return cls(np.ascontiguousarray(rows), last, edges, bin_of, cells, sums, exact)

    @property
    def codes(self) -> int:
        """Number of codes."""
        return len(self.rows)

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.rows.shape[1])

    def of_codes(self, cells: Single) -> Iterator[tuple[slice, Single]]:
        """Codes beside each other of as many bins, and their part of ``(cells, …)``, by code."""
        bins = np.diff(self.starts)
        changes = np.flatnonzero(bins[1:] != bins[:-1]) + 1
        for first, end in pairwise([0, *changes.tolist(), self.codes]):
            part = cells[self.starts[first] : self.starts[end]]
            yield slice(first, end), part.reshape(end - first, bins[first], *cells.shape[1:])

    def accumulated(self, cells: Single) -> Single:
        """Sums over the cells of a code up to each one, in the place of those of each one."""
        for _, part in self.of_codes(cells):
            part.cumsum(axis=1, out=part)
        return cells


def _starts(last: Numbers) -> Numbers:
    """First place of every bin; a bin ends with the last of equal values."""
    n = last[-1] + 1
    if len(last) > BINS:
        wanted = n * np.arange(1, BINS + 1) // BINS - 1
        last = last[np.unique(np.searchsorted(last, wanted))]
    return np.concatenate([[0], last[last < n - 1] + 1])


@dataclass(frozen=True)
class Sums:
    """Sums over the rows up to the end of each bin, in each node of each tree.

    ``values`` and ``weights`` are ``(cells, nodes, trees)``.
    """

    values: Single
    weights: Single


@dataclass(frozen=True)
class NodeSplit:
    """Best split of every node, ``(nodes, trees)``: rows up to ``place`` of ``code`` go left.

    Where no split gains, place is n: all rows go left.
    """

    code: Numbers
    place: Numbers
    gain: Single


def root_sums(order: Order, values: Single, weights: Single) -> Sums:
    """Sums of values ``(n, trees)`` of rows of weights ``(n,)``, all in one node."""
    below = order.accumulated((order.sums @ values)[:, None])
    beside = order.accumulated((order.sums @ weights)[:, None, None])
    return Sums(below, np.broadcast_to(beside, below.shape))


def child_sums(
    order: Order,
    sums: Sums,
    values: Single,
    weights: Single,
    nodes: NDArray[np.uint8],
    split: NodeSplit,
) -> Sums:
    """Sums of the children of all nodes; ``nodes`` ``(trees, n)`` is the child of each row.

    Only left children are counted: right ones are the difference to their parents, and where no
    split was made the left one is its parent.
    """
    cells, parents, trees = sums.values.shape
    node, tree = np.nonzero(split.place < order.n)
    inside = np.ascontiguousarray((nodes[tree] == 2 * node[:, None]).T)
    columns = np.empty((order.n, 2, len(tree)), np.float32)
    np.multiply(np.take(values, tree, axis=1), inside, out=columns[:, 0])
    np.multiply(weights[:, None], inside, out=columns[:, 1])
    totals = (order.sums @ columns.reshape(order.n, -1)).reshape(cells, 2, len(tree))
    below = order.accumulated(totals)
    children = []
    for number, parent in enumerate((sums.values, sums.weights)):
        both = np.zeros((cells, parents, 2, trees), np.float32)
        both[:, :, 0] = parent
        both[:, node, 0, tree] = below[:, number]
        np.subtract(parent, both[:, :, 0], out=both[:, :, 1])
        children.append(both.reshape(cells, 2 * parents, trees))
    return Sums(*children)


def best_splits(
    order: Order,
    sums: Sums,
    values: Single,
    weights: Single,
    nodes: NDArray[np.uint8],
    above: list[NodeSplit],
) -> NodeSplit:
    """Split of every node with the largest gain, the decrease of the squared error.

    ``above`` are the splits of the levels above. A coarse search tries the ends of bins. Where not
    every value has its own, a fine one tries all places around the best end of the `CANDIDATES`
    best codes, and beside the splits above, where single rows are often split off.
    """
    last = order.starts[1]
    whole = Sums(sums.values[last - 1 : last], sums.weights[last - 1 : last])
    gains = _gains(sums.values, sums.weights, whole)
    shape = order.codes, *gains.shape[1:]
    bins, largest = np.empty(shape, np.intp), np.empty(shape, np.float32)
    for codes, part in order.of_codes(gains):
        bins[codes] = part.argmax(axis=1)
        largest[codes] = np.take_along_axis(part, bins[codes][:, None], axis=1)[:, 0]
    found = []
    if order.exact.any():
        ready = np.flatnonzero(order.exact)
        code = ready[largest[ready].argmax(axis=0)[None]]
        places = order.edges[code, np.take_along_axis(bins, code, axis=0) + 1] - 1
        found.append((code, places, np.take_along_axis(largest, code, axis=0)))
    if not order.exact.all():
        code, bins = _windows(order, largest, bins, above)
        gain, places = _search(order, sums, whole, values, weights, nodes, code, bins)
        found.append((code, places, gain))
    code, places, gain = map(np.concatenate, zip(*found, strict=True))
    best = gain.argmax(axis=0)[None]
    code, places, gain = (np.take_along_axis(array, best, 0)[0] for array in (code, places, gain))
    split = gain > LEAST_GAIN
    return NodeSplit(code, np.where(split, places, order.n), np.where(split, gain, np.float32(0)))


def _gains(values: Single, weights: Single, whole: Sums) -> Single:
    """Gain n_l n_r / n (difference of the means)^2, and 0 where a side has no rows."""
    others = whole.weights - weights
    both = weights * others
    off = values * whole.weights
    off -= whole.values * weights
    np.square(off, out=off)
    off /= np.where(both > 0, both * np.maximum(whole.weights, 1), np.inf)
    return off


def _windows(
    order: Order, largest: Single, bins: Numbers, above: list[NodeSplit]
) -> tuple[Numbers, Numbers]:
    """Codes and first bins of the windows of two bins to search, ``(windows, nodes, trees)``."""
    fine = np.flatnonzero(~order.exact)
    count = min(CANDIDATES, len(fine))
    codes = fine[np.argpartition(-largest[fine], count - 1, axis=0)[:count]]
    chosen = [np.take_along_axis(bins, codes, axis=0)]
    columns = [codes]
    nodes = len(largest[0])
    for split in above:
        down = nodes // len(split.code)
        # The second half of the nodes below a split lies right of it.
        right = (np.arange(nodes) % down >= down // 2)[:, None]
        code = np.repeat(split.code, down, axis=0)
        place = np.repeat(split.place, down, axis=0)
        at = order.bin_of[code, np.minimum(place + right, order.n - 1)]
        columns.append(code[None])
        chosen.append(np.maximum(at - ~right, 0)[None])
    return np.concatenate(columns), np.concatenate(chosen)


def _search(
    order: Order,
    sums: Sums,
    whole: Sums,
    values: Single,
    weights: Single,
    nodes: NDArray[np.uint8],
    code: Numbers,
    bins: Numbers,
) -> tuple[Single, Numbers]:
    """Gain and place of the best split in each window of two bins.

    The bins of a code that needs no search may be longer, and are searched in part.
    """
    edges = order.edges[~order.exact]
    width = int((edges[:, 2:] - edges[:, :-2]).max())
    node, tree = np.arange(code.shape[1])[:, None], np.arange(code.shape[2])
    below = order.starts[code] + np.maximum(bins - 1, 0), node, tree
    places = order.edges[code, bins][..., None] + np.arange(width)
    inside = places < order.edges[code, bins + 2][..., None]
    at = code[..., None] * order.n + np.minimum(places, order.n - 1)
    row = order.rows.ravel()[at]
    member = nodes.ravel()[tree[:, None] * order.n + row] == node[..., None]
    value = np.where(member, values.ravel()[row * len(tree) + tree[:, None]], np.float32(0))
    weight = np.where(member, weights[row], np.float32(0))
    gains = _gains(
        value.cumsum(axis=-1) + np.where(bins > 0, sums.values[below], 0)[..., None],
        weight.cumsum(axis=-1) + np.where(bins > 0, sums.weights[below], 0)[..., None],
        Sums(whole.values[0][..., None], whole.weights[0][..., None]),
    )
    gains *= inside & order.ends.ravel()[at]
    best = gains.argmax(axis=-1)[..., None]
    return (
        np.take_along_axis(gains, best, axis=-1)[..., 0],
        np.take_along_axis(places, best, axis=-1)[..., 0],
    )
