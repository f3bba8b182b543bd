"""Latent codes: their priors, and the likelihood of posteriors over them.

A `CodeSpace` names its codes and is the only place that knows which columns of the generator's
input, or of the recognition network's output, belong to which code.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from infoeval.errors import UserError, one_line, printable, quoted, shown

LARGEST_BOUND = 1e6
MOST_CODES = 4096
MOST_COLUMNS = 2**17
"""Columns of the generator's input. Ten thousand rows of them are drawn at once; published models
have some hundred."""
LONGEST_NAME = 100
"""Characters of a code's name, which stands in tables, figures and the names of files."""
LOG_SIGMA_RANGE = (-4.0, 1.0)
"""Bounds of a learned log σ: without the lower one log q, and with it training, is unbounded."""


@dataclass(frozen=True)
class Categorical:
    """A code that takes one of `size` categories with equal probability.

    Its values are class indices, int64 of shape (n,). The posterior q(c|x) is a softmax over
    `size` logits.

    >>> round(Categorical(10).entropy, 6)
    2.302585
    """

    size: int
    kind: ClassVar[str] = "categorical"

    def __post_init__(self) -> None:
        if not isinstance(self.size, int) or not 2 <= self.size <= 100_000:
            raise UserError(
                f"a categorical code needs 2 to 100,000 categories, not {shown(self.size)}"
            )

    @property
    def entropy(self) -> float:
        """H(c) = log K, in nats."""
        return math.log(self.size)

    @property
    def input_width(self) -> int:
        """Columns of the generator's input: one for each category."""
        return self.size

    @property
    def posterior_width(self) -> int:
        """Outputs of the recognition network: one logit for each category."""
        return self.size

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` class indices on the generator's device."""
        return torch.randint(self.size, (count,), generator=generator, device=generator.device)

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


@dataclass(frozen=True)
class Uniform:
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

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` values on the generator's device."""
        unit = torch.rand(count, generator=generator, device=generator.device)
        return self.low + (self.high - self.low) * unit

    def encode(self, values: Tensor) -> Tensor:
        """Return one column, (n, 1) float32."""
        return values[:, None].float()

    def log_likelihood(self, posterior: Tensor, values: Tensor) -> Tensor:
        """Return log q(c|x), nats, (n,), from mean and log σ (n, 1 or 2) and values (n,)."""
        mean = posterior[:, 0].float()
        if self.sigma is None:
            log_sigma = posterior[:, 1].float().clamp(*LOG_SIGMA_RANGE)
        else:
            log_sigma = torch.full_like(mean, math.log(self.sigma))
        standardised = (values - mean) / log_sigma.exp()
        return -0.5 * standardised.square() - log_sigma - 0.5 * math.log(2 * math.pi)

    def expectation(self, posterior: Tensor) -> Tensor:
        """Return the posterior's mean, (n,)."""
        return posterior[:, 0].float()

    def traversal(self, count: int | None = None, stretch: float = 1.0) -> Tensor:
        """Return `count` (10 by default) evenly spaced values over the support times `stretch`.

        `stretch=2` is the paper's exaggerated traversal: −2 … 2 for a code on [−1, 1].
        """
        centre, half = (self.high + self.low) / 2, (self.high - self.low) / 2 * stretch
        return torch.linspace(centre - half, centre + half, count or 10)


Code = Categorical | Uniform
_KINDS: dict[str, type[Categorical] | type[Uniform]] = {
    Categorical.kind: Categorical,
    Uniform.kind: Uniform,
}


class CodeSpace(Mapping[str, Code]):
    """Named latent codes c and `noise` standard normal variables z, all independent.

    A mapping from code name to code, in the order given. `encode` makes the generator's input;
    `split` divides the recognition network's output among the codes.

    >>> space = CodeSpace(digit=Categorical(10), slant=Uniform(-1, 1), noise=62)
    >>> space.input_width, space.posterior_width
    (73, 12)
    >>> generator = torch.Generator().manual_seed(0)
    >>> codes = space.sample(5, generator)
    >>> codes["digit"].shape, codes["slant"].shape
    (torch.Size([5]), torch.Size([5]))
    """

    def __init__(self, *, noise: int, **codes: Code) -> None:
        if not codes:
            raise UserError("a code space needs at least one code")
        if type(noise) is not int or noise < 0:
            raise UserError(f"noise must be a whole number of variables, not {quoted(noise)}")
        self.noise = noise
        self._codes = dict(codes)
        for name in codes:
            _check_name(name)
        if len(codes) > MOST_CODES or self.input_width > MOST_COLUMNS:
            raise UserError(
                f"a code space has at most {MOST_CODES:,} codes and {MOST_COLUMNS:,} columns, of "
                f"categories, continuous codes and noise, not {len(codes):,} and "
                f"{shown(self.input_width)}"
            )

    def __getitem__(self, name: str) -> Code:
        return self._codes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CodeSpace):
            return NotImplemented
        return self.noise == other.noise and list(self.items()) == list(other.items())

    def __hash__(self) -> int:
        return hash((self.noise, tuple(self._codes.items())))

    def __repr__(self) -> str:
        codes = ", ".join(f"{name}={code!r}" for name, code in self.items())
        return f"CodeSpace({codes}, noise={self.noise})"

    @property
    def entropy(self) -> dict[str, float]:
        """H(c) of each code, in nats."""
        return {name: code.entropy for name, code in self.items()}

    @property
    def input_width(self) -> int:
        """Columns of the generator's input."""
        return self.noise + sum(code.input_width for code in self.values())

    @property
    def posterior_width(self) -> int:
        """Outputs of the recognition network."""
        return sum(code.posterior_width for code in self.values())

    def sample(self, count: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Draw `count` values of every code from the prior, on the generator's device."""
        return {name: code.sample(count, generator) for name, code in self.items()}

    def sample_noise(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw z ~ N(0, 1), (count, noise), on the generator's device."""
        return torch.randn(count, self.noise, generator=generator, device=generator.device)

    def encode(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Return the generator's input (n, input_width): z, then every code in order."""
        return torch.cat([noise, *(code.encode(codes[name]) for name, code in self.items())], dim=1)

    def split(self, posterior: Tensor) -> dict[str, Tensor]:
        """Return each code's part of the recognition network's output (n, posterior_width)."""
        parts = torch.split(posterior, [code.posterior_width for code in self.values()], dim=1)
        return dict(zip(self, parts, strict=True))

    def log_likelihood(self, posterior: Tensor, codes: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return log q(c|x) of each code, nats, (n,)."""
        parts = self.split(posterior)
        return {name: code.log_likelihood(parts[name], codes[name]) for name, code in self.items()}

    def lower_bound(self, posterior: Tensor, codes: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return L_I(G, Q) = E[log q(c|x)] + H(c) of each code (eq. 5), nats, a scalar each."""
        log_q = self.log_likelihood(posterior, codes)
        return {name: log_q[name].mean() + code.entropy for name, code in self.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, from which `from_dict` builds an equal space."""
        codes = [{"name": name, "kind": code.kind, **vars(code)} for name, code in self.items()]
        return {"noise": self.noise, "codes": codes}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "CodeSpace":
        """Return the space described by plain data. Raises UserError if there is none."""
        try:
            codes = {}
            for entry in data["codes"]:
                fields = {key: entry[key] for key in entry if key not in ("name", "kind")}
                name = str(entry["name"])
                if name in codes:
                    raise UserError(f"two codes are called {quoted(name)}")
                codes[name] = _KINDS[entry["kind"]](**fields)
            return cls(noise=data["noise"], **codes)
        except (KeyError, TypeError) as error:
            raise UserError(f"not a description of latent codes: {one_line(error)}") from error


def _check_name(name: str) -> None:
    """Raise UserError for a name that is empty, too long, or that a terminal would obey."""
    if not name.strip() or len(name) > LONGEST_NAME or printable(name) != name:
        raise UserError(
            f"a code's name is text of 1 to {LONGEST_NAME} characters that can be printed, "
            f"not {shown(repr(name))}"
        )
