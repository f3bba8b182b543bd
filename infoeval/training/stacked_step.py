"""One training step of S runs at once: what `infoeval.training.step.Step` does, S times.

No run sees anything of another's: each draws from its own stream what its own step would draw, in
the same order, and losses are summed over the runs, whose weights are disjoint.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from infoeval.augment import Affine
from infoeval.errors import UserError
from infoeval.trainer import Trainer
from infoeval.training.losses import (
    discriminator_loss,
    generator_loss,
    information_between_views,
    weighted_information,
)
from infoeval.training.stacked_networks import StackedNetworks, part
from infoeval.training.stacked_optimizers import hand_back_moments, stacked_adam
from infoeval.training.step import Step, descend

__all__ = ["StackedStep", "stackable"]


def stackable(first: Trainer, second: Trainer) -> bool:
    """Whether runs of both can stand in one stack: they differ in λ and its warm-up at most."""
    same: dict[str, Any] = {"information_weight": 1.0, "information_warmup": 0, "variants": {}}
    return replace(first, **same) == replace(second, **same)


class StackedStep:
    """The steps of S runs, which have done equally many, as one.

    Calling it performs one step of each and returns their statistics (S, count), on the device, in
    the order of `Step.statistics`. The runs' own weights and moments stay as they were until
    `hand_back`; their streams advance.

    Raises:
        UserError: runs that cannot be stacked.

    """

    def __init__(self, steps: Sequence[Step]) -> None:
        first = steps[0]
        if not all(stackable(first.trainer, each.trainer) for each in steps):
            raise UserError("stacked runs may differ in seed, λ and its warm-up only")
        if len({each.done for each in steps}) > 1:
            raise UserError("stacked runs must have done equally many steps")
        self.steps = list(steps)
        self.trainer = first.trainer
        self.runs = len(self.steps)
        self.done = first.done
        self.autocast = first.autocast
        self.device = first.generator.device
        self.pixel_range = first.networks.pixel_range
        self.networks = StackedNetworks([each.networks for each in steps])
        self.optimizers = {
            name: stacked_adam(
                [each.optimizers[name] for each in steps], first.networks, self.networks
            )
            for name in first.optimizers
        }
        self.clock: Tensor | None = None
        goals = [each.trainer.information_weight for each in steps]
        warmups = [
            max(each.trainer.information_warmup, 1) if goal else 1
            for goal, each in zip(goals, steps, strict=True)
        ]
        self.warms_up = max(warmups) > 1
        self.some_without_term = not all(goals)
        self.with_term = torch.tensor([goal > 0 for goal in goals], device=self.device)
        # At λ = 0 Q reads detached features, and 1 lets Q itself learn.
        self.goals = torch.tensor(
            [goal or 1.0 for goal in goals], dtype=torch.float64, device=self.device
        )
        self.warmups = torch.tensor(warmups, dtype=torch.float64, device=self.device)

    def __call__(self) -> Tensor:
        trainer = self.trainer
        drawn = [self._drawn(each) for each in self.steps]
        images = torch.cat([images for images, _, _ in drawn])
        codes = {
            name: torch.stack([codes[name] for _, codes, _ in drawn]) for name in trainer.codes
        }
        noise = torch.cat([noise for _, _, noise in drawn])
        flat = {name: values.flatten() for name, values in codes.items()}
        with self.autocast:
            real = torch.stack(self.steps[0].networks.scale(images).chunk(self.runs))
            inputs = torch.stack(trainer.codes.encode(flat, noise).chunk(self.runs))
            fake = self.networks.generator(inputs).float()
        adversary_loss = self._update_discriminator(real, fake.detach(), codes)
        player_loss, information = self._update_generator(fake, codes)
        self.done += 1
        return torch.stack([adversary_loss, player_loss, *information.values()], dim=1).detach()

    def advance(self, count: int) -> Tensor:
        """Perform `count` steps and return the mean of their statistics, (S, count of them)."""
        return torch.stack([self() for _ in range(count)]).mean(0)

    def hold_images(self) -> None:
        """Let a graph replay the step; see `Step.hold_images`."""
        for step in self.steps:
            step.images.hold(self.trainer.batch)

    def fetch_images(self) -> None:
        """Get every run's coming images ready where a graph finds them."""
        for step in self.steps:
            step.images.fetch(step.generator, self.done)

    def finite(self) -> bool:
        """Whether all weights and statistics are finite."""
        values = self.networks.state_dict().values()
        return bool(torch.stack([value.isfinite().all() for value in values]).all())

    @torch.no_grad()
    def hand_back(self) -> None:
        """Give every run its weights, statistics and moments, as its own step would have left."""
        state = self.networks.state_dict()
        for run, step in enumerate(self.steps):
            for name, value in step.networks.state_dict().items():
                value.copy_(part(state[name], run, self.runs))
            for name, optimizer in self.optimizers.items():
                hand_back_moments(optimizer, step.optimizers[name], run, self.runs)
            step.done = self.done

    def _drawn(self, step: Step) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """Images, codes and noise of one run, drawn in the order of its own step."""
        count, space, generator = self.trainer.batch, self.trainer.codes, step.generator
        images = step.images.draw(count, generator, self.done)
        return images, space.sample(count, generator), space.sample_noise(count, generator)

    def _update_discriminator(self, real: Tensor, fake: Tensor, codes: dict[str, Tensor]) -> Tensor:
        trainer, networks = self.trainer, self.networks
        with_discriminator = self.steps[0].with_discriminator
        batches = {"real": real, "fake": fake}
        if with_discriminator and trainer.recognition_view is not None:
            batches["read"] = self._moved(fake, trainer.recognition_view)
        if self.invariant:
            batches["moved"] = self._moved(real, trainer.invariance_view)
        count = len(batches)
        seen = self._noisy(torch.cat(list(batches.values()), dim=1))
        with self.autocast:
            together = networks.shared(seen, groups=count)
            features = dict(zip(batches, together.chunk(count, dim=1), strict=True))
            logits = networks.discriminator(torch.cat([features["real"], features["fake"]], dim=1))
            adversarial: Tensor = _each(discriminator_loss)(*logits.chunk(2, dim=1))
            loss = adversarial
            if with_discriminator:
                read = self._for_recognition(features.get("read", features["fake"]))
                loss = loss - self._weights() * self._information(read, codes)[1]
            if self.invariant:
                invariance = self._invariance(features["real"], features["moved"])
                loss = loss - trainer.invariance_weight * invariance
        learners = [self.optimizers["discriminator"]]
        if with_discriminator or self.invariant:
            learners.append(self.optimizers["recognition"])
        descend(loss.sum(), learners)
        return adversarial

    def _update_generator(
        self, fake: Tensor, codes: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        trainer, networks = self.trainer, self.networks
        with self.autocast:
            if trainer.recognition_view is None:
                seen_by_d = seen_by_q = networks.shared(self._noisy(fake))
            else:
                moved = self._moved(fake, trainer.recognition_view)
                both = self._noisy(torch.cat([fake, moved], dim=1))
                seen_by_d, seen_by_q = networks.shared(both, groups=2).chunk(2, dim=1)
            adversarial = _each(generator_loss)(networks.discriminator(seen_by_d))
            bounds, information = self._information(self._for_recognition(seen_by_q), codes)
            loss = adversarial - self._weights() * information
        learners = [self.optimizers["generator"]]
        if not self.steps[0].with_discriminator:
            learners.append(self.optimizers["recognition"])
        descend(loss.sum(), learners)
        return adversarial, bounds

    def _moved(self, images: Tensor, view: Affine) -> Tensor:
        """The images of each run, moved as its own stream says."""
        background = self.pixel_range[0]
        pairs = zip(images, self.steps, strict=True)
        return torch.stack([view(each, step.generator, background) for each, step in pairs])

    def _noisy(self, images: Tensor) -> Tensor:
        if not self.trainer.image_noise:
            return images
        low, high = self.pixel_range
        deviation = self.trainer.image_noise * (high - low)
        shape = images.shape[1:]
        drawn = [
            torch.randn(shape, generator=step.generator, device=self.device) for step in self.steps
        ]
        return images + deviation * torch.stack(drawn)

    def _for_recognition(self, features: Tensor) -> Tensor:
        """What Q reads: of runs without the information term features that send nothing back."""
        if not self.some_without_term:
            return features
        taught = self.with_term.view(-1, *[1] * (features.dim() - 1))
        return torch.where(taught, features, features.detach())

    @property
    def invariant(self) -> bool:
        """Whether the invariance term has set in."""
        trainer = self.trainer
        return trainer.invariance_weight > 0 and self.done >= trainer.invariance_starts

    def _weights(self) -> Tensor:
        """λ of each run so far, (S,)."""
        if not self.warms_up:
            return self.goals.float()
        done = self.done if self.clock is None else self.clock
        reached = ((done + 1) / self.warmups).clamp(max=1.0)
        return (self.goals * reached).float()

    def _information(
        self, features: Tensor, codes: dict[str, Tensor]
    ) -> tuple[dict[str, Tensor], Tensor]:
        space, weights = self.trainer.codes, self.trainer.weights

        def of_one(posterior: Tensor, codes: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
            bounds = space.lower_bound(posterior, codes)
            return bounds, weighted_information(bounds, weights)

        return _each(of_one)(self.networks.recognition(features), codes)  # type: ignore[no-any-return]

    def _invariance(self, of_real: Tensor, of_moved: Tensor) -> Tensor:
        names, split = self.trainer.categorical_codes, self.trainer.codes.split

        def of_one(first: Tensor, second: Tensor) -> Tensor:
            pairs = [(split(first)[name], split(second)[name]) for name in names]
            return torch.stack([information_between_views(*pair) for pair in pairs]).sum()

        posterior = self.networks.recognition(torch.cat([of_real, of_moved], dim=1), groups=2)
        return _each(of_one)(*posterior.chunk(2, dim=1))  # type: ignore[no-any-return]


def _each(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of one run's tensors, for all runs at once: each has a first dimension more."""
    return torch.func.vmap(function)
