"""Tables of codes in a .npz file: what it holds, and what is no such file."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.subjects.table_subject import open_table


def store(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_codes_and_factors(tmp_path: Path) -> None:
    codes = np.array([[0.5, 1], [1.5, 2], [2.5, 3]])
    factors = np.array(["emu", "cat", "emu"])
    path = store(tmp_path / "codes.npz", codes=codes, factors=factors)
    subject = open_table(path)
    rows, test = subject.rows
    assert test is None
    assert rows.codes.to_numpy().tolist() == codes.tolist()
    assert list(rows.codes.columns) == ["code 0", "code 1"]
    assert rows.factors is not None
    assert rows.factors["factor 0"].tolist() == factors.tolist(), "values as given"
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    assert subject.describe() == {
        "codes": str(path),
        "sha256": checksum,
        "code_names": ["code 0", "code 1"],
        "factor_names": ["factor 0"],
    }
    assert subject.describe_data() == {
        "name": "codes.npz", "split": "rows", "n": 3, "fingerprint": checksum,
    }  # fmt: skip
    assert (subject.generator, subject.codes, subject.has_encoder) == (None, None, False)
    assert subject.column_types == (None, None)


def test_names_types_and_test_rows(tmp_path: Path) -> None:
    path = store(
        tmp_path / "codes.npz",
        codes=[1.0, 2.0],
        factors=np.array([b"a", b"b"]),
        codes_test=[3.0],
        factors_test=np.array([b"a"]),
        code_names=np.array(["size"]),
        factor_names=np.array(["kind"]),
        code_types=np.array(["continuous"]),
        factor_types=np.array(["discrete"]),
    )
    subject = open_table(path)
    rows, test = subject.rows
    assert test is not None
    assert rows.codes.to_dict("list") == {"size": [1.0, 2.0]}
    assert rows.factors is not None
    assert rows.factors.to_dict("list") == {"kind": ["a", "b"]}
    assert test.codes.to_dict("list") == {"size": [3.0]}
    assert subject.column_types == (["continuous"], ["discrete"])


BAD_FILES: dict[str, tuple[dict[str, Any], str]] = {
    "no codes": (
        {"mu": np.eye(2), "factors": [1, 2]},
        "holds no array called codes; it holds factors, mu: name the arrays with --codes-key and "
        r"--factors-key, or save them as codes \(rows, codes\)",
    ),
    "images": ({"images": np.zeros((2, 8, 8))}, "images are given to a model with --data"),
    "three axes": ({"codes": np.zeros((2, 2, 2))}, r"codes has shape \(2, 2, 2\)"),
    "names": ({"codes": [1.0, 2.0], "code_names": np.array(["a", "b"])}, "1 different names"),
    "one name": ({"codes": np.eye(2), "code_names": np.array(["a", "a"])}, "2 different names"),
    "no words": ({"codes": [1.0, 2.0], "code_names": [1.0]}, "must be a list of words"),
    "no text": ({"codes": [1.0], "code_names": np.array([b"\xff"])}, "not valid text"),
    "objects": ({"codes": np.array([{}, {}], dtype=object)}, "object"),
    "half a test": (
        {"codes": [1.0, 2.0], "factors": [1, 2], "codes_test": [1.0, 2.0]},
        "both factors and factors_test",
    ),
    "other columns": (
        {"codes": [1.0, 2.0], "codes_test": np.ones((2, 2))},
        "codes_test has other columns than codes",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_files_that_are_no_table(case: str, tmp_path: Path) -> None:
    arrays, message = BAD_FILES[case]
    with pytest.raises(UserError, match=message) as caught:
        open_table(store(tmp_path / "bad.npz", **arrays))
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.npz: no such file"):
        open_table("nowhere.npz")
    whole = store(tmp_path / "whole.npz", codes=np.zeros((100, 3))).read_bytes()
    for content in (b"", b"PK", whole[: len(whole) // 2], b"\x80\x04]"):
        (tmp_path / "cut.npz").write_bytes(content)
        with pytest.raises(UserError, match=r"cut\.npz"):
            open_table(tmp_path / "cut.npz")
