import pwd
from pathlib import Path

import pytest

from infoeval.data import catalogue, data_root, load, names
from infoeval.errors import UserError


def test_root_is_the_argument_then_the_variable_then_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("INFOEVAL_DATA", str(tmp_path))
    assert data_root("here") == Path("here")
    assert data_root() == tmp_path
    for unset in (lambda: monkeypatch.setenv("INFOEVAL_DATA", ""), monkeypatch.undo):
        unset()
    monkeypatch.delenv("INFOEVAL_DATA", raising=False)
    assert data_root() == Path.home() / ".cache" / "infoeval"


def test_an_empty_variable_is_no_root(monkeypatch):
    monkeypatch.setenv("INFOEVAL_DATA", "")
    assert data_root() == Path.home() / ".cache" / "infoeval"


def test_without_a_home_folder_nothing_fails_before_a_file_is_wanted(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INFOEVAL_DATA", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # a KeyError: the user has no entry
    assert len(load("digits")) == 1438
    assert len(catalogue()) == len(names())
    with pytest.raises(UserError, match=r"mnist could not be downloaded .*put train.*--data-dir"):
        load("mnist")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_root(monkeypatch, tmp_path):
    path = tmp_path / "sets.zip"
    path.write_bytes(b"")
    message = rf"{path} is a file; give the folder that holds the data sets"
    monkeypatch.setenv("INFOEVAL_DATA", str(path))
    for read in (catalogue, lambda: load("mnist")):
        with pytest.raises(UserError, match=rf"^INFOEVAL_DATA: {message}$"):
            read()
    monkeypatch.undo()
    with pytest.raises(UserError, match=rf"^{message}$"):
        load("mnist", root=path)
