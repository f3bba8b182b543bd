"""Finding, checking and copying onnxruntime-web, which runs the live generator in a page."""

import gzip
import hashlib
import json
import os
import re
from pathlib import Path

from infoeval.errors import UserError, quoted
from infoeval.files import write_bytes, write_text
from infoeval.reporting import onnxruntime

VARIABLE = "INFOEVAL_ONNXRUNTIME_WEB"
"""The environment variable that names the folder of onnxruntime-web."""

_WANTED = f"{onnxruntime.NAME}@{onnxruntime.VERSION}"
_LARGEST_TEXT = 1_000_000

_MIT = """\
MIT License

{copyright}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


def find_runtime(folder: Path | None = None) -> Path:
    """Return the folder of onnxruntime-web, after checking its files.

    It is `folder` if given, else the environment variable INFOEVAL_ONNXRUNTIME_WEB, else
    `node_modules/onnxruntime-web` of the working folder.

    Raises UserError when it is missing, is another release than the one that pages use, or has a
    modified file.
    """
    named = folder or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    runtime = named or Path("node_modules", onnxruntime.NAME)
    if not runtime.is_dir():
        where = f"{named} is no folder" if named else "it is not in node_modules of this folder"
        raise UserError(
            f"--live needs {onnxruntime.NAME}, and {where}: "
            f"run `npm install {_WANTED}` in this folder, or name its folder with --runtime FOLDER"
        )
    _check_release(runtime)
    for name in onnxruntime.FILES:
        _read(runtime, name)
    return runtime


def copy_runtime(source: Path, folder: Path) -> None:
    """Copy the files of onnxruntime-web that a page needs to a subfolder of `folder`.

    The WebAssembly file is compressed by gzip, reproducibly. The licence is copied too.
    """
    target = folder / onnxruntime.FOLDER
    for name in (onnxruntime.SCRIPT, onnxruntime.LOADER):
        write_bytes(target / name, _read(source, name))
    packed = gzip.compress(_read(source, onnxruntime.WEBASSEMBLY), 9, mtime=0)
    write_bytes(target / f"{onnxruntime.WEBASSEMBLY}.gz", packed)
    write_text(target / onnxruntime.LICENSE, _license(source))


def _check_release(folder: Path) -> None:
    path = folder / "package.json"
    try:
        about = json.loads(_small_text(path)) if path.is_file() else None
    except ValueError as error:
        raise UserError(f"{path} is not readable: run `npm install {_WANTED}` again") from error
    if not isinstance(about, dict) or about.get("name") != onnxruntime.NAME:
        raise UserError(
            f"{folder} is not the folder of {onnxruntime.NAME}, whose package.json says so: "
            f"run `npm install {_WANTED}` and name node_modules/{onnxruntime.NAME}"
        )
    if about.get("version") != onnxruntime.VERSION:
        raise UserError(
            f"{folder} is release {quoted(about.get('version'))} of {onnxruntime.NAME}, and "
            f"pages run {onnxruntime.VERSION}: run `npm install {_WANTED}`"
        )


def _read(folder: Path, name: str) -> bytes:
    """Return a file of the release, after checking its size and SHA-256."""
    path = folder / "dist" / name
    size, digest = onnxruntime.FILES[name]
    if not path.is_file():
        raise UserError(f"{path} is missing: run `npm install {_WANTED}` again")
    content = path.read_bytes() if path.stat().st_size == size else b""
    if hashlib.sha256(content).hexdigest() != digest:
        raise UserError(
            f"{path} is not the file of release {onnxruntime.VERSION} (its SHA-256 differs): "
            f"run `npm install {_WANTED}` again"
        )
    return content


def _license(folder: Path) -> str:
    """Return the package's licence, or the MIT licence with the copyright line of its script."""
    license_file = folder / onnxruntime.LICENSE
    if license_file.is_file():
        return _small_text(license_file)
    head = _read(folder, onnxruntime.SCRIPT)[:1000].decode("utf-8", "replace")
    line = re.search(r"Copyright[^\n*]*", head)
    if line is None:
        raise UserError(f"{folder} has no LICENSE: run `npm install {_WANTED}` again")
    return _MIT.format(copyright=line.group().strip())


def _small_text(path: Path) -> str:
    if path.stat().st_size > _LARGEST_TEXT:
        raise UserError(f"{path} is too large: run `npm install {_WANTED}` again")
    return path.read_text(encoding="utf-8", errors="replace")
