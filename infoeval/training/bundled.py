"""Finding a trainer: a bundled one by name, or a Python file of the user's own."""

import difflib
from pathlib import Path

from infoeval import content
from infoeval.errors import UserError
from infoeval.python_files import run_file
from infoeval.trainer import Trainer

__all__ = ["load_trainer"]


def load_trainer(name: str) -> Trainer:
    """The trainer called `name`, or the one that the Python file `name` defines as `trainer`.

    A file is a program: it is run. Give only files that you would run yourself.

    Raises:
        UserError: no such trainer or file, or the file cannot be run or defines no trainer.

    """
    bundled = content.trainers()
    if name in bundled:
        path = bundled[name]
    elif name.endswith(".py"):
        path = Path(name)
        if not path.is_file():
            raise UserError(f"no trainer file at {path}")
    else:
        near = difflib.get_close_matches(name, bundled, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        known = ", ".join(bundled)
        raise UserError(
            f"no trainer called {name!r}{hint}; there are {known}; or give "
            "a Python file, a folder of images or a .npz file"
        )
    trainer = getattr(run_file(path), "trainer", None)
    if not isinstance(trainer, Trainer):
        raise UserError(f"{path} defines no `trainer = Trainer(...)`")
    return trainer
