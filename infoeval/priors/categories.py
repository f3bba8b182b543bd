"""A code of categories, equally likely or of given probabilities."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from infoeval.errors import UserError, quoted, shown
from infoeval.priors.prior import Prior

MOST_CATEGORIES = 100_000
LEAST_PROBABILITY = 1e-6
ROUNDING = 1e-6
"""Given probabilities may miss a sum of 1 by this."""
MOST_LISTED = 10


@dataclass(frozen=True, repr=False)
class Categorical(Prior):
    """A code that takes one of `size` categories, equally likely unless `probabilities` are given.

    Its values are class indices, int64 of shape (n,). The posterior q(c|x) is a softmax over
    `size` logits.

    >>> round(Categorical(10).entropy, 6)
    2.302585
    >>> round(Categorical(2, (0.9, 0.1)).entropy, 6)
    0.325083
    """

    size: int
    probabilities: tuple[float, ...] | None = None
    kind: ClassVar[str] = "categorical"
    is_categorical: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.size, int) or not 2 <= self.size <= MOST_CATEGORIES:
            raise UserError(
                f"a categorical code needs 2 to {MOST_CATEGORIES:,} categories, "
                f"not {shown(self.size)}"
            )
        if self.probabilities is not None:
            object.__setattr__(self, "probabilities", _checked(self.probabilities, self.size))

    def __repr__(self) -> str:
        given = "" if self.probabilities is None else f", probabilities={self.probabilities}"
        return f"Categorical(size={self.size}{given})"

    @property
    def entropy(self) -> float:
        """H(c), in nats: log K of K equally likely categories."""
        if self.probabilities is None:
            return math.log(self.size)
        return -math.fsum(p * math.log(p) for p in self.probabilities)

    @property
    def largest_ratio(self) -> float:
        """The largest q(c|x)/p(c) there can be: that of certainty about the rarest category."""
        return float(self.size) if self.probabilities is None else 1 / min(self.probabilities)

    @property
    def input_width(self) -> int:
        """Columns of the generator's input: one for each category."""
        return self.size

    @property
    def posterior_width(self) -> int:
        """Outputs of the recognition network: one logit for each category."""
        return self.size

    @property
    def description(self) -> str:
        """The law in words."""
        if self.probabilities is None:
            return f"{self.size} equally likely categories"
        listed = ", ".join(f"{p:.3g}" for p in self.probabilities[:MOST_LISTED])
        more = ", …" if self.size > MOST_LISTED else ""
        return f"{self.size} categories of probabilities {listed}{more}"

    @property
    def numbers(self) -> Mapping[str, float]:
        """The number of categories."""
        return {"size": self.size}

    @property
    def category_probabilities(self) -> tuple[float, ...]:
        """The given probabilities, or equal ones."""
        return self.probabilities or (1 / self.size,) * self.size

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` class indices on the generator's device."""
        device = generator.device
        if self.probabilities is None:
            return torch.randint(self.size, (count,), generator=generator, device=device)
        unit = torch.rand(count, generator=generator, device=device, dtype=torch.float64)
        return self.quantile(unit)

    def encode(self, values: Tensor) -> Tensor:
        """Return one-hot columns, (n, size) float32, of class indices (n,)."""
        return (values[:, None] == torch.arange(self.size, device=values.device)).float()

    def log_likelihood(self, posterior: Tensor, values: Tensor) -> Tensor:
        """Return log q(c|x), nats, (n,), from logits (n, size) and class indices (n,)."""
        log_q = functional.log_softmax(posterior.float(), dim=1)
        return log_q.gather(1, values[:, None]).squeeze(1)

    def expectation(self, posterior: Tensor) -> Tensor:
        """Return q(c|x) as probabilities, (n, size)."""
        return posterior.float().softmax(dim=1)

    def traversal(self, count: int | None = None, stretch: float = 1.0) -> Tensor:
        """Return all categories; `count` and `stretch` apply to continuous codes only."""
        del count, stretch
        return torch.arange(self.size)

    def standardised(self, values: Tensor) -> Tensor:
        """Return the class indices."""
        return values

    def quantile(self, levels: Tensor) -> Tensor:
        """Return class indices (n,) from levels (n,)."""
        if self.probabilities is None:
            return (self.size * levels).long().clamp_max(self.size - 1)
        ends = _upper_ends(self.probabilities, levels.device)
        found = torch.searchsorted(ends, levels.double(), right=True)
        return found.clamp_max(self.size - 1)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data; probabilities only where they are given."""
        fields: dict[str, Any] = {"size": self.size}
        if self.probabilities is not None:
            fields["probabilities"] = list(self.probabilities)
        return fields


def _checked(given: Any, size: int) -> tuple[float, ...]:
    """Return probabilities that sum to 1, or raise UserError."""
    listed = isinstance(given, list | tuple) and len(given) == size
    if not listed or not all(isinstance(p, int | float) and p >= LEAST_PROBABILITY for p in given):
        raise UserError(
            f"a categorical code of {size} categories needs as many probabilities, numbers of "
            f"{LEAST_PROBABILITY:g} or more, not {quoted(given)}"
        )
    total = math.fsum(given)
    if not abs(total - 1) <= ROUNDING:
        raise UserError(f"the probabilities of a categorical code sum to 1, not {total:g}")
    return tuple(map(float, given))


@cache
def _upper_ends(probabilities: tuple[float, ...], device: torch.device) -> Tensor:
    """Return cumulative probabilities, kept on the device: CUDA graphs cannot copy them there."""
    return torch.tensor(probabilities, dtype=torch.float64).cumsum(0).to(device)
