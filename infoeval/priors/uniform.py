"""A code that is uniform on an interval."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from infoeval.errors import UserError, quoted
from infoeval.priors.gaussians import LOG_SIGMA_RANGE, gaussian_log_density
from infoeval.priors.prior import Prior

LARGEST_BOUND = 1e6


@dataclass(frozen=True)
class Uniform(Prior):
    """A continuous code, uniform on [`low`, `high`].

    Its values are float32 of shape (n,). The posterior q(c|x) is a Gaussian whose mean the
    recognition network outputs, with log σ beside it when `sigma` is None (then clamped to
    `LOG_SIGMA_RANGE`), or with the fixed standard deviation `sigma`.

    >>> round(Uniform(-1, 1).entropy, 6)
    0.693147
    """

    low: float
    high: float
    sigma: float | None = None
    kind: ClassVar[str] = "continuous"

    def __post_init__(self) -> None:
        numbers = all(isinstance(bound, int | float) for bound in (self.low, self.high))
        if not numbers or not -LARGEST_BOUND <= self.low < self.high <= LARGEST_BOUND:
            low, high = quoted(self.low), quoted(self.high)
            raise UserError(f"a uniform code needs low < high, not {low} and {high}")
        fixed = self.sigma
        if fixed is not None and not (isinstance(fixed, int | float) and 0 < fixed < math.inf):
            raise UserError(f"a fixed sigma must be positive, not {quoted(self.sigma)}")

    @property
    def entropy(self) -> float:
        """Differential entropy log(high − low), in nats: the zero of L_I, not its ceiling."""
        return math.log(self.high - self.low)

    @property
    def input_width(self) -> int:
        """Columns of the generator's input."""
        return 1

    @property
    def posterior_width(self) -> int:
        """Outputs of the recognition network: the mean, and log σ where that is learned."""
        return 2 if self.sigma is None else 1

    @property
    def description(self) -> str:
        """The law in words."""
        return f"uniform on [{self.low:g}, {self.high:g}]"

    @property
    def numbers(self) -> Mapping[str, float]:
        """The ends of the interval."""
        return {"low": self.low, "high": self.high}

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` values on the generator's device."""
        unit = torch.rand(count, generator=generator, device=generator.device)
        return self.low + (self.high - self.low) * unit

    def encode(self, values: Tensor) -> Tensor:
        """Return one column, (n, 1) float32."""
        return values[:, None].float()

    def log_likelihood(self, posterior: Tensor, values: Tensor) -> Tensor:
        """Return log q(c|x), nats, (n,), from mean and log σ (n, 1 or 2) and values (n,)."""
        return gaussian_log_density(values, posterior[:, 0].float(), self._log_sigma(posterior))

    def _log_sigma(self, posterior: Tensor) -> Tensor:
        if self.sigma is None:
            return posterior[:, 1].float().clamp(*LOG_SIGMA_RANGE)
        return torch.full_like(posterior[:, 0].float(), math.log(self.sigma))

    def expectation(self, posterior: Tensor) -> Tensor:
        """Return the posterior's mean, (n,)."""
        return posterior[:, 0].float()

    def spread(self, posterior: Tensor) -> Tensor:
        """Return the posterior's standard deviation, (n,)."""
        return self._log_sigma(posterior).exp()

    def traversal(self, count: int | None = None, stretch: float = 1.0) -> Tensor:
        """Return `count` (10 by default) evenly spaced values over the support times `stretch`.

        `stretch=2` is the paper's exaggerated traversal: −2 … 2 for a code on [−1, 1].
        """
        centre, half = (self.high + self.low) / 2, (self.high - self.low) / 2 * stretch
        return torch.linspace(centre - half, centre + half, count or 10)

    def standardised(self, values: Tensor) -> Tensor:
        """Return the places of values (n,) between the ends, 0 to 1."""
        return ((values - self.low) / (self.high - self.low)).clamp(0, 1)

    def quantile(self, levels: Tensor) -> Tensor:
        """Return values (n,) float32 from levels (n,)."""
        return (self.low + (self.high - self.low) * levels).float()
