"""Gaps, shares and entropies of matrices ``(D, K)`` of D codes and K factors."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

TINY = 1e-11
"""Added to every importance, as in disentanglement_lib, so that a code without any scores 0."""

Array = NDArray[np.float64]


def gap(matrix: Array, axis: int) -> Array:
    """Difference of the two largest values along an axis; a single value itself.

    >>> gap(np.array([[1.0, 3.0], [5.0, 2.0]]), axis=0)
    array([4., 1.])
    """
    if matrix.shape[axis] == 1:
        return np.asarray(matrix.take(0, axis))
    ordered = np.partition(matrix, (-2, -1), axis)
    return np.asarray(ordered.take(-1, axis) - ordered.take(-2, axis))


def share(part: ArrayLike, whole: ArrayLike) -> Array:
    """Quotient part / whole, and 0 where the whole is not above 0."""
    above, below = np.broadcast_arrays(part, whole)
    return np.asarray(np.divide(above, below, out=np.zeros(above.shape), where=below > 0))


def disentanglement(importance: Array) -> float:
    """Mean of :func:`code_disentanglement`, each code weighted with its share of the importance.

    Eastwood and Williams 2018 (A framework for the quantitative evaluation of disentangled
    representations), of an importance ``(D, K)`` >= 0. From 0 to 1; 0 where nothing is important.

    >>> round(disentanglement(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])), 4)
    1.0
    """
    weights = importance.sum(axis=1)
    total = float(weights.sum())
    return float(code_disentanglement(importance) @ weights / total) if total > 0 else 0.0


def completeness(importance: Array) -> float:
    """Mean of :func:`factor_completeness`, weighted with the factors' shares of the importance.

    >>> round(completeness(np.array([[0.5, 0.0], [0.5, 1.0]])), 4)
    0.5
    """
    return disentanglement(importance.T)


def code_disentanglement(importance: Array) -> Array:
    """1 - H(p) / ln K of every code, ``(D,)``; p is its importance ``(K,)``, scaled to sum to 1.

    1 for a code that matters to one factor only, 0 for one that matters equally to all or to none.
    With a single factor, 1 for every code that matters.
    """
    factors = importance.shape[1]
    if factors == 1:
        return (importance[:, 0] > 0).astype(np.float64)
    shares = importance + TINY
    shares = shares / shares.sum(axis=1, keepdims=True)
    entropy = -(shares * np.log(shares)).sum(axis=1)
    return np.asarray(np.clip(1 - entropy / np.log(factors), 0.0, 1.0))


def factor_completeness(importance: Array) -> Array:
    """1 - H(p) / ln D of every factor, ``(K,)``; p is the importance of the codes to it."""
    return code_disentanglement(importance.T)
