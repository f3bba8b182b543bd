"""`infoeval score` and `infoeval compare`: the numbers of the library, for people and in JSON."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import Result

from infoeval import evaluation
from infoeval.information.budgets import BUDGETS
from infoeval.results import Document
from tests.cli.commands import fails, infoeval, of_json, succeeds
from tests.tiny import TINY_BUDGET, tiny_images

pytestmark = pytest.mark.usefixtures("at_home")


def without_time(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"results": [result | {"seconds": 0} for result in document["results"]]}


def test_scores_are_those_of_the_library() -> None:
    options = {"seed": 4, "level": 0.9, "batch_norm": "running", "device": "cpu"}
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    printed = of_json(succeeds("score", "run/ckpt.pt", "--json", *arguments))
    direct = json.loads(evaluation.score("run/ckpt.pt", **options).to_json())  # type: ignore[arg-type]
    assert without_time(printed) == without_time(direct)
    assert len(printed["results"]) == 10


def test_one_metric_or_two() -> None:
    chosen = ["--metric", "cluster-ari", "--metric", "mi-own"]
    results = of_json(succeeds("score", "run/ckpt.pt", *chosen, "--json"))["results"]
    assert [result["metric"] for result in results] == ["cluster-ari", "mi-own", "mi-own"]


def test_scores_for_people() -> None:
    text = succeeds("score", "run/ckpt.pt", "--level", 0.9, COLUMNS="100").stdout
    results = evaluation.score("run/ckpt.pt", level=0.9, device="cpu").results
    assert "90 % interval" in text
    for result in results:
        assert f"{result.value:.4f}" in text
        assert result.metric in text
    assert "H(c)" in text
    assert "1.3863" in text
    assert "code → class" in text


def test_what_was_skipped_is_said() -> None:
    text = succeeds("score", "run/ckpt.pt", "--data", "unlabelled.npz").stdout
    assert "cluster-acc, cluster-nmi, cluster-ari, real-label-information skipped: " in text


def test_names_in_brackets_are_names(tmp_path: Path) -> None:
    """Code and class names come from other people; the terminal's markup is not theirs to use."""
    images = tiny_images(60)
    names = np.array(["[/bold]", "[red]", "[link=x]", "[[]"])
    np.savez(tmp_path / "marked.npz", images=images.images, labels=names[images.labels])
    text = succeeds("score", "run/ckpt.pt", "--data", tmp_path / "marked.npz").stdout
    assert all(name in text for name in names)

    content = torch.load("run/ckpt.pt", weights_only=True)
    content["trainer"]["codes"]["codes"][0]["name"] = "[/digit]"
    content["trainer"]["code_weights"] = {}
    torch.save(content, tmp_path / "ckpt.pt")
    assert "[/digit]" in succeeds("score", tmp_path / "ckpt.pt").stdout


# Information, at a tiny budget.

MI = ("--metric", "mi", "--budget", "tiny", "--device", "cpu", "--level", 0.9)


@dataclass
class Informed:
    """One model's information: from the library, and as the command tells it in three ways."""

    direct: Document
    for_people: Result
    strict: Result
    strict_json: Result


@pytest.fixture(scope="module")
def informed(home: Path) -> Informed:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setitem(BUDGETS, "tiny", TINY_BUDGET)
        score = ("score", "run/ckpt.pt", *MI)
        return Informed(
            evaluation.score("run/ckpt.pt", metrics=["mi"], budget="tiny", device="cpu", level=0.9),
            infoeval(*score, COLUMNS="100"),
            infoeval(*score, "--strict", COLUMNS="100"),
            infoeval(*score, "--strict", "--json"),
        )


def test_information_is_that_of_the_library(informed: Informed) -> None:
    def steady(document: dict[str, Any]) -> dict[str, Any]:
        for result in document["results"]:
            result["details"].pop("seconds", None)
        return without_time(document)

    printed = of_json(informed.strict_json)
    assert steady(printed) == steady(json.loads(informed.direct.to_json()))


def test_information_for_people_fits_a_hundred_columns(informed: Informed) -> None:
    assert informed.for_people.exit_code == 0
    text = informed.for_people.stdout
    assert max(map(len, text.splitlines())) <= 100
    words = " ".join(text.split())
    for expected in (
        *("90 % interval", "H(c)", "1.3863", "all codes", "mi-synergy", "certified ≥", "converged"),
        *("own Q refitted head post hoc Q", "self-test", "code ↓ predicted as → digit slant"),
        "pixel noise σ 2/255 8/255 32/255 0.25 0.5",
    ):
        assert expected in words
    for result in informed.direct.results:
        assert f"{result.value:.4f}" in text
        if result.high is None:
            assert f"{result.low:.4f} …  " in text


def test_the_limits_of_an_information_are_named(informed: Informed) -> None:
    text = informed.for_people.stdout
    lines = [line.split() for line in text.splitlines()]
    (header,) = (line for line in lines if line[:3] == ["post", "hoc", "Q"])
    assert "highest" in header
    digit, slant = (
        next(line for line in lines[lines.index(header) :] if line[:1] == [name])
        for name in ("digit", "slant")
    )
    assert digit[2] == "1.3863"
    assert slant[2:4] == ["no", "limit"]
    assert "pixels" in digit
    assert "may miss" not in text


def test_strict_ends_with_one_where_q_has_not_converged(informed: Informed) -> None:
    assert informed.strict.stdout == informed.for_people.stdout
    for result in (informed.strict, informed.strict_json):
        assert result.exit_code == 1
        (line,) = [line for line in result.stderr.splitlines() if "onverged" in line]
        assert line.startswith("Not converged: ")
        assert "slant" in line
        assert "all codes" in line


def test_strict_ends_with_zero_where_q_has_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUDGETS, "tiny", replace(TINY_BUDGET, widths=(2, 3)))
    monkeypatch.setattr("infoeval.information.q_training.TOLERANCE", 10.0)
    result = succeeds("score", "run/ckpt.pt", *MI, "--strict", "--json")
    found = [each for each in of_json(result)["results"] if each["metric"] == "mi"]
    assert all(each["details"]["converged"] for each in found)
    assert all(each["high"] is not None for each in found)


@pytest.mark.usefixtures("tiny_budget")
def test_a_comparison_is_that_of_the_library() -> None:
    options = ("--metric", "mi-own", "--metric", "cluster-acc", "--seed", 2, "--device", "cpu")
    printed = of_json(succeeds("compare", "run/ckpt.pt", "other/ckpt.pt", *options, "--json"))
    direct = evaluation.compare(
        ["run/ckpt.pt", "other/ckpt.pt"], metrics=["mi-own", "cluster-acc"], seed=2, device="cpu"
    )
    assert printed["differences"] == direct.to_dict()["differences"]
    assert printed["first"]["subject"] == direct.first.subject
    assert printed["second"]["subject"] == direct.second.subject
    text = succeeds("compare", "run/ckpt.pt", "other/ckpt.pt", *options, COLUMNS="100").stdout
    for difference in direct.differences:
        assert f"{difference.difference:+.4f}" in text


@pytest.fixture(scope="module")
def strictly_compared(home: Path) -> Result:
    """The information of two models compared, for people."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setitem(BUDGETS, "tiny", TINY_BUDGET)
        options = ("--metric", "mi", "--budget", "tiny", "--device", "cpu", "--strict")
        return infoeval("compare", "run/ckpt.pt", "other/ckpt.pt", *options, COLUMNS="120")


def test_a_comparison_of_bounds_says_so_and_which_side_converged(
    strictly_compared: Result,
) -> None:
    text = strictly_compared.stdout
    assert "Q converged" in text
    rows = [line.split() for line in text.splitlines()]
    (row,) = (row for row in rows if row[:2] == ["mi", "digit"])
    assert row[-2:] == ["no,", "no"]
    kinds = [line for line in text.splitlines() if line.startswith("difference of lower bounds")]
    assert kinds == [
        "difference of lower bounds: mi of digit, slant, all codes; mi-synergy of all codes; "
        "mi-refitted of digit, slant; mi-own of digit, slant"
    ]
    models = ("run/ckpt.pt", "other/ckpt.pt")
    other = succeeds("compare", *models, "--metric", "cluster-acc", "--device", "cpu").stdout
    assert "Q converged" not in other
    assert "lower bounds" not in other


@pytest.mark.usefixtures("tiny_budget")
def test_score_and_compare_have_the_same_default() -> None:
    scored = of_json(succeeds("score", "run/ckpt.pt", "--device", "cpu", "--json"))
    compared = of_json(
        succeeds("compare", "run/ckpt.pt", "other/ckpt.pt", "--device", "cpu", "--json")
    )
    assert compared["first"]["results"][0]["metric"] == scored["results"][0]["metric"] == "mi-own"
    assert {each["metric"] for each in compared["first"]["results"]} == {
        each["metric"] for each in scored["results"]
    }


def test_a_strict_comparison_names_both_sides(strictly_compared: Result) -> None:
    assert strictly_compared.exit_code == 1
    line = strictly_compared.stderr.splitlines()[-1]
    assert "first: slant" in line
    assert "second: slant" in line


@pytest.mark.usefixtures("tiny_budget")
def test_a_strict_comparison_needs_information() -> None:
    own = ("compare", "run/ckpt.pt", "other/ckpt.pt", "--metric", "mi-own", "--strict")
    message = fails(*own)
    assert "--strict checks that mi has converged" in message
    result = infoeval(*own, "--information", "tiny", "--json")
    assert result.exit_code == 1
    assert {each["metric"] for each in of_json(result)["differences"]} >= {"mi", "mi-synergy"}
