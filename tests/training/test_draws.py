"""The random numbers of a step: one order, whatever feeds on them."""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from infoeval import Affine, Trainer
from infoeval.training import draws
from infoeval.training.draws import Draws, draw, draw_ahead, stack_draws
from tests.tiny import tiny_trainer

LATER: dict[str, Any] = {"invariance_weight": 1.0, "invariance_starts": 6}
EVERYTHING: dict[str, Any] = LATER | {
    "recognition_learns": "with_discriminator",
    "recognition_view": Affine(),
    "image_noise": 0.1,
}


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tensors(value: Any) -> list[Tensor]:
    """All tensors of draws, in the order of their fields."""
    if value is None:
        return []
    if isinstance(value, Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [tensor for part in parts for tensor in tensors(part)]


def test_the_order_is_rows_codes_noise_then_both_updates() -> None:
    """It is part of what a seed means: a checkpoint of another version must go on the same."""
    trainer = tiny_trainer(**EVERYTHING)
    drawn, generator, batch = draw(trainer, 40, stream(), 6), stream(), trainer.batch
    expected = [torch.randint(40, (batch,), generator=generator)]
    expected += trainer.codes.sample(batch, generator).values()
    expected.append(trainer.codes.sample_noise(batch, generator))

    def view() -> Tensor:
        return torch.cat([torch.rand(batch, n, generator=generator) for n in (1, 1, 2, 2)], 1)

    expected += [view(), view()]
    expected.append(torch.randn(4 * batch, *trainer.image_shape, generator=generator))
    expected.append(view())
    expected.append(torch.randn(2 * batch, *trainer.image_shape, generator=generator))
    assert len(tensors(drawn)) == len(expected)
    assert all(torch.equal(*pair) for pair in zip(tensors(drawn), expected, strict=True))


@pytest.mark.parametrize(
    ("changes", "passes"),
    [
        ({}, (2, 1)),
        ({"recognition_view": Affine()}, (2, 2)),
        ({"recognition_view": Affine(), "recognition_learns": "with_discriminator"}, (3, 2)),
        ({"invariance_weight": 1.0}, (3, 1)),
        (EVERYTHING, (3, 2)),
    ],
)
def test_noise_is_drawn_for_every_image_of_an_update(
    changes: dict[str, Any], passes: tuple[int, int]
) -> None:
    trainer = tiny_trainer(**{"image_noise": 0.1} | changes)
    drawn = draw(trainer, 40, stream(), 0)
    for update, count in zip((drawn.discriminator, drawn.generator), passes, strict=True):
        assert update.image_noise is not None
        assert update.image_noise.shape == (count * trainer.batch, *trainer.image_shape)


def test_what_is_not_needed_is_not_drawn() -> None:
    trainer = tiny_trainer(**LATER)
    before, after = (draw(trainer, 40, stream(), done) for done in (5, 6))
    assert before.discriminator == before.generator == after.generator == (None, None, None)
    assert after.discriminator.invariance_view is not None


@pytest.mark.parametrize("processes", [2, 4])
def test_processes_that_share_a_batch_draw_the_same(processes: int) -> None:
    """All streams advance alike, and the parts of each batch together are the whole."""
    trainer, batches = tiny_trainer(batch=8, **EVERYTHING), []
    generators = [stream() for _ in range(processes + 1)]
    whole = draw(trainer, 40, generators[0], 6)

    def share_of(rank: int) -> Any:
        def share(drawn: Tensor, count: int) -> Tensor:
            return torch.cat([part.chunk(processes)[rank] for part in drawn.chunk(count)])

        return share

    for rank in range(processes):
        batches.append(draw(trainer, 40, generators[rank + 1], 6, share_of(rank)))
    states = [generator.get_state() for generator in generators]
    assert all(torch.equal(state, states[0]) for state in states)
    assert all(torch.equal(part.rows, whole.rows) for part in batches)
    assert torch.equal(torch.cat([part.noise for part in batches]), whole.noise)
    views = [part.generator.recognition_view for part in batches]
    assert whole.generator.recognition_view is not None
    assert torch.equal(torch.cat(views), whole.generator.recognition_view)  # type: ignore[arg-type]
    parts = [part.generator.image_noise.unflatten(0, (2, -1)) for part in batches]  # type: ignore[union-attr]
    assert whole.generator.image_noise is not None
    assert torch.equal(torch.cat(parts, 1).flatten(0, 1), whole.generator.image_noise)


def test_stacked_draws_are_those_of_the_runs() -> None:
    runs = [draw(tiny_trainer(**EVERYTHING), 40, stream(seed), 6) for seed in range(3)]
    stacked = stack_draws(runs)
    assert isinstance(stacked, Draws)
    for run, drawn in enumerate(runs):
        pairs = zip(tensors(stacked), tensors(drawn), strict=True)
        assert all(torch.equal(all_runs[run], own) for all_runs, own in pairs)
    assert stack_draws([draw(tiny_trainer(), 40, stream(), 0)]).generator == (None, None, None)


class Philox:
    """Stands for a stream on a GPU, of which only an offset counts."""

    device = torch.device("cuda")

    def __init__(self) -> None:
        self.offset = 0

    def get_state(self) -> Tensor:
        return torch.tensor(self.offset)

    def get_offset(self) -> int:
        return self.offset

    def set_offset(self, offset: int) -> None:
        self.offset = offset


def test_a_gpu_rehearses_a_step_once_and_then_moves_on_as_far(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And once more when the invariance term sets in, which draws too."""
    drawn: list[bool] = []

    def rows(size: int, count: int, generator: Philox) -> Tensor:
        generator.offset += 4
        return torch.zeros(count)

    def draw(trainer: Trainer, size: int, generator: Philox, done: int) -> Any:
        drawn.append(trainer.is_invariant(done))
        generator.offset += 32 if drawn[-1] else 24
        return SimpleNamespace(rows=torch.zeros(8))

    monkeypatch.setattr(draws, "draw_rows", rows)
    monkeypatch.setattr(draws, "draw", draw)
    trainer, stream = tiny_trainer(**LATER), Philox()
    coming = draw_ahead(trainer, 40, stream, 3)  # type: ignore[arg-type]
    offsets = [int(state) for state, _ in itertools.islice(coming, 6)]
    assert offsets == [0, 24, 48, 72, 104, 136]  # the term sets in at step 6
    assert drawn == [False, True]
