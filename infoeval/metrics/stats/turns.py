"""Whether an angle goes once round, without a jump, while a code goes once round its circle."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.intervals import clopper_pearson

JUMP = 60.0
"""Degrees; a larger step between neighbours is a jump."""


class Turns(NamedTuple):
    """Of each series of angles: its winding number and its largest step, in degrees."""

    winding: NDArray[np.int64]
    largest_step: NDArray[np.float64]

    def whole(self, jump: float = JUMP) -> NDArray[np.bool_]:
        """Return which series go once round, either way, with no step above `jump` degrees."""
        turned: NDArray[np.bool_] = (abs(self.winding) == 1) & (self.largest_step <= jump)
        return turned

    def share(self, jump: float = JUMP, level: float = 0.95) -> tuple[float, float, float]:
        """Return the share of such series, with its exact binomial interval over series."""
        whole = self.whole(jump)
        return float(whole.mean()), *clopper_pearson(int(whole.sum()), len(whole), level)


def turns(angles: ArrayLike, period: float = 360.0) -> Turns:
    """Return how series of angles ``(series, values)`` go round; the last value precedes the first.

    Each step is taken the shorter way round. The winding number is the sum of all, in turns: 1 or
    -1 for once round, 0 for there and back.

    Raises UserError for fewer than three values, or values that are not finite.

    >>> turns([[0, 90, 180, 270], [270, 180, 90, 0], [0, 90, 180, 90], [0, 10, 20, 100]])
    Turns(winding=array([ 1, -1,  0,  0]), largest_step=array([ 90.,  90.,  90., 100.]))
    """
    values = np.asarray(angles, dtype=float)
    if values.ndim != 2 or values.shape[1] < 3 or not np.isfinite(values).all():
        raise UserError("turns needs series of three finite angles or more")
    steps = np.diff(values, axis=1, append=values[:, :1])
    shorter = (steps + period / 2) % period - period / 2
    winding = np.rint(shorter.sum(axis=1) / period).astype(np.int64)
    return Turns(winding, abs(shorter).max(axis=1) * (360 / period))
