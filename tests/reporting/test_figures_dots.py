from pathlib import Path
from typing import Any

import pytest

from infoeval.reporting.tables import EstimateCell
from tests.reporting.drawn import built, elements, points, texts, width
from tests.reporting.sample import comparison, five_seeds, without_extras

Document = dict[str, Any]


def test_learning_curve_is_of_the_kept_q(document: Document) -> None:
    panels = built(document).learning
    assert [panel.title for panel in panels] == [
        *(f"Learning curve of Q, {code}" for code in ("digit", "slant", "width", "all codes"))
    ]
    longest = max(points(panels[0], "subject"), key=len)
    assert len(longest) == 4  # rounds of width 16; those of width 8 are crosses
    assert "other sizes, rates and inputs of Q" in texts(panels[0])
    assert "not converged" not in texts(panels[0])
    assert "not converged" in texts(panels[2])
    fates = [row[-1] for row in panels[2].table.rows[:6]]
    assert fates == ["abandoned", "abandoned", "kept", "kept", "kept", "kept, not converged"]
    assert [row[0] for row in panels[2].table.rows[:6]] == [100, 200, 400, 800, 1600, 3200]


def test_noise_curve_has_every_level_with_its_interval(document: Document) -> None:
    panel = built(document).noise[0]
    assert len(max(points(panel, "subject"), key=len)) == 5
    first = panel.table.rows[0]
    assert first[0] == 1 / 128
    assert isinstance(first[1], EstimateCell)
    assert first[1].high == pytest.approx((1 - 1 / 128) * 2.3016 + 0.03)
    bars = [path for path in points(panel, "subject") if len(path) == 2 and width(path) == 0]
    assert len(bars) == 5


def test_models_that_lack_a_level_of_noise_have_a_gap(document: Document) -> None:
    for each in document["models"][0]["results"]:
        if each["metric"] == "mi":
            each["details"]["noise"] = each["details"]["noise"][:2]
    panel = built(document).noise[0]
    assert [row[2] is None for row in panel.table.rows] == [False, False, True, True, True]


def test_all_metrics_have_one_figure_and_one_table(document: Document) -> None:
    for model in (document, *document["models"]):
        (jemmig,) = (each for each in model["results"] if each["metric"] == "jemmig")
        jemmig["higher_is_better"] = False
    (figure,) = built(document).metrics
    assert figure.name == "metrics"
    assert [text for text in texts(figure) if text in ("score", "nats", "index")] == [
        *("score", "nats")
    ], "scores share an axis that nats are not on"
    rows = {row[0]: (row[0], *row[2:]) for row in figure.table.rows}
    units = {row[0]: row[1] for row in figure.table.rows}
    assert set(rows) == {
        *("cluster-acc of digit ↑", "cluster-nmi of digit ↑", "cluster-ari of digit ↑"),
        *("mig ↑", "mig (estimator=ksg) ↑", "jemmig ↓", "dci ↑"),
        *("code-factors ↑", "code-factors (images=generated) ↑"),
    }
    assert (units["mig ↑"], units["jemmig ↓"]) == ("fraction", "nats")
    assert units["cluster-ari of digit ↑"] == "index"
    assert {"mig ↑", "jemmig ↓"} <= set(texts(figure))
    assert rows["mig ↑"][2] == EstimateCell(0.021, pytest.approx(0.0084), pytest.approx(0.0357))
    assert rows["dci ↑"][2:4] == (None, None)
    assert rows["mig ↑"][3] == EstimateCell(
        pytest.approx(0.3969, abs=1e-4),
        pytest.approx(0.3764, abs=1e-4),
        pytest.approx(0.4173, abs=1e-4),
    )
    # The accuracy of naming the most frequent class is what chance scores for a matching.
    assert rows["cluster-acc of digit ↑"][2] == EstimateCell(0.1)
    assert [column.name for column in figure.table.columns[2:5]] == [
        *("this run, λ = 1", "this run, λ = 1, chance", "this run, λ = 1, adjusted for chance")
    ]
    assert "chance" in texts(figure)


def test_each_metric_has_its_definition_or_its_paper(document: Document) -> None:
    document["definitions"] = {"mig": "the gap between the two best codes"}
    (figure,) = built(document).metrics
    hints = dict(zip((row[0] for row in figure.table.rows), figure.table.hints, strict=True))
    assert hints["mig ↑"] == hints["mig (estimator=ksg) ↑"] == "the gap between the two best codes"
    (dci,) = (each for each in document["results"] if each["metric"] == "dci")
    assert hints["dci ↑"] == dci["reference"]


def test_metrics_without_null_have_no_band(document: Document) -> None:
    for model in (document, *document["models"]):
        for each in model["results"]:
            for name in ("null", "adjusted"):
                each["details"].pop(name, None)
        model["results"] = [r for r in model["results"] if r["metric"] != "cluster-acc"]
    (figure,) = built(document).metrics
    assert "chance" not in texts(figure)
    assert len(figure.table.columns) == 4


def test_every_seed_has_a_row(tmp_path: Path) -> None:
    fraction, _, nats = built(five_seeds(tmp_path)).seeds
    names = ["seed 0", "seed 1", "seed 2", "seed 3", "seed 4", "λ = 0, seed 0"]
    mean, *rows = fraction.table.rows
    assert mean[0] == "Mean of five seeds"
    assert [row[0] for row in rows] == names
    assert fraction.table.columns[1].name == "cluster error of digit (lower is better)"
    assert fraction.table.columns[1].kind == "percent"
    error = rows[2][1]
    assert error == EstimateCell(
        pytest.approx(0.41), pytest.approx(0.41 - 0.0045), pytest.approx(0.41 + 0.0047)
    )
    assert "information of digit" in [column.name for column in nats.table.columns]
    assert "median of the seeds" in texts(nats)


def test_only_seeds_have_a_figure_of_seeds(document: Document, tmp_path: Path) -> None:
    assert not built(document).seeds
    assert not built(comparison(tmp_path)).seeds


def test_differences_stand_around_zero(tmp_path: Path) -> None:
    document = comparison(tmp_path)
    fraction, nats = built(document).differences
    assert nats.table.columns[2].name == "minus Narrow"
    assert nats.table.rows[0][:2] == ("mi", "digit")
    assert fraction.table.rows[0][:2] == ("cluster-acc", "digit")
    assert nats.table.rows[0][2] == EstimateCell(
        pytest.approx(0.1996), pytest.approx(0.1796), pytest.approx(0.2196)
    )
    assert {"minus Narrow", "minus Short training"} <= set(texts(fraction))
    (zero,) = [path for path in points(nats, "ink") if len(path) == 2]
    assert width(zero) == 0


def test_differences_by_several_settings_have_rows_of_their_own(tmp_path: Path) -> None:
    document = comparison(tmp_path)
    mig = next(each for each in document["differences"] if each["metric"] == "mig")
    other = mig | {"options": "estimator=ksg", "difference": 0.07, "low": 0.06, "high": 0.08}
    result = next(each for each in document["results"] if each["metric"] == "mig")
    settings = result.get("settings", {}) | {"own": {"estimator": "ksg"}}
    document["results"].append(result | {"settings": settings})
    document["differences"] = [mig, other]
    (figure,) = built(document).differences
    assert [(row[0], row[2]) for row in figure.table.rows] == [
        ("mig", EstimateCell(mig["difference"], mig["low"], mig["high"])),
        ("mig (estimator=ksg)", EstimateCell(0.07, 0.06, 0.08)),
    ]
    assert {"mig", "mig (estimator=ksg)"} <= set(texts(figure))


def test_difference_that_may_be_none_is_hollow(tmp_path: Path) -> None:
    document = comparison(tmp_path)
    document["differences"] = document["differences"][:1]

    def hollow() -> int:
        (figure,) = built(document).differences
        fills = [e.get("style", "") for e in elements(figure, "use")]
        return sum("fill: var(--card)" in style for style in fills)

    assert hollow() == 0
    document["differences"][0] |= {"low": -0.1}
    assert hollow() == 1


def test_intervals_are_drawn_from_end_to_end(document: Document) -> None:
    bare = without_extras(document)
    mig = next(r for r in document["results"] if r["metric"] == "mig")
    wide = mig | {"value": 0.5, "low": 0.1, "high": 0.9, "details": {}}
    narrow = mig | {"metric": "sap", "value": 0.5, "low": 0.45, "high": 0.55, "details": {}}
    bare["results"] = [wide, narrow]
    (figure,) = built(bare).metrics
    first, second = (width(path) for path in points(figure, "subject") if len(path) == 2)
    assert first / second == pytest.approx(8, rel=1e-2)
