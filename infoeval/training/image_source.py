"""The training images: all on the device, or streamed to it from memory or a file."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Event, Semaphore, Thread
from typing import NamedTuple

import torch
from torch import Tensor

from infoeval.errors import UserError, described
from infoeval.trainer import Trainer
from infoeval.training.draws import draw_ahead

AHEAD = 4
"""Number of batches that are read before they are needed."""
SHARE = 0.75
"""Share of a GPU's free memory for images; the rest is for networks and what they compute."""
REPORTED_WAIT = 0.02
"""Share of a run's time spent waiting for images from which on it is reported."""


class Images:
    """Training images, uint8 (n, channels, height, width), from which each step takes a batch.

    Args:
        pixels: the images.
        device: where batches are needed.

    """

    def __init__(self, pixels: Tensor, device: torch.device) -> None:
        self.pixels = pixels
        self.device = device

    def __len__(self) -> int:
        """Count the images."""
        return len(self.pixels)

    def fetch(self, generator: torch.Generator, done: int) -> None:
        """Get the batch ready that the step after `done` will draw from `generator`."""

    def take(self, rows: Tensor) -> Tensor:
        """Return the images of `rows`, those of the batch last fetched, on the device.

        A graph can replay this after `hold`.
        """
        return self.pixels[rows]

    def hold(self) -> None:
        """Keep every batch at one address, as a graph requires."""

    def close(self) -> None:
        """End the reading thread, if there is one; the next `fetch` starts it again."""


class ResidentImages(Images):
    """Images that lie on the device."""

    def __init__(self, pixels: Tensor) -> None:
        super().__init__(pixels, pixels.device)


class StreamedImages(Images):
    """Images in the host's memory or in a mapped file, of which the device holds a few batches.

    A thread draws on a copy of the run's generator what the coming steps will draw, reads their
    images and copies them to the device. The run's own generator stays where that of a run with
    `ResidentImages` would be, so both runs are the same, bit for bit, and either can resume the
    other's checkpoint. Each batch carries the state that the generator has to have when it is
    needed; in any other state, as after a checkpoint was restored, reading begins anew there.

    A graph knows memory by its address: from `hold` on `fetch` copies every batch to one place.

    Args:
        pixels: uint8 (n, channels, height, width) on the CPU.
        device: where batches are needed.
        trainer: the settings of the steps.
        ahead: batches that are read before they are needed, one at least.

    Attributes:
        waited: seconds that steps have waited for images so far.
        starts: how often reading began; once in an undisturbed run.

    """

    def __init__(
        self, pixels: Tensor, device: torch.device, trainer: Trainer, ahead: int = AHEAD
    ) -> None:
        super().__init__(pixels, device)
        self.trainer = trainer
        self.ahead = ahead
        self.waited = 0.0
        self.starts = 0
        self._batch: Tensor | None = None
        self._held = False
        self._reader: ReadAhead | None = None

    def fetch(self, generator: torch.Generator, done: int) -> None:
        """Get the batch of the coming step ready; see `Images`.

        Raises:
            UserError: the images could not be read.

        """
        state = generator.get_state()
        batch = None if self._reader is None else self._next(self._reader)
        if batch is None or not torch.equal(batch.state, state):
            batch = self._next(self._begin(state, done))
        if batch.copied is not None:
            stream = torch.cuda.current_stream(self.device)
            stream.wait_event(batch.copied)
            batch.pixels.record_stream(stream)
        if self._held and self._batch is not None:
            self._batch.copy_(batch.pixels)
        else:
            self._batch = batch.pixels

    def take(self, rows: Tensor) -> Tensor:
        """Return the batch last fetched, which is that of `rows`."""
        del rows
        assert self._batch is not None, "fetch comes first"
        return self._batch

    def hold(self) -> None:
        """Keep one place for the batches; see `Images`."""
        if not self._held:
            shape = (self.trainer.batch, *self.pixels.shape[1:])
            self._batch = torch.empty(shape, dtype=self.pixels.dtype, device=self.device)
            self._held = True

    def close(self) -> None:
        """End the thread."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def read(self, rows: Tensor) -> tuple[Tensor, None]:
        """Return the images of `rows`, on the CPU."""
        return self.pixels[rows], None

    def _begin(self, state: Tensor, done: int) -> "ReadAhead":
        """Read ahead from `state`, the generator's before the step after `done`."""
        self.close()
        generator = torch.Generator(self.device)
        generator.set_state(state)
        coming = draw_ahead(self.trainer, len(self), generator, done)
        if self.device.type == "cuda":
            copies = PinnedCopies(self.pixels, self.device, self.trainer.batch, self.ahead)
            self._reader = ReadAhead(_on_stream(coming, copies.stream), copies, self.ahead)
        else:
            self._reader = ReadAhead(coming, self.read, self.ahead)
        self.starts += 1
        return self._reader

    def _next(self, reader: "ReadAhead") -> "Batch":
        try:
            batch, waited = reader.next()
        except UserError:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise UserError(f"cannot read the training images: {described(error)}") from error
        self.waited += waited
        return batch


class Batch(NamedTuple):
    """Images that were read ahead.

    `state` is the generator's before their rows are drawn; `copied` happens when `pixels` have
    arrived on a GPU, and is None where they are there already.
    """

    state: Tensor
    pixels: Tensor
    copied: torch.cuda.Event | None


class ReadAhead:
    """A thread that reads batch after batch, and waits while `ahead` of them are ready.

    Args:
        coming: the state and the rows of each batch, without end; advanced in the thread.
        read: returns the images of rows (count,) on the device, and the event of their arrival;
            called in the thread.
        ahead: batches that may be ready, one at least.

    """

    def __init__(
        self,
        coming: Iterator[tuple[Tensor, Tensor]],
        read: Callable[[Tensor], tuple[Tensor, torch.cuda.Event | None]],
        ahead: int,
    ) -> None:
        self._coming = coming
        self._read = read
        self._ready: SimpleQueue[Batch | BaseException] = SimpleQueue()
        self._room = Semaphore(ahead)
        self._ended = Event()
        self._thread = Thread(target=self._run, name="infoeval reading ahead", daemon=True)
        self._thread.start()

    def next(self) -> tuple[Batch, float]:
        """Return the next batch and the seconds waited for it.

        An error in the thread is raised here; after that there is no next batch.
        """
        waited = 0.0
        try:
            batch = self._ready.get_nowait()
        except Empty:
            started = time.perf_counter()
            batch = self._ready.get()
            waited = time.perf_counter() - started
        self._room.release()
        if isinstance(batch, BaseException):
            raise batch
        return batch, waited

    def close(self) -> None:
        """End the thread, once it has read the batch it is at."""
        self._ended.set()
        self._room.release()
        self._thread.join()

    def _run(self) -> None:
        try:
            for state, rows in self._coming:
                self._room.acquire()
                if self._ended.is_set():
                    return
                self._ready.put(Batch(state, *self._read(rows)))
        except BaseException as error:  # raised again in the thread that waits
            self._ready.put(error)


class PinnedCopies:
    """Copies rows to a GPU, through pinned buffers used in turn, on a separate CUDA stream.

    Args:
        pixels: uint8 (n, channels, height, width) on the CPU.
        device: the GPU.
        count: rows in a batch.
        buffers: how many batches may be on their way.

    """

    def __init__(self, pixels: Tensor, device: torch.device, count: int, buffers: int) -> None:
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pixels = pixels
        self._device = device
        shape = (count, *pixels.shape[1:])
        self._buffers = [
            torch.empty(shape, dtype=pixels.dtype, pin_memory=True) for _ in range(buffers)
        ]
        self._copied: list[torch.cuda.Event | None] = [None] * buffers
        self._turn = 0

    def __call__(self, rows: Tensor) -> tuple[Tensor, torch.cuda.Event]:
        """Return the images of `rows` (count,), and the event of their arrival."""
        buffer, before = self._buffers[self._turn], self._copied[self._turn]
        if before is not None:
            before.synchronize()  # the buffer's last batch has left it
        torch.index_select(self._pixels, 0, rows.cpu(), out=buffer)
        copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
        with torch.cuda.stream(self.stream):
            pixels = buffer.to(self._device, non_blocking=True, copy=True)
            copied.record()
        self._copied[self._turn] = copied
        self._turn = (self._turn + 1) % len(self._buffers)
        return pixels, copied


def place(
    pixels: Tensor, device: torch.device, trainer: Trainer, memory: int | None = None
) -> Images:
    """Return images on the device if they fit, or else a stream of them.

    Args:
        pixels: uint8 (n, channels, height, width) on the CPU.
        device: where the steps are computed.
        trainer: the settings of the steps.
        memory: bytes that the images may take on the device. None: on a GPU three quarters of
            what is free; on a CPU no limit, and images stay in memory or mapped.

    Raises:
        UserError: `memory` is below 0.

    """
    if pixels.nbytes > room_for_images(device, memory):
        return StreamedImages(pixels, device, trainer)
    return ResidentImages(pixels.to(device))


def room_for_images(device: torch.device, memory: int | None) -> float:
    """Return the bytes that images may take on the device; see `place`."""
    if memory is not None:
        if memory < 0:
            raise UserError(f"the memory for images must be 0 or more bytes, not {memory}")
        return memory
    return SHARE * torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else math.inf


@contextmanager
def streaming(images: Sequence[Images], log: Callable[[str], None]) -> Iterator[None]:
    """Context that closes the images of one or more runs, and logs how long steps waited."""
    streamed = [source for source in images if isinstance(source, StreamedImages)]
    if streamed:
        log("the images do not fit the device: they are streamed to it")
    started = time.monotonic()
    try:
        yield
    finally:
        for source in images:
            source.close()
    waited, seconds = sum(source.waited for source in streamed), time.monotonic() - started
    if waited > REPORTED_WAIT * seconds:
        log(f"steps waited {waited:.1f} of {seconds:.1f} s for images")


def _on_stream(
    coming: Iterator[tuple[Tensor, Tensor]], stream: torch.cuda.Stream
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield what is drawn on `stream`, so that no step waits for what is drawn ahead."""
    with torch.cuda.stream(stream):
        yield from coming
