"""The plain files below a folder: links are not followed, and nothing is read without a limit."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from infoeval.errors import UserError
from infoeval.viewer.entries import Unread

DEEPEST = 32
"""Levels of folders that are entered."""
MOST_ENTRIES = 1_000_000
"""Files and folders that are looked at."""
_NUMBER = re.compile(r"(\d+)")


@dataclass
class FolderTree:
    """The plain files of each folder, by its path from the root, "" for the root itself."""

    root: Path
    files: dict[str, list[str]] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)

    def paths(self, suffix: str) -> list[str]:
        """Return the paths of all files with a suffix."""
        return [
            joined(folder, name)
            for folder, names in self.files.items()
            for name in names
            if name.endswith(suffix)
        ]

    def has(self, path: str) -> bool:
        """Return whether there is such a file."""
        folder, _, name = path.rpartition("/")
        return name in self.files.get(folder, ())

    def read(self, path: str, most: int) -> bytes:
        """Return the content of a file. Raises UserError, in one line, where that is not possible.

        A file of more than so many bytes is refused.
        """
        return read_plain(self.root / path, most)


def walk(folder: Path) -> FolderTree:
    """Return the plain files below a folder, in natural order of their names.

    Hidden folders are left out. Links are not followed: what lies below the folder is found
    without them, and what does not is none of its files.
    """
    tree = FolderTree(folder)
    seen, waiting = 0, [""]
    while waiting:
        at = waiting.pop()
        try:
            with os.scandir(folder / at) as entries:
                listed = sorted(entries, key=lambda entry: natural(entry.name))
        except OSError as error:
            tree.unread.append(Unread(at or ".", error.strerror or str(error)))
            continue
        seen += len(listed)
        if seen > MOST_ENTRIES:
            reason = f"more than {MOST_ENTRIES:,} files: this folder and later ones were left out"
            tree.unread.append(Unread(at or ".", reason))
            break
        tree.files[at] = [entry.name for entry in listed if entry.is_file(follow_symlinks=False)]
        tree.unread += [
            Unread(joined(at, entry.name), "a link, which is not followed")
            for entry in listed
            if entry.is_symlink()
        ]
        inner = [
            joined(at, entry.name)
            for entry in listed
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
        ]
        if inner and at.count("/") + 1 >= DEEPEST:
            reason = f"more than {DEEPEST} folders inside one another: not entered"
            tree.unread += [Unread(path, reason) for path in inner]
        else:
            waiting += reversed(inner)
    return tree


def joined(folder: str, name: str) -> str:
    """Return the path of something in a folder, "" for the root.

    >>> joined("", "a"), joined("a", "b")
    ('a', 'a/b')
    """
    return f"{folder}/{name}" if folder else name


def natural(text: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts numbers in texts by their value: seed-2 before seed-10.

    >>> sorted(["seed-10", "seed-2", "a"], key=natural)
    ['a', 'seed-2', 'seed-10']
    """
    return [
        (0, int(part[:18]), part) if part.isascii() and part.isdecimal() else (1, 0, part)
        for part in _NUMBER.split(text)
        if part
    ]


def read_plain(path: Path, most: int) -> bytes:
    """Return the content of a plain file of at most so many bytes, and follow no link.

    Raises UserError for a larger one, and for one that is not there or cannot be read.
    """
    with _opened(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise UserError(f"it has more than {most:,} bytes")
    return content


def read_ends(path: Path, most: int) -> tuple[bytes, bytes]:
    """Return the first and the last so many bytes of a plain file, of any size.

    Raises UserError where it cannot be read.
    """
    with _opened(path) as file:
        first = file.read(most)
        file.seek(max(len(first), file.seek(0, os.SEEK_END) - most))
        return first, file.read(most)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Context of a plain file that is open for reading."""
    try:
        # A pipe that took the place of a file would be waited for without the second flag.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with open(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UserError("it is not a plain file")
            yield file
    except OSError as error:
        raise UserError(error.strerror or str(error)) from error
