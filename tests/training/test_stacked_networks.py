"""Stacked layers against S networks of their own: outputs, gradients, running statistics."""

from typing import Any

import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace
from infoeval.networks import (
    Convolution,
    Dense,
    Layer,
    Networks,
    Reshape,
    Stack,
    UpConvolution,
)
from infoeval.training.stacked_networks import StackedNetworks, part

RUNS = 3
ROUNDING: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-11}
"""Float64 has sixteen digits; sums in another order, and batch norm of few images, cost some."""

IMAGE, VECTOR = (2, 8, 8), (5,)
TABLES: dict[str, tuple[tuple[Layer, ...], tuple[int, ...]]] = {
    "dense": ((Dense(7, "tanh"),), VECTOR),
    "dense with batch norm": ((Dense(7, "relu", batch_norm=True),), VECTOR),
    "dense of an image": ((Dense(6, "sigmoid"),), IMAGE),
    "dense of an image with batch norm": ((Dense(6, batch_norm=True),), IMAGE),
    "convolution": ((Convolution(3, "leaky_relu"),), IMAGE),
    "convolution with batch norm": ((Convolution(3, "leaky_relu", batch_norm=True),), IMAGE),
    "convolution of odd padding": ((Convolution(3, kernel=4, stride=1),), IMAGE),
    "convolution of one pixel": ((Convolution(4, kernel=1, stride=1),), IMAGE),
    "up-convolution": ((UpConvolution(3, "tanh"),), IMAGE),
    "up-convolution with batch norm": ((UpConvolution(3, "relu", batch_norm=True),), IMAGE),
    "up-convolution of odd padding": ((UpConvolution(3, kernel=4, stride=1),), IMAGE),
    "up-convolution of odd kernel": ((UpConvolution(1, kernel=5),), IMAGE),
    "reshape": ((Dense(12), Reshape(3, 2, 2)), VECTOR),
    "reshape and up-convolution": ((Dense(12), Reshape(3, 2, 2), UpConvolution(2)), VECTOR),
    "all": (
        (
            Convolution(4, "leaky_relu", batch_norm=True),
            Dense(16, "relu", batch_norm=True),
            Reshape(4, 2, 2),
            UpConvolution(3, "relu", batch_norm=True),
            Convolution(2, "leaky_relu", kernel=3, stride=1),
            Dense(3),
        ),
        IMAGE,
    ),
}


def networks_of(table: tuple[Layer, ...], shape: tuple[int, ...]) -> list[Networks]:
    """S networks of different weights and statistics; `table` is that of the shared layers."""
    found = []
    for run in range(RUNS):
        codes = CodeSpace(k=Categorical(3), noise=2)
        networks = Networks(codes, (1, 1, 1), (Dense(1), Reshape(1, 1, 1)), (Dense(2),))
        networks.shared = Stack(table, shape)
        random = torch.Generator().manual_seed(run)
        for value in networks.state_dict().values():
            if value.dim():
                value.copy_(torch.rand(value.shape, generator=random) - 0.3).abs_()
        found.append(networks.train().double().to(memory_format=torch.channels_last))
    return found


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("name", TABLES)
def test_a_stack_computes_what_separate_networks_compute(name: str, groups: int) -> None:
    table, shape = TABLES[name]
    separate = networks_of(table, shape)
    together = StackedNetworks(separate)
    x = torch.randn(RUNS, 6, *shape, generator=torch.Generator().manual_seed(9)).double()
    own_inputs, inputs = x.clone().requires_grad_(), x.clone().requires_grad_()
    own = torch.stack([each.shared(own_inputs[n], groups) for n, each in enumerate(separate)])
    found = together.shared(inputs, groups)
    torch.testing.assert_close(found, own, **ROUNDING)
    weights = torch.randn(own.shape, generator=torch.Generator().manual_seed(8)).double()
    for output in (own, found):
        torch.autograd.backward((output * weights).sum())
    torch.testing.assert_close(inputs.grad, own_inputs.grad, **ROUNDING)
    compare(separate, together)


def compare(separate: list[Networks], together: StackedNetworks) -> None:
    """Gradients and running statistics of the shared layers."""
    gradients = {name: p.grad for name, p in together.shared.named_parameters()}
    statistics = dict(together.shared.named_buffers())
    for run, networks in enumerate(separate):
        for name, parameter in networks.shared.named_parameters():
            gradient = gradients[name]
            assert isinstance(gradient, Tensor)
            mine = part(gradient, run, RUNS)
            torch.testing.assert_close(mine, parameter.grad, **ROUNDING)
        for name, value in networks.shared.named_buffers():
            torch.testing.assert_close(part(statistics[name], run, RUNS), value, **ROUNDING)


@pytest.mark.parametrize("name", TABLES)
def test_evaluation_uses_the_running_statistics_of_each_run(name: str) -> None:
    table, shape = TABLES[name]
    separate = networks_of(table, shape)
    together = StackedNetworks(separate).eval()
    x = torch.randn(RUNS, 1, *shape, generator=torch.Generator().manual_seed(9)).double()
    own = torch.stack([each.eval().shared(x[n]) for n, each in enumerate(separate)])
    torch.testing.assert_close(together.shared(x), own, **ROUNDING)


def test_what_is_stacked_comes_back_bit_for_bit() -> None:
    separate = networks_of(*TABLES["all"])
    state = StackedNetworks(separate).state_dict()
    for run, networks in enumerate(separate):
        own = networks.state_dict()
        assert list(own) == list(state)
        for name, value in own.items():
            assert torch.equal(part(state[name], run, RUNS), value)
            assert part(state[name], run, RUNS).stride() == value.stride()


@pytest.mark.parametrize("name", TABLES)
def test_nothing_reaches_another_run(name: str) -> None:
    """Not even what is not a number, of which any sum would be none."""
    table, shape = TABLES[name]
    together = StackedNetworks(networks_of(table, shape))
    x = torch.randn(RUNS, 4, *shape, generator=torch.Generator().manual_seed(9)).double()
    x[1] = torch.nan
    x.requires_grad_()
    found = together.shared(x)
    assert found[1].isnan().all()
    assert found[[0, 2]].isfinite().all()
    torch.autograd.backward(found.square().sum())
    assert x.grad is not None
    assert x.grad[[0, 2]].isfinite().all()
    for parameter in together.shared.parameters():
        assert parameter.grad is not None
        assert part(parameter.grad, 0, RUNS).isfinite().all()
        assert part(parameter.grad, 2, RUNS).isfinite().all()
