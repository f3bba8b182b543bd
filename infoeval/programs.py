"""Running a Python file that the user named: a trainer, or a model of their own."""

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType

from infoeval.errors import UserError

__all__ = ["run_file"]

_numbers = itertools.count()
_folders: dict[Path, frozenset[str]] = {}
"""Folders of files that were run, and the modules that there were before the first of them."""


def run_file(path: Path) -> ModuleType:
    """The module that a Python file makes; what lies beside it can be imported, as by `python`.

    A file is a program: it is run. Raises UserError, in one line, where it cannot be.
    """
    spec = importlib.util.spec_from_file_location(f"infoeval_file_{next(_numbers)}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise UserError(f"no Python file at {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    _import_from(path.resolve().parent)
    try:
        spec.loader.exec_module(module)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"{path} could not be run: {what}") from error
    return module


def _import_from(folder: Path) -> None:
    """Let what lies in this folder be imported, before anything else of the same name.

    Modules that files of other folders found beside them are forgotten, though those files keep
    them: two models may each have a module of one name beside them.
    """
    others = _folders.keys() - {folder}
    homes = _homes() if others else {}
    for name in list(sys.modules):
        home = homes.get(name.partition(".")[0])
        if home in others and name not in _folders[home]:
            del sys.modules[name]
    _folders.setdefault(folder, frozenset(sys.modules))
    if str(folder) in sys.path:
        sys.path.remove(str(folder))
    sys.path.insert(0, str(folder))


def _homes() -> dict[str, Path]:
    """The folder in which each module or package lies, by its first name."""
    names = {name.partition(".")[0] for name in sys.modules if not name.startswith("infoeval")}
    homes = {name: _home(sys.modules.get(name)) for name in names}
    return {name: home for name, home in homes.items() if home is not None}


def _home(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    if file is None:
        return None
    path = Path(file).resolve()
    return path.parent.parent if path.name == "__init__.py" else path.parent
