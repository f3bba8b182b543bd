"""Headers of .npy files from untrusted sources."""

import io
import math
import warnings
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from infoeval.data.untrusted import Readable, parsing, read_at_most
from infoeval.errors import UserError

LONGEST_HEADER = 10_000
"""Bytes of a header: numpy's own limit, which numpy checks only after reading the header."""

_LENGTH_BYTES = {(1, 0): 2, (2, 0): 4}
_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


class NpyHeader(NamedTuple):
    """What the header of an array declares."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]

    @property
    def bytes(self) -> int:
        """Size of all elements."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def order(self) -> Literal["C", "F"]:
        """Order of the elements."""
        return "F" if self.fortran_order else "C"


def read_npy_header(stream: Readable, what: str) -> tuple[NpyHeader, int]:
    """Return the header at the beginning of a stream, and its length.

    Memory does not depend on what it declares. Raises UserError, which begins with ``what``, for a
    header that is longer than numpy writes or cannot be read, and for elements that are neither
    numbers nor strings.
    """
    start = read_at_most(stream, npy.MAGIC_LEN)
    with parsing(f"{what} cannot be read"):
        if len(start) < npy.MAGIC_LEN or start[: len(npy.MAGIC_PREFIX)] != npy.MAGIC_PREFIX:
            raise ValueError("it does not begin like a numpy array")
    version = start[-2], start[-1]
    if version not in _READERS:
        raise UserError(f"{what} is in npy format {version}, which plain arrays do not need")
    length_bytes = read_at_most(stream, _LENGTH_BYTES[version])
    length = int.from_bytes(length_bytes, "little")
    if length > LONGEST_HEADER:
        raise UserError(
            f"{what} has a header of {length:,} bytes; those of plain arrays have at most "
            f"{LONGEST_HEADER:,}"
        )
    content = bytes(length_bytes) + bytes(read_at_most(stream, length))
    with parsing(f"{what} cannot be read"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they would print what the file says
        header = NpyHeader(*_READERS[version](io.BytesIO(content)))
        if any(size < 0 for size in header.shape):
            raise ValueError(f"a negative size in its shape {header.shape}")
    if header.dtype.kind not in "biufSU":
        raise UserError(f"{what} holds {header.dtype} elements; only numbers and strings are read")
    return header, npy.MAGIC_LEN + len(content)


def map_npy(path: Path) -> NDArray[Any]:
    """Return the array in a ``.npy`` file, memory-mapped, copy on write.

    Raises UserError for a file that cannot be read, or that holds another number of bytes than its
    header declares.
    """
    with parsing(f"{path} cannot be read"), path.open("rb") as file:
        header, start = read_npy_header(file, str(path))
        size = path.stat().st_size - start
        if size != header.bytes:
            raise UserError(f"{path} declares {header.bytes:,} bytes, but holds {size:,}")
        return np.memmap(file, header.dtype, "c", start, header.shape, header.order)
