"""The command encode: what it prints and writes, and its mistakes in one line."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.cli.commands import fails, of_json, succeeds

pytestmark = pytest.mark.usefixtures("at_home")


def test_rows_are_printed_as_csv_or_json() -> None:
    printed = succeeds("encode", "run", "images.npz").stdout.splitlines()
    assert printed[0].startswith("index,code digit,probability of code digit,code slant,spread")
    assert len(printed) == 61
    rows = of_json(succeeds("encode", "run", "images.npz", "--json"))
    assert [row["index"] for row in rows] == list(range(60))
    first = dict(zip(printed[0].split(","), printed[1].split(","), strict=True))
    assert {name: str(value) for name, value in rows[0].items()} == first


def test_one_image_file(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 90, np.uint8)).save(tmp_path / "one.png")
    result = succeeds("encode", "run", tmp_path / "one.png", "-o", tmp_path / "codes.csv")
    assert "batch norm: one image has no statistics; generated ones are taken" in result.stderr
    assert list(pd.read_csv(tmp_path / "codes.csv")["file"]) == ["one.png"]
    message = fails("score", "run", "--data", tmp_path / "one.png")
    assert "1 image(s) cannot be split into train and test; give at least 2" in message


@pytest.mark.parametrize("suffix", ["csv", "tsv", "npz"])
def test_a_table_is_written_and_can_be_scored(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"codes.{suffix}"
    result = succeeds("encode", "run", "images.npz", "-o", path)
    assert f"codes: {path}, 60 rows" in result.stderr
    scored = of_json(succeeds("score", path, "--metric", "mig", "--null", 0, "--json"))
    assert scored["subject"]["code_names"] == ["code digit", "code slant"]
    assert scored["subject"]["factor_names"] == ["label"]


def test_what_was_written_is_told_to_machines(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    told = of_json(succeeds("encode", "run", "images.npz", "-o", path, "--json"))
    table = pd.read_csv(path)
    assert told == {"table": str(path), "rows": 60, "columns": list(table)}
    assert np.isfinite(table["spread of code slant"]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "images.npz", "-o", "codes.xlsx"], "written as .csv, .tsv, .parquet, .npz"),
        (["run", "images.npz", "-o", "bare"], "written as .csv"),
        (["run", "nowhere"], "'nowhere'"),
        (["run", "wide.npz"], "reads images of (1, 8, 8)"),
        (["images.npz", "images.npz"], "holds no array called codes"),
        (["run", "images.npz", "--image-range", "-1,1"], "no ONNX file"),
    ],
)
def test_mistakes(arguments: list[str], message: str) -> None:
    assert message in fails("encode", *arguments)


def test_a_file_stays_as_it_is_where_encoding_fails(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("before")
    fails("encode", "run", "wide.npz", "-o", path)
    assert path.read_text() == "before"
