"""Families of q(c|x), each as the ratio q(c|x) / p(c), whose mean logarithm is L_I (eq. 5).

For a code of prior p, L_I = H(c) + E[log q(c|x)] = E[log q(c|x)/p(c)]; the ratio has no unit.

A continuous code is read as u on [0, 1], by the prior's distribution function (`standardised`):
its density is 1, and the ratio is the density of q over u. A normal code has a Gaussian of its own
units as well, and the families of an angle are wrapped: u = 0 and u = 1 are the same place.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from infoeval.codes import Categorical, Code, CodeSpace, Normal
from infoeval.priors.angle import TURN, direction, von_mises_log_ratio

MOST_CODES = 16
"""Of more codes each is read alone, not given others, and by no mixture: it would take too long."""
COARSEST, COARSE, FINEST = 8, 32, 128
BOXES = 8
SMALLEST_SCALE, LARGEST_SCALE = 1e-3, 3.0
"""Limits of a component's width, as a share of the code's range, or of a normal's deviation."""
OUTERMOST = 1e-12
"""Values of u this close to 0 or 1 count as this: Φ⁻¹ is −7 there, and −∞ at 0."""


class Family(ABC):
    """A parametric family of q(c|x): `width` parameters from the network give the log ratio."""

    name: str
    width: int
    is_compared_only: bool = False
    """Whether it is left out where the best family is chosen, as another one contains it."""
    is_mixture: bool = False
    """Whether it is a mixture, which takes the most time."""

    @abstractmethod
    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        """Return log q(c|x)/p(c), nats, (...), from parameters (..., width) and codes (...).

        A temperature above 1 makes q wider, below 1 narrower.
        """

    @abstractmethod
    def point(self, parameters: Tensor) -> Tensor:
        """Return the predicted code, (...): the likeliest category, or q's middle on [0, 1]."""


class Softmax(Family):
    """A categorical code: one logit for each of K equally likely categories."""

    name = "softmax"

    def __init__(self, categories: int) -> None:
        self.width = categories

    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        log_q = functional.log_softmax(parameters / temperature, dim=-1)
        return log_q.gather(-1, values[..., None]).squeeze(-1) + math.log(self.width)

    def point(self, parameters: Tensor) -> Tensor:
        return parameters.argmax(-1)


class SoftmaxOverPrior(Family):
    """A categorical code of given probabilities: logits beside log p, so that 0 is the prior."""

    name = "softmax"

    def __init__(self, probabilities: Sequence[float]) -> None:
        self.width = len(probabilities)
        self._log_prior = torch.tensor(probabilities, dtype=torch.float64).log().float()

    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        log_prior = self._log_prior.to(parameters.device)
        log_q = functional.log_softmax(parameters / temperature + log_prior, dim=-1)
        return (log_q - log_prior).gather(-1, values[..., None]).squeeze(-1)

    def point(self, parameters: Tensor) -> Tensor:
        return (parameters + self._log_prior.to(parameters.device)).argmax(-1)


class Bins(Family):
    """A softmax over `finest` bins of equal width; within a bin the density is constant.

    The logits are sums over a pyramid of `COARSEST`, twice as many, … `finest` bins: smooth
    densities are learned from few samples, and sharp ones can still be represented.
    """

    name = "bins"

    def __init__(self, finest: int = FINEST) -> None:
        self.finest = finest
        self.levels = [COARSEST << level for level in range((finest // COARSEST).bit_length())]
        self.width = sum(self.levels)

    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        log_q = functional.log_softmax(self.logits(parameters) / temperature, dim=-1)
        bins = (values * self.finest).long().clamp_max(self.finest - 1)
        return log_q.gather(-1, bins[..., None]).squeeze(-1) + math.log(self.finest)

    def point(self, parameters: Tensor) -> Tensor:
        centres = (torch.arange(self.finest, device=parameters.device) + 0.5) / self.finest
        return self.logits(parameters).softmax(-1) @ centres

    def logits(self, parameters: Tensor) -> Tensor:
        """Return the finest level's logits (n, finest)."""
        coarse, *finer = torch.split(parameters, self.levels, dim=-1)
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
    is_compared_only = True

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
    is_mixture = True
    width = 4 * BOXES

    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        weight, a, b, s = self._boxes(parameters, temperature)
        u = values[..., None]
        inside = _logistic_difference((u - a) / s, (u - b) / s)
        mass = _box_mass(a, b, s, 0.0, 1.0)
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


class GaussianOfNormal(Family):
    """The posterior of a normal code under Gaussian noise: a Gaussian in z = Φ⁻¹(u)."""

    name = "gaussian"
    width = 2

    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        z = torch.special.ndtri(values.double().clamp(OUTERMOST, 1 - OUTERMOST))
        log_scale = self._log_scale(parameters) + 0.5 * math.log(temperature)
        standardised = (z - parameters[..., 0]) / log_scale.exp()
        ratio: Tensor = 0.5 * (z.square() - standardised.square()) - log_scale
        return ratio.float()

    def point(self, parameters: Tensor) -> Tensor:
        """Return the middle on [0, 1]: Φ of the mean in z."""
        middle: Tensor = torch.special.ndtr(parameters[..., 0])
        return middle

    def _log_scale(self, parameters: Tensor) -> Tensor:
        """Return log σ within the limits; a parameter of 0 is the prior itself."""
        limits = math.log(SMALLEST_SCALE), math.log(LARGEST_SCALE)
        return parameters[..., 1].double().clamp(*limits)


class WrappedBins(Bins):
    """`Bins` on the circle, which differ in what they predict: a direction."""

    name = "wrapped bins"

    def point(self, parameters: Tensor) -> Tensor:
        middles = torch.arange(self.finest, device=parameters.device) + 0.5
        centres = TURN * middles / self.finest
        q = self.logits(parameters).softmax(-1)
        return direction(q @ centres.cos(), q @ centres.sin()) / TURN


class WrappedBoxes(Family):
    """A mixture of `BOXES` boxes with soft edges on the circle.

    A box is that of `Boxes` and its copies one turn before and after, normalised on one turn. Its
    middle is that of a direction (x, y), as a place would have to jump somewhere on the circle: the
    sum of one of its own and one that all boxes share, which is learned faster.
    """

    name = "wrapped boxes"
    is_mixture = True
    width = 5 * BOXES + 2

    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        weight, middle, half, s = self._boxes(parameters, temperature)
        copies = torch.arange(-1.0, 2.0, dtype=torch.float64, device=parameters.device)
        u = values[..., None, None] + copies
        a, b, soft = (x[..., None] for x in (middle - half, middle + half, s))
        inside = torch.logsumexp(_logistic_difference((u - a) / soft, (u - b) / soft), dim=-1)
        mass = _box_mass(middle - half, middle + half, s, -1.0, 2.0)
        return torch.logsumexp(weight + inside - mass.log(), dim=-1).float()

    def point(self, parameters: Tensor) -> Tensor:
        weight, middle, _, _ = self._boxes(parameters, 1.0)
        share, angle = weight.exp(), TURN * middle
        return (
            direction((share * angle.cos()).sum(-1), (share * angle.sin()).sum(-1)).float() / TURN
        )

    def _boxes(
        self, parameters: Tensor, temperature: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return log weights, middles in [0, 1), half widths up to a half turn, and edges."""
        own, shared = parameters[..., :-2].double(), parameters[..., -2:].double()
        weight, x, y, log_half, edge = torch.unflatten(own, -1, (5, BOXES)).unbind(-2)
        x, y = x + shared[..., :1], y + shared[..., 1:]
        start = TURN * (torch.arange(BOXES, device=parameters.device).double() + 0.5) / BOXES
        middle = direction(start.cos() + x, start.sin() + y) / TURN
        half = (_log_scale(log_half).exp() * math.sqrt(temperature)).clamp(max=0.5)
        soft = half * torch.exp((2 * edge - 1.5).clamp(-5.0, 0.0))
        return functional.log_softmax(weight, -1), middle, half, soft


class VonMises(Family):
    """The posterior of `Angle`: a direction (x, y), and the log scale of its length."""

    name = "von mises"
    width = 3

    def log_ratio(self, parameters: Tensor, values: Tensor, temperature: float = 1.0) -> Tensor:
        return von_mises_log_ratio(parameters.double(), TURN * values, temperature).float()

    def point(self, parameters: Tensor) -> Tensor:
        return direction(parameters[..., 0], parameters[..., 1]) / TURN


_BINS, _WRAPPED_BINS = Bins(), WrappedBins()
CONTINUOUS: tuple[Family, ...] = (
    _BINS,
    TruncatedGaussian(),
    Boxes(),
    WrappedBoxes(),
    Gaussian(),
)
"""A uniform code may be a phase, whose ends meet, or be read modulo its range where others are
known: a box of its posterior then leaves at one end and comes back at the other."""
NORMAL: tuple[Family, ...] = (_BINS, TruncatedGaussian(), Boxes(), GaussianOfNormal())
CIRCULAR: tuple[Family, ...] = (_WRAPPED_BINS, WrappedBoxes(), VonMises())
_OF_MANY_CODES: dict[Family, Family] = {
    _BINS: Bins(COARSE),
    _WRAPPED_BINS: WrappedBins(COARSE),
}


def families_of(space: CodeSpace, name: str) -> tuple[Family, ...]:
    """Return the families of q for a code among all codes of its space.

    Those of more than `MOST_CODES` codes are quick ones: no mixtures, and bins that are wider.
    """
    found = families(space[name])
    if len(space) <= MOST_CODES:
        return found
    return tuple(_OF_MANY_CODES.get(family, family) for family in found if not family.is_mixture)


def families(code: Code) -> tuple[Family, ...]:
    """Return the families of q for a code; last that of its own posterior: see `Prior`."""
    if isinstance(code, Categorical):
        given = code.probabilities
        return (Softmax(code.size) if given is None else SoftmaxOverPrior(given),)
    if code.is_circular:
        return CIRCULAR
    return NORMAL if isinstance(code, Normal) else CONTINUOUS


def _log_scale(parameter: Tensor) -> Tensor:
    """Return a log scale within the limits; a parameter of 0 is a quarter of the range."""
    limits = math.log(SMALLEST_SCALE), math.log(LARGEST_SCALE)
    return torch.clamp(parameter + math.log(0.25), *limits)


def _box_mass(a: Tensor, b: Tensor, s: Tensor, low: float, high: float) -> Tensor:
    """Return the integral of S((u − a)/s) − S((u − b)/s) over u from `low` to `high`."""
    # The integral of the logistic function is softplus.
    upper = functional.softplus((high - a) / s) - functional.softplus((high - b) / s)
    lower = functional.softplus((low - a) / s) - functional.softplus((low - b) / s)
    return s * (upper - lower)


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
