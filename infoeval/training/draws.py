"""Every random number of a training step, drawn in one place and in one order.

Single, stacked, streamed, captured and shared runs are all fed from `draw`. The order of the draws
decides what a seed means: a change here changes the weights of every run.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from infoeval.trainer import Trainer

Share = Callable[[Tensor, int], Tensor]
"""Selects one process's part of a tensor drawn for a number of whole batches."""


class UpdateDraws(NamedTuple):
    """Random numbers of D's or of G's update; None for what the update does without.

    `recognition_view` and `invariance_view` are (n, 6), see `Affine.draw`. `image_noise` is
    standard normal, of the shape of all images that the update passes through D and Q.
    """

    recognition_view: Tensor | None
    invariance_view: Tensor | None
    image_noise: Tensor | None


class Draws(NamedTuple):
    """Random numbers of one step, for a batch of n images.

    Args:
        rows: of the training images, int64, drawn with replacement; always of the whole batch.
        codes: c by name, (n,) each.
        noise: z, (n, variables).
        discriminator: of D's update.
        generator: of G's update.

    """

    rows: Tensor
    codes: dict[str, Tensor]
    noise: Tensor
    discriminator: UpdateDraws
    generator: UpdateDraws


def draw(
    trainer: Trainer,
    size: int,
    generator: torch.Generator,
    done: int,
    share: Share | None = None,
) -> Draws:
    """Return the random numbers of the step after `done`, on the generator's device.

    Args:
        trainer: what is drawn depends on its batch, codes, views and image noise.
        size: how many training images there are.
        generator: the random stream of the run.
        done: steps done.
        share: selects this process's part where several share the batch; everything is drawn for
            the whole batch nevertheless, so that the stream does not depend on their number.

    """
    keep = share or (lambda whole, batches: whole)
    batch = trainer.batch
    view, with_d = trainer.recognition_view, trainer.recognition_learns == "with_discriminator"
    rows = draw_rows(size, batch, generator)
    codes = trainer.codes.sample(batch, generator)
    codes = {name: keep(values, 1) for name, values in codes.items()}
    noise = keep(trainer.codes.sample_noise(batch, generator), 1)

    def draw_update(passes: int, recognition: bool, invariance: bool) -> UpdateDraws:
        """Return the draws for `passes` batches, and for one more with each augmentation."""
        read = keep(view.draw(batch, generator), 1) if view and recognition else None
        real = keep(trainer.invariance_view.draw(batch, generator), 1) if invariance else None
        passes += (read is not None) + (real is not None)
        image_noise = None
        if trainer.image_noise:
            shape = (passes * batch, *trainer.image_shape)
            drawn = torch.randn(shape, generator=generator, device=generator.device)
            image_noise = keep(drawn, passes).to(memory_format=torch.channels_last)
        return UpdateDraws(read, real, image_noise)

    # D sees real and generated images, G the generated ones.
    discriminator = draw_update(2, recognition=with_d, invariance=trainer.is_invariant(done))
    return Draws(rows, codes, noise, discriminator, draw_update(1, True, False))


def draw_rows(size: int, count: int, generator: torch.Generator) -> Tensor:
    """Return `count` of `size` rows, drawn with replacement, (count,) int64."""
    return torch.randint(size, (count,), generator=generator, device=generator.device)


def stack_draws(runs: Sequence[Any]) -> Any:
    """Return the `Draws` of S runs as one, each tensor with the runs as a new first dimension."""
    first = runs[0]
    if first is None:
        return None
    if isinstance(first, Tensor):
        return torch.stack(list(runs))
    if isinstance(first, dict):
        return {name: stack_draws([run[name] for run in runs]) for name in first}
    return type(first)(*(stack_draws(parts) for parts in zip(*runs, strict=True)))


def draw_ahead(
    trainer: Trainer, size: int, generator: torch.Generator, done: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield, for each step after `done`, the generator's state at its start and its rows.

    `generator` must be a copy of the run's: it advances as that will.
    """
    # Equal draws advance a GPU's stream equally, so each kind of step is drawn in full only once:
    # launching all draws every time would take longer than a captured step.
    advances: dict[bool, int] = {}
    on_gpu = generator.device.type == "cuda"
    for step in itertools.count(done):
        state = generator.get_state()
        invariant = trainer.is_invariant(step)
        if invariant in advances:
            start = generator.get_offset()
            rows = draw_rows(size, trainer.batch, generator)
            generator.set_offset(start + advances[invariant])
        else:
            start = generator.get_offset() if on_gpu else 0
            rows = draw(trainer, size, generator, step).rows
            if on_gpu:
                advances[invariant] = generator.get_offset() - start
        yield state, rows
