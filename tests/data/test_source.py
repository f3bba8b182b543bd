from pathlib import Path

from infoeval.data import data_root


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
