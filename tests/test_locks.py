"""Locks end with their process; what a killed process left in a folder is removed, nothing else."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infoeval import files
from infoeval.errors import UserError
from infoeval.locks import LOCK, locked, locked_folder

HOLD = """
import sys, time
from pathlib import Path
from infoeval.files import atomic_path, temporary_folder
from infoeval.locks import locked_folder
folder = Path(sys.argv[1])
with locked_folder(folder), temporary_folder(folder) as inner, atomic_path(folder / "a.pt") as path:
    path.write_bytes(b"x" * 1000)
    (inner / "images.npy").write_bytes(b"x" * 1000)
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_folder_in_use_is_refused_and_its_holder_named(
    holder: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    with (
        pytest.raises(UserError, match=f"in use by process {holder.pid} "),
        locked_folder(tmp_path),
    ):
        pass


def test_the_lock_of_a_killed_process_is_none(
    holder: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    _kill(holder)
    assert (tmp_path / LOCK).exists()
    with locked_folder(tmp_path):
        pass
    assert not (tmp_path / LOCK).exists()


def test_what_a_living_process_writes_is_no_litter(
    holder: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    files.remove_leftovers(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before
    assert len(before) == 4


def test_what_a_killed_process_left_is_removed_when_its_folder_is_next_written(
    holder: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    _kill(holder)
    for kept in (".infoeval-notes", ".infoeval-0123456789abcdeg.pt", ".hidden"):
        (tmp_path / kept).write_text("mine")
    (tmp_path / ".infoeval-0123456789abcdef").symlink_to(tmp_path / ".hidden")
    files.write_text(tmp_path / "new.txt", "new")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        ".lock",
        "new.txt",
        ".hidden",
        ".infoeval-notes",
        ".infoeval-0123456789abcdeg.pt",
        ".infoeval-0123456789abcdef",
    }


def test_where_there_are_no_locks_every_one_is_granted_and_nothing_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on some network file systems: what looks like litter may be another's work."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked_folder(tmp_path / "run"):
        (tmp_path / ".infoeval-0123456789abcdef").mkdir()
        (tmp_path / ".infoeval-0123456789abcdef.pt").write_bytes(b"half")
        before = sorted(tmp_path.rglob("*"))
        files.remove_leftovers(tmp_path)
        assert sorted(tmp_path.rglob("*")) == before


def test_threads_exclude_each_other(tmp_path: Path) -> None:
    inside, most = [], []

    def work() -> None:
        for _ in range(20):
            with locked(tmp_path / "one", wait=True):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) == 80
    assert list(tmp_path.iterdir()) == []


def test_an_unused_folder_is_not_left_behind(tmp_path: Path) -> None:
    with locked_folder(tmp_path / "runs" / "new"):
        assert (tmp_path / "runs" / "new" / LOCK).exists()
    assert not (tmp_path / "runs").exists()
    with locked_folder(tmp_path / "kept"):
        (tmp_path / "kept" / "note").write_text("x")
    assert os.listdir(tmp_path / "kept") == ["note"]


def test_a_lock_is_never_taken_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / LOCK).symlink_to(tmp_path / "target")
    with pytest.raises(UserError, match="cannot write"), locked_folder(tmp_path):
        pass
    assert (tmp_path / "target").read_text() == "mine"


def test_many_processes_write_one_file_and_leave_nothing(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom infoeval import files\n"
        "for k in range(30):\n"
        "    files.write_text(Path(sys.argv[1]) / 'a.txt', 'x' * 5000)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(command, cwd=Path.cwd()) for _ in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    assert os.listdir(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "x" * 5000
