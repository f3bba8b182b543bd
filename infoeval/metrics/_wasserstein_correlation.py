"""Wasserstein correlation of codes as if they were Gaussian."""

from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_dependence import score_covariance
from infoeval.metrics.stats.resampling import TableOptions

Array = NDArray[np.float64]


@metric(
    "wasserstein-correlation",
    kind="codes",
    range="0 to 2",
    summary="squared Wasserstein distance of Gaussian codes from independent ones, over their "
    "variance",
    use="as total-correlation, when codes nearly determine one another",
    pitfalls="detects only linear dependence; codes with a large variance weigh most",
)
def wasserstein_correlation(codes: ArrayLike, **options: Unpack[TableOptions]) -> Score:
    """Squared 2-Wasserstein distance of Gaussian codes from independent ones, over their variance.

    (2 tr C - 2 tr (C diag C)^(1/2)) / tr C, C the covariance: 0 where no two codes are correlated.
    It grows less than the total correlation does where codes nearly determine one another, and
    counts codes of large variance most. Arguments, details and errors are those of
    :func:`infoeval.metrics.total_correlation`.

    >>> codes = np.random.default_rng(0).normal(size=(10_000, 2))
    >>> float(wasserstein_correlation(codes)) < 0.001
    True
    """
    return score_covariance(codes, _wasserstein, "fraction", options)


def _wasserstein(covariance: Array) -> float:
    # C diag(C) has the eigenvalues of the symmetric diag(C)^(1/2) C diag(C)^(1/2).
    scale = np.sqrt(np.diag(covariance))
    eigenvalues = np.linalg.eigvalsh(scale[:, None] * covariance * scale)
    variance = float(np.trace(covariance))
    root = float(np.sqrt(np.clip(eigenvalues, 0, None)).sum())
    return max(0.0, 2 * variance - 2 * root) / variance
