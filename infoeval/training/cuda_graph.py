"""Steps replayed as one CUDA graph, as launching the kernels of small networks takes most time.

A step is recorded once, from its random draws to the sum of its statistics, and then launched as a
whole. Nothing is read back while steps are replayed; between them the host only fetches streamed
images.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from infoeval.training.step import Stop, TrainingStep, never

WARM_UP = 3
"""Steps before the recording: libraries choose kernels, and optimisers create their moments."""

NOT_CAPTURED = "training steps are not captured"

Replay = Callable[[], object]
Record = Callable[..., Replay]
"""Called with a function and the generators it draws from; returns what replays the function."""


def captured(step: TrainingStep, log: Callable[[str], None]) -> "TrainingStep | CapturedStep":
    """Return the captured step, or `step` itself on a CPU and where several processes share it.

    The latter is logged. The step may be that of one run or of several stacked runs.
    """
    if step.device.type != "cuda":
        return step
    if step.world is None:
        return CapturedStep(step, log)
    log(f"{NOT_CAPTURED}: several processes share the run")
    return step


class CapturedStep:
    """A step that a CUDA graph replays, or the step itself if the recording fails.

    The result is that of the step itself: the steps performed for the recording are undone. The
    step is recorded again when the invariance term sets in, because its shapes change then.

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

    def advance(self, count: int, stop: Stop = never) -> Tensor:
        """Return the means of the statistics of `count` steps; see `TrainingStep.advance`."""
        step, before = self.step, self.step.done
        self.total.zero_()
        self.clock.fill_(step.done)
        for _ in range(count):
            step.fetch_images()
            invariant = step.trainer.is_invariant(step.done)
            if self.replay is None or (invariant != self.invariant and not self.failed):
                self.replay = self._capture(invariant)
            self.replay()
            step.done += 1
            if stop():
                break
        return (self.total / (step.done - before)).float()

    def _once(self) -> None:
        """Perform one step without a trace on the host: a graph replays the device's part only."""
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
    """A copy of everything that a step changes, and of `others`.

    `restore` copies it back in place, as a graph knows tensors by their address. Moments that an
    optimiser has created since become zero, their initial value.
    """

    def __init__(self, step: TrainingStep, *others: Tensor) -> None:
        self.step = step
        changing = [*step.networks.state_dict().values(), *_moments(step), *others]
        self.copies = [(tensor, tensor.detach().clone()) for tensor in changing]
        self.random_states = [run.generator.get_state() for run in step.runs]
        self.done = step.done

    @torch.no_grad()
    def restore(self) -> None:
        """Undo what the step has done since."""
        for tensor in _moments(self.step):
            tensor.zero_()
        for tensor, copy in self.copies:
            tensor.copy_(copy)
        for run, state in zip(self.step.runs, self.random_states, strict=True):
            run.generator.set_state(state)
        self.step.done = self.done


def _moments(step: TrainingStep) -> Iterator[Tensor]:
    """Yield the optimisers' moments and step counts."""
    for optimizer in step.optimizers.values():
        for state in optimizer.state.values():
            yield from state.values()


@contextmanager
def _capturable(step: TrainingStep) -> Iterator[None]:
    """Context in which the optimisers are capturable; outside a recording they would warn."""
    groups = [group for optimizer in step.optimizers.values() for group in optimizer.param_groups]
    for group in groups:
        group["capturable"] = True
    try:
        yield
    finally:
        for group in groups:
            group["capturable"] = False


def record_cuda_graph(function: Callable[[], object], *generators: torch.Generator) -> Replay:
    """Return the replay of `function`, which is called a few times and then recorded.

    The graph advances the `generators` from which the function draws.
    """
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
    """Return the first error's line: ending a broken recording raises a vaguer one on top."""
    while error.__context__ is not None:
        error = error.__context__
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
