"""onnxruntime-web is found, checked to the byte, and copied with its licence."""

import gzip
import json
import re
from pathlib import Path

import pytest

from infoeval.errors import UserError
from infoeval.live.runtime import VARIABLE, copy_runtime, find_runtime
from infoeval.reporting import onnxruntime
from tests.live.models import FAKE, fake_runtime

INSTALL = re.escape(f"npm install onnxruntime-web@{onnxruntime.VERSION}")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    return fake_runtime(tmp_path / "node_modules" / "onnxruntime-web", monkeypatch)


def test_working_folder_then_environment_then_what_was_given(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_runtime().resolve() == package
    other = fake_runtime(tmp_path / "other", monkeypatch)
    monkeypatch.setenv(VARIABLE, str(other))
    assert find_runtime() == other
    assert find_runtime(package) == package


def test_absent_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(UserError, match=rf"--live needs .*`{INSTALL}`.*--runtime FOLDER") as error:
        find_runtime()
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match=f"nowhere is no folder.*{INSTALL}"):
        find_runtime(Path("nowhere"))
    monkeypatch.setenv(VARIABLE, "elsewhere")
    with pytest.raises(UserError, match=f"elsewhere is no folder.*{INSTALL}"):
        find_runtime()


@pytest.mark.parametrize("text", [None, "[]", "{}", '{"name": "left-pad"}', "{", '{"name": 3}'])
def test_another_folder_is_refused(package: Path, text: str | None) -> None:
    about = package / "package.json"
    about.unlink()
    if text is not None:
        about.write_text(text)
    with pytest.raises(UserError, match=INSTALL):
        find_runtime()


@pytest.mark.parametrize("version", ["1.29.0", None, ["1"], "9" * 500])
def test_another_release_is_refused(package: Path, version: object) -> None:
    about = {"name": onnxruntime.NAME, "version": version}
    (package / "package.json").write_text(json.dumps(about))
    with pytest.raises(UserError, match=f"is release .*{INSTALL}") as error:
        find_runtime()
    assert len(str(error.value)) < 400


def test_huge_package_file_is_not_read(package: Path) -> None:
    (package / "package.json").write_text(" " * 2_000_000)
    with pytest.raises(UserError, match="too large"):
        find_runtime()


@pytest.mark.parametrize("name", list(FAKE))
def test_missing_or_changed_file_is_refused(package: Path, name: str) -> None:
    path = package / "dist" / name
    content = path.read_bytes()
    for changed in (content + b" ", content[:-1] + b"!", b""):
        path.write_bytes(changed)
        with pytest.raises(UserError, match=f"SHA-256 differs.*{INSTALL}"):
            find_runtime()
    path.unlink()
    with pytest.raises(UserError, match=f"is missing.*{INSTALL}"):
        find_runtime()


def test_copies_have_the_same_bytes_each_time(package: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        copy_runtime(package, tmp_path / name)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}
        for name in ("first", "second")
    )
    packed = f"{onnxruntime.WEBASSEMBLY}.gz"
    assert set(first) == {onnxruntime.SCRIPT, onnxruntime.LOADER, packed, "LICENSE"}
    assert first == second
    assert gzip.decompress(first[packed]) == FAKE[onnxruntime.WEBASSEMBLY]
    assert first[packed][4:8] == bytes(4), "a time stands in the gzip file"


def test_licence_is_the_packages_own_or_that_of_its_script(package: Path, tmp_path: Path) -> None:
    copy_runtime(package, tmp_path / "made")
    made = (tmp_path / "made" / onnxruntime.FOLDER / "LICENSE").read_text()
    assert "Copyright (c) Somebody. All rights reserved.\n" in made
    assert "Permission is hereby granted, free of charge" in made
    (package / "LICENSE").write_text("their own words")
    copy_runtime(package, tmp_path / "own")
    own = (tmp_path / "own" / onnxruntime.FOLDER / "LICENSE").read_text()
    assert own == "their own words"
