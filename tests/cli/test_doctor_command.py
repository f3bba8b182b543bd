"""infoeval doctor: what is there and works, and what to do about what does not."""

import importlib
import os
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch

from infoeval.devices import has_bfloat16
from tests.cli.commands import of_json, succeeds

# The package exports the command by the module's name, so the module is imported by its own.
doctor = importlib.import_module("infoeval.cli.doctor_command")

LINES = (
    *("infoeval", "Python", "packages", "torch", "torchvision", "vtk", "onnxruntime", "onnx"),
    *("pyarrow", "h5py", "onnxruntime-web", "browser", "data sets", "disk"),
)
BROKEN = {
    "torch": "raise RuntimeError('operator torchvision::nms does not exist')",
    "vtkmodules": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "onnxruntime": "print('and nothing else'); import no_such_module",
    "onnx": "raise SystemExit(0)",
    "pyarrow": "import sys; sys.stderr.write('\\x1b[2Jno'); raise OSError('\\x1b[31mred\\nlines')",
    "h5py": "import os; print('{}'); os._exit(3)",
}


def found(**environment: str) -> dict[str, dict[str, Any]]:
    """The findings by name."""
    entries = of_json(succeeds("doctor", "--json", **environment))
    assert all(set(entry) == {"name", "state", "found", "advice"} for entry in entries)
    assert {entry["state"] for entry in entries} <= {"ok", "missing", "broken"}
    assert all(entry["advice"] for entry in entries if entry["state"] != "ok")
    return {entry["name"]: entry for entry in entries}


@pytest.fixture
def broken(tmp_path: Path) -> dict[str, str]:
    """The environment of an installation whose packages fail in every way."""
    for name, program in BROKEN.items():
        (tmp_path / f"{name}.py").write_text(program)
    return {"PYTHONPATH": str(tmp_path)}


@pytest.mark.slow
def test_what_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the working folder are taken for no library."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "torch.py").write_text("raise RuntimeError")
    entries = found(INFOEVAL_DATA=str(tmp_path / "sets"))
    assert {*LINES, "bfloat16", "GPU"} == set(entries)
    assert entries["torch"]["state"] == "ok"
    assert metadata.version("torch") in entries["torch"]["found"]
    units = "ok" if has_bfloat16(torch.device("cpu")) else "missing"
    assert entries["bfloat16"]["state"] == units
    assert entries["GPU"]["state"] == ("ok" if torch.cuda.is_available() else "missing")
    assert entries["packages"]["state"] == "ok"
    assert str(tmp_path / "sets") in entries["data sets"]["found"]
    assert "mnist" in entries["data sets"]["advice"]


def test_nothing_broken_breaks_it(broken: dict[str, str]) -> None:
    entries = found(**broken)
    assert set(entries) == set(LINES)
    told = {name: entries[name]["advice"] for name in LINES if entries[name]["state"] == "broken"}
    assert "operator torchvision::nms does not exist" in told["torch"]
    assert told["torchvision"] == told["torch"]
    assert told["vtk"] == "its process ended with -11"
    assert told["onnxruntime"] == "ModuleNotFoundError: No module named 'no_such_module'"
    assert told["onnx"] == "its answer cannot be read"
    assert told["h5py"] == "its process ended with 3"
    assert told["pyarrow"] == "lines"  # the last line of what it printed
    assert "torchvision::nms" in entries["onnxruntime-web"]["advice"]


def test_a_part_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "h5py.py").write_text("import time; time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(doctor, "PATIENCE", 1.0)
    assert doctor._ask(["h5py"]) == {"h5py": {"error": "no answer in 1 s"}}


def test_one_line_each(broken: dict[str, str]) -> None:
    lines = succeeds("doctor", **broken).stdout.splitlines()
    assert [line[9:].split("  ")[0] for line in lines] == list(LINES)
    states = [line.split()[0] for line in lines]
    assert {"OK", "broken"} <= set(states) <= {"OK", "broken", "missing"}
    assert "://" not in "".join(lines)
    assert "\x1b" not in "".join(lines)


def test_what_is_not_installed_is_told_with_its_remedy(
    broken: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def requires(package: str) -> list[str]:
        assert package == "infoeval"
        return ["numpy>=999", "click>=8", "no-such", "vtk>=99; extra == 'render'"]

    monkeypatch.setattr(doctor, "_is_there", lambda package: False)
    monkeypatch.setattr(metadata, "requires", requires)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    monkeypatch.setattr(doctor, "LEAST_FREE", 1e30)
    entries = found(**broken)
    assert all(entries[name]["state"] == "missing" for name in LINES if name in doctor.OPTIONAL)
    assert entries["vtk"]["advice"] == "pip install 'infoeval[render]'"
    assert entries["packages"]["found"] == "1 of 3 that infoeval needs"
    assert entries["packages"]["advice"] == "pip install 'numpy>=999' no-such"
    assert entries["browser"]["state"] == entries["disk"]["state"] == "missing"


def test_a_data_folder_that_is_a_file(broken: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    entry = found(**broken, INFOEVAL_DATA=str(tmp_path / "file"))["data sets"]
    assert entry["state"] == "broken"
    assert entry["advice"].startswith(f"INFOEVAL_DATA: {tmp_path}")


@pytest.mark.skipif(os.name == "nt", reason="folders in use cannot be removed")
def test_a_folder_that_was_removed(
    broken: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    try:
        assert found(**broken)["disk"]["state"] == "broken"
    finally:
        os.chdir(tmp_path)
