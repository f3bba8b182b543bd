"""Disentanglement and completeness of a matrix: how much each code matters to each factor."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["code_disentanglement", "completeness", "disentanglement", "factor_completeness"]

TINY = 1e-11
"""Added to every entry, as in disentanglement_lib, so that a code of no importance scores 0."""

Array = NDArray[np.float64]


def disentanglement(importance: Array) -> float:
    """Mean of :func:`code_disentanglement`, each code weighted with its share of the importance.

    Eastwood and Williams 2018 (A framework for the quantitative evaluation of disentangled
    representations), from an importance ``(D, K)`` >= 0 of D codes for K factors. From 0 to 1; 0
    where nothing is important.

    >>> round(disentanglement(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])), 4)
    1.0
    """
    return _weighted(code_disentanglement(importance), importance.sum(axis=1))


def completeness(importance: Array) -> float:
    """Mean of :func:`factor_completeness`, weighted with the factors' shares of the importance.

    As :func:`disentanglement`, with codes and factors changed about.

    >>> round(completeness(np.array([[0.5, 0.0], [0.5, 1.0]])), 4)
    0.5
    """
    return disentanglement(importance.T)


def code_disentanglement(importance: Array) -> Array:
    """1 - H(p) / ln K for every code, ``(D,)``; p is its importance ``(K,)``, made to add up to 1.

    1 for a code that matters to one factor alone, 0 for one that matters to all alike or to none.
    With a single factor every code is 1 that matters at all.
    """
    factors = importance.shape[1]
    if factors == 1:
        return (importance[:, 0] > 0).astype(np.float64)
    shares = importance + TINY
    shares = shares / shares.sum(axis=1, keepdims=True)
    entropy = -(shares * np.log(shares)).sum(axis=1)
    return np.asarray(np.clip(1 - entropy / np.log(factors), 0.0, 1.0))


def factor_completeness(importance: Array) -> Array:
    """1 - H(p) / ln D for every factor, ``(K,)``; p is what the codes matter to it.

    1 for a factor that one code alone matters to, 0 where all do alike or none does.
    """
    return code_disentanglement(importance.T)


def _weighted(values: Array, weights: Array) -> float:
    total = float(weights.sum())
    return float(values @ weights / total) if total > 0 else 0.0
