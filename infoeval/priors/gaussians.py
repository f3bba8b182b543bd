"""The Gaussian posterior that uniform and normal codes share."""

import math

from torch import Tensor

LOG_SIGMA_RANGE = (-4.0, 1.0)
"""Bounds of a learned log σ: without the lower one log q, and with it training, is unbounded."""


def gaussian_log_density(values: Tensor, mean: Tensor, log_sigma: Tensor) -> Tensor:
    """Return the log density of N(mean, σ²), nats, of the values' shape."""
    standardised = (values - mean) / log_sigma.exp()
    return -0.5 * standardised.square() - log_sigma - 0.5 * math.log(2 * math.pi)
