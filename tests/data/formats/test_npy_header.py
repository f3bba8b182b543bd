import numpy as np
import pytest

from infoeval.data.formats.npy_header import map_npy
from infoeval.errors import UserError


def test_a_file_is_mapped_copy_on_write(tmp_path):
    path, array = tmp_path / "a.npy", np.arange(6).reshape(2, 3)
    for stored in (array, np.asfortranarray(array)):
        np.save(path, stored)
        mapped = map_npy(path)
        np.testing.assert_array_equal(mapped, array)
        mapped[:] = 0
        np.testing.assert_array_equal(np.load(path), array)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda content: content[:-1], "declares 48 bytes, but holds 47"),
        (lambda content: content + b"\0", "declares 48 bytes, but holds 49"),
        (lambda content: content[:6] + b"\2\0\xff\xff\xff\xff" + content[10:], "has a header of 4"),
        (lambda content: content[:5], "cannot be read"),
        (lambda content: b"", "cannot be read"),
        (lambda content: content.replace(b"'<i8'", b" '|O'"), "holds object elements"),
    ],
)
def test_another_content_than_declared_is_refused(tmp_path, change, reason):
    path = tmp_path / "a.npy"
    np.save(path, np.arange(6))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(UserError, match=reason) as caught:
        map_npy(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        map_npy(tmp_path / "none.npy")
