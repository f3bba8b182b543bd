"""Directions by which a generator's early layers move most: by their weights, or activations."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import linalg

from infoeval.errors import UserError
from infoeval.latent.layer_values import layers_after, values_of
from infoeval.subjects.latent_space import LatentSpace

SAMPLES = 2_000
"""Points whose activations have their principal components taken."""
EXTRA = 64
"""Points beyond two for each dimension, from which the linear map of a layer is fitted."""
LEAST_LINEAR = 0.5
"""A first layer of which a linear map explains less than this share has no singular vectors."""
ROUNDING = 1e-5
"""A component or direction shorter than this share of the longest is rounding error."""

Found = tuple[NDArray[np.float64], str]
"""Orthonormal directions (k, D), the strongest first, and how they were found."""


def first_layer_directions(latent: LatentSpace, count: int, seed: int) -> Found:
    """Return the right singular vectors of the first layer that takes the point, and its name.

    They are the unit vectors that move its output most (SeFa: Shen and Zhou 2021, Closed-form
    factorization of latent semantics in GANs). The matrix is fitted by least squares to what the
    layer computes of random points, which is exact wherever it is affine in the point: the layer
    may be of any kind, and take other inputs beside.

    Raises UserError where there is no such layer, or the point reaches it far from linearly.
    """
    random = torch.Generator().manual_seed(seed)
    points, noise = latent.draw(2 * latent.dimension + EXTRA, random)
    layer = layers_after(latent, noise)[0]
    outputs = values_of(latent, layer, points, noise).double()
    outputs, centred = outputs - outputs.mean(0), points.double() - points.double().mean(0)
    weights = torch.linalg.lstsq(centred, outputs).solution  # (D, values)
    left = float((outputs - centred @ weights).square().sum())
    explained = 1 - left / float(outputs.square().sum())
    if explained < LEAST_LINEAR:
        raise UserError(
            f"{latent.name} reaches the first layer, {layer.name}, far from linearly (R² "
            f"{explained:.2f}): its weights have no directions; give another method"
        )
    _, vectors = _strongest((weights @ weights.T).numpy(), count)
    about = f"right singular vectors of the first layer, {layer.name}, linear with R²"
    return vectors, f"{about} {explained:.4f}"


def activation_directions(latent: LatentSpace, count: int, seed: int) -> Found:
    """Return the directions by which an early layer's activations vary most.

    In w they are the principal components of w itself; in z those of the activations that the
    second layer is given, each regressed on z and made orthogonal to those before (GANSpace:
    Härkönen et al. 2020). There are no more of them than the layer is given values.

    Raises UserError where the generator has no such layer.
    """
    random = torch.Generator().manual_seed(seed)
    points, noise = latent.draw(SAMPLES, random)
    centred = (points.double() - points.double().mean(0)).numpy()
    if latent.name == "w":
        _, vectors = _strongest(centred.T @ centred, count)
        return vectors, f"principal components of {SAMPLES:,} points w"
    layers = layers_after(latent, noise)
    layer = layers[min(1, len(layers) - 1)]
    later = len(layers) > 1
    values = values_of(latent, layer, points, noise, inputs=later).double()
    values -= values.mean(0)
    sizes, scores = _strongest((values @ values.T).numpy(), min(count, SAMPLES - 1))
    # A layer narrower than `count` has no more components: what is left are random scores.
    scores = scores[sizes > ROUNDING**2 * sizes[0]]
    slopes = scores @ centred  # (k, D), as the scores of different components are uncorrelated
    basis, upper = np.linalg.qr(slopes.T)
    lengths = np.abs(np.diag(upper))
    kept = lengths > ROUNDING * lengths.max()
    of = f"what the second layer, {layer.name}, is given" if later else f"the layer {layer.name}"
    about = f"principal components of {of}, {SAMPLES:,} samples, regressed on z"
    return _signed(basis.T[kept]), about


def _strongest(gram: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], ...]:
    """Return the largest eigenvalues of a symmetric matrix, and their vectors as rows."""
    size = len(gram)
    values, vectors = linalg.eigh(gram, subset_by_index=(size - count, size - 1))
    return values[::-1], _signed(vectors[:, ::-1].T)


def _signed(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows whose largest component is positive: their sign has no meaning."""
    places = np.abs(rows).argmax(axis=1)
    return np.asarray(rows * np.sign(rows[np.arange(len(rows)), places])[:, None])
