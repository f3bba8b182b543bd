"""What a training step has to compute and to move at least, counted from the layer tables.

Arithmetic is that of the linear maps alone, two operations for each multiply-add; padding counts as
work, as everywhere. Traffic has four parts: Adam reads a weight, its gradient and two moments and
writes all but the gradient, 28 bytes a weight; a gradient is written once; each pass reads each
weight once, and again for the gradient of its input; and each linear map reads its input and writes
its output once, forward and backward, everything between the maps being fused with them. Only the
first part is a floor in earnest for networks larger than the caches: the others can shrink where
what one layer writes stays near enough for the next to read.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch

from infoeval import Trainer
from infoeval.networks import Block, Convolution, Networks, Stack, UpConvolution

__all__ = ["Floor", "Pass", "Work", "floor_of", "layers_of", "passes"]

ADAM_BYTES, GRADIENT_BYTES = 28, 4


@dataclass(frozen=True)
class Work:
    """One linear map, for one image: multiply-adds, weights, and the numbers in and out."""

    multiply_adds: int
    weights: int
    inputs: int
    outputs: int


@dataclass(frozen=True)
class Pass:
    """Images that go through a network once, forward and backward.

    Args:
        network: its linear maps.
        images: how many.
        weights: whether gradients of the weights are computed.
        inputs: of which maps the gradient of the input is: of all, of all but the first (whose
            input is data), or of none.

    """

    network: tuple[Work, ...]
    images: int
    weights: bool
    inputs: Literal["all", "inner", "none"]

    def _backward(self) -> Iterator[tuple[Work, bool]]:
        """Each map, and whether the gradient of its input is computed."""
        for number, work in enumerate(self.network):
            yield work, self.inputs == "all" or (self.inputs == "inner" and number > 0)

    @property
    def flop(self) -> int:
        """Operations."""
        times = [(work, 1 + self.weights + back) for work, back in self._backward()]
        return sum(2 * work.multiply_adds * self.images * count for work, count in times)

    @property
    def weights_read(self) -> int:
        """Weights read from memory."""
        return sum(work.weights * (1 + back) for work, back in self._backward())

    @property
    def activations_moved(self) -> int:
        """Inputs, outputs and their gradients, read and written."""
        moved = 0
        for work, back in self._backward():
            moved += work.inputs + work.outputs
            moved += work.inputs * (self.weights + back)
            moved += work.outputs * (self.weights or back)
        return moved * self.images


@dataclass(frozen=True)
class Floor:
    """Operations and bytes of one step."""

    flop: int
    adam_bytes: int
    gradient_bytes: int
    weight_bytes: int
    activation_bytes: int

    @property
    def bytes(self) -> int:
        """All traffic."""
        return self.adam_bytes + self.gradient_bytes + self.weight_bytes + self.activation_bytes


def layers_of(stack: Stack, shape: tuple[int, ...]) -> tuple[Work, ...]:
    """The linear maps of a network whose input has `shape`."""
    works = []
    for block in stack.blocks:
        assert isinstance(block, Block)
        if block.linear is not None:
            kernel = block.linear.weight
            assert isinstance(kernel, torch.Tensor)
            places = 1
            if isinstance(block.layer, Convolution):
                places = math.prod(block.shape[1:])
            elif isinstance(block.layer, UpConvolution):
                places = math.prod(shape[1:])
            weights = kernel.numel()
            works.append(Work(weights * places, weights, math.prod(shape), math.prod(block.shape)))
        shape = block.shape
    return tuple(works)


def passes(trainer: Trainer, networks: Networks) -> list[Pass]:
    """Every pass of one step, the invariance term included where it is on."""
    batch, informed = trainer.batch, trainer.information_weight > 0
    in_d = trainer.recognition_learns == "with_discriminator"
    viewed, invariant = trainer.recognition_view is not None, trainer.invariance_weight > 0
    generator = layers_of(networks.generator, (trainer.codes.input_width,))
    shared = layers_of(networks.shared, trainer.image_shape)
    judge = layers_of(networks.discriminator, networks.shared.shape)
    assert isinstance(networks.recognition, Stack)
    reader = layers_of(networks.recognition, networks.shared.shape)
    seen = 2 + (in_d and viewed) + invariant
    passed = [
        Pass(generator, batch, weights=True, inputs="inner"),
        Pass(shared, seen * batch, weights=True, inputs="inner"),
        Pass(judge, 2 * batch, weights=True, inputs="all"),
        Pass(shared, (1 + viewed) * batch, weights=False, inputs="all"),
        Pass(judge, batch, weights=False, inputs="all"),
    ]
    if invariant:
        passed.append(Pass(reader, 2 * batch, weights=True, inputs="all"))
    if in_d:
        passed.append(Pass(reader, batch, weights=True, inputs="all" if informed else "inner"))
        passed.append(Pass(reader, batch, weights=False, inputs="all" if informed else "none"))
    else:
        passed.append(Pass(reader, batch, weights=True, inputs="all" if informed else "inner"))
    return passed


def floor_of(trainer: Trainer, number_bytes: int) -> Floor:
    """The floor of a trainer's step whose linear maps compute in numbers of `number_bytes`."""
    with torch.device("meta"):
        networks = trainer.networks()
    all_passes = passes(trainer, networks)
    in_d = trainer.recognition_learns == "with_discriminator"
    twice = trainer.invariance_weight > 0 and not in_d  # Q then learns in both updates
    updated = _weights(networks) + (_weights(networks.recognition) if twice else 0)
    return Floor(
        flop=sum(one.flop for one in all_passes),
        adam_bytes=ADAM_BYTES * updated,
        gradient_bytes=GRADIENT_BYTES * updated,
        weight_bytes=number_bytes * sum(one.weights_read for one in all_passes),
        activation_bytes=number_bytes * sum(one.activations_moved for one in all_passes),
    )


def _weights(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
