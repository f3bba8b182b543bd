"""Total correlation of codes as if they were Gaussian."""

from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_dependence import score_covariance
from infoeval.metrics.stats.resampling import TableOptions

Array = NDArray[np.float64]


@metric(
    "total-correlation",
    kind="codes",
    range="0 or more",
    summary="total correlation of codes as if they were Gaussian, nats",
    use="checking whether codes are correlated, without factors",
    pitfalls="detects only linear dependence; insensitive to rotations of uncorrelated codes; does "
    "not show what a code means",
)
def total_correlation(codes: ArrayLike, **options: Unpack[TableOptions]) -> Score:
    """Total correlation of codes as if they were Gaussian: (sum log C_jj - log det C) / 2, nats.

    C is their covariance. 0 where no two codes are correlated; infinite, and an error here, where
    one is a linear function of the others. It sees linear dependence only.

    Args:
        codes: ``(n, D)``, two or more continuous ones.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    ``details``: ``covariance`` (D x D), ``pruned`` codes.

    Raises UserError for what is not a table of continuous codes (an angle has no covariance), for a
    constant code (leave it out, or ``prune=True``), and for codes that determine one another.

    >>> random = np.random.default_rng(0).normal(size=(10_000, 2))
    >>> correlated = random @ np.array([[1.0, 0.6], [0.0, 0.8]])  # by 0.6: 0.2231 nats
    >>> abs(float(total_correlation(correlated)) - 0.2231) < 0.02
    True
    """
    return score_covariance(codes, _gaussian, "nats", options)


def _gaussian(covariance: Array) -> float:
    return float(np.log(np.diag(covariance)).sum() - np.linalg.slogdet(covariance)[1]) / 2
