"""Adam over the stacked weights of S runs, and its moments to and from their own optimisers."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from infoeval.training.stacked_networks import part, stacked

__all__ = ["hand_back_moments", "stacked_adam"]

MOMENTS = ("exp_avg", "exp_avg_sq")


def stacked_adam(
    optimizers: Sequence[torch.optim.Optimizer], one: nn.Module, all_runs: nn.Module
) -> torch.optim.Adam:
    """One optimiser for what `optimizers` are of, one for each run, moments included.

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
        states = [each.state[_parameters(each)[number]] for each in optimizers]
        if not states[0]:
            continue
        adam.state[parameter] = {"step": stacked([each["step"] for each in states])} | {
            name: _like(parameter, stacked([each[name] for each in states])) for name in MOMENTS
        }
    return adam


def hand_back_moments(
    adam: torch.optim.Adam, optimizer: torch.optim.Optimizer, run: int, runs: int
) -> None:
    """Give run number `run`'s own `optimizer` its moments."""
    for mine, theirs in zip(_parameters(adam), _parameters(optimizer), strict=True):
        state = adam.state[mine]
        if state:
            optimizer.state[theirs] = {"step": state["step"].clone()} | {
                name: _like(theirs, part(state[name], run, runs)) for name in MOMENTS
            }


def _parameters(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _like(parameter: Tensor, values: Tensor) -> Tensor:
    """The values in the memory order of the weights, which the fused kernel takes for granted."""
    return torch.empty_like(parameter).copy_(values)
