from pathlib import Path

import pytest

from infoeval import content
from infoeval.errors import UserError


def test_source_tree_needs_no_installation() -> None:
    reports = content.folder("reports")
    assert {path.name for path in reports.iterdir()} >= {"page.html", "style.css"}
    assert content.folder("trainers").parent == reports.parent


def test_bundled_folder_wins_over_a_neighbour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "infoeval"
    (package / "bundled" / "reports").mkdir(parents=True)
    (package.parent / "reports").mkdir()
    (package.parent / "trainers").mkdir()
    monkeypatch.setattr(content, "_PACKAGE", package)
    assert content.folder("reports") == package / "bundled" / "reports"
    assert content.folder("trainers") == package.parent / "trainers"


def test_missing_folder_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "_PACKAGE", tmp_path / "infoeval")
    with pytest.raises(UserError, match="install infoeval again"):
        content.folder("reports")
