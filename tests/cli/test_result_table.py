"""The tables of `infoeval score`: what chance scores, in a hundred columns."""

from typing import Any

import pytest

from infoeval.cli.terminal.result_table import print_comparison, print_results
from infoeval.results import Comparison, Document

CONFUSION = [[460, 20], [20, 500]]


def result(metric: str, target: str | None, value: float, **details: Any) -> dict[str, Any]:
    return {
        "metric": metric,
        "target": target,
        "value": value,
        "low": value - 0.01,
        "high": value + 0.01,
        "level": 0.95,
        "n": 10000,
        "unit": "nats" if metric.startswith("mi-") or "information" in metric else "fraction",
        "higher_is_better": True,
        "details": details,
    }


def above(value: float, chance: float) -> dict[str, Any]:
    adjusted = (value - chance) / (1 - chance)
    ends = {"value": adjusted, "low": adjusted - 0.01, "high": adjusted + 0.01}
    return {"null": {"mean": chance}, "adjusted": ends}


def matching(fitted_on: str) -> dict[str, Any]:
    many = {"many_to_one": 0.96, "many_to_one_low": 0.95, "many_to_one_high": 0.97}
    names = {"class_names": ["cat", "dog"], "category_names": ["0", "1"]}
    counts = {"confusion": CONFUSION, "matching": [0, 1], "error": 0.04}
    return counts | names | many | {"base_rate": 0.52, "matching_fitted_on": fitted_on}


def shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *results: Any
) -> list[str]:
    monkeypatch.setenv("COLUMNS", "100")
    print_results(Document(subject={}, data={}, environment={}, results=results))
    return capsys.readouterr().out.splitlines()


def row_of(lines: list[str], metric: str) -> str:
    (row,) = (line for line in lines if line.split()[:1] == [metric])
    return row


def test_chance_and_the_value_above_it_stand_beside_a_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = result("mig", None, 0.30, **above(0.30, 0.05)), result("sap", None, 0.2)
    lines = shown(monkeypatch, capsys, *rows)
    assert " ".join(lines[0].split()) == "metric value 95 % interval chance adjusted n"
    assert row_of(lines, "mig").split() == [
        *("mig", "0.3000", "0.2900", "…", "0.3100", "0.0500", "0.26", "(0.25", "…", "0.27)"),
        "10,000",
    ]
    assert row_of(lines, "sap").split() == ["sap", "0.2000", "0.1900", "…", "0.2100", "10,000"]


def test_columns_that_no_row_has_are_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(monkeypatch, capsys, result("sap", None, 0.2))
    assert " ".join(lines[0].split()) == "metric value 95 % interval n"


def test_what_chance_scores_is_missing_for_a_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = "1.3 rows for each cell: too few to count."
    rows = (
        result("dci", None, 0.3, no_null="trees take minutes a table"),
        result("irs", None, 0.3, no_null="trees take minutes a table"),
        result("mig", None, 0.3, sparse=sentence, **above(0.3, 0.05)),
        result("mcc", None, 0.3, sampled="50,000 of 90,000 rows", **above(0.3, 0.05)),
    )
    lines = shown(monkeypatch, capsys, *rows)
    assert "mcc: 50,000 of 90,000 rows" in lines
    assert "no chance for dci, irs: trees take minutes a table" in lines
    assert f"mig: {sentence}" in lines


@pytest.mark.parametrize("differ", [False, True])
def test_a_comparison_says_of_how_many_rows_scores_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], differ: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    sentences = ["600 of 4,000 rows", "600 of 900 rows" if differ else "600 of 4,000 rows"]
    first, second = (
        Document(
            subject={},
            data={},
            environment={},
            results=(
                result("mcc", None, 0.3, sampled=sentence),
                result("dci", None, 0.3, sampled="700 of 800 rows"),
                result("mig", None, 0.3),
            ),
        )
        for sentence in sentences
    )
    print_comparison(Comparison(first, second, ()))
    lines = [
        line for line in capsys.readouterr().out.splitlines() if " of " in line and ":" in line
    ]
    same = "dci: 700 of 800 rows"
    if differ:
        assert lines == ["first: mcc: 600 of 4,000 rows", "second: mcc: 600 of 900 rows", same]
    else:
        assert lines == ["mcc: 600 of 4,000 rows", same]


@pytest.mark.parametrize("fitted_on", ["the scored rows", "separate rows"])
def test_a_matching_to_the_scored_rows_is_said_in_its_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fitted_on: str
) -> None:
    lines = shown(monkeypatch, capsys, result("cluster-acc", "kind", 0.96, **matching(fitted_on)))
    row = row_of(lines, "cluster-acc")
    assert ("(fitted on the same rows)" in row) == (fitted_on == "the scored rows")
    assert "0.5200" in row, "the most frequent class stands for chance"
    assert any("48.00 % by always naming the most frequent class" in line for line in lines)


def test_tables_fit_a_hundred_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Information and the metrics that chance raises have tables of their own."""
    rows = (
        result("mi-own", "digit", 1.3, entropy=1.3863),
        result("cluster-acc", "digit", 0.96, **matching("separate rows"), **above(0.96, 0.52)),
        result("real-label-information", "digit", 0.9, **above(0.9, 0.02)),
        result("code-factors:images=generated", None, 0.9, **above(0.9, 0.02)),
    )
    lines = shown(monkeypatch, capsys, *rows)
    assert max(map(len, lines)) <= 100
    assert " ".join(lines[0].split()) == "metric of value H(c) 95 % interval n"
    for whole in (
        "real-label-information",
        "code-factors:",
        "  images=generated",
        "0.9500 … 0.9700",
        "0.8900 … 0.9100",
        "0.90 (0.89 … 0.91)",
        "10,000",
    ):
        assert whole in "\n".join(lines)


def test_counts_of_many_classes_are_left_to_the_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"person {number}" for number in range(200)]
    many = {"class_names": names, "confusion": [[1] * 200] * 2}
    found = result("cluster-acc", "kind", 0.02, **(matching("separate rows") | many))
    lines = shown(monkeypatch, capsys, found)
    assert lines[-1] == "counts of 200 classes are too wide for a table: see --json"
    assert max(map(len, lines)) <= 100


def test_without_intervals_a_matching_has_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = {"many_to_one_low": None, "many_to_one_high": None}
    found = result("cluster-acc", "kind", 0.96, **(matching("separate rows") | ends))
    assert any(line.endswith("accuracy 0.9600") for line in shown(monkeypatch, capsys, found))


def test_what_was_found_on_the_way_to_the_images_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = {"name": "pets", "notes": ["images in neither split: \x1b[31mval"]}
    print_results(Document(subject={}, data=data, environment={}, results=()))
    assert capsys.readouterr().out.splitlines()[-1] == (
        r"pets: images in neither split: \x1b[31mval"
    )


@pytest.mark.parametrize("columns", ["1", "30", "40", "60", "80", "120"])
def test_no_number_is_cut_in_a_narrow_console(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    row = result("downstream-accuracy-at-1000", "a code", 0.123456, **above(0.123456, 0.05))
    print_results(Document(subject={}, data={}, environment={}, results=(row,)))
    text = capsys.readouterr().out
    for part in ("0.1235", "0.1135 … 0.1335", "0.0500", "10,000"):
        assert part in text
    if int(columns) >= 40:
        assert max(map(len, text.splitlines())) <= int(columns)
    assert column(text.splitlines(), "metric", "of") == [row["metric"]]
    assert "…" not in text.replace(" … ", "")


def column(lines: list[str], head: str, following: str) -> list[str]:
    """The cells of a column of the first table, put together again, without spaces."""
    start, end = lines[0].index(head), lines[0].index(following)
    cells: list[str] = []
    for line in lines[1:]:
        if not line.strip():
            break
        part = "".join(line[start:end].split())
        if any(letter.isdigit() for letter in line[end:]):  # a row begins
            cells.append(part)
        else:
            cells[-1] += part
    return cells


LONG = [f"{'a description of the image in words, '}continuous_{number}" for number in (1, 2)]


@pytest.mark.parametrize("columns", ["40", "60", "80", "120", None])
def test_rows_with_long_names_can_be_told_apart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str | None
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    rows = tuple(result("mi-own", name, 0.5 + place) for place, name in enumerate(LONG))
    print_results(Document(subject={}, data={}, environment={}, results=rows))
    text = capsys.readouterr().out
    if columns is None:
        lines = text.splitlines()
        assert len(lines) == 3
        assert all(name in line for name, line in zip(LONG, lines[1:], strict=True))
    else:
        assert max(map(len, text.splitlines())) <= int(columns)
        assert column(text.splitlines(), "of", "value") == ["".join(name.split()) for name in LONG]
        for place in (0, 1):
            assert f"{0.5 + place:.4f} nats" in text


def test_many_classes_stand_in_several_tables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"person of number {number}" for number in range(20)]
    counts = [[1000 + number for number in range(20)], [2000 + number for number in range(20)]]
    many = {"class_names": names, "confusion": counts}
    found = result("cluster-acc", "kind", 0.02, **(matching("separate rows") | many))
    monkeypatch.setenv("COLUMNS", "60")
    print_results(Document(subject={}, data={}, environment={}, results=(found,)))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    cells = [cell for line in lines for cell in line.split()]
    assert all(cells.count(str(number)) == 1 for row in counts for number in row)
    assert sum(line.startswith(" code → class ") for line in lines) > 1


def test_names_are_neither_markup_nor_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["[red]x[/]", ":smile:", "a\x1b[2Jb", "c\u202ed", "e\nf"]
    rows = tuple(result("mi-own", name, 0.5) for name in names)
    text = "\n".join(shown(monkeypatch, capsys, *rows))
    for name in ("[red]x[/]", ":smile:", r"a\x1b[2Jb", r"c\u202ed", "e f"):
        assert f" {name} " in text
    assert "\x1b" not in text
    assert "\u202e" not in text
