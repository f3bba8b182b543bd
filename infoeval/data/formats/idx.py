"""Reader of idx files, the format of MNIST and its relatives.

An idx file is two zero bytes, one byte for the element type, one for the number of axes, the
length of each axis as a big-endian 32-bit integer, then the elements in C order, big-endian.
"""

import gzip
import hashlib
import math
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.data.untrusted import (
    MAX_ARRAY_BYTES,
    Readable,
    is_bomb,
    open_maybe_gzipped,
    read_at_most,
)
from infoeval.errors import UserError

_ELEMENT_TYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_MAX_AXES = 8


def read_idx(
    path: str | os.PathLike[str],
    *,
    shape: tuple[int, ...] | None = None,
    md5: str | None = None,
) -> NDArray[Any]:
    """Return the array of an idx file, plain or gzipped (judged by its content, not its name).

    Nothing is trusted: of a gzipped file only what its header declares, plus one byte, is
    decompressed, and a header that declares more than 8 GiB, or the two-hundredfold of a gzipped
    file, is refused.

    Args:
        path: the file.
        shape: the shape it must declare; if it declares another, no element is read.
        md5: expected MD5, in hex, of the unzipped file.

    Returns:
        The array in native byte order, with the shape that the file declares.

    Raises:
        UserError: the file is missing, unreadable, truncated, not an idx file or longer than its
            header declares, or its shape or MD5 differs.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    with open_maybe_gzipped(path) as stream:
        header, dtype, declared = _read_header(path, stream)
        if 0 in declared or declared != (shape or declared):
            wanted = shape or "one without empty axes"
            raise UserError(f"{path}: declares shape {declared}, not {wanted}")
        size = math.prod(declared) * dtype.itemsize
        if size > MAX_ARRAY_BYTES:
            raise UserError(
                f"{path}: its header declares {size} bytes; the limit is {MAX_ARRAY_BYTES}"
            )
        stored = path.stat().st_size
        if isinstance(stream, gzip.GzipFile) and is_bomb(size, stored):
            raise UserError(
                f"{path}: its header declares {size:,} bytes, gzipped into {stored:,}: it is "
                "truncated, or a decompression bomb"
            )
        content = read_at_most(stream, size + 1)
    if len(content) < size:
        raise UserError(
            f"{path}: truncated: {len(content)} of the {size} bytes its header declares"
        )
    if len(content) > size:
        raise UserError(f"{path}: longer than the {size} bytes that its header declares")
    if md5 is not None:
        digest = hashlib.md5(header, usedforsecurity=False)
        digest.update(content)
        if digest.hexdigest() != md5:
            raise UserError(
                f"{path}: not the official file: md5 {digest.hexdigest()} unzipped, expected "
                f"{md5}; delete it and download it again"
            )
    array = np.frombuffer(content, dtype=dtype).reshape(declared)
    return array.astype(dtype.newbyteorder("="), copy=False)


def idx_md5(array: NDArray[np.uint8]) -> str:
    """Return the MD5, in hex, of the unzipped idx file that holds an array of bytes.

    >>> idx_md5(np.zeros((2, 1), dtype=np.uint8))
    'e43da5dc4b05b3df27a5892257dc3c15'
    """
    header = struct.pack(f">4B{array.ndim}I", 0, 0, 0x08, array.ndim, *array.shape)
    digest = hashlib.md5(header, usedforsecurity=False)
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _read_header(path: Path, stream: Readable) -> tuple[bytes, np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _ELEMENT_TYPES:
        raise UserError(f"{path}: not an idx file: it begins with {magic.hex(' ') or 'nothing'}")
    axes = magic[3]
    if not 1 <= axes <= _MAX_AXES:
        raise UserError(f"{path}: not an idx file: it declares {axes} axes")
    lengths = stream.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise UserError(f"{path}: truncated within its header")
    return magic + lengths, _ELEMENT_TYPES[magic[2]], struct.unpack(f">{axes}I", lengths)
