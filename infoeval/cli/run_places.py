"""The folder of a training: a new one, or that of a run to resume."""

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infoeval.errors import UserError

if TYPE_CHECKING:
    from infoeval.checkpoint import Checkpoint
    from infoeval.training.distributed import World

RUNS = Path("runs")
LONGEST_NAME = 60
"""Characters of a trainer's name in that of a folder, which has at most 255 bytes."""


@contextmanager
def open_run_folder(name: str, out: Path | None, world: "World | None") -> Iterator[Path]:
    """Context that yields `out`, or else a new folder, which the first process of a world makes."""
    with ExitStack() as held:
        folder = out
        if out is None and (world is None or world.rank == 0):
            folder = held.enter_context(_new_folder(name))
        yield Path(str(folder) if world is None else world.from_first(str(folder)))


@contextmanager
def _new_folder(name: str) -> Iterator[Path]:
    """Context that yields a new folder runs/NAME-000, -001, …, removed at the end if it is empty.

    Raises UserError if it cannot be created.
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
            folder.mkdir(parents=True)  # fails if another process was faster
        except FileExistsError:
            if folder.exists():
                continue
            raise UserError(f"cannot write {RUNS}: it is not a folder; give --out") from None
        except OSError as error:
            raise UserError(
                f"cannot write {folder}: {error.strerror or error}; give --out"
            ) from error
        return folder
    raise AssertionError


def begun_run(folder: Path) -> "Checkpoint | None":
    """Return the run in a folder, or of the runs of a sweep the one of most steps; None without.

    Raises UserError for a checkpoint that cannot be read.
    """
    from infoeval.checkpoint import CHECKPOINT, Checkpoint

    begun = [folder / CHECKPOINT] if (folder / CHECKPOINT).exists() else None
    runs = map(Checkpoint.open, begun or sorted(folder.glob(f"*/{CHECKPOINT}")))
    return max(runs, key=lambda run: run.trainer.steps, default=None)


def resume_command(folder: Path) -> str:
    """Return the command that resumes this training, quoted for a shell."""
    context = click.get_current_context()
    words = list(context.find_root().obj)
    added = [] if context.params.get("out") else ["--out", str(folder)]
    added += [] if context.params.get("resume") else ["--resume"]
    at = words.index("--") if "--" in words else len(words)
    return shlex.join([*words[:at], *added, *words[at:]])
