"""What `make pythons` does: run the tests on every Python from 3.11 up that this machine has.

Interpreters are those called python3.N on the PATH, and those of pyenv and uv. Each gets a virtual
environment of its own in .venvs/, with what pyproject.toml asks for; the versions of torch there
may differ. Words after -- are given to pytest. The exit code is 1 if any of them fails.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEAST = (3, 11)
BEHIND_SHIMS = (".pyenv/versions/*/bin", ".local/share/uv/python/*/bin")
"""Folders of interpreters below the home folder that may be on no path."""
_TELL = "import sys; print(*sys.version_info[:3]) if sys.prefix == sys.base_prefix else None"


def interpreters(least: tuple[int, ...] = LEAST) -> dict[str, Path]:
    """Return the newest interpreter of each minor version, by its number, such as 3.12."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    for pattern in BEHIND_SHIMS:
        folders += sorted(Path.home().glob(pattern))
    found: dict[str, tuple[tuple[int, ...], Path]] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("python3.*"))):
        version = _version(path) if re.fullmatch(r"python3\.\d+(\.exe)?", path.name) else ()
        minor = ".".join(map(str, version[:2]))
        if version >= least and version > found.get(minor, ((), path))[0]:
            found[minor] = version, path
    return {minor: path for minor, (_, path) in sorted(found.items(), key=lambda item: item[1][0])}


def _version(path: Path) -> tuple[int, ...]:
    """Return the version that a program tells; empty if it is no interpreter that can run."""
    try:
        told = subprocess.run([path, "-c", _TELL], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(map(int, told.stdout.split())) if told.returncode == 0 else ()


def test(python: Path, folder: Path, words: list[str]) -> str:
    """Return "passed", or what failed, having made the environment and run the tests in it."""
    inside = folder / "bin" / "python"
    if not inside.exists():
        subprocess.run([python, "-m", "venv", folder], check=True)
    what = ["--quiet", "--editable", f"{ROOT}[dev]"]
    install: list[str | Path] = [inside, "-m", "pip", "install", *what]
    if subprocess.run(install, cwd=ROOT).returncode:
        return "could not be installed"
    tests = words or ["--numprocesses", "auto", "--dist", "loadfile"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    code = subprocess.run([inside, "-m", "pytest", *tests], cwd=ROOT, env=environment).returncode
    return "failed" if code else "passed"


def main() -> None:
    """Test on each, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="3.N", help="Only these of those found.")
    parser.add_argument("--list", action="store_true", help="Print what was found, and stop.")
    parser.add_argument("--remove", action="store_true", help="Remove each environment afterwards.")
    parser.add_argument("words", nargs="*", metavar="-- WORD", help="For pytest.")
    arguments = parser.parse_args()
    found = interpreters()
    if arguments.list:
        print(*(f"{minor}  {path}" for minor, path in found.items()), sep="\n")
        return
    chosen = arguments.only or list(found)
    lines = [f"{minor}  is not here" for minor in chosen if minor not in found]
    for minor in (minor for minor in chosen if minor in found):
        folder, started = ROOT / ".venvs" / minor, time.monotonic()
        lines.append(f"{minor}  {test(found[minor], folder, arguments.words)}")
        lines[-1] += f"  {time.monotonic() - started:.0f} s"
        if arguments.remove:
            shutil.rmtree(folder)
    print("", *lines, sep="\n")
    sys.exit(any("passed" not in line for line in lines) or not lines)


if __name__ == "__main__":
    main()
