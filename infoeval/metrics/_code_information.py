"""Mean mutual information of two codes."""

from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_dependence import REFERENCE, several_codes
from infoeval.metrics.stats.mutual_information import (
    BinnedColumns,
    information_matrix,
    sparse_cells,
)
from infoeval.metrics.stats.resampling import (
    TableOptions,
    score_table,
)
from infoeval.metrics.stats.row_intervals import Rows

Array = NDArray[np.float64]


@metric(
    "code-information",
    kind="codes",
    range="0 or more",
    summary="mean mutual information of pairs of codes, nats",
    use="checking for dependence of any kind between codes, without factors",
    pitfalls="counts are biased: compare with the null; detects only pairwise dependence",
)
def code_information(codes: ArrayLike, *, bins: int = 20, **options: Unpack[TableOptions]) -> Score:
    """Mean mutual information of two codes, nats, over all pairs, by counts of bins.

    Continuous codes and angles are cut into bins of equal width, categorical ones are counted as
    they are. It sees any dependence of two codes, and has a bias of (B - 1)^2 / 2n nats: compare
    with the null, for which every code is shuffled independently.

    Args:
        codes: ``(n, D)``, two or more.
        bins: of equal width; 20 as in disentanglement_lib.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    ``details``: ``information`` (D x D, nats), ``pruned`` codes.

    Raises UserError for what is not a table of codes.

    >>> codes = np.random.default_rng(0).normal(size=(10_000, 3))
    >>> float(code_information(codes)) < 0.02
    True
    """
    table = several_codes(codes, options)
    classes = BinnedColumns(table.codes, bins)

    def statistic(rows: Rows, other: Rows) -> float:
        return _mean_of_pairs(information_matrix(classes.of(rows), classes.of(other)))

    whole = information_matrix(classes.whole, classes.whole)
    return score_table(
        table,
        _mean_of_pairs(whole),
        statistic,
        options,
        bounds=(0.0, float("inf")),
        unit="nats",
        reference=REFERENCE,
        details={"information": whole.tolist(), "bins": bins, **sparse_cells(classes, classes)},
        higher_is_better=False,
        shuffled=lambda order: statistic(np.arange(table.n), order),
        ranges=True,
    )


def _mean_of_pairs(matrix: Array) -> float:
    count = len(matrix)
    return float(matrix.sum() - np.trace(matrix)) / (count * (count - 1))
