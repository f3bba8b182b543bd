"""The folders of the bundled trainers and page templates, in an installation or a source tree."""

from pathlib import Path
from typing import Literal

from infoeval.errors import UserError

_PACKAGE = Path(__file__).resolve().parent


def folder(name: Literal["trainers", "reports"]) -> Path:
    """Return the folder of bundled trainers or of page templates.

    A wheel has both inside the package, under `bundled`; in the source tree they are beside it.
    The copy inside the package comes first, so that a folder called `reports` next to an installed
    package is never mistaken for this one.

    Raises UserError when neither exists: the installation is damaged.

    >>> sorted(path.name for path in folder("reports").glob("*.js"))
    ['index.js', 'live.js', 'script.js']
    """
    for place in (_PACKAGE / "bundled" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise UserError(f"infoeval's own folder {name!r} is missing: install infoeval again")


def trainers() -> dict[str, Path]:
    """Return the file of every bundled trainer, by its name.

    >>> print(*trainers())
    celeba chairs digits faces fashion_mnist mnist mnist_invariant small_chairs svhn
    """
    return {path.stem: path for path in sorted(folder("trainers").glob("*.py"))}
