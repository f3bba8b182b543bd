"""The settings of a run, the end of its history, and its newest picture."""

import math
from pathlib import Path

import pytest

from infoeval.errors import UserError
from infoeval.viewer.run_files import ENDS, newest_sample, read_config, read_history
from tests.viewer.folders import CODES, config


def test_the_entropy_of_categorical_codes() -> None:
    uneven = {"name": "a", "kind": "categorical", "size": 2, "probabilities": [0.25, 0.75]}
    codes = read_config(config(codes={"noise": 2, "codes": [*CODES, uneven]})).trainer.codes.codes
    expected = -0.25 * math.log(0.25) - 0.75 * math.log(0.75)
    assert [code.entropy for code in codes] == [math.log(10), None, pytest.approx(expected)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"codes": 5},
        {"steps": "many"},
        {"image_shape": [1, 2]},
        {"codes": {"codes": [{"name": "a", "kind": "categorical", "size": 10**9}]}},
    ],
    ids=str,
)
def test_damaged_settings_are_one_line(wrong: dict[str, object]) -> None:
    with pytest.raises(UserError, match=r"must be|is missing") as error:
        read_config(config(**wrong))
    assert "\n" not in str(error.value)


def test_the_last_line_of_a_history_of_any_size(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    row = "{},0.5,1.25\n".format
    text = "step,seconds,information_digit\n" + "".join(map(row, range(20_000)))
    assert len(text) > 2 * ENDS
    path.write_text(text)
    progress = read_history(path)
    assert (progress.step, progress.seconds) == (19_999, 0.5)
    assert progress.means["information_digit"] == 1.25


@pytest.mark.parametrize("text", ["", '""\n', "step,seconds\n"])
def test_a_history_before_its_first_row(tmp_path: Path, text: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(text)
    assert read_history(path).step == 0


@pytest.mark.parametrize("last", ["1,2,3", "nan,1", "-5,1", "1e300,1", '"' + "x" * 200_000])
def test_a_damaged_history_is_one_line(tmp_path: Path, last: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(f"step,seconds\n{last}\n")
    with pytest.raises(UserError, match=r"last line|field"):
        read_history(path)


def test_the_newest_picture_is_of_the_categorical_code() -> None:
    names = ["step-000900-slant.png", "step-001000-slant.png", "step-001000-digit.png", "x.png"]
    codes = [CODES[1], CODES[0] | {"name": "a/b"}]
    settings = read_config(config(codes={"codes": codes}))
    sample = newest_sample([*names, "step-001000-a%2Fb.png"], settings)
    assert sample == ("step-001000-a%2Fb.png", 1000, "a/b")
    assert newest_sample(names, None) == ("step-001000-slant.png", 1000, "slant")
    assert newest_sample(["other.png"], settings) is None
