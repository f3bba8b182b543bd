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

from infoeval.training.step import TrainingStep

__all__ = ["NOT_ON_A_GPU", "CapturedStep", "Snapshot", "captured", "record_cuda_graph"]

WARM_UP = 3
"""Steps before the recording: libraries choose their kernels and optimisers make their moments."""

NOT_CAPTURED = "training steps are not captured"
NOT_ON_A_GPU = f"{NOT_CAPTURED}: CUDA graphs need a GPU"

Replay = Callable[[], object]
Record = Callable[..., Replay]
"""Called with a function and the generators it draws from; returns what replays the function."""


def captured(step: TrainingStep, log: Callable[[str], None]) -> "TrainingStep | CapturedStep":
    """`step`, captured where that is possible; elsewhere `step` itself, and the reason is logged.

    The step may be that of one run or of several stacked runs.
    """
    if step.device.type == "cuda" and step.world is None:
        return CapturedStep(step, log)
    log(NOT_ON_A_GPU if step.world is None else f"{NOT_CAPTURED}: several processes share the run")
    return step


class CapturedStep:
    """A step that a CUDA graph replays; where recording fails, the step as it is.

    Training goes as with the step itself: the steps that are made for the recording are taken
    back. The step is recorded anew when the invariance term sets in, as its shapes change then.

    Args:
        step: on a GPU.
        log: called with the reason, in one line, if the step could not be recorded.
        record: how it is recorded.

    """

    def __init__(
        self, step: TrainingStep, log: Callable[[str], None], record: Record | None = None
    ) -> None:
        step.hold_images()
        self.step = step
        self.log = log
        self.record = record or record_cuda_graph
        # Sums of many float32 statistics keep their last digits in float64.
        self.total = torch.zeros(step.statistics_shape, dtype=torch.float64, device=step.device)
        self.clock = torch.zeros((), dtype=torch.float64, device=step.device)
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
            invariant = step.trainer.is_invariant(step.done)
            if self.replay is None or (invariant != self.invariant and not self.failed):
                self.replay = self._capture(invariant)
            self.replay()
            step.done += 1
        return (self.total / count).float()

    def _once(self) -> None:
        """One step that leaves the host as it was: a graph replays only what the device does."""
        step, done = self.step, self.step.done
        step.clock = self.clock
        try:
            self.total.add_(step.compute())
        finally:
            step.clock, step.done = None, done
        self.clock.add_(1)

    def _capture(self, invariant: bool) -> Replay:
        step = self.step
        self.replay = None  # frees the memory of an earlier graph
        self.invariant = invariant
        step.networks.zero_grad(set_to_none=True)
        before = Snapshot(step, self.total, self.clock)
        replay: Replay
        try:
            with _capturable(step):
                replay = self.record(self._once, *(run.generator for run in step.runs))
        except RuntimeError as error:
            self.failed = True
            self.log(f"{NOT_CAPTURED}: {_first_line(error)}")
            # A generator whose recording broke off refuses to draw.
            for run in step.runs:
                run.generator = torch.Generator(step.device)
            replay = self._once
        before.restore()
        return replay


class Snapshot:
    """Everything that a step changes, and `others`, as they are now.

    `restore` puts it back in place, as a graph knows tensors by their address: what an optimiser
    has made since becomes zero, with which it starts.
    """

    def __init__(self, step: TrainingStep, *others: Tensor) -> None:
        self.step = step
        changing = [*step.networks.state_dict().values(), *_moments(step), *others]
        self.copies = [(tensor, tensor.detach().clone()) for tensor in changing]
        self.random_states = [run.generator.get_state() for run in step.runs]
        self.done = step.done

    @torch.no_grad()
    def restore(self) -> None:
        """Undo whatever the step has done since."""
        for tensor in _moments(self.step):
            tensor.zero_()
        for tensor, copy in self.copies:
            tensor.copy_(copy)
        for run, state in zip(self.step.runs, self.random_states, strict=True):
            run.generator.set_state(state)
        self.step.done = self.done


def _moments(step: TrainingStep) -> Iterator[Tensor]:
    """The optimisers' moments and step counts."""
    for optimizer in step.optimizers.values():
        for state in optimizer.state.values():
            yield from state.values()


@contextmanager
def _capturable(step: TrainingStep) -> Iterator[None]:
    """Let the optimisers be recorded; at all other times they would warn that nobody does."""
    groups = [group for optimizer in step.optimizers.values() for group in optimizer.param_groups]
    for group in groups:
        group["capturable"] = True
    try:
        yield
    finally:
        for group in groups:
            group["capturable"] = False


def record_cuda_graph(function: Callable[[], object], *generators: torch.Generator) -> Replay:
    """Call `function` a few times, then record it with all that it draws from `generators`."""
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
                    function()
        finally:
            stream.synchronize()
        # A thread that reads images ahead may allocate and copy meanwhile.
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            function()
    return graph.replay


def _first_line(error: BaseException) -> str:
    """Why a recording broke off: the first error, as ending a recording raises a vaguer one."""
    while error.__context__ is not None:
        error = error.__context__
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
