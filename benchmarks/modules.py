"""How many modules of ours one command walks through, and how large the package is.

    python benchmarks/modules.py [--list]

A digits run and its λ = 0 twin are trained for a few steps. Then, each in a process of its own, the
command line scores one metric, and writes a report of two metrics beside the twin. Counted are the
modules that are imported, by the command line and by the command; those of which more than the
module's own body runs during the command, be it a function or the body of a class; and those of
which a function runs after the import. --list names them.
"""

import argparse
import inspect
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "infoeval"
KINDS = ("imported", "run", "called")
WORDS = ("are imported", "run a function or the body of a class", "run a function once imported")
MOST = {"score": (95, 55, 55), "report": (None, 120, 120)}
"""No more modules than these are to be counted of each kind."""
TRAIN = ("train", "digits", "--steps", "20", "--device", "cpu")


def main() -> None:
    if sys.argv[1:2] == ["--trace"]:
        return trace(Path(sys.argv[2]), sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="name the modules, too")
    listed = parser.parse_args().list
    for command, modules in counted().items():
        for kind, words, most in zip(KINDS, WORDS, MOST[command], strict=True):
            limit = "" if most is None else f" (at most {most})"
            print(f"{command}: {len(modules[kind])} modules {words}{limit}")
        for name in modules["imported"] if listed else ():
            print(f"  {name}: {', '.join(kind for kind in KINDS if name in modules[kind])}")
    files = sorted(PACKAGE.rglob("*.py"))
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    print(f"infoeval/: {lines:,} lines in {len(files)} files")
    return None


def counted() -> dict[str, dict[str, list[str]]]:
    """Return the modules of each kind, by command."""
    with tempfile.TemporaryDirectory() as folder:
        for run, more in (("run", ()), ("twin", ("--information-weight", "0"))):
            arguments = [*TRAIN, "--out", f"{folder}/{run}", *more]
            command = [sys.executable, "-m", "infoeval", *arguments]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        checkpoint, twin = (f"{folder}/{run}/ckpt.pt" for run in ("run", "twin"))
        two = ("--metric", "cluster-acc", "--metric", "mi-own", "-o", f"{folder}/page.html")
        return {
            "score": traced(folder, "score", checkpoint, "--metric", "cluster-acc"),
            "report": traced(folder, "report", checkpoint, "--baseline", twin, *two),
        }


def traced(folder: str, *arguments: str) -> dict[str, list[str]]:
    """Return what `trace` found of a command, run in a new process."""
    file = Path(folder) / "modules.json"
    command = [sys.executable, __file__, "--trace", str(file), *arguments, "--device", "cpu"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    modules: dict[str, list[str]] = json.loads(file.read_text())
    return modules


def trace(file: Path, arguments: list[str]) -> None:
    """Run a command, and write the names of the modules of each kind."""
    sys.path.insert(0, str(ROOT))
    from infoeval.cli import main as command

    paths: dict[str, set[str]] = {kind: set() for kind in KINDS}

    def note(frame: FrameType, event: str, argument: Any) -> None:
        del argument
        code = frame.f_code
        path = code.co_filename
        new = event == "call" and path not in paths["called"] and code.co_name != "<module>"
        if new and path.startswith(str(PACKAGE)):
            paths["run"].add(path)
            if code.co_flags & inspect.CO_OPTIMIZED and not importing(frame):
                paths["called"].add(path)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        command(arguments, standalone_mode=False)
    finally:
        sys.setprofile(None)
        places = (getattr(module, "__file__", None) or "" for module in [*sys.modules.values()])
        paths["imported"] = {place for place in places if place.startswith(str(PACKAGE))}
        found = {kind: sorted(map(name_of, paths[kind])) for kind in KINDS}
        file.write_text(json.dumps(found))


def importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported while a frame runs."""
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename != __file__:
            return True
        frame = frame.f_back
    return False


def name_of(path: str) -> str:
    return str(Path(path).relative_to(ROOT).with_suffix(""))


if __name__ == "__main__":
    main()
