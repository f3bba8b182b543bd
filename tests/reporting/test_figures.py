import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from infoeval.reporting import svg
from infoeval.reporting.figures.curves import _frame, _thin
from infoeval.reporting.svg import inline, key
from infoeval.reporting.tables import EstimateCell
from tests.reporting.drawn import built, elements, points, texts, width
from tests.reporting.sample import comparison, five_seeds, without_extras

Document = dict[str, Any]


def result(document: Document, metric: str, target: str | None) -> Document:
    found = [r for r in document["results"] if (r["metric"], r["target"]) == (metric, target)]
    return found[0]


def filled(document: Document, model: int = 0) -> list[float]:
    """Return the widths of the bars of a model, its paths being the closed ones."""
    colour = ("subject", "baseline")[model]
    (figure,) = built(document).information
    return [width(path) for path in points(figure, colour) if len(path) in (4, 5) and width(path)]


def test_bars_are_as_long_as_their_information(document: Document) -> None:
    mine = [result(document, "mi", name)["value"] for name in ("digit", "slant", "width")]
    lengths = filled(document)
    assert len(lengths) == 3
    for length, value in zip(lengths, mine, strict=True):
        assert length / lengths[0] == pytest.approx(value / mine[0], rel=1e-3)
    twins = filled(document, 1)
    assert twins[1] / lengths[1] == pytest.approx(0.258 / 1.514, rel=0.02)


def test_own_bound_stands_in_for_what_was_not_measured(document: Document) -> None:
    document["results"] = [r for r in document["results"] if r["metric"] != "mi"]
    document["models"] = []
    lengths = filled(document)
    assert lengths[1] / lengths[0] == pytest.approx(1.214 / 2.2996, rel=1e-3)
    (figure,) = built(document).information
    readings = {row[0]: row[1:] for row in figure.table.rows}
    assert readings["headline"][:3] == readings["own Q"][:3]
    assert "Q converged" not in readings
    assert "by the model's own Q" not in texts(figure)


def test_what_has_not_converged_is_hatched_and_said(document: Document) -> None:
    (figure,) = built(document).information
    assert len(elements(figure, "pattern")) == 3  # mine, the baseline's, and the legend's
    assert "Q not converged: may be higher" in texts(figure)
    readings = {(row[0], row[1]): row[2:5] for row in figure.table.rows}
    assert readings["Q converged", "this run, λ = 1"] == ("yes", "yes", "no")
    for each in document["results"]:
        if each["metric"] == "mi":
            each["details"]["converged"] = True
    document["models"] = []
    (converged,) = built(document).information
    assert not elements(converged, "pattern")


def test_what_q_might_still_find_is_dotted_and_nothing_else_is_drawn_there(
    document: Document,
) -> None:
    """A bar near zero whose Q has not converged looks like one, whatever its interval allows."""
    for each in document["models"][0]["results"]:
        if (each["metric"], each["target"]) == ("mi", "digit"):
            each |= {"high": 2.3026}
            each["details"] |= {"converged": False}
    (figure,) = built(document).information
    assert "dotted: what a larger Q or more training might still find" in figure.caption
    dotted = [path for path in points(figure, "soft") if len(path) == 2]
    assert len(dotted) == 3  # the widths, and the baseline's digit
    entropy = max(x for path in points(figure, "subject") for x, _ in path)
    ends = sorted(max(x for x, _ in path) for path in dotted)
    assert ends[0] == pytest.approx(entropy, rel=0.01), "a category has H(c) at most"
    assert ends[1] == ends[2] > ends[0] + 20, "a continuous code has no known end"
    level = [path for path in points(figure, "ink") if {y for _, y in path} == {path[0][1]}]
    assert level
    assert max(width(path) for path in level) < 40, "the legend's own line is the longest"
    for each in (*document["results"], *document["models"][0]["results"]):
        if each["metric"] == "mi":
            each["details"]["converged"] = True
    (converged,) = built(document).information
    assert "dotted" not in converged.caption
    assert not [path for path in points(converged, "soft") if len(path) == 2]


def test_what_was_not_measured_says_so(document: Document) -> None:
    for metric in ("mi", "mi-own"):
        for each in document["models"][0]["results"]:
            if (each["metric"], each["target"]) == (metric, "digit"):
                each["value"] = None
    (figure,) = built(document).information
    assert texts(figure).count(" not measured") == 1
    headline = figure.table.rows[1]
    assert headline[:3] == ("headline", "baseline, λ = 0", None)
    assert headline[3] is not None


def test_nothing_is_drawn_of_what_was_not_measured(document: Document) -> None:
    bare = built(without_extras(document))
    assert [figure.name for figure in bare.figures()] == ["information"]
    assert not built(without_extras(document) | {"results": []}).figures()


def test_seeds_are_dots_and_the_shown_one_is_ringed(tmp_path: Path) -> None:
    (figure,) = built(five_seeds(tmp_path)).information
    assert {"digit, H(c) 2.30", "seed 0 (shown)", "other seeds"} <= set(texts(figure))
    assert not [path for path in points(figure, "subject") if width(path) > 20]
    assert "hollow" in figure.caption
    dotted = [path for path in points(figure, "soft") if len(path) == 2]
    assert len(dotted) == 6, "the width of each model had not converged"
    rings = [
        e
        for e in elements(figure, "use")
        if e.get("style", "").startswith("fill-opacity: 0; stroke: var(--ink)")
    ]
    assert len(rings) == 3
    assert [row[0] for row in figure.table.rows].count("headline") == 6
    assert "slant" in texts(figure), "H(c) is no limit of a continuous code"


def test_seeds_are_compared_by_what_all_of_them_have(tmp_path: Path) -> None:
    document = five_seeds(tmp_path)
    seed = document["models"][1]
    seed["results"] = [r for r in seed["results"] if r["metric"] != "mi"]
    found = built(document)
    assert "each model's own Q" in found.information[0].caption
    (panel,) = [each for each in found.seeds if each.name == "seeds-nats"]
    names = [column.name for column in panel.table.columns]
    mean, *rows = panel.table.rows
    assert mean[0] == "Mean of five seeds"
    values = [row[names.index("information of slant")] for row in rows]
    assert [value.value for value in values if isinstance(value, EstimateCell)] == [
        *(1.214, 1.1, 1.24, 1.0, 0.6, -0.042)
    ]


def test_table_of_information_holds_the_exact_numbers(document: Document) -> None:
    (figure,) = built(document).information
    measured = result(document, "mi", "slant")
    cells = {row[0]: row[2:] for row in figure.table.rows if row[1] == "this run, λ = 1"}
    headline = EstimateCell(measured["value"], measured["low"], measured["high"])
    assert cells["headline"][1] == headline
    assert cells["own Q"][1] == EstimateCell(1.214, pytest.approx(1.21), pytest.approx(1.218))
    assert cells["certified"][1] == measured["details"]["certified"]
    assert cells["read back"][1] == measured["value"], "the diagonal of the leakage"
    assert cells["H(c)"][:3] == (pytest.approx(2.3026, abs=1e-4), None, None)
    assert cells["levels"][:3] == (None, "≈ 4.5", "≈ 3.6"), "e to 1.514 and to 1.282"
    assert cells["noise of σ = 0.125"][1] == EstimateCell(
        pytest.approx(0.875 * 1.514), pytest.approx(1.29475), pytest.approx(1.35475)
    )
    assert all(row[-1] for row in figure.table.rows), "each says what it is"


def test_levels_stand_beside_continuous_codes_alone(document: Document) -> None:
    (figure,) = built(document).information
    found = [text.strip() for text in texts(figure)]
    assert "1.51 ≈ 4.5 levels" in found
    assert "2.30" in found
    dashed = [
        element
        for element in elements(figure, "path")
        if "stroke-dasharray" in element.get("style", "") and "--ink" in element.get("style", "")
    ]
    assert len(dashed) == 2, "of the digit, and the legend's"
    document["codes"] = document["codes"][1:]
    (without,) = built(document).information
    assert "H(c)" not in texts(without)
    assert "H(c)" not in without.caption


def history(document: Document, steps: list[int], values: list[float | None]) -> Document:
    document["history"] = {"step": steps, "information_digit": values}
    document["models"] = []
    return document


def test_curve_passes_through_its_records_and_gaps_stay_gaps(document: Document) -> None:
    steps, values = [0, 10, 20, 30, 40, 50], [0.0, 1.0, 0.0, None, 1.0, 0.0]
    (panel,) = built(history(document, steps, values)).training
    first, second = sorted(points(panel, "subject"), key=len, reverse=True)
    assert (len(first), len(second)) == (3, 2)
    assert first[0][1] == first[2][1] == second[1][1] > first[1][1] == second[0][1]
    gap, step = second[0][0] - first[2][0], first[1][0] - first[0][0]
    assert gap == pytest.approx(2 * step, rel=1e-2)


def test_thin_keeps_the_ends_and_gaps() -> None:
    steps, values = _thin(range(100_000), [None, *([0.5] * 99_998), 2.0], 400)
    assert len(steps) == len(values) == 400
    assert (steps[0], steps[-1], values[-1]) == (0, 99_999, 2.0)
    assert values[0] != values[0]


def test_early_depths_do_not_flatten_a_curve() -> None:
    import numpy as np

    early = np.array([-500.0, 0.0, 0.3, 0.6, np.nan])
    low, high = _frame(early, 0.69, of_code=True)
    assert -1.2 < low < 0
    assert 0.69 < high < 0.9
    low, high = _frame(early, None, of_code=True)
    assert -1.2 < low < 0
    assert 0.6 < high < 0.75
    assert _frame(np.array([-500.0, 0.0]), None, of_code=False)[0] < -500


def test_long_curves_of_many_models_stay_small(tmp_path: Path) -> None:
    document = five_seeds(tmp_path)
    for model in (document, *document["models"]):
        steps = list(range(20_000))
        model["history"] = {"step": steps, "generator_loss": [s % 7 / 7 for s in steps]}
    (panel,) = built(document).training
    assert len(inline(panel).encode()) < 40_000


def test_training_table_has_the_records_of_all_models(document: Document) -> None:
    panel = built(document).training[0]
    assert [column.name for column in panel.table.columns] == [
        *("Step", "this run, λ = 1", "baseline, λ = 0")
    ]
    assert [row[0] for row in panel.table.rows] == list(range(0, 3001, 300))
    mine, twins = (m["history"]["information_digit"] for m in (document, document["models"][0]))
    assert panel.table.rows[3] == (900, mine[9], twins[9])


def test_models_are_told_apart_by_more_than_colour(tmp_path: Path) -> None:
    panel = built(comparison(tmp_path)).training[0]
    assert {"Wide", "Narrow", "Short training"} <= set(texts(panel))
    dashes = {
        element.get("style", "").partition("stroke-dasharray: ")[2].partition(";")[0]
        for element in elements(panel, "path")
        if any(f"var(--{c})" in element.get("style", "") for c in ("model-2", "model-3"))
    }
    assert len(dashes) == 2


def test_key_holds_the_marks_of_all_panels_once(document: Document) -> None:
    found = built(document)
    labels = [mark.label for mark in key("learning", found.learning)]
    models = ["this run, λ = 1", "baseline, λ = 0"]
    assert labels == [*models, "H(c)", "other sizes, rates and inputs of Q", "not converged"]
    marks = key("training", found.training)
    assert [mark.label for mark in marks] == [*models, "H(c)"]
    assert "var(--baseline)" in marks[1].svg
    assert "stroke-dasharray" in marks[1].svg
    losses = key("training", found.training[-2:])
    assert [mark.label for mark in losses] == models
    for each in document["results"]:
        each["details"]["converged"] = True
    document["models"] = []
    labels = [mark.label for mark in key("learning", built(document).learning)]
    assert labels == ["H(c)", "other sizes, rates and inputs of Q"]


def test_panels_have_no_legend_where_a_key_stands_above_them(document: Document) -> None:
    panel = built(document).training[0]
    written = ElementTree.fromstring(inline(panel, legend=False))
    told = {element.text for element in written.iter("text")}
    assert {"digit", "step", "lower bound, nats"} <= told
    assert not told & {"H(c)", "this run, λ = 1", "baseline, λ = 0"}
    assert {"H(c)", "this run, λ = 1", "baseline, λ = 0"} <= set(texts(panel))


@pytest.fixture(scope="module")
def drawings(original: Document) -> dict[str, str]:
    """The drawings of the sample, made once for the tests that only read them."""
    return {figure.name: str(svg.inline(figure)) for figure in built(original).figures()}


def test_same_document_gives_the_same_drawings(
    document: Document, drawings: dict[str, str]
) -> None:
    again = json.loads(json.dumps(document))
    found = built(again).figures()
    assert [figure.name for figure in found] == list(drawings)
    for figure in found[::3]:
        assert inline(figure) == drawings[figure.name]


def test_names_are_there_once_and_refer_to_what_is_there(document: Document) -> None:
    document["codes"][1]["name"] = "digit?"
    for each in document["results"]:
        if each["target"] == "slant":
            each["target"] = "Digit!"
    document["codes"][2]["name"] = "Digit!"
    found = built(document)
    names = [figure.name for figure in found.figures()]
    assert len(set(names)) == len(names)
    tables = [table.name for table in found.tables()]
    assert len(set(tables)) == len(tables)
    for figure in found.figures()[::4]:
        drawing = inline(figure)
        ids = [e.get("id") for e in ElementTree.fromstring(drawing).iter() if e.get("id")]
        assert all(name.startswith(f"{figure.name}-") for name in ids)
        for element in ElementTree.fromstring(drawing).iter():
            target = element.get("href", "#").removeprefix("#")
            assert not target or target in ids


def test_text_is_written_as_it_is(document: Document) -> None:
    name = "<b>$\\frac{$ & 数字"
    document["codes"][0]["name"] = name
    document["history"][f"information_{name}"] = document["history"]["information_digit"]
    panel = built(document).training[0]
    assert name in texts(panel)
    label = ElementTree.fromstring(inline(panel)).get("aria-label")
    assert label == f"Lower bound on the information in {name}"


def test_drawings_leave_their_colours_to_the_page(drawings: dict[str, str]) -> None:
    for drawing in drawings.values():
        assert "#0101" not in drawing
        assert "var(--ink)" in drawing
        assert "<image" not in drawing, "no pixels"
        assert "nan" not in drawing.lower()
        assert "L_I" not in drawing


def test_drawings_do_not_depend_on_matplotlib_settings(
    document: Document, drawings: dict[str, str]
) -> None:
    import matplotlib

    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": True}):
        for figure in built(document).figures()[:3]:
            assert inline(figure) == drawings[figure.name]


def test_set_of_a_model_and_its_baseline_is_lean(drawings: dict[str, str]) -> None:
    sizes = [len(drawing.encode()) for drawing in drawings.values()]
    assert max(sizes) <= 60_000
    assert sum(sizes) <= 350_000


def test_only_drawing_loads_what_is_slow_to_load() -> None:
    code = "import sys, infoeval.reporting; sys.exit('seaborn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
