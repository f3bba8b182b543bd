"""One training step: D's update, then G's and Q's, on data that already lie on the device.

Nothing is read back from the device, and no shape changes from step to step but once, when the
invariance term sets in.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from infoeval.augment import Affine
from infoeval.devices import has_bfloat16
from infoeval.networks import Networks
from infoeval.trainer import Precision, Trainer
from infoeval.training.image_source import Images, ResidentImages
from infoeval.training.losses import (
    discriminator_loss,
    generator_loss,
    information_between_views,
    weighted_information,
)

if TYPE_CHECKING:
    from infoeval.training.distributed import World

__all__ = ["Step", "descend", "resolve_precision"]


def resolve_precision(precision: Precision, device: torch.device) -> Precision:
    """What "auto" means on `device`: bfloat16 where it has units for it, float32 elsewhere."""
    if precision != "auto":
        return precision
    return "bfloat16" if has_bfloat16(device) else "float32"


class Step:
    """The networks, their optimisers and the random stream of one run.

    Calling it performs one step and returns its statistics, a tensor on the device in the order
    of `statistics`: both losses and L_I of each code, in nats. `done` counts the steps. `clock`
    counts them on the device, float64, while a graph replays the step, and is None otherwise.

    Args:
        trainer: the settings.
        networks: on the device of `images`.
        images: the training images: uint8 (n, channels, height, width), or what draws from them.
        generator: the random stream, on the same device.
        world: the processes that share each batch; None: this one alone.

    """

    def __init__(
        self,
        trainer: Trainer,
        networks: Networks,
        images: Tensor | Images,
        generator: torch.Generator,
        world: "World | None" = None,
    ) -> None:
        self.trainer = trainer
        self.networks = networks
        self.images = ResidentImages(images) if isinstance(images, Tensor) else images
        self.generator = generator
        self.world = world
        self.done = 0
        self.clock: Tensor | None = None
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
        return torch.optim.Adam(parameters, lr=rate, betas=self.trainer.adam_betas, fused=True)

    @property
    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Each network's optimiser."""
        return {
            "discriminator": self.discriminator_optimizer,
            "generator": self.generator_optimizer,
            "recognition": self.recognition_optimizer,
        }

    def advance(self, count: int) -> Tensor:
        """Perform `count` steps and return the means of their statistics, on the device."""
        return torch.stack([self() for _ in range(count)]).mean(0)

    def hold_images(self) -> None:
        """Let a graph replay the step; before each replay it needs `fetch_images`."""
        self.images.hold(self.trainer.batch)

    def fetch_images(self) -> None:
        """Get the coming step's images ready where a graph finds them."""
        self.images.fetch(self.generator, self.done)

    def __call__(self) -> Tensor:
        trainer, networks = self.trainer, self.networks
        count = trainer.batch
        drawn = self._own(self.images.draw(count, self.generator, self.done))
        codes = trainer.codes.sample(count, self.generator)
        codes = {name: self._own(values) for name, values in codes.items()}
        noise = self._own(trainer.codes.sample_noise(count, self.generator))
        with self.autocast:
            real = networks.scale(drawn)
            fake = networks.generator(trainer.codes.encode(codes, noise)).float()
        adversary_loss = self._update_discriminator(real, fake.detach(), codes)
        player_loss, information = self._update_generator(fake, codes)
        self.done += 1
        return torch.stack([adversary_loss, player_loss, *information.values()]).detach()

    def _update_discriminator(self, real: Tensor, fake: Tensor, codes: dict[str, Tensor]) -> Tensor:
        """D's half of eq. 6; with it, where the settings say so, Q's half."""
        trainer, networks = self.trainer, self.networks
        batches = {"real": real, "fake": fake}
        if self.with_discriminator and trainer.recognition_view is not None:
            batches["read"] = self._moved(trainer.recognition_view, fake)
        if self.invariant:
            batches["moved"] = self._moved(trainer.invariance_view, real)
        count = len(batches)
        seen = self._noisy(torch.cat(list(batches.values())), groups=count)
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
            if self.invariant:
                invariance = self._invariance(features["real"], features["moved"])
                loss = loss - trainer.invariance_weight * invariance
        learners = [self.discriminator_optimizer]
        if self.with_discriminator or self.invariant:
            learners.append(self.recognition_optimizer)
        descend(loss, learners, self.world)
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
                moved = self._moved(trainer.recognition_view, fake)
                both = self._noisy(torch.cat([fake, moved]), groups=2)
                seen_by_d, seen_by_q = networks.shared(both, groups=2).chunk(2)
            adversarial = generator_loss(networks.discriminator(seen_by_d))
            if not trainer.information_weight:
                seen_by_q = seen_by_q.detach()
            bounds, information = self._information(seen_by_q, codes)
            loss = adversarial - self._weight * information
        learners = [self.generator_optimizer]
        if not self.with_discriminator:
            learners.append(self.recognition_optimizer)
        descend(loss, learners, self.world)
        return adversarial, bounds

    def _own(self, whole: Tensor, groups: int = 1) -> Tensor:
        """Give this process's share of what was drawn for `groups` whole batches."""
        return whole if self.world is None else self.world.share(whole, groups)

    def _moved(self, view: Affine, images: Tensor) -> Tensor:
        """Moved copies of this process's images."""
        background = self.networks.pixel_range[0]
        if self.world is None:
            return view(images, self.generator, background)
        return view(images, self.generator, background, self.world)

    def _noisy(self, images: Tensor, groups: int = 1) -> Tensor:
        """The images with fresh noise of the settings' size."""
        if not self.trainer.image_noise:
            return images
        low, high = self.networks.pixel_range
        deviation = self.trainer.image_noise * (high - low)
        count = len(images) * (1 if self.world is None else self.world.size)
        shape = (count, *images.shape[1:])
        drawn = torch.randn(shape, generator=self.generator, device=images.device)
        noise = self._own(drawn, groups).to(memory_format=torch.channels_last)
        return images + deviation * noise

    @property
    def invariant(self) -> bool:
        """Whether the invariance term has set in."""
        trainer = self.trainer
        return trainer.invariance_weight > 0 and self.done >= trainer.invariance_starts

    @property
    def _weight(self) -> float | Tensor:
        """λ so far; at λ = 0 Q reads detached features, and 1 lets Q itself learn."""
        trainer = self.trainer
        if not trainer.information_weight:
            return 1.0
        warmup = max(trainer.information_warmup, 1)
        if self.clock is not None and warmup > 1:
            reached = ((self.clock + 1) / warmup).clamp(max=1.0)
            return (trainer.information_weight * reached).float()
        return trainer.information_weight * min(1.0, (self.done + 1) / warmup)

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
        pairs = [parts[name].chunk(2) for name in names]
        if self.world is not None:  # it is no mean over images: it needs the whole batch
            pairs = [(self.world.gather(first), self.world.gather(moved)) for first, moved in pairs]
        terms = [information_between_views(first, moved) for first, moved in pairs]
        return torch.stack(terms).sum()


def descend(
    loss: Tensor, learners: Sequence[torch.optim.Optimizer], world: "World | None" = None
) -> None:
    """One step of each optimiser on its own parameters; no other gradient is computed.

    The processes of a `world` average theirs.
    """
    groups = [group for learner in learners for group in learner.param_groups]
    parameters = [parameter for group in groups for parameter in group["params"]]
    for learner in learners:
        learner.zero_grad(set_to_none=True)
    loss.backward(inputs=parameters)  # type: ignore[no-untyped-call]
    if world is not None:
        world.average_gradients(parameters)
    for learner in learners:
        learner.step()
