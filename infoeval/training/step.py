"""One training step: D's update, then G's and Q's, on data that already lie on the device.

Nothing is read back from the device, and no shape changes from step to step but once, when the
invariance term sets in.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from infoeval.devices import has_bfloat16
from infoeval.networks import Networks
from infoeval.training.objective import (
    discriminator_loss,
    generator_loss,
    information_between_views,
    weighted_information,
)
from infoeval.training.trainer import Precision, Trainer

__all__ = ["Step", "resolve_precision"]


def resolve_precision(precision: Precision, device: torch.device) -> Precision:
    """What "auto" means on `device`: bfloat16 where it has units for it, float32 elsewhere."""
    if precision != "auto":
        return precision
    return "bfloat16" if has_bfloat16(device) else "float32"


class Step:
    """The networks, their optimisers and the random stream of one run.

    Calling it performs one step and returns its statistics, a tensor on the device in the order
    of `statistics`: both losses and L_I of each code, in nats. `done` counts the steps.

    Args:
        trainer: the settings.
        networks: on the device of `images`.
        images: the training images, uint8 (n, channels, height, width).
        generator: the random stream, on the same device.

    """

    def __init__(
        self, trainer: Trainer, networks: Networks, images: Tensor, generator: torch.Generator
    ) -> None:
        self.trainer = trainer
        self.networks = networks
        self.images = images
        self.generator = generator
        self.done = 0
        precision = resolve_precision(trainer.precision, images.device)
        self.autocast = torch.autocast(
            images.device.type, torch.bfloat16, enabled=precision == "bfloat16"
        )
        self.with_discriminator = trainer.recognition_learns == "with_discriminator"
        judging = [*networks.shared.parameters(), *networks.discriminator.parameters()]
        rate_of_q = (
            trainer.discriminator_rate if self.with_discriminator else trainer.generator_rate
        )
        self.discriminator_optimizer = self._adam(judging, trainer.discriminator_rate)
        self.generator_optimizer = self._adam(
            networks.generator.parameters(), trainer.generator_rate
        )
        self.recognition_optimizer = self._adam(networks.recognition.parameters(), rate_of_q)
        self.statistics = (
            "discriminator_loss",
            "generator_loss",
            *(f"information_{name}" for name in trainer.codes),
        )

    def _adam(self, parameters: Iterable[nn.Parameter], rate: float) -> torch.optim.Adam:
        on_cuda = self.images.device.type == "cuda"
        return torch.optim.Adam(
            parameters, lr=rate, betas=self.trainer.adam_betas, fused=True, capturable=on_cuda
        )

    def __call__(self) -> Tensor:
        trainer, networks = self.trainer, self.networks
        count = trainer.batch
        rows = torch.randint(
            len(self.images), (count,), generator=self.generator, device=self.images.device
        )
        codes = trainer.codes.sample(count, self.generator)
        noise = trainer.codes.sample_noise(count, self.generator)
        with self.autocast:
            real = networks.scale(self.images[rows])
            fake = networks.generator(trainer.codes.encode(codes, noise)).float()
        adversary_loss = self._update_discriminator(real, fake.detach(), codes)
        player_loss, information = self._update_generator(fake, codes)
        self.done += 1
        return torch.stack([adversary_loss, player_loss, *information.values()]).detach()

    def _update_discriminator(self, real: Tensor, fake: Tensor, codes: dict[str, Tensor]) -> Tensor:
        """D's half of eq. 6; with it, where the settings say so, Q's half."""
        trainer, networks = self.trainer, self.networks
        background = networks.pixel_range[0]
        batches = {"real": real, "fake": fake}
        if self.with_discriminator and trainer.recognition_view is not None:
            batches["read"] = trainer.recognition_view(fake, self.generator, background)
        if self._invariant:
            batches["moved"] = trainer.invariance_view(real, self.generator, background)
        count = len(batches)
        seen = self._noisy(torch.cat(list(batches.values())))
        with self.autocast:
            together = networks.shared(seen, groups=count)
            features = dict(zip(batches, together.chunk(count), strict=True))
            logits = networks.discriminator(torch.cat([features["real"], features["fake"]]))
            adversarial = discriminator_loss(*logits.chunk(2))
            loss = adversarial
            if self.with_discriminator:
                read = features.get("read", features["fake"])
                read = read if trainer.information_weight else read.detach()
                loss = loss - self._weight * self._information(read, codes)[1]
            if self._invariant:
                invariance = self._invariance(features["real"], features["moved"])
                loss = loss - trainer.invariance_weight * invariance
        learners = [self.discriminator_optimizer]
        if self.with_discriminator or self._invariant:
            learners.append(self.recognition_optimizer)
        _descend(loss, learners)
        return adversarial

    def _update_generator(
        self, fake: Tensor, codes: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """G's half of eq. 6, and Q's unless it learns with D."""
        trainer, networks = self.trainer, self.networks
        with self.autocast:
            if trainer.recognition_view is None:
                seen_by_d = seen_by_q = networks.shared(self._noisy(fake))
            else:
                moved = trainer.recognition_view(fake, self.generator, networks.pixel_range[0])
                both = self._noisy(torch.cat([fake, moved]))
                seen_by_d, seen_by_q = networks.shared(both, groups=2).chunk(2)
            adversarial = generator_loss(networks.discriminator(seen_by_d))
            if not trainer.information_weight:
                seen_by_q = seen_by_q.detach()
            bounds, information = self._information(seen_by_q, codes)
            loss = adversarial - self._weight * information
        learners = [self.generator_optimizer]
        if not self.with_discriminator:
            learners.append(self.recognition_optimizer)
        _descend(loss, learners)
        return adversarial, bounds

    def _noisy(self, images: Tensor) -> Tensor:
        """The images with fresh noise of the settings' size."""
        if not self.trainer.image_noise:
            return images
        low, high = self.networks.pixel_range
        deviation = self.trainer.image_noise * (high - low)
        drawn = torch.randn(images.shape, generator=self.generator, device=images.device)
        noise = drawn.to(memory_format=torch.channels_last)
        return images + deviation * noise

    @property
    def _invariant(self) -> bool:
        """Whether the invariance term has set in."""
        trainer = self.trainer
        return trainer.invariance_weight > 0 and self.done >= trainer.invariance_starts

    @property
    def _weight(self) -> float:
        """λ so far; at λ = 0 Q reads detached features, and 1 lets Q itself learn."""
        trainer = self.trainer
        if not trainer.information_weight:
            return 1.0
        reached = min(1.0, (self.done + 1) / max(trainer.information_warmup, 1))
        return trainer.information_weight * reached

    def _information(
        self, features: Tensor, codes: dict[str, Tensor]
    ) -> tuple[dict[str, Tensor], Tensor]:
        posterior = self.networks.recognition(features)
        bounds = self.trainer.codes.lower_bound(posterior, codes)
        return bounds, weighted_information(bounds, self.trainer.weights)

    def _invariance(self, of_real: Tensor, of_moved: Tensor) -> Tensor:
        """I(ĉ; ĉ') between real images and moved copies, summed over the categorical codes."""
        posterior = self.networks.recognition(torch.cat([of_real, of_moved]), groups=2)
        parts = self.trainer.codes.split(posterior)
        names = self.trainer.categorical_codes
        terms = [information_between_views(*parts[name].chunk(2)) for name in names]
        return torch.stack(terms).sum()


def _descend(loss: Tensor, learners: Sequence[torch.optim.Optimizer]) -> None:
    """One step of each optimiser on its own parameters; no other gradient is computed."""
    groups = [group for learner in learners for group in learner.param_groups]
    parameters = [parameter for group in groups for parameter in group["params"]]
    for learner in learners:
        learner.zero_grad(set_to_none=True)
    loss.backward(inputs=parameters)  # type: ignore[no-untyped-call]
    for learner in learners:
        learner.step()
