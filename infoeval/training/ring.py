"""Q's angle fitted to a ring in views of real images, before a run begins. This is no InfoGAN.

A circular self-organising map (Kohonen 1982) lays a closed chain of nodes through the views that
Q reads; no label is used. Q then learns the place of each view's nearest node on the chain as the
value of its angle. The adversarial training begins with this Q.
"""

import math

import torch
from torch import Tensor

from infoeval.networks import Networks
from infoeval.trainer import Trainer

NODES = 60
BATCH = 64
UPDATES = 2_000
"""Of the map."""
RATE = 1e-3
"""Adam's for Q."""
MOST_VIEWS = 10_000
"""Of images, drawn with replacement, that the map is laid through."""
PART = 500
"""Images in single precision at once."""


def fit_to_ring(
    trainer: Trainer, networks: Networks, images: Tensor, random: torch.Generator
) -> None:
    """Fit Q's angle in `trainer.ring_steps` steps of Adam; nothing else of the networks changes.

    Args:
        trainer: one with `recognition_reads` and a single angle.
        networks: on the CPU.
        images: real images, uint8 (n, channels, height, width).
        random: a stream of the CPU.

    """
    (name,) = (name for name, code in trainer.codes.items() if code.is_circular)
    ring = circular_map(_views(networks, _drawn(images, MOST_VIEWS, random)), random)
    adam = torch.optim.Adam(networks.recognition.parameters(), lr=RATE)
    for _ in range(trainer.ring_steps):
        read = _views(networks, _drawn(images, trainer.batch, random))
        nearest = torch.cdist(read.flatten(1), ring).argmin(1)
        values = nearest * (2 * math.pi / len(ring))
        posterior = trainer.codes.split(networks.recognition(read))[name]
        loss = -trainer.codes[name].log_likelihood(posterior, values).mean()
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    networks.zero_grad(set_to_none=True)


def circular_map(points: Tensor, random: torch.Generator) -> Tensor:
    """Return the nodes (NODES, width) of a closed chain through points (n, ...), in their order."""
    points = points.flatten(1)
    nodes = points.mean(0) + 0.01 * torch.randn(NODES, points.shape[1], generator=random)
    steps = torch.arange(NODES)
    apart = (steps[:, None] - steps).abs()
    apart = torch.minimum(apart, NODES - apart).float()
    for update in range(UPDATES):
        done = update / UPDATES
        width = NODES / 4 * (8 / NODES) ** done  # of the neighbourhood: from a quarter to two nodes
        rate = 0.3 * 0.05**done
        batch = _drawn(points, BATCH, random)
        weights = torch.exp(-((apart / width) ** 2) / 2)[torch.cdist(batch, nodes).argmin(1)]
        total = weights.sum(0)[:, None]
        mean = weights.T @ batch / total.clamp_min(torch.finfo().tiny)
        nodes = nodes.lerp(mean, rate * total.clamp(max=1))
    return nodes


def _views(networks: Networks, images: Tensor) -> Tensor:
    assert networks.reading.view is not None
    low_and_high = networks.pixel_range
    parts = (networks.scale(part) for part in torch.split(images, PART))
    return torch.cat([networks.reading.view.apply(part, low_and_high) for part in parts])


def _drawn(values: Tensor, count: int, random: torch.Generator) -> Tensor:
    return values[torch.randint(len(values), (count,), generator=random)]
