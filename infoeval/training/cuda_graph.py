"""Steps replayed as one CUDA graph: the networks are small, and launching kernels costs the time.

Everything a step does is recorded once, drawing, both updates and the sum of the statistics, and
from then on launched as a whole. Nothing is read back while steps are replayed; what the host does
between them is to get streamed images ready.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from infoeval.training.step import Step

__all__ = ["NOT_ON_A_GPU", "CapturedStep", "Say", "Snapshot", "captured", "record_cuda_graph"]

WARM_UP = 3
"""Steps before the recording: libraries choose their kernels and optimisers make their moments."""

NOT_CAPTURED = "training steps are not captured"
NOT_ON_A_GPU = f"{NOT_CAPTURED}: CUDA graphs need a GPU"

Say = Callable[[str], None]
Replay = Callable[[], None]
Record = Callable[[Replay, torch.Generator], Replay]
"""Performs what it is given a few times, records it, and returns what replays it."""


def captured(step: Step, say: Say | None = None) -> "Step | CapturedStep":
    """`step`, captured where that is possible; elsewhere `step` itself, and `say` is told why."""
    say = say or _keep_silent
    if step.generator.device.type == "cuda" and step.world is None:
        return CapturedStep(step, say)
    say(NOT_ON_A_GPU if step.world is None else f"{NOT_CAPTURED}: several processes share the run")
    return step


class CapturedStep:
    """A step that a CUDA graph replays; where recording fails, the step as it is.

    Training goes as with the step itself: the steps that are made for the recording are taken
    back. The step is recorded anew when the invariance term sets in, as its shapes change then.

    Args:
        step: on a GPU.
        say: told in one line why the step could not be recorded.
        record: how it is recorded.

    """

    def __init__(self, step: Step, say: Say, record: Record | None = None) -> None:
        step.hold_images()
        self.step = step
        self.say = say
        self.record = record or record_cuda_graph
        device = step.generator.device
        # Sums of many float32 statistics keep their last digits in float64.
        self.total = torch.zeros(len(step.statistics), dtype=torch.float64, device=device)
        self.clock = torch.zeros((), dtype=torch.float64, device=device)
        self.replay: Replay | None = None
        self.invariant = False
        self.failed = False

    def advance(self, count: int) -> Tensor:
        """Perform `count` steps and return the means of their statistics, on the device."""
        step = self.step
        self.total.zero_()
        self.clock.fill_(step.done)
        for _ in range(count):
            step.fetch_images()
            if self.replay is None or (step.invariant != self.invariant and not self.failed):
                self.replay = self._capture()
            self.replay()
            step.done += 1
        return (self.total / count).float()

    def _once(self) -> None:
        """One step that leaves the host as it was: a graph replays only what the device does."""
        step, done = self.step, self.step.done
        step.clock = self.clock
        try:
            self.total.add_(step())
        finally:
            step.clock, step.done = None, done
        self.clock.add_(1)

    def _capture(self) -> Replay:
        step = self.step
        self.replay = None  # gives the memory of an earlier graph back
        self.invariant = step.invariant
        step.networks.zero_grad(set_to_none=True)
        before = Snapshot(step, self.total, self.clock)
        try:
            with _capturable(step):
                replay = self.record(self._once, step.generator)
        except RuntimeError as error:
            self.failed = True
            self.say(f"{NOT_CAPTURED}: {_first_line(error)}")
            # A generator whose recording broke off refuses to draw.
            step.generator = torch.Generator(step.generator.device)
            replay = self._once
        before.restore()
        return replay


class Snapshot:
    """Everything that a step changes, and `others`, as they are now.

    `restore` puts it back in place, as a graph knows tensors by their address: what an optimiser
    has made since becomes zero, with which it starts.
    """

    def __init__(self, step: Step, *others: Tensor) -> None:
        self.step = step
        changing = [*step.networks.state_dict().values(), *_moments(step), *others]
        self.copies = [(tensor, tensor.detach().clone()) for tensor in changing]
        self.random_state = step.generator.get_state()
        self.done = step.done

    @torch.no_grad()
    def restore(self) -> None:
        """Take back whatever the step has done since."""
        for tensor in _moments(self.step):
            tensor.zero_()
        for tensor, copy in self.copies:
            tensor.copy_(copy)
        self.step.generator.set_state(self.random_state)
        self.step.done = self.done


def _moments(step: Step) -> Iterator[Tensor]:
    """The optimisers' moments and step counts."""
    for optimizer in step.optimizers.values():
        for state in optimizer.state.values():
            yield from state.values()


@contextmanager
def _capturable(step: Step) -> Iterator[None]:
    """Let the optimisers be recorded; at all other times they would warn that nobody does."""
    groups = [group for each in step.optimizers.values() for group in each.param_groups]
    for group in groups:
        group["capturable"] = True
    try:
        yield
    finally:
        for group in groups:
            group["capturable"] = False


def record_cuda_graph(once: Replay, *generators: torch.Generator) -> Replay:
    """Perform `once` a few times, then record it with all that it draws from `generators`."""
    device = generators[0].device
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream(device))
    graph = torch.cuda.CUDAGraph()
    for generator in generators:
        graph.register_generator_state(generator)
    with torch.cuda.stream(stream):
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", ".*capturable=True.* running without")
                for _ in range(WARM_UP):
                    once()
        finally:
            stream.synchronize()
        # A thread that reads images ahead may allocate and copy meanwhile.
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            once()
    return graph.replay


def _first_line(error: BaseException) -> str:
    """Why a recording broke off; what ends it raises another error, which says less."""
    while error.__context__ is not None:
        error = error.__context__
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _keep_silent(line: str) -> None:
    del line
