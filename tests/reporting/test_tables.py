import csv
import io
import re

import pytest

from infoeval.reporting.tables import (
    Cell,
    EstimateCell,
    ReportTable,
    TableColumn,
    csv_table,
    latex_table,
    latex_text,
    markdown_table,
    markdown_text,
    parts,
    written,
)

HOSTILE = "a|b & 50 % of $x_1^2$ #1 {\\input{/etc/passwd}} ~ <script>\n\n\\end{table} [x] *y* `z`"


def table(*rows: tuple[Cell, ...]) -> ReportTable:
    columns = TableColumn("Code"), TableColumn("I, nats", "nats"), TableColumn("n", "count")
    return ReportTable("information", "Information", columns, rows)


def read_back(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_csv_holds_every_number_exactly() -> None:
    value = 0.1 + 0.2
    rows = read_back(csv_table(table(("digit", EstimateCell(value, -1e-17, None), 10_000))))
    assert rows[0] == ["Code", "I, nats", "I, nats low", "I, nats high", "n"]
    assert float(rows[1][1]) == value
    assert float(rows[1][2]) == -1e-17
    assert rows[1][3:] == ["", "10000"]


def test_csv_column_with_one_estimate_is_wide_for_all_rows() -> None:
    rows = read_back(csv_table(table(("a", 1.5, 1), ("b", EstimateCell(2.0, 1.0, 3.0), None))))
    assert {len(row) for row in rows} == {5}
    assert rows[1] == ["a", "1.5", "", "", "1"]
    assert rows[2] == ["b", "2.0", "1.0", "3.0", ""]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_csv_text_is_nothing_to_work_out(start: str) -> None:
    formula = f"{start}HYPERLINK(1)"
    found = ReportTable(
        "t", "T", (TableColumn(formula), TableColumn("n", "number")), ((formula, -2.5),)
    )
    rows = list(csv.reader(io.StringIO(csv_table(found), newline="")))
    assert rows[0][0] == rows[1][0] == f"'{formula}".replace("\r", "\n")
    assert rows[1][1] == "-2.5"


def test_csv_quotes_what_needs_it() -> None:
    text = 'a, "b"\nc'
    assert read_back(csv_table(table((text, None, None))))[1][0] == text


def test_latex_has_no_command_of_the_users() -> None:
    found = ReportTable(
        "t", HOSTILE, (TableColumn(HOSTILE), TableColumn("n", "nats")), ((HOSTILE, -1.0),)
    )
    written = latex_table(found)
    commands = set(re.findall(r"\\([a-zA-Z]+)", written))
    assert commands == {
        *("usepackage", "begin", "end", "centering", "caption", "label"),
        *("toprule", "midrule", "bottomrule", "textbackslash", "textasciicircum"),
        *("textasciitilde", "textless", "textgreater", "textbar", "textasciigrave"),
    }
    assert written.count(r"\end{table}") == 1
    assert r"\textbackslash{}input\{/etc/passwd\}" in written
    assert "$-$1.00" in written


def test_latex_braces_balance_and_specials_are_latex_text() -> None:
    text = latex_text(HOSTILE)
    bare = re.sub(r"\\[{}$&#_%]", "", text)
    assert bare.count("{") == bare.count("}")
    assert not set(re.sub(r"\\text\w+\{\}|\{[\[*-]\}", "", bare)) & set("&%$#_^~<>|`*[\n")


@pytest.mark.parametrize("special", list("\\{}$&#^_~%<>|\"'`[*-"))
def test_latex_escapes_every_special_character(special: str) -> None:
    assert latex_text(special) != special
    assert latex_text(f"a{special}b").startswith("a")


def test_latex_row_that_begins_with_an_option_is_none() -> None:
    lines = latex_table(table(("[1ex] a", None, None), ("* b", None, None))).splitlines()
    assert any(line.strip().startswith("{[}1ex] a &") for line in lines)
    assert any(line.strip().startswith("{*} b &") for line in lines)


def test_latex_long_table_breaks_over_pages() -> None:
    short, long = (table(*((f"c{row}", 1.0, 1) for row in range(n))) for n in (40, 41))
    assert "longtable" not in latex_table(short)
    written = latex_table(long)
    assert written.count(r"\begin{longtable}") == written.count(r"\end{longtable}") == 1
    assert written.count(r"\endhead") == 1
    assert "c40 &" in written


def test_latex_table_has_as_many_cells_in_every_row() -> None:
    body = latex_table(table(("a & b", EstimateCell(1.0, 0.5, 2.0), 3), ("c", None, None)))
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert [len(re.findall(r"(?<!\\)&", row)) for row in rows] == [2, 2, 2]
    assert r"1.00 {\footnotesize (0.50 to 2.00)}" in body


def test_markdown_table_keeps_its_columns() -> None:
    lines = markdown_table(table((HOSTILE, 1.0, 2), ("-1", None, None))).splitlines()
    assert len(lines) == 4
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {4}
    assert lines[1] == "| :--- | ---: | ---: |"


def test_markdown_text_has_no_markup() -> None:
    assert "<" not in re.sub(r"\\<", "", markdown_text(HOSTILE))
    assert markdown_text("[a](b) ![c](d)") == r"\[a\](b) !\[c\](d)"
    assert "\n" not in markdown_text(HOSTILE)


@pytest.mark.parametrize("kind", ["text", "count", "number", "nats", "percent"])
def test_missing_numbers_are_a_dash(kind: str) -> None:
    for cell in (None, EstimateCell(None), EstimateCell(None, 1.0, 2.0)):
        assert parts(cell, kind) == ("–", "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "kind", "expected"),
    [
        (EstimateCell(0.05, 0.04, 0.061), "percent", "5.0 % (4.0 to 6.1 %)"),
        (EstimateCell(-0.5, -1.0, None), "nats", "−0.50 (−1.00 or more)"),
        (EstimateCell(-0.5, None, -0.25), "number", "−0.5000 (−0.2500 or less)"),
        (EstimateCell(0.002, 1e-6, 0.004), "number", "0.0020 (1.0e−06 to 0.0040)"),
        (3000.0, "count", "3,000"),
        (2.5, "count", "2.5000"),
        (EstimateCell(1.0), "nats", "1.00"),
        ("-x", "text", "-x"),
    ],
)
def test_cells_are_written_alike_everywhere(cell: Cell, kind: str, expected: str) -> None:
    assert written(cell, kind) == expected  # type: ignore[arg-type]
