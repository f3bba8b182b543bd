"""Prepared data: made once, checked at each opening, made anew when damaged."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from infoeval.data.formats.cache import Writer, cache_folder, prepared, progress_to
from infoeval.errors import UserError
from infoeval.files import sha256

RECIPE = {"version": 1, "count": 20}


class Builder:
    """Writes images 0, 1, 2 ... and counts how often it is asked to."""

    def __init__(self, count: int = 20, stop_at: int | None = None) -> None:
        self.count, self.stop_at, self.calls = count, stop_at, 0

    def __call__(self, writer: Writer) -> None:
        self.calls += 1
        images = writer.create("images", (self.count, 1, 4, 4), np.uint8)
        for number in range(self.count):
            if number == self.stop_at:
                raise UserError("picture 7 is broken")
            images[number] = number
            writer.progress(number + 1, self.count)
        writer.save("factors", np.arange(self.count, dtype=float)[:, None])


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("INFOEVAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def entries(cache: Path) -> list[Path]:
    return sorted(cache.iterdir()) if cache.exists() else []


def test_what_is_prepared_is_what_was_built_and_is_built_once():
    build = Builder()
    for _ in range(3):
        arrays = prepared("set", RECIPE, build)
        assert arrays["images"].dtype == np.uint8
        assert np.array_equal(arrays["images"][:, 0, 0, 0], np.arange(20))
        assert np.array_equal(arrays["factors"][:, 0], np.arange(20))
    assert build.calls == 1


def test_the_order_of_a_recipe_does_not_matter_and_its_content_does(cache):
    build = Builder()
    prepared("set", {"a": 1, "b": [2]}, build)
    prepared("set", {"b": [2], "a": 1}, build)
    assert build.calls == 1
    prepared("set", {"a": 1, "b": [3]}, build)
    assert build.calls == 2
    assert len(entries(cache)) == 2


@pytest.mark.parametrize("name", ["images.npy", "factors.npy", "manifest.json"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "grow", "remove"])
def test_a_damaged_entry_is_made_anew(cache, name, damage):
    build = Builder()
    prepared("set", RECIPE, build)
    (entry,) = entries(cache)
    path = entry / name
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "truncate":
        path.write_bytes(content[:-1])
    elif damage == "grow":
        path.write_bytes(content + b"}")
    else:
        path.unlink()
    again = prepared("set", RECIPE, build)
    assert np.array_equal(again["images"][:, 0, 0, 0], np.arange(20))
    assert build.calls == 2
    prepared("set", RECIPE, build)
    assert build.calls == 2
    assert entries(cache) == [entry]


GARBAGE = {
    **{
        text: text.encode()
        for text in ("[]", "null", '{"recipe": 1}', '{"files": {}}', "{", "3", "")
    },
    "no text": b"\xff\xfe{",
    "deep": b"[" * 100_000,
    "a huge number": b'{"recipe": ' + b"9" * 10_000 + b"}",
    "endless": b" " * 2**21,
    "zeros": bytes(1000),
}


@pytest.mark.parametrize("manifest", GARBAGE.values(), ids=GARBAGE)
def test_a_manifest_of_another_form_is_no_entry(cache, manifest):
    build = Builder()
    prepared("set", RECIPE, build)
    (entry,) = entries(cache)
    (entry / "manifest.json").write_bytes(manifest)
    assert int(prepared("set", RECIPE, build)["images"].max()) == 19
    assert build.calls == 2
    assert entries(cache) == [entry]


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files.pop("images.npy"),
        lambda files: files.update({"images.npy": 3}),
        lambda files: files["images.npy"].update(size="many"),
        lambda files: files["images.npy"].update(mode="w"),
        lambda files: files.update({"": files["images.npy"]}),
        lambda files: files.update({"\0": files["images.npy"]}),
    ],
)
def test_a_manifest_that_does_not_fit_its_files_is_no_entry(cache, change):
    build = Builder()
    prepared("set", RECIPE, build)
    (entry,) = entries(cache)
    manifest = json.loads((entry / "manifest.json").read_text())
    change(manifest["files"])
    (entry / "manifest.json").write_text(json.dumps(manifest))
    assert set(prepared("set", RECIPE, build)) == {"images", "factors"}
    assert build.calls == 2


@pytest.mark.parametrize("name", ["images.npy", "manifest.json"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to(path)])
def test_what_is_no_file_is_not_opened(cache, name, make):
    build = Builder()
    prepared("set", RECIPE, build)
    (entry,) = entries(cache)
    (entry / name).unlink()
    make(entry / name)
    prepared("set", RECIPE, build)
    assert build.calls == 2


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("nowhere"), os.mkdir])
def test_something_else_at_the_place_of_an_entry_is_replaced(cache, make):
    build = Builder()
    prepared("set", RECIPE, build)
    (entry,) = entries(cache)
    entry.rename(cache.parent / "elsewhere")
    make(entry)
    prepared("set", RECIPE, build)
    prepared("set", RECIPE, build)
    assert build.calls == 2
    assert entries(cache) == [entry]


def test_a_manifest_leads_to_no_file_outside(cache, tmp_path):
    """An array beside the cache is not opened, whatever the manifest calls it."""
    build = Builder()
    prepared("set", RECIPE, build)
    (entry,) = entries(cache)
    outside = tmp_path / "outside.npy"
    np.save(outside, np.arange(3))
    manifest = json.loads((entry / "manifest.json").read_text())
    manifest["files"]["../../outside.npy"] = manifest["files"]["images.npy"]
    (entry / "manifest.json").write_text(json.dumps(manifest))
    assert "outside" not in prepared("set", RECIPE, build)
    assert build.calls == 2


def test_pickles_are_not_opened(cache):
    build = Builder()
    prepared("set", RECIPE, build)
    (entry,) = entries(cache)
    np.save(entry / "images.npy", np.array([print], dtype=object), allow_pickle=True)
    manifest = json.loads((entry / "manifest.json").read_text())
    manifest["files"]["images.npy"] = {
        "size": (entry / "images.npy").stat().st_size,
        "sha256": sha256(entry / "images.npy"),
    }
    (entry / "manifest.json").write_text(json.dumps(manifest))
    assert prepared("set", RECIPE, build)["images"].dtype == np.uint8
    assert build.calls == 2


def test_a_preparation_that_fails_leaves_nothing(cache):
    with pytest.raises(UserError, match="picture 7 is broken"):
        prepared("set", RECIPE, Builder(stop_at=7))
    assert entries(cache) == []


def test_a_killed_preparation_is_not_taken_for_whole(cache):
    program = (
        "import os, numpy\n"
        "from infoeval.data.formats.cache import prepared\n"
        "def build(writer):\n"
        "    writer.create('images', (20, 1, 4, 4), numpy.uint8)[:5] = 1\n"
        "    os.kill(os.getpid(), 9)\n"
        f"prepared('set', {RECIPE!r}, build)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], env=os.environ, timeout=120)
    assert killed.returncode == -9
    build = Builder()
    assert int(prepared("set", RECIPE, build)["images"].max()) == 19
    assert build.calls == 1


def test_what_a_killed_preparation_leaves_is_removed_when_the_cache_is_used_next(cache):
    program = (
        "import os, numpy\n"
        "from infoeval.data.formats.cache import prepared\n"
        "def build(writer):\n"
        "    writer.create('images', (20, 1, 4, 4), numpy.uint8)\n"
        "    os.kill(os.getpid(), 9)\n"
        f"prepared('set', {RECIPE!r}, build)\n"
    )
    prepared("other", RECIPE, Builder())
    (other,) = entries(cache)
    subprocess.run([sys.executable, "-c", program], env=os.environ, timeout=120)
    assert len(entries(cache)) == 3  # a folder and a lock
    prepared("other", RECIPE, Builder())
    assert entries(cache) == [other]


def test_what_earlier_versions_left_is_removed_after_a_day(cache):
    prepared("set", RECIPE, Builder())
    (entry,) = entries(cache)
    names = [f".set-{'a' * 16}-{digit * 16}" for digit in "0123"]
    old, new, grows, link = (cache / name for name in names)
    days_ago = time.time() - 2 * 86_400
    for folder in (old, new, grows):
        folder.mkdir()
        (folder / "images.npy").write_bytes(b"part")
    for path in (old / "images.npy", old, grows):
        os.utime(path, (days_ago, days_ago))
    link.symlink_to(entry)
    prepared("set", RECIPE, Builder())
    assert entries(cache) == sorted([entry, new, grows, link])


def run_at_once(work, count):
    """Return what a function returns in several threads, and the errors that it raises there."""
    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(work) for _ in range(count)]
        return [future.exception() or future.result() for future in futures]


def no_locks(descriptor, how):
    raise OSError(errno.ENOLCK, "No locks available")


@pytest.mark.parametrize("locks", [True, False])
def test_of_many_that_prepare_the_same_all_get_it(cache, monkeypatch, locks):
    """With locks it is built once, as threads have locks of their own."""
    if not locks:
        monkeypatch.setattr("infoeval.locks.fcntl.flock", no_locks)
    build, at_once = Builder(), 6

    def slow(writer: Writer) -> None:
        build(writer)
        time.sleep(0.02)

    for number in range(5):
        found = run_at_once(lambda key={"n": number}: prepared("set", key, slow), at_once)
        for arrays in found:
            assert np.array_equal(arrays["images"][:, 0, 0, 0], np.arange(20))
    assert build.calls == 5 if locks else build.calls > 5
    assert len(entries(cache)) == 5


RACE = """
import os, time
import numpy
from infoeval.data.formats.cache import prepared

def build(writer):
    with open(os.environ["BUILT"], "a") as file:
        file.write("x")
    images = writer.create("images", (200, 1, 64, 64), numpy.uint8)
    for k in range(200):
        images[k] = k
        time.sleep(1e-4)

for number in range(5):
    children = []
    for _ in range(6):
        child = os.fork()
        if not child:
            code = 1
            try:
                images = prepared("set", {"n": number}, build)["images"]
                code = int((images.mean(axis=(1, 2, 3)) != numpy.arange(200)).any())
            finally:
                os._exit(code)
        children.append(child)
    assert not any(os.waitpid(child, 0)[1] for child in children)
"""


def test_of_many_processes_one_builds_and_all_get_it(cache, tmp_path):
    environment = os.environ | {"BUILT": str(tmp_path / "built")}
    subprocess.run([sys.executable, "-c", RACE], env=environment, timeout=120, check=True)
    assert (tmp_path / "built").read_text() == "x" * 5
    assert len(entries(cache)) == 5


@pytest.mark.parametrize("locks", [True, False])
def test_a_damaged_entry_is_replaced_while_others_read(cache, monkeypatch, locks):
    if not locks:
        monkeypatch.setattr("infoeval.locks.fcntl.flock", no_locks)
    before = prepared("set", RECIPE, Builder())
    (entry,) = entries(cache)
    for _ in range(10):
        (entry / "factors.npy").write_bytes(b"damaged")
        for arrays in run_at_once(lambda: prepared("set", RECIPE, Builder()), 6):
            assert np.array_equal(arrays["factors"][:, 0], np.arange(20))
    assert np.array_equal(before["images"][:, 0, 0, 0], np.arange(20))
    assert entries(cache) == [entry]


def test_a_sound_entry_is_taken_by_who_comes_too_late(cache, monkeypatch):
    """Without locks two build at once; the arrays of the first stay, with what reads them."""
    monkeypatch.setattr("infoeval.locks.fcntl.flock", no_locks)

    def overtaken(writer: Writer) -> None:
        Builder()(writer)
        prepared("set", RECIPE, Builder())
        first.append(entries(cache)[-1].stat().st_ino)

    first: list[int] = []
    prepared("set", RECIPE, overtaken)
    (entry,) = entries(cache)
    assert entry.stat().st_ino == first[0]


def test_waiting_for_another_is_reported(cache):
    started, go_on = threading.Event(), threading.Event()
    reports: list[tuple[str, float | None]] = []

    def slow(writer: Writer) -> None:
        started.set()
        go_on.wait(60)
        Builder()(writer)

    def second() -> int:
        with progress_to(lambda text, share: (reports.append((text, share)), go_on.set())):
            return int(prepared("set", RECIPE, slow)["images"].max())

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(prepared, "set", RECIPE, slow)
        started.wait(60)
        assert pool.submit(second).result(60) == 19
        assert int(first.result(60)["images"].max()) == 19
    assert reports == [("waiting for another process that prepares set", None)]


def test_a_lock_that_cannot_be_had_is_one_line_with_the_cure(cache, monkeypatch):
    cache.mkdir()
    monkeypatch.setattr("infoeval.locks.os.open", lambda *_: exec("raise OSError(30, 'Read-only')"))
    with pytest.raises(UserError, match=f"cannot write {cache}: Read-only; .*INFOEVAL_CACHE"):
        prepared("set", RECIPE, Builder())


def test_without_a_home_folder_the_variable_is_named(monkeypatch):
    monkeypatch.delenv("INFOEVAL_CACHE")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as it does without a home
    with pytest.raises(UserError, match=r"no home folder: name one .* INFOEVAL_CACHE"):
        cache_folder()


def test_what_is_written_to_the_arrays_does_not_reach_the_cache():
    build = Builder()
    arrays = prepared("set", RECIPE, build)
    arrays["images"][:] = 255
    assert int(prepared("set", RECIPE, build)["images"].max()) == 19
    assert build.calls == 1


def test_progress_is_reported():
    reports: list[tuple[str, float | None]] = []
    with progress_to(lambda text, share: reports.append((text, share))):
        prepared("set", RECIPE, Builder())
    assert reports[0] == ("preparing set, 1 of 20", 0.05)
    assert reports[-1] == ("preparing set, 20 of 20", 1.0)
    prepared("set", {"other": 1}, Builder())
    assert len(reports) == 20


def test_memory_does_not_hold_what_is_prepared():
    """64 MiB are written; far less is ever allocated by Python and numpy."""

    def build(writer: Writer) -> None:
        images = writer.create("images", (64, 1, 1024, 1024), np.uint8)
        for image in images:
            image[:] = 7

    tracemalloc.start()
    images = prepared("large", {}, build)["images"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert images[63, 0, 5, 5] == 7
    assert peak < 16 * 2**20


def test_an_array_beyond_the_limit_is_refused():
    with pytest.raises(UserError, match="exceeds"):
        prepared("set", RECIPE, lambda w: w.save("x", w.create("images", (2**40,), np.uint8)))


def test_a_place_that_cannot_be_written_is_one_line(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INFOEVAL_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(UserError, match="INFOEVAL_CACHE"):
        prepared("set", RECIPE, Builder())


def test_the_cache_is_where_the_variable_says(monkeypatch, tmp_path):
    monkeypatch.setenv("INFOEVAL_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.setenv("INFOEVAL_CACHE", "")
    assert cache_folder() == Path.home() / ".cache" / "infoeval" / "prepared"
