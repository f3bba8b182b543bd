"""Links lead nowhere, depth and size have limits, and what cannot be read is told."""

import os
from pathlib import Path

import pytest

from infoeval.errors import UserError
from infoeval.viewer import folder_walk
from infoeval.viewer.folder_walk import read_ends, read_plain, walk


def test_plain_files_are_found_in_natural_order(tmp_path: Path) -> None:
    for name in ("seed-10", "seed-9", ".git"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.json").write_text("{}")
    tree = walk(tmp_path)
    assert tree.paths(".json") == ["seed-9/a.json", "seed-10/a.json"]
    assert tree.has("seed-9/a.json")
    assert not tree.has("seed-9/b.json")
    assert tree.unread == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.json").write_text("{}")
    root = tmp_path / "runs"
    root.mkdir()
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "circle").symlink_to(root)
    (root / "file.json").symlink_to(tmp_path / "secret" / "a.json")
    tree = walk(root)
    assert tree.files == {"": []}
    assert {each.path for each in tree.unread} == {"out", "circle", "file.json"}
    with pytest.raises(UserError):
        read_plain(root / "file.json", 10)


def test_pipes_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    assert walk(tmp_path).files == {"": []}
    with pytest.raises(UserError, match="not a plain file"):
        read_plain(tmp_path / "config.json", 10)


def test_deep_folders_and_many_files_have_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath(*"a" * 50).mkdir(parents=True)
    tree = walk(tmp_path)
    assert len(tree.files) == folder_walk.DEEPEST + 1  # the root itself
    assert ["folders inside one another" in each.reason for each in tree.unread] == [True]
    monkeypatch.setattr(folder_walk, "MOST_ENTRIES", 5)
    assert "more than 5 files" in walk(tmp_path).unread[0].reason


def test_a_folder_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    (told,) = walk(tmp_path).unread
    assert (told.path, told.reason) == ("closed", "Permission denied")


def test_reading_has_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    assert read_plain(path, 10) == b"0123456789"
    with pytest.raises(UserError, match="more than 9 bytes"):
        read_plain(path, 9)
    assert read_ends(path, 4) == (b"0123", b"6789")
    assert read_ends(path, 7) == (b"0123456", b"789")
    assert read_ends(path, 20) == (b"0123456789", b"")
    with pytest.raises(UserError, match="No such file"):
        read_plain(tmp_path / "nothing", 9)
