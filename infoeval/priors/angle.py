"""A code on a circle: a direction, a phase, a hue."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from infoeval.priors.prior import Prior

TURN = 2 * math.pi
LARGEST_CONCENTRATION = math.exp(8.0)
"""Of a posterior, a deviation of one degree: without a limit log q, and training, is unbounded."""
LOG_SCALE_RANGE = (-8.0, 8.0)
SMALLEST_SQUARE = 1e-12
"""Is added to squared lengths, as the square root has no gradient at 0."""


@dataclass(frozen=True)
class Angle(Prior):
    """A continuous code, uniform on the circle: an angle in radians, from 0 to below 2π.

    Its values are float32 of shape (n,); the generator is given cosine and sine. The posterior
    q(c|x) is von Mises. The recognition network outputs an unnormalised mean direction (x, y) and
    a log scale s: the concentration κ is e^s |(x, y)|, at most `LARGEST_CONCENTRATION`.

    >>> round(Angle().entropy, 6)
    1.837877
    """

    kind: ClassVar[str] = "angle"
    is_circular: ClassVar[bool] = True

    @property
    def entropy(self) -> float:
        """Differential entropy log 2π, in nats: the zero of L_I, not its ceiling."""
        return math.log(TURN)

    @property
    def input_width(self) -> int:
        """Columns of the generator's input: cosine and sine."""
        return 2

    @property
    def posterior_width(self) -> int:
        """Outputs of the recognition network: a direction, and the log scale of its length."""
        return 3

    @property
    def description(self) -> str:
        """The law in words."""
        return "uniform on the circle, in radians"

    @property
    def numbers(self) -> Mapping[str, float]:
        """Nothing: all circles are alike."""
        return {}

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` values on the generator's device."""
        return TURN * torch.rand(count, generator=generator, device=generator.device)

    def encode(self, values: Tensor) -> Tensor:
        """Return cosine and sine, (n, 2) float32."""
        return torch.stack([values.cos(), values.sin()], dim=1).float()

    def log_likelihood(self, posterior: Tensor, values: Tensor) -> Tensor:
        """Return log q(c|x), nats, (n,), from outputs (n, 3) and angles (n,)."""
        return von_mises_log_ratio(posterior.float(), values) - math.log(TURN)

    def expectation(self, posterior: Tensor) -> Tensor:
        """Return the posterior's mean direction, (n,), from 0 to below 2π."""
        return direction(posterior[:, 0].float(), posterior[:, 1].float())

    def spread(self, posterior: Tensor) -> Tensor:
        """Return the posterior's circular standard deviation √(−2 log R), in radians, (n,)."""
        x, y, scale = posterior.float().unbind(-1)
        length = scale.clamp(*LOG_SCALE_RANGE).exp() * (x.square() + y.square()).sqrt()
        kappa = length.clamp(SMALLEST_SQUARE, LARGEST_CONCENTRATION).double()
        # The length R of the mean direction: I1(κ) / I0(κ).
        resultant = torch.special.i1e(kappa) / torch.special.i0e(kappa)
        deviation: Tensor = (-2 * resultant.log()).sqrt()
        return deviation.float()

    def traversal(self, count: int | None = None, stretch: float = 1.0) -> Tensor:
        """Return `count` (10 by default) evenly spaced angles from 0; the next would be 0 again.

        A circle has nothing beyond: `stretch` changes nothing.
        """
        del stretch
        count = count or 10
        return torch.arange(count) * (TURN / count)

    def standardised(self, values: Tensor) -> Tensor:
        """Return angles (n,) as shares of a turn, 0 to 1."""
        return (values / TURN).remainder(1.0)

    def quantile(self, levels: Tensor) -> Tensor:
        """Return angles (n,) float32 from levels (n,)."""
        return (TURN * levels).float().remainder(TURN)


def von_mises_log_ratio(posterior: Tensor, angles: Tensor, temperature: float = 1.0) -> Tensor:
    """Return the log density of a von Mises law relative to the uniform one, nats, (...).

    That is κ cos(θ − μ) − log I0(κ), from x, y and s (..., 3) as `Angle` has them, and angles θ
    (...). A temperature above 1 divides κ.
    """
    x, y, scale = posterior.unbind(-1)
    scale = scale.clamp(*LOG_SCALE_RANGE).exp() / temperature
    length = scale * (x.square() + y.square() + SMALLEST_SQUARE).sqrt()
    scale = scale * (LARGEST_CONCENTRATION / length).clamp(max=1.0)
    concentration = length.clamp(max=LARGEST_CONCENTRATION)
    # i0e(κ) is e^-κ I0(κ), which is finite for every κ.
    along = scale * (x * angles.cos() + y * angles.sin())
    ratio: Tensor = along - concentration - torch.special.i0e(concentration).log()
    return ratio


def direction(x: Tensor, y: Tensor) -> Tensor:
    """Return the angles of directions (x, y), in radians, from 0 to below 2π."""
    # The second remainder is for angles just below 0, which round to a whole turn.
    return torch.atan2(y, x).remainder(TURN).remainder(TURN)
