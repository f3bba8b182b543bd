"""The noise curve: L_I from images with Gaussian noise added to their pixels.

I(c; G(z, c)) of a deterministic generator is degenerate: what is in the last bit of a pixel
counts. I(c; x + σn) is finite and well defined, and tells what is there to be seen.
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from infoeval.information.budgets import Budget
from infoeval.information.calibration import calibrate
from infoeval.information.q_scores import best_families, score_chunks
from infoeval.information.q_training import Chunks, Say, draw
from infoeval.information.recognition import PostHocRecognition
from infoeval.information.streams import CHUNK, JOINT, Samples, Stream
from infoeval.information.training_round import train
from infoeval.intervals import normal_interval

__all__ = ["LEVELS", "NoisePoint", "noise_curve"]

LEVELS = (2 / 255, 8 / 255, 32 / 255, 0.25, 0.5)
"""Standard deviations σ of the noise; pixels run from 0 to 1."""
MOST_SAMPLES = 20_000
NOISE = 1 << 20
"""Chunk numbers from here on are those of the noise of a stream."""


@dataclass(frozen=True)
class NoisePoint:
    """L_I from x + σn, nats, with the sampling interval; `deviation` is σ."""

    deviation: float
    value: float
    low: float
    high: float


def noise_curve(
    trained: PostHocRecognition,
    source: Samples,
    budget: Budget,
    level: float,
    say: Say,
    *,
    rate: float,
) -> dict[str, list[NoisePoint]]:
    """L_I at every level of `LEVELS`, by code name and for `JOINT`.

    A copy of Q is trained on for one more round, at the learning `rate` that was best so far, with
    noise of all levels on its images, and told the level. Families and temperatures are fitted for
    each level by itself.
    """
    network = copy.deepcopy(trained)
    done = [0]

    def step_done() -> None:
        done[0] += 1
        say("training Q under pixel noise", done[0] / budget.noise_steps)

    generator = source.generator(Stream.TRAIN, NOISE)

    def disturb(images: Tensor) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(LEVELS), (len(images),), generator=generator)
        deviations = torch.tensor(LEVELS)[chosen].to(images.device)
        return add_noise(images, deviations, generator), deviations

    train(network, source, 0, budget.noise_steps, budget, step_done, disturb, rate=rate)
    curve: dict[str, list[NoisePoint]] = {name: [] for name in [*source.space, JOINT]}
    for number, deviation in enumerate(LEVELS):
        fitting, levels = _noisy(source, Stream.CALIBRATION, budget.calibration // 2, number)
        half = max(1, len(fitting) // 2)
        chosen = best_families(network, source.space, fitting[:half], levels[:half])
        heads = calibrate(network, source.space, chosen, fitting[-half:], levels[-half:])
        test, levels = _noisy(source, Stream.TEST, min(budget.test, MOST_SAMPLES), number)
        scores = score_chunks(network, source.space, heads, test, levels)
        for name, values in scores.values.items():
            value, low, high = normal_interval(values, level)
            curve[name].append(NoisePoint(deviation, value, low, high))
        say("reading under pixel noise", (number + 1) / len(LEVELS))
    return curve


def add_noise(images: Tensor, deviations: Tensor, generator: torch.Generator) -> Tensor:
    """uint8 images plus Gaussian noise of these deviations (n,), as floats from 0 to 255."""
    noise = torch.randn(images.shape, generator=generator).to(images.device)
    return images.float() + 255 * deviations[:, None, None, None] * noise


def _noisy(source: Samples, stream: Stream, count: int, number: int) -> tuple[Chunks, list[Tensor]]:
    deviations = torch.full((CHUNK,), LEVELS[number])
    chunks = []
    for place, (codes, images) in enumerate(draw(source, stream, count)):
        generator = source.generator(stream, NOISE * (number + 1) + place)
        chunks.append((codes, add_noise(images, deviations, generator)))
    return chunks, [deviations] * len(chunks)
