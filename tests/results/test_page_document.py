"""Reading metrics.json: every value typed, everything wrong one line that names the place."""

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest

from infoeval.errors import UserError
from infoeval.results import Document
from infoeval.results.file_entries import Gallery, Sprites, Traversal

Plain = dict[str, Any]
LOG_TWO = math.log(2)


def result(metric: str, target: str | None, value: float, **more: Any) -> Plain:
    limits = {"low": None, "high": None, "level": None, "n": 100}
    about = {"unit": "nats", "higher_is_better": True}
    return {"metric": metric, "target": target, "value": value, **limits, **about, **more}


def clusters() -> Plain:
    return {
        "confusion": [[0, 9, 1], [8, 1, 0]],
        "matching": [1, 0],
        "class_names": ["a", "b", "c"],
        "many_to_one": 0.9,
        "fit_n": 60,
    }


def information() -> Plain:
    return {
        "converged": False,
        "missed": 0.4,
        "certified": 0.2,
        "entropy": LOG_TWO,
        "family": "softmax",
        "curve": [{"steps": 100, "value": 0.3, "rate": 0.006, "width": 8, "gain": None}],
        "noise": [{"deviation": 0.1, "value": 0.2, "low": 0.1, "high": 0.3}],
        "self_test": {
            "channel": "symmetric noise",
            "null": [{"name": "side", "truth": 0.0, "value": 0.001, "low": -0.01, "high": 0.01}],
            "known": [{"name": "category", "truth": 1.0, "value": 0.9, "low": 0.8, "high": 1.0}],
        },
        "leakage": {
            "names": ["side", "tilt"],
            "matrix": [[0.6, 0.0], [0.01, 0.5]],
            "chance": [[0.01, 0.01], [0.01, 0.01]],
            "n": 100,
        },
    }


def small() -> Plain:
    """Return a document with one of everything."""
    slider = {"name": "side", "values": [0, 1], "labels": ["0", "1"], "start": 1}
    tilt = {"name": "tilt", "values": [-2, 0, 2], "start": 1}
    return {
        "schema_version": 1,
        "subject": {"checkpoint": "a.pt", "seed": 0, "information_weight": 1.0, "step": 10},
        "data": {"name": "mnist", "split": "test", "n": 18},
        "environment": {"device": "cpu"},
        "results": [
            result("mi-own", "side", 0.6, details={"entropy": LOG_TWO}),
            result("mi", "side", 0.65, details=information()),
            result("cluster-acc", "side", 0.9, details=clusters()),
            result(
                "code-factors",
                "tilt × azimuth",
                0.8,
                details={
                    "code": "tilt",
                    "factor": "azimuth",
                    "paired": True,
                    "measure": "|Spearman|",
                },
            ),
            result("mig", None, 0.3, details={"null": {"mean": 0.1, "low": 0.0, "high": 0.2}}),
        ],
        "skipped": [{"metric": "dci", "reason": "why"}, {"metric": "sap", "reason": "why"}],
        "codes": [
            {"name": "side", "kind": "categorical", "entropy": LOG_TWO, "size": 2},
            {"name": "tilt", "kind": "continuous", "entropy": LOG_TWO, "low": -1, "high": 1},
        ],
        "history": {"step": [1, 2], "information_side": [0.1, 0.6]},
        "models": [
            {
                "role": "baseline",
                "subject": {"checkpoint": "b.pt", "seed": 0, "information_weight": 0.0},
                "results": [result("mi-own", "side", 0.01, details={"entropy": LOG_TWO})],
            }
        ],
        "differences": [
            {
                "metric": "mi",
                "target": "side",
                "model": 1,
                "first": 0.65,
                "second": 0.05,
                "difference": 0.6,
                "low": 0.5,
                "high": 1,
                "level": 0.95,
            }
        ],
        "images": [
            {
                "kind": "traversal",
                "file": "t.png",
                "model": 0,
                "code": "tilt",
                "rows": 5,
                "columns": 3,
                "column_labels": ["a", "b", "c"],
                "gap": 1,
                "low": -1,
                "high": 1,
            },
            {
                "kind": "sprites",
                "file": "s.webp",
                "model": 1,
                "noise": 0,
                "joint": True,
                "width": 28,
                "height": 28,
                "columns": 3,
                "codes": [slider, tilt],
            },
            {
                "kind": "gallery",
                "file": "g.png",
                "model": 0,
                "code": "side",
                "rows": 1,
                "columns": 2,
                "cells": [[{"label": "a", "right": False}, None]],
            },
            {"kind": "animation", "file": "m.gif", "model": 0, "code": "side"},
        ],
    }


@pytest.fixture
def plain() -> Plain:
    return small()


def test_everything_is_read_as_it_stands(plain: Plain) -> None:
    whole = Document.for_page(plain)
    assert [(model.role, model.index) for model in whole.all_models] == [
        ("subject", 0),
        ("baseline", 1),
    ]
    assert [model.label for model in whole.all_models] == ["this run, λ = 1", "baseline, λ = 0"]
    assert whole.baselines == whole.models
    assert whole.peers == (whole,)
    clustering = whole.results[2].clustering
    assert clustering is not None
    assert clustering.confusion == ((0, 9, 1), (8, 1, 0))
    assert clustering.fit_n == 60
    convergence = whole.results[1].convergence
    assert convergence is not None
    assert not convergence.converged
    assert convergence.noise[0].deviation == 0.1
    joint = whole.joint_information()
    assert joint is not None
    assert joint.information is not None
    assert joint.information.self_test is not None
    assert joint.information.self_test.known[0].truth == 1.0
    assert joint.information.leakage is not None
    assert joint.information.leakage.matrix == ((0.6, 0.0), (0.01, 0.5))
    pair = whole.results[3].pair
    assert pair is not None
    assert (pair.code, pair.factor, pair.paired) == ("tilt", "azimuth", True)
    null = whole.results[4].typed.null
    assert null is not None
    assert null.high == 0.2
    assert whole.skipped_by_reason() == {"why": "dci, sap"}
    assert whole.curve("information_side") == (0.1, 0.6)
    assert whole.curve("no such series") is None
    assert whole.differences[0].model == 1
    assert whole.differences[0].name == "mi", "files of before have no options"


def test_pictures_are_read_by_kind(plain: Plain) -> None:
    traversal, sprites, gallery, _ = Document.for_page(plain).images
    assert isinstance(traversal, Traversal)
    assert (traversal.low, traversal.high) == (-1, 1)
    assert isinstance(sprites, Sprites)
    assert sprites.count == 2 * 3
    assert sprites.codes[1].texts == ("-2", "0", "2")
    assert isinstance(gallery, Gallery)
    assert gallery.cells[0][1] is None
    first = gallery.cells[0][0]
    assert first is not None
    assert (first.label, first.right) == ("a", False)


def test_sprites_that_move_one_code_at_a_time_are_as_many_as_all_values(plain: Plain) -> None:
    plain["images"][1]["joint"] = False
    sprites = Document.for_page(plain).images[1]
    assert isinstance(sprites, Sprites)
    assert sprites.count == 2 + 3


def test_information_is_that_of_a_q_trained_afterwards_where_there_is_one(plain: Plain) -> None:
    shown, baseline = Document.for_page(plain).all_models
    assert [shown.information("side"), baseline.information("side")] == [
        shown.find("mi", "side"),
        baseline.find("mi-own", "side"),
    ]
    assert shown.information("tilt") is None


def test_reading_does_not_change_the_document(plain: Plain) -> None:
    before = copy.deepcopy(plain)
    Document.for_page(plain)
    assert plain == before


def test_a_scoring_alone_is_a_document(plain: Plain) -> None:
    """What `infoeval score --json` prints: the codes are those that an entropy is known of."""
    score = ("schema_version", "subject", "data", "environment", "results", "skipped")
    whole = Document.for_page({key: plain[key] for key in score})
    assert [(code.name, code.kind) for code in whole.all_codes] == [("side", "categorical")]
    assert whole.arrangement == "one"
    assert not whole.images
    assert whole.all_models == (whole,)


@pytest.mark.parametrize("kind", ["categorical", "continuous", "normal", "angle"])
def test_a_bound_by_the_models_own_q_tells_what_kind_its_code_is(plain: Plain, kind: str) -> None:
    del plain["codes"]
    plain["results"] = [result("mi-own", "side", 0.6, details={"entropy": LOG_TWO, "kind": kind})]
    assert [code.kind for code in Document.for_page(plain).all_codes] == [kind]


@pytest.mark.parametrize("odd", ["\u202e", "\u2067", "\u200f", "\x00", "\ud800", "\ufffe"])
def test_what_would_turn_or_break_the_text_around_it_is_replaced(plain: Plain, odd: str) -> None:
    plain["codes"][0]["name"] = f"side{odd}"
    assert Document.for_page(plain).all_codes[0].name == "side\ufffd"


@pytest.mark.parametrize(
    ("arrangement", "role", "names"),
    [
        ("seeds", "seed", ["seed 0", "seed 1"]),
        ("comparison", "compared", ["a.pt", "b.pt"]),
        ("one", "baseline", ["this run, λ = 1", "baseline, λ = 0"]),
    ],
)
def test_models_are_called_by_what_tells_them_apart(
    plain: Plain, arrangement: str, role: str, names: list[str]
) -> None:
    plain["arrangement"] = arrangement
    plain["models"][0]["role"] = role
    plain["models"][0]["subject"]["seed"] = 1
    assert [model.label for model in Document.for_page(plain).all_models] == names


def test_no_two_models_have_one_name(plain: Plain) -> None:
    plain["name"] = plain["models"][0]["name"] = "mine"
    assert [model.label for model in Document.for_page(plain).all_models] == [
        "mine (1)",
        "mine (2)",
    ]


@pytest.mark.parametrize("key", ["schema_version", "subject", "data", "environment", "results"])
def test_missing_key_is_named(plain: Plain, key: str) -> None:
    del plain[key]
    with pytest.raises(UserError, match=key) as caught:
        Document.for_page(plain)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["metric", "value"])
def test_missing_key_of_a_result_is_named(plain: Plain, key: str) -> None:
    del plain["results"][2][key]
    with pytest.raises(UserError, match=rf"results\[2\]\.{key} is missing"):
        Document.for_page(plain)


@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.5, [1]])
def test_other_schema_versions_are_refused(plain: Plain, version: object) -> None:
    with pytest.raises(UserError, match="schema_version"):
        Document.for_page(plain | {"schema_version": version})


def detail(key: str, value: object, number: int = 2) -> Callable[[Plain], None]:
    def change(plain: Plain) -> None:
        plain["results"][number]["details"][key] = value

    return change


def image(number: int, **changes: object) -> Callable[[Plain], None]:
    def change(plain: Plain) -> None:
        plain["images"][number] |= changes

    return change


HUGE = [{"name": "a", "values": [0.0] * 100_000, "start": 0}]


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (lambda d: d.update(subject=[]), "subject must be an object"),
        (lambda d: d.update(results={}), "results must be a list"),
        (lambda d: d.update(results=[3]), r"results\[0\] must be an object"),
        (lambda d: d["results"][0].update(value="2.3"), r"results\[0\].value must be a finite"),
        (lambda d: d["results"][0].update(value=True), r"results\[0\].value must be a finite"),
        (lambda d: d["results"][0].update(n=2.5), r"results\[0\].n must be a whole number"),
        (lambda d: d["results"][0].update(settings=[]), r"results\[0\].settings"),
        (lambda d: d["results"][0].update(higher_is_better=1), "true or false"),
        (lambda d: d["subject"].update(seed="zero"), "subject.seed"),
        (lambda d: d["subject"].update(checkpoint=3), "subject.checkpoint must be text"),
        (
            lambda d: d["codes"][0].update(kind="ordinal"),
            "'categorical', 'continuous', 'normal' or 'angle'",
        ),
        (lambda d: d["codes"][0].update(entropy=float("nan")), r"codes\[0\].entropy"),
        (lambda d: d["history"].update(information_side=[1.0]), "as long as step, 2"),
        (lambda d: d["history"].update(step="all"), "history.step must be a list"),
        (lambda d: d["history"]["step"].__setitem__(0, None), "history.step"),
        (lambda d: d["history"]["information_side"].__setitem__(0, "x"), "information_side"),
        (lambda d: d.update(created=20261122), "created must be text"),
        (lambda d: d.update(arrangement="heap"), "'one', 'seeds' or 'comparison'"),
        (lambda d: d["skipped"][0].pop("reason"), r"skipped\[0\].reason"),
        (lambda d: d["models"][0].pop("role"), r"models\[0\].role is missing"),
        (lambda d: d["models"][0].update(role="subject"), r"models\[0\].role must be"),
        (lambda d: d["models"][0].pop("results"), r"models\[0\].results is missing"),
        (lambda d: d["differences"][0].update(model=2), "one of 2 models"),
        (lambda d: d["differences"][0].update(model=0), "of 1 or more"),
        (detail("matching", [0]), "matching"),
        (detail("matching", [0, 0]), "matching"),
        (detail("matching", [[], []]), "matching"),
        (detail("class_names", ["a"]), "3 names"),
        (detail("confusion", []), "confusion must be a table"),
        (detail("confusion", [[1, 2], [3]]), "confusion must be a table"),
        (
            detail("confusion", [[1, -2], [3, 4]]),
            r"results\[2\].details.confusion\[0\]\[1\] must be a",
        ),
        (detail("confusion", [[1, 2.5], [3, 4]]), r"confusion\[0\]\[1\] must be a whole number"),
        (detail("confusion", [["1"]]), r"confusion\[0\]\[0\] must be a whole number"),
        (detail("confusion", [1]), r"confusion\[0\] must be a list"),
        (detail("converged", 1, 1), "converged must be true or false"),
        (detail("curve", [{"steps": -1, "value": 0}], 1), "steps must be a whole number of 0"),
        (detail("noise", [{"deviation": 0.1}], 1), r"noise\[0\].value is missing"),
        (detail("self_test", {"null": []}, 1), "self_test.known is missing"),
        (
            detail("leakage", {"names": ["a"], "matrix": [[1]], "chance": []}, 1),
            "leakage.chance must",
        ),
        (
            detail("leakage", {"names": ["a"], "matrix": [[1, 2]], "chance": []}, 1),
            "leakage.matrix must",
        ),
        (detail("paired", None, 3), "paired"),
        (detail("null", {"mean": "0"}, 4), "null.mean"),
        (image(0, kind="film"), r"images\[0\].kind must be"),
        (image(0, model=2), "one of 2 models"),
        (image(0, columns=0), "of 1 or more"),
        (image(0, rows=1.5), "rows must be a whole number"),
        (image(0, column_labels=["0"]), "column_labels must be 3 texts"),
        (image(0, column_labels=[0] * 3), r"column_labels\[0\] must be text"),
        (image(1, codes=HUGE), "at most 16383 pixels a side"),
        (image(1, codes=[{"name": "a", "values": [], "start": 0}]), "one value or more"),
        (image(1, codes=[{"name": "a", "values": [1], "start": 1}]), "start must be less than 1"),
        (image(2, cells=[]), "1 rows of 2"),
        (image(2, cells=[[3, None]]), r"cells\[0\]\[0\] must be an object"),
    ],
)
def test_wrong_value_is_one_clear_line(
    plain: Plain, spoil: Callable[[Plain], object], place: str
) -> None:
    spoil(plain)
    with pytest.raises(UserError, match=place) as caught:
        Document.for_page(plain)
    assert "\n" not in str(caught.value)


def test_what_is_nested_too_deeply_is_refused(plain: Plain) -> None:
    deep: Any = 1
    for _ in range(200):
        deep = {"a": deep}
    with pytest.raises(UserError, match="nested too deeply"):
        Document.for_page(plain | {"training": {"config": deep}})


@pytest.mark.parametrize("whole", [[], "text", None, 3])
def test_what_is_not_an_object_is_refused(whole: Any) -> None:
    with pytest.raises(UserError, match="must be an object"):
        Document.for_page(whole)


@pytest.mark.parametrize("value", [10**400, float("nan"), float("inf"), -float("inf")])
def test_a_number_beyond_every_float_counts_as_not_finite(plain: Plain, value: float) -> None:
    plain["results"][0]["value"] = value
    whole = Document.for_page(plain)
    assert whole.find("mi-own", "side") is None
    assert whole.skipped_by_reason()["its value is not a finite number"] == "mi-own"
