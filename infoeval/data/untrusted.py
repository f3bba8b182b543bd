"""Reading of untrusted files: limits, gzip and error messages."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from infoeval.errors import UserError, one_line

MAX_ARRAY_BYTES = 8 * 2**30
"""The largest single array that a file may declare: 8 GiB.

Shapes3D, among the larger sets of the field, is 5.9 GB; a file that declares more is taken for a
mistake or a decompression bomb.
"""

FREELY_INFLATED = 2**26
LARGEST_RATIO = 200
"""A larger array than 64 MiB is not inflated from less than a two-hundredth of its size.

The images of dSprites, white shapes on black, take 1/116 of it; a decompression bomb 1/1032.
"""

_CHUNK = 2**22
_GZIP_MAGIC = b"\x1f\x8b"


class Readable(Protocol):
    """Any stream of bytes: a file, or the inside of a compressed one."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, and none only at the end."""


def read_at_most(stream: Readable, count: int) -> bytearray:
    """Return ``count`` bytes of a stream, or fewer if it ends before.

    Memory grows with what the stream really holds, so a short file whose header declares a large
    array costs nothing.

    >>> import io
    >>> read_at_most(io.BytesIO(b"abc"), 2)
    bytearray(b'ab')
    >>> read_at_most(io.BytesIO(b"abc"), 10**12)
    bytearray(b'abc')
    """
    content = bytearray()
    while len(content) < count:
        chunk = stream.read(min(_CHUNK, count - len(content)))
        if not chunk:
            break
        content += chunk
    return content


def is_bomb(size: int, stored: int) -> bool:
    """Return whether an array of this many bytes is taken for a decompression bomb.

    >>> is_bomb(2**30, 10**6), is_bomb(2**30, 10**7), is_bomb(2**26, 1)
    (True, False, False)
    """
    return size > max(FREELY_INFLATED, LARGEST_RATIO * stored)


class BoundedZip(zipfile.ZipFile):
    """A zip file, open for reading, whose directory has at most ``most`` bytes.

    ``zipfile`` would read a directory of any size whole, and keep half a kilobyte for each entry.

    Raises UserError for a larger directory, and what ``zipfile.ZipFile`` raises.
    """

    # What cannot be opened is closed as well, when it is deleted.
    _stream: "_BoundedReader | None" = None

    def __init__(self, path: Path, most: int) -> None:
        stream = self._stream = _BoundedReader(io.FileIO(path))
        stream.most = most
        try:
            super().__init__(stream)
        except BaseException:
            stream.close()
            raise
        stream.most = None

    def close(self) -> None:
        """Close the file."""
        super().close()
        if self._stream is not None:
            self._stream.close()


class _BoundedReader(io.BufferedReader):
    """A file of which at most ``most`` bytes are read at once; None: any number."""

    most: int | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        if self.most is None:
            return super().read(size)
        wanted = self.most + 1
        content = super().read(wanted if size is None or size < 0 else min(size, wanted))
        if len(content) > self.most:
            raise UserError(f"{self.name}: the list of its contents exceeds {self.most:,} bytes")
        return content


@contextmanager
def open_maybe_gzipped(path: Path) -> Iterator[Readable]:
    """Stream of a file's bytes, decompressed if it begins like a gzip file, whatever its name.

    Raises UserError if the file cannot be read or decompressed, also within the block.
    """
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            yield gzip.GzipFile(fileobj=raw) if zipped else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{path}: the gzip file is truncated or damaged ({error})") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error


@contextmanager
def parsing(problem: str, hint: str = "") -> Iterator[None]:
    """Context in which every error becomes a UserError: ``problem (its message)hint``.

    Parsers raise almost anything on hostile bytes. A UserError is passed on as it is.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{problem} ({one_line(error)}){hint}") from error
