"""Where pictures lie, and their bytes: in a folder, in a tar or in a zip."""

import contextlib
import hashlib
import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from infoeval.data.formats.bounded import read_at_most
from infoeval.errors import UserError

__all__ = ["Picture", "find_pictures", "one_line", "state_of"]

_MAX_BYTES = 2**26  # of a picture in an archive, which is read whole
_TAR_BLOCK = 512
_ZIP_HEADER = struct.Struct("<4s4xH16x2H")  # signature, compression, lengths of name and extra
_STORED, _DEFLATED = 0, 8

Wanted = Callable[[str], bool]
"""Whether what has this path within a folder or archive is one of the pictures."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Where the bytes of a picture lie.

    Args:
        source: a folder, tar or zip.
        name: the path within it, with ``/`` between folders.
        size: bytes it takes there.
        kind: what ``source`` is.
        offset: where in an archive they begin; in a zip a header comes first.

    """

    source: Path
    name: str
    size: int
    kind: Literal["folder", "tar", "zip"] = "folder"
    offset: int = 0

    def __str__(self) -> str:
        separator = os.sep if self.kind == "folder" else ": "
        return f"{self.source}{separator}{self.name}"

    def stream(self) -> IO[bytes]:
        """Open the bytes for reading.

        Raises:
            UserError: an archive holds other bytes than it says, or too many.
            OSError, struct.error, zlib.error: they cannot be read.

        """
        if self.kind == "folder":
            return (self.source / self.name).open("rb")
        if self.size > _MAX_BYTES:
            raise UserError(f"{self}: has {self.size} bytes; the limit is {_MAX_BYTES}")
        with self.source.open("rb") as archive:
            archive.seek(self.offset)
            method = _skip_zip_header(archive) if self.kind == "zip" else _STORED
            content = bytes(read_at_most(archive, self.size))
        if len(content) < self.size:
            raise UserError(f"{self}: truncated")
        if method == _STORED:
            return io.BytesIO(content)
        if method != _DEFLATED:
            raise UserError(f"{self}: packed by method {method} of zip, which is not read")
        return io.BytesIO(zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, _MAX_BYTES))


def _skip_zip_header(archive: IO[bytes]) -> int:
    """Go to the bytes of a zip's member, and return how they are packed."""
    signature, method, name, extra = _ZIP_HEADER.unpack(archive.read(_ZIP_HEADER.size))
    if signature != b"PK\x03\x04":
        raise zipfile.BadZipFile("no header where the zip says")
    archive.seek(name + extra, os.SEEK_CUR)
    return int(method)


def find_pictures(
    source: Path, wanted: Wanted, *, skip_broken: bool = False
) -> tuple[list[Picture], tuple[str, ...]]:
    """Find pictures in a folder and its sub-folders, in an uncompressed tar, or in a zip.

    Nothing of an archive is written to disk, so it does not matter what its members' paths and
    links point to. What is no regular file is passed over.

    Args:
        source: the folder or archive; an archive is a zip if it is called so, else a tar.
        wanted: whether what has this path within the source is one of the pictures.
        skip_broken: whether to use what there is of a tar that is not whole.

    Returns:
        The pictures, in a folder sorted by path, in an archive in its order; and what is left out.

    Raises:
        UserError: the source cannot be read, or is a tar that is not whole.

    """
    zipped = source.suffix.lower() == ".zip"
    try:
        if source.is_dir():
            return _in_folder(source, wanted), ()
        if zipped:
            return _in_zip(source, wanted), ()
        pictures, whole = _in_tar(source, wanted)
    except Exception as error:  # tarfile and zipfile raise almost anything on hostile bytes
        kind = "zip" if zipped else "folder or uncompressed tar"
        raise UserError(
            f"{source}: not a readable {kind} ({one_line(error)}); if it was downloaded, get it "
            "again"
        ) from error
    if whole:
        return pictures, ()
    if not (pictures and skip_broken):
        hint = ", or add --skip-broken to use these" if pictures else ""
        raise UserError(
            f"{source}: ends too early, after {len(pictures):,} whole pictures; it is damaged or "
            f"only partly downloaded: get it again{hint}"
        )
    return pictures, (f"{source}: what should follow its first {len(pictures):,} pictures",)


def state_of(source: Path, wanted: Wanted) -> str:
    """Return a hash that changes when pictures may have changed, without opening them.

    It is made of where the source lies, and of the size and time of an archive or other file, or
    the paths, sizes and times of the pictures in a folder.

    Raises:
        UserError: the source cannot be read.

    """
    digest = hashlib.sha256(os.fsencode(source.resolve()))
    try:
        files = _files(source, wanted) if source.is_dir() else [("", source.stat())]
        for name, state in sorted(files, key=lambda file: file[0]):
            digest.update(b"\n" + os.fsencode(name))
            digest.update(f"\0{state.st_size} {state.st_mtime_ns}".encode())
    except OSError as error:
        raise UserError(f"{source}: cannot be read ({one_line(error)})") from error
    return digest.hexdigest()


def one_line(error: Exception) -> str:
    """Return what an error says in one line, or else its kind."""
    return " ".join(str(error).split()) or type(error).__name__


def _files(folder: Path, wanted: Wanted) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the path within a folder, and the state, of each picture in it and below."""
    for base, _, names in os.walk(folder, onerror=_fail):
        inner = os.path.relpath(base, folder).replace(os.sep, "/")
        for name in names:
            path = name if inner == "." else f"{inner}/{name}"
            if wanted(path):
                with contextlib.suppress(FileNotFoundError):  # a link to nothing
                    state = os.stat(os.path.join(base, name))
                    if stat.S_ISREG(state.st_mode):
                        yield path, state


def _fail(error: OSError) -> None:
    raise error


def _in_folder(folder: Path, wanted: Wanted) -> list[Picture]:
    found = (Picture(folder, name, state.st_size) for name, state in _files(folder, wanted))
    return sorted(found, key=lambda picture: picture.name)


def _in_zip(path: Path, wanted: Wanted) -> list[Picture]:
    with zipfile.ZipFile(path) as archive:
        return [
            Picture(path, member.filename, member.compress_size, "zip", member.header_offset)
            for member in archive.infolist()
            if not member.is_dir() and wanted(member.filename)
        ]


def _in_tar(path: Path, wanted: Wanted) -> tuple[list[Picture], bool]:
    """Return the whole pictures of a tar, and whether the tar itself is whole."""
    found = []
    last, length = -1, path.stat().st_size
    with tarfile.open(path, "r:") as archive:
        while (member := _next(archive)) is not None:
            if member.offset <= last or member.size < 0:
                raise tarfile.HeaderError("its members overlap")  # a header may lead in circles
            last = member.offset
            whole = member.offset_data + member.size <= length
            if member.isreg() and not member.issparse() and whole and wanted(member.name):
                found.append(Picture(path, member.name, member.size, "tar", member.offset_data))
        end = archive.offset
    with path.open("rb") as file:  # a whole tar ends with empty blocks, which tarfile does not ask
        file.seek(end)
        return found, file.read(_TAR_BLOCK) == bytes(_TAR_BLOCK)


def _next(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    """Return the next member, or None at the end and where nothing more can be read."""
    archive.members.clear()  # type: ignore[attr-defined]  # else a kilobyte of each is kept
    try:
        return archive.next()
    except tarfile.TarError:
        return None
