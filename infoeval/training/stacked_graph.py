"""A stacked step replayed as one CUDA graph, its runs' streams registered with it."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from infoeval.training.cuda_graph import (
    NOT_ON_A_GPU,
    CapturedStep,
    Record,
    Replay,
    Say,
    record_cuda_graph,
)
from infoeval.training.stacked_step import StackedStep
from infoeval.training.step import Step

__all__ = ["CapturedStack", "captured_stack"]


def captured_stack(stack: StackedStep, say: Say) -> "StackedStep | CapturedStack":
    """`stack`, captured where that is possible; elsewhere `stack` itself, and `say` is told why."""
    if stack.device.type == "cuda":
        return CapturedStack(stack, say)
    say(NOT_ON_A_GPU)
    return stack


class CapturedStack:
    """A stacked step that a CUDA graph replays; see `infoeval.training.cuda_graph.CapturedStep`."""

    def __init__(self, stack: StackedStep, say: Say, record: Record | None = None) -> None:
        self.runs = stack.runs
        one = _AsOneRun(stack)
        self.captured = CapturedStep(cast(Step, one), say, record or self._record)
        self.steps = stack.steps

    def advance(self, count: int) -> Tensor:
        """Perform `count` steps and return the means of their statistics, (S, count of them)."""
        return self.captured.advance(count).view(self.runs, -1)

    def _record(self, once: Replay, _: object) -> Replay:
        return record_cuda_graph(once, *(step.generator for step in self.steps))


class _AsOneRun:
    """A stacked step as if it were that of one run: one stream, and one row of statistics."""

    def __init__(self, stack: StackedStep) -> None:
        self.stack = stack
        self.networks, self.optimizers = stack.networks, stack.optimizers
        self.statistics = stack.steps[0].statistics * stack.runs

    def __call__(self) -> Tensor:
        return self.stack().flatten()

    def hold_images(self) -> None:
        self.stack.hold_images()

    def fetch_images(self) -> None:
        self.stack.fetch_images()

    @property
    def done(self) -> int:
        return self.stack.done

    @done.setter
    def done(self, done: int) -> None:
        self.stack.done = done

    @property
    def clock(self) -> Tensor | None:
        return self.stack.clock

    @clock.setter
    def clock(self, clock: Tensor | None) -> None:
        self.stack.clock = clock

    @property
    def invariant(self) -> bool:
        return self.stack.invariant

    @property
    def generator(self) -> "_Streams":
        return _Streams(self.stack.steps)

    @generator.setter
    def generator(self, _: torch.Generator) -> None:
        """Replace every stream: one whose recording broke off refuses to draw."""
        for step in self.stack.steps:
            step.generator = torch.Generator(self.stack.device)


class _Streams:
    """The runs' streams, side by side."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        self.device = steps[0].generator.device

    def get_state(self) -> list[Tensor]:
        return [step.generator.get_state() for step in self.steps]

    def set_state(self, states: Sequence[Tensor]) -> None:
        for step, state in zip(self.steps, states, strict=True):
            step.generator.set_state(state)
