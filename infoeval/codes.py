"""Latent codes by name, each with its prior of `infoeval.priors`.

A `CodeSpace` names its codes and is the only place that knows which columns of the generator's
input, or of the recognition network's output, belong to which code.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from infoeval.errors import UserError, one_line, printable, quoted, shown
from infoeval.priors import PRIORS, Angle, Categorical, Normal, Prior, Uniform

__all__ = [
    "Angle",
    "Categorical",
    "Code",
    "CodeSpace",
    "Normal",
    "Prior",
    "Uniform",
    "parse_codes",
]

MOST_CODES = 4096
MOST_COLUMNS = 2**17
"""Columns of the generator's input. Ten thousand rows of them are drawn at once; published models
have some hundred."""
LONGEST_NAME = 100
"""Characters of a code's name, which stands in tables, figures and the names of files."""

Code = Prior
"""A code is described by its prior."""


_UNIFORM: tuple[str, Code] = ("continuous", Uniform(-1, 1))
_NORMAL: tuple[str, Code] = ("normal", Normal())
_ANGLE: tuple[str, Code] = ("angle", Angle())
_LETTERS = {
    **dict.fromkeys(("u", "uniform"), _UNIFORM),
    **dict.fromkeys(("n", "normal"), _NORMAL),
    **dict.fromkeys(("a", "angle"), _ANGLE),
}
"""By word of `parse_codes`: the beginning of the code's name, and its prior."""


class CodeSpace(Mapping[str, Code]):
    """Named latent codes c and `noise` standard normal variables z, all independent.

    There may be noise alone, as in a GAN without designed codes.

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

    def __init__(self, /, *, noise: int, **codes: Code) -> None:
        if type(noise) is not int or noise < 0:
            raise UserError(f"noise must be a whole number of variables, not {quoted(noise)}")
        if not codes and not noise:
            raise UserError("a code space needs at least one code, or noise")
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
        codes = [{"name": name, "kind": code.kind, **code.to_dict()} for name, code in self.items()]
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
                codes[name] = PRIORS[entry["kind"]](**fields)
            if not codes:
                raise UserError("a description of latent codes needs at least one code")
            return cls(noise=data["noise"], **codes)
        except (KeyError, TypeError) as error:
            raise UserError(f"not a description of latent codes: {one_line(error)}") from error


def parse_codes(text: str) -> dict[str, Code]:
    """Return the codes in a text such as "10,10,u,n": numbers of categories and letters of priors.

    u is uniform on [−1, 1], n standard normal, a an angle.

    >>> list(parse_codes("10,3,u,a"))
    ['category_1', 'category_2', 'continuous_1', 'angle_1']

    Raises UserError, in one line, for anything else.
    """
    codes: dict[str, Code] = {}
    counts: Counter[str] = Counter()
    for word in (word.strip().lower() for word in text.split(",")):
        stem, code = _LETTERS.get(word, ("", None))
        if word.isascii() and word.isdigit():
            stem, code = "category", Categorical(int(word))
        if code is None:
            raise UserError(
                f"codes {text!r}: {word!r} is neither a number of categories nor u (uniform), "
                'n (normal) or a (angle); write for example "10,10,u,u"'
            )
        counts[stem] += 1
        codes[f"{stem}_{counts[stem]}"] = code
    return codes


def _check_name(name: str) -> None:
    """Raise UserError for a name that is empty, too long, or that a terminal would obey."""
    if not name.strip() or len(name) > LONGEST_NAME or printable(name) != name:
        raise UserError(
            f"a code's name is text of 1 to {LONGEST_NAME} characters that can be printed, "
            f"not {shown(repr(name))}"
        )
