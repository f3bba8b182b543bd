from typing import Any

import pytest

from infoeval.metrics.score import Score

GOOD: dict[str, Any] = {
    "value": 0.5, "low": 0.4, "high": 0.6, "level": 0.95, "n": 10, "unit": "fraction",
}  # fmt: skip


def test_score_is_its_value() -> None:
    assert float(Score(**GOOD)) == 0.5


@pytest.mark.parametrize("limits", [(None, None), (0.5, 0.5), (None, 0.6), (0.4, None)])
def test_interval_may_be_missing_or_a_point(limits: tuple[float | None, float | None]) -> None:
    score = Score(**{**GOOD, "low": limits[0], "high": limits[1]})
    assert (score.low, score.high) == limits


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": float("nan")}, "value is nan"),
        ({"value": float("inf"), "high": None}, "value is inf"),
        ({"low": float("nan")}, "low is nan"),
        ({"high": float("inf")}, "high is inf"),
        ({"low": 0.51}, "low 0.51 is above the value"),
        ({"high": 0.49}, "high 0.49 is below the value"),
        ({"level": None}, "needs its level"),
        ({"level": 95}, "level is 95"),
        ({"level": float("nan")}, "level is nan"),
        ({"n": 0}, "n is 0"),
    ],
)
def test_what_is_no_score(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Score(**{**GOOD, **changes})


def test_score_cannot_be_changed() -> None:
    score = Score(**GOOD)
    with pytest.raises(AttributeError):
        score.value = 1.0  # type: ignore[misc]
