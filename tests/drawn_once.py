"""Drawing a figure takes matplotlib a tenth of a second, and the pages of many tests share most."""

import hashlib
import io
import os
import pickle
import secrets
from pathlib import Path

from markupsafe import Markup

from infoeval.report.figure import Figure
from infoeval.report.svg import inline


class DrawnOnce:
    """`inline` that draws equal figures once, and keeps the drawings in a folder.

    A figure is known by its pickle, which holds all that the drawing depends on: figures that
    differ in anything are drawn each for itself. Processes may share the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, figure: Figure, *, legend: bool = True) -> Markup:
        path = self.folder / f"{digest((figure, legend))}.svg"
        if not path.exists():
            # Not by infoeval.files: tests count and break what that does.
            temporary = self.folder / secrets.token_hex(8)
            temporary.write_bytes(inline(figure, legend=legend).encode("utf-8"))
            os.replace(temporary, path)
        return Markup(path.read_bytes().decode("utf-8"))


def digest(value: object) -> str:
    """Return the SHA-256 of a value's pickle, equal for equal values of equal parts."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer)
    # Without this, the pickle also tells which parts are one and the same object.
    pickler.fast = True
    pickler.dump(value)
    return hashlib.sha256(buffer.getvalue()).hexdigest()
