"""Families of q(c|x), each as the ratio q(c|x) / p(c), whose mean logarithm is L_I (eq. 5).

For a code of prior p, L_I = H(c) + E[log q(c|x)] = E[log q(c|x)/p(c)]. Both a category (p = 1/K)
and a value on [low, high] (p = 1/(high − low)) have a constant prior, and the ratio has no unit.

A continuous code is read as u = (c − low) / (high − low), on [0, 1], whose prior density is 1.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn import functional

from infoeval.codes import Categorical, Code

COARSEST, FINEST = 8, 128
BOXES = 8
SMALLEST_SCALE, LARGEST_SCALE = 1e-3, 3.0
"""Limits of a component's width, as a share of the code's range."""


class Family(ABC):
    """A parametric family of q(c|x): `width` parameters from the network give the log ratio."""

    name: str
    width: int

    @abstractmethod
    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        """Return log q(c|x)/p(c), nats, (...), from parameters (..., width) and codes (...).

        A temperature above 1 makes q wider, below 1 narrower.
        """

    @abstractmethod
    def point(self, parameters: Tensor) -> Tensor:
        """Return the predicted code, (...): the likeliest category, or q's middle on [0, 1]."""


class Softmax(Family):
    """A categorical code: one logit for each of K categories."""

    name = "softmax"

    def __init__(self, categories: int) -> None:
        self.width = categories

    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        log_q = functional.log_softmax(parameters / temperature, dim=-1)
        return log_q.gather(-1, values[..., None]).squeeze(-1) + math.log(self.width)

    def point(self, parameters: Tensor) -> Tensor:
        return parameters.argmax(-1)


class Bins(Family):
    """A softmax over `FINEST` bins of equal width; within a bin the density is constant.

    The logits are sums over a pyramid of `COARSEST`, twice as many, … `FINEST` bins: smooth
    densities are learned from few samples, and sharp ones can still be represented.
    """

    name = "bins"
    levels = tuple(COARSEST << level for level in range((FINEST // COARSEST).bit_length()))
    width = sum(levels)

    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        log_q = functional.log_softmax(self.logits(parameters) / temperature, dim=-1)
        bins = (values * FINEST).long().clamp_max(FINEST - 1)
        return log_q.gather(-1, bins[..., None]).squeeze(-1) + math.log(FINEST)

    def point(self, parameters: Tensor) -> Tensor:
        centres = (torch.arange(FINEST, device=parameters.device) + 0.5) / FINEST
        return self.logits(parameters).softmax(-1) @ centres

    def logits(self, parameters: Tensor) -> Tensor:
        """Return the finest level's logits (n, FINEST)."""
        coarse, *finer = torch.split(parameters, list(self.levels), dim=-1)
        for level in finer:
            coarse = (coarse[..., None] + torch.unflatten(level, -1, (-1, 2))).flatten(-2)
        return coarse


class TruncatedGaussian(Family):
    """A Gaussian truncated to the prior's support and normalised on it."""

    name = "truncated gaussian"
    width = 2

    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        # Double precision, because far outside the support the two tails nearly cancel.
        mean, log_scale = self._mean(parameters), _log_scale(parameters[..., 1].double())
        log_scale = log_scale + 0.5 * math.log(temperature)
        scale = log_scale.exp()
        standardised = (values - mean) / scale
        log_density = -0.5 * standardised.square() - log_scale - 0.5 * math.log(2 * math.pi)
        return (log_density - _log_mass((0 - mean) / scale, (1 - mean) / scale)).float()

    def point(self, parameters: Tensor) -> Tensor:
        return self._mean(parameters).clamp(0, 1).float()

    def _mean(self, parameters: Tensor) -> Tensor:
        """Return the mean, inside (−1, 2): outside [0, 1], q falls off from one end."""
        return 0.5 + 1.5 * torch.tanh(parameters[..., 0].double() / 1.5)


class Gaussian(Family):
    """The paper's choice: a Gaussian of mean and log σ, not truncated.

    Some of its mass lies outside the support, so its bound is below that of the truncated one.
    """

    name = "gaussian"
    width = 2

    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        log_scale = _log_scale(parameters[..., 1]) + 0.5 * math.log(temperature)
        standardised = (values - 0.5 - parameters[..., 0]) / log_scale.exp()
        return -0.5 * standardised.square() - log_scale - 0.5 * math.log(2 * math.pi)

    def point(self, parameters: Tensor) -> Tensor:
        return 0.5 + parameters[..., 0]


class Boxes(Family):
    """A mixture of `BOXES` boxes with soft edges, each truncated to the support.

    A box from a to b with logistic edges of scale s has the density
    [S((u − a)/s) − S((u − b)/s)] / (b − a), S the logistic function. A narrow box is a logistic
    bump; a wide one with sharp edges is the posterior of a code under uniform noise.
    """

    name = "boxes"
    width = 4 * BOXES

    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        weight, a, b, s = self._boxes(parameters, temperature)
        u = values[..., None]
        inside = _logistic_difference((u - a) / s, (u - b) / s)
        # The integral of the logistic function is softplus.
        upper = functional.softplus((1 - a) / s) - functional.softplus((1 - b) / s)
        lower = functional.softplus((0 - a) / s) - functional.softplus((0 - b) / s)
        mass = s * (upper - lower)
        return torch.logsumexp(weight + inside - mass.log(), dim=-1).float()

    def point(self, parameters: Tensor) -> Tensor:
        weight, a, b, _ = self._boxes(parameters, 1.0)
        return (weight.exp() * (a + b) / 2).sum(-1).float()

    def _boxes(
        self, parameters: Tensor, temperature: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        parts = torch.unflatten(parameters.double(), -1, (4, BOXES))
        weight, place, log_half, edge = parts.unbind(-2)
        start = (torch.arange(BOXES, device=parameters.device) + 0.5) / BOXES
        # A box's middle stays inside the support, where its mass is not too small to compute.
        middle = torch.sigmoid(torch.logit(start.double()) + 4 * place)
        half = _log_scale(log_half).exp() * math.sqrt(temperature)
        # An edge is e^-1 of the half width before training, and between e^-5 and e^1.5 of it after.
        soft = half * torch.exp((2 * edge - 1).clamp(-5.0, 1.5))
        return functional.log_softmax(weight, -1), middle - half, middle + half, soft


CONTINUOUS: tuple[Family, ...] = (Bins(), TruncatedGaussian(), Boxes(), Gaussian())


def families(code: Code) -> tuple[Family, ...]:
    """Return the families of q for a code."""
    return (Softmax(code.size),) if isinstance(code, Categorical) else CONTINUOUS


def standard_values(code: Code, values: Tensor) -> Tensor:
    """Return codes as the families take them: class indices, or u on [0, 1]."""
    if isinstance(code, Categorical):
        return values
    return ((values - code.low) / (code.high - code.low)).clamp(0, 1)


def _log_scale(parameter: Tensor) -> Tensor:
    """Return a log scale within the limits; a parameter of 0 is a quarter of the range."""
    limits = math.log(SMALLEST_SCALE), math.log(LARGEST_SCALE)
    return torch.clamp(parameter + math.log(0.25), *limits)


def _log_mass(low: Tensor, high: Tensor) -> Tensor:
    """Return log(Φ(high) − Φ(low)), exact in both tails."""
    flipped = low > 0
    low, high = torch.where(flipped, -high, low), torch.where(flipped, -low, high)
    upper, lower = torch.special.log_ndtr(high), torch.special.log_ndtr(low)
    difference: Tensor = upper + torch.log(-torch.expm1(lower - upper))
    return difference


def _logistic_difference(high: Tensor, low: Tensor) -> Tensor:
    """Return log(S(high) − S(low)) for high > low, exact in both tails."""
    # S(x) − S(y) = S(x) S(−y) (1 − e^(y − x))
    gap = torch.log(-torch.expm1(low - high))
    return functional.logsigmoid(high) + functional.logsigmoid(-low) + gap
