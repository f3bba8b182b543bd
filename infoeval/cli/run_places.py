"""The folder of a training: a new one, or that of a run to go on with."""

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infoeval.errors import UserError

if TYPE_CHECKING:
    from infoeval.training.distributed import World

RUNS = Path("runs")
LONGEST_NAME = 60
"""Characters of a trainer's name in that of a folder, which has at most 255 bytes."""


@contextmanager
def folder_for(name: str, out: Path | None, world: "World | None") -> Iterator[Path]:
    """Context with the folder `out` or a new one, which the first process of a world makes."""
    with ExitStack() as held:
        folder = out
        if out is None and (world is None or world.rank == 0):
            folder = held.enter_context(_new_folder(name))
        yield Path(str(folder) if world is None else world.from_first(str(folder)))


@contextmanager
def _new_folder(name: str) -> Iterator[Path]:
    """Context with a new folder runs/NAME-000, -001 …, removed if nothing was written into it.

    Raises UserError where it cannot be made.
    """
    created = not RUNS.exists()
    folder = _make_next(name)
    try:
        yield folder
    finally:
        with suppress(OSError):
            folder.rmdir()
            if created:
                RUNS.rmdir()


def _make_next(name: str) -> Path:
    # The name of a trainer is any text, and not a path that leads elsewhere.
    plain = "".join(c if c.isprintable() and c not in "/\\" else "_" for c in name)
    for number in count():
        folder = RUNS / f"{plain[:LONGEST_NAME]}-{number:03d}"
        if folder.exists():
            continue
        try:
            folder.mkdir(parents=True)  # of two processes, one makes it
        except FileExistsError:
            if folder.exists():
                continue
            raise UserError(f"cannot write {RUNS}: it is no folder; give --out") from None
        except OSError as error:
            raise UserError(
                f"cannot write {folder}: {error.strerror or error}; give --out"
            ) from error
        return folder
    raise AssertionError


def steps_of(folder: Path) -> int | None:
    """Return the steps that a run, or the runs of a sweep, were to have; None if there is none.

    Raises UserError for a checkpoint that cannot be read.
    """
    from infoeval.checkpoint import CHECKPOINT, Checkpoint

    begun = [folder / CHECKPOINT] if (folder / CHECKPOINT).exists() else None
    steps = []
    for path in begun or sorted(folder.glob(f"*/{CHECKPOINT}")):
        steps.append(Checkpoint.open(path).trainer.steps)
    return max(steps, default=None)


def go_on_with(folder: Path) -> str:
    """Return the command that goes on with this training, as a shell takes it."""
    context = click.get_current_context()
    words = list(context.find_root().obj)
    added = [] if context.params.get("out") else ["--out", str(folder)]
    added += [] if context.params.get("resume") else ["--resume"]
    at = words.index("--") if "--" in words else len(words)
    return shlex.join([*words[:at], *added, *words[at:]])
