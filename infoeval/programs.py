"""Running a Python file that the user named: a trainer, or a model of their own."""

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType

from infoeval.errors import UserError

__all__ = ["run_file"]

_numbers = itertools.count()


def run_file(path: Path) -> ModuleType:
    """The module that a Python file makes; what lies beside it can be imported, as by `python`.

    A file is a program: it is run. Raises UserError, in one line, where it cannot be.
    """
    spec = importlib.util.spec_from_file_location(f"infoeval_file_{next(_numbers)}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise UserError(f"no Python file at {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        spec.loader.exec_module(module)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"{path} could not be run: {what}") from error
    return module
