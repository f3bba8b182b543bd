"""Joining the other processes of a run that torchrun started."""

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta

import torch
from torch import distributed
from torch.distributed.rendezvous import rendezvous

from infoeval.devices import find_device
from infoeval.errors import UserError
from infoeval.training.distributed import World

__all__ = ["join"]

VARIABLES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun tells each process that it starts."""
PATIENCE = 300.0
"""Seconds that a process waits for the others before it takes them for dead."""


@contextlib.contextmanager
def join(
    device: str = "auto", *, synchronised_batch_norm: bool = True, patience: float = PATIENCE
) -> Iterator[World | None]:
    """Join the processes that torchrun started; None where there are no others.

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
            f"the {size} processes of this run do not find each other: "
            f"{' '.join(str(error).split())[:200]}"
        ) from error
    yield World(rank, size, where, store, synchronised_batch_norm)
    distributed.destroy_process_group()  # where the block raised, the others may hang in this


def _started_by_torchrun() -> bool:
    """Whether this process is one of several that torchrun started for one run."""
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
