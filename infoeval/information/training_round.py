"""One round of training: Adam on L_I, over fresh samples, at a rate that decays to zero."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from infoeval.information.budgets import Budget
from infoeval.information.recognition import log_ratios
from infoeval.information.streams import CHUNK, Chunk, Samples, Stream

__all__ = ["Disturb", "chunks_of_round", "train", "weights_from"]

WARM_UP = 100
WINDOW = 8
"""Chunks that are shuffled together."""
LARGEST_GRADIENT = 1.0

Disturb = Callable[[Tensor], tuple[Tensor, Tensor]]
"""uint8 images to images with noise, and its deviations (n,)."""


@contextmanager
def weights_from(generator: torch.Generator) -> Iterator[None]:
    """Layers made inside have weights from this generator; torch's own stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator.initial_seed())
        yield


def train(
    network: nn.Module,
    source: Samples,
    first_chunk: int,
    steps: int,
    budget: Budget,
    step_done: Callable[[], None],
    disturb: Disturb | None = None,
    *,
    rate: float,
) -> None:
    """Maximise L_I of every reading by every family over one round, by Adam.

    The learning rate warms up and decays along a cosine to zero. Samples are those of the training
    stream from `first_chunk` on.
    """
    device = next(network.parameters()).device
    shuffle = source.generator(Stream.INIT, 1_000 + first_chunk)
    optimizer = torch.optim.Adam(network.parameters(), rate, betas=(0.9, 0.99), fused=True)
    batches = _batches(source, first_chunk, steps, budget, shuffle, device)
    network.train()
    for step, (codes, images) in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = rate * _share_of_rate(step, steps)
        noise = None
        if disturb is not None:
            images, noise = disturb(images)
        parameters = network(images, codes, noise)
        bounds = [
            each.mean(1).sum() for each in log_ratios(source.space, parameters, codes).values()
        ]
        loss = -torch.stack(bounds).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        step_done()
    network.eval()


def chunks_of_round(budget: Budget, steps: int) -> int:
    """Fresh chunks of a round."""
    return math.ceil(steps * budget.batch / (budget.passes * CHUNK))


def _batches(
    source: Samples,
    first: int,
    steps: int,
    budget: Budget,
    shuffle: torch.Generator,
    device: torch.device,
) -> Iterator[Chunk]:
    """`steps` batches on a device: every pass over the round's chunks in a new order."""
    count = chunks_of_round(budget, steps)
    done = 0
    while done < steps:
        order = (first + torch.randperm(count, generator=shuffle)).tolist()
        for start in range(0, count, WINDOW):
            parts = [source.chunk(Stream.TRAIN, number) for number in order[start : start + WINDOW]]
            images = torch.cat([part for _, part in parts]).to(device)
            codes = {
                name: torch.cat([each[name] for each, _ in parts]).to(device)
                for name in source.space
            }
            rows = torch.randperm(len(images), generator=shuffle).to(device)
            for batch in torch.split(rows, budget.batch):
                if done == steps:
                    return
                yield {name: values[batch] for name, values in codes.items()}, images[batch]
                done += 1


def _share_of_rate(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / min(WARM_UP, max(steps // 5, 1)))
    return warm * 0.5 * (1 + math.cos(math.pi * step / steps))
