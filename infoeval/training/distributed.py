"""One run over several processes, each with a part of every batch.

Every process draws the whole batch from the same random stream and keeps its own part, gradients
are averaged, and batch normalisation is over the whole batch: the run is that of one process
with the whole batch, up to the order in which sums are added.

DistributedDataParallel would not do: it averages all gradients of one backward pass of one
module, while a step here makes two passes, each for some of the networks, with the shared layers
in both.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed import distributed_c10d
from torch.distributed.rendezvous import rendezvous

from infoeval.devices import find_device
from infoeval.errors import UserError, one_line
from infoeval.networks import BatchNorm, Networks, Norm

VARIABLES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""Environment variables that torchrun sets for each process that it starts."""
PATIENCE = 300.0
"""Seconds that a process waits for the others before it takes them for dead."""
PREPARATION = timedelta(days=1)
"""How long the others wait while the first prepares data."""


class LostProcessError(UserError):
    """Another process of the run is gone, or no longer answers."""


class World:
    """The processes of one run; this is number `rank`.

    Every process must call the methods that communicate in the same order. They raise
    `LostProcessError` when another process is gone or does not answer in time.

    Args:
        rank: number of this process; number 0 writes and prints.
        size: how many there are.
        device: where this process computes.
        store: a key-value store that all processes can read.
        synchronised_batch_norm: whether batches are normalised as a whole.

    """

    def __init__(
        self,
        rank: int,
        size: int,
        device: torch.device,
        store: distributed_c10d.Store,
        synchronised_batch_norm: bool,
    ) -> None:
        self.rank = rank
        self.size = size
        self.device = device
        self.synchronised_batch_norm = synchronised_batch_norm
        self.folder: Path | None = None
        self._store = distributed_c10d.PrefixStore("infoeval", store)
        self._reports = self._store.clone()  # another connection, as the first may be waiting
        self._messages = 0

    @property
    def lost(self) -> LostProcessError:
        """The error to raise when another process is gone."""
        return LostProcessError(
            f"another of the {self.size} processes of this run was killed or no longer answers; "
            f"{self._remedy}"
        )

    @property
    def ended(self) -> LostProcessError:
        """The error to report when torchrun ends this process."""
        return LostProcessError(
            f"torchrun ended this run, most often because one of its {self.size} processes was "
            f"killed; {self._remedy}"
        )

    @property
    def _remedy(self) -> str:
        where = "" if self.folder is None else f" in {self.folder}"
        return f"add --resume to go on from the last checkpoint{where}"

    # Parts of a batch

    def share(self, whole: Tensor, groups: int = 1) -> Tensor:
        """Return this process's rows of each of `groups` equal parts of `whole`."""
        parts = [part.chunk(self.size)[self.rank] for part in whole.chunk(groups)]
        return parts[0] if groups == 1 else torch.cat(parts)

    def check_batch(self, batch: int) -> None:
        """Raise a UserError if the batch cannot be divided equally."""
        least = 1 if self.synchronised_batch_norm else 2
        if batch % self.size or batch // self.size < least:
            raise UserError(
                f"a batch of {batch} cannot be shared out equally among {self.size} processes: "
                f"give --batch, a multiple of {self.size}"
                + (f" and at least {least * self.size}" if least > 1 else "")
            )

    # Collectives

    def gather(self, share: Tensor) -> Tensor:
        """Return the whole batch, of which each process has its share; gradients flow back."""
        return _Gather.apply(share, self)  # type: ignore[no-any-return]

    @torch.no_grad()
    def mean(self, values: Tensor) -> Tensor:
        """Return the mean over the processes."""
        return self.sum(values) / self.size

    @torch.no_grad()
    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give every parameter the mean of its gradients over the processes, in one message."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        together = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        parts = torch.split(together, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view(gradient.shape))

    def all_agree(self, good: bool) -> bool:
        """Return whether `good` holds in every process."""
        return bool(self.mean(torch.tensor(float(good), device=self.device)) == 1)

    def synchronise_batch_norm(self, networks: Networks) -> None:
        """Make the networks normalise whole batches from now on, if the settings ask for it."""
        for module in networks.modules():
            if isinstance(module, BatchNorm) and self.synchronised_batch_norm:
                module.over_processes = partial(normalise, self.gather, self.size)

    # Agreement

    def agree(self, what: str, text: str) -> None:
        """Wait for all processes; raise a UserError if their texts differ."""
        self._messages += 1
        with self._explained():
            digest = hashlib.sha256(text.encode()).hexdigest()
            self._store.set(f"{self._messages}/{self.rank}", digest)
            keys = [f"{self._messages}/{rank}" for rank in range(self.size)]
            digests = {self._store.get(key) for key in keys}
        if len(digests) > 1:
            raise UserError(f"the processes of this run have not the same {what}")

    def from_first(self, text: str) -> str:
        """Return the `text` of the first process."""
        self._messages += 1
        with self._explained():
            if self.rank == 0:
                self._store.set(str(self._messages), text)
            return self._store.get(str(self._messages)).decode()

    @contextlib.contextmanager
    def first_before_others(self) -> Iterator[None]:
        """Context that the first process goes through before the others, to prepare data."""
        self._messages += 1
        done = str(self._messages)
        if self.rank:
            with self._explained():
                self._store.wait([done], PREPARATION)
        try:
            yield
        finally:
            if self.rank == 0:
                with self._explained():
                    self._store.set(done, "")

    def may_report(self) -> bool:
        """Return whether no process has reported an error yet; true for one process only."""
        try:
            return bool(self._reports.add("reported", 1) == 1)
        except RuntimeError:
            return True  # the store was in a process that is gone

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise self.lost from error

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over the processes, without a gradient."""
        total = values.clone(memory_format=torch.contiguous_format)
        with self._explained():
            distributed.all_reduce(total)
        return total

    def all_gather(self, share: Tensor) -> Tensor:
        """Return all shares, one after the other, without a gradient."""
        parts = [torch.empty_like(share) for _ in range(self.size)]
        with self._explained():
            distributed.all_gather(parts, share)
        return torch.cat(parts)


class _Gather(torch.autograd.Function):
    """All shares, one after the other. A share's gradient is the sum over all processes' losses."""

    @staticmethod
    def forward(context: Any, share: Tensor, world: World) -> Tensor:
        context.world = world
        return world.all_gather(share.contiguous())

    @staticmethod
    def backward(context: Any, *gradients: Any) -> Any:
        return _Share.apply(gradients[0], context.world), None


class _Share(torch.autograd.Function):
    """A process's own share of the sum over all: how `_Gather` passes gradients back.

    Its own gradient is `_Gather`, so that the gradient of a gradient is right too, which a gradient
    penalty needs.
    """

    @staticmethod
    def forward(context: Any, whole: Tensor, world: World) -> Tensor:
        context.world = world
        return world.share(world.sum(whole))

    @staticmethod
    def backward(context: Any, *gradients: Any) -> Any:
        return _Gather.apply(gradients[0], context.world), None


def normalise(
    gather: Callable[[Tensor], Tensor], processes: int, norm: Norm, share: Tensor, groups: int
) -> Tensor:
    """Return this process's share of a batch, normalised by the statistics of the whole batch.

    torch's own SyncBatchNorm runs on a GPU only, and has no groups.

    Args:
        gather: concatenates the processes' tensors, as `World.gather` does.
        processes: how many there are.
        norm: its weights are applied and its running statistics updated.
        share: (groups × n, channels) or (groups × n, channels, height, width).
        groups: parts of the batch that are normalised separately.

    """
    parts = share.float().view(groups, -1, *share.shape[1:])
    over = (1, *range(3, parts.dim()))
    variance, mean = torch.var_mean(parts, over, correction=0)
    means, variances = gather(torch.stack([mean, variance])[None]).unbind(1)
    mean = means.mean(0)
    variance = (variances + (means - mean).square()).mean(0)
    count = processes * parts.numel() // mean.numel()
    _update_running(norm, mean.detach(), variance.detach() * (count / (count - 1)))
    ones = [1] * (parts.dim() - 3)
    scale = (norm.weight * (variance + norm.eps).rsqrt()).view(groups, 1, -1, *ones)
    centred = parts - mean.view(groups, 1, -1, *ones)
    normal = centred * scale + norm.bias.view(-1, *ones)
    return normal.flatten(0, 1).to(share.dtype)


def _update_running(norm: Norm, means: Tensor, variances: Tensor) -> None:
    """Update the running statistics as torch does, once for each group."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    assert norm.momentum is not None
    for mean, variance in zip(means, variances, strict=True):
        norm.running_mean.lerp_(mean, norm.momentum)
        norm.running_var.lerp_(variance, norm.momentum)
        norm.num_batches_tracked.add_(1)


@contextlib.contextmanager
def join(
    device: str = "auto", *, synchronised_batch_norm: bool = True, patience: float = PATIENCE
) -> Iterator[World | None]:
    """Context of the processes that torchrun started; None if there is only this one.

    Args:
        device: "auto" and "cuda" are the GPU of the process's number on its machine.
        synchronised_batch_norm: normalise over the whole batch, not over each process's part.
        patience: seconds to wait for the others before the run ends.

    Raises:
        UserError: torchrun's variables make no sense, there is no such device, or the others
            do not come.

    """
    if not _started_by_torchrun():
        yield None
        return
    rank, local_rank, size = (_number(name) for name in VARIABLES[:3])
    where = _own_device(device, local_rank)
    limit = timedelta(seconds=patience)
    backend = "nccl" if where.type == "cuda" else "gloo"
    try:
        store, rank, size = next(rendezvous("env://", rank, size, timeout=limit))
        store.set_timeout(limit)
        distributed.init_process_group(
            backend, store=store, rank=rank, world_size=size, timeout=limit
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise UserError(
            f"the {size} processes of this run do not find each other: {one_line(error)}"
        ) from error
    yield World(rank, size, where, store, synchronised_batch_norm)
    distributed.destroy_process_group()  # where the block raised, the others may hang in this


def _started_by_torchrun() -> bool:
    """Return whether this process is one of several that torchrun started for one run."""
    return all(name in os.environ for name in VARIABLES) and os.environ["WORLD_SIZE"] != "1"


def _own_device(name: str, local_rank: int) -> torch.device:
    if name.startswith("cuda:"):
        raise UserError(
            f"--device {name}: under torchrun each process has a GPU of its own; give --device cuda"
        )
    device = find_device(name)
    if device.type == "cuda":
        device = find_device(f"cuda:{local_rank}")
        torch.cuda.set_device(device)
    return device


def _number(name: str) -> int:
    text = os.environ[name]
    if not text.isdecimal():
        raise UserError(f"torchrun's variable {name} must be a number, not {text!r}")
    return int(text)
