"""From the name of a method, a file or an array to directions of a latent space."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from infoeval.errors import UserError, unknown
from infoeval.latent.direction_set import (
    MOST,
    SUFFIXES,
    DirectionSet,
    direction_set,
    read_directions,
)
from infoeval.latent.network_directions import activation_directions, first_layer_directions
from infoeval.subjects.latent_space import LatentSpace

METHODS = ("first-layer", "activations", "random")
DEFAULT_COUNT = 10


def find_directions(
    latent: LatentSpace,
    method: Any,
    *,
    count: int | None = None,
    seed: int = 0,
    model: str | None = None,
) -> DirectionSet:
    """Return directions of a latent space, unit vectors (k, D), the strongest first.

    Args:
        latent: the latent space.
        method: "first-layer", "activations" or "random", see docs/directions.md; a .npy or .npz
            file of directions; an array (k, D); or a `DirectionSet`.
        count: how many; None: 10 or as many as the space has dimensions, or all of a file.
        seed: of the random points and directions.
        model: the SHA-256 of the generator's file, kept with directions that are found in it.

    Raises:
        UserError: an unknown method, one that the generator cannot be asked, directions of another
            space, and more of them than there are.

    """
    if not isinstance(method, str | Path):
        return _given(latent, method, count)
    if Path(method).suffix.lower() in SUFFIXES:
        return _given(latent, read_directions(Path(method)), count)
    method = str(method)
    if method not in METHODS:
        raise UserError(f"{unknown('no method', method, METHODS)}; a file is .npy or .npz")
    count = min(DEFAULT_COUNT, latent.dimension) if count is None else count
    most = min(MOST, latent.dimension)
    if not 1 <= count <= most:
        raise UserError(
            f"count is {count}: {latent.name} has {latent.dimension:,} dimensions; give 1 to {most}"
        )
    if method == "random":
        random = torch.Generator().manual_seed(seed)
        normal = torch.randn(latent.dimension, count, generator=random, dtype=torch.float64)
        vectors, about = np.linalg.qr(normal.numpy())[0].T, "orthogonal directions drawn at random"
    else:
        find = first_layer_directions if method == "first-layer" else activation_directions
        vectors, about = find(latent, count, seed)
    return direction_set(
        vectors, method=method, space=latent.name, seed=seed, model=model or "", about=about
    )


def _given(latent: LatentSpace, given: Any, count: int | None) -> DirectionSet:
    """Return the first `count` of given directions, after checking that they fit the space."""
    found = given if isinstance(given, DirectionSet) else direction_set(given, method="given")
    if found.vectors.shape[1] != latent.dimension:
        raise UserError(
            f"{found.method}: directions have {found.vectors.shape[1]:,} numbers, and "
            f"{latent.name} of this generator has {latent.dimension:,}"
        )
    if found.space not in ("", latent.name):
        raise UserError(f"{found.method}: directions of {found.space}, not of {latent.name}")
    count = len(found) if count is None else count
    if not 1 <= count <= len(found):
        raise UserError(f"count is {count}: {found.method} has {len(found)} directions")
    return replace(
        found, vectors=found.vectors[:count], names=found.names[:count], space=latent.name
    )
