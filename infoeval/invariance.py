"""How far categories of images stay when the images are augmented."""

import torch
from torch import Tensor


def information_between_views(first: Tensor, second: Tensor, balance: float = 1.0) -> Tensor:
    """Return I(ĉ; ĉ') of the categories that Q reads from images and augmented copies, in nats.

    The joint law is the batch's mean of q(ĉ|x) q(ĉ'|x'), made symmetric. It is largest, log K,
    when both views always have the same category and all categories are used equally: a label-free
    clustering objective (invariant information clustering, Ji et al. 2019, eq. 3). With a `balance`
    b other than 1 it is b (H(ĉ) + H(ĉ')) − H(ĉ, ĉ'), as in the code of that paper's authors.

    Args:
        first: logits (n, K) of the images.
        second: logits (n, K) of the augmented copies.
        balance: weight of the categories' entropies.

    """
    with torch.autocast(first.device.type, enabled=False):
        joint = first.float().softmax(1).T @ second.float().softmax(1) / len(first)
        joint = ((joint + joint.T) / 2).clamp_min(torch.finfo(torch.float32).tiny)
        marginal = balance * joint.sum(0).log()
        return (joint * (joint.log() - marginal[:, None] - marginal)).sum()
