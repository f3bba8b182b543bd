"""Reading no more from a file than it may hold."""

from typing import Protocol

__all__ = ["MAX_ARRAY_BYTES", "Readable", "read_at_most"]

MAX_ARRAY_BYTES = 8 * 2**30
"""The largest single array that a file may declare: 8 GiB.

Shapes3D, among the larger sets of the field, is 5.9 GB; what claims more is taken for a mistake or
a decompression bomb.
"""

_CHUNK = 2**22


class Readable(Protocol):
    """What ``read_at_most`` needs of a stream: a file, or the inside of a compressed one."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, none only at the end."""


def read_at_most(stream: Readable, count: int) -> bytearray:
    """Read ``count`` bytes, or fewer if the stream ends before.

    Memory grows with what the stream really holds, so a header that lies about the size of a short
    file costs nothing.

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
