"""Independent random streams of codes and the images that a channel makes of them."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import IntEnum

import numpy as np
import torch
from torch import Tensor

from infoeval.codes import CodeSpace
from infoeval.errors import UserError

__all__ = ["CHUNK", "JOINT", "Chunk", "Render", "Samples", "Source", "Stream"]

JOINT = "all codes"
"""Stands for all codes together where one is named."""
Render = Callable[[Mapping[str, Tensor], torch.Generator], Tensor]
Chunk = tuple[dict[str, Tensor], Tensor]
CHUNK = 2_000
KEPT_BYTES = 1 << 30
SHUFFLED = 1 << 30
"""Chunk numbers from here on are those of the null's codes."""
ROUNDING = 1e-4
"""How far floats may lie outside [0, 1] before it is an error and no rounding."""


class Stream(IntEnum):
    """What the draws are for; each has randomness of its own."""

    INIT = 0
    TRAIN = 1
    VALIDATION = 2
    CALIBRATION = 3
    TEST = 4


class Samples(ABC):
    """Codes and images in chunks of `CHUNK`, from streams of their own randomness.

    `example` are some images, by which Q centres and scales pixels; `seed` that of all streams;
    `seconds` the time that drawing images took so far.
    """

    space: CodeSpace
    seed: int
    example: Tensor
    seconds: float = 0.0

    @abstractmethod
    def chunk(self, stream: Stream, number: int) -> Chunk:
        """Codes and images (CHUNK, ...) of a stream: the same whenever they are asked for."""

    def generator(self, stream: Stream, number: int) -> torch.Generator:
        """A fresh generator for chunk `number` of a stream."""
        sequence = np.random.SeedSequence(self.seed, spawn_key=(int(stream), number))
        return torch.Generator().manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> 1))

    def shuffled(self) -> "Samples":
        """The same images with codes drawn anew, which have nothing to do with them: the null."""
        return _Shuffled(self)


class Source(Samples):
    """Codes from the prior and the 8-bit images that `render` makes of them.

    Samples come in chunks of `CHUNK`; a chunk of a stream is the same whenever it is drawn, so
    that not all have to be kept. Everything is drawn on the CPU: a seed means the same everywhere.

    Args:
        space: the latent codes.
        render: (codes, generator) to images, see `infoeval.information.estimate`.
        seed: of all streams.
        training_render: what draws the images that Q is trained on, where that may be rougher
            and faster than `render`; they are never scored.

    Raises:
        UserError: there are no codes, or `render` does not keep its word.

    """

    def __init__(
        self,
        space: CodeSpace,
        render: Render,
        seed: int,
        *,
        training_render: Render | None = None,
    ) -> None:
        if not isinstance(space, CodeSpace):
            raise UserError(f"there are no codes to estimate in {space!r}: give a CodeSpace")
        if JOINT in space:
            raise UserError(f"a code cannot be called {JOINT!r}: that is all of them together")
        if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
            raise UserError(f"seed must be a whole number from 0 to 2^63 − 1, not {seed!r}")
        self.space, self.seed = space, seed
        self._render, self._training_render = render, training_render or render
        self._kept: dict[tuple[Stream, int], Chunk] = {}
        self._kept_bytes = 0
        self._shape: tuple[int, ...] | None = None
        self.example = self._draw(Stream.INIT, 0)[1]
        self._shape = tuple(self.example.shape[1:])
        again = self._draw(Stream.INIT, 0)[1]
        # The last bit may differ where a GPU adds up in another order.
        if int((self.example.short() - again.short()).abs().max()) > 1:
            raise UserError(
                "render ignores its generator: two calls with equal codes and generators of equal "
                "seeds drew different images; draw all randomness from the generator it is given"
            )

    def chunk(self, stream: Stream, number: int) -> Chunk:
        """Codes and uint8 images (CHUNK, channels, height, width)."""
        kept = self._kept.get((stream, number))
        if kept is not None:
            return kept
        drawn = self._draw(stream, number)
        if self._kept_bytes + drawn[1].numel() <= KEPT_BYTES:
            self._kept[stream, number] = drawn
            self._kept_bytes += drawn[1].numel()
        return drawn

    def _draw(self, stream: Stream, number: int) -> Chunk:
        started = time.perf_counter()
        generator = self.generator(stream, number)
        codes = self.space.sample(CHUNK, generator)
        given = {name: values.clone() for name, values in codes.items()}
        render = self._training_render if stream is Stream.TRAIN else self._render
        images = self._check(render(given, generator))
        self.seconds += time.perf_counter() - started
        return codes, images

    def _check(self, images: object) -> Tensor:
        if not isinstance(images, Tensor):
            raise UserError(f"render returned {type(images).__name__}, not a tensor of images")
        images, shape = images.detach(), tuple(images.shape)
        if images.dim() != 4 or 0 in shape:
            raise UserError(
                f"render returned a tensor of shape {shape}, not (n, channels, height, width)"
            )
        if shape[0] != CHUNK:
            raise UserError(f"render returned {shape[0]} images for {CHUNK} codes")
        if self._shape is not None and shape[1:] != self._shape:
            raise UserError(
                f"render changed the size of its images from {self._shape} to {shape[1:]}"
            )
        if images.dtype == torch.uint8:
            # A copy, in case render draws into the same memory every time.
            return images.cpu().clone()
        if not images.dtype.is_floating_point:
            raise UserError(
                f"render returned {images.dtype}; images are uint8, or floats in [0, 1]"
            )
        if not bool(images.isfinite().all()):
            raise UserError("render returned images with values that are not finite (NaN or inf)")
        low, high = float(images.min()), float(images.max())
        if low < -ROUNDING or high > 1 + ROUNDING:
            raise UserError(
                f"render returned floats from {low:.4g} to {high:.4g}; "
                "images are floats in [0, 1], or uint8"
            )
        return images.float().cpu().mul(255).round().clamp(0, 255).to(torch.uint8)


class _Shuffled(Samples):
    """A source whose codes are replaced by others, from the same prior."""

    def __init__(self, source: Samples) -> None:
        self.space, self.seed, self.example = source.space, source.seed, source.example
        self._source = source

    def chunk(self, stream: Stream, number: int) -> Chunk:
        generator = self.generator(stream, number + SHUFFLED)
        return self.space.sample(CHUNK, generator), self._source.chunk(stream, number)[1]
