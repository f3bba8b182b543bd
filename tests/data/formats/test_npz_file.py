import itertools
import resource
import struct
import time
import zipfile

import numpy as np
import pytest

from infoeval.data import untrusted
from infoeval.data.formats import npz_file
from infoeval.data.formats.npz_file import NpzFile
from infoeval.errors import UserError


def write(path, *members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            with archive.open(name, "w", force_zip64=True) as stream:
                for piece in [content] if isinstance(content, bytes) else content:
                    stream.write(piece)
    return path


def npy(shape, descr="<f8", data=b""):
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def refusal(path, name="codes"):
    """The refusal of an array, which costs next to nothing."""
    started, peak = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError) as caught, NpzFile(path) as arrays:
        arrays.read(name)
    assert time.process_time() - started < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 2**16  # KiB
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 600
    return str(caught.value)


def test_a_header_of_gigabytes_is_not_read(tmp_path):
    length = 3_900_000_000
    blanks = (b" " * 2**22 for _ in range(50))
    begin = b"\x93NUMPY\x02\x00" + struct.pack("<I", length)
    path = write(tmp_path / "bomb.npz", ("codes.npy", [begin, *blanks]))
    assert "codes has a header of 3,900,000,000 bytes" in refusal(path)


def test_an_array_of_zeros_that_inflates_a_thousandfold_is_refused_unless_stored(
    tmp_path, monkeypatch
):
    size = 2**27
    zeros = [npy((size // 8,)), *(bytes(2**22) for _ in range(size // 2**22))]
    path = write(tmp_path / "bomb.npz", ("codes.npy", zeros))
    assert "decompression bomb; if it is none, save it with numpy.savez" in refusal(path)
    monkeypatch.setattr(untrusted, "FREELY_INFLATED", 2**10)
    small = npy((2**12,), data=bytes(2**15))
    assert "decompression bomb" in refusal(write(path, ("codes.npy", small)))
    with NpzFile(write(path, ("codes.npy", small), compression=zipfile.ZIP_STORED)) as arrays:
        assert not arrays.read("codes").any()


def test_arrays_of_a_table_are_bounded(tmp_path):
    path = write(tmp_path / "large.npz", ("codes.npy", npy((2**30, 2))))
    assert "codes takes 17,179,869,184 bytes; the limit is 8,589,934,592" in refusal(path)


def test_a_list_of_millions_of_arrays_is_refused(tmp_path):
    path = tmp_path / "many.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number:060}", b"")
    assert "the list of its contents exceeds 1,048,576 bytes" in refusal(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_that_numpy_does_not_write_are_refused(tmp_path, compression):
    content = npy((2,), data=np.ones(2).tobytes())
    path = write(tmp_path / "other.npz", ("codes.npy", content), compression=compression)
    assert "compressed otherwise than numpy does" in refusal(path)


@pytest.mark.parametrize("where", ["before", "after"])
def test_bytes_that_belong_to_no_array_are_refused(tmp_path, where):
    """Before an archive there may be anything: a hundred gigabytes are hashed for minutes."""
    path = write(tmp_path / "codes.npz", ("codes.npy", npy((1,), data=bytes(8))))
    content, more = path.read_bytes(), bytes(2 * npz_file.MAX_DIRECTORY_BYTES)
    if where == "before":
        path.write_bytes(more + content)
        assert "belong to no array" in refusal(path)
    else:  # the end of the directory is not looked for so far
        path.write_bytes(content + more)
        assert "not a readable .npz file" in refusal(path)


def test_a_missing_array_tells_which_are_there(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, latents=np.ones(2), **{"\x1b[31mred": np.ones(2)})
    assert r"holds no array called codes; it holds \x1b[31mred, latents" in refusal(path)
    many = {f"array_{number}": np.ones(1) for number in range(300)}
    np.savez(path, **many)
    assert len(refusal(path)) < 350


def test_folders_pipes_and_missing_files_are_refused(tmp_path):
    for make, reason in (("mkdir", "is not a file"), ("touch", "not a readable"), ("", "no such")):
        path = tmp_path / f"{make}.npz"
        if make:
            getattr(path, make)()
        assert reason in refusal(path)


def test_an_array_is_read_in_parts_of_whole_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(npz_file, "_PART_BYTES", 100)
    array = np.arange(7 * 3 * 2).reshape(7, 3, 2)
    path = tmp_path / "mine.npz"
    np.savez_compressed(path, c=array, f=np.asfortranarray(array))
    with NpzFile(path) as arrays:
        assert [len(part) for part in arrays.parts("c")] == [2, 2, 2, 1]
        for name in ("c", "f"):
            np.testing.assert_array_equal(np.concatenate(list(arrays.parts(name))), array)


def test_warnings_of_a_header_are_not_shown(tmp_path, recwarn):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2L,), }\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(16)
    with NpzFile(write(tmp_path / "old.npz", ("codes.npy", content))) as arrays:
        assert arrays.read("codes").shape == (2,)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("descr", "reason"),
    [
        ("|b1", "codes takes 268,435,456 bytes, compressed into"),
        ("|S1", "codes takes 2,147,483,648 bytes; the limit is 1,073,741,824"),
    ],
)
def test_what_grows_in_memory_is_bounded_by_what_it_takes_there(tmp_path, descr, reason):
    content = [npy((2**25,), descr), *(bytes(2**20) for _ in range(2**5))]
    path = write(tmp_path / "wide.npz", ("codes.npy", content), compression=zipfile.ZIP_DEFLATED)
    assert reason in refusal(path)


def test_words_that_cannot_be_text_are_refused(tmp_path):
    path = tmp_path / "words.npz"
    for code, order in itertools.product((0x110000, 0xFFFFFFFF, 0xD800, 0xDFFF), "<>"):
        np.savez(path, codes=np.array([97, code, 65, 66], f"{order}u4").view(f"{order}U2"))
        with NpzFile(path) as arrays, pytest.raises(UserError, match="codes holds strings that"):
            arrays.words("codes", arrays.read("codes"))
    np.savez(path, codes=np.array(["\ud7ff", "\ue000\U0010ffff"]))
    with NpzFile(path) as arrays:
        assert arrays.words("codes", arrays.read("codes")) == ["\ud7ff", "\ue000\U0010ffff"]
