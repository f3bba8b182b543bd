"""Where the trainers and the page templates lie, installed or not."""

from pathlib import Path
from typing import Literal

from infoeval.errors import UserError

__all__ = ["folder", "trainers"]

_PACKAGE = Path(__file__).resolve().parent


def folder(name: Literal["trainers", "reports"]) -> Path:
    """Return the folder of bundled trainers or of page templates.

    A wheel carries both inside the package, under ``bundled``; in the source tree they lie
    beside it. The package's own copy is looked at first, so that a folder called ``reports``
    next to an installed package is never taken for ours.

    Raises UserError when it is in neither place, which means a damaged installation.

    >>> sorted(path.name for path in folder("reports").glob("*.js"))
    ['live.js', 'script.js']
    """
    for place in (_PACKAGE / "bundled" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise UserError(f"infoeval's own folder {name!r} is missing: install infoeval again")


def trainers() -> dict[str, Path]:
    """Name and file of every trainer that comes with infoeval.

    >>> list(trainers())
    ['celeba', 'chairs', 'digits', 'faces', 'fashion_mnist', 'mnist', 'mnist_invariant', 'svhn']
    """
    return {path.stem: path for path in sorted(folder("trainers").glob("*.py"))}
