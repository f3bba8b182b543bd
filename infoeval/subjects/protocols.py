"""What encoders and generators of a user must provide: `encode`, `generate` and `codes`."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from infoeval.codes import CodeSpace


class Encoder(Protocol):
    """Reads codes from images; see docs/your-model.md. For `infoeval score` a function will do."""

    def encode(self, images: Tensor) -> Any:
        """Return the codes of images, which are uint8 (n, channels, height, width), 0 to 255.

        Either an array (n, D) of D codes, or one (n,) of a single code: floats are continuous,
        whole numbers of an integer type and booleans are categories. Or posteriors: a pair (mean,
        log_variance), a `torch.distributions` object, an object with such attributes. Or a mapping
        from names to any of these, where floats (n, K) whose rows are probabilities are one
        categorical code.
        """


class Generator(Protocol):
    """Draws images from codes of known prior; any further randomness is in its noise."""

    @property
    def codes(self) -> CodeSpace:
        """The latent codes and the number of noise variables."""

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Return images (n, channels, height, width), uint8 in 0 to 255 or floats in [0, 1].

        Args:
            codes: by name, class indices (n,) int64 of a categorical code and values (n,) float32
                of a continuous one.
            noise: standard normal, (n, codes.noise) float32.

        """


@runtime_checkable
class TwoStepGenerator(Generator, Protocol):
    """A generator in two steps, z to w to images, such as one with a mapping network."""

    def latent(self, noise: Tensor) -> Tensor:
        """Return points w, (n, D) floats, of standard normal noise (n, codes.noise)."""

    def synthesize(self, w: Tensor) -> Tensor:
        """Return images of points w (n, D), as `generate` does."""


class Model(Encoder, Generator, Protocol):
    """A generative model with latent codes that both encodes and generates."""


def sample(
    generator: Generator, count: int, random: torch.Generator
) -> tuple[dict[str, Tensor], Tensor]:
    """Return `count` draws of the codes, by name, and the images generated from them."""
    codes = generator.codes.sample(count, random)
    return codes, generator.generate(codes, generator.codes.sample_noise(count, random))


def render_of(
    generator: Generator,
) -> Callable[[Mapping[str, Tensor], torch.Generator], Tensor]:
    """Return the generator as a function of codes and of the random stream of its noise."""

    def render(codes: Mapping[str, Tensor], random: torch.Generator) -> Tensor:
        count = len(next(iter(codes.values())))
        return generator.generate(codes, generator.codes.sample_noise(count, random))

    return render
