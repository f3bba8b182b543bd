"""Every format gives the same codes, factors and scores as the same table in a .npz file."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from infoeval.errors import UserError
from infoeval.evaluation import score
from infoeval.subjects.opening import open_subject
from infoeval.subjects.subject import Rows
from infoeval.subjects.table_subject import open_table
from infoeval.subjects.tables.column_choice import TableChoice
from infoeval.subjects.tables.table_files import READERS
from tests.subjects.tables.same_table import CODES, FACTORS, readable, same_table, write

QUICK: dict[str, Any] = {"replicates": 4, "null": 4}


def values(document: Any) -> list[tuple[Any, ...]]:
    return [(r.metric, r.target, r.value, r.low, r.high, r.n) for r in document.results]


@pytest.mark.parametrize("suffix", READERS)
def test_the_same_scores_as_npz(tmp_path: Path, suffix: str) -> None:
    if not readable(suffix):
        pytest.skip(f"nothing is installed that reads {suffix}")
    table, more = same_table(), dict[str, Any]()
    original = write(tmp_path / "original.npz", table)
    other = write(tmp_path / f"other{suffix}", table)
    expected = score(original, metrics=["code-factors", "mig"], **QUICK)
    if suffix in (".npy", ".h5ad"):  # their codes have no names
        names = FACTORS
        if suffix == ".npy":
            np.save(tmp_path / "factors.npy", table[FACTORS].to_numpy())
            more, names = {"factors": tmp_path / "factors.npy"}, [f"factor {k}" for k in range(3)]
        pair = table[CODES].to_numpy(), table[FACTORS].set_axis(names, axis=1)
        expected = score(pair, metrics=["code-factors", "mig"], **QUICK)
    found = score(other, metrics=["code-factors", "mig"], **QUICK, **more)
    assert len(values(found)) > 9
    assert values(found) == values(expected)
    if suffix not in (".npy", ".h5ad"):
        assert found.subject["code_names"] == CODES
        assert found.subject["factor_names"] == FACTORS


@pytest.mark.parametrize("suffix", READERS)
def test_bytes_that_are_no_such_file(tmp_path: Path, suffix: str) -> None:
    if not readable(suffix):
        pytest.skip(f"nothing is installed that reads {suffix}")
    path = tmp_path / f"bad{suffix}"
    for content in (b"", b"\x80\x04]\x94.", b"PK\x03\x04" + bytes(50), b"PAR1" * 9, b"\x89HDF\r\n"):
        path.write_bytes(content)
        with pytest.raises(UserError) as caught:
            open_subject(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="no such file"):
        open_subject(tmp_path / f"nowhere{suffix}")


@pytest.mark.parametrize("suffix", [".csv", ".npz"])
def test_a_file_that_ends_early_or_is_damaged_is_refused_or_read(
    tmp_path: Path, suffix: str
) -> None:
    content = bytearray(write(tmp_path / f"whole{suffix}", same_table()).read_bytes())
    random = np.random.default_rng(1)
    messages = []
    for number in range(40):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 5):
            damaged[place] = int(random.integers(0, 256))
        path = tmp_path / f"damaged{suffix}"
        path.write_bytes(bytes(damaged[: len(content) - 7 * (number % 3)]))
        try:
            assert open_subject(path).rows is not None
        except UserError as error:
            messages.append(str(error))
    assert len(messages) > 20
    assert not any("\n" in message for message in messages)


def chosen(table: pd.DataFrame, path: Path, **choice: Any) -> Rows:
    return open_table(write(path, table), TableChoice(**choice)).rows[0]


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".h5ad"])
def test_columns_by_name_and_pattern(tmp_path: Path, suffix: str) -> None:
    if not readable(suffix):
        pytest.skip(f"nothing is installed that reads {suffix}")
    codes = ["z_2", "z_0"] if suffix != ".h5ad" else ["code 2", "code 0"]
    rows = chosen(same_table(), tmp_path / f"t{suffix}", codes=codes, factors=["pose_*"])
    assert list(rows.codes.columns) == codes
    assert rows.factors is not None
    assert list(rows.factors.columns) == ["pose_x", "pose_y"]
    assert rows.codes[codes[1]].tolist() == same_table()["z_0"].tolist()
    for side in ("codes", "factors"):
        with pytest.raises(UserError, match=r"no column 'q\*'; there are "):
            chosen(same_table(), tmp_path / f"t{suffix}", **{side: ["q*"]})


def test_factors_of_another_file(tmp_path: Path) -> None:
    table = same_table()
    np.save(tmp_path / "codes.npy", table[CODES].to_numpy())
    table[FACTORS].to_csv(tmp_path / "labels.csv", index=False)
    np.savetxt(tmp_path / "plain.csv", table[FACTORS].to_numpy(), delimiter=",")
    np.savez(tmp_path / "two.npz", label=table["kind"], pose=table[["pose_x"]])
    for given, names in (
        ("labels.csv", FACTORS),
        ("plain.csv", ["factor 0", "factor 1", "factor 2"]),
    ):
        choice = TableChoice(factors=[str(tmp_path / given)])
        subject = open_table(tmp_path / "codes.npy", choice)
        factors = subject.rows[0].factors
        assert factors is not None
        assert list(factors.columns) == names
        assert factors.to_numpy().tolist() == table[FACTORS].to_numpy().tolist()
        assert subject.describe()["factors"] == str(tmp_path / given)
    choice = TableChoice(factors=tmp_path / "two.npz", factors_key="label")
    factors = open_table(tmp_path / "codes.npy", choice).rows[0].factors
    assert factors is not None
    assert factors["factor 0"].tolist() == table["kind"].tolist()
    with pytest.raises(UserError, match="which array are the factors"):
        open_table(tmp_path / "codes.npy", TableChoice(factors=tmp_path / "two.npz"))
    np.save(tmp_path / "short.npy", np.arange(7.0))
    with pytest.raises(UserError, match="120 rows of codes for 7 rows of factors"):
        open_table(tmp_path / "codes.npy", TableChoice(factors=tmp_path / "short.npy"))


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".h5ad", ".parquet"])
def test_a_missing_value_has_its_place(tmp_path: Path, suffix: str) -> None:
    if not readable(suffix):
        pytest.skip(f"nothing is installed that reads {suffix}")
    table = same_table()
    table.loc[6, "pose_x"] = np.nan
    with pytest.raises(UserError, match="pose_x has no number or word in row 7: it is empty"):
        open_subject(write(tmp_path / f"t{suffix}", table))


def test_what_reads_a_format_is_named_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for suffix, library in ((".parquet", "pyarrow"), (".h5ad", "h5py")):
        monkeypatch.setitem(__import__("sys").modules, library, None)
        (tmp_path / f"t{suffix}").write_bytes(b"")
        with pytest.raises(UserError, match=rf"read with {library}: pip install 'infoeval\[tab"):
            open_subject(tmp_path / f"t{suffix}")


def test_words_about_columns_are_no_columns(tmp_path: Path) -> None:
    """Without its array of codes, a table has none: their names are not taken for codes."""
    path = tmp_path / "damaged.npz"
    np.savez(path, code_names=np.array(["a", "b"]), code_types=np.array(["continuous"] * 2))
    with pytest.raises(UserError, match=r"code_names, code_types"):
        open_table(path)
