"""The same metrics.json and pictures give the same page, in any process, place and settings."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.reporting.sample import sample

PROGRAM = """
import json, sys
from pathlib import Path
from infoeval.reporting import render

folder = Path(sys.argv[1])
page = render(json.loads((folder / "metrics.json").read_text()), folder)
import matplotlib
assert matplotlib.rcParams["font.size"] == 30, "its settings were not read"
sys.stdout.buffer.write(page.encode())
"""
SETTINGS = "font.size: 30\nsvg.fonttype: path\naxes.grid: True\nlines.markersize: 20\n"


def test_page_is_the_same_in_another_process_and_folder(page: str, tmp_path: Path) -> None:
    """Whatever the seed of its hashes, the settings of matplotlib, and the order of the keys."""
    other = tmp_path / "somewhere else"
    other.mkdir()
    (other / "metrics.json").write_text(json.dumps(sample(other), sort_keys=True))
    (tmp_path / "matplotlibrc").write_text(SETTINGS)
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "2" else "2"
    changed = {"PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM, other],
        cwd=tmp_path,
        env={**os.environ, **changed, "MATPLOTLIBRC": str(tmp_path / "matplotlibrc")},
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert printed.stdout == page.encode()
