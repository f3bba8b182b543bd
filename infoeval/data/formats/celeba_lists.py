"""The text files that come with CelebA: what is in each picture, and the split it belongs to."""

import gzip
import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.bounded import Readable, read_at_most
from infoeval.errors import UserError

__all__ = ["PICTURE_NAME", "Attributes", "read_attributes", "read_partition"]

PICTURE_NAME = re.compile(r"[0-9]{6}\.jpg")
"""What CelebA's pictures are called, such as ``000001.jpg``."""

_MAX_BYTES = 2**26  # the official attributes have 27 MB
_GZIP_MAGIC = b"\x1f\x8b"
_VALUES = {"-1": False, "1": True}
_PARTS = {"0": "train", "1": "validation", "2": "test"}


@dataclass(frozen=True)
class Attributes:
    """Attribute ``names``, and of each picture the row of ``values``, ``(n, k)`` bool."""

    names: tuple[str, ...]
    rows: dict[str, int]
    values: NDArray[np.bool_]


def read_attributes(path: Path) -> Attributes:
    """Read ``list_attr_celeba.txt``, gzipped or not.

    Its first line is the number of pictures, its second the names of the attributes; then there is
    a line for each picture, with its name and -1 or 1 for each attribute.

    Raises:
        UserError: it cannot be read, or is not such a list; the message gives the line.

    """
    lines = _lines(path)
    if len(lines) < 3 or lines[0] != str(len(lines) - 2):
        raise UserError(
            f"{path}: line 1 must be the number of pictures, and line 2 the names of the "
            f"attributes; there are {len(lines)} lines"
        )
    names = tuple(lines[1].split())
    if not names:
        raise UserError(f"{path}: line 2 must be the names of the attributes")
    rows: dict[str, int] = {}
    values = np.empty((len(lines) - 2, len(names)), dtype=np.bool_)
    for name, fields in _pictures(path, lines, 3, len(names), _VALUES):
        values[len(rows)] = [_VALUES[field] for field in fields]
        rows[name] = len(rows)
    return Attributes(names, rows, values)


def read_partition(path: Path) -> dict[str, str]:
    """Read ``list_eval_partition.txt``, gzipped or not: "train", "validation" or "test" by picture.

    Raises:
        UserError: it cannot be read, or is not such a list; the message gives the line.

    """
    found = _pictures(path, _lines(path), 1, 1, _PARTS)
    return {name: _PARTS[fields[0]] for name, fields in found}


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            stream: Readable = gzip.GzipFile(fileobj=raw) if zipped else raw
            content = read_at_most(stream, _MAX_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{path}: the gzip file is truncated or damaged ({error})") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    if len(content) > _MAX_BYTES:
        raise UserError(f"{path}: longer than {_MAX_BYTES} bytes, which no list of CelebA is")
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a text file ({error.reason})") from error
    return [line.strip() for line in text.rstrip().split("\n")]


def _pictures(
    path: Path, lines: list[str], first: int, count: int, allowed: Collection[str]
) -> Iterator[tuple[str, list[str]]]:
    """Yield the picture's name and the values of each line, checked; ``first`` counts from 1."""
    seen = set()
    for number, line in enumerate(lines[first - 1 :], first):
        name, *fields = line.split() or [""]
        if not PICTURE_NAME.fullmatch(name) or name in seen:
            reason = "twice" if name in seen else "where a name such as 000001.jpg should stand"
            raise UserError(f"{path}: line {number} has {name[:40]!r} {reason}")
        if len(fields) != count:
            raise UserError(f"{path}: line {number} has {len(fields)} values, not {count}")
        wrong = next((field for field in fields if field not in allowed), None)
        if wrong is not None:
            raise UserError(
                f"{path}: line {number} has the value {wrong[:40]!r}, not {' or '.join(allowed)}"
            )
        seen.add(name)
        yield name, fields
