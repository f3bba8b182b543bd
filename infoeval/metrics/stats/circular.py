"""How a code on a line goes with an angle, which has no ends."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["circular_correlations", "linear_correlations"]

Array = NDArray[np.float64]

LEAST_SHARE = 1e-12
"""Of the variance of cos and sin: what is less is no direction of its own."""


def circular_correlations(codes: Array, angles: Array) -> Array:
    """√| |mean exp i(a - b)|² - |mean exp i(a + b)|² | of ranks of codes and angles on the circle.

    The ranks of `codes` ``(D, n)`` and of `angles` ``(K, n)``, 0 to n - 1, are laid around the
    circle, a = 2 pi rank / n. The first mean is large where the code goes round with the angle and
    the second where it goes round against it; a fold makes both alike. Returns ``(D, K)``, from 0
    to 1. The difference is the rank correlation of Fisher and Lee (1982, Nonparametric measures of
    angular-angular association, Biometrika 69). It is r² of a code that is the angle but for noise
    of mean resultant length r, as a squared correlation is, so that its root is taken.

    >>> ranks = np.arange(12.0)[None]
    >>> circular_correlations((5 - ranks) % 12, ranks).round(6)
    array([[1.]])
    >>> circular_correlations(np.abs(ranks - 6), ranks).round(6)
    array([[0.]])
    """
    n = codes.shape[1]
    first, second = (np.exp(2j * np.pi / n * ranks) for ranks in (codes, angles))
    along, against = (np.abs(first @ other.T) / n for other in (second.conj(), second))
    return np.asarray(np.sqrt(np.abs(along**2 - against**2)), dtype=np.float64)


def linear_correlations(codes: Array, angles: Array) -> Array:
    """The multiple correlation of each code with the cosine and the sine of each angle.

    `codes` ``(D, n)`` are standardised: of mean 0 and sum of squares 1, or all 0. `angles`
    ``(K, n)`` are in radians. Returns ``(D, K)``, from 0 to 1 (Mardia 1976, Linear-circular
    correlation coefficients and rhythmometry, Biometrika 63).

    >>> angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)[None]
    >>> linear_correlations(np.cos(angles + 1) / np.sqrt(6), angles).round(6)
    array([[1.]])
    """
    explained = np.empty((len(codes), len(angles)))
    for column, angle in enumerate(angles):
        waves = np.stack([np.cos(angle), np.sin(angle)])
        waves -= waves.mean(axis=1, keepdims=True)
        shared = codes @ waves.T
        inverse = np.linalg.pinv(waves @ waves.T, rcond=LEAST_SHARE, hermitian=True)
        explained[:, column] = np.einsum("di,ij,dj->d", shared, inverse, shared)
    return np.asarray(np.sqrt(np.clip(explained, 0.0, 1.0)), dtype=np.float64)
