"""Running a Python file as a module, and a user's code: a trainer, or a model."""

import importlib.util
import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from infoeval.errors import UserError, described

_numbers = itertools.count()
_folders: dict[Path, frozenset[str]] = {}
"""Folders of the files run so far, and the modules imported before the first file of each."""


class _Source(SourceFileLoader):
    """Compiles the file each time, as `python FILE` does, and writes nothing beside it.

    Bytecode that is kept would be that of an earlier file of the same second and length.
    """

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def run_file(path: Path) -> ModuleType:
    """Return the module of a Python file; as with `python FILE`, it can import its neighbours.

    The file is executed. Raises UserError, in one line, when it cannot be.
    """
    name = f"infoeval_file_{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_Source(name, str(path)))
    if spec is None or spec.loader is None or not os.path.isfile(path):
        raise UserError(f"no Python file at {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    _import_from(path.resolve().parent)
    try:
        spec.loader.exec_module(module)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"{path} could not be run: {described(error)}") from error
    return module


@contextmanager
def user_code(failed: str) -> Iterator[None]:
    """Run a user's code: what it raises becomes one line that begins with `failed`.

    What it prints goes to the standard error: the standard output may be JSON for machines.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        why = described(error)
        cure = "; make them floats, as in images.float() / 255" if "Byte" in why else ""
        raise UserError(f"{failed}: {why}{cure}") from error


def _import_from(folder: Path) -> None:
    """Put this folder first on the import path.

    Modules from the folders of earlier files are removed from `sys.modules`, so that two models
    can each have a neighbour of the same name; the earlier files keep those they have imported.
    """
    others = _folders.keys() - {folder}
    parents = _parents() if others else {}
    for name in list(sys.modules):
        parent = parents.get(name.partition(".")[0])
        if parent in others and name not in _folders[parent]:
            del sys.modules[name]
    _folders.setdefault(folder, frozenset(sys.modules))
    if str(folder) in sys.path:
        sys.path.remove(str(folder))
    sys.path.insert(0, str(folder))


def _parents() -> dict[str, Path]:
    """Return the folder that holds each top-level module or package, by its name."""
    parents = {}
    for name in {name.partition(".")[0] for name in sys.modules}:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file is not None and not name.startswith("infoeval"):
            path = Path(file).resolve()
            parents[name] = path.parents[1] if path.name == "__init__.py" else path.parent
    return parents
