"""Reader of the arrays in an untrusted ``.npz`` file."""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.npy_header import NpyHeader, read_npy_header
from infoeval.data.untrusted import (
    MAX_ARRAY_BYTES,
    BoundedZip,
    is_bomb,
    parsing,
    read_at_most,
)
from infoeval.errors import UserError, shown

MAX_DIRECTORY_BYTES = 2**20
"""Size of the directory of a zip file: some ten thousand arrays."""
MAX_MEMBER_OVERHEAD = 1000
"""Bytes of a file for each array beside its content: names, sizes and padding."""
LAST_CHARACTER, SURROGATES = 0x10FFFF, 0xD800
NUMBER_BYTES, WORD_BYTES = 8, 64
"""Memory of a number as float64, and of a short word in Python."""
MAX_WORD_BYTES = 2**30
_PART_BYTES = 2**24


def as_words(values: NDArray[Any], what: str) -> list[str]:
    """Return strings as Python's. Raises UserError, about ``what``, for invalid Unicode."""
    try:
        if values.dtype.kind == "S":
            return [word.decode() for word in values.tolist()]
        # numpy and Python accept numbers beyond Unicode, and surrogates.
        points = np.ascontiguousarray(values).view(f"{values.dtype.byteorder}u4")
        if ((points > LAST_CHARACTER) | (points >> 11 == SURROGATES >> 11)).any():
            raise ValueError
    except ValueError as error:
        raise UserError(f"{what} holds strings that are not valid text") from error
    words: list[str] = values.tolist()
    return words


class NpzFile:
    """An open ``.npz`` file whose arrays are read one at a time; a context manager.

    Nothing is unpickled, and memory grows with what the file holds, not with what it declares. An
    array is refused if its header is longer than numpy's own, or declares other elements than
    numbers and strings, more bytes than the limits, or another size than the zip holds.

    Raises:
        UserError: the file is not there, is no zip, lists too many arrays, or is not made of them.
    """

    in_memory = False
    """Whether there is no file, and nothing to keep for the next reader."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            kind = "is not a file" if path.exists() else "no such file"
            raise UserError(f"{path}: {kind}")
        with parsing(f"{path}: not a readable .npz file"):
            self._archive = BoundedZip(path, MAX_DIRECTORY_BYTES)
        members = self._archive.infolist()
        self._members = {member.filename for member in members}
        beside = path.stat().st_size - sum(member.compress_size for member in members)
        if beside > MAX_DIRECTORY_BYTES + MAX_MEMBER_OVERHEAD * len(members):
            self._archive.close()
            raise UserError(f"{path}: holds {beside:,} bytes that belong to no array")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def __contains__(self, name: str) -> bool:
        """Whether there is an array of that name."""
        return f"{name}.npy" in self._members

    @property
    def array_names(self) -> list[str]:
        """Names of the arrays that the file holds, sorted."""
        return sorted(name.removesuffix(".npy") for name in self._members if name.endswith(".npy"))

    @property
    def names(self) -> str:
        """Names of the arrays that the file holds, for messages."""
        return self.besides() or "no arrays"

    def besides(self, *known: str) -> str:
        """Return the names of the other arrays, for messages; empty if there are none."""
        found = {name.removesuffix(".npy") for name in self._members} - set(known)
        return shown(", ".join(sorted(found)[:100]))

    def error(self, name: str, reason: str) -> UserError:
        """Return an error that names the file and the array."""
        return UserError(f"{self.path}: {name} {reason}")

    def read(self, name: str) -> NDArray[Any]:
        """Return one array of a table: at most 8 GiB as float64, and 1 GiB as words.

        Raises:
            UserError: there is no such array, or it is refused or cannot be read.
        """
        with self._opened(name, NUMBER_BYTES) as (stream, header):
            return self._whole(name, stream, header)

    def words(self, name: str, values: NDArray[Any]) -> list[str]:
        """Return strings as Python's. Raises UserError, about ``name``, for invalid Unicode."""
        return as_words(values, f"{self.path}: {name}")

    def parts(self, name: str) -> Iterator[NDArray[Any]]:
        """Yield an array of at most 8 GiB in parts of whole rows, in order.

        One in Fortran order is a single part. Raises UserError as ``read``, also after some parts.
        """
        if self.header(name).fortran_order:
            with self._opened(name) as (stream, header):
                yield self._whole(name, stream, header)
            return
        with self._opened(name) as (stream, header):
            row_bytes, done = header.bytes // header.shape[0], 0
            while done < header.bytes:
                rows = max(1, _PART_BYTES // row_bytes) * row_bytes
                content = read_at_most(stream, min(rows, header.bytes - done))
                done += len(content)
                if len(content) % row_bytes or not content:
                    break
                yield np.frombuffer(content, header.dtype).reshape(-1, *header.shape[1:])
            self._check_end(name, stream, header, done)

    def header(self, name: str) -> NpyHeader:
        """Return the header of an array; raises UserError for one that is refused."""
        with self._opened(name) as (_, header):
            return header

    def _whole(self, name: str, stream: IO[bytes], header: NpyHeader) -> NDArray[Any]:
        content = read_at_most(stream, header.bytes)
        self._check_end(name, stream, header, len(content))
        return np.frombuffer(content, header.dtype).reshape(header.shape, order=header.order)

    def _check_end(self, name: str, stream: IO[bytes], header: NpyHeader, count: int) -> None:
        """Raise UserError unless the array ends here; reading to the end verifies the checksum."""
        count += len(stream.read(1))
        if count != header.bytes:
            raise self.error(name, f"declares {header.bytes:,} bytes, but the zip holds {count:,}")

    @contextmanager
    def _opened(self, name: str, element: int = 1) -> Iterator[tuple[IO[bytes], NpyHeader]]:
        """Stream of the elements of an array that is neither empty nor beyond the limits.

        ``element`` is the least number of bytes that an element takes in memory.
        """
        with self._member(name) as (stream, member):
            header, start = read_npy_header(stream, f"{self.path}: {name}")
            size, stored = header.bytes, min(member.compress_size, self.path.stat().st_size)
            is_words = header.dtype.kind in "SU"
            most = MAX_WORD_BYTES if is_words else MAX_ARRAY_BYTES
            taken = max(size, math.prod(header.shape) * (WORD_BYTES if is_words else element))
            if taken > most:
                raise self.error(name, f"takes {taken:,} bytes; the limit is {most:,}")
            if size == 0:
                raise self.error(name, f"is empty (shape {header.shape})")
            if size != member.file_size - start:
                raise self.error(
                    name, f"declares {size:,} bytes, but the zip {member.file_size - start:,}"
                )
            if is_bomb(taken, stored):
                raise self.error(
                    name,
                    f"takes {taken:,} bytes, compressed into {stored:,}: taken for a "
                    "decompression bomb; if it is none, save it with numpy.savez",
                )
            yield stream, header

    @contextmanager
    def _member(self, name: str) -> Iterator[tuple[IO[bytes], zipfile.ZipInfo]]:
        """Stream of the member that holds an array; errors in the block name the array."""
        if name not in self:
            raise UserError(f"{self.path}: holds no array called {name}; it holds {self.names}")
        member = self._archive.getinfo(f"{name}.npy")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # Others inflate further, or reserve what the file asks for.
            raise self.error(name, "is compressed otherwise than numpy does; use numpy.savez")
        with (
            parsing(f"{self.path}: {name} cannot be read"),
            self._archive.open(member) as stream,
        ):
            yield stream, member
