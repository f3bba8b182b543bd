"""One training step of S runs at once, as one step with a batch dimension for the runs.

No run depends on another: each draws from its own stream what its own step would draw, and losses
are summed over the runs, whose weights are disjoint.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from infoeval.errors import UserError
from infoeval.trainer import Trainer
from infoeval.training.stacked_networks import StackedNetworks, part, stacked_adam, unstack_moments
from infoeval.training.step import Step, TrainingStep


def stackable(first: Trainer, second: Trainer) -> bool:
    """Return whether runs of both can be stacked: they differ in λ and its warm-up at most."""
    same: dict[str, Any] = {"information_weight": 1.0, "information_warmup": 0, "variants": {}}
    return replace(first, **same) == replace(second, **same)


class StackedStep(TrainingStep):
    """The steps of S runs, which have done equally many, as one.

    Its statistics are (S, count). The runs' own weights and moments change only in `unstack`;
    their random streams advance with each step.

    Raises:
        UserError: runs that cannot be stacked.

    """

    networks: StackedNetworks

    def __init__(self, steps: Sequence[Step]) -> None:
        first = steps[0]
        if not all(stackable(first.trainer, step.trainer) for step in steps):
            raise UserError("stacked runs may differ in seed, λ and its warm-up only")
        if len({step.done for step in steps}) > 1:
            raise UserError("stacked runs must have done equally many steps")
        networks = StackedNetworks([step.networks for step in steps])
        super().__init__(first.trainer, networks, first.device, stack=len(steps))
        self.steps = list(steps)
        self.done = first.done
        self.optimizers = {
            name: stacked_adam([step.optimizers[name] for step in steps], first.networks, networks)
            for name in first.optimizers
        }
        trainers = [step.trainer for step in steps]
        weights = [trainer.information_weight for trainer in trainers]
        warmups = [
            max(trainer.information_warmup, 1) if trainer.information_weight else 1
            for trainer in trainers
        ]
        self._with_term = torch.tensor([weight > 0 for weight in weights], device=self.device)
        self._final_weights = torch.tensor(
            [weight or 1.0 for weight in weights], dtype=torch.float64, device=self.device
        )
        self._warmups = torch.tensor(warmups, dtype=torch.float64, device=self.device)

    @property
    def runs(self) -> list[Step]:
        """The step of each run."""
        return self.steps

    @property
    def weight(self) -> Tensor:
        """λ of each run's coming step, (S,); see `TrainingStep`."""
        done = self.done if self.clock is None else self.clock
        reached = ((done + 1) / self._warmups).clamp(max=1.0)
        return (self._final_weights * reached).float()

    def for_recognition(self, features: Tensor) -> Tensor:
        """Return what Q reads; see `TrainingStep`."""
        with_term = self._with_term.view(-1, *[1] * (features.dim() - 1))
        return torch.where(with_term, features, features.detach())

    def finite(self) -> bool:
        """Return whether all weights and statistics are finite."""
        values = self.networks.state_dict().values()
        return bool(torch.stack([value.isfinite().all() for value in values]).all())

    @torch.no_grad()
    def unstack(self) -> None:
        """Copy weights, statistics and moments into the step of each run."""
        state = self.networks.state_dict()
        for run, step in enumerate(self.steps):
            for name, value in step.networks.state_dict().items():
                value.copy_(part(state[name], run, len(self.steps)))
            for name, optimizer in self.optimizers.items():
                unstack_moments(optimizer, step.optimizers[name], run, len(self.steps))
            step.done = self.done
