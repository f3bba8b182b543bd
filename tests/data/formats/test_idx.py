import gzip
import hashlib
import struct
import tracemalloc

import numpy as np
import pytest

from infoeval.data import untrusted
from infoeval.data.formats.idx import read_idx
from infoeval.errors import UserError

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def idx_bytes(array, code=0x08):
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


WHOLE = idx_bytes(PIXELS)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_array_is_read_whatever_the_file_is_called(tmp_path, pack, suffix):
    path = tmp_path / f"images-idx3-ubyte{suffix}"
    path.write_bytes(pack(WHOLE))
    array = read_idx(path, shape=(2, 3, 4), md5=hashlib.md5(WHOLE).hexdigest())
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, PIXELS)


@pytest.mark.parametrize(
    ("code", "dtype"),
    [(0x08, "u1"), (0x09, "i1"), (0x0B, "i2"), (0x0C, "i4"), (0x0D, "f4"), (0x0E, "f8")],
)
def test_every_element_type_is_read_in_native_order(tmp_path, code, dtype):
    values = np.array([1, 2, 100], dtype=dtype)
    path = tmp_path / "values"
    path.write_bytes(idx_bytes(values, code))
    array = read_idx(path)
    assert array.dtype == np.dtype(dtype)
    assert array.dtype.isnative
    np.testing.assert_array_equal(array, values)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an idx file: it begins with nothing"),
        (b"\0\0\x08", "not an idx file"),
        (b"\x89PNG\r\n\x1a\n", "not an idx file: it begins with 89 50 4e 47"),
        (b"<html>404</html>", "not an idx file"),
        (b"\0\0\x07" + WHOLE[3:], "not an idx file"),
        (b"\0\0\x08\0", "declares 0 axes"),
        (b"\0\0\x08\xff" + bytes(4 * 255), "declares 255 axes"),
        (WHOLE[:10], "truncated within its header"),
        (WHOLE[:-1], "truncated: 23 of the 24 bytes"),
        (WHOLE + b"\0", "longer than the 24 bytes"),
        (b"\0\0\x08\x02" + struct.pack(">2I", 0, 2**32 - 1), "empty axes"),
        (b"\0\0\x08\x03" + struct.pack(">3I", *[2**32 - 1] * 3), "the limit is"),
        (b"\0\0\x0e\x01" + struct.pack(">I", 2**30 + 1), "the limit is"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_foreign_and_damaged_files_are_refused(tmp_path, content, reason, pack):
    path = tmp_path / "images"
    path.write_bytes(pack(content))
    with pytest.raises(UserError, match=reason) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_zeros_that_inflate_a_thousandfold_are_refused_unless_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(untrusted, "FREELY_INFLATED", 2**10)
    zeros = np.zeros((2, 300, 300), dtype=np.uint8)
    for name, content in (("a", idx_bytes(zeros)), ("a.gz", gzip.compress(idx_bytes(zeros)))):
        (tmp_path / name).write_bytes(content)
    np.testing.assert_array_equal(read_idx(tmp_path / "a"), zeros)
    with pytest.raises(UserError, match="or a decompression bomb"):
        read_idx(tmp_path / "a.gz")


@pytest.mark.parametrize("kept", [3, 12, -9, -1])
def test_truncated_gzip_is_refused(tmp_path, kept):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(WHOLE)[:kept])
    with pytest.raises(UserError, match=r"images\.gz: the gzip file is truncated or damaged"):
        read_idx(path)


def test_gzip_with_a_wrong_checksum_is_refused(tmp_path):
    packed = bytearray(gzip.compress(WHOLE))
    packed[-6] ^= 0xFF
    path = tmp_path / "images.gz"
    path.write_bytes(packed)
    with pytest.raises(UserError, match="damaged"):
        read_idx(path)


def test_gzip_with_a_damaged_stream_is_refused(tmp_path):
    packed = bytearray(gzip.compress(WHOLE))
    packed[10] |= 0x06  # a block type that deflate does not have
    path = tmp_path / "images.gz"
    path.write_bytes(packed)
    with pytest.raises(UserError, match="damaged"):
        read_idx(path)


def peak_memory(call):
    tracemalloc.start()
    try:
        with pytest.raises(UserError) as caught:
            call()
        return tracemalloc.get_traced_memory()[1], str(caught.value)
    finally:
        tracemalloc.stop()


def test_no_more_is_decompressed_than_the_header_declares(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(WHOLE + bytes(2**27)))
    peak, message = peak_memory(lambda: read_idx(path))
    assert "longer than" in message
    assert peak < 2**24


def test_a_header_that_lies_about_its_size_costs_no_memory(tmp_path):
    path = tmp_path / "short"
    path.write_bytes(b"\0\0\x08\x01" + struct.pack(">I", 2**32 - 1) + b"abc")
    peak, message = peak_memory(lambda: read_idx(path))
    assert "truncated: 3 of the 4294967295 bytes" in message
    assert peak < 2**24


def test_nothing_is_read_of_another_shape_than_the_expected(tmp_path):
    path = tmp_path / "large.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 2**26) + bytes(2**26)))
    peak, message = peak_memory(lambda: read_idx(path, shape=(10,)))
    assert message.endswith("declares shape (67108864,), not (10,)")
    assert peak < 2**24


def test_other_content_of_the_right_size_is_refused(tmp_path):
    path = tmp_path / "images"
    path.write_bytes(WHOLE[:-1] + b"\0")
    with pytest.raises(UserError, match=f"{path}: not the official file: md5 [0-9a-f]{{32}}"):
        read_idx(path, md5=hashlib.md5(WHOLE).hexdigest())


def test_missing_file_and_folder_are_refused(tmp_path):
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(UserError, match=f"{path}: no such file"):
            read_idx(path)
