"""Taking up a run from its checkpoint, which need not be ours, nor sound."""

from collections.abc import Mapping
from typing import Any

import torch

from infoeval.checkpoint import Checkpoint
from infoeval.trainer import Trainer
from infoeval.training.step import Step

__all__ = ["differences", "restore"]


def differences(checkpoint: Checkpoint, trainer: Trainer, seed: int, fingerprint: str) -> list[str]:
    """What of a run's settings differs from the checkpoint's; more steps are none."""
    kept, wanted = checkpoint.trainer.to_dict(), trainer.to_dict()
    changed = [name for name in wanted if name != "steps" and kept.get(name) != wanted[name]]
    if checkpoint.seed != seed:
        changed.append("seed")
    if checkpoint.data.get("fingerprint") != fingerprint:
        changed.append("the training images")
    return changed


def restore(step: Step, checkpoint: Checkpoint) -> None:
    """Put the step where the checkpoint was written.

    Raises ValueError for a checkpoint whose tensors do not fit.
    """
    try:
        step.networks.load_state_dict(checkpoint.weights)
        for name, optimizer in step.optimizers.items():
            _restore_optimizer(optimizer, checkpoint.optimizers[name])
        step.generator.set_state(checkpoint.random_state)
    except (LookupError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise ValueError(" ".join(str(error).split())[:200]) from error
    step.done = checkpoint.step


def _restore_optimizer(optimizer: torch.optim.Optimizer, kept: Mapping[str, Any]) -> None:
    """Load Adam's moments into memory of their own, of the weights' size and layout.

    The fused kernel looks at neither: what a stranger's file gives it would be read and written
    past its end.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state = {}
    for number, moments in kept["state"].items():
        state[number] = {"step": moments["step"].reshape(()).clone()}
        for name in ("exp_avg", "exp_avg_sq"):
            if moments[name].shape != parameters[number].shape:
                raise ValueError("the optimiser's moments do not fit the weights")
            state[number][name] = torch.empty_like(parameters[number]).copy_(moments[name])
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
