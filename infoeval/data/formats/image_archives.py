"""Image files in a folder, a tar or a zip: which there are, and their bytes."""

import hashlib
import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from infoeval.data.image_set import SUFFIXES
from infoeval.data.untrusted import BoundedZip, parsing, read_at_most
from infoeval.errors import UserError, shown

_MAX_DIRECTORY = 2**26  # of a zip: some 700,000 files
_MAX_BYTES = 2**26  # of a file in an archive, which is read whole
_MAX_FILE_BYTES = 2**29  # of one in a folder: the most pixels that are decoded, of four bytes each
_TAR_BLOCK = 512
_ZIP_HEADER = struct.Struct("<4s4xH16x2H")  # signature, compression, lengths of name and extra
_STORED, _DEFLATED = 0, 8

_State = tuple[int, int]  # size, and time of the last change in nanoseconds

Wanted = Callable[[str], bool]
"""Whether the file with this path within a folder or archive is one of the images."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image file that is not opened yet.

    Args:
        source: the folder, tar or zip.
        name: path within it, with ``/`` between folders.
        size: bytes that the file takes there.
        kind: what ``source`` is.
        offset: where the file begins in an archive; in a zip a header comes first.
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
        """Return the bytes, opened for reading.

        Raises:
            UserError: there are too many, or the archive holds others than it declares.
            OSError, struct.error, zlib.error: they cannot be read.
        """
        limit = _MAX_FILE_BYTES if self.kind == "folder" else _MAX_BYTES
        if self.size > limit:
            raise UserError(f"{self}: has {self.size} bytes; the limit is {limit}")
        if self.kind == "folder":
            return (self.source / self.name).open("rb")
        with self.source.open("rb") as archive:
            archive.seek(self.offset)
            method = _skip_zip_header(archive) if self.kind == "zip" else _STORED
            content = bytes(read_at_most(archive, self.size))
        if len(content) < self.size:
            raise UserError(f"{self}: truncated")
        if method == _STORED:
            return io.BytesIO(content)
        if method != _DEFLATED:
            raise UserError(f"{self}: zip compression method {method} is not supported")
        return io.BytesIO(zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, _MAX_BYTES))


def _skip_zip_header(archive: IO[bytes]) -> int:
    """Seek to the bytes of a zip's member, and return their compression method."""
    signature, method, name, extra = _ZIP_HEADER.unpack(archive.read(_ZIP_HEADER.size))
    if signature != b"PK\x03\x04":
        raise zipfile.BadZipFile("no header where the zip declares one")
    archive.seek(name + extra, os.SEEK_CUR)
    return int(method)


def find_images(
    source: Path, wanted: Wanted, *, skip_broken: bool = False
) -> tuple[list[ImageFile], tuple[str, ...]]:
    """Return the image files in a folder and its sub-folders, an uncompressed tar, or a zip.

    An image file itself is the only one in its folder.

    Nothing of an archive is written to disk, so it does not matter where the paths and links of
    its members point. Only regular files are listed. In a folder, links to files are followed, and
    links to folders, which may lead in circles, are not.

    Args:
        source: the folder, archive or image; an archive is a zip if its suffix is ``.zip``, else
            a tar.
        wanted: whether the file with this path within the source is one of the images.
        skip_broken: whether to use the readable part of a truncated tar.

    Returns:
        The files, sorted by path in a folder and in the order of an archive; and a description of
        what is left out: links that lead nowhere or to a folder, folders that cannot be read, and
        the rest of a tar.

    Raises:
        UserError: the source cannot be read, or is a truncated tar.
    """
    is_zip = source.suffix.lower() == ".zip"
    kind = "zip" if is_zip else "folder or uncompressed tar"
    with parsing(f"{source}: not a readable {kind}", "; if it was downloaded, download it again"):
        if source.is_dir():
            return _in_folder(source, wanted)
        if source.suffix.lower() in SUFFIXES and wanted(source.name):
            return [ImageFile(source.parent, source.name, source.stat().st_size)], ()
        if is_zip:
            return _in_zip(source, wanted), ()
        files, whole = _in_tar(source, wanted)
    if whole:
        return files, ()
    if not (files and skip_broken):
        hint = ", or add --skip-broken to use these" if files else ""
        raise UserError(
            f"{source}: truncated after {len(files):,} whole images, damaged or only partly "
            f"downloaded; download it again{hint}"
        )
    return files, (f"{source}: everything after its first {len(files):,} images",)


def state_of(source: Path, wanted: Wanted) -> str:
    """Return a hash that changes when images may have changed, without opening them.

    It covers the location of the source, and the size and time of an archive or other file, or
    the paths, sizes and times of the image files in a folder.

    Raises UserError if the source cannot be read.
    """
    digest = hashlib.sha256(os.fsencode(source.resolve()))
    with parsing(f"{source}: cannot be read"):
        if source.is_dir():
            files = _files(source, wanted)[0]
        else:
            state = source.stat()
            files = {"": (state.st_size, state.st_mtime_ns)}
        for name, (size, written) in sorted(files.items()):
            digest.update(b"\n" + os.fsencode(name))
            digest.update(f"\0{size} {written}".encode())
    return digest.hexdigest()


def _in_folder(folder: Path, wanted: Wanted) -> tuple[list[ImageFile], tuple[str, ...]]:
    found, left_out = _files(folder, wanted)
    files = [ImageFile(folder, name, size) for name, (size, _) in sorted(found.items())]
    return files, tuple(
        f"{shown(folder / name)} ({shown(why)})" for name, why in sorted(left_out.items())
    )


def _files(folder: Path, wanted: Wanted) -> tuple[dict[str, _State], dict[str, str]]:
    """Return the state of each image file in a folder and below, and why others are left out.

    The keys are paths within the folder. Raises OSError if the folder itself cannot be read.
    """
    files: dict[str, _State] = {}
    left_out: dict[str, str] = {}
    pending = [""]
    while pending:  # no recursion: folders may be nested deeply
        inner = pending.pop()
        try:
            with os.scandir(folder / inner) as entries:
                for entry in entries:
                    path = f"{inner}/{entry.name}" if inner else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(path)
                    else:
                        _classify(entry, path, wanted, files, left_out)
        except OSError as error:
            if not inner:
                raise
            left_out[inner] = error.strerror or str(error)
    return files, left_out


def _classify(
    entry: os.DirEntry[str],
    path: str,
    wanted: Wanted,
    files: dict[str, _State],
    left_out: dict[str, str],
) -> None:
    """Add an entry of a folder to the files if it is an image, or else to what is left out."""
    is_wanted, is_link = wanted(path), entry.is_symlink()
    if not is_wanted and (not is_link or entry.name.startswith(".")):
        return
    try:
        state = entry.stat()
    except OSError as error:
        if is_wanted:
            reason = error.strerror or str(error)
            left_out[path] = f"a link that leads nowhere: {reason}" if is_link else reason
        return
    if is_link and stat.S_ISDIR(state.st_mode):
        left_out[path] = "a link to a folder, which is not followed: give that folder, or copy it"
    elif is_wanted and stat.S_ISREG(state.st_mode):
        files[path] = state.st_size, state.st_mtime_ns


def _in_zip(path: Path, wanted: Wanted) -> list[ImageFile]:
    with BoundedZip(path, _MAX_DIRECTORY) as archive:
        return [
            ImageFile(path, member.filename, member.compress_size, "zip", member.header_offset)
            for member in archive.infolist()
            if not member.is_dir() and not _is_link(member) and wanted(member.filename)
        ]


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def _in_tar(path: Path, wanted: Wanted) -> tuple[list[ImageFile], bool]:
    """Return the whole image files of a tar, and whether the tar itself is whole."""
    files = []
    last, length = -1, path.stat().st_size
    with tarfile.open(path, "r:") as archive:
        while (member := _next(archive)) is not None:
            if member.offset <= last or member.size < 0:
                raise tarfile.HeaderError("its members overlap")  # a header may lead in circles
            last = member.offset
            whole = member.offset_data + member.size <= length
            if member.isreg() and not member.issparse() and whole and wanted(member.name):
                files.append(ImageFile(path, member.name, member.size, "tar", member.offset_data))
        end = archive.offset
    with path.open("rb") as file:  # a whole tar ends with empty blocks, which tarfile does not ask
        file.seek(end)
        return files, file.read(_TAR_BLOCK) == bytes(_TAR_BLOCK)


def _next(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    """Return the next member, or None at the end and where nothing more can be read."""
    archive.members.clear()  # type: ignore[attr-defined]  # else a kilobyte of each is kept
    try:
        return archive.next()
    except tarfile.TarError:
        return None
