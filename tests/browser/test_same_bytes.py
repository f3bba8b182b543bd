"""The same metrics.json and pictures give the same page, in any process and place."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, sys
from pathlib import Path
from infoeval.report import render

folder = Path(sys.argv[1])
page = render(json.loads((folder / "metrics.json").read_text()), folder)
sys.stdout.buffer.write(page.encode())
"""


def test_page_is_the_same_in_another_process_and_folder(complete: Path, tmp_path: Path) -> None:
    files = complete.parent / f"{complete.stem}_files"
    other = shutil.copytree(files, tmp_path / "somewhere else")
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "2" else "2"
    changed = {"PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM, other],
        cwd=tmp_path,
        env={**os.environ, **changed},
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert printed.stdout == complete.read_bytes()
