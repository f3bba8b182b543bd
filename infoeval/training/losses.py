"""The objective of InfoGAN, eq. 6: min over G and Q, max over D of V(D, G) − λ L_I(G, Q).

V is eq. 1, with G's half in its non-saturating form; both take logits, so that they are exact
where a sigmoid would round to 0 or 1. L_I is eq. 5 (`CodeSpace.lower_bound`), summed over the
codes, in nats, each with its weight. `Game` has D's half and G's half.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from infoeval.invariance import information_between_views
from infoeval.trainer import Trainer


class Game:
    """Eq. 6, for one run or for several at once.

    Args:
        trainer: its codes and their weights count.
        stacked: whether the first dimension of all tensors is that of several runs.
        gather: concatenates the parts of a batch that several processes have; None: there is one.

    The arguments of both halves are logits of D (n, 1), Q's output for generated images
    `posterior` (n, width), their codes (n,) each, λ, `weight`, and `late`, how much the codes count
    that the trainer's `continuous_starts` holds back: 0 or 1.

    """

    def __init__(
        self,
        trainer: Trainer,
        *,
        stacked: bool = False,
        gather: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        space, weights, categorical = trainer.codes, trainer.weights, trainer.categorical_codes
        balance = trainer.invariance_balance

        early = categorical if trainer.continuous_starts else tuple(space)
        parts = early, [name for name in space if name not in early]

        def information(
            posterior: Tensor, codes: Mapping[str, Tensor]
        ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
            bounds = space.lower_bound(posterior, codes)
            nothing = torch.zeros_like(next(iter(bounds.values())))
            of_early, of_late = (
                weighted_information({name: bounds[name] for name in part}, weights)
                if part
                else nothing
                for part in parts
            )
            return of_early, of_late, bounds

        def invariance(first: Tensor, second: Tensor) -> Tensor:
            pairs = [(space.split(first)[name], space.split(second)[name]) for name in categorical]
            if gather is not None:  # the term is no mean over images: it needs the whole batch
                pairs = [(gather(one), gather(other)) for one, other in pairs]
            terms = [information_between_views(*pair, balance) for pair in pairs]
            return torch.stack(terms).sum()

        per_run: Callable[..., Any] = torch.func.vmap if stacked else lambda function: function
        self._discriminator_loss = per_run(discriminator_loss)
        self._generator_loss = per_run(generator_loss)
        self._information = per_run(information)
        self._waits_below, self._gather = trainer.discriminator_waits_below, gather
        self._gradient_penalty = trainer.gradient_penalty
        self.encode = per_run(space.encode)
        """The generator's input: see `CodeSpace.encode`."""
        self.invariance = per_run(invariance)
        """I(ĉ; ĉ') summed over the categorical codes, from Q's output for images and augmented
        copies; with the trainer's `invariance_balance`."""

    def discriminator_half(
        self,
        real_logits: Tensor,
        fake_logits: Tensor,
        posterior: Tensor | None,
        codes: Mapping[str, Tensor],
        weight: float | Tensor,
        late: float | Tensor = 1.0,
        slope: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return what D minimises, and Q with it unless `posterior` is None; and −V(D, G).

        `slope` is `squared_slope` at the real images, for the trainer's `gradient_penalty`.
        """
        minus_value = self._discriminator_loss(real_logits, fake_logits)
        minimised = minus_value
        if slope is not None:
            minimised = minimised + self._gradient_penalty / 2 * slope
        if self._waits_below:
            minimised = minimised * self._learns(minus_value, real_logits, fake_logits)
        if posterior is None:
            return minimised, minus_value
        information, of_late, _ = self._information(posterior, codes)
        return minimised - weight * (information + late * of_late), minus_value

    def _learns(self, minus_value: Tensor, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return 1 where D learns in this step, or 0 where it waits for G."""
        if self._gather is not None:  # all processes wait, or none
            whole = self._gather(real_logits), self._gather(fake_logits)
            minus_value = self._discriminator_loss(*whole)
        return (minus_value.detach() >= self._waits_below).float()

    def generator_half(
        self,
        fake_logits: Tensor,
        posterior: Tensor,
        codes: Mapping[str, Tensor],
        weight: float | Tensor,
        late: float | Tensor = 1.0,
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Return what G and Q minimise; G's part of V(D, G); and L_I of each code."""
        value = self._generator_loss(fake_logits)
        information, of_late, bounds = self._information(posterior, codes)
        return value - weight * (information + late * of_late), value, bounds


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return −V(D, G) = −E[log D(x)] − E[log(1 − D(G(z, c)))], from logits, in nats."""
    return functional.softplus(-real_logits.float()).mean() + (
        functional.softplus(fake_logits.float()).mean()
    )


def squared_slope(logits: Tensor, images: Tensor, batch_dim: int = 0) -> Tensor:
    """Return E‖∇ₓ logit D(x)‖², the mean over images, differentiable: R1 of Mescheder et al. 2018.

    Args:
        logits: of D, (…, n, 1).
        images: those that the logits were computed of, (…, n, channels, height, width).
        batch_dim: the dimension of the n images; those before it, several runs, are kept.

    The gradient is that of the sum of the logits, as with batch normalisation each logit depends on
    all images.

    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.float().square().flatten(batch_dim + 1).sum(-1).mean(-1)


def generator_loss(fake_logits: Tensor) -> Tensor:
    """Return −E[log D(G(z, c))], from logits, in nats."""
    return functional.softplus(-fake_logits.float()).mean()


def weighted_information(bounds: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Return L_I(G, Q): the sum of the codes' bounds, in nats, each times its weight."""
    return torch.stack([weights[name] * bound for name, bound in bounds.items()]).sum()
