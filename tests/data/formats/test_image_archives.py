import os
import tarfile
import zipfile

import numpy as np
import pytest

from infoeval.data.formats import image_archives
from infoeval.data.formats.image_archives import find_images, state_of
from infoeval.errors import UserError
from tests.data.archives import tar_bytes, zip_bytes

RNG = np.random.default_rng(0)
CONTENTS = {f"a/{k}.png": RNG.bytes(700 + 300 * k) for k in range(6)}


def wanted(path):
    return path.endswith(".png")


def write(path, content):
    path.write_bytes(content)
    return path


def folder(base, contents=CONTENTS):
    for name, content in contents.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_bytes(content)
    return base


def found(source, **options):
    """Return the content of each image by its name, and what is left out."""
    listed, left_out = find_images(source, wanted, **options)
    return {picture.name: picture.stream().read() for picture in listed}, left_out


def link_to(target):
    info = tarfile.TarInfo("link.png")
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


OTHERS = {"notes.txt": b"notes", "a/0.jpg": b"jpg"}


@pytest.mark.parametrize(
    "make",
    [
        lambda base: folder(base / "set", CONTENTS | OTHERS),
        lambda base: write(base / "set.tar", tar_bytes((CONTENTS | OTHERS).items())),
        lambda base: write(base / "set.zip", zip_bytes((CONTENTS | OTHERS).items())),
        lambda base: write(
            base / "set.ZIP", zip_bytes((CONTENTS | OTHERS).items(), zipfile.ZIP_STORED)
        ),
    ],
    ids=["folder", "tar", "zip", "stored zip"],
)
def test_bytes_come_back_from_folder_tar_and_zip(tmp_path, make):
    source = make(tmp_path)
    assert found(source) == (CONTENTS, ())
    separator = os.sep if source.is_dir() else ": "
    first = find_images(source, wanted)[0][0]
    assert str(first) == f"{source}{separator}a/0.png"
    assert abs(first.size - 700) < 20


def test_images_of_a_folder_are_sorted(tmp_path):
    names = ["b.png", "a/2.png", "a/10.png", "a.png", "c/x/y.png"]
    base = folder(tmp_path, dict.fromkeys(names, b"x"))
    assert [picture.name for picture in find_images(base, wanted)[0]] == sorted(names)


def test_what_is_no_file_is_passed_over(tmp_path):
    base = folder(tmp_path / "set", {"0.png": b"x"})
    (base / "1.png").mkdir()
    (base / "2.png").symlink_to("nothing")
    os.mkfifo(base / "3.png")
    (base / "4.png").symlink_to("0.png")
    assert list(found(base)[0]) == ["0.png", "4.png"]
    tar = write(tmp_path / "a.tar", tar_bytes([(link_to("/etc/passwd"), b""), ("0.png", b"x")]))
    assert list(found(tar)[0]) == ["0.png"]
    packed = write(tmp_path / "a.zip", zip_bytes([("1.png/", b""), ("0.png", b"x")]))
    assert list(found(packed)[0]) == ["0.png"]


def test_a_tar_cut_anywhere_gives_the_images_found_whole(tmp_path):
    content = tar_bytes(CONTENTS.items())
    path = write(tmp_path / "a.tar", content)
    ends = {p.name: p.offset + p.size for p in find_images(path, wanted)[0]}
    data_end = max(ends.values())
    for length in [*range(512, len(content), 173), *ends.values(), data_end + 511]:
        path.write_bytes(content[:length])
        whole = {name: CONTENTS[name] for name, end in ends.items() if end <= length}
        if length >= -(-data_end // 512) * 512 + 512:
            assert found(path) == (whole, ())
            continue
        with pytest.raises(UserError) as caught:
            found(path)
        text = f"{path}: truncated after {len(whole)} whole images"
        assert str(caught.value).startswith(text)
        assert "download it again" in str(caught.value)
        assert ("--skip-broken" in str(caught.value)) == bool(whole)
        if whole:
            left_out = f"{path}: everything after its first {len(whole)} images"
            assert found(path, skip_broken=True) == (whole, (left_out,))
        else:
            with pytest.raises(UserError, match=r"truncated after \d"):
                found(path, skip_broken=True)


def test_a_damaged_header_in_the_middle_is_no_end(tmp_path):
    content = bytearray(tar_bytes(CONTENTS.items()))
    path = write(tmp_path / "a.tar", content)
    third = find_images(path, wanted)[0][2]
    content[third.offset - 500] ^= 1  # in its name; so the checksum of the header is wrong
    path.write_bytes(content)
    with pytest.raises(UserError, match="truncated after 2 whole images"):
        found(path)


def test_a_cut_zip_is_refused(tmp_path):
    content = zip_bytes(CONTENTS.items())
    for length in (0, 10, len(content) // 2, len(content) - 1):
        path = write(tmp_path / "a.zip", content[:length])
        with pytest.raises(
            UserError, match=f"{path}: not a readable zip .*download it again"
        ) as caught:
            found(path)
        assert "\n" not in str(caught.value)


def test_damage_within_a_zip_is_an_error_of_the_image_alone(tmp_path):
    content = bytearray(zip_bytes(CONTENTS.items()))
    path = write(tmp_path / "a.zip", content)
    second = find_images(path, wanted)[0][1]
    content[second.offset] ^= 1
    path.write_bytes(content)
    listed, _ = find_images(path, wanted)
    with pytest.raises(zipfile.BadZipFile):
        listed[1].stream()
    assert listed[2].stream().read() == CONTENTS["a/2.png"]


def test_other_packings_of_a_zip_are_not_read(tmp_path):
    path = write(tmp_path / "a.zip", zip_bytes(CONTENTS.items(), zipfile.ZIP_BZIP2))
    with pytest.raises(UserError, match=r"a/0\.png: zip compression method 12"):
        found(path)


@pytest.mark.parametrize("make", [tar_bytes, zip_bytes])
def test_no_more_is_read_than_the_limit(tmp_path, monkeypatch, make):
    monkeypatch.setattr(image_archives, "_MAX_BYTES", 1000)
    path = tmp_path / ("a.tar" if make is tar_bytes else "a.zip")
    write(path, make([("0.png", RNG.bytes(900)), ("1.png", RNG.bytes(1001))]))
    small, large = find_images(path, wanted)[0]
    assert len(small.stream().read()) == 900
    with pytest.raises(UserError, match=r"1\.png: has \d+ bytes; the limit is 1000"):
        large.stream()


def test_a_file_larger_than_any_image_is_not_opened(tmp_path):
    os.truncate(write(tmp_path / "hole.png", b"\x89PNG"), 50 * 2**30)
    (listed,) = find_images(tmp_path, wanted)[0]
    with pytest.raises(UserError, match=r"hole\.png: has \d+ bytes; the limit is 536870912"):
        listed.stream()


def test_a_zip_bomb_is_unpacked_to_the_limit_only(tmp_path, monkeypatch):
    monkeypatch.setattr(image_archives, "_MAX_BYTES", 5000)
    path = write(tmp_path / "a.zip", zip_bytes([("0.png", bytes(10**6))]))
    assert len(find_images(path, wanted)[0][0].stream().read()) == 5000


def test_bytes_that_are_gone_are_missed(tmp_path):
    path = write(tmp_path / "a.tar", tar_bytes(CONTENTS.items()))
    last = find_images(path, wanted)[0][-1]
    os.truncate(path, last.offset + last.size - 1)
    with pytest.raises(UserError, match=r"5\.png: truncated"):
        last.stream()


def test_what_is_not_there_is_an_error(tmp_path):
    for name in ("a.tar", "a.zip"):
        for look in (find_images, state_of):
            with pytest.raises(UserError, match=f"{tmp_path / name}: .*No such file"):
                look(tmp_path / name, wanted)


def test_the_state_tells_changes_of_images_and_of_nothing_else(tmp_path):
    base = folder(tmp_path / "set")
    before = state_of(base, wanted)
    (base / "a" / "notes.txt").write_text("notes")
    assert state_of(base, wanted) == before
    one = base / "a" / "1.png"
    changes = [
        lambda: one.write_bytes(one.read_bytes() + b"x"),
        lambda: os.utime(one, ns=(0, 1)),
        lambda: one.rename(one.with_name("9.png")),
        lambda: (base / "a" / "9.png").unlink(),
    ]
    seen = {before}
    for change in changes:
        change()
        seen.add(state_of(base, wanted))
    assert len(seen) == 5


def test_the_state_of_an_archive_is_that_of_its_file(tmp_path):
    path = write(tmp_path / "a.tar", b"x")
    os.utime(path, ns=(0, 1))
    before = state_of(path, wanted)
    assert state_of(path, wanted) == before
    os.utime(path, ns=(0, 2))
    assert state_of(path, wanted) != before


@pytest.mark.parametrize("make", [tar_bytes, zip_bytes])
def test_many_damaged_archives_are_user_errors_or_harmless(tmp_path, make):
    content = make(CONTENTS.items())
    path = tmp_path / ("a.tar" if make is tar_bytes else "a.zip")
    errors, read = [], 0
    for _ in range(300):
        changed = bytearray(content)
        for at in RNG.integers(len(content), size=5):
            changed[at] = RNG.integers(256)
        path.write_bytes(changed)
        try:
            read += len(find_images(path, wanted, skip_broken=True)[0])
        except UserError as error:
            errors.append(str(error))
    assert read > 300
    assert errors
    assert not any("\n" in error for error in errors)


def test_a_zip_that_lists_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(image_archives, "_MAX_DIRECTORY", 1000)
    path = tmp_path / "many.zip"
    path.write_bytes(zip_bytes([(f"{number}.png", b"") for number in range(100)]))
    with pytest.raises(UserError, match="the list of its contents exceeds 1,000 bytes"):
        find_images(path, lambda name: True)
