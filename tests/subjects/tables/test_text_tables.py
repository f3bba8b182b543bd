"""Text files as people and programs write them: quotes, separators, names or none, odd cells."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from infoeval.errors import UserError
from infoeval.subjects.subject import Rows
from infoeval.subjects.table_subject import open_table
from infoeval.subjects.tables.column_choice import TableChoice


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


def read(path: Path, text: str | bytes, choice: TableChoice | None = None) -> Rows:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_table(path, choice).rows[0]


def columns(rows: Rows) -> tuple[dict[str, list[object]], dict[str, list[object]] | None]:
    codes, factors = rows
    return codes.to_dict("list"), None if factors is None else factors.to_dict("list")  # type: ignore[return-value]


EXPECTED = ({"z": [0.5, 1.5], "z 2": [3.0, 4.0]}, {"label": ["cat, big", 'a "dog"']})
PLAIN = 'z,z 2,label\n0.5,3.0,"cat, big"\n1.5,4.0,"a ""dog"""\n'


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        "\ufeff" + PLAIN,
        PLAIN.rstrip("\n"),
        "\n" + PLAIN + "\n\n",
        'z;z 2;label\n0.5;3.0;cat, big\n1.5;4.0;"a ""dog"""\n',
        'z\tz 2\tlabel\n0.5\t3.0\tcat, big\n1.5\t4.0\t"a ""dog"""\n',
        ',z,z 2,label\n0,0.5,3.0,"cat, big"\n1,1.5,4.0,"a ""dog"""\n',
        '"z","z 2",label\n+0.5,3e0,"cat, big"\n1.5,4.,"a ""dog"""\n',
    ],
)
def test_ways_to_write_the_same_table(path: Path, text: str) -> None:
    assert columns(read(path, text)) == EXPECTED


def test_a_tab_separates_in_tsv_whatever_else_is_there(tmp_path: Path) -> None:
    rows = read(tmp_path / "t.tsv", "z\ta,b,c\n1.5\tx,y,z\n2.5\tx,y,z\n")
    assert columns(rows) == ({"z": [1.5, 2.5]}, {"a,b,c": ["x,y,z", "x,y,z"]})


@pytest.mark.parametrize(
    "text",
    ["1.5,0\n2.5,1\n", "0,1,2\n1.5,0,9\n2.5,1,9\n", ",0,1\n0,1.5,0\n1,2.5,1\n", "1.5;0\n2.5;1\n"],
)
def test_without_names_all_are_codes(path: Path, text: str) -> None:
    codes, factors = columns(read(path, text))
    assert (codes["code 0"], codes["code 1"], factors) == ([1.5, 2.5], [0, 1], None)
    assert set(codes) <= {"code 0", "code 1", "code 2"}


def test_the_names_tell_what_is_a_code(path: Path) -> None:
    text = "file,z1,Latent_2,dim 3,code[4],y,zip,index\n"
    text += "a,1,2,3,4,5,6,7\nb,1,2,3,4,5,6,8\nc,1,2,3,4,6,6,9\n"
    codes, factors = columns(read(path, text))
    assert list(codes) == ["z1", "Latent_2", "dim 3", "code[4]"]
    assert list(factors or ()) == ["y", "zip"], "names of rows, and their numbers, are left out"
    _, named = columns(read(path, text, TableChoice(factors=["file", "index"])))
    assert list(named or ()) == ["file", "index"], "but not where they are asked for"


def test_one_side_is_what_the_other_leaves(path: Path) -> None:
    text = "a,b,c\n1,2,3\n2,3,4\n"
    for choice in (TableChoice(codes=["a", "c"]), TableChoice(factors=["b"])):
        codes, factors = columns(read(path, text, choice))
        assert (list(codes), list(factors or ())) == (["a", "c"], ["b"])
    text = "z1,z2,c\n1,2,3\n2,3,4\n"
    _, factors = columns(read(path, text, TableChoice(codes=["z1"])))
    assert list(factors or ()) == ["c"], "a code that is left out is no factor"


MISTAKES = {
    "": "is empty",
    "\n\n": "is empty",
    "z,label\n": "has no rows",
    "a,b\n1,2\n": "which columns are codes? there are a, b; name them with --codes and --factors",
    "z,z,b\n1,2,3\n": "two columns are called 'z'; rename one",
    "z,,b\n1,2,3\n": "column 2 has no name in the first line",
    "z,b\n1,2\n1,2,3\n": "row 2 has 3 cells, and the first line 2; cells with a separator",
    "z,b\n1,2,3\n": "row 1 has more cells, and the first line 2",
    "z,b\n1\n2,3\n": "b has no number or word in row 1: it is empty",
    "z,b\n1,2\n,3\n": "z has no number or word in row 2",
    "z,b\n1,2\nnan,3\n": "z has no number or word in row 2",
    "z,b\n1,2\n2,NA\n": "b has no number or word in row 2",
    "z,b\n1,cat\n2,\n": "b has no number or word in row 2",
    "z,b\n1.5,2\n2.5,3\nlarge,4\n": "z has a word among its numbers, 'large' in row 3",
    "z;b\n1,5;2\n2,5;3\n": "z has decimal commas, or commas between thousands, as in '1,5'",
    "1,5;2,5\n2,5;3\n": "code 0 has decimal commas",
    'z,b\n"1,234",2\n5,3\n': "z has decimal commas, or commas between thousands, as in '1,234'",
    "z,b\n1,5,2\n2,5,3\n": "numbers have a decimal point, not a comma",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes(path: Path, text: str) -> None:
    with pytest.raises(UserError) as caught:
        read(path, text)
    assert MISTAKES[text] in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_words_for_missing_numbers_may_be_classes(path: Path) -> None:
    _, factors = columns(read(path, "z,glasses\n1.5,none\n2.5,sun\n0.5,none\n"))
    assert factors == {"glasses": ["none", "sun", "none"]}


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding(path: Path, encoding: str) -> None:
    with pytest.raises(UserError, match=r"t\.csv: is not UTF-8 text; save it as CSV in UTF-8"):
        read(path, "z,größe\n1,2\n".encode(encoding))


def test_an_endless_first_line(path: Path) -> None:
    with pytest.raises(UserError, match="its first line has 16,777,216 characters or more"):
        read(path, "z" * (2**24 + 1))


def test_too_many_columns(path: Path) -> None:
    with pytest.raises(UserError, match="100,001 columns; at most 100,000 are read"):
        read(path, ",".join(f"z{number}" for number in range(100_001)) + "\n")


def test_a_name_is_data(path: Path) -> None:
    rows = read(path, "z,\"=cmd|' /C calc'!A0\"\n1.5,2\n2.5,3\n")
    assert rows.factors is not None
    assert list(rows.factors.columns) == ["=cmd|' /C calc'!A0"]


def test_numbers_are_read_exactly(path: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=(500, 2)) * 10.0 ** np.arange(-20, 20, 20)
    pd.DataFrame(numbers, columns=["z0", "z1"]).to_csv(path, index=False)
    assert (open_table(path).rows[0].codes.to_numpy() == numbers).all()


def test_thousands_of_columns(path: Path) -> None:
    wide = pd.DataFrame(np.ones((3, 4000)), columns=[f"z{number}" for number in range(4000)])
    wide.to_csv(path, index=False)
    started = time.perf_counter()
    assert open_table(path).rows[0].codes.shape == (3, 4000)
    assert time.perf_counter() - started < 10
