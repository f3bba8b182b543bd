"""Batches that a thread fetches before they are wanted."""

import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Event, Semaphore, Thread
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Batch", "Copies", "ReadingAhead"]

Fetch = Callable[[Tensor], tuple[Tensor, torch.cuda.Event | None]]
"""From rows (count,) to their images on the device, and what tells when they have arrived."""


class Batch(NamedTuple):
    """Images that were drawn ahead.

    `state` is the generator's before their rows are drawn; `copied` happens when `pixels` have
    arrived on a GPU, and is None where they are there already.
    """

    state: Tensor
    pixels: Tensor
    copied: torch.cuda.Event | None


class ReadingAhead:
    """A thread that fetches batch after batch and rests while `ahead` of them lie ready.

    Args:
        coming: the state and the rows of each batch, without end; advanced in the thread.
        fetch: gives the images of rows; called in the thread.
        ahead: batches that may lie ready, one at least.

    """

    def __init__(self, coming: Iterator[tuple[Tensor, Tensor]], fetch: Fetch, ahead: int) -> None:
        self._coming = coming
        self._fetch = fetch
        self._ready: SimpleQueue[Batch | BaseException] = SimpleQueue()
        self._room = Semaphore(ahead)
        self._ended = Event()
        self._thread = Thread(target=self._read, name="infoeval reading ahead", daemon=True)
        self._thread.start()

    def next(self) -> tuple[Batch, float]:
        """Give the next batch and the seconds that it was waited for.

        What was raised in the thread is raised here; after that there is no next one.
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
        """End the thread, once it has fetched what it is at."""
        self._ended.set()
        self._room.release()
        self._thread.join()

    def _read(self) -> None:
        try:
            for state, rows in self._coming:
                self._room.acquire()
                if self._ended.is_set():
                    return
                self._ready.put(Batch(state, *self._fetch(rows)))
        except BaseException as error:  # whatever it is, the step that waits has to know
            self._ready.put(error)


class Copies:
    """Fetches rows to a GPU, through pinned buffers used in turn and on a stream of its own.

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
        """Give the images of `rows` (count,), and the event of their arrival."""
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
