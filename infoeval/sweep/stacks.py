"""The number of runs of a sweep that are stacked, that is, trained as one."""

import math
from collections.abc import Iterable
from typing import Literal

import torch
from torch import nn

from infoeval.devices import find_device
from infoeval.errors import UserError
from infoeval.networks import Block
from infoeval.trainer import Trainer
from infoeval.training.image_source import room_for_images
from infoeval.training.run_options import RunOptions

Stack = int | Literal["auto"]

SHARE = 0.6
"""Share of a GPU's free memory that a stack may take; images and libraries need some too."""
COPIES_OF_WEIGHTS = 11
"""A run's own and the stack's weights, their moments, gradients, and the memory of a capture."""
COPIES_OF_OUTPUTS = 4
"""Each layer keeps its linear map's, its norm's and its activation's output, and a gradient."""
BATCHES_OF_D = 4
"""Real, generated and two kinds of augmented images go through D and Q together, at most."""


def stack_size(
    stack: Stack, trainer: Trainer, runs: int, image_bytes: int, options: RunOptions
) -> tuple[int, str]:
    """Return how many of a process's `runs` are stacked, and why, in one line.

    The runs share `image_bytes` of images, which lie on a GPU where the options allow it. Raises
    UserError for a stack of fewer than one.
    """
    if stack != "auto":
        if stack < 1:
            raise UserError(f"stack is {stack}; give 1 or more, auto or off")
        return min(stack, runs), ""
    if runs == 1:
        return 1, ""
    where = find_device(options.device)
    if where.type == "cpu":
        return 1, (
            "runs are trained one after another: on a CPU each then repeats bit for bit "
            "(--stack 4 trains four side by side, which can be faster for small networks)"
        )
    free, _ = torch.cuda.mem_get_info(where)
    if image_bytes <= room_for_images(where, options.device_memory):
        free -= image_bytes
    fitting = max(1, int(SHARE * free) // bytes_of_run(trainer))
    rounds = math.ceil(runs / fitting)
    size = math.ceil(runs / rounds)
    return size, f"{size} runs are trained side by side: the GPU has room for {fitting:,}"


def bytes_of_run(trainer: Trainer) -> int:
    """Return a safe estimate of a run's memory in a stack: weights and activations."""
    with torch.device("meta"):
        networks = trainer.networks()
    weights: int = sum(value.numel() for value in networks.state_dict().values())
    drawn = _outputs(networks.generator.blocks)
    seen = _outputs([*networks.shared.blocks, *networks.recognition.blocks])
    outputs = trainer.batch * (drawn + BATCHES_OF_D * seen)
    return 4 * (COPIES_OF_WEIGHTS * weights + COPIES_OF_OUTPUTS * outputs)


def _outputs(blocks: Iterable[nn.Module]) -> int:
    """Return the number of values that the layers compute for one image."""
    return sum(int(torch.Size(block.shape).numel()) for block in blocks if isinstance(block, Block))
