"""A code of normal distribution, the prior of a VAE's codes and of a GAN's noise."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from infoeval.errors import UserError, quoted
from infoeval.priors.gaussians import LOG_SIGMA_RANGE, gaussian_log_density
from infoeval.priors.prior import Prior

LARGEST, LEAST_DEVIATION = 1e6, 1e-6


@dataclass(frozen=True)
class Normal(Prior):
    """A continuous code from N(`mean`, `deviation`²).

    Its values are float32 of shape (n,). The posterior q(c|x) is a Gaussian; the recognition
    network outputs its mean and log σ in units of the prior's deviation, log σ clamped to
    `LOG_SIGMA_RANGE`, so that the same network learns a code of any scale.

    >>> round(Normal().entropy, 6)
    1.418939
    """

    mean: float = 0.0
    deviation: float = 1.0
    kind: ClassVar[str] = "normal"

    def __post_init__(self) -> None:
        numbers = all(isinstance(number, int | float) for number in (self.mean, self.deviation))
        if (
            not numbers
            or not -LARGEST <= self.mean <= LARGEST
            or not LEAST_DEVIATION <= self.deviation <= LARGEST
        ):
            raise UserError(
                "a normal code needs a mean and a deviation above 0, not "
                f"{quoted(self.mean)} and {quoted(self.deviation)}"
            )

    @property
    def entropy(self) -> float:
        """Differential entropy ½ log 2πe σ², in nats: the zero of L_I, not its ceiling."""
        return 0.5 * math.log(2 * math.pi * math.e) + math.log(self.deviation)

    @property
    def input_width(self) -> int:
        """Columns of the generator's input."""
        return 1

    @property
    def posterior_width(self) -> int:
        """Outputs of the recognition network: mean and log σ."""
        return 2

    @property
    def description(self) -> str:
        """The law in words."""
        return f"normal, mean {self.mean:g} and deviation {self.deviation:g}"

    @property
    def numbers(self) -> Mapping[str, float]:
        """Mean and deviation."""
        return {"mean": self.mean, "deviation": self.deviation}

    @property
    def normal_law(self) -> tuple[float, float]:
        """Mean and deviation."""
        return self.mean, self.deviation

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` values on the generator's device."""
        z = torch.randn(count, generator=generator, device=generator.device)
        return self.mean + self.deviation * z

    def encode(self, values: Tensor) -> Tensor:
        """Return one column, (n, 1) float32."""
        return values[:, None].float()

    def log_likelihood(self, posterior: Tensor, values: Tensor) -> Tensor:
        """Return log q(c|x), nats, (n,), from mean and log σ (n, 2) and values (n,)."""
        log_sigma = posterior[:, 1].float().clamp(*LOG_SIGMA_RANGE)
        z = (values - self.mean) / self.deviation
        density = gaussian_log_density(z, posterior[:, 0].float(), log_sigma)
        return density - math.log(self.deviation)

    def expectation(self, posterior: Tensor) -> Tensor:
        """Return the posterior's mean, (n,)."""
        return self.mean + self.deviation * posterior[:, 0].float()

    def spread(self, posterior: Tensor) -> Tensor:
        """Return the posterior's standard deviation, (n,)."""
        return self.deviation * posterior[:, 1].float().clamp(*LOG_SIGMA_RANGE).exp()

    def traversal(self, count: int | None = None, stretch: float = 1.0) -> Tensor:
        """Return `count` (10 by default) values, the quantiles of ½/count, 1½/count and so on.

        Their distances from the mean are multiplied by `stretch`.

        >>> [round(value, 3) for value in Normal().traversal(4).tolist()]
        [-1.15, -0.319, 0.319, 1.15]
        """
        count = count or 10
        probabilities = (torch.arange(count, dtype=torch.float64) + 0.5) / count
        z: Tensor = torch.special.ndtri(probabilities)
        return (self.mean + stretch * self.deviation * z).float()

    def standardised(self, values: Tensor) -> Tensor:
        """Return Φ of the standardised values (n,), float64: float32 would round off the tail."""
        u: Tensor = torch.special.ndtr((values.double() - self.mean) / self.deviation)
        return u

    def quantile(self, levels: Tensor) -> Tensor:
        """Return values (n,) float32 from levels (n,)."""
        z: Tensor = torch.special.ndtri(levels.double())
        return (self.mean + self.deviation * z).float()
