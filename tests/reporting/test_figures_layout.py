"""Whatever a document holds, its drawings can be read: nothing is cut off, no labels overlap."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Drawing
from matplotlib.transforms import Bbox

from infoeval.reporting.figure import Figure, drawn
from infoeval.reporting.figures import Figures
from infoeval.reporting.svg import COLOURS, inline
from tests.reporting.crowd import crowd
from tests.reporting.drawn import built
from tests.reporting.sample import comparison, five_seeds, sample

Document = dict[str, Any]
SLACK = 1.0  # points


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    return built(crowd(tmp_path_factory.mktemp("crowd")))


def boxes(drawing: Drawing) -> Iterator[Bbox]:
    """Yield the boxes of all texts but those of ticks outside the axes' limits."""
    for axes in drawing.axes:
        labels = [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for text in (*labels, *ticks(axes, "x"), *ticks(axes, "y")):
            if text.get_text():
                yield text.get_window_extent()
    for legend in drawing.legends:
        yield legend.get_window_extent()


def ticks(axes: Axes, which: str) -> list[Any]:
    axis, limits = (axes.xaxis, axes.get_xlim()) if which == "x" else (axes.yaxis, axes.get_ylim())
    low, high = sorted(limits)
    return [
        tick.label1
        for tick in axis.get_major_ticks()
        if tick.label1.get_text() and low <= tick.get_loc() <= high
    ]


def check(figure: Figure) -> None:
    with drawn(figure, COLOURS) as drawing:
        assert isinstance(drawing.canvas, FigureCanvasSVG)
        width, height = drawing.bbox.size
        for box in boxes(drawing):
            assert box.x0 > -SLACK, figure.name
            assert box.y0 > -SLACK, figure.name
            assert box.x1 < width + SLACK, figure.name
            assert box.y1 < height + SLACK, figure.name
        for legend in drawing.legends:
            top = max(axes.get_window_extent().y1 for axes in drawing.axes)
            assert legend.get_window_extent().y0 > top, figure.name
        for axes in drawing.axes:
            found = [text.get_window_extent() for text in ticks(axes, "y")]
            found.sort(key=lambda box: box.y0)
            assert all(a.y1 < b.y0 + 3 * SLACK for a, b in pairwise(found)), figure.name
            found = [text.get_window_extent() for text in ticks(axes, "x")]
            found.sort(key=lambda box: box.x0)
            assert all(a.x1 < b.x0 + SLACK for a, b in pairwise(found)), figure.name


def one_of_each(found: Figures) -> list[Figure]:
    """Return the first figure of each section."""
    return list({each.name.partition("-")[0]: each for each in found.figures()[::-1]}.values())


@pytest.mark.parametrize("make", [sample, five_seeds, comparison])
def test_nothing_is_cut_off_and_no_labels_overlap(make: Any, tmp_path: Path) -> None:
    for figure in one_of_each(built(make(tmp_path))):
        check(figure)


def test_nothing_is_cut_off_and_no_labels_overlap_in_a_crowd(crowded: Figures) -> None:
    for figure in one_of_each(crowded):
        check(figure)


def frame(figure: Figure) -> tuple[float, ...]:
    """Return left end, right end, top and bottom of the axes as the page has them."""
    with drawn(figure, COLOURS, legend=False) as drawing:
        (axes,) = drawing.axes
        box, whole = axes.get_window_extent(), drawing.bbox
        return box.x0, whole.x1 - box.x1, whole.y1 - box.y1, box.y0


@pytest.mark.parametrize("make", [sample, comparison])
def test_panels_have_frames_alike(make: Any, tmp_path: Path) -> None:
    found = built(make(tmp_path))
    frames = [frame(panel) for panel in (*found.learning, *found.noise, *found.training)]
    assert len(frames) == 13
    assert all(each == pytest.approx(frames[0]) for each in frames)


def test_long_numbers_move_the_left_end_of_a_frame_only(document: Document) -> None:
    plain = frame(built(document).training[-1])
    losses = document["history"]["discriminator_loss"]
    document["history"]["discriminator_loss"] = [-1.25e15 * abs(loss) for loss in losses]
    document["history"]["step"] = [step * 10**6 for step in document["history"]["step"]]
    document["models"] = []
    panel = built(document).training[-1]
    left, *rest = frame(panel)
    assert left > plain[0] + 10
    assert rest == pytest.approx(plain[1:])
    check(panel)


def test_crowded_figures_stay_of_a_size(crowded: Figures) -> None:
    (confusion,) = crowded.confusions
    assert len(inline(confusion.figure).encode()) < 300_000
    assert max(figure.width for figure in crowded.figures()) < 900
    assert all(len(column.name) for table in crowded.tables() for column in table.columns)


def test_models_of_the_same_long_path_have_different_names(crowded: Figures) -> None:
    with drawn(crowded.information[0], COLOURS) as drawing:
        labels = [tick.get_text() for axes in drawing.axes for tick in ticks(axes, "y")]
    named = [label for label in labels if label.startswith("runs/")]
    assert len(set(named)) == 9
    assert len(named) == 9 * 12


def test_one_code_one_model_and_huge_numbers_are_drawn(document: Document) -> None:
    document["models"] = []
    document["codes"] = document["codes"][:1]
    results = [r for r in document["results"] if r["target"] in (None, "digit")]
    for each in results:
        if each["metric"] == "jemmig":
            each |= {"value": 1e15, "low": None, "high": 3e15, "unit": "ms$^2$"}
        if each["metric"] == "dci":
            each |= {"value": -1e-12, "low": -1e-12, "high": None}
    document["results"] = results
    for figure in one_of_each(built(document)):
        check(figure)


def test_drawing_of_a_negative_bound_keeps_zero_in_sight(document: Document) -> None:
    document["results"] = [r for r in document["results"] if r["metric"] == "mi-own"]
    for each in document["results"]:
        each |= {"value": -30.0, "low": -31.0, "high": -29.0}
    (figure,) = built(document).information
    check(figure)
    assert "−30.00" in inline(figure)
