"""Batch normalisation of a batch of which each process has a share, as if one had it all."""

from collections.abc import Callable

import torch
from torch import Tensor

from infoeval.networks import Norm

__all__ = ["normalise"]


def normalise(
    gather: Callable[[Tensor], Tensor], processes: int, norm: Norm, share: Tensor, groups: int
) -> Tensor:
    """What `norm` makes of this process's share, in the midst of the whole batch.

    torch's own SyncBatchNorm runs on a GPU only, and knows no groups.

    Args:
        gather: puts the processes' tensors one after the other, as `World.gather` does.
        processes: how many there are.
        norm: its weights are applied and its running statistics moved.
        share: (groups × n, channels) or (groups × n, channels, height, width).
        groups: parts of the batch that are normalised each by itself.

    """
    parts = share.float().view(groups, -1, *share.shape[1:])
    over = (1, *range(3, parts.dim()))
    variance, mean = torch.var_mean(parts, over, correction=0)
    means, variances = gather(torch.stack([mean, variance])[None]).unbind(1)
    mean = means.mean(0)
    variance = (variances + (means - mean).square()).mean(0)
    count = processes * parts.numel() // mean.numel()
    _move_running(norm, mean.detach(), variance.detach() * (count / (count - 1)))
    ones = [1] * (parts.dim() - 3)
    scale = (norm.weight * (variance + norm.eps).rsqrt()).view(groups, 1, -1, *ones)
    centred = parts - mean.view(groups, 1, -1, *ones)
    normal = centred * scale + norm.bias.view(-1, *ones)
    return normal.flatten(0, 1).to(share.dtype)


def _move_running(norm: Norm, means: Tensor, variances: Tensor) -> None:
    """Move the running statistics as torch does, once for each group."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    assert norm.momentum is not None
    for mean, variance in zip(means, variances, strict=True):
        norm.running_mean.lerp_(mean, norm.momentum)
        norm.running_var.lerp_(variance, norm.momentum)
        norm.num_batches_tracked.add_(1)
