"""The information-regularised minimax game, eq. 6, term by term.

min over G, Q, max over D of V(D, G) − λ L_I(G, Q)

V is eq. 1, with the generator's half in its non-saturating form; both take logits, so that they
are exact where a sigmoid would round to 0 or 1. L_I is eq. 5 (`CodeSpace.lower_bound`), a sum over
the codes, in nats, each with its weight.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "discriminator_loss",
    "generator_loss",
    "information_between_views",
    "weighted_information",
]


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """−V(D, G): −E[log D(x)] − E[log(1 − D(G(z, c)))], from logits, in nats."""
    return functional.softplus(-real_logits.float()).mean() + (
        functional.softplus(fake_logits.float()).mean()
    )


def generator_loss(fake_logits: Tensor) -> Tensor:
    """−E[log D(G(z, c))], from logits, in nats."""
    return functional.softplus(-fake_logits.float()).mean()


def weighted_information(bounds: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """L_I(G, Q): the codes' bounds, in nats, each times its weight."""
    return torch.stack([weights[name] * bound for name, bound in bounds.items()]).sum()


def information_between_views(first: Tensor, second: Tensor) -> Tensor:
    """I(ĉ; ĉ') of the category Q reads from an image and from a moved copy of it, in nats.

    The joint law is the batch's mean of q(ĉ|x) q(ĉ'|x'), made symmetric. It is largest, log K,
    when both views always give the same category and all categories are used equally: a label-free
    clustering objective (invariant information clustering, Ji et al. 2019, eq. 3).

    Args:
        first: logits (n, K) of the images.
        second: logits (n, K) of the moved copies.

    """
    with torch.autocast(first.device.type, enabled=False):
        joint = first.float().softmax(1).T @ second.float().softmax(1) / len(first)
        joint = ((joint + joint.T) / 2).clamp_min(torch.finfo(torch.float32).tiny)
        marginal = joint.sum(0).log()
        return (joint * (joint.log() - marginal[:, None] - marginal)).sum()
