"""Output of the command line: complete or the command fails, without control characters."""

import codecs
import contextlib
import io
import json
import os
import re
import select
import sys
from collections.abc import Iterator
from typing import IO, Any, TextIO

from infoeval.errors import printable

FAILED = 2
"""Exit code where the output could not be written."""
_SIGNS = "…–—−×·±’≥≤→←↓²³λσαεπ"
_WORDS = "... - - - x * +- ' >= <= -> <- v ^2 ^3 lambda sigma alpha epsilon pi"
_ALTERNATIVES = dict(zip(_SIGNS, _WORDS.split(), strict=True))
_NOT_ASCII = re.compile(r"[^\n -~]")


def say(*lines: str) -> None:
    """Print lines to the standard output, their control characters as escapes."""
    _write(sys.stdout, lines)


def note(line: str) -> None:
    """Print a line to the standard error, its control characters as escapes."""
    _write(sys.stderr, [line])


def print_json(text: str) -> None:
    """Print a JSON text, with escapes for what the output cannot show: it stays JSON everywhere."""
    keep_text = charset_of(sys.stdout).startswith("utf")

    def escape(match: re.Match[str]) -> str:
        shown = keep_text and match.group().isprintable()
        return match.group() if shown else json.dumps(match.group())[1:-1]

    sys.stdout.write(f"{_NOT_ASCII.sub(escape, text.rstrip())}\n")
    sys.stdout.flush()


def plain(text: str, charset: str) -> str:
    """Return a text in an output's charset; other characters are paraphrased or escaped.

    >>> plain("λ ≥ 1 … 字", "ascii"), plain("λ", "utf-8")
    ('lambda >= 1 ... \\\\u5b57', 'λ')
    """
    return text.encode(charset, "infoeval").decode(charset)


def charset_of(file: IO[str]) -> str:
    """Return the name of an output's charset, as Python spells it."""
    name = getattr(file, "charset", None) or getattr(file, "encoding", None) or "utf-8"
    return codecs.lookup(name).name


@contextlib.contextmanager
def checked_output() -> Iterator[None]:
    """Context at whose end all output is written, or the program ends with one line and 2.

    A closed pipe, as with `| head`, and a standard error that cannot be written are no failures:
    the command goes on without them. Replaced streams, as in tests, are left alone.
    """
    before = sys.stdout, sys.stderr
    _occupy_closed()
    out = _checked(sys.stdout, sys.__stdout__, 1)
    sys.stdout, sys.stderr = out, _checked(sys.stderr, sys.__stderr__, 2)
    ending: SystemExit | None = None
    try:
        try:
            yield
        except SystemExit as error:
            ending = error
        failure = out.failure if isinstance(out, _Stream) else None
        if failure is not None and (ending is None or ending.code in (None, 0, 1)):
            note(f"Error: cannot write to standard output: {failure.strerror}")
            raise SystemExit(FAILED)
        if ending is not None:
            raise ending
    finally:
        sys.stdout, sys.stderr = before


class _Descriptor(io.FileIO):
    """A file descriptor that remembers its first failure, after which it discards everything.

    It raises nothing, so that Python does not try again when it exits.
    """

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        while self.failure is None:
            try:
                written = super().write(data)
            except OSError as error:
                self.failure = error
            else:
                if written is not None:
                    return written
                select.select([], [self], [])  # another process has made it non-blocking
        return memoryview(data).nbytes


class _Stream(io.TextIOWrapper):
    """A text stream on a descriptor; its buffer completes partial writes."""

    def __init__(self, number: int, charset: str) -> None:
        self.charset, self._raw = charset, _Descriptor(number, "w", closefd=False)
        # click would write UTF-8 to what is called ASCII.
        encoding = "utf-8" if charset == "ascii" else charset
        super().__init__(io.BufferedWriter(self._raw), encoding, "infoeval", line_buffering=True)

    def write(self, text: str) -> int:
        super().write(plain(text, self.charset))
        return len(text)

    @property
    def failure(self) -> OSError | None:
        """The error that kept output from being written, or None; a closed pipe is none."""
        self.flush()
        gone = isinstance(self._raw.failure, BrokenPipeError)
        return None if gone else self._raw.failure


def _checked(stream: TextIO | None, original: TextIO | None, number: int) -> TextIO:
    """Return a checked stream for one of the process, which is None if it is closed."""
    if stream is None:
        return _Stream(number, "utf-8")
    if stream is not original:
        return stream
    buffer = getattr(stream, "buffer", None)
    if type(getattr(buffer, "raw", buffer)) is not io.FileIO:  # such as a console of Windows
        return stream
    stream.flush()
    return _Stream(number, charset_of(stream))


def _occupy_closed() -> None:
    """Open closed standard descriptors for reading, so that no file gets their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)


def _write(file: TextIO, lines: Any) -> None:
    charset = charset_of(file)
    file.write("".join(f"{plain(printable(line), charset)}\n" for line in lines))
    file.flush()


def _alternative(error: UnicodeError) -> tuple[str, int]:
    """Return the replacement of characters that a charset lacks, as a codec error handler."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    texts = (_ALTERNATIVES.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lost)
    return "".join(texts), error.end


codecs.register_error("infoeval", _alternative)
