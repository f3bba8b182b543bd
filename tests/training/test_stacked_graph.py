"""Recording a stacked step: on a CPU what is recorded is called again instead of replayed."""

from typing import Any

import pytest
import torch

from infoeval import Affine
from infoeval.training.cuda_graph import NOT_ON_A_GPU, CapturedStep, Replay, captured
from infoeval.training.image_source import StreamedImages
from infoeval.training.stacked_step import StackedStep
from tests.comparing import identical
from tests.tiny import tiny_images
from tests.training.test_cuda_graph import FORBIDDEN, Watch
from tests.training.test_stacked_step import states, steps_of


def rehearsed(once: Replay, *_: Any) -> Replay:
    """What a recording does before it can be replayed."""
    for _ in range(4):
        once()
    return once


def broken(once: Replay, *_: Any) -> Replay:
    """A recording that breaks off."""
    once()
    raise RuntimeError("operation not permitted when stream is capturing")


@pytest.mark.parametrize("record", [rehearsed, broken])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_captured_stack_is_the_stack(record: Any, streamed: bool) -> None:
    """The recording leaves no trace, with λ warming up, when the invariance term sets in too."""
    changes: dict[str, Any] = {"information_warmup": 4, "recognition_view": Affine()}
    changes |= {"invariance_weight": 1.0, "invariance_starts": 2}
    plain, replaying = steps_of(**changes), steps_of(**changes)
    for step in replaying if streamed else ():
        pixels = torch.from_numpy(tiny_images().images)
        step.images = StreamedImages(pixels, pixels.device, step.trainer)
    told: list[str] = []
    eager, stack = StackedStep(plain), StackedStep(replaying)
    replayed = CapturedStep(stack, told.append, record)
    for count in (1, 4):
        own, found = eager.advance(count), replayed.advance(count)
        torch.testing.assert_close(found, own, rtol=1e-5, atol=1e-6)
    assert stack.done == 5
    assert len(told) == (record is broken)
    for each in (eager, stack):
        each.unstack()
    for one, other in zip(plain, replaying, strict=True):
        other.images.close()
        assert torch.equal(one.generator.get_state(), other.generator.get_state())
        for mine, theirs in zip(states(one), states(other), strict=True):
            assert identical(mine, theirs)


def test_a_stacked_step_reads_nothing_back_and_brings_nothing_in() -> None:
    """Which a graph could not replay; with every setting that adds something to a step."""
    changes: dict[str, Any] = {"information_warmup": 4, "recognition_view": Affine()}
    changes |= {"invariance_weight": 1.0, "image_noise": 0.1}
    stack = StackedStep(steps_of(**changes))
    stack()
    stack.clock = torch.ones((), dtype=torch.float64)
    with Watch() as watch:
        stack()
    assert {"randint", "convolution_backward", "_fused_adam_"} <= watch.operations
    assert not watch.operations & FORBIDDEN


def test_on_a_cpu_a_stack_is_left_as_it_is() -> None:
    stack, told = StackedStep(steps_of()), []
    assert captured(stack, told.append) is stack
    assert told == [NOT_ON_A_GPU]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")
def test_on_a_gpu_a_replayed_stack_is_the_stack() -> None:
    device = torch.device("cuda")
    stacks = [StackedStep(steps_of(device=device, recognition_view=Affine())) for _ in range(2)]
    replayed = CapturedStep(stacks[1], pytest.fail)
    torch.testing.assert_close(replayed.advance(20), stacks[0].advance(20), rtol=1e-3, atol=1e-3)
