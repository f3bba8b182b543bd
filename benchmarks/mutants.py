"""Changes that damage any file, a zip archive, or plain data: what hostile files are made of."""

import copy
import io
import os
import random
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "Member",
    "Mutant",
    "Target",
    "canary",
    "damaged",
    "damaged_zip",
    "paths",
    "replaced",
    "zipped",
]

Member = tuple[str, bytes]
"""A file in an archive: its name and content."""


@dataclass(frozen=True)
class Mutant:
    """A hostile file.

    Args:
        kind: how it was made.
        content: its bytes.
        same: whether it may be accepted only if what is read is the original.

    """

    kind: str
    content: bytes
    same: bool = False


@dataclass(frozen=True)
class Target:
    """A kind of file: how mutants of it are made, and what is done with one.

    Args:
        suffix: of the file's name.
        original: a file that nothing is wrong with.
        mutate: makes a mutant from random numbers.
        use: opens the file at a path and uses it as commands do; the flag is `Mutant.same`.

    """

    suffix: str
    original: bytes
    mutate: Callable[[random.Random], Mutant]
    use: Callable[[Path, bool], None]


def damaged(content: bytes, numbers: random.Random) -> bytes:
    """Return bytes with some of them changed, cut off, inserted, repeated or moved."""
    how = numbers.randrange(6)
    at = numbers.randrange(len(content) or 1)
    if how == 0:
        changed = bytearray(content)
        for _ in range(numbers.choice((1, 1, 2, 8, 64))):
            changed[numbers.randrange(len(changed))] ^= 1 << numbers.randrange(8)
        return bytes(changed)
    if how == 1:
        return content[:at]
    if how == 2:
        return content[:at] + numbers.randbytes(numbers.choice((1, 4, 1000))) + content[at:]
    if how == 3:
        first = bytearray(content)
        first[numbers.randrange(min(len(first), 256))] = numbers.choice((0, 255, 0x80, 0x7F))
        return bytes(first)
    if how == 4:
        return content + content[at:]
    size = numbers.choice((1, 8, 512))
    return content[:at] + content[at + size :] + content[at : at + size]


def zipped(members: Sequence[Member], *, packed: bool = False) -> bytes:
    """Return a zip archive, whose entries have no attributes, as torch writes them."""
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    changed, at = bytearray(buffer.getvalue()), 0
    while (at := changed.find(b"PK\x01\x02", at)) >= 0:
        changed[at + 38 : at + 42] = bytes(4)
        at += 4
    return bytes(changed)


def damaged_zip(members: Sequence[Member], numbers: random.Random) -> bytes:
    """Return an archive whose entries or directory are damaged, with right checksums."""
    kept = list(members)
    at = numbers.randrange(len(kept))
    name, content = kept[at]
    how = numbers.randrange(9)
    if how == 0:
        del kept[at]
    elif how == 1:
        kept.insert(numbers.randrange(len(kept) + 1), (name, damaged(content or b"0", numbers)))
    elif how == 2:
        odd = (
            "../" * 8 + "tmp/escaped",
            "/tmp/escaped",
            f"{name}/",
            name.upper(),
            f"\x1b[31m{name}",
        )
        kept[at] = numbers.choice((*odd, "a" * 60_000, "", "\u202e" + name)), content
    elif how == 3:
        other = numbers.randrange(len(kept))
        kept[at], kept[other] = (name, kept[other][1]), (kept[other][0], content)
    elif how == 4:
        kept[at] = name, numbers.choice((b"", content[: len(content) // 2], content * 3))
    elif how == 5:
        kept[at] = name, bytes(numbers.choice((10**7, 10**8)))
        return zipped(kept, packed=True)
    elif how == 6:
        kept += [(f"{name}{number}", b"") for number in range(numbers.choice((10, 20_000)))]
    elif how == 7:
        whole = bytearray(zipped(kept))
        whole[numbers.randrange(whole.find(b"PK\x01\x02"), len(whole))] = numbers.randrange(256)
        return bytes(whole)
    else:
        kept[at] = name, damaged(content or b"0", numbers)
    return zipped(kept, packed=numbers.random() < 0.3)


def paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the keys that lead to each part of plain data; of a long list only both ends."""
    found = [before] if before else []
    if isinstance(value, dict):
        for key in value:
            found += paths(value[key], (*before, key))
    elif isinstance(value, list | tuple):
        for number in sorted({*range(min(len(value), 3)), len(value) - 1} - {-1}):
            found += paths(value[number], (*before, number))
    return found


def replaced(data: Any, path: Sequence[Any], value: Any) -> Any:
    """Return plain data with one part replaced; where there is no such part, the data as it is."""
    if not path:
        return value
    changed = copy.copy(data)
    try:
        changed[path[0]] = replaced(data[path[0]], path[1:], value)
    except (LookupError, TypeError):
        return data
    return changed


def canary(folder: Path) -> str:
    """Return a shell command that leaves a trace if it is ever run."""
    return f"touch {os.fspath(folder / 'executed')}"
