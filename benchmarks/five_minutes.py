"""Times of the sessions of docs/five-minutes.md, each in a new clone, with one install for all.

The example files are those of docs/your-model.md; the pictures are scikit-learn's digits.
"""

import argparse
import os
import re
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import pandas as pd
from machine import machine, machine_line
from PIL import Image
from sklearn.datasets import load_digits

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "docs" / "results" / "five-minutes.csv"


def sessions() -> dict[str, list[str]]:
    """Return the commands of each section of the page."""
    page = (ROOT / "docs" / "five-minutes.md").read_text(encoding="utf-8")
    found = re.findall(r"^## (.+?)\n.*?^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return {name: commands.splitlines() for name, commands in found}


def prepare(folder: Path) -> None:
    """Put what a session takes as the user's own into a folder: a VAE and pictures."""
    page = (ROOT / "docs" / "your-model.md").read_text(encoding="utf-8")
    for name in ("vae.py", "train_vae.py"):
        block = re.search(rf"^```python\n(# {name}\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
        assert block is not None, name
        (folder / name).write_text(block[1], encoding="utf-8")
    (folder / "pictures").mkdir()
    for number, image in enumerate(load_digits().images):
        path = folder / "pictures" / f"{number:04d}.png"
        Image.fromarray((image * 255 / 16).astype("uint8")).save(path)


def run(commands: list[str], folder: Path, programs: str = "env/bin") -> tuple[float, float]:
    """Return the seconds and CPU-seconds of commands; stop at the first that fails."""
    started, used = time.monotonic(), _used()
    for command in commands:
        print("$", command, flush=True)
        subprocess.run(["sh", "-c", command.replace("env/bin", programs)], cwd=folder, check=True)
    return time.monotonic() - started, _used() - used


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def main() -> None:
    """Run all sessions, and write a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, default=ROWS)
    table = parser.parse_args().table
    os.environ.pop("PYTHONPATH", None)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "infoeval"
        subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
        prepare(folder)
        for session, commands in sessions().items():
            seconds, cpu = run(commands, folder)
            rows.append({"session": session, "seconds": seconds, "CPU-seconds": cpu})
    print(machine_line(machine()))
    frame = pd.DataFrame(rows).round(1)
    frame.to_csv(table, index=False)
    print(frame.to_string(index=False))


if __name__ == "__main__":
    main()
