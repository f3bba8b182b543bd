"""The noise curve: L_I from images with Gaussian noise added to their pixels.

I(c; G(z, c)) of a deterministic generator is degenerate: even the last bit of a pixel counts.
I(c; x + σn) is finite and well defined, and measures what can be seen in the image.
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from infoeval.information.budgets import Budget
from infoeval.information.lower_bound import best_families, calibrate, score_chunks
from infoeval.information.q_training import train_round
from infoeval.information.recognition_network import RecognitionNetwork
from infoeval.information.streams import JOINT, Chunk, Progress, Samples, Stream
from infoeval.intervals import normal_interval

LEVELS = (2 / 255, 8 / 255, 32 / 255, 0.25, 0.5)
"""Standard deviations σ of the noise; pixels run from 0 to 1."""
MOST_SAMPLES = 20_000
NOISE = 1 << 20
"""Chunk numbers from here on are those of a stream's pixel noise."""


@dataclass(frozen=True)
class NoisePoint:
    """L_I from x + σn, nats, with the sampling interval; `deviation` is σ."""

    deviation: float
    value: float
    low: float
    high: float


def noise_curve(
    trained: RecognitionNetwork,
    source: Samples,
    budget: Budget,
    level: float,
    progress: Progress,
    *,
    rate: float,
) -> dict[str, list[NoisePoint]]:
    """Return L_I at every noise level of `LEVELS`, by code name and for `JOINT`.

    A copy of Q, which is shown pixels, is trained for one more round at the learning rate `rate`,
    on images with noise of all levels; the level is an input of the network. Families and
    temperatures are fitted for each level separately.
    """
    network = copy.deepcopy(trained)

    def step_done(step: int) -> None:
        progress("training Q under pixel noise", step / budget.noise_steps)

    generator = source.generator(Stream.TRAIN, NOISE)

    def random_level(images: Tensor) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(LEVELS), (len(images),), generator=generator)
        deviations = torch.tensor(LEVELS)[chosen].to(images.device)
        return add_noise(images, deviations, generator), deviations

    train_round(network, source, 0, budget.noise_steps, budget, step_done, random_level, rate=rate)
    curve: dict[str, list[NoisePoint]] = {name: [] for name in [*source.space, JOINT]}
    for number, deviation in enumerate(LEVELS):
        fitting = _noisy(source, Stream.CALIBRATION, budget.calibration // 2, number)
        half = max(1, len(fitting) // 2)
        chosen = best_families(network, source.space, fitting[:half], deviation)
        heads = calibrate(network, source.space, chosen, fitting[-half:], deviation)
        test = _noisy(source, Stream.TEST, min(budget.test, MOST_SAMPLES), number)
        scores = score_chunks(network, source.space, heads, test, deviation)
        for name, values in scores.values.items():
            curve[name].append(NoisePoint(deviation, *normal_interval(values, level)))
        progress("reading under pixel noise", (number + 1) / len(LEVELS))
    return curve


def add_noise(images: Tensor, deviations: Tensor, generator: torch.Generator) -> Tensor:
    """Return uint8 images plus Gaussian noise of deviations (n,), as floats from 0 to 255."""
    noise = torch.randn(images.shape, generator=generator).to(images.device)
    return images.float() + 255 * deviations[:, None, None, None] * noise


def _noisy(source: Samples, stream: Stream, samples: int, level: int) -> list[Chunk]:
    chunks = []
    for number, (codes, images) in enumerate(source.chunks(stream, samples)):
        generator = source.generator(stream, NOISE * (level + 1) + number)
        deviations = torch.full((len(images),), LEVELS[level])
        chunks.append((codes, add_noise(images, deviations, generator)))
    return chunks
