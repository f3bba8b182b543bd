import copy
from pathlib import Path
from typing import Any

import pytest

from infoeval.reporting.figures.confusion import code_order
from infoeval.reporting.tables import EstimateCell
from infoeval.results.result_details import Clustering
from tests.reporting.drawn import built, cells, elements, points, texts, width
from tests.reporting.sample import CODES, MATCHING, confusion, five_seeds, without_extras

Document = dict[str, Any]


def clustering(counts: list[list[int]], matching: list[int], names: list[str]) -> Clustering:
    rows = tuple(tuple(row) for row in counts)
    return Clustering(confusion=rows, matching=tuple(matching), class_names=tuple(names))


def confused(
    document: Document, counts: list[list[int]], matching: list[int], names: list[str]
) -> Document:
    """Return a document of one confusion matrix."""
    bare = without_extras(document)
    found = next(r for r in document["results"] if r["metric"] == "cluster-acc")
    found["details"] |= {"confusion": counts, "matching": matching, "class_names": names}
    return bare | {"results": [found]}


def test_code_order_follows_the_matched_classes() -> None:
    clusters = clustering([[0, 0, 5], [4, 0, 0], [1, 1, 1], [0, 6, 0]], [2, 0, -1, 1], ["a"] * 3)
    assert code_order(clusters) == [1, 3, 0, 2]


def test_confusion_shows_shares_of_each_class(document: Document) -> None:
    (found,) = built(confused(document, [[1, 30], [3, 10]], [1, 0], ["cat", "$dog$"])).confusions
    written = texts(found.figure)
    assert {"75", "25", "code 1", "code 0", "cat", "$dog$"} <= set(written)
    assert written.index("code 1") < written.index("code 0")
    assert written.count("75") == written.count("25") == 2
    opacities = [opacity for _, _, opacity in cells(found.figure)]
    assert opacities == pytest.approx([0.75, 0.25, 0.25, 0.75], abs=0.01)


def test_class_without_images_is_no_division_by_zero(document: Document) -> None:
    (found,) = built(confused(document, [[5, 0], [0, 0]], [0, 1], ["a", "b"])).confusions
    assert "100" in texts(found.figure)
    assert len(cells(found.figure)) == 1


def test_confusion_tables_are_in_hungarian_and_in_raw_order(document: Document) -> None:
    (found,) = built(document).confusions
    counts = confusion(0.0588)
    raw = [(f"code {code}", str(MATCHING[code]), *counts[code]) for code in range(10)]
    assert found.raw_figure.table.rows == tuple(raw)
    assert found.figure.table.rows == tuple(raw[MATCHING.index(cls)] for cls in range(10))


def test_raw_order_has_a_map_of_its_own(document: Document) -> None:
    (found,) = built(confused(document, [[1, 30], [3, 10]], [1, 0], ["cat", "dog"])).confusions
    written = texts(found.raw_figure)
    assert written.index("code 0") < written.index("code 1")
    opacities = [opacity for _, _, opacity in cells(found.raw_figure)]
    assert opacities == pytest.approx([0.25, 0.75, 0.75, 0.25], abs=0.01)
    assert found.raw_figure.name != found.figure.name
    assert found.raw_figure.title != found.figure.title


def test_every_seed_has_its_confusion_table(tmp_path: Path) -> None:
    (found,) = built(five_seeds(tmp_path)).confusions
    assert len(found.others) == 5
    assert "seed 3" in found.others[2].title
    assert found.others[1].rows[0][2] == confusion(0.41)[MATCHING.index(0)][0]


def test_unmatched_codes_come_last(document: Document) -> None:
    counts = [[0, 9], [2, 1], [8, 0]]
    (found,) = built(confused(document, counts, [1, -1, 0], ["cat", "dog"])).confusions
    names = [row[:2] for row in found.figure.table.rows]
    assert names == [("code 2", "cat"), ("code 0", "dog"), ("code 1", "none")]


def test_factors_have_a_map_for_each_setting(document: Document) -> None:
    real, generated = built(document).factors
    assert "images=generated" in generated.title
    assert real.title != generated.title
    pairs = {(row[0], row[1]): row for row in real.table.rows}
    assert len(pairs) == 12
    first = pairs["digit", "class"]
    assert first[2:4] == ("NMI", "yes")
    assert isinstance(first[4], EstimateCell)
    assert first[6] == EstimateCell(0.01, 0.004, pytest.approx(0.017))
    frames = [
        path for path in elements(real, "path") if "stroke-width: 2.4" in path.get("style", "")
    ]
    assert len(frames) == 3
    for row in real.table.rows:
        assert isinstance(row[4], EstimateCell)
        assert f"{row[4].value:.2f}" in texts(real)


def test_pairs_that_chance_could_give_are_grey(document: Document) -> None:
    for each in document["results"]:
        real = "own" not in each["settings"]
        if real and each["target"] in ("digit × slant", "slant × height"):
            each["details"] |= {"p": 0.4, "nmi": 0.125}
    figure = built(document).factors[0]
    soft = [t for t in elements(figure, "text") if "var(--soft)" in t.get("style", "")]
    assert len(soft) == 2
    assert "Grey numbers: not above chance." in figure.caption
    assert "Grey" not in built(document).factors[1].caption
    names = [column.name for column in figure.table.columns[6:]]
    whose = ", this run, λ = 1"
    assert names == [f"{n}{whose}" for n in ("Chance", "Adjusted for chance", "p", "NMI")]
    row = next(row for row in figure.table.rows if row[:2] == ("digit", "slant"))
    assert row[8:] == (0.4, 0.125)


def test_grey_numbers_can_be_read_on_a_strong_colour(document: Document) -> None:
    for each in document["results"]:
        if "own" not in each["settings"] and each["target"] == "digit × slant":
            each["details"] |= {"p": 0.4}
            each |= {"value": 0.87, "low": 0.8, "high": 0.9}
    number = next(t for t in elements(built(document).factors[0], "text") if t.text == "0.87")
    assert "var(--on-strong)" in number.get("style", "")
    assert "opacity: 0.75" in number.get("style", "")


def test_many_factors_are_rows(document: Document) -> None:
    pair = next(r for r in document["results"] if r["metric"] == "code-factors" and r["target"])
    bare = without_extras(document) | {"results": []}
    for number in range(30):
        each = copy.deepcopy(pair)
        each["details"] |= {"factor": f"attribute {number}"}
        bare["results"].append(each)
    (figure,) = built(bare).factors
    assert figure.height > figure.width
    assert len(cells(figure)) == 30


@pytest.mark.parametrize(("size", "written"), [(20, True), (22, False), (40, False)])
def test_map_fits_on_a_page_of_paper(document: Document, size: int, written: bool) -> None:
    names = [f"class {number}" for number in range(size)]
    counts = [[10] * size for _ in range(size)]
    (found,) = built(confused(document, counts, list(range(size)), names)).confusions
    assert found.figure.width <= 17 / 2.54 * 96 * 10.5 / 8
    assert (texts(found.figure).count(f"{100 / size:.0f}") >= size**2) == written


def test_factors_without_a_value_leave_their_cell_empty(document: Document) -> None:
    for each in document["results"]:
        if each["target"] == "digit × slant":
            each["value"] = None
    figure = built(document).factors[0]
    assert len(cells(figure)) == 11
    assert "nan" not in texts(figure)


def test_leakage_under_chance_is_grey(document: Document) -> None:
    (figure,) = built(document).leakage
    soft = [t.text for t in elements(figure, "text") if "var(--soft)" in t.get("style", "")]
    assert soft == ["0.00", "0.00"]
    by_pair = {(row[0], row[1]): row for row in figure.table.rows}
    assert by_pair["slant", "width"][2:4] == (0.151, 0.151)
    assert by_pair["slant", "width"][-1] == "yes"
    assert by_pair["width", "digit"][-2:] == (0.0007, "no")
    kinds = {column.kind for column in figure.table.columns[2:-1]}
    assert kinds == {"number"}, "with the decimals that chance has"
    assert figure.table.columns[-1].name == "Above chance, this run, λ = 1"
    assert set(by_pair) == {(a, b) for a in CODES for b in CODES}


def test_leakage_columns_of_codes_that_carry_nothing_are_grey(document: Document) -> None:
    (figure,) = built(document).leakage
    assert not [path for path in points(figure, "grid", key="fill") if len(path) in (4, 5)]
    assert "Grey columns" not in figure.caption
    for each in document["results"]:
        if (each["metric"], each["target"]) == ("mi", "width"):
            each |= {"value": 0.004, "low": -0.01, "high": 0.01}
    (figure,) = built(document).leakage
    (ground,) = [path for path in points(figure, "grid", key="fill") if len(path) in (4, 5)]
    assert "Grey columns" in figure.caption
    drawn = [path for path in points(figure, "strong", key="fill") if len(path) in (4, 5)]
    assert max(x for x, _ in ground) >= max(x for path in drawn for x, _ in path), "the last column"
    assert width(ground) == pytest.approx(width(drawn[0]), rel=0.01)


def test_leakage_of_one_code_is_not_drawn(document: Document) -> None:
    for each in document["results"]:
        if "leakage" in each["details"]:
            found = {"names": ["digit"], "matrix": [[2.0]], "chance": [[0.1]], "n": 10}
            each["details"]["leakage"] = found
    assert not built(document).leakage
