"""The latent space of a generator: points of known law, and the images drawn from them."""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor

from infoeval.codes import Normal
from infoeval.errors import UserError
from infoeval.subjects.protocols import Generator, TwoStepGenerator

Space = Literal["auto", "z", "w"]
LAW_SAMPLES = 10_000
"""Points of w on which the mean and deviation along a direction are measured."""
CHUNK = 500
"""Points that a generator is given at once."""


class LatentSpace(ABC):
    """Points (n, `dimension`) of a generator's latent space, and their images.

    All randomness is in standard normal noise (n, `noise`): that which makes the points, and that
    of whatever else the images depend on.
    """

    name: Literal["z", "w"]
    dimension: int
    noise: int

    @abstractmethod
    def points(self, noise: Tensor) -> Tensor:
        """Return the points of noise (n, noise), float32."""

    @abstractmethod
    def images(self, points: Tensor, noise: Tensor) -> Tensor:
        """Return the images of points; what they do not decide is decided by the noise."""

    @abstractmethod
    def law(self, directions: Tensor) -> tuple[Normal, ...]:
        """Return the law of the points' coordinates along unit vectors (k, dimension)."""

    def draw(self, count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return `count` points, and the noise that they are made of."""
        noise = torch.randn(count, self.noise, generator=random)
        return self.points(noise), noise


class NormalLatent(LatentSpace):
    """z: a generator's noise variables and its normal codes, all as standard normal columns.

    Its other codes, categories for example, are drawn from their priors by further noise. Raises
    UserError for a generator without normal variables.
    """

    name = "z"

    def __init__(self, generator: Generator) -> None:
        self.generator, self.codes = generator, generator.codes
        self.normal = [name for name, code in self.codes.items() if isinstance(code, Normal)]
        self.others = [name for name in self.codes if name not in self.normal]
        self.dimension = self.codes.noise + len(self.normal)
        self.noise = self.dimension + len(self.others)
        if self.dimension == 0:
            raise UserError(
                "the generator has neither noise nor normal codes: there is no space that has "
                "directions"
            )

    def points(self, noise: Tensor) -> Tensor:
        return noise[:, : self.dimension]

    @torch.no_grad()
    def images(self, points: Tensor, noise: Tensor) -> Tensor:
        codes = {}
        for place, name in enumerate(self.normal, self.codes.noise):
            prior = self.codes[name]
            assert isinstance(prior, Normal)
            codes[name] = prior.mean + prior.deviation * points[:, place]
        for place, name in enumerate(self.others, self.dimension):
            codes[name] = self.codes[name].quantile(torch.special.ndtr(noise[:, place].double()))
        return self.generator.generate(codes, points[:, : self.codes.noise])

    def law(self, directions: Tensor) -> tuple[Normal, ...]:
        return (Normal(),) * len(directions)


class MappedLatent(LatentSpace):
    """w: what a generator in two steps makes of its noise before it draws.

    The law along a direction is taken to be normal, with the mean and deviation of `LAW_SAMPLES`
    points.
    """

    name = "w"

    def __init__(self, generator: TwoStepGenerator, *, seed: int = 0) -> None:
        self.generator, self.noise = generator, generator.codes.noise
        random = torch.Generator().manual_seed(seed)
        self.sample = self.draw(LAW_SAMPLES, random)[0]
        self.dimension = self.sample.shape[1]

    def points(self, noise: Tensor) -> Tensor:
        return torch.cat(
            [self.generator.latent(part).float().cpu() for part in torch.split(noise, CHUNK)]
        )

    @torch.no_grad()
    def images(self, points: Tensor, noise: Tensor) -> Tensor:
        del noise
        return self.generator.synthesize(points)

    def law(self, directions: Tensor) -> tuple[Normal, ...]:
        along = self.sample.double() @ directions.double().T
        means, deviations = along.mean(0).tolist(), along.std(0).tolist()
        if min(deviations) <= 0:
            raise UserError("w does not vary along one of the directions")
        return tuple(map(Normal, means, deviations))


def latent_space(generator: Generator, space: Space = "auto", *, seed: int = 0) -> LatentSpace:
    """Return the latent space of a generator: w where it has one and z is not asked for.

    Raises UserError for a generator without that space.
    """
    if space != "z" and isinstance(generator, TwoStepGenerator):
        return MappedLatent(generator, seed=seed)
    if space == "w":
        raise UserError("there is no w: the generator needs latent(noise) and synthesize(w)")
    return NormalLatent(generator)
