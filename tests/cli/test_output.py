"""Output that cannot be written, is not read, or cannot show what is written."""

import io
import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from infoeval.cli.output import _Stream, checked_output, note, plain, print_json, say

ROOT = Path(__file__).resolve().parents[2]


def ended(
    *arguments: str,
    redirected: str = "",
    before: Callable[[], object] | None = None,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """A process of the command line, its output redirected by a shell."""
    command = f'exec "$0" -m infoeval "$@" {redirected}'
    return subprocess.run(
        ["bash", "-c", command, sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        preexec_fn=before,
    )


@pytest.mark.parametrize("argument", ["--version", "--help"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("redirected", "why"),
    [("> /dev/full", "No space left on device"), (">&-", "Bad file descriptor")],
)
def test_output_that_fails_is_one_line_and_two(
    redirected: str, why: str, unbuffered: str, argument: str
) -> None:
    found = ended(argument, redirected=redirected, PYTHONUNBUFFERED=unbuffered)
    assert found.stderr == f"Error: cannot write to standard output: {why}\n"
    assert found.returncode == 2


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_is_cut_is_one_line_and_two(tmp_path: Path, unbuffered: str) -> None:
    """As on a disk that is nearly full: the system writes a part and says how much."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    place = tmp_path / "help"
    found = ended("--help", redirected=f"> {place}", before=limit, PYTHONUNBUFFERED=unbuffered)
    assert place.stat().st_size == 100
    assert found.stderr == "Error: cannot write to standard output: File too large\n"
    assert found.returncode == 2


@pytest.mark.parametrize("redirected", ["> /dev/full 2>&-", "> /dev/full 2> /dev/full", ">&- 2>&-"])
def test_a_failure_that_nobody_hears_is_told_by_the_exit_code(redirected: str) -> None:
    assert ended("--version", redirected=redirected).returncode == 2


@pytest.mark.parametrize("redirected", ["2>&-", "2> /dev/full", "<&-", "<&- 2>&-"])
def test_a_closed_standard_error_or_input_is_no_failure(redirected: str) -> None:
    found = ended("--version", redirected=redirected)
    assert found.returncode == 0
    assert found.stdout.startswith("infoeval, version")


@pytest.mark.parametrize("shared", [False, True], ids=["output", "both"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_gone_is_no_failure(unbuffered: str, shared: bool) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, "-m", "infoeval", "data", "ls"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": unbuffered},
        stdout=writing,
        stderr=writing if shared else subprocess.PIPE,
        timeout=300,
        check=False,
    )
    os.close(writing)
    assert process.returncode == 0
    assert not process.stderr


def test_a_wrong_command_keeps_its_code_without_an_output() -> None:
    found = ended("nothing", redirected="> /dev/full")
    assert found.returncode == 2
    assert "No such command" in found.stderr


@pytest.mark.parametrize("charset", ["ascii", "latin-1"])
def test_what_a_terminal_does_not_have_is_paraphrased(charset: str) -> None:
    found = ended("traverse", "--help", PYTHONIOENCODING=charset)
    assert "2 is the paper's -2 ... 2." in " ".join(found.stdout.split())
    assert found.returncode == 0


def test_help_in_the_c_locale() -> None:
    found = ended("train", "--help", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert "lambda of eq. 6" in found.stdout
    assert found.returncode == 0


TEXTS = ["é", "字", "\U0001f600", "\x9b2J", "\u202e", "\udcff", "\x7f", '"', "\n"]


@pytest.mark.parametrize("charset", ["utf-8", "ascii", "latin-1", "utf-16"])
def test_json_is_json_everywhere(monkeypatch: pytest.MonkeyPatch, charset: str) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, charset))
    print_json(json.dumps({"texts": TEXTS}, ensure_ascii=False))
    text = written.getvalue().decode(charset)
    assert json.loads(text) == {"texts": TEXTS}
    assert not set(text) & {"\x9b", "\u202e", "\x7f"}
    assert ("字" in text) == charset.startswith("utf")


def test_a_stranger_s_text_stays_in_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\nError: b\x1b[2J", "c")
    note("d\r\u202ee")
    assert capsys.readouterr() == ("a\\nError: b\\x1b[2J\nc\n", "d\\r\\u202ee\n")


def test_names_that_no_terminal_has_stay_apart() -> None:
    assert plain("字", "ascii") != plain("宇", "ascii")
    assert plain("\udcff", "utf-8") == "\\udcff"


def test_a_pipe_that_does_not_block_receives_all() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    received: list[bytes] = []

    def read() -> None:
        while part := os.read(reading, 10_000):
            received.append(part)

    reader = threading.Thread(target=read)
    stream = _Stream(writing, "utf-8")
    text = "0123456789\n" * 100_000
    reader.start()
    stream.write(text)
    assert stream.failure is None
    os.close(writing)
    reader.join()
    os.close(reading)
    assert b"".join(received).decode() == text


def test_streams_of_somebody_else_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    stream = sys.stdout
    with checked_output():
        assert sys.stdout is stream
