"""Which results of two models are compared: named codes, and each factor's best code."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval import evaluation
from infoeval.evaluation.code_matches import matched
from infoeval.results import Result
from tests.evaluation.scoring import store


def result(metric: str, target: str | None, value: float = 0.5, **details: Any) -> Result:
    return Result(metric, target, value, 0.0, 1.0, 0.95, 9, "fraction", True, details=details)


def pair(code: str, factor: str, value: float, measure: str = "nmi", **details: Any) -> Result:
    details |= {"code": code, "factor": factor, "measure": measure, "paired": False}
    return result("code-factors", f"{code} × {factor}", value, **details)


def test_the_best_code_of_each_factor_is_compared_whatever_its_number() -> None:
    first = [
        result("code-factors", None),
        *(pair("code 0", "hue", 0.9), pair("code 0", "size", 0.1)),
        *(pair("code 1", "hue", 0.2), pair("code 1", "size", 0.8)),
    ]
    second = [
        result("code-factors", None),
        *(pair("code 0", "hue", 0.1), pair("code 0", "size", 0.7)),
        *(pair("code 1", "hue", 0.6), pair("code 1", "size", 0.0)),
    ]
    found = [(ours.target, ours.value, theirs.value) for ours, theirs in matched(first, second)]
    assert found == [(None, 0.5, 0.5), ("hue", 0.9, 0.6), ("size", 0.8, 0.7)]
    back = [(ours.target, theirs.value, ours.value) for ours, theirs in matched(second, first)]
    assert back == found


def test_a_factor_that_one_model_lacks_is_left_out() -> None:
    first = [pair("a", "hue", 0.9), pair("a", "size", 0.2)]
    second = [pair("b", "size", 0.7)]
    assert [ours.target for ours, _ in matched(first, second)] == ["size"]


def test_settings_of_a_metric_are_kept_apart() -> None:
    def results(*values: float) -> list[Result]:
        return [
            replace(pair("a", "hue", value), settings={"own": {"bins": number}})
            for number, value in enumerate(values)
        ]

    found = [(a.value, b.value) for a, b in matched(results(0.1, 0.2), results(0.3, 0.4))]
    assert found == [(0.1, 0.3), (0.2, 0.4)]


def test_measures_are_not_mixed() -> None:
    first = [pair("a", "hue", 0.3, "nmi"), pair("b", "hue", 0.9, "spearman")]
    second = [pair("a", "hue", 0.4, "nmi"), pair("b", "hue", 0.5, "nmi")]
    assert [(ours.target, ours.value, theirs.value) for ours, theirs in matched(first, second)] == [
        ("hue", 0.3, 0.5)
    ]
    both = [pair("a", "hue", 0.4, "nmi"), pair("b", "hue", 0.5, "spearman")]
    found = [(ours.target, ours.value, theirs.value) for ours, theirs in matched(first, both)]
    assert found == [("hue, nmi", 0.3, 0.4), ("hue, spearman", 0.9, 0.5)]


def test_the_best_code_is_the_one_furthest_above_chance() -> None:
    """A code of many categories scores high by chance alone."""
    many = pair("many", "hue", 0.6, adjusted={"value": 0.1})
    few = pair("few", "hue", 0.5, adjusted={"value": 0.45})
    ((best, other),) = matched([many, few], [few, many])
    assert best.details["code"] == other.details["code"] == "few"


def test_codes_with_numbers_alone_are_not_the_same_code() -> None:
    names = ["code 0", "code 12, hue", "shape", "code x", None]
    results = [result("cluster-nmi", name) for name in names]
    found = [ours.target for ours, _ in matched(results, results)]
    assert found == ["shape", "code x", None]
    # Codes of a prior have the names that the prior gives them.
    bound = result("mi", "code 0")
    assert [ours.target for ours, _ in matched([bound], [bound])] == ["code 0"]


def test_tables_whose_codes_are_in_another_order_do_not_differ(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    factors = random.normal(size=(300, 3))
    codes = factors + 0.3 * random.normal(size=factors.shape)
    one = store(tmp_path / "one.npz", codes=codes, factors=factors)
    two = store(tmp_path / "two.npz", codes=codes[:, [2, 0, 1]], factors=factors)
    compared = evaluation.compare([one, two], metrics=["code-factors"], replicates=5)
    targets = [each.target for each in compared.differences]
    assert targets[0] is None
    assert len(targets) == 4
    assert not any(target and "×" in target for target in targets)
    for each in compared.differences:
        assert each.difference == pytest.approx(0, abs=1e-12)
        assert each.first > 0.8
