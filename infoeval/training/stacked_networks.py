"""The networks of S runs as one: side by side in the channels, with no weight between them.

A stacked tensor is the runs' tensors one after the other along the first dimension: that is how
grouped convolutions and batch normalisation over S·C channels keep theirs, and a linear layer's
is seen as S matrices. Between layers the runs are the first dimension: vectors are (S, n, width)
and images (S, n, channels, height, width).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from infoeval.networks import (
    BatchNorm,
    Block,
    Dense,
    Networks,
    Reshape,
    SameConvolution,
    SameUpConvolution,
    Stack,
    _activate,
)

__all__ = ["StackedBlocks", "StackedNetworks", "part", "stacked"]


def stacked(values: Sequence[Tensor]) -> Tensor:
    """The runs' tensors as one; what is no array, a count of steps, is the same for all."""
    return values[0].clone() if values[0].dim() == 0 else torch.cat(list(values))


def part(value: Tensor, run: int, runs: int) -> Tensor:
    """What is run number `run`'s of a stacked tensor: a view."""
    return value if value.dim() == 0 else value.chunk(runs)[run]


class StackedLinear(nn.Module):
    """S linear layers on (S, n, inputs): one batched product."""

    def __init__(self, one: nn.Linear, runs: int) -> None:
        super().__init__()
        self.runs = runs
        self.weight = nn.Parameter(_repeated(one.weight, runs))
        bias: Tensor | None = one.bias
        self.bias = None if bias is None else nn.Parameter(_repeated(bias, runs))

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight.view(self.runs, -1, self.weight.shape[1]).mT
        if self.bias is None:
            return torch.bmm(x, weight)
        return torch.baddbmm(self.bias.view(self.runs, 1, -1), x, weight)


class StackedConvolution(nn.Module):
    """S convolutions on (n, S·channels, height, width), each of its own channels."""

    def __init__(self, one: SameConvolution | SameUpConvolution, runs: int) -> None:
        super().__init__()
        self.runs, self.extra = runs, one.extra
        self.stride, self.padding = one.stride[0], (one.kernel_size[0] - one.stride[0]) // 2
        self.weight = nn.Parameter(_repeated(one.weight, runs))
        self.bias = None if one.bias is None else nn.Parameter(_repeated(one.bias, runs))

    def forward(self, x: Tensor) -> Tensor:
        if self.extra:
            x = functional.pad(x, (0, self.extra, 0, self.extra))
        return functional.conv2d(
            x, self.weight, self.bias, self.stride, self.padding, groups=self.runs
        )


class StackedUpConvolution(StackedConvolution):
    """S up-convolutions on (n, S·channels, height, width), each of its own channels."""

    def forward(self, x: Tensor) -> Tensor:
        y = functional.conv_transpose2d(
            x, self.weight, self.bias, self.stride, self.padding, groups=self.runs
        )
        return y[:, :, : y.shape[2] - self.extra, : y.shape[3] - self.extra] if self.extra else y


class StackedBlock(nn.Module):
    """One row of a layer table, of S runs."""

    def __init__(self, one: Block, runs: int) -> None:
        super().__init__()
        self.runs, self.layer, self.activation = runs, one.layer, one.activation
        self.linear = _stacked_map(one.linear, runs)
        image = len(one.shape) == 3
        self.norm = None if one.norm is None else BatchNorm(runs * one.shape[0], image)

    def forward(self, x: Tensor, groups: int = 1) -> Tensor:
        layer = self.layer
        if isinstance(layer, Reshape):
            images = x.reshape(*x.shape[:2], layer.height, layer.width, layer.channels)
            return images.permute(0, 1, 4, 2, 3)
        assert self.linear is not None
        if isinstance(layer, Dense):
            if x.dim() == 5:  # in the order that Reshape takes them: row, column, channel
                x = x.permute(0, 1, 3, 4, 2).flatten(2)
            x = self.linear(x)
            if self.norm is not None:
                x = self._apart(self.norm(self._together(x), groups))
            return _activate(x, self.activation)
        x = self.linear(self._together(x).contiguous(memory_format=torch.channels_last))
        if self.norm is not None:
            x = self.norm(x, groups)
        return self._apart(_activate(x, self.activation))

    def _together(self, x: Tensor) -> Tensor:
        """(S, n, channels, …) as (n, S·channels, …): a view of what `_apart` gave."""
        return x.transpose(0, 1).flatten(1, 2)

    def _apart(self, x: Tensor) -> Tensor:
        return x.view(len(x), self.runs, -1, *x.shape[2:]).transpose(0, 1)


class StackedBlocks(nn.Module):
    """The rows of a layer table, of S runs; `groups` as in `infoeval.networks.BatchNorm`."""

    def __init__(self, one: Stack, runs: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(StackedBlock(block, runs) for block in one.blocks)  # type: ignore[arg-type]

    def forward(self, x: Tensor, groups: int = 1) -> Tensor:
        for block in self.blocks:
            x = block(x, groups)
        return x


class StackedNetworks(nn.Module):
    """The networks of S runs of the same tables; its state has the names of one run's.

    Args:
        networks: of the runs, on one device. Their weights and statistics are copied.

    """

    def __init__(self, networks: Sequence[Networks]) -> None:
        super().__init__()
        one, runs = networks[0], len(networks)
        self.generator = StackedBlocks(one.generator, runs)
        self.shared = StackedBlocks(one.shared, runs)
        self.discriminator = StackedBlocks(one.discriminator, runs)
        self.recognition = StackedBlocks(one.recognition, runs)
        example = next(one.parameters())
        self.to(example.device, example.dtype)
        states = [each.state_dict() for each in networks]
        self.load_state_dict({name: stacked([each[name] for each in states]) for name in states[0]})
        self.to(memory_format=torch.channels_last)
        self.train(one.training)


def _stacked_map(one: nn.Module | None, runs: int) -> nn.Module | None:
    match one:
        case SameConvolution():
            return StackedConvolution(one, runs)
        case SameUpConvolution():
            return StackedUpConvolution(one, runs)
        case nn.Linear():
            return StackedLinear(one, runs)
        case _:
            return None


def _repeated(value: Tensor, runs: int) -> Tensor:
    return torch.cat([value.detach()] * runs)
