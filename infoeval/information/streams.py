"""Independent random streams of codes and of the images that a generator makes from them."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum

import numpy as np
import torch
from torch import Tensor

from infoeval.arrays import ROUNDING
from infoeval.codes import CodeSpace
from infoeval.errors import UserError

JOINT = "all codes"
"""The name under which results for all codes together are reported."""
Render = Callable[[Mapping[str, Tensor], torch.Generator], Tensor]
"""Codes and a source of randomness to images; see `infoeval.information.estimate`."""
Chunk = tuple[dict[str, Tensor], Tensor]
"""Codes by name, each (n,), and their uint8 images (n, channels, height, width)."""
Progress = Callable[[str, float], None]
"""A callback: the present activity, and the share of it that is done."""
CHUNK = 2_000
"""Samples in a chunk."""
CACHE_BYTES = 1 << 30
"""Chunks of this size altogether are kept in memory."""
SHUFFLED = 1 << 30
"""Chunk numbers from here on are those of shuffled codes."""


class Stream(IntEnum):
    """The purposes of random draws; the streams are independent of each other."""

    INIT = 0
    TRAIN = 1
    VALIDATION = 2
    CALIBRATION = 3
    TEST = 4


class Samples(ABC):
    """Codes and images in chunks of `CHUNK`, from independent streams.

    `example` holds some images, by which Q centres and scales pixels; `seed` is that of all
    streams; `seconds` is the time spent on drawing images so far.
    """

    space: CodeSpace
    seed: int
    example: Tensor
    seconds: float = 0.0

    @abstractmethod
    def chunk(self, stream: Stream, number: int) -> Chunk:
        """Return codes and images (CHUNK, ...) of a stream, the same on every call."""

    def chunks(self, stream: Stream, count: int) -> list[Chunk]:
        """Return the first chunks of a stream, `count` samples or more."""
        return [self.chunk(stream, number) for number in range(math.ceil(count / CHUNK))]

    def generator(self, stream: Stream, number: int) -> torch.Generator:
        """Return a fresh random generator for chunk `number` of a stream."""
        sequence = np.random.SeedSequence(self.seed, spawn_key=(int(stream), number))
        return torch.Generator().manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> 1))

    def shuffled(self) -> "Samples":
        """Return the same images with codes drawn anew, independent of them: I(c; x) = 0."""
        return _Shuffled(self)


class Source(Samples):
    """Codes from the prior and the 8-bit images that `render` makes of them.

    A chunk is the same whenever it is drawn, so only `CACHE_BYTES` of them are kept. Everything is
    drawn on the CPU: a seed gives the same samples on every machine.

    Args:
        space: the latent codes.
        render: (codes, generator) to images, see `infoeval.information.estimate`.
        seed: of all streams.
        training_render: a faster, less exact `render` for the images that Q is trained and chosen
            on.

    Raises:
        UserError: `space` is no code space, or `render` returns no images or is not deterministic.

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
        self._cache: dict[tuple[Stream, int], Chunk] = {}
        self._cached_bytes = 0
        self._shape: tuple[int, ...] | None = None
        self.example = self._draw(Stream.INIT, 0)[1]
        self._shape = tuple(self.example.shape[1:])
        again = self._draw(Stream.INIT, 0)[1]
        # GPUs add up in varying order, which can change a pixel by one grey level.
        if int((self.example.short() - again.short()).abs().max()) > 1:
            raise UserError(
                "equal codes and equal random numbers gave different images: draw all randomness "
                "from the generator that render is given; of a model, from its noise alone"
            )

    def chunk(self, stream: Stream, number: int) -> Chunk:
        """Return codes and uint8 images (CHUNK, channels, height, width)."""
        cached = self._cache.get((stream, number))
        if cached is not None:
            return cached
        drawn = self._draw(stream, number)
        if self._cached_bytes + drawn[1].numel() <= CACHE_BYTES:
            self._cache[stream, number] = drawn
            self._cached_bytes += drawn[1].numel()
        return drawn

    def _draw(self, stream: Stream, number: int) -> Chunk:
        started = time.perf_counter()
        generator = self.generator(stream, number)
        codes = self.space.sample(CHUNK, generator)
        copies = {name: values.clone() for name, values in codes.items()}
        is_training = stream in (Stream.TRAIN, Stream.VALIDATION)
        render = self._training_render if is_training else self._render
        images = self._as_bytes(render(copies, generator))
        self.seconds += time.perf_counter() - started
        return codes, images

    def _as_bytes(self, images: object) -> Tensor:
        """Return what `render` returned as uint8 images, or raise UserError."""
        if not isinstance(images, Tensor):
            raise UserError(f"render returned {type(images).__name__}, not a tensor of images")
        images, shape = images.detach(), tuple(images.shape)
        if images.dim() != 4 or 0 in shape:
            raise UserError(
                f"render returned a tensor of shape {shape}, not (n, channels, height, width)"
            )
        if shape[0] != CHUNK:
            raise UserError(f"render returned {shape[0]} images for {CHUNK} codes")
        if images.is_meta:
            raise UserError("render returned a tensor without values, on the meta device")
        if self._shape is not None and shape[1:] != self._shape:
            raise UserError(
                f"render changed the size of its images from {self._shape} to {shape[1:]}"
            )
        if images.dtype == torch.uint8:
            # A copy, because render may reuse its memory.
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
                f"render returned floats from {low:.4g} to {high:.4g}; images are uint8, or "
                "floats in [0, 1], such as (x + 1) / 2 of a tanh"
            )
        return images.float().cpu().mul(255).round().clamp(0, 255).to(torch.uint8)


class _Shuffled(Samples):
    """The images of a source with other codes from the same prior."""

    def __init__(self, source: Samples) -> None:
        self.space, self.seed, self.example = source.space, source.seed, source.example
        self._source = source

    def chunk(self, stream: Stream, number: int) -> Chunk:
        generator = self.generator(stream, number + SHUFFLED)
        return self.space.sample(CHUNK, generator), self._source.chunk(stream, number)[1]


@contextmanager
def seeded_weights(generator: torch.Generator) -> Iterator[None]:
    """Context in which new layers are initialised from `generator`; torch's state is restored."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator.initial_seed())
        yield
