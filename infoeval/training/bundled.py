"""Finding a trainer: a bundled one by name, or a Python file of the user's own."""

import difflib
import importlib.util
import itertools
import sys
from pathlib import Path

from infoeval import content
from infoeval.errors import UserError
from infoeval.training.trainer import Trainer

__all__ = ["load_trainer"]

_numbers = itertools.count()


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
        raise UserError(f"no trainer called {name!r}{hint}; there are {known}, or a Python file")
    return _run_file(path)


def _run_file(path: Path) -> Trainer:
    spec = importlib.util.spec_from_file_location(f"infoeval_trainer_{next(_numbers)}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    try:
        spec.loader.exec_module(module)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"{path} could not be run: {what}") from error
    trainer = getattr(module, "trainer", None)
    if not isinstance(trainer, Trainer):
        raise UserError(f"{path} defines no `trainer = Trainer(...)`")
    return trainer
