"""Factors of drawn sets: their types and ranges, and uniform values of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError


@dataclass(frozen=True)
class Factor:
    """A factor from ``low`` to ``high``.

    Discrete factors have whole values, and periodic ones are below ``high``; see ``ImageSet`` for
    the types.
    """

    type: str
    low: float
    high: float

    @property
    def is_periodic(self) -> bool:
        """Whether ``high`` is the same as ``low``."""
        return self.type.startswith("periodic")

    def allows(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which of the values the factor may have."""
        below = values < self.high if self.is_periodic else values <= self.high
        whole = values == np.rint(values) if self.type == "discrete" else True
        return np.asarray((values >= self.low) & below & whole)

    def __str__(self) -> str:
        high = "2π" if self.high == 2 * math.pi else f"{self.high:g}"
        if self.is_periodic:
            return f"in [{self.low:g}, {high})"
        return f"{'a whole number, ' if self.type == 'discrete' else ''}{self.low:g} to {high}"


def types_of(factors: Mapping[str, Factor]) -> tuple[str, ...]:
    """Return the types of factors, as ``ImageSet`` has them."""
    return tuple(factor.type for factor in factors.values())


def checked_factors(
    name: str, factors: Mapping[str, Factor], values: ArrayLike
) -> NDArray[np.float64]:
    """Return factor values ``(n, k)`` as floats, all of them allowed.

    Raises UserError, which begins with the set's ``name``, for anything else.

    >>> checked_factors("clock", {"hand": Factor("periodic", 0, 12)}, [[3]]).tolist()
    [[3.0]]
    """
    shape = f"(n, {len(factors)})"
    try:
        checked = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"{name}: factors must be numbers of shape {shape}") from error
    if checked.ndim != 2 or checked.shape[1] != len(factors):
        raise UserError(f"{name}: factors must have shape {shape}, not {checked.shape}")
    for (factor_name, factor), column in zip(factors.items(), checked.T, strict=True):
        with np.errstate(invalid="ignore"):
            wrong = column[~factor.allows(column)]
        if len(wrong):
            raise UserError(f"{name}: {factor_name} must be {factor}, not {wrong[0]:g}")
    return checked


def uniform(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return numbers in [0, 1) made from raw 64-bit words.

    Sets are drawn from raw words of PCG64, whose stream numpy promises not to change.

    >>> uniform(np.array([0, 2**63], dtype=np.uint64)).tolist()
    [0.0, 0.5]
    """
    return np.asarray((words >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def uniform_factors(
    factors: Mapping[str, Factor], numbers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return factor values ``(n, k)`` from numbers in [0, 1), ``(n, k)``, equally likely each."""
    values = np.empty_like(numbers)
    for k, factor in enumerate(factors.values()):
        if factor.type == "discrete":
            values[:, k] = factor.low + np.floor((factor.high - factor.low + 1) * numbers[:, k])
        else:
            values[:, k] = factor.low + (factor.high - factor.low) * numbers[:, k]
    return values
