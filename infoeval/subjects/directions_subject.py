"""Directions of a latent space as a subject: their coordinates are its codes."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from infoeval.codes import CodeSpace
from infoeval.errors import UserError
from infoeval.subjects.latent_space import LatentSpace
from infoeval.subjects.subject import Subject

ORTHOGONAL = 1e-4
"""Directions whose cosines are below this are taken as orthogonal."""


class DirectionsSubject(Subject):
    """A generator whose codes are the coordinates a along orthonormal directions d.

    An image is x = G(p + Σ (aᵢ − dᵢ·p) dᵢ), p a random point: in z, where a is standard normal and
    independent of everything else, images are exactly those of the prior. The point is the noise.

    Args:
        base: the subject whose generator is moved.
        latent: its latent space.
        directions: unit vectors (k, latent.dimension), orthogonal to each other.
        names: of the codes.
        about: what is said of the directions in the results.

    Raises:
        UserError: directions that are not orthonormal.

    """

    has_encoder = False

    def __init__(
        self,
        base: Subject,
        latent: LatentSpace,
        directions: Tensor,
        names: Sequence[str],
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.base, self.latent, self.about = base, latent, dict(about or {})
        self.name, self.path = base.name, base.path
        self._generator = AlongDirections(latent, directions, names)

    @property
    def fingerprint(self) -> str | None:
        return self.base.fingerprint

    @property
    def generator(self) -> "AlongDirections":
        return self._generator

    def describe(self) -> dict[str, Any]:
        return {"model": self.name, "sha256": self.fingerprint, "directions": self.about}


class AlongDirections:
    """A `Generator` whose codes are coordinates along orthonormal directions of a latent space."""

    def __init__(self, latent: LatentSpace, directions: Tensor, names: Sequence[str]) -> None:
        vectors = directions.double()
        if vectors.dim() != 2 or vectors.shape[1] != latent.dimension:
            raise UserError(
                f"directions of {latent.name} are (k, {latent.dimension}), not "
                f"{tuple(directions.shape)}"
            )
        if not bool(((vectors @ vectors.T - torch.eye(len(vectors))).abs() < ORTHOGONAL).all()):
            raise UserError("directions that vary together have to be orthogonal unit vectors")
        self.latent, self.directions = latent, vectors.float()
        laws = latent.law(vectors)
        self.codes = CodeSpace(noise=latent.noise, **dict(zip(names, laws, strict=True)))

    @torch.no_grad()
    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Return images of coordinates (n,) by name and noise (n, codes.noise)."""
        points = self.latent.points(noise)
        along = torch.stack([codes[name] for name in self.codes], dim=1)
        moved = points + (along - points @ self.directions.T) @ self.directions
        return self.latent.images(moved, noise)


def orthogonal_groups(directions: Tensor) -> list[list[int]]:
    """Return places of unit vectors (k, D) in groups that are orthogonal within; first fit.

    >>> orthogonal_groups(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]))
    [[0, 1], [2]]
    """
    cosines = (directions.double() @ directions.double().T).abs() < ORTHOGONAL
    groups: list[list[int]] = []
    for place in range(len(directions)):
        fitting = (group for group in groups if bool(cosines[place, group].all()))
        group = next(fitting, None)
        if group is None:
            groups.append([place])
        else:
            group.append(place)
    return groups
