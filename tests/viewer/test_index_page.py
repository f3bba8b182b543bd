"""The page is a function of the folder, replaces nothing but an index, and links beside itself."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from infoeval.errors import UserError
from infoeval.viewer import FolderIndex, collect, view
from infoeval.viewer.entries import CodeFacts, DataFacts, FileLink, ModelEntry, Unread
from infoeval.viewer.index_page import render
from tests.viewer import folders

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def links(page: str) -> set[str]:
    return {link for link in re.findall(r'href="([^"]*)"', page) if not link.startswith("#")}


def test_the_same_folder_gives_the_same_bytes_wherever_it_lies(whole: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(whole, tmp_path / "other" / "runs")
    page, _ = view(moved)
    program = (
        "import sys; from infoeval.viewer import collect; "
        "from infoeval.viewer.index_page import render; "
        "sys.stdout.buffer.write(render(collect(sys.argv[1])).encode())"
    )
    changed = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    printed = subprocess.run(
        [sys.executable, "-c", program, whole],
        env={**os.environ, **changed, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert printed.stdout == page.read_bytes()
    assert view(moved)[0].read_bytes() == printed.stdout


def test_links_lead_from_the_page_to_files_that_are_there(whole: Path, tmp_path: Path) -> None:
    runs = shutil.copytree(whole, tmp_path / "my runs" / "50 % #1?")
    for page in (None, tmp_path / "index.html", tmp_path / "new" / "a.html"):
        written, index = view(runs, page)
        found = links(written.read_text())
        assert len(found) > 20
        for link in found:
            assert (written.parent / os.fsdecode(unquote_to_bytes(link))).is_file(), link
        assert str(tmp_path) not in "".join(found)
        assert index.runs == 5


def test_the_page_shows_what_was_found(index: FolderIndex) -> None:
    page = render(index)
    text = " ".join(re.sub(r"<[^>]*>", " ", page.partition("<body")[2]).split())
    for words in (
        "Runs and reports in runs",
        "Five runs, one other model, one report, one sweep.",
        "1,000 of 3,000 unfinished 2 min",
        "failed training diverged",
        "5.9 % 5.4 to 6.3 %",
        "2.25 of 2.30 2.10 to 2.30 own Q",
        "own Q, training",
        "follows angle |Spearman| 0.90, 0.88 to 0.92",
        "seed-1 chosen agreement 0.90",
        "mnist/seed-1 was chosen: highest mean agreement with the others",
    ):
        assert words in text, words
    assert "Not read" not in text
    assert page.count("<img") == 4


def test_what_all_models_have_in_common_is_said_once(tmp_path: Path) -> None:
    for seed in (0, 1):
        folders.run(tmp_path / f"seed-{seed}", seed)
    page = render(collect(tmp_path))
    assert "All of trainer mnist, on mnist train (60,000 images)." in page
    assert 'data-column="trainer"' not in page
    assert 'data-filter="trainer"' not in page
    assert 'data-filter="seed"' in page


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    page = render(collect(tmp_path))
    assert "There is no run and no report below this folder." in page
    assert "<script" not in page


def test_texts_stay_texts() -> None:
    model = ModelEntry(
        HOSTILE,
        HOSTILE,
        HOSTILE,
        trainer=HOSTILE,
        variant=HOSTILE,
        images=DataFacts(HOSTILE, HOSTILE, 3),
        status="failed",
        reason=HOSTILE,
        codes=(CodeFacts(HOSTILE),),
        files=(FileLink(HOSTILE, f"javascript:{HOSTILE}/\udcff\n.pt"),),
    )
    more = ModelEntry("b", "b\x1b[31m\u202e", "run")
    page = render(FolderIndex(HOSTILE, (model, more), (), (), (Unread(HOSTILE, HOSTILE),)))
    assert page.count("<script") == 1
    assert "onerror=alert(2)>" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    (link,) = links(page)
    assert link.startswith("./javascript%3A")
    assert link.endswith("%FF%0A.pt")


def test_the_policy_allows_the_script_alone(index: FolderIndex) -> None:
    page = render(index)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src &#39;none&#39;; style-src")
    assert "script-src &#39;sha256-" in policy
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)


# Where it is written.


@pytest.mark.parametrize("content", ["", "mine", "<!DOCTYPE html><p>infoeval view"])
def test_a_file_that_is_no_index_is_kept(tmp_path: Path, content: str) -> None:
    (tmp_path / "index.html").write_text(content)
    with pytest.raises(UserError, match="is no index that infoeval wrote"):
        view(tmp_path)
    assert (tmp_path / "index.html").read_text() == content


def test_an_index_is_written_again(tmp_path: Path) -> None:
    page, first = view(tmp_path)
    folders.run(tmp_path / "seed-0")
    _, second = view(tmp_path)
    assert (first.runs, second.runs) == (0, 1)
    assert "seed-0" in page.read_text()


@pytest.mark.parametrize(
    ("name", "reason"),
    [("a.pdf", "call it a.html"), ("a.json", "call it a.html"), ("sub.html", "is a folder")],
)
def test_places_of_another_kind(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "sub.html").mkdir()
    with pytest.raises(UserError, match=reason):
        view(tmp_path, tmp_path / name)
