import gzip

import pytest

from infoeval.data.untrusted import open_maybe_gzipped, read_at_most
from infoeval.errors import UserError

CONTENT = bytes(range(256)) * 100


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_plain_and_gzipped_files_are_read_alike(tmp_path, pack):
    path = tmp_path / "any.name"
    path.write_bytes(pack(CONTENT))
    with open_maybe_gzipped(path) as stream:
        assert read_at_most(stream, 300) == CONTENT[:300]
        assert read_at_most(stream, 10**12) == CONTENT[300:]


def test_damage_and_absence_are_user_errors(tmp_path):
    path = tmp_path / "cut.gz"
    for expected in ("cannot be read", "the gzip file is truncated or damaged"):
        with (
            pytest.raises(UserError, match=f"{path}: {expected}"),
            open_maybe_gzipped(path) as stream,
        ):
            read_at_most(stream, 10**12)
        path.write_bytes(gzip.compress(CONTENT)[:-9])
