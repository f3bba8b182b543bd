"""References on the user's own table: what known codes score, and which metrics are marked."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from infoeval import evaluation
from infoeval.evaluation import pages
from infoeval.evaluation.code_table import CodeTable
from infoeval.evaluation.inputs import Inputs
from infoeval.evaluation.known_codes import reference_scores, untrusted
from infoeval.evaluation.options import Options
from infoeval.evaluation.report_files import read_metrics
from infoeval.evaluation.requests import Request
from infoeval.metrics import all_metrics, find
from infoeval.metrics.stats.reference_codes import reference_tables
from infoeval.results import Document, Result
from infoeval.subjects.subject import Rows
from tests.evaluation.scoring import store

CHEAP = [metric.name for metric in all_metrics("table", "interventions") if not metric.costly]
KNOWN = {"noise", "rotated", "twice", "exact as here", "exact"}
Array = NDArray[np.float64]


def normal(correlation: float, n: int = 3_000, count: int = 5, seed: int = 0) -> Array:
    random = np.random.default_rng(seed)
    cause, own = random.normal(size=(n, 1)), random.normal(size=(n, count))
    return np.asarray(math.sqrt(correlation) * cause + math.sqrt(1 - correlation) * own)


def table_of(factors: Array, type_: str = "continuous", **parts: Any) -> CodeTable:
    frame = pd.DataFrame(factors)
    width = factors.shape[1]
    return CodeTable(Rows(frame, frame), ["continuous"] * width, [type_] * width, **parts)


def marked(factors: Array, names: list[str], type_: str = "continuous") -> dict[str, str]:
    """Why each number of some metrics is marked, where it is."""
    table, reasons = table_of(factors, type_), {}
    for name in names:
        for metric, known in reference_scores(table, Options(), Request(name)).items():
            if doubt := untrusted(known):
                reasons[metric] = doubt
    return reasons


# What is marked.


@pytest.mark.parametrize("name", ["code-factors", "explicitness", "irs"])
def test_metrics_that_praise_the_common_cause_are_marked(name: str) -> None:
    reason = marked(normal(0.8), [name])[name]
    assert reason.startswith("codes that all equal the factors' common cause score ")
    assert ", noise " in reason


@pytest.mark.parametrize("name", ["sap", "med-disentanglement", "infomec-modularity"])
def test_metrics_that_underrate_exact_codes_are_marked(name: str) -> None:
    reason = marked(normal(0.8), [name.partition("-")[0]])[name]
    assert reason.startswith("exact codes score ")


@pytest.mark.slow
def test_nothing_is_marked_where_factors_are_independent() -> None:
    assert marked(normal(0.0), CHEAP) == {}


@pytest.mark.parametrize("count", [2, 3])
def test_nothing_is_marked_where_few_factors_are_independent(count: int) -> None:
    assert marked(normal(0.0, count=count), ["code-factors", "explicitness", "irs"]) == {}


def test_sap_of_many_classes_is_marked_and_of_them_alone() -> None:
    """A linear classifier of one number tells two or three classes apart, not ten.

    Nor are classes linear in their number, as a linear regression on it would have them.
    """
    random = np.random.default_rng(0)
    factors = random.integers(0, [4, 8, 10], size=(3_000, 3)).astype(float)
    found = marked(factors, CHEAP, "discrete")
    assert set(found) == {"sap", "mcc-r2-linear"}
    assert re.fullmatch(
        r"exact codes of independent factors score 0.[34]\d and exact codes score 0.[34]\d, "
        r"noise 0.0\d",
        found["sap"],
    )


def known(**scores: float) -> dict[str, float]:
    return {name.replace("_", " "): value for name, value in scores.items()}


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        (known(noise=0, common_cause=0.5, exact=1, exact_as_here=0.5), ""),
        (known(noise=0.5, common_cause=0.75, exact=1, exact_as_here=0.75), ""),
        (
            known(noise=0.5, common_cause=0.76, exact=1, exact_as_here=1),
            "codes that all equal the factors' common cause score 0.76, noise 0.50",
        ),
        (
            known(noise=0.5, exact=0.7, exact_as_here=0.74),
            "exact codes of independent factors score 0.70 and exact codes score 0.74, noise 0.50",
        ),
        (known(noise=1, common_cause=1, exact=1), ""),
        (known(common_cause=1, exact=0), ""),
        ({}, ""),
    ],
)
def test_half_of_the_range_from_noise_to_the_best_decides(
    scores: dict[str, float], reason: str
) -> None:
    assert untrusted(scores) == reason


# What is scored.


@pytest.mark.parametrize("name", ["mig", "sap", "explicitness", "beta-vae"])
def test_references_are_the_metrics_own_scores_of_known_codes(name: str) -> None:
    factors = normal(0.6, 400, 3)
    found = reference_scores(table_of(factors), Options(seed=3), Request(name))
    tables = reference_tables(
        [pd.DataFrame(factors)], factor_types=["continuous"] * 3, width=3, seed=3
    )
    for codes, reference in tables.items():
        score = find(name).function(
            reference.codes[0],
            reference.factors[0],
            factor_types=["continuous"] * 3,
            seed=3,
            replicates=0,
        )
        (first, *_) = found.values()
        if codes == "noise":  # the mean of this draw and of two more
            assert abs(first[codes] - score.value) < 0.3
        else:
            assert first[codes] == score.value


def test_every_number_of_a_metric_has_its_references() -> None:
    found = reference_scores(table_of(normal(0.0, 300, 2)), Options(), Request("infomec"))
    assert set(found) == {"infomec-modularity", "infomec-compactness", "infomec-explicitness"}
    assert all(set(scores) == KNOWN for scores in found.values())


def test_rows_to_fit_on_and_to_score_are_the_tables() -> None:
    """Of two sets of rows, the metric is given both, and its score differs from that of one."""
    fit, scored = pd.DataFrame(normal(0.0, 900, 2, 1)), pd.DataFrame(normal(0.0, 200, 2, 2) + 4)
    types = ["continuous"] * 2
    parts = {"fit": Rows(fit, fit), "scored": Rows(scored, scored)}
    table = CodeTable(parts["scored"], types, types, **parts)
    found = reference_scores(table, Options(), Request("explicitness"))
    by_hand = find("explicitness").function(
        fit, fit, test=(scored, scored), factor_types=types, replicates=0
    )
    assert found["explicitness"]["exact as here"] == by_hand.value


def test_settings_of_the_metric_apply_to_its_references() -> None:
    random = np.random.default_rng(0)
    table = table_of(random.integers(0, 8, size=(2_000, 2)).astype(float), "discrete")
    plain, free = (
        reference_scores(table, Options(), Request("sap", settings))["sap"]["exact"]
        for settings in ({}, {"preset": "scale-free"})
    )
    assert plain < 0.6
    assert free > 0.8


def test_exact_codes_are_categorical_where_the_table_has_a_categorical_code() -> None:
    """Ten classes: a category each tells them apart, one number does not."""
    factors = pd.DataFrame(np.random.default_rng(0).integers(0, 10, size=(1_000, 2)))
    for code_types, low, high in (
        (["continuous", "continuous"], 0.2, 0.6),
        (["categorical", "continuous"], 0.8, 1.0),
    ):
        table = CodeTable(Rows(factors, factors), code_types, ["discrete"] * 2)
        known = reference_scores(table, Options(), Request("sap"))["sap"]
        assert low < known["exact"] < high


def test_codes_that_a_metric_refuses_have_no_score() -> None:
    """One factor: nothing for beta-vae to tell apart."""
    assert reference_scores(table_of(normal(0.0, 100, 1)), Options(), Request("beta-vae")) == {}


# When.


@pytest.fixture(scope="module")
def codes(tmp_path_factory: pytest.TempPathFactory) -> str:
    factors = normal(0.8, 300, 3)
    noisy = factors + 0.3 * np.random.default_rng(1).normal(size=factors.shape)
    return store(tmp_path_factory.mktemp("codes") / "codes.npz", codes=noisy, factors=factors)


def with_references(document: Document) -> set[str]:
    return {result.metric for result in document.results if "references" in result.details}


def test_score_has_references_when_asked(codes: str) -> None:
    quick: dict[str, Any] = {"metrics": ["code-factors", "mig", "sap"], "replicates": 0}
    plain = evaluation.score(codes, **quick)
    asked = evaluation.score(codes, references=True, **quick)
    assert with_references(plain) == set()
    assert with_references(asked) == {"code-factors", "mig", "sap"}
    assert [result.value for result in asked.results] == [result.value for result in plain.results]
    whole, *pairs = (result for result in asked.results if result.metric == "code-factors")
    assert set(whole.details["references"]) == KNOWN | {"common cause"}
    assert len(pairs) == 9
    assert not any("references" in pair.details for pair in pairs)
    assert whole.typed.references is not None
    assert whole.typed.references.exact_as_here == whole.details["references"]["exact as here"] == 1
    assert whole.details["untrusted"] == whole.typed.untrusted
    assert whole.typed.untrusted.startswith("code-factors: not to be trusted on this table: codes ")


@pytest.mark.parametrize(
    ("references", "found"),
    [(None, {"sap"}), (False, set()), (True, {"sap", "dci-disentanglement", "mig"})],
)
def test_reports_have_references_of_cheap_metrics(
    codes: str, tmp_path: Path, references: bool | None, found: set[str]
) -> None:
    page = pages.report(
        codes,
        tmp_path / "page.html",
        metrics=["sap", "mig:estimator=corrected", "dci"],
        references=references,
        replicates=0,
    )
    document = Document.for_page(read_metrics(pages.metrics_beside(page)))
    scored = with_references(document)
    assert found <= scored
    assert bool(scored) == bool(found)
    assert ("dci-disentanglement" in scored) == ("mig" in scored) == bool(references)


def test_only_the_model_shown_has_references_by_default(
    on_digits: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []
    score: Callable[..., Document] = evaluation.make_report.score_inputs

    def recorded(inputs: Inputs, requests: Any) -> Document:
        asked.append(inputs.page)
        return score(inputs, requests)

    monkeypatch.setattr(evaluation.make_report, "score_inputs", recorded)
    pages.report(on_digits, tmp_path / "page.html", metrics=["mi-own"], samples=100)
    assert asked == [True]


def test_results_without_references_say_so() -> None:
    plain = Result("mig", None, 0.5, None, None, None, 10, "fraction", True)
    assert plain.typed.references is None
    assert plain.typed.untrusted == ""
    other = Result(
        "x", None, 0.5, None, None, None, 10, "fraction", True, details={"references": 3}
    )
    assert other.typed.references is None
