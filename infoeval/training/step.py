"""One training step: D's update, then G's and Q's, on data that are already on the device.

Nothing is read back from the device, and shapes change only when the invariance term sets in.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from infoeval.augment import Affine
from infoeval.devices import has_bfloat16
from infoeval.networks import Networks
from infoeval.trainer import Precision, Trainer
from infoeval.training.draws import Draws, draw, stack_draws
from infoeval.training.image_source import Images, ResidentImages
from infoeval.training.losses import Game, squared_slope

if TYPE_CHECKING:
    from infoeval.training.distributed import World
    from infoeval.training.stacked_networks import StackedNetworks

Stop = Callable[[], bool]
"""Called after every step; the training ends there, with a checkpoint, if it returns true."""


def never() -> bool:
    """Return false: a training that nothing stops."""
    return False


def resolve_precision(precision: Precision, device: torch.device) -> Precision:
    """Return the precision; "auto" is bfloat16 if the device has units for it, else float32."""
    if precision != "auto":
        return precision
    return "bfloat16" if has_bfloat16(device) else "float32"


class TrainingStep(ABC):
    """A step of one run (`Step`) or of several at once (`StackedStep`).

    Calling it performs one step and returns its statistics, a tensor on the device in the order
    of `statistics`: both losses and L_I of each code, in nats.

    Args:
        trainer: the settings.
        networks: their weights.
        device: of the networks.
        stack: number of stacked runs, which are dimension 0 of all batches and statistics; None:
            one run, without that dimension.
        world: the processes that share each batch; None: this one alone.

    Attributes:
        optimizers: "discriminator" (with what D and Q share), "generator" and "recognition".
        done: counts the steps.
        clock: counts them on the device, float64, while a graph replays the step, else None.

    """

    optimizers: dict[str, torch.optim.Adam]

    def __init__(
        self,
        trainer: Trainer,
        networks: "Networks | StackedNetworks",
        device: torch.device,
        stack: int | None = None,
        world: "World | None" = None,
    ) -> None:
        self.trainer = trainer
        self.networks = networks
        self.device = device
        self.world = world
        self.batch_dim = 0 if stack is None else 1
        self.done = 0
        self.clock: Tensor | None = None
        precision = resolve_precision(trainer.precision, device)
        self.autocast = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")
        self.with_discriminator = trainer.recognition_learns == "with_discriminator"
        self.statistics = (
            "discriminator_loss",
            "generator_loss",
            *(f"information_{name}" for name in trainer.codes),
        )
        count = len(self.statistics)
        self.statistics_shape = (count,) if stack is None else (stack, count)
        self.game = Game(
            trainer, stacked=stack is not None, gather=None if world is None else world.gather
        )

    # What differs between one run and several

    @property
    @abstractmethod
    def runs(self) -> "list[Step]":
        """The step of each run, with its images and its random stream."""

    @property
    @abstractmethod
    def weight(self) -> float | Tensor:
        """λ of the coming step; 1 if λ = 0, where Q learns from features without a gradient."""

    @property
    def late(self) -> float | Tensor:
        """1 where the codes of `continuous_starts` count in the coming step, else 0."""
        starts = self.trainer.continuous_starts
        return float(self.done >= starts) if self.clock is None else (self.clock >= starts).float()

    @abstractmethod
    def for_recognition(self, features: Tensor) -> Tensor:
        """Return what Q reads: at λ = 0 features that pass no gradient back."""

    # Images and random numbers

    def hold_images(self) -> None:
        """Prepare for a graph that replays `compute`; each replay needs `fetch_images` first."""
        for run in self.runs:
            run.images.hold()

    def fetch_images(self) -> None:
        """Fetch the images of the coming step."""
        for run in self.runs:
            run.images.fetch(run.generator, self.done)

    def draw(self) -> tuple[Tensor, Draws]:
        """Return the real images, uint8, and all other random draws of the step."""
        share = None if self.world is None else self.world.share
        draws = [
            draw(run.trainer, len(run.images), run.generator, self.done, share) for run in self.runs
        ]
        images = [run.images.take(drawn.rows) for run, drawn in zip(self.runs, draws, strict=True)]
        if self.batch_dim:
            return torch.stack(images), stack_draws(draws)
        return images[0] if share is None else share(images[0]), draws[0]

    # The step

    def __call__(self) -> Tensor:
        self.fetch_images()
        return self.compute()

    def advance(self, count: int, stop: Stop = never) -> Tensor:
        """Return the means of the statistics of `count` steps, on the device.

        They end after any step, but not before the first, if `stop` returns true.
        """
        rows = [self()]
        while len(rows) < count and not stop():
            rows.append(self())
        return torch.stack(rows).mean(0)

    def compute(self) -> Tensor:
        """Return the statistics of one step, performed on the images fetched last."""
        images, draws = self.draw()
        with self.autocast:
            real = self.networks.scale(images)
            fake = self.networks.generator(self.game.encode(draws.codes, draws.noise)).float()
        discriminator_loss = self._update_discriminator(real, fake.detach(), draws)
        generator_loss, bounds = self._update_generator(fake, draws)
        self._average_generator()
        self.done += 1
        return torch.stack([discriminator_loss, generator_loss, *bounds.values()], -1).detach()

    def _update_discriminator(self, real: Tensor, fake: Tensor, draws: Draws) -> Tensor:
        """Update D by its half of eq. 6, and Q where it learns with D or from real images."""
        trainer, networks, dim = self.trainer, self.networks, self.batch_dim
        drawn = draws.discriminator
        batches = {"real": real, "fake": fake}
        if drawn.recognition_view is not None and trainer.recognition_view is not None:
            view = trainer.recognition_view
            batches["read"] = self._augment(view, fake, drawn.recognition_view)
        if drawn.invariance_view is not None:
            batches["augmented"] = self._augment(
                trainer.invariance_view, real, drawn.invariance_view
            )
        count = len(batches)
        images = self._add_noise(torch.cat(list(batches.values()), dim), drawn.image_noise)
        with self.autocast:
            together = networks.shared(images, groups=count)
            features = dict(zip(batches, together.chunk(count, dim), strict=True))
            parts = self._read(images, together).chunk(count, dim)
            for_q = dict(zip(batches, parts, strict=True))
            logits = networks.discriminator(torch.cat([features["real"], features["fake"]], dim))
            posterior = None
            if self.with_discriminator:
                read = for_q.get("read", for_q["fake"])
                posterior = networks.recognition(self.for_recognition(read))
            slope = self._slope(images.chunk(count, dim)[0]) if trainer.gradient_penalty else None
            real_logits, fake_logits = logits.chunk(2, dim)
            loss, minus_value = self.game.discriminator_half(
                real_logits, fake_logits, posterior, draws.codes, self.weight, self.late, slope
            )
            if "augmented" in for_q:
                both = torch.cat([for_q["real"], for_q["augmented"]], dim)
                views = networks.recognition(both, groups=2).chunk(2, dim)
                loss = loss - trainer.invariance_weight * self.game.invariance(*views)
        learners = [self.optimizers["discriminator"]]
        if self.with_discriminator or "augmented" in for_q:
            learners.append(self.optimizers["recognition"])
        optimizer_step(loss, learners, self.world)
        return minus_value

    def _slope(self, real: Tensor) -> Tensor:
        """Return the mean squared gradient of D's logit at real images, itself differentiable."""
        real = real.detach().requires_grad_()
        logits = self.networks.discriminator(self.networks.shared(real))
        return squared_slope(logits, real, self.batch_dim)

    def _update_generator(self, fake: Tensor, draws: Draws) -> tuple[Tensor, dict[str, Tensor]]:
        """Update G by its half of eq. 6, and Q unless it learns with D."""
        networks, dim, drawn = self.networks, self.batch_dim, draws.generator
        view = self.trainer.recognition_view
        with self.autocast:
            if view is None or drawn.recognition_view is None:
                images = self._add_noise(fake, drawn.image_noise)
                for_d = networks.shared(images)
                for_q = self._read(images, for_d)
            else:
                augmented = self._augment(view, fake, drawn.recognition_view)
                images = self._add_noise(torch.cat([fake, augmented], dim), drawn.image_noise)
                together = networks.shared(images, groups=2)
                for_d = together.chunk(2, dim)[0]
                for_q = self._read(images, together).chunk(2, dim)[1]
            logits = networks.discriminator(for_d)
            posterior = networks.recognition(self.for_recognition(for_q))
            loss, value, bounds = self.game.generator_half(
                logits, posterior, draws.codes, self.weight, self.late
            )
        learners = [self.optimizers["generator"]]
        if not self.with_discriminator:
            learners.append(self.optimizers["recognition"])
        optimizer_step(loss, learners, self.world)
        return value, bounds

    @torch.no_grad()
    def _average_generator(self) -> None:
        """Move the moving average of G, its batch-norm statistics among it, towards G."""
        if self.networks.averaged is None:
            return
        averages = self.networks.averaged.state_dict().values()
        pairs = list(zip(averages, self.networks.generator.state_dict().values(), strict=True))
        numbers = [pair for pair in pairs if pair[0].is_floating_point()]
        means, values = (list(tensors) for tensors in zip(*numbers, strict=True))
        torch._foreach_lerp_(means, values, 1 - self.trainer.generator_average)
        for count, steps in pairs:
            if not count.is_floating_point():
                count.copy_(steps)

    def _read(self, images: Tensor, features: Tensor) -> Tensor:
        """Return what Q reads of images; `features` are those it shares with D."""
        return self.networks.reading(images, features, self.networks.pixel_range)

    def _augment(self, view: Affine, images: Tensor, drawn: Tensor) -> Tensor:
        return view.apply(images, drawn, self.networks.pixel_range[0])

    def _add_noise(self, images: Tensor, drawn: Tensor | None) -> Tensor:
        """Return images with noise whose deviation is a share of the range of pixels."""
        if drawn is None:
            return images
        low, high = self.networks.pixel_range
        return images + self._image_noise() * (high - low) * drawn

    def _image_noise(self) -> float | Tensor:
        """Return the deviation of the coming step's noise, as a share of the range of pixels."""
        deviation, half_life = self.trainer.image_noise, self.trainer.image_noise_half_life
        if not half_life:
            return deviation
        if self.clock is not None:
            return (deviation * torch.exp2(-self.clock / half_life)).float()
        return deviation * math.exp2(-self.done / half_life)


class Step(TrainingStep):
    """The networks, the optimisers and the random stream of one run.

    Args:
        trainer: the settings.
        networks: on the device of `images`.
        images: the training images: uint8 (n, channels, height, width), or a source of them.
        generator: the random stream, on the same device.
        world: the processes that share each batch; None: this one alone.

    """

    networks: Networks

    def __init__(
        self,
        trainer: Trainer,
        networks: Networks,
        images: Tensor | Images,
        generator: torch.Generator,
        world: "World | None" = None,
    ) -> None:
        super().__init__(trainer, networks, images.device, world=world)
        self.images = ResidentImages(images) if isinstance(images, Tensor) else images
        self.generator = generator
        discriminator = [*networks.shared.parameters(), *networks.discriminator.parameters()]
        of_d, of_g = trainer.discriminator_rate, trainer.generator_rate
        of_q = of_d if self.with_discriminator else of_g
        self.optimizers = {
            "discriminator": self._adam(discriminator, of_d),
            "generator": self._adam(networks.generator.parameters(), of_g),
            "recognition": self._adam(networks.recognition.parameters(), of_q),
        }

    def _adam(self, parameters: Iterable[nn.Parameter], rate: float) -> torch.optim.Adam:
        return torch.optim.Adam(parameters, lr=rate, betas=self.trainer.adam_betas, fused=True)

    @property
    def runs(self) -> "list[Step]":
        """The step itself."""
        return [self]

    @property
    def weight(self) -> float | Tensor:
        """λ of the coming step; see `TrainingStep`."""
        trainer = self.trainer
        if not trainer.information_weight:
            return 1.0
        warmup = max(trainer.information_warmup, 1)
        if self.clock is not None and warmup > 1:
            reached = ((self.clock + 1) / warmup).clamp(max=1.0)
            return (trainer.information_weight * reached).float()
        return trainer.information_weight * min(1.0, (self.done + 1) / warmup)

    def for_recognition(self, features: Tensor) -> Tensor:
        """Return what Q reads; see `TrainingStep`."""
        return features if self.trainer.information_weight else features.detach()


def optimizer_step(
    loss: Tensor, optimizers: Sequence[torch.optim.Optimizer], world: "World | None" = None
) -> None:
    """Perform a step of each optimiser on its own parameters; no other gradient is computed.

    Losses of several runs are summed: their weights are disjoint. The processes of a `world`
    average their gradients.
    """
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    parameters = [parameter for group in groups for parameter in group["params"]]
    for optimizer in optimizers:
        optimizer.zero_grad(set_to_none=True)
    loss.sum().backward(inputs=parameters)  # type: ignore[no-untyped-call]
    if world is not None:
        world.average_gradients(parameters)
    for optimizer in optimizers:
        optimizer.step()
