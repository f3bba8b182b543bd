"""The networks and optimisers of S runs as one: side by side in the channels, none connected.

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
    ParallelStacks,
    Reshape,
    SameConvolution,
    SameUpConvolution,
    Stack,
    activate,
)

MOMENTS = ("exp_avg", "exp_avg_sq")


def stacked(values: Sequence[Tensor]) -> Tensor:
    """Return the runs' tensors as one; a scalar, a count of steps, is the same for all."""
    return values[0].clone() if values[0].dim() == 0 else torch.cat(list(values))


def part(value: Tensor, run: int, runs: int) -> Tensor:
    """Return the part of run number `run` in a stacked tensor, as a view."""
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
            return activate(x, self.activation)
        x = self.linear(self._together(x).contiguous(memory_format=torch.channels_last))
        if self.norm is not None:
            x = self.norm(x, groups)
        return self._apart(activate(x, self.activation))

    def _together(self, x: Tensor) -> Tensor:
        """Return (S, n, channels, …) as (n, S·channels, …): a view of the output of `_apart`."""
        return x.transpose(0, 1).flatten(1, 2)

    def _apart(self, x: Tensor) -> Tensor:
        return x.view(len(x), self.runs, -1, *x.shape[2:]).transpose(0, 1)


class StackedBlocks(Stack):
    """The rows of a layer table, of S runs; `groups` as in `infoeval.networks.BatchNorm`."""

    def __init__(self, one: Stack, runs: int) -> None:
        super().__init__([], one.shape)
        self.blocks.extend(StackedBlock(block, runs) for block in one.blocks)  # type: ignore[arg-type]


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
        self.recognition = _stacked_recognition(one.recognition, runs)
        self.averaged = None if one.averaged is None else StackedBlocks(one.averaged, runs)
        example = next(one.parameters())
        self.to(example.device, example.dtype)
        states = [run.state_dict() for run in networks]
        self.load_state_dict(
            {name: stacked([state[name] for state in states]) for name in states[0]}
        )
        self.to(memory_format=torch.channels_last)
        self.train(one.training)
        self.pixel_range, self.reading = one.pixel_range, one.reading
        self._scale = one.scale

    def scale(self, images: Tensor) -> Tensor:
        """Return uint8 images (S, n, …) as float32 in `pixel_range`."""
        return self._scale(images.flatten(0, 1)).view(images.shape)


def _stacked_recognition(one: Stack | ParallelStacks, runs: int) -> StackedBlocks | ParallelStacks:
    if isinstance(one, Stack):
        return StackedBlocks(one, runs)
    stacks = [StackedBlocks(stack, runs) for stack in one.stacks]  # type: ignore[arg-type]
    return ParallelStacks(stacks, one.shapes, one.order)


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


def stacked_adam(
    optimizers: Sequence[torch.optim.Optimizer], one: nn.Module, all_runs: nn.Module
) -> torch.optim.Adam:
    """Return one optimiser in place of those of the runs, with their moments.

    Args:
        optimizers: of the runs; they have the same settings and have done equally many steps.
        one: the networks of the first run.
        all_runs: the stacked networks, whose parameters have the same names.

    """
    names = {parameter: name for name, parameter in one.named_parameters()}
    of_all = dict(all_runs.named_parameters())
    (group,) = optimizers[0].param_groups
    adam = torch.optim.Adam(
        [of_all[names[parameter]] for parameter in group["params"]],
        lr=group["lr"],
        betas=group["betas"],
        fused=True,
        capturable=group["capturable"],
    )
    for number, parameter in enumerate(_parameters(adam)):
        states = [run.state[_parameters(run)[number]] for run in optimizers]
        if not states[0]:
            continue
        adam.state[parameter] = {"step": stacked([state["step"] for state in states])} | {
            name: _like(parameter, stacked([state[name] for state in states])) for name in MOMENTS
        }
    return adam


def unstack_moments(
    adam: torch.optim.Adam, optimizer: torch.optim.Optimizer, run: int, runs: int
) -> None:
    """Copy the moments of run number `run` into its own `optimizer`."""
    for stacked_one, own in zip(_parameters(adam), _parameters(optimizer), strict=True):
        state = adam.state[stacked_one]
        if state:
            optimizer.state[own] = {"step": state["step"].clone()} | {
                name: _like(own, part(state[name], run, runs)) for name in MOMENTS
            }


def _parameters(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _like(parameter: Tensor, values: Tensor) -> Tensor:
    """Return the values in the memory order of the weights, which the fused kernel assumes."""
    return torch.empty_like(parameter).copy_(values)
