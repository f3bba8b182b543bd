"""Sizes of memory: what is one, and that anything else is one line."""

import pytest

from infoeval.cli.sizes import bytes_of
from infoeval.errors import UserError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("7B", 7),
        ("8GB", 8 * 10**9),
        ("8 gb", 8 * 10**9),
        (" 512MiB ", 512 * 2**20),
        ("1.5 KiB", 1536),
        ("2TiB", 2**41),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert bytes_of(text, "memory") == size


@pytest.mark.parametrize(
    "text", ["", "GB", "-1GB", "8 bananas", "8G", "1e9", "nan", "inf", "٣GB", "9" * 40, "9999999TB"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"^memory: .* is no size; give e.g. 8GB or 512MiB$"):
        bytes_of(text, "memory")
