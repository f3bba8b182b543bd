"""One run over several processes, each with a part of every batch.

Every process draws the whole batch from the same random stream and keeps its own part, gradients
are averaged, and batch normalisation looks at the whole batch: the run is that of one process
with the whole batch, up to the order in which sums are added.

DistributedDataParallel would not do: it averages all gradients of one backward pass of one
module, while a step here makes two passes, each for some of the networks, with the shared layers
in both.
"""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed import distributed_c10d

from infoeval.errors import UserError
from infoeval.networks import BatchNorm, Networks
from infoeval.training.batch_norm import normalise

__all__ = ["LostProcessError", "World"]

PREPARATION = timedelta(days=1)
"""How long the others wait while the first prepares data."""


class LostProcessError(UserError):
    """Another process of the run is gone, or no longer answers."""


class World:
    """The processes of one run, of which this is the one of number `rank`.

    Every process must call the methods that talk to the others in the same order. They raise
    `LostProcessError` when another process is gone or does not answer in time.

    Args:
        rank: number of this process; the one of number 0 writes and prints.
        size: how many there are.
        device: where this process computes.
        store: words that all processes can read.
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
        self._reports = self._store.clone()  # a connection of its own, as the other may wait
        self._words = 0

    @property
    def lost(self) -> LostProcessError:
        """What to say when another process is gone."""
        return LostProcessError(
            f"another of the {self.size} processes of this run was killed or no longer answers; "
            f"{self._remedy}"
        )

    @property
    def ended(self) -> LostProcessError:
        """What to say when torchrun ends this process."""
        return LostProcessError(
            f"torchrun ended this run, most often because one of its {self.size} processes was "
            f"killed; {self._remedy}"
        )

    @property
    def _remedy(self) -> str:
        where = "" if self.folder is None else f" in {self.folder}"
        return f"add --resume to go on from the last checkpoint{where}"

    # What each process keeps of what all have drawn

    def share(self, whole: Tensor, groups: int = 1) -> Tensor:
        """Give this process's rows of each of `groups` equal parts of the whole batch."""
        parts = [part.chunk(self.size)[self.rank] for part in whole.chunk(groups)]
        return parts[0] if groups == 1 else torch.cat(parts)

    def check_batch(self, batch: int) -> None:
        """Raise a UserError where the batch cannot be shared out equally."""
        least = 1 if self.synchronised_batch_norm else 2
        if batch % self.size or batch // self.size < least:
            raise UserError(
                f"a batch of {batch} cannot be shared out equally among {self.size} processes: "
                f"give --batch, a multiple of {self.size}"
                + (f" and at least {least * self.size}" if least > 1 else "")
            )

    # What the processes put together

    def gather(self, share: Tensor) -> Tensor:
        """The whole batch, of which each process has its share; gradients find their way back."""
        return _Gather.apply(share, self)  # type: ignore[no-any-return]

    @torch.no_grad()
    def mean(self, values: Tensor) -> Tensor:
        """The mean over the processes."""
        return self._sum(values) / self.size

    @torch.no_grad()
    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give every parameter the mean of its gradients over the processes, in one message."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        together = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        parts = torch.split(together, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view(gradient.shape))

    def all_agree(self, good: bool) -> bool:
        """Whether `good` holds in every process."""
        return bool(self.mean(torch.tensor(float(good), device=self.device)) == 1)

    def synchronise_batch_norm(self, networks: Networks) -> None:
        """Have the networks normalise whole batches from now on, where the settings say so."""
        for module in networks.modules():
            if isinstance(module, BatchNorm) and self.synchronised_batch_norm:
                module.over_processes = partial(normalise, self.gather, self.size)

    # What they say to each other

    def agree(self, what: str, text: str) -> str:
        """Wait until all are here; raise a UserError where one has another text than the first."""
        self._words += 1
        with self._explained():
            digest = hashlib.sha256(text.encode()).hexdigest()
            self._store.set(f"{self._words}/{self.rank}", digest)
            said = [self._store.get(f"{self._words}/{rank}") for rank in range(self.size)]
        if len(set(said)) > 1:
            raise UserError(f"the processes of this run have not the same {what}")
        return text

    def from_first(self, text: str) -> str:
        """The text that the first process gives."""
        self._words += 1
        with self._explained():
            if self.rank == 0:
                self._store.set(str(self._words), text)
            return self._store.get(str(self._words)).decode()

    @contextlib.contextmanager
    def first_before_others(self) -> Iterator[None]:
        """Let the first process do a thing, such as preparing data, and then the others."""
        self._words += 1
        done = str(self._words)
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
        """Whether no process has reported an error yet; the one that is told so reports its own."""
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

    def _sum(self, values: Tensor) -> Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        with self._explained():
            distributed.all_reduce(total)
        return total

    def _gathered(self, share: Tensor) -> Tensor:
        parts = [torch.empty_like(share) for _ in range(self.size)]
        with self._explained():
            distributed.all_gather(parts, share)
        return torch.cat(parts)


class _Gather(torch.autograd.Function):
    """All shares, one after the other. A share's gradient is the sum over all processes' losses."""

    @staticmethod
    def forward(context: Any, share: Tensor, world: World) -> Tensor:
        context.world = world
        return world._gathered(share.contiguous())

    @staticmethod
    def backward(context: Any, *gradients: Any) -> Any:
        world: World = context.world
        return world.share(world._sum(gradients[0])), None
