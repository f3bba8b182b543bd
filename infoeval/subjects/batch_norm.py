"""Batch-norm statistics of a user's encoder: its running ones, or those of given images."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import is_lazy

from infoeval.errors import UserError

BatchNorm = Literal["real", "running", "generated"]
"""Where statistics come from: training images, the training itself, or generated images."""
Statistics = tuple[Tensor, Tensor]
"""Running mean and variance of a layer."""


class BatchNormStatistics:
    """The statistics of batch-norm layers, which can be estimated on images and put in their place.

    Layers that keep no running statistics always take those of their batch, and are left alone.
    Outside `estimate` and `in_force` the networks are as the user made them. Raises UserError for
    lazy layers that have no weights yet.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        layers = (module for network in networks for module in network.modules())
        self._layers = [
            layer
            for layer in dict.fromkeys(layers)
            if isinstance(layer, _BatchNorm) and layer.running_mean is not None
        ]
        for layer in self._layers:
            if is_lazy(_running(layer)[0]):
                raise UserError(
                    f"a {type(layer).__name__} of the encoder has no weights yet: load them, or "
                    "run it once"
                )
        self._estimated: dict[_BatchNorm, Statistics] = {}

    def __len__(self) -> int:
        return len(self._layers)

    @property
    def estimated(self) -> bool:
        """Whether statistics of any layer were estimated."""
        return bool(self._estimated)

    def estimate(self, read: Callable[[Tensor], object], batches: Sequence[Tensor]) -> None:
        """Estimate the statistics of all layers that `read` runs, as the mean over batches."""
        with self._restored():
            for layer in self._layers:
                layer.reset_running_stats()
                layer.momentum = None  # a plain mean over the batches
                layer.train()
            for batch in batches:
                read(batch)
            for layer in self._layers:
                if layer.num_batches_tracked:
                    self._estimated[layer] = _copied(layer)

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Context in which the layers have the estimated statistics."""
        with self._restored():
            for layer, statistics in self._estimated.items():
                _set(layer, statistics)
            yield

    @contextmanager
    def _restored(self) -> Iterator[None]:
        """Context after which the layers are as they were before."""
        before = [
            (layer, _copied(layer), layer.num_batches_tracked, layer.momentum, layer.training)
            for layer in self._layers
        ]
        for layer in self._layers:  # those of old checkpoints have no count
            count = layer.num_batches_tracked
            layer.num_batches_tracked = torch.tensor(0) if count is None else count.clone()
        try:
            yield
        finally:
            for layer, statistics, count, momentum, training in before:
                _set(layer, statistics)
                layer.num_batches_tracked, layer.momentum = count, momentum
                layer.train(training)


def _running(layer: _BatchNorm) -> Statistics:
    mean, variance = layer.running_mean, layer.running_var
    assert isinstance(mean, Tensor)
    assert isinstance(variance, Tensor)
    return mean, variance


def _copied(layer: _BatchNorm) -> Statistics:
    mean, variance = _running(layer)
    return mean.clone(), variance.clone()


@torch.no_grad()
def _set(layer: _BatchNorm, statistics: Statistics) -> None:
    for buffer, values in zip(_running(layer), statistics, strict=True):
        buffer.copy_(values)
