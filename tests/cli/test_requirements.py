"""Requirements on results: what they are about, and the exit code that they give."""

from pathlib import Path

import numpy as np
import pytest

from infoeval.cli.requirements import RequiredNumber, all_met, parse
from infoeval.errors import UserError
from tests.cli.commands import fails, infoeval, of_json

CHEAP = ("--replicates", "4", "--null", "0")
NUMBERS = [
    RequiredNumber("cluster-acc", "digit", 0.95, 0.9, 0.97, 0.95),
    RequiredNumber("mi-own", "digit", 2.2, 2.1, 2.3, 0.95),
    RequiredNumber("mi-own", "a:low>=1", 0.5, 0.4, 0.6, 0.95),
    RequiredNumber("mig:estimator=ksg", None, 0.25, None, None, None),
]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with good codes, and with codes that know nothing."""
    folder = tmp_path_factory.mktemp("tables")
    random = np.random.default_rng(0)
    factors = random.integers(0, [3, 4], size=(300, 2))
    codes = factors + 0.2 * random.normal(size=factors.shape)
    np.savez(folder / "good.npz", codes=codes, factors=factors)
    np.savez(folder / "noise.npz", codes=random.normal(size=codes.shape), factors=factors)
    return folder


@pytest.fixture
def at_tables(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tables)


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("cluster-acc>=0.95", True),
        ("cluster-acc>0.95", False),
        ("cluster-acc<=0.95", True),
        ("cluster-acc<0.95", False),
        ("cluster-acc:low>=0.9", True),
        ("cluster-acc:low>=0.901", False),
        ("cluster-acc[digit]:high<0.98", True),
        (" cluster-acc[digit] : low >= 9e-1 ", True),
        ("mi-own[digit]>=2.2", True),
        ("mi-own[a:low>=1]:low>=0.41", False),
        ("mig:estimator=ksg>-1", True),
    ],
)
def test_a_requirement_holds_or_not(
    text: str, met: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert all_met([text], NUMBERS, []) is met
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "The requirement is met." if met else line.startswith("Not met: ")


def test_a_line_for_each_that_is_not_met(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["cluster-acc>=0.9", "cluster-acc:low>=0.91", "mi-own[digit]:high<=1"]
    assert not all_met(texts, NUMBERS, [])
    assert capsys.readouterr().err.splitlines() == [
        "Not met: cluster-acc:low>=0.91: cluster-acc[digit] is 0.95 (95 %: 0.9 to 0.97)",
        "Not met: mi-own[digit]:high<=1: mi-own[digit] is 2.2 (95 %: 2.1 to 2.3)",
    ]
    assert all_met(texts[:1] * 2, NUMBERS, [])
    assert capsys.readouterr().err == "All 2 requirements are met.\n"


def test_nothing_is_told_where_nothing_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    assert all_met([], NUMBERS, [])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mi-own>=1", r"there are mi-own\[digit\], mi-own\[a:low>=1\]; give one of them"),
        ("mig>=1", "it was not measured; there is cluster-acc"),
        ("mi-own[digits]>=1", "it was not measured"),
        ("mig:estimator=ksg:low>=0", "mig:estimator=ksg is 0.25, with no interval"),
    ],
)
def test_a_number_that_is_not_there_is_an_error(text: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        all_met([text], NUMBERS, [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        *((text, "give e.g. cluster-acc>=0.95") for text in ("", "mig", "mig==1", "mig=>1", ">=1")),
        *((text, "give e.g. cluster-acc>=0.95") for text in ("mig>=", "mig!=1", "mig>=>1", " < ")),
        *((f"mig>={number}", "is no number") for number in ("95%", "nan", "-inf", "1e999", "0,9")),
        ("mgi>=1", "no metric 'mgi' (did you mean"),
        (":low>=1", "no metric ''"),
        ("[digit]>=1", "no metric ''"),
        ("mig\x1b[2J\n>=x", "is no number"),
        ("x" * 10_000 + ">=1", "no metric 'xxx"),
    ],
)
def test_what_cannot_be_read_is_one_line_before_anything_is_scored(text: str, why: str) -> None:
    line = fails("score", "nothing.npz", "--require", text)
    assert why in line
    assert len(line) < 700
    with pytest.raises(UserError):
        parse(text)


@pytest.mark.usefixtures("at_tables")
def test_score_exits_with_one_where_a_requirement_is_not_met() -> None:
    command = ("score", "good.npz", "--metric", "mig", *CHEAP, "--json")
    met = infoeval(*command, "--require", "mig:low>=0.5", "--require", "mig<=1")
    assert met.exit_code == 0
    assert met.stderr.splitlines()[-1] == "All 2 requirements are met."
    value = of_json(met)["results"][0]["value"]
    missed = infoeval(*command, "--require", f"mig>{value!r}")
    assert missed.exit_code == 1
    assert of_json(missed)["results"][0]["value"] == value
    assert missed.stderr.splitlines()[-1].startswith(f"Not met: mig>{value!r}: mig is ")


@pytest.mark.usefixtures("at_tables")
def test_a_number_that_was_not_measured_is_an_error_of_the_user() -> None:
    result = infoeval("score", "good.npz", "--metric", "mig", *CHEAP, "--require", "dci-mean>0")
    assert result.exit_code == 2
    last = result.stderr.splitlines()[-1]
    assert last == "Error: --require dci-mean>0: it was not measured; there is mig"


@pytest.mark.usefixtures("at_tables")
def test_compare_requires_differences_of_the_first_from_each_other() -> None:
    command = ("compare", "good.npz", "noise.npz", "good.npz", "--metric", "mig", *CHEAP)
    assert infoeval(*command, "--require", "mig>-0.1").exit_code == 0
    result = infoeval(*command, "--require", "mig:low>0.1")
    assert result.exit_code == 1
    assert "Not met: mig:low>0.1: mig, the first less model 3, is 0" in result.stderr


@pytest.mark.usefixtures("at_tables")
def test_a_difference_is_required_by_the_settings_of_its_metric() -> None:
    metrics = ("--metric", "mig", "--metric", "mig:estimator=corrected")
    command = ("compare", "good.npz", "noise.npz", *metrics, *CHEAP)
    assert infoeval(*command, "--require", "mig:estimator=corrected:low>=0.1").exit_code == 0
    missed = infoeval(*command, "--require", "mig:estimator=corrected>2", "--require", "mig<2")
    assert missed.exit_code == 1
    (line,) = (line for line in missed.stderr.splitlines() if line.startswith("Not met"))
    assert line.startswith("Not met: mig:estimator=corrected>2: mig:estimator=corrected, the first")
