"""Images that are streamed: the run is that of images on the device, bit for bit, and goes on."""

import itertools
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor

import infoeval.training.run as runs
from infoeval import Affine, Trainer
from infoeval.checkpoint import Checkpoint
from infoeval.cli import main
from infoeval.data import ImageSet
from infoeval.errors import UserError
from infoeval.training import draws
from infoeval.training.draws import draw_ahead
from infoeval.training.image_source import (
    PinnedCopies,
    ReadAhead,
    ResidentImages,
    StreamedImages,
    place,
)
from infoeval.training.step import Step
from tests.comparing import identical
from tests.tiny import tiny_images, tiny_trainer
from tests.training.running import split_options

CPU = torch.device("cpu")
LATER: dict[str, Any] = {"invariance_weight": 1.0, "invariance_starts": 6}
WITH_D: dict[str, Any] = {"recognition_learns": "with_discriminator"}
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "view": {"recognition_view": Affine()},
    "noise": {"image_noise": 0.1},
    "view and noise": {"recognition_view": Affine(), "image_noise": 0.1},
    "Q with D": WITH_D,
    "Q with D, view": WITH_D | {"recognition_view": Affine()},
    "invariance": LATER,
    "everything": WITH_D | LATER | {"recognition_view": Affine(), "image_noise": 0.1},
    "plain GAN": {"information_weight": 0.0},
}


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Every test has to end the threads that it started."""
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def pixels(count: int = 40) -> Tensor:
    return torch.from_numpy(tiny_images(count).images)


def train(folder: Path, trainer: Trainer | None = None, **options: Any) -> Path:
    """A run of 12 steps that logs every 2nd and keeps every 4th."""
    settings: dict[str, Any] = {"device": "cpu", "log_every": 2, "checkpoint_every": 4}
    data = options.pop("data", tiny_images())
    return runs.train(
        trainer or tiny_trainer(steps=12), data, folder, **split_options(settings | options)
    )


def learned(path: Path) -> dict[str, Any]:
    """All that a checkpoint holds of the steps."""
    kept = Checkpoint.open(path)
    history = {name: column for name, column in kept.history.items() if name != "seconds"}
    return {
        "weights": kept.weights,
        "optimizers": kept.optimizers,
        "random_state": kept.random_state,
        "step": kept.step,
        "history": history,
    }


def generator_of(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def step_of(trainer: Trainer, images: Tensor | StreamedImages) -> Step:
    networks = trainer.networks().initialise(generator_of()).train()
    return Step(trainer, networks, images, generator_of(1))


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> list[StreamedImages | ResidentImages]:
    """What runs have put their images into."""
    found: list[Any] = []

    def watched(*arguments: Any) -> Any:
        found.append(place(*arguments))
        return found[-1]

    monkeypatch.setattr(runs, "place", watched)
    return found


@pytest.fixture(scope="module")
def resident(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run learns whose images lie on the device."""
    return learned(train(tmp_path_factory.mktemp("resident")))


# The same run.


@pytest.mark.parametrize("variant", ["plain", "view and noise", "everything"])
def test_a_streamed_run_is_the_resident_run_bit_for_bit(
    tmp_path: Path, placed: list[Any], variant: str
) -> None:
    trainer = tiny_trainer(steps=12, **VARIANTS[variant])
    resident = train(tmp_path / "resident", trainer)
    streamed = train(tmp_path / "streamed", trainer, device_memory=0)
    assert [type(images) for images in placed] == [ResidentImages, StreamedImages]
    assert identical(learned(streamed), learned(resident))
    assert placed[1].starts == 1  # what the steps would draw was foreseen to the end


@pytest.mark.parametrize("variant", VARIANTS)
def test_rows_are_known_many_steps_ahead(monkeypatch: pytest.MonkeyPatch, variant: str) -> None:
    trainer = tiny_trainer(steps=12, **VARIANTS[variant])
    step = step_of(trainer, pixels())
    coming = draw_ahead(trainer, 40, generator_of(1), 0)
    foreseen = list(itertools.islice(coming, 12))
    seen: list[Tensor] = []
    take = ResidentImages.take

    def watched(images: ResidentImages, rows: Tensor) -> Tensor:
        assert torch.equal(rows, foreseen[len(seen) - 1][1])
        return take(images, rows)

    def fetch(images: ResidentImages, generator: torch.Generator, done: int) -> None:
        seen.append(generator.get_state())

    monkeypatch.setattr(ResidentImages, "take", watched)
    monkeypatch.setattr(ResidentImages, "fetch", fetch)
    for _ in range(12):
        step()
    assert all(torch.equal(now, then) for now, (then, _) in zip(seen, foreseen, strict=True))
    assert len({rows.numpy().tobytes() for _, rows in foreseen}) == 12


def test_a_mapped_file_is_streamed_and_stays_as_it_was(
    tmp_path: Path, resident: dict[str, Any]
) -> None:
    np.save(tmp_path / "images.npy", tiny_images().images)
    before = (tmp_path / "images.npy").read_bytes()
    mapped = np.load(tmp_path / "images.npy", mmap_mode="c")
    data = ImageSet("quadrants", "train", mapped)
    streamed = train(tmp_path / "streamed", data=data, device_memory=100)
    assert identical(learned(streamed), resident)
    assert (tmp_path / "images.npy").read_bytes() == before


@pytest.mark.parametrize("first", [None, 0])
def test_either_run_takes_up_the_other_bit_for_bit(tmp_path: Path, first: int | None) -> None:
    trainer = tiny_trainer(steps=12, **VARIANTS["everything"])
    second = None if first == 0 else 0

    def stop(step: int, _: object) -> None:
        if step == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "broken", trainer, device_memory=first, progress=stop)
    assert Checkpoint.open(tmp_path / "broken" / "ckpt.pt").step == 4
    shutil.copytree(tmp_path / "broken", tmp_path / "again")
    other = train(tmp_path / "broken", trainer, device_memory=second, resume=True)
    same = train(tmp_path / "again", trainer, device_memory=first, resume=True)
    unbroken = learned(train(tmp_path / "unbroken", trainer))
    assert identical(learned(other), unbroken)
    assert identical(learned(same), unbroken)


def test_another_random_state_is_followed() -> None:
    """As after a checkpoint was restored, or after steps that were made for a trial only."""
    trainer = tiny_trainer(batch=8)
    images = StreamedImages(pixels(), CPU, trainer)
    for seed in (3, 4, 4):
        generator, untouched = generator_of(seed), generator_of(seed)
        assert torch.equal(*batches(images, generator))
        assert torch.equal(generator.get_state(), untouched.get_state())
    images.close()
    assert images.starts == 3


# Waiting.


def rows_of(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of two rows, without end."""
    return draw_ahead(tiny_trainer(batch=2), 40, generator, 0)


def batches(images: StreamedImages, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The batch fetched for a step, and the images that the step will draw."""
    images.fetch(generator, 0)
    drawn = generator.clone_state()
    rows = draws.draw_rows(40, images.trainer.batch, drawn)
    return images.take(rows), pixels()[rows]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def counting(fetched: list[Tensor]) -> Callable[[Tensor], tuple[Tensor, None]]:
    def fetch(rows: Tensor) -> tuple[Tensor, None]:
        fetched.append(rows)
        return rows, None

    return fetch


@pytest.mark.parametrize("ahead", [1, 3])
def test_it_reads_so_far_ahead_and_no_further(ahead: int) -> None:
    fetched: list[Tensor] = []
    reading = ReadAhead(rows_of(generator_of()), counting(fetched), ahead)
    for taken in range(3):
        until(lambda taken=taken: len(fetched) == taken + ahead)  # type: ignore[misc]
        time.sleep(0.02)
        assert len(fetched) == taken + ahead
        reading.next()
    reading.close()


def test_a_step_never_waits_while_the_source_keeps_up() -> None:
    fetched: list[Tensor] = []
    reading = ReadAhead(rows_of(generator_of()), counting(fetched), 3)
    waits = []
    for taken in range(20):
        until(lambda taken=taken: len(fetched) == taken + 3)  # type: ignore[misc]
        time.sleep(0.001)  # the last is counted just before it lies ready
        waits.append(reading.next()[1])
    reading.close()
    assert waits == [0.0] * 20


def test_waiting_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    images = StreamedImages(pixels(), CPU, tiny_trainer(batch=8), ahead=1)
    gather = StreamedImages.read

    def slowly(images: StreamedImages, rows: Tensor) -> tuple[Tensor, None]:
        time.sleep(0.2)
        return gather(images, rows)

    monkeypatch.setattr(StreamedImages, "read", slowly)
    images.fetch(generator_of(), 0)
    images.close()
    assert 0 < images.waited < 5


def test_a_slow_source_makes_the_run_slow_and_no_other(
    tmp_path: Path,
    placed: list[Any],
    resident: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gather = StreamedImages.read

    def slowly(images: StreamedImages, rows: Tensor) -> tuple[Tensor, None]:
        time.sleep(0.03)
        return gather(images, rows)

    monkeypatch.setattr(StreamedImages, "read", slowly)
    said: list[str] = []
    slow = train(tmp_path / "slow", device_memory=0, log=said.append)
    assert identical(learned(slow), resident)
    assert placed[0].waited > 0
    assert said[0] == "the images do not fit the device: they are streamed to it"
    assert said[-1].startswith(f"steps waited {placed[0].waited:.1f} of ")


# Errors and the end.


@pytest.mark.parametrize("error", [OSError("disk gone\nfor good"), UserError("no such row")])
def test_what_goes_wrong_in_the_thread_is_one_line_and_the_checkpoint_stays(
    tmp_path: Path,
    resident: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    gather, calls = StreamedImages.read, itertools.count(1)

    def failing(images: StreamedImages, rows: Tensor) -> tuple[Tensor, None]:
        if next(calls) == 7:
            raise error
        return gather(images, rows)

    with monkeypatch.context() as patch:
        patch.setattr(StreamedImages, "read", failing)
        with pytest.raises(UserError) as caught:
            train(tmp_path / "run", device_memory=0)
    expected = "cannot read the training images: OSError: disk gone for good"
    assert str(caught.value) == (expected if isinstance(error, OSError) else "no such row")
    assert Checkpoint.open(tmp_path / "run" / "ckpt.pt").step == 4
    path = train(tmp_path / "run", device_memory=0, resume=True)
    assert identical(learned(path), resident)


def test_after_an_error_drawing_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    images = StreamedImages(pixels(), CPU, tiny_trainer(batch=8))
    with monkeypatch.context() as patch:
        patch.setattr(StreamedImages, "read", lambda images, rows: 1 / 0)
        with pytest.raises(UserError, match="ZeroDivisionError"):
            images.fetch(generator_of(), 0)
    assert torch.equal(*batches(images, generator_of()))
    images.close()


@pytest.mark.parametrize("taken", [0, 1, 5])
def test_closing_ends_the_thread(taken: int) -> None:
    before = threading.active_count()
    images = StreamedImages(pixels(), CPU, tiny_trainer(batch=8), ahead=2)
    images.close()
    generator = generator_of()
    for _ in range(taken):
        images.fetch(generator, 0)
        assert threading.active_count() == before + 1
    images.close()
    images.close()
    assert threading.active_count() == before


def test_closing_ends_a_thread_that_is_fetching() -> None:
    begun = threading.Event()

    def fetch(rows: Tensor) -> tuple[Tensor, None]:
        begun.set()
        time.sleep(0.05)
        return rows, None

    reading = ReadAhead(rows_of(generator_of()), fetch, 2)
    begun.wait()
    reading.close()


# Where images are put.


def test_images_are_streamed_where_they_take_more_than_the_limit() -> None:
    images, trainer = pixels(), tiny_trainer()
    assert isinstance(place(images, CPU, trainer, images.nbytes), ResidentImages)
    assert isinstance(place(images, CPU, trainer, images.nbytes - 1), StreamedImages)
    with pytest.raises(UserError, match="0 or more bytes, not -1"):
        place(images, CPU, trainer, -1)


def test_without_a_limit_a_cpu_uses_images_where_they_are() -> None:
    images = pixels()
    put = place(images, CPU, tiny_trainer())
    assert isinstance(put, ResidentImages)
    assert put.pixels.data_ptr() == images.data_ptr()
    assert (len(put), len(StreamedImages(images, CPU, tiny_trainer()))) == (40, 40)


def test_the_command_takes_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("images.npz", images=tiny_images().images)
    Path("tiny.py").write_text(
        "from tests.tiny import tiny_trainer\ntrainer = tiny_trainer(data='images.npz')\n"
    )

    def infoeval(*arguments: str) -> Any:
        always = ("train", "tiny.py", "--device", "cpu")
        return CliRunner().invoke(main, [*always, *arguments])

    assert infoeval("--out", "resident").exit_code == 0
    assert infoeval("--out", "streamed", "--device-memory", "1 KB").exit_code == 0
    resident, streamed = (learned(Path(name) / "ckpt.pt") for name in ("resident", "streamed"))
    assert identical(streamed, resident)
    wrong = infoeval("--device-memory", "much")
    assert wrong.exit_code == 2
    assert "Error: --device-memory: 'much' is no size" in wrong.stderr
    many = infoeval("--seeds", "0-1", "--out", "many", "--device-memory", "1 KB")
    assert many.exit_code == 0
    assert "they are streamed" in many.stderr
    assert identical(learned(Path("many") / "seed-0" / "ckpt.pt"), resident)


# A GPU.


class Order:
    """What was done to pinned buffers, with a CPU in the place of the GPU."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waited_for: list[int] = []
        made, order, empty = itertools.count(), self, torch.empty

        class Event:
            def __init__(self) -> None:
                self.number = next(made)

            def record(self) -> None: ...

            def synchronize(self) -> None:
                order.waited_for.append(self.number)

        class Stream:
            def __init__(self, device: torch.device) -> None: ...

            def __enter__(self) -> None: ...

            def __exit__(self, *error: object) -> None: ...

        def unpinned(*arguments: Any, pin_memory: bool, **options: Any) -> Tensor:
            assert pin_memory
            return empty(*arguments, **options)

        monkeypatch.setattr(torch.cuda, "Event", Event)
        monkeypatch.setattr(torch.cuda, "Stream", Stream)
        monkeypatch.setattr(torch.cuda, "stream", lambda stream: stream)
        monkeypatch.setattr(torch, "empty", unpinned)


def test_a_pinned_buffer_is_filled_again_only_when_its_batch_has_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = Order(monkeypatch)
    copies = PinnedCopies(pixels(), CPU, count=2, buffers=3)
    batches = []
    for number in range(8):
        assert order.waited_for == list(range(number - 3))
        batches.append(copies(torch.tensor([number, 2 * number]))[0])
    for number, batch in enumerate(batches):
        assert torch.equal(batch, pixels()[[number, 2 * number]])


@pytest.mark.gpu
@pytest.mark.parametrize("variant", ["plain", "everything"])
def test_on_a_gpu_a_streamed_run_is_the_resident_run(
    tmp_path: Path, placed: list[Any], gpu: torch.device, variant: str
) -> None:
    trainer = tiny_trainer(steps=12, **VARIANTS[variant])
    options: dict[str, Any] = {"device": str(gpu), "capture": False}
    resident = learned(train(tmp_path / "resident", trainer, **options))
    streamed = learned(train(tmp_path / "streamed", trainer, device_memory=0, **options))
    assert placed[1].starts == 1
    assert torch.equal(streamed["random_state"], resident["random_state"])
    for name, values in resident["weights"].items():
        torch.testing.assert_close(streamed["weights"][name], values, rtol=1e-3, atol=1e-4)
