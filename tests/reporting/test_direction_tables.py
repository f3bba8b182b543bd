"""The tables of directions on a page."""

from typing import Any

from infoeval.reporting.direction_tables import directions
from infoeval.reporting.markdown_report import markdown
from infoeval.reporting.tables import EstimateCell
from infoeval.results import Document
from tests.reporting.made_up import document

CHANGES = [
    {"kind": "factors", "attribute": "age", "value": 0.8, "low": 0.7, "high": 0.9},
    {"kind": "factors", "attribute": "hair", "value": -0.2, "low": -0.3, "high": -0.1},
    {"kind": "image statistics", "attribute": "mass", "value": 0.1, "low": 0.0, "high": 0.2},
]


def result(metric: str, target: str, value: float, low: float, high: float, **details: Any) -> Any:
    return {
        "metric": metric, "target": target, "value": value, "low": low, "high": high,
        "level": 0.95, "n": 100, "unit": "deviations", "higher_is_better": True,
        "details": details,
    }  # fmt: skip


def sample(low: float = 0.7) -> dict[str, Any]:
    return document(
        result("mi", "young", 1.2, 1.1, 1.3, entropy=1.4),
        result(
            "direction-change", "young", 0.8, low, 0.9, attribute="age", kind="factors",
            dependency_mean=0.25, dependency_max=0.25, changes=CHANGES,
            linearity={"value": 0.9, "low": 0.8, "high": 1.0},
        ),
        result(
            "direction-reach", "young", 3, 2, 4, chance=0.95,
            shares=[{"step": 2, "value": 0.9, "low": 0.8, "high": 1.0}],
        ),
    )  # fmt: skip


def test_a_row_a_direction_and_a_table_a_kind() -> None:
    ranking, factors, statistics = directions(Document.for_page(sample()))
    (row,) = ranking.rows
    assert row[:3] == ("young", EstimateCell(1.2, 1.1, 1.3), "age")
    assert row[4:6] == (0.25, 0.25)
    assert row[7] == EstimateCell(3, 2, 4)
    assert [column.name for column in factors.columns] == ["Direction", "age", "hair"]
    assert factors.rows == (("young", EstimateCell(0.8, 0.7, 0.9), EstimateCell(-0.2, -0.3, -0.1)),)
    assert [column.name for column in statistics.columns] == ["Direction", "mass"]
    assert "Directions by their nats" in markdown(sample())


def test_a_change_that_may_be_none_is_not_named() -> None:
    ranking, *_ = directions(Document.for_page(sample(low=-0.1)))
    assert ranking.rows[0][2:7] == ("nothing measured", None, None, None, None)
    assert ranking.rows[0][7] == EstimateCell(3, 2, 4)


def test_other_pages_have_no_such_tables() -> None:
    assert directions(Document.for_page(document())) == ()
