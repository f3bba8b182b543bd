"""Ranges of the factors of drawn sets."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError

__all__ = ["Kind", "Range", "checked_factors"]

Kind = Literal["any", "whole", "angle"]


@dataclass(frozen=True)
class Range:
    """Range from ``low`` to ``high``: of any numbers, whole numbers, or an angle below ``high``."""

    low: float
    high: float
    kind: Kind = "any"

    def contains(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which of the values are in the range."""
        below = values < self.high if self.kind == "angle" else values <= self.high
        whole = values == np.rint(values) if self.kind == "whole" else True
        return np.asarray((values >= self.low) & below & whole)

    def __str__(self) -> str:
        high = "2π" if self.high == 2 * math.pi else f"{self.high:g}"
        if self.kind == "angle":
            return f"in [{self.low:g}, {high})"
        return f"{'a whole number, ' if self.kind == 'whole' else ''}{self.low:g} to {high}"


def checked_factors(
    name: str, ranges: Mapping[str, Range], factors: ArrayLike
) -> NDArray[np.float64]:
    """Return factors ``(n, k)`` as floats, all of them in their ranges.

    Raises UserError, which begins with the set's ``name``, for anything else.

    >>> checked_factors("clock", {"hand": Range(0, 12, "angle")}, [[3]]).tolist()
    [[3.0]]
    """
    wanted = f"(n, {len(ranges)})"
    try:
        checked = np.asarray(factors, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"{name}: factors must be numbers of shape {wanted}") from error
    if checked.ndim != 2 or checked.shape[1] != len(ranges):
        raise UserError(f"{name}: factors must have shape {wanted}, not {checked.shape}")
    for (factor, allowed), values in zip(ranges.items(), checked.T, strict=True):
        with np.errstate(invalid="ignore"):
            wrong = values[~allowed.contains(values)]
        if len(wrong):
            raise UserError(f"{name}: {factor} must be {allowed}, not {wrong[0]:g}")
    return checked
