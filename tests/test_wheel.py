"""The wheel: what is in it, and that it works where the source tree is not."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.reporting.sample import sample

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("infoeval", "trainers", "reports", "pyproject.toml", "README.md", "LICENSE")
PROGRAM = """
import json, sys
from pathlib import Path
import infoeval
from infoeval import content
from infoeval.cli import main
from infoeval.reporting import write

found = {
    "package": infoeval.__file__,
    "trainers": {name: str(path) for name, path in content.trainers().items()},
    "reports": str(content.folder("reports")),
}
write(json.loads(Path("metrics.json").read_text()), Path(), "page.html")
print(json.dumps(found), flush=True)
main(["train", "mnist_invariant", "--dry-run", "--json"])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the source tree."""
    tree = tmp_path_factory.mktemp("tree")
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=ignored)
        else:
            shutil.copy(source, tree / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", "."]
    subprocess.run(command, cwd=tree, check=True, capture_output=True, timeout=300)
    (made,) = (tree / "dist").iterdir()
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is unpacked into, as an installer does."""
    target = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_one_name_is_installed(installed: Path) -> None:
    names = sorted(path.name for path in installed.iterdir())
    assert names[0] == "infoeval"
    assert [name.endswith(".dist-info") for name in names] == [False, True]


def test_it_holds_every_source_file(installed: Path) -> None:
    places = {"infoeval": "infoeval", "trainers": "infoeval/bundled/trainers"}
    places["reports"] = "infoeval/bundled/reports"
    for folder, place in places.items():
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
        files = [path for path in files if "__pycache__" not in path.parts]
        assert files
        for path in files:
            copy = installed / place / path.relative_to(ROOT / folder)
            assert copy.read_bytes() == path.read_bytes()


def test_it_declares_its_command_and_licence(installed: Path) -> None:
    (information,) = installed.glob("*.dist-info")
    assert "infoeval = infoeval.__main__:run" in (information / "entry_points.txt").read_text()
    assert (information / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_an_index_of_packages_would_take_it(wheel: Path) -> None:
    pytest.importorskip("twine")
    command = [sys.executable, "-m", "twine", "check", "--strict", str(wheel)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.slow
def test_it_works_away_from_the_source_tree(installed: Path, tmp_path: Path) -> None:
    document: dict[str, Any] = sample(tmp_path)
    (tmp_path / "metrics.json").write_text(json.dumps(document))
    (tmp_path / "trainers").mkdir()  # a user's own folder of that name is not taken for ours
    (tmp_path / "reports").mkdir()
    (tmp_path / "program.py").write_text(PROGRAM)
    environment = os.environ | {"PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    first, rest = ended.stdout.split("\n", 1)
    found = json.loads(first)
    assert Path(found["package"]).parent == installed / "infoeval"
    bundled = installed / "infoeval" / "bundled"
    assert Path(found["reports"]) == bundled / "reports"
    names = {path.stem for path in (ROOT / "trainers").glob("*.py")}
    assert set(found["trainers"]) == names
    assert {Path(path).parent for path in found["trainers"].values()} == {bundled / "trainers"}
    assert json.loads(rest)["trainer"]["name"] == "mnist_invariant"
    assert "infoeval" in (tmp_path / "page.html").read_text()
