import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from infoeval.errors import UserError
from infoeval.files import atomic_path, sha256, write_bytes, write_text


def test_text_is_utf8_with_its_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "λ = 0\r\nπ\n")
    assert (tmp_path / "a.txt").read_bytes() == "λ = 0\r\nπ\n".encode()


def test_missing_parents_are_created_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_bytes(tmp_path / "runs" / "one" / "a.bin", b"\x00\xff")
    assert (tmp_path / "runs" / "one" / "a.bin").read_bytes() == b"\x00\xff"
    assert os.listdir(tmp_path / "runs" / "one") == ["a.bin"]


def test_old_content_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("a longer old text")
    write_text(str(target), "new")
    assert target.read_text() == "new"


def test_old_content_is_there_until_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert temporary.parent == target.parent
        assert temporary.suffix == ".txt"
        assert target.read_text() == "old"
    assert target.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), OSError(5, "x")])
def test_failure_in_the_block_changes_nothing_and_is_passed_on(
    tmp_path: Path, error: BaseException
) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail_half_way() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("half of the n")
            raise error

    with pytest.raises(type(error)) as caught:
        fail_half_way()
    assert caught.value is error
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_full_disk_is_one_line_for_the_user(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(UserError, match=r"a\.txt: No space left"), atomic_path(tmp_path / "a.txt"):
        raise full
    assert os.listdir(tmp_path) == []


def test_failure_to_replace_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(UserError, match="Permission denied"):
        write_text(tmp_path / "a.txt", "new")
    assert os.listdir(tmp_path) == []


def test_content_is_on_disk_before_the_name_points_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append("fsync"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("replace"), replace(a, b)))
    write_text(tmp_path / "a.txt", "new")
    assert calls == ["fsync", "replace"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UserError, match="Permission denied"):
            write_text(tmp_path / "a.txt", "new")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("below", ["file/a.txt", "file/more/a.txt"])
def test_file_where_a_folder_should_be(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("I am no folder")
    with pytest.raises(UserError, match="part of this path is a file, not a folder"):
        write_text(tmp_path / below, "new")


def test_folder_as_target(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it is a folder; give the name of a file"):
        write_text(tmp_path, "new")
    assert tmp_path.is_dir()


def test_name_too_long(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"):
        write_text(tmp_path / ("a" * 5000), "new")


def test_zero_character_in_the_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="NUL"):
        write_text(tmp_path / "a\0b", "new")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
def test_folder_in_which_nothing_can_be_created() -> None:
    with pytest.raises(UserError, match=r"^cannot write /proc/a.csv: no file can be created there"):
        write_text("/proc/a.csv", "text")


def test_pipe_or_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="it is a device"):
        write_text(tmp_path / "pipe", "new")
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(os.name != "posix", reason="needs links and modes of a POSIX system")
def test_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "step-1.txt").write_text("old")
    (tmp_path / "latest.txt").symlink_to("step-1.txt")
    write_text(tmp_path / "latest.txt", "new")
    assert (tmp_path / "latest.txt").is_symlink()
    assert (tmp_path / "step-1.txt").read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="needs links and modes of a POSIX system")
def test_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "a.txt", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o644


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    content = os.urandom(300_000)
    (tmp_path / "a.pt").write_bytes(content)
    assert sha256(tmp_path / "a.pt") == hashlib.sha256(content).hexdigest()


def test_sha256_of_what_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pt", tmp_path):
        with pytest.raises(UserError, match="cannot read"):
            sha256(path)
