import re
from xml.etree import ElementTree

import pytest

from infoeval.report import figures
from infoeval.report.document import Clustering


def clustering(counts: list[list[int]], matching: list[int], names: list[str]) -> Clustering:
    rows = tuple(tuple(row) for row in counts)
    return Clustering(rows, tuple(matching), tuple(names), None, None, None, None)


def texts(drawing: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(drawing).iter("text")]


def paths(drawing: str, colour: str) -> list[list[tuple[float, float]]]:
    """Return the points of every path drawn in a colour of the page."""
    found = []
    for element in ElementTree.fromstring(drawing).iter("path"):
        if f"var(--{colour})" in element.get("style", ""):
            points = re.findall(r"[ML] ([\d.-]+) ([\d.-]+)", element.get("d", ""))
            found.append([(float(x), float(y)) for x, y in points])
    return found


def width(path: list[tuple[float, float]]) -> float:
    return max(x for x, _ in path) - min(x for x, _ in path)


def test_bars_are_as_long_as_their_values() -> None:
    group = figures.BarGroup(
        "digit",
        2.0,
        figures.Bar("λ = 1", 2.0, None, None),
        figures.Bar("λ = 0", 0.5, None, None),
    )
    drawing = figures.bars([group], name="bars", title="bars")
    (mine,) = paths(drawing, "subject")
    (twins,) = paths(drawing, "baseline")
    assert width(mine) / width(twins) == pytest.approx(4, rel=1e-4)
    assert {"λ = 1", "λ = 0", "digit, H(c) 2.00", "2.00", "0.50"} <= set(texts(drawing))


def test_bar_without_a_value_says_so() -> None:
    nothing = figures.Bar("λ = 0", None, None, None)
    group = figures.BarGroup("digit", 2.0, figures.Bar("λ = 1", 1.0, 0.9, 1.1), nothing)
    drawing = figures.bars([group], name="bars", title="bars")
    assert not paths(drawing, "baseline")
    assert any("not measured" in text for text in texts(drawing))


def test_curve_passes_through_its_records_and_gaps_stay_gaps() -> None:
    line = figures.Line((0, 10, 20, 30, 40, 50), (0.0, 1.0, 0.0, None, 1.0, 0.0))
    drawing = figures.curves(line, None, limit=1.0, unit="nats", name="c", title="c")
    (path,) = paths(drawing, "subject")
    assert len(path) == 5
    assert path[0][1] == path[2][1] == path[4][1] > path[1][1] == path[3][1]
    assert path[3][0] - path[2][0] == pytest.approx(2 * (path[1][0] - path[0][0]), rel=1e-4)


def test_long_curve_keeps_its_ends_and_stays_small() -> None:
    steps = tuple(range(100_000))
    line = figures.Line(steps, tuple((step % 7) / 7 for step in steps))
    drawing = figures.curves(line, None, limit=None, unit="loss", name="c", title="c")
    (path,) = paths(drawing, "subject")
    short = figures.Line((0, 99_999), (0.0, 6 / 7))
    ends = paths(
        figures.curves(short, None, limit=None, unit="loss", name="c", title="c"), "subject"
    )[0]
    assert len(path) <= 400
    assert path[0][0] == pytest.approx(ends[0][0], abs=3)
    assert path[-1][0] == pytest.approx(ends[-1][0], abs=3)


def test_early_depths_do_not_flatten_a_curve() -> None:
    line = figures.Line((0, 1, 2, 3), (-500.0, 0.0, 0.3, 0.6))
    drawing = figures.curves(line, None, limit=0.69, unit="nats", name="c", title="c")
    (path,) = paths(drawing, "subject")
    assert path[1][1] - path[3][1] > 30


def test_code_order_follows_the_matched_classes() -> None:
    clusters = clustering([[0, 0, 5], [4, 0, 0], [1, 1, 1], [0, 6, 0]], [2, 0, -1, 1], ["a"] * 3)
    assert figures.code_order(clusters) == [1, 3, 0, 2]


def test_confusion_shows_shares_of_each_class() -> None:
    clusters = clustering([[1, 30], [3, 10]], [1, 0], ["cat", "$dog$"])
    drawing = figures.confusion(clusters, [1, 0], name="m", title="m")
    found = texts(drawing)
    assert {"75", "25", "code 1", "code 0", "cat", "$dog$"} <= set(found)
    assert found.index("code 1") < found.index("code 0")
    assert found.count("75") == found.count("25") == 2


def test_class_without_images_is_no_division_by_zero() -> None:
    clusters = clustering([[5, 0], [0, 0]], [0, 1], ["a", "b"])
    drawing = figures.confusion(clusters, [0, 1], name="m", title="m")
    assert "100" in texts(drawing)
    assert "nan" not in drawing


def test_names_are_written_as_they_are() -> None:
    name = "<b>$\\frac{$ & 数字"
    line = figures.Line((0, 1), (0.0, 1.0))
    drawing = figures.curves(line, None, limit=None, unit="loss", name="c", title=name)
    assert name in texts(drawing)
    assert ElementTree.fromstring(drawing).get("aria-label") == name
