"""What a step draws at random, drawn without the step: so the rows of coming steps are known."""

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from infoeval.trainer import Trainer

__all__ = ["coming_rows", "draw_rows"]


def draw_rows(size: int, count: int, generator: torch.Generator) -> Tensor:
    """Draw `count` of `size` rows, with replacement: (count,) int64, on the generator's device."""
    return torch.randint(size, (count,), generator=generator, device=generator.device)


def coming_rows(
    trainer: Trainer, size: int, count: int, generator: torch.Generator, done: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Give, of each step after `done`, the generator's state at its start and the rows it draws.

    `generator` has to be a copy of the run's own: it is moved on as that will be. Were this ever
    to draw otherwise than the step does, the states would tell: see `StreamedImages`.
    """
    # Every draw of a size moves a GPU's stream equally far, so the draws of one step tell of all:
    # to launch them each time would take longer than a captured step.
    moves: dict[bool, int] = {}
    on_gpu = generator.device.type == "cuda"
    for step in itertools.count(done):
        state = generator.get_state()
        yield state, draw_rows(size, count, generator)
        invariant = trainer.invariance_weight > 0 and step >= trainer.invariance_starts
        if invariant in moves:
            generator.set_offset(generator.get_offset() + moves[invariant])
            continue
        before = generator.get_offset() if on_gpu else 0
        _draw_the_rest(trainer, count, generator, invariant)
        if on_gpu:
            moves[invariant] = generator.get_offset() - before


def _draw_the_rest(
    trainer: Trainer, count: int, generator: torch.Generator, invariant: bool
) -> None:
    """Draw what `Step` draws after its rows, in its order, and keep nothing."""
    trainer.codes.sample(count, generator)
    trainer.codes.sample_noise(count, generator)
    view = trainer.recognition_view
    # What a view draws depends on the number of images alone, so one pixel of each will do.
    pixels = torch.zeros(count, 1, 1, 1, device=generator.device)
    passes = 2
    if view is not None and trainer.recognition_learns == "with_discriminator":
        view(pixels, generator)
        passes += 1
    if invariant:
        trainer.invariance_view(pixels, generator)
        passes += 1
    _draw_noise(trainer, passes * count, generator)
    if view is not None:
        view(pixels, generator)
    _draw_noise(trainer, (1 if view is None else 2) * count, generator)


def _draw_noise(trainer: Trainer, count: int, generator: torch.Generator) -> None:
    if trainer.image_noise:
        shape = (count, *trainer.image_shape)
        torch.randn(shape, generator=generator, device=generator.device)
