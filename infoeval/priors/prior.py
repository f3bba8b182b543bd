"""What a prior of a latent code knows; every other module asks it instead of naming its class."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor


class Prior(ABC):
    """The law of a latent code c, with the posterior q(c|x) that a recognition network outputs.

    Its values are (n,): class indices, int64, or float32. A subclass is a frozen dataclass, whose
    fields are what checkpoints store; all entropies and likelihoods are in nats.
    """

    kind: ClassVar[str]
    """Its name in checkpoints and results."""
    is_categorical: ClassVar[bool] = False
    """Whether values are class indices, and information is at most H(c)."""
    is_circular: ClassVar[bool] = False
    """Whether values are angles in radians, from 0 to below 2π."""

    @property
    @abstractmethod
    def entropy(self) -> float:
        """H(c), differential for a continuous code: then the zero of L_I, not its ceiling."""

    @property
    @abstractmethod
    def input_width(self) -> int:
        """Columns of the generator's input."""

    @property
    @abstractmethod
    def posterior_width(self) -> int:
        """Outputs of the recognition network."""

    @property
    @abstractmethod
    def description(self) -> str:
        """The law in words."""

    @property
    @abstractmethod
    def numbers(self) -> Mapping[str, float]:
        """What results and live pages state of the law: numbers by name."""

    @property
    def column_type(self) -> str:
        """The type of the code's column in a table: "categorical", "periodic" or "continuous"."""
        if self.is_categorical:
            return "categorical"
        return "periodic" if self.is_circular else "continuous"

    @property
    def normal_law(self) -> tuple[float, float] | None:
        """Mean and deviation where the law is normal.

        From any other law of continuous codes here a Gaussian posterior has no finite divergence.
        """
        return None

    @property
    def category_probabilities(self) -> tuple[float, ...] | None:
        """The probabilities of the categories, where there are any."""
        return None

    @property
    def can_stretch(self) -> bool:
        """Whether there are values beyond those of a plain traversal."""
        return not (self.is_categorical or self.is_circular)

    @abstractmethod
    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` values on the generator's device."""

    @abstractmethod
    def encode(self, values: Tensor) -> Tensor:
        """Return the generator's columns, (n, input_width) float32."""

    @abstractmethod
    def log_likelihood(self, posterior: Tensor, values: Tensor) -> Tensor:
        """Return log q(c|x), (n,), from outputs (n, posterior_width) and values (n,)."""

    @abstractmethod
    def expectation(self, posterior: Tensor) -> Tensor:
        """Return what q(c|x) expects: the mean (n,), or probabilities (n, K) of categories."""

    def spread(self, posterior: Tensor) -> Tensor | None:
        """Return the standard deviation of q(c|x), (n,), on a circle the circular one; or None.

        Categories have none.
        """
        del posterior
        return None

    @abstractmethod
    def traversal(self, count: int | None = None, stretch: float = 1.0) -> Tensor:
        """Return `count` (10 by default) different values over the prior's range.

        All categories of a categorical code. `stretch=2` is the paper's exaggerated traversal,
        twice the range, where the prior `can_stretch`.
        """

    @abstractmethod
    def standardised(self, values: Tensor) -> Tensor:
        """Return u in [0, 1], (n,): continuous values by the prior's distribution function.

        u is uniform, and has the same mutual information with everything as the code. Class
        indices stay as they are.
        """

    @abstractmethod
    def quantile(self, levels: Tensor) -> Tensor:
        """Return values (n,) of the prior from uniform levels (n,) in [0, 1], by inversion."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, from which the class builds an equal prior."""
        return dict(vars(self))
