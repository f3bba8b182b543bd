"""Where an angle is 0 and which way it turns: codes on a circle in a frame of reference.

An angle that a model reads from images has no meaning where it is 0 and in its sense of rotation.
Metrics that cut a circle into bins, or turn it into cosine and sine for trees, would depend on
both; so codes are turned, and mirrored where that fits better, before anything else is done.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TURN = 2 * math.pi
DIGITS = 9
"""Angles are rounded to as many decimals, so that equal ones remain equal in every frame."""
ROUNDING = 1e-9
LEAST_RESULTANT = 1e-6
"""A direction whose mean vector is shorter than this is left by rounding."""

Array = NDArray[np.float64]


def circular_spread(angles: Array) -> float:
    """Deviation of points on the unit circle from their mean, √(1 - R²), from 0 to 1.

    R is the mean resultant length: 1 for equal angles, which give exactly 0, and about 0 for angles
    all round the circle.

    >>> circular_spread(np.array([6.2, 6.2])), round(circular_spread(np.array([0.0, np.pi])), 6)
    (0.0, 1.0)
    """
    away = angles - angles[0]
    return float(math.sqrt(np.cos(away).var() + np.sin(away).var()))


def waves(angles: Array) -> Array:
    """Sine and cosine, ``(n, 2)``."""
    return np.stack([np.sin(angles), np.cos(angles)], axis=1)


def framed(codes: Array, factors: Sequence[Array]) -> Array:
    """Angles of a code ``(n,)`` in a frame that depends neither on its zero nor on its sense.

    The frame is that of the factor that they follow best: among all periodic factors and both
    senses of rotation, the one in which the differences have the longest mean vector, turned by its
    direction. Without a factor to follow, see :func:`own_frame`.

    >>> angles = np.array([0.0, 1.0, 2.0, 4.0])
    >>> framed((3.0 - angles) % TURN, [angles]).tolist()
    [0.0, 1.0, 2.0, 4.0]
    """
    vectors = [
        (factor, sense, complex(np.exp(1j * (factor - sense * codes)).mean()))
        for factor in factors
        for sense in (1, -1)
    ]
    if not vectors or max(abs(mean) for _, _, mean in vectors) < LEAST_RESULTANT:
        return own_frame(codes)
    factor, sense, mean = max(vectors, key=lambda entry: abs(entry[2]))
    turned = sense * codes + np.angle(mean)
    apart = np.abs((turned - factor + math.pi) % TURN - math.pi)
    return np.where(apart < ROUNDING, factor, _rounded(turned))


def own_frame(angles: Array) -> Array:
    """Angles ``(n,)`` cut at their largest gap; the first rows decide between equal gaps.

    The sense of rotation is that from the first row to the next one that is not opposite to it. The
    angle after the largest gap becomes 0.

    >>> own_frame(np.array([6.2, 0.1, 0.5])).round(3).tolist() == [0.0, 0.183, 0.583]
    True
    """
    away = angles - angles[0]
    aside = np.sin(away)
    aside = aside[np.abs(aside) > LEAST_RESULTANT]
    sense = -1.0 if len(aside) and aside[0] < 0 else 1.0
    turned = _rounded(sense * away)
    values = np.unique(turned)
    gaps = np.diff(values, append=values[0] + TURN)
    first = int(np.argmax(gaps > gaps.max() - 10 * ROUNDING))
    return _rounded(turned - values[(first + 1) % len(values)])


def _rounded(angles: Array) -> Array:
    """Angles from 0 to below a whole turn; those that rounding left just below 0 are 0."""
    return np.asarray(np.round((angles + ROUNDING / 10) % TURN, DIGITS))
