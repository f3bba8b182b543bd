"""What a training would be: its layers with their shapes, and about how long it would take."""

import time
from dataclasses import replace
from typing import Any

import torch

from infoeval.errors import UserError
from infoeval.networks import Block, Convolution, Dense, Layer, Reshape
from infoeval.trainer import Trainer
from infoeval.training.step import Step

SMALLER = 16, 8
"""How many times smaller the two batches are that a step's time is told from."""


def layers(trainer: Trainer) -> list[dict[str, Any]]:
    """Return a row for each layer: its `part`, as in the paper, `layer`, `shape` and `parameters`.

    >>> from infoeval.training.choosing import load_trainer
    >>> layers(load_trainer("mnist"))[0]
    {'part': 'G', 'layer': 'FC 1024 relu, batch norm', 'shape': (1024,), 'parameters': 77824}
    """
    with torch.device("meta"):  # shapes alone: no weight is made
        networks = trainer.networks()
    parts = {
        "G": networks.generator,
        "D and Q": networks.shared,
        "D": networks.discriminator,
        "Q": networks.recognition,
    }
    return [
        {
            "part": name,
            "layer": _words(block.layer),
            "shape": tuple(block.shape),
            "parameters": sum(weights.numel() for weights in block.parameters()),
        }
        for name, stack in parts.items()
        for block in stack.blocks
        if isinstance(block, Block)
    ]


def _words(layer: Layer) -> str:
    if isinstance(layer, Reshape):
        return "reshape"
    if isinstance(layer, Dense):
        words = f"FC {layer.width}"
    else:
        kind = "conv" if isinstance(layer, Convolution) else "upconv"
        words = f"{layer.kernel}×{layer.kernel} {kind} {layer.channels}, stride {layer.stride}"
    words += "" if layer.activation == "none" else f" {layer.activation}"
    return f"{words}, batch norm" if layer.batch_norm else words


def seconds_of_step(trainer: Trainer, device: torch.device) -> float:
    """Return about how many seconds a step takes on a device that does nothing else.

    Two steps of small batches of noise are timed, and continued to the trainer's batch by a line:
    a step has a part that does not depend on the batch, such as Adam, and one that grows with it.
    """
    first, second = (max(2, trainer.batch // times) for times in SMALLER)
    if second <= first:
        return _timed(trainer, device, trainer.batch)
    least, more = (_timed(trainer, device, batch) for batch in (first, second))
    slope = max(more - least, 0.0) / (second - first)
    return more + slope * (trainer.batch - second)


def _timed(trainer: Trainer, device: torch.device, batch: int) -> float:
    """Return the seconds of the faster of two steps with a batch, after one that is not timed."""
    step = step_of_noise(trainer, device, batch)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        if not bool(step().isfinite().all()):  # also waits for the device
            raise UserError(f"{trainer.name}: the first steps give losses that are not finite")
        seconds.append(time.perf_counter() - started)
    return min(seconds[1:])


def step_of_noise(trainer: Trainer, device: torch.device, batch: int) -> Step:
    """Return a step of a trainer with another batch, to be timed on images of noise."""
    small = replace(trainer, batch=batch)
    random = torch.Generator(device).manual_seed(0)
    pixels = torch.randint(256, (batch, *trainer.image_shape), dtype=torch.uint8)
    networks = small.networks().initialise(torch.Generator().manual_seed(0)).train()
    networks = networks.to(device).to(memory_format=torch.channels_last)
    return Step(small, networks, pixels.to(device), random)
