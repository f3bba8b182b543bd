"""Confidence intervals that several metrics share."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from infoeval.errors import UserError

__all__ = ["basic_bootstrap", "check_level", "clopper_pearson"]


def check_level(level: float) -> None:
    """Raise UserError unless ``level`` is a confidence level, strictly between 0 and 1."""
    if not 0 < level < 1:
        raise UserError(f"level is {level}; give a confidence level between 0 and 1, such as 0.95")


def clopper_pearson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact two-sided limits for the probability behind ``successes`` out of ``n`` rows.

    Covers with probability ``level`` or more for every ``n`` (Clopper and Pearson 1934, The use
    of confidence or fiducial limits illustrated in the case of the binomial, Biometrika 26).
    Raises UserError for a level outside (0, 1).

    >>> low, high = clopper_pearson(95, 100)
    >>> print(f"{low:.4f} to {high:.4f}")
    0.8872 to 0.9836
    """
    check_level(level)
    tail = (1 - level) / 2
    low = float(betaincinv(successes, n - successes + 1, tail)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1 - tail)) if successes < n else 1.0
    return low, high


def basic_bootstrap(
    value: float,
    replicates: NDArray[np.float64],
    centre: float,
    level: float,
    bounds: tuple[float, float],
) -> tuple[float, float]:
    """Reflect the replicates' quantiles about ``value``: the basic bootstrap interval.

    ``centre`` is the true value of the distribution that the replicates were drawn from. The
    limits are ``value - (quantile - centre)``: a replicate errs about ``centre`` as ``value`` errs
    about the truth, so reflecting takes the bias out, where a percentile interval would count it
    twice (Davison and Hinkley 1997, Bootstrap Methods and their Application, section 5.2.1). The
    interval is cut at ``bounds``, the metric's range, and widened to hold ``value`` where the bias
    is larger than the spread.

    >>> basic_bootstrap(0.5, np.array([0.5, 0.625, 0.75]), 0.5, 0.5, (0.0, 1.0))
    (0.3125, 0.5)
    """
    tail = (1 - level) / 2
    lower, upper = (float(q) for q in np.quantile(replicates, [tail, 1 - tail]))
    low = max(value - (upper - centre), bounds[0])
    high = min(value - (lower - centre), bounds[1])
    return min(low, value), max(high, value)
