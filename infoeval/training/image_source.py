"""Where the training images lie: on the device as a whole, or in a file, read ahead of the step."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor

from infoeval.errors import UserError
from infoeval.trainer import Trainer
from infoeval.training.draws import coming_rows, draw_rows
from infoeval.training.prefetch import Batch, Copies, ReadingAhead

__all__ = ["Images", "ResidentImages", "StreamedImages", "place", "room_for_images", "streaming"]

AHEAD = 4
"""Batches that are read before they are wanted."""
SHARE = 0.75
"""Of a GPU's free memory, for images; the rest is for networks and what they compute."""

WORTH_SAYING = 0.02
"""Share of a run's time that its steps wait for images."""


class Images(Protocol):
    """Training images of which each step draws a batch."""

    device: torch.device

    def __len__(self) -> int:
        """Count the images."""
        ...

    def draw(self, count: int, generator: torch.Generator, done: int) -> Tensor:
        """Draw `count` images with replacement, for the step after `done`.

        Gives uint8 (count, channels, height, width) on the device. The generator, the run's own,
        moves on by the draw of the rows and nothing else.
        """
        ...

    def hold(self, count: int) -> None:
        """Let `draw` do from now on only what a graph can replay; `fetch` does the rest."""
        ...

    def fetch(self, generator: torch.Generator, done: int) -> None:
        """Get ready what the replayed `draw` of the step after `done` gives."""
        ...

    def close(self) -> None:
        """End what runs beside; drawing again starts it again."""
        ...


class ResidentImages:
    """Images that lie on the device: uint8 (n, channels, height, width)."""

    def __init__(self, pixels: Tensor) -> None:
        self.pixels = pixels
        self.device = pixels.device

    def __len__(self) -> int:
        """Count the images."""
        return len(self.pixels)

    def draw(self, count: int, generator: torch.Generator, done: int) -> Tensor:
        """Draw a batch; see `Images`."""
        del done
        return self.pixels[draw_rows(len(self), count, generator)]

    def hold(self, count: int) -> None:
        """Do nothing: all images are where a graph finds them."""

    def fetch(self, generator: torch.Generator, done: int) -> None:
        """Do nothing; see `hold`."""

    def close(self) -> None:
        """Do nothing: nothing runs beside."""


class StreamedImages:
    """Images in the host's memory or in a mapped file, of which the device holds a few batches.

    A thread rehearses on a copy of the run's generator what the coming steps will draw, fetches
    their images and copies them to the device. The run's own generator stays where that of a run
    with `ResidentImages` would be, so both runs are the same, bit for bit, and either can take up
    the other's checkpoint. Each batch carries the state that the generator has to have when it
    is wanted; in any other state, as after a checkpoint was restored, reading begins anew there.

    A graph knows memory by its address: from `hold` on every batch is copied to one place, by
    `fetch`, before the graph is replayed.

    Args:
        pixels: uint8 (n, channels, height, width) on the CPU.
        device: where batches are wanted.
        trainer: whose steps are rehearsed.
        ahead: batches that are read before they are wanted, one at least.

    Attributes:
        waited: seconds that steps have waited for images so far.
        starts: how often reading began; once in an undisturbed run.

    """

    def __init__(
        self, pixels: Tensor, device: torch.device, trainer: Trainer, ahead: int = AHEAD
    ) -> None:
        self.pixels = pixels
        self.device = device
        self.trainer = trainer
        self.ahead = ahead
        self.waited = 0.0
        self.starts = 0
        self._held: Tensor | None = None
        self._reader: ReadingAhead | None = None

    def __len__(self) -> int:
        """Count the images."""
        return len(self.pixels)

    def draw(self, count: int, generator: torch.Generator, done: int) -> Tensor:
        """Draw a batch; see `Images`.

        Raises:
            UserError: the images could not be read.

        """
        pixels = self._coming(count, generator, done) if self._held is None else self._held
        draw_rows(len(self), count, generator)
        return pixels

    def hold(self, count: int) -> None:
        """Keep one place for the batches; see `Images`."""
        if self._held is None:
            shape = (count, *self.pixels.shape[1:])
            self._held = torch.empty(shape, dtype=self.pixels.dtype, device=self.device)

    def fetch(self, generator: torch.Generator, done: int) -> None:
        """Copy the coming batch to its place; see `Images`.

        Raises:
            UserError: the images could not be read.

        """
        if self._held is not None:
            self._held.copy_(self._coming(len(self._held), generator, done))

    def close(self) -> None:
        """End the thread."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _coming(self, count: int, generator: torch.Generator, done: int) -> Tensor:
        """Give the batch of the coming draw; the generator stays where it is."""
        state = generator.get_state()
        batch = None if self._reader is None else self._next(self._reader)
        if batch is None or not torch.equal(batch.state, state):
            batch = self._next(self._begin(count, state, done))
        if batch.copied is not None:
            stream = torch.cuda.current_stream(self.device)
            stream.wait_event(batch.copied)
            batch.pixels.record_stream(stream)
        return batch.pixels

    def _begin(self, count: int, state: Tensor, done: int) -> ReadingAhead:
        """Read ahead from `state`, the generator's before the step after `done`."""
        self.close()
        generator = torch.Generator(self.device)
        generator.set_state(state)
        coming = coming_rows(self.trainer, len(self), count, generator, done)
        if self.device.type == "cuda":
            copies = Copies(self.pixels, self.device, count, self.ahead)
            self._reader = ReadingAhead(_on_stream(coming, copies.stream), copies, self.ahead)
        else:
            self._reader = ReadingAhead(coming, self._gather, self.ahead)
        self.starts += 1
        return self._reader

    def _gather(self, rows: Tensor) -> tuple[Tensor, None]:
        return self.pixels[rows], None

    def _next(self, reader: ReadingAhead) -> Batch:
        try:
            batch, waited = reader.next()
        except UserError:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise UserError(
                f"cannot read the training images: {type(error).__name__}: "
                f"{' '.join(str(error).split())[:200]}"
            ) from error
        self.waited += waited
        return batch


def place(
    pixels: Tensor, device: torch.device, trainer: Trainer, memory: int | None = None
) -> Images:
    """Put images on the device where they fit, or stream them where they do not.

    Args:
        pixels: uint8 (n, channels, height, width) on the CPU.
        device: where the steps are computed.
        trainer: whose steps they are.
        memory: bytes that the images may take on the device. None: on a GPU three quarters of
            what is free; on a CPU there is no limit, and images stay as they are, in memory or
            mapped.

    Raises:
        UserError: `memory` is below 0.

    """
    if pixels.nbytes > room_for_images(device, memory):
        return StreamedImages(pixels, device, trainer)
    return ResidentImages(pixels.to(device))


def room_for_images(device: torch.device, memory: int | None) -> float:
    """Bytes that images may take on the device; see `place`."""
    if memory is not None:
        if memory < 0:
            raise UserError(f"the memory for images must be 0 or more bytes, not {memory}")
        return memory
    return SHARE * torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else math.inf


@contextmanager
def streaming(images: Sequence[Images], say: Callable[[str], None] | None) -> Iterator[None]:
    """Close the images of one or more runs at the end; `say` when they slow the runs down."""
    say = say or (lambda _: None)
    streamed = [each for each in images if isinstance(each, StreamedImages)]
    if streamed:
        say("the images do not fit the device: they are streamed to it")
    started = time.monotonic()
    try:
        yield
    finally:
        for each in images:
            each.close()
    waited, seconds = sum(each.waited for each in streamed), time.monotonic() - started
    if waited > WORTH_SAYING * seconds:
        say(f"steps waited {waited:.1f} of {seconds:.1f} s for images")


def _on_stream(
    coming: Iterator[tuple[Tensor, Tensor]], stream: torch.cuda.Stream
) -> Iterator[tuple[Tensor, Tensor]]:
    """Draw on `stream`, so that no step waits for what is drawn ahead."""
    with torch.cuda.stream(stream):
        yield from coming
