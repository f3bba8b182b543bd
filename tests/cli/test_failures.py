"""Errors of the machine: little memory, no home, a folder that is gone."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from infoeval import UserError
from infoeval.cli.failures import error_line
from tests.cli.commands import fails, succeeds

ROOT = Path(__file__).resolve().parents[2]
SEGMENT = "libtorch_cpu.so: failed to map segment from shared object"


def chained(last: Exception, first: Exception) -> Exception:
    last.__cause__ = first
    return last


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("two\nlines"), "two lines"),
        (MemoryError(), "not enough memory"),
        (
            RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
            "not enough memory: CUDA out of memory. Tried to allocate 2 GiB",
        ),
        (
            ImportError(SEGMENT, name="torch._C", path="/lib/site-packages/torch/_C.so"),
            "cannot load torch: not enough memory",
        ),
        (
            chained(ImportError("Unable to import it"), ImportError(SEGMENT, name="numpy")),
            "cannot load numpy: not enough memory",
        ),
        (ImportError("libcudart.so: cannot open", name="torch"), "cannot load torch: libcudart.so"),
        (OSError(36, "File name too long", "aaa"), "aaa: File name too long"),
        (OSError(12, "Cannot allocate memory"), "not enough memory"),
        (OSError("odd\nand long" + "." * 1000), "odd and long..."),
    ],
)
def test_the_line_of_an_error(error: Exception, line: str) -> None:
    found = error_line(error)
    assert found is not None
    assert found.startswith(line)
    assert len(found) < 300
    assert found.isprintable()


@pytest.mark.parametrize("error", [RuntimeError("shapes do not fit"), KeyError("a"), ValueError()])
def test_a_fault_of_the_program_is_no_line(error: Exception) -> None:
    assert error_line(error) is None


def test_little_address_space_is_one_line(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (500_000_000, 500_000_000))

    ended = subprocess.run(
        [sys.executable, "-m", "infoeval", "score", "codes.npz"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        preexec_fn=limit,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == (
        "Error: cannot load torch: not enough memory "
        "(the address space is limited to 0.5 GB; raise it with ulimit -v)\n"
    )


def test_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert "the current folder was removed" in fails("metrics")


def test_without_a_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(user: object) -> None:
        raise KeyError(user)

    monkeypatch.delenv("HOME")
    monkeypatch.delenv("INFOEVAL_DATA", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setattr("pwd.getpwnam", unknown)
    text = succeeds("data", "ls").stdout
    assert "digits" in text
    assert "/nonexistent/infoeval" in text
    for command in (("data", "ls", "--data-dir", "~/sets"), ("train", "~nobody")):
        assert "home folder is not known; set HOME" in fails(*command)
