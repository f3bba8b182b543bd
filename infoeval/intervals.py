"""Confidence intervals that metrics and information bounds share.

scipy is imported where it is used: a report checks estimates and computes none.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError

TOLERANCE = 1e-9
"""Rounding may carry a value this far beyond its known range."""


def check_level(level: float) -> None:
    """Raise UserError unless ``level`` is a confidence level, strictly between 0 and 1."""
    if not 0 < level < 1:
        raise UserError(f"level is {level}; give a confidence level between 0 and 1, such as 0.95")


def check_estimate(
    value: float, low: float | None, high: float | None, level: float | None, n: int
) -> None:
    """Raise ValueError unless ``low <= value <= high``, all finite, with a level and rows."""
    for name, number in (("value", value), ("low", low), ("high", high)):
        if number is not None and not math.isfinite(number):
            raise ValueError(f"{name} is {number}, not a finite number")
    if low is not None and low > value:
        raise ValueError(f"low {low} is above the value {value}")
    if high is not None and high < value:
        raise ValueError(f"high {high} is below the value {value}")
    if level is None and not (low is None and high is None):
        raise ValueError("an interval needs its level")
    if level is not None and not 0 < level < 1:
        raise ValueError(f"level is {level}, not between 0 and 1")
    if n < 1:
        raise ValueError(f"n is {n}, not a number of rows")


def clopper_pearson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return exact two-sided limits of the probability of ``successes`` among ``n`` rows.

    Covers with probability ``level`` or more for every ``n`` (Clopper and Pearson 1934, The use
    of confidence or fiducial limits illustrated in the case of the binomial, Biometrika 26).
    Raises UserError for a level outside (0, 1).

    >>> low, high = clopper_pearson(95, 100)
    >>> print(f"{low:.4f} to {high:.4f}")
    0.8872 to 0.9836
    """
    from scipy.special import betaincinv

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
    """Return the basic bootstrap interval: the replicates' quantiles reflected about ``value``.

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


def normal_interval(values: ArrayLike, level: float) -> tuple[float, float, float]:
    """Return the mean of ``(n,)`` independent values and its normal limits: (mean, low, high).

    The limits are mean ± z sd / √n, with n - 1 in the standard deviation and z the normal quantile
    of ``level``. Their coverage is that of ``level`` if n is large and no rare value dominates;
    :func:`empirical_bernstein` covers for every n. In the unit of the values.

    Raises UserError for fewer than two values, for values that are not finite numbers, and for a
    level outside (0, 1).

    >>> normal_interval([1.0, 2.0, 3.0, 4.0], 0.95)
    (2.5, 1.234..., 3.765...)
    """
    from scipy.special import ndtri

    check_level(level)
    array = _values(values)
    mean = float(array.mean())
    half = float(ndtri(0.5 + level / 2)) * float(array.std(ddof=1)) / math.sqrt(len(array))
    return mean, mean - half, mean + half


def empirical_bernstein(values: ArrayLike, low: float, high: float, alpha: float) -> float:
    """Return a lower confidence limit of the mean of ``(n,)`` values in [``low``, ``high``].

    The true mean of independent values is at or above it with probability 1 - ``alpha`` or more,
    for every n and every law on the range:
    mean - √(2 V ln(2/α) / n) - 7 (high - low) ln(2/α) / (3 (n - 1)), V the sample variance with
    n - 1 (Maurer and Pontil 2009, Empirical Bernstein bounds and sample variance
    penalization, COLT, theorem 4). One-sided, in the unit of the values; it can lie below ``low``.

    The range must be known beforehand: one taken from the values makes the limit too high.

    Raises UserError for fewer than two values, for values that are not finite or lie outside the
    range, for a range without both ends in order, and for an ``alpha`` outside (0, 1).

    >>> values = np.tile([0.0, 1.0], 500)
    >>> print(f"{empirical_bernstein(values, 0.0, 1.0, 0.05):.4f}")
    0.4484
    """
    _check_alpha(alpha)
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise UserError(f"range from {low} to {high}; give two finite ends, the lower one first")
    array = _values(values)
    n = len(array)
    for value in (float(array.min()), float(array.max())):
        if not low - TOLERANCE <= value <= high + TOLERANCE:
            raise UserError(f"value {value} lies outside the range from {low} to {high}")
    log_term = math.log(2 / alpha)
    variance = float(array.var(ddof=1))
    spread = math.sqrt(2 * variance * log_term / n)
    return float(array.mean()) - spread - 7 * (high - low) * log_term / (3 * (n - 1))


def fano_bound(errors: int, n: int, categories: int, alpha: float) -> float:
    """Return a lower confidence limit of I(c; x), nats, from the errors of a classifier of c.

    c is uniform over K = ``categories``, and a classifier that was fixed beforehand made ``errors``
    errors on ``n`` fresh rows. Fano's inequality gives I(c; x) >= log K - h(p) -
    p log(K - 1), h the entropy of a Bernoulli variable (Cover and Thomas 2006, Elements
    of Information Theory, theorem 2.10.1). It falls with the error rate p up to (K - 1) / K, so
    the one-sided upper limit of Clopper and Pearson at ``alpha`` is substituted for p; above that
    the bound is 0. It holds with probability 1 - ``alpha`` or more for every n.

    Raises UserError for errors that are not among 0 to n, for fewer than one row or two
    categories, and for an ``alpha`` outside (0, 1).

    >>> print(f"{fano_bound(0, 10_000, 10, 0.05):.4f}")
    2.2992
    """
    from scipy.special import betaincinv, entr

    _check_alpha(alpha)
    if n < 1:
        raise UserError(f"{n} rows; give one or more")
    if not 0 <= errors <= n:
        raise UserError(f"{errors} errors in {n} rows; give a number from 0 to {n}")
    if categories < 2:
        raise UserError(f"{categories} categories; give two or more")
    p = float(betaincinv(errors + 1, n - errors, 1 - alpha)) if errors < n else 1.0
    if p >= (categories - 1) / categories:
        return 0.0
    lost = float(entr(p) + entr(1 - p)) + p * math.log(categories - 1)
    return max(0.0, math.log(categories) - lost)


def _values(values: ArrayLike) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError("values: give one number per row") from None
    if array.ndim != 1:
        raise UserError(f"values: shape {array.shape}; give one number per row")
    if len(array) < 2:
        raise UserError(f"values: {len(array)} rows; give two or more")
    if not np.isfinite(array).all():
        raise UserError(f"values: {array[~np.isfinite(array)][0]} is not a finite number")
    return array


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise UserError(
            f"alpha is {alpha}; give an error probability between 0 and 1, such as 0.05"
        )
