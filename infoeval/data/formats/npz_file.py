"""Reader of the arrays in an untrusted ``.npz`` file."""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from infoeval.data.untrusted import MAX_ARRAY_BYTES, parsing, read_at_most
from infoeval.errors import UserError


class NpzFile:
    """An open ``.npz`` file whose arrays are read one at a time; a context manager.

    Nothing is unpickled. An array is refused if its header declares other elements than numbers
    and strings, more than 8 GiB, or another size than the zip holds.

    Raises:
        UserError: the file is not there, or is not a zip.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise UserError(f"{path}: no such file")
        with parsing(f"{path}: not a readable .npz file"):
            self._archive = zipfile.ZipFile(path)
        self._members = set(self._archive.namelist())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def __contains__(self, name: str) -> bool:
        """Whether there is an array of that name."""
        return f"{name}.npy" in self._members

    def error(self, name: str, reason: str) -> UserError:
        """Return an error that names the file and the array."""
        return UserError(f"{self.path}: {name} {reason}")

    def read(self, name: str) -> NDArray[Any]:
        """Return one array.

        Raises:
            UserError: there is no such array, or it is refused or cannot be read.
        """
        with self._member(name) as (stream, file_size):
            shape, fortran_order, dtype = self._header(name, stream)
            size = math.prod(shape) * dtype.itemsize
            if size > MAX_ARRAY_BYTES:
                raise self.error(name, f"declares {size} bytes; the limit is {MAX_ARRAY_BYTES}")
            if size == 0:
                raise self.error(name, "is empty")
            if size != file_size - stream.tell():
                raise self.error(name, f"declares {size} bytes, but the zip holds another number")
            content = read_at_most(stream, size + 1)
            if len(content) != size:
                raise self.error(name, f"declares {size} bytes, but the zip holds {len(content)}")
            order: Literal["C", "F"] = "F" if fortran_order else "C"
            return np.frombuffer(content, dtype=dtype).reshape(shape, order=order)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape that an array's header declares; raises UserError like ``read``."""
        with self._member(name) as (stream, _):
            return self._header(name, stream)[0]

    @contextmanager
    def _member(self, name: str) -> Iterator[tuple[IO[bytes], int]]:
        """Stream and size of the member that holds an array; errors in the block name the array."""
        if name not in self:
            raise UserError(f"{self.path}: holds no array called {name}")
        member = self._archive.getinfo(f"{name}.npy")
        with (
            parsing(f"{self.path}: {name} cannot be read"),
            self._archive.open(member) as stream,
        ):
            yield stream, member.file_size

    def _header(self, name: str, stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
        version = npy.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise self.error(name, f"is in npy format {version}, which plain arrays do not need")
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran_order, dtype = read_header(stream)
        if dtype.kind not in "biufSU":
            raise self.error(name, f"holds {dtype} elements; only numbers and strings are read")
        return shape, fortran_order, dtype
