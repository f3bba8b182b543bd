"""What the layers of a generator compute while it draws, whatever object holds them."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from infoeval.errors import UserError
from infoeval.subjects.latent_space import LatentSpace

CHUNK = 500
"""Points that are drawn at once."""


class Layer(NamedTuple):
    """A layer with weights: the module, and its name for messages, such as "Linear 74 × 1024"."""

    module: nn.Module
    name: str


def layers_after(latent: LatentSpace, noise: Tensor) -> list[Layer]:
    """Return the layers with weights whose values depend on the point, in the order of their use.

    Every torch module that runs while images are drawn is seen, wherever the model keeps it. The
    first row of `noise` decides everything but the point.

    Raises UserError where there are none.
    """
    points, fixed = _two_points(latent, noise)
    seen: dict[nn.Module, Tensor] = {}

    def keep(module: nn.Module, given: Tensor, output: Tensor) -> None:
        del given
        seen.setdefault(module, _rows(output))

    with _watched(keep):
        latent.images(points, fixed)
    layers = [
        Layer(module, _name(module))
        for module, values in seen.items()
        if _has_weights(module) and _varies(values)
    ]
    if not layers:
        raise UserError(
            f"no torch layer was seen that depends on {latent.name}: these methods need a "
            "generator made of torch modules; give --method random, or a file of directions"
        )
    return layers


def values_of(
    latent: LatentSpace, layer: Layer, points: Tensor, noise: Tensor, *, inputs: bool = False
) -> Tensor:
    """Return what a layer computes of points, or is given, (n, values) float32 on the CPU.

    The first row of `noise` decides everything but the point. Raises UserError for a layer that is
    used several times an image.
    """
    parts: list[Tensor] = []

    def keep(module: nn.Module, given: Tensor, output: Tensor) -> None:
        if module is layer.module:
            parts.append(_rows(given if inputs else output))

    with _watched(keep):
        for part in torch.split(points, CHUNK):
            latent.images(part, noise[:1].expand(len(part), -1))
    values = torch.cat(parts)
    if len(values) != len(points):
        raise UserError(
            f"{layer.name} is used several times an image: give --method random, or a file of "
            "directions"
        )
    return values


def _two_points(latent: LatentSpace, noise: Tensor) -> tuple[Tensor, Tensor]:
    return latent.points(noise[:2]), noise[:1].expand(2, -1)


@contextmanager
def _watched(keep: Callable[[nn.Module, Tensor, Tensor], None]) -> Iterator[None]:
    """Context in which `keep` is called with each module that has run, its input and its output."""

    def hook(module: nn.Module, given: tuple[Any, ...], output: Any) -> None:
        if given and isinstance(given[0], Tensor) and isinstance(output, Tensor):
            keep(module, given[0], output)

    handle = register_module_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def _has_weights(module: nn.Module) -> bool:
    """Whether a module is a layer itself, with a matrix or kernels of weights."""
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.dim() >= 2


def _varies(values: Tensor) -> bool:
    return len(values) == 2 and bool((values[0] != values[1]).any())


def _rows(values: Tensor) -> Tensor:
    return values.detach().float().cpu().reshape(len(values), -1)


def _name(module: nn.Module) -> str:
    weight = module.weight
    assert isinstance(weight, Tensor)
    return f"{type(module).__name__} {len(weight)} × {math.prod(weight.shape[1:])}"
