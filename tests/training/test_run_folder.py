"""The claim of a run's folder: one run writes it at a time, and what killed ones left goes."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch.distributed import HashStore  # type: ignore[attr-defined]

from infoeval.errors import UserError
from infoeval.locks import LOCK, locked_folder
from infoeval.training.distributed import World
from infoeval.training.run_folder import locked_run
from tests.training.running import hashes, train

LITTER = ".infoeval-0123456789abcdef"


def test_a_run_holds_its_folder_until_it_ends(tmp_path: Path) -> None:
    held: list[bool] = []

    def look(step: int, _: object) -> None:
        held.append((tmp_path / "run" / LOCK).exists())
        with pytest.raises(UserError, match=f"run is in use by process {os.getpid()} "):
            train(tmp_path / "run", resume=True)

    train(tmp_path / "run", progress=look)
    assert held == [True] * 6
    assert not list(tmp_path.rglob(".*"))


def test_the_lock_of_a_killed_run_is_none_and_its_litter_goes(finished: Path) -> None:
    before = hashes(finished)
    (finished / LOCK).write_text("process 1 on nowhere\n")
    for place in (finished, finished / "samples"):
        (place / f"{LITTER}.pt").write_bytes(b"half a checkpoint")
        (place / LITTER).mkdir()
        (place / LITTER / "images.npy").write_bytes(b"")
    train(finished, resume=True)
    assert hashes(finished) == before
    assert not list(finished.rglob(".*"))


def test_what_another_process_is_writing_stays(finished: Path) -> None:
    """Such as a report, which puts a file into the folder of a run."""
    from infoeval.files import atomic_path

    with atomic_path(finished / "page.html") as temporary:
        temporary.write_text("half")
        train(finished, resume=True)
        assert temporary.read_text() == "half"
    assert (finished / "page.html").read_text() == "half"


def test_all_processes_of_a_run_are_told_that_its_folder_is_taken(tmp_path: Path) -> None:
    """The first alone looks, and holds it for all."""
    store = HashStore()

    def claim(rank: int, name: str) -> str:
        world = World(rank, 2, torch.device("cpu"), store, True)
        world._messages = 10 * len(name)
        try:
            with locked_run(tmp_path / name, world):
                return "held"
        except UserError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(claim, (0, 1), ("free", "free"))) == ["held"] * 2
        with locked_folder(tmp_path / "taken"):
            refusals = list(pool.map(claim, (0, 1), ("taken", "taken")))
    assert f"in use by process {os.getpid()} " in refusals[0]
    assert refusals[1] == refusals[0]
