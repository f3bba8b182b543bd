"""Captured steps: all that a graph needs of a step, and on a GPU that it trains as the step does.

Where there is no GPU, a graph is played by a function that repeats the step with everything the
host knew when it was recorded, as a graph does.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import infoeval.training.run as runs
from infoeval import Affine, Trainer
from infoeval.checkpoint import Checkpoint
from infoeval.cli import main
from infoeval.errors import UserError
from infoeval.training.choosing import load_trainer
from infoeval.training.cuda_graph import (
    CapturedStep,
    Replay,
    Snapshot,
    captured,
    record_cuda_graph,
)
from infoeval.training.image_source import ResidentImages, StreamedImages
from infoeval.training.stacked_step import StackedStep
from infoeval.training.step import Step
from tests.comparing import identical
from tests.tiny import tiny_images, tiny_trainer
from tests.training.running import split_options
from tests.training.test_stacked_step import states, steps_of

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "gan": {"information_weight": 0.0},
    "with_discriminator": {"recognition_learns": "with_discriminator"},
    "views": {"recognition_view": Affine(), "invariance_weight": 1.0},
    "late invariance": {"invariance_weight": 1.0, "invariance_starts": 5},
    "warm-up": {"information_warmup": 8, "information_weight": 0.7},
    "late continuous codes": {"continuous_starts": 5},
    "D waits now and then": {"discriminator_waits_below": 1.39},
    "gradient penalty": {"gradient_penalty": 10.0},
    "noise": {"image_noise": 0.1},
    "falling noise, cut views": {
        "image_noise": 0.1,
        "image_noise_half_life": 2,
        "recognition_view": Affine(cutout=0.5),
    },
    "half precision": {"precision": "bfloat16"},
}
EVERY_SETTING = pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS)
BLOCKS = (1, 4, 2)
"""Steps that are made at once; invariance sets in between them, or within the second."""


def step_of(trainer: Trainer, device: str = "cpu") -> Step:
    networks = trainer.networks().initialise(torch.Generator().manual_seed(0)).train()
    networks = networks.to(device).to(memory_format=torch.channels_last)
    pixels = tiny_images().images
    if trainer.image_shape != pixels.shape[1:]:
        shape = (1000, *trainer.image_shape)
        pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    images = torch.from_numpy(pixels).to(device)
    return Step(trainer, networks, images, torch.Generator(device).manual_seed(0))


def after(count: int, **changes: Any) -> Step:
    step = step_of(tiny_trainer(**changes))
    for _ in range(count):
        step()
    return step


def state(step: Step) -> dict[str, Any]:
    """A copy of everything that a step may change."""
    return {
        "weights": {name: value.clone() for name, value in step.networks.state_dict().items()},
        "optimizers": {
            name: [
                {key: value.clone() for key, value in moments.items()}
                for moments in optimizer.state.values()
            ]
            for name, optimizer in step.optimizers.items()
        },
        "random_state": step.generator.get_state(),
        "done": step.done,
        "clock": step.clock,
    }


@cache
def _eager(setting: str, before: int) -> tuple[list[Tensor], dict[str, Any]]:
    step = after(before, **SETTINGS[setting])
    return [torch.stack([step() for _ in range(count)]).mean(0) for count in BLOCKS], state(step)


def eager(changes: dict[str, Any], before: int) -> tuple[list[Tensor], dict[str, Any]]:
    """Means of single steps in blocks, made after some others, and the state that they lead to."""
    (setting,) = [name for name, each in SETTINGS.items() if each is changes]
    return _eager(setting, before)


def capturable(step: Step) -> list[bool]:
    groups = [group for each in step.optimizers.values() for group in each.param_groups]
    return [group["capturable"] for group in groups]


class Recorder:
    """Plays a graph: what the host knows stands still at the recording."""

    def __init__(self) -> None:
        self.step: Step | None = None
        self.recorded: list[int] = []

    def __call__(self, once: Callable[[], None], generator: torch.Generator) -> Callable[[], None]:
        assert self.step is not None
        step, frozen = self.step, self.step.done
        assert generator is step.generator
        assert all(capturable(step))
        self.recorded.append(frozen)
        for _ in range(3):
            once()

        def replay() -> None:
            now, step.done = step.done, frozen
            once()
            step.done = now

        return replay


def played(step: Step) -> tuple[CapturedStep, Recorder]:
    recorder = Recorder()
    recorder.step = step
    return CapturedStep(step, pytest.fail, recorder), recorder


# The eager step


@EVERY_SETTING
def test_advancing_gives_the_means_of_single_steps(changes: dict[str, Any]) -> None:
    step, (means, final) = after(0, **changes), eager(changes, 0)
    for count, expected in zip(BLOCKS, means, strict=True):
        assert torch.equal(step.advance(count), expected)
    assert identical(state(step), final)
    assert step.done == 7


class Watch(TorchDispatchMode):
    """Remembers every operation."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: set[str] = set()

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        self.operations.add(function.overloadpacket.__name__)
        return function(*args, **(kwargs or {}))


FORBIDDEN = {"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "lift_fresh", "item"}
"""Operations that wait for the device, or bring numbers to it from the host."""


@EVERY_SETTING
def test_a_step_reads_nothing_back_and_brings_nothing_in(changes: dict[str, Any]) -> None:
    step = after(1, **changes)
    step.clock = torch.ones((), dtype=torch.float64)
    with Watch() as watch:
        step()
    # Drawing, a backward pass and the optimisers have been seen.
    assert {"randint", "convolution_backward", "_fused_adam_"} <= watch.operations
    assert not watch.operations & FORBIDDEN


# Taking back what the recording needs


@EVERY_SETTING
@pytest.mark.parametrize("before", [0, 2])
def test_a_snapshot_takes_steps_back_bit_for_bit(changes: dict[str, Any], before: int) -> None:
    step, untouched = after(before, **changes), after(before, **changes)
    addresses = [value.data_ptr() for value in step.networks.state_dict().values()]
    snapshot = Snapshot(step)
    for _ in range(3):
        step()
    assert not torch.equal(step.generator.get_state(), untouched.generator.get_state())
    snapshot.restore()
    assert [value.data_ptr() for value in step.networks.state_dict().values()] == addresses
    if before:
        assert identical(state(step), state(untouched))
    for _ in range(4):
        assert torch.equal(step(), untouched())
    assert identical(state(step), state(untouched))


def test_moments_made_since_are_those_an_optimiser_starts_with() -> None:
    step = after(0)
    snapshot = Snapshot(step)
    step()
    tensors = [
        tensor
        for optimizer in step.optimizers.values()
        for moments in optimizer.state.values()
        for tensor in moments.values()
    ]
    assert all(tensor.count_nonzero() for tensor in tensors)
    snapshot.restore()
    assert tensors
    assert not any(tensor.count_nonzero() for tensor in tensors)


# What is replayed


@EVERY_SETTING
@pytest.mark.parametrize("before", [0, 3])
def test_a_captured_step_trains_as_the_step_does_on_streamed_images(
    changes: dict[str, Any], before: int
) -> None:
    """Every batch comes to the place that the graph knows, and is foreseen to the end."""
    step, (means, final) = after(before, **changes), eager(changes, before)
    images = streamed(step)
    capturing, _ = played(step)
    rows = torch.arange(step.trainer.batch)
    place = images.take(rows).data_ptr()
    for count, expected in zip(BLOCKS, means, strict=True):
        found = capturing.advance(count)
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
        assert images.take(rows).data_ptr() == place
    images.close()
    assert identical(state(step), final)
    assert images.starts == 1


def streamed(step: Step) -> StreamedImages:
    """The step's images, streamed from now on."""
    assert isinstance(step.images, ResidentImages)
    step.images = images = StreamedImages(step.images.pixels, torch.device("cpu"), step.trainer)
    return images


@EVERY_SETTING
@pytest.mark.parametrize("before", [0, 3])
def test_a_captured_step_trains_as_the_step_does(changes: dict[str, Any], before: int) -> None:
    step, (means, final) = after(before, **changes), eager(changes, before)
    capturing, _ = played(step)
    for count, expected in zip(BLOCKS, means, strict=True):
        found = capturing.advance(count)
        assert found.dtype == expected.dtype == torch.float32
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    assert step.done == final["done"] == before + 7
    assert not any(capturable(step))
    assert identical(state(step), final)


@pytest.mark.parametrize(
    ("changes", "recorded"),
    [
        ({}, [0]),
        ({"invariance_weight": 1.0}, [0]),
        ({"invariance_weight": 1.0, "invariance_starts": 5}, [0, 5]),
        ({"invariance_weight": 1.0, "invariance_starts": 100}, [0]),
        ({"information_warmup": 5}, [0]),
    ],
)
def test_it_is_recorded_anew_only_when_invariance_sets_in(
    changes: dict[str, Any], recorded: list[int]
) -> None:
    capturing, recorder = played(after(0, **changes))
    for _ in range(5):
        capturing.advance(3)
    assert recorder.recorded == recorded


def test_one_replay_leaves_the_host_as_it_was() -> None:
    capturing, _ = played(after(2, information_warmup=9))
    capturing._once()
    assert capturing.step.done == 2
    assert capturing.step.clock is None


@pytest.mark.parametrize("warmup", [0, 1, 2, 3, 7, 30_000])
def test_lambda_on_the_device_is_lambda_on_the_host(warmup: int) -> None:
    step = after(0, information_weight=0.3, information_warmup=warmup)
    for done in (0, 1, 2, 5, 6, 7, 12_345, 29_999, 10**7):
        step.done, step.clock = done, None
        on_host = step.weight
        assert isinstance(on_host, float)
        step.clock, step.done = torch.tensor(float(done), dtype=torch.float64), 0
        on_device = step.weight
        if warmup > 1:
            assert isinstance(on_device, Tensor)
            assert on_device.dtype == torch.float32
            assert on_device.item() == np.float32(on_host)
        else:
            assert on_device == on_host == 0.3


# Where recording fails


class Breaking(Recorder):
    """Cannot record after so many recordings, and leaves everything disturbed."""

    def __init__(self, good: int, *errors: BaseException) -> None:
        super().__init__()
        self.good = good
        self.errors = errors

    def __call__(self, once: Callable[[], None], generator: torch.Generator) -> Callable[[], None]:
        replay = super().__call__(once, generator)
        if len(self.recorded) <= self.good:
            return replay
        try:
            raise self.errors[0]
        finally:
            for later in self.errors[1:]:
                raise later


def breaking(step: Step, good: int, *errors: BaseException) -> tuple[CapturedStep, list[str]]:
    recorder, said = Breaking(good, *errors), []
    recorder.step = step
    return CapturedStep(step, said.append, recorder), said


@EVERY_SETTING
@pytest.mark.parametrize("good", [0, 1])
def test_without_a_graph_training_goes_on(changes: dict[str, Any], good: int) -> None:
    step, (means, final) = after(3, **changes), eager(changes, 3)
    capturing, said = breaking(step, good, RuntimeError("cannot do this\n\nin a graph"))
    for count, expected in zip(BLOCKS, means, strict=True):
        found = capturing.advance(count)
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    assert identical(state(step), final)
    fails = good == 0 or "invariance_starts" in changes
    assert said == ["training steps are not captured: cannot do this"] * fails


def test_the_first_error_is_told() -> None:
    capturing, said = breaking(after(0), 0, RuntimeError("no .item() here"), RuntimeError("ended"))
    capturing.advance(1)
    assert said == ["training steps are not captured: no .item() here"]


def test_an_error_without_words_is_told_by_name() -> None:
    capturing, said = breaking(after(0), 0, NotImplementedError())
    capturing.advance(1)
    assert said == ["training steps are not captured: NotImplementedError"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), UserError("no images")])
def test_what_is_no_fault_of_the_recording_goes_through(error: BaseException) -> None:
    capturing, said = breaking(after(0), 0, error)
    with pytest.raises(type(error)):
        capturing.advance(1)
    assert said == []


def test_a_generator_that_refuses_to_draw_is_replaced() -> None:
    step = after(1)
    before, drawn = step.generator, step.generator.get_state()
    capturing, _ = breaking(step, 0, RuntimeError("broken off"))
    capturing.advance(1)
    assert step.generator is not before
    expected = after(1)
    assert torch.equal(expected.generator.get_state(), drawn)
    expected()
    assert torch.equal(step.generator.get_state(), expected.generator.get_state())


# Where it is not tried


def test_on_a_cpu_the_step_stays_as_it_is() -> None:
    step = after(0)
    assert captured(step, pytest.fail) is step


def test_a_run_of_several_processes_is_not_captured() -> None:
    said: list[str] = []
    step = after(0)
    step.device = torch.device("cuda")
    step.world = object()  # type: ignore[assignment]
    assert captured(step, said.append) is step
    assert said == ["training steps are not captured: several processes share the run"]


# Whole runs


def run(folder: Path, trainer: Trainer, **options: Any) -> Checkpoint:
    settings: dict[str, Any] = {"device": "cpu", "log_every": 4, "checkpoint_every": 4}
    arguments = split_options(settings | options)
    return Checkpoint.open(runs.train(trainer, tiny_images(), folder, **arguments))


def test_a_run_on_a_cpu_says_nothing_about_graphs(tmp_path: Path) -> None:
    first = run(tmp_path / "asked", tiny_trainer(), log=pytest.fail)
    second = run(tmp_path / "not", tiny_trainer(), log=pytest.fail, capture=False)
    assert identical(first.weights, second.weights)


@EVERY_SETTING
def test_a_captured_run_is_the_eager_one(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it is taken up again, in the middle of a warm-up or before invariance sets in."""
    trainer = tiny_trainer(steps=10, **changes)
    eager = run(tmp_path / "eager", trainer)
    monkeypatch.setattr(runs, "captured", lambda step, say: played(step)[0])
    run(tmp_path / "captured", replace(trainer, steps=4))
    found = run(tmp_path / "captured", trainer, resume=True)
    for name in ("weights", "optimizers", "random_state", "step"):
        assert identical(getattr(found, name), getattr(eager, name)), name
    assert found.history["step"] == eager.history["step"] == [4, 8, 10]
    for name in eager.history:
        if name != "seconds":
            np.testing.assert_allclose(
                found.history[name], eager.history[name], rtol=1e-6, atol=1e-6
            )


def test_the_command_takes_the_option_on_a_cpu_too(tmp_path: Path) -> None:
    images = tmp_path / "images.npz"
    np.savez(images, images=np.random.default_rng(0).integers(0, 256, (16, 28, 28), np.uint8))
    command = ["train", str(images), "--steps", "1", "--batch", "8", "--device", "cpu", "--out"]
    for choice in ("--capture", "--no-capture"):
        ended = CliRunner().invoke(main, [*command, str(tmp_path / choice), choice])
        assert ended.exit_code == 0, ended.output
        assert "capture" not in ended.stderr.replace(str(tmp_path / choice), "")


# On a GPU

BUNDLED: dict[str, tuple[str, dict[str, Any]]] = {
    "mnist": ("mnist", {}),
    "invariance sets in": ("mnist_invariant", {"invariance_starts": 7}),
    "lambda grows": ("chairs", {"information_warmup": 15}),
}
ON_GPU = pytest.mark.parametrize(("name", "changes"), BUNDLED.values(), ids=BUNDLED)


def bundled(name: str, changes: dict[str, Any]) -> Trainer:
    return replace(load_trainer(name), precision="float32", **changes)


def on_gpu(step: Step) -> CapturedStep:
    found = captured(step, pytest.fail)
    assert isinstance(found, CapturedStep)
    return found


def moves(step: Step, start: list[Tensor]) -> Tensor:
    pairs = zip(step.networks.parameters(), start, strict=True)
    return torch.cat([(now.detach() - old).flatten() for now, old in pairs])


@pytest.mark.gpu
@ON_GPU
def test_on_a_gpu_captured_steps_are_the_eager_ones(
    name: str, changes: dict[str, Any], gpu: torch.device
) -> None:
    """But for the order of sums: the moves differ by little of their size, and no draw differs."""
    eager, step = (step_of(bundled(name, changes), str(gpu)) for _ in range(2))
    start = [parameter.detach().clone() for parameter in step.networks.parameters()]
    capturing = on_gpu(step)
    for count in (1, 9, 10):
        expected, found = eager.advance(count), capturing.advance(count)
        torch.testing.assert_close(found, expected, rtol=0.02, atol=0.005)
    assert capturing.replay is not None
    assert step.done == eager.done == 20
    assert torch.equal(step.generator.get_state(), eager.generator.get_state())
    expected, found = moves(eager, start), moves(step, start)
    assert (found - expected).norm() < 0.1 * expected.norm()
    for one, other in zip(step.networks.buffers(), eager.networks.buffers(), strict=True):
        torch.testing.assert_close(one, other, rtol=0.05, atol=0.01)


@pytest.mark.gpu
def test_on_a_gpu_the_recording_leaves_no_trace(gpu: torch.device) -> None:
    step, untouched = (step_of(bundled("mnist", {}), str(gpu)) for _ in range(2))
    on_gpu(step)._capture()
    first, second = state(step), state(untouched)
    for name in ("weights", "random_state", "done"):
        assert identical(first[name], second[name]), name
    moments = [m for each in first["optimizers"].values() for one in each for m in one.values()]
    assert moments
    assert not any(moment.any() for moment in moments)


@pytest.mark.gpu
def test_on_a_gpu_replaying_waits_for_nothing(gpu: torch.device) -> None:
    capturing = on_gpu(step_of(bundled("mnist", {}), str(gpu)))
    capturing.advance(1)
    torch.cuda.set_sync_debug_mode("error")
    try:
        found = capturing.advance(20)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert bool(found.isfinite().all())


@pytest.mark.gpu
@pytest.mark.parametrize("changes", [{}, SETTINGS["late invariance"], SETTINGS["warm-up"]])
def test_on_a_gpu_a_run_goes_on_captured(
    changes: dict[str, Any], gpu: torch.device, tmp_path: Path
) -> None:
    trainer = tiny_trainer(steps=12, **changes)
    options = {"device": str(gpu), "say": pytest.fail}
    straight = run(tmp_path / "straight", trainer, **options)
    run(tmp_path / "broken", replace(trainer, steps=4), **options)
    resumed = run(tmp_path / "broken", trainer, resume=True, **options)
    eager = run(tmp_path / "eager", trainer, capture=False, **options)
    for other in (resumed, eager):
        assert other.step == straight.step == 12
        assert torch.equal(other.random_state, straight.random_state)
        for name, weight in straight.weights.items():
            torch.testing.assert_close(other.weights[name], weight, rtol=0.05, atol=5e-3)


@pytest.mark.gpu
def test_on_a_gpu_streamed_images_are_captured_too(gpu: torch.device, tmp_path: Path) -> None:
    options = {"device": str(gpu), "log": lambda _: None}
    trainer = tiny_trainer(steps=12)
    resident = run(tmp_path / "resident", trainer, **options)
    found = run(tmp_path / "streamed", trainer, device_memory=0, **options)
    assert torch.equal(found.random_state, resident.random_state)
    for name, weight in resident.weights.items():
        torch.testing.assert_close(found.weights[name], weight, rtol=0.05, atol=5e-3)


@pytest.mark.gpu
def test_on_a_gpu_what_cannot_be_recorded_is_trained_eagerly(gpu: torch.device) -> None:
    class Reading(Affine):
        """A view that reads a number back, which no graph can do."""

        def apply(self, images: Tensor, draws: Tensor, background: float = -1.0) -> Tensor:
            assert images.mean().item() == images.mean().item()
            return super().apply(images, draws, background)

    said: list[str] = []
    trainer = tiny_trainer(recognition_view=Reading())
    step, eager = (step_of(trainer, str(gpu)) for _ in range(2))
    capturing = CapturedStep(step, said.append, record_cuda_graph)
    for count in (2, 3):
        found, expected = capturing.advance(count), eager.advance(count)
        torch.testing.assert_close(found, expected, rtol=0.02, atol=0.005)
    assert len(said) == 1
    assert said[0].startswith("training steps are not captured: ")
    assert torch.equal(step.generator.get_state(), eager.generator.get_state())


# A stack


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
    changes |= {"invariance_weight": 1.0, "invariance_starts": 2, "continuous_starts": 3}
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
    changes: dict[str, Any] = {
        "information_warmup": 4,
        "recognition_view": Affine(cutout=0.5, grey=True),
        "continuous_starts": 1,
    }
    changes |= {"invariance_weight": 1.0, "image_noise": 0.1, "image_noise_half_life": 3}
    stack = StackedStep(steps_of(**changes))
    stack()
    stack.clock = torch.ones((), dtype=torch.float64)
    with Watch() as watch:
        stack()
    assert {"randint", "convolution_backward", "_fused_adam_"} <= watch.operations
    assert not watch.operations & FORBIDDEN


def test_on_a_cpu_a_stack_is_left_as_it_is() -> None:
    stack = StackedStep(steps_of())
    assert captured(stack, pytest.fail) is stack


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")
def test_on_a_gpu_a_replayed_stack_is_the_stack() -> None:
    device = torch.device("cuda")
    stacks = [StackedStep(steps_of(device=device, recognition_view=Affine())) for _ in range(2)]
    replayed = CapturedStep(stacks[1], pytest.fail)
    torch.testing.assert_close(replayed.advance(20), stacks[0].advance(20), rtol=1e-3, atol=1e-3)
