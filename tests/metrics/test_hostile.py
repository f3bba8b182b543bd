"""Every metric on tables that nobody wishes for: a right answer or one clear line, never NaN.

And what must not matter to a metric: the order of rows and codes, names, scale and offset.
"""

import itertools
import json
import math
import typing
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics import Score, all_metrics
from infoeval.metrics.registry import Metric

pytestmark = pytest.mark.filterwarnings("error")

Array = NDArray[Any]
Table = tuple[Any, Any, dict[str, Any]]
"""Codes, factors, and types or test rows."""

N = 9
FEW = ("a constant code", "all types", "one value is fitted", "a class that is not fitted")
SLOW = {
    **dict.fromkeys(("boosting", "exact-boosting", "gradient boosting", "lasso"), FEW),
    "random-forest": ("one value is fitted",),
}
"""Choices that take long, and the tables that they are tried on."""

RIGHT = (
    "ordinary",
    "a constant code",
    "one code",
    "codes like the factors",
    "rows that are equal",
    "codes that are equal",
    "factors that are equal",
    "a code that is a sum",
    "objects",
    "a narrow code",
    "far from 0",
    "large",
    "small",
    "of all sizes",
    "an outlier",
    "same names",
)
"""Tables that every metric of codes and factors has an answer for."""


def variants(entry: Metric) -> Iterator[dict[str, Any]]:
    """All combinations of the choices that a metric has."""
    hints = typing.get_type_hints(entry.function)
    choices: dict[str, list[str]] = {}
    for name in entry.arguments:
        options = [hints[name], *typing.get_args(hints[name])]
        words = {word for each in options for word in typing.get_args(each)}
        if known := sorted(word for word in words if isinstance(word, str)):
            choices[name] = known
    for chosen in itertools.product(*choices.values()):
        yield dict(zip(choices, chosen, strict=True))


def settings(entry: Metric) -> dict[str, Any]:
    """What makes a metric fit for small tables, and quick."""
    if entry.kind == "interventions":
        return {"train_points": 20, "test_points": 7, "batch": 5}
    # Of the features of dci-es there may be more than rows.
    return {"downstream-accuracy": {"sizes": [2, 5]}, "dci-es": {"sizes": [2, 50]}}.get(
        entry.name, {}
    )


def label(entry: Metric, variant: dict[str, Any]) -> str:
    return " ".join([entry.name, *variant.values()])


def is_tried(variant: dict[str, Any], name: str, n: int) -> bool:
    """Trees and the like take long, and are tried on a few tables.

    How a code is compared with an angle has nothing to do with the mean that scales information:
    not every two of them are tried on tables of every size.
    """
    few = [names for choice, names in SLOW.items() if choice in variant.values()]
    apart = variant.get("periodic") == "linear" and variant["normalization"] != "arithmetic"
    if few:
        return n == N and name in few[0]
    return n == N or not apart


APART = [{"laforge", other} for other in ("corrected", "ksg", "boosting", "exact-boosting")]
"""Choices that do not go together."""

CASES = [
    (entry, variant)
    for entry in all_metrics("table", "interventions", "codes", "models")
    for variant in variants(entry)
    if not any(pair <= set(variant.values()) for pair in APART)
]
EVERY = pytest.mark.parametrize(("entry", "variant"), CASES, ids=[label(*case) for case in CASES])
QUICK = [
    (entry, variant)
    for entry, variant in CASES
    if entry.kind == "table" and not ({*SLOW} - {"boosting", "lasso"}) & {*variant.values()}
]


def call(entry: Metric, variant: dict[str, Any], table: Table, **options: Any) -> Score:
    codes, factors, more = table
    given = {**more, **settings(entry), **variant, **options}
    if entry.kind == "models":
        given = {name: value for name, value in given.items() if "_types" not in name}
        return entry.function([codes, codes], **given)
    if entry.kind == "codes":
        given.pop("factor_types", None)
        return entry.function(codes, **given)
    return entry.function(codes, factors, **given)


def numbers(plain: Any) -> Iterator[float]:
    """All numbers in details."""
    if isinstance(plain, dict):
        plain = list(plain.values())
    if isinstance(plain, list):
        for each in plain:
            yield from numbers(each)
    elif isinstance(plain, int | float):
        yield plain


def check(entry: Metric, variant: dict[str, Any], score: Score) -> None:
    lowest, highest = -math.inf, math.inf
    if entry.kind == "codes":
        lowest = 0.0
    else:
        highest = math.inf if entry.range.endswith("more") else 1.0
        below = "laforge" in variant.values() or entry.name in ("irs", "dci-es")
        lowest = -1.0 if below else 0.0
    parts = score.details.get("parts", {})
    for each in ({"value": score.value, "low": score.low, "high": score.high}, *parts.values()):
        assert lowest <= each["value"] <= highest
        if each["low"] is not None:
            assert lowest <= each["low"] <= each["value"] <= each["high"] <= highest
            ends = each["value"] in (lowest, 0.0, highest)
            # The lowest share of points, scaled, depends on the number of factors.
            ends |= entry.name == "z-max-var" and each["value"] < 0
            assert ends or each["low"] < each["value"] < each["high"]
    assert (score.low is None) == score.details["interval"].startswith("none: ")
    assert (score.low is None) == (score.level is None)
    assert all(math.isfinite(number) for number in numbers(score.details))
    json.dumps(score.details, allow_nan=False)


def classes(n: int, *counts: int) -> Array:
    """A column for each number of classes, whose rows are as many in each as can be."""
    random = np.random.default_rng(n)
    return np.stack([random.permutation(np.arange(n) * k // n) for k in counts], axis=1)


def tables(n: int) -> dict[str, Table]:
    """Tables that have an answer, if not for every metric."""
    random = np.random.default_rng(n)
    codes, factors = random.normal(size=(n, 3)), classes(n, 2, 3)
    one = np.arange(n) == 0
    turn = np.arange(n) % 2
    numbers = random.normal(size=(n, 2))
    found: dict[str, Table] = {
        "ordinary": (codes, factors, {}),
        # The mean of equal values is not one of them: 0.1 has a deviation of 1e-17.
        "a constant code": (np.column_stack([np.full(n, 0.1), codes]), factors, {}),
        "constant codes": (np.full((n, 2), 0.1), factors, {}),
        "one code": (codes[:, 0], factors, {}),
        "one factor": (codes, factors[:, 1], {}),
        "codes like the factors": (factors.astype(float), factors, {}),
        "rows that are equal": (codes[turn], factors, {}),
        "codes that are equal": (codes[:, [0, 0]], factors, {}),
        "factors that are equal": (codes, factors[:, [0, 0]], {}),
        "a code that is a sum": (np.column_stack([codes, codes.sum(axis=1)]), factors, {}),
        "categories": (classes(n, 2, 4), factors, {}),
        "one category": (np.column_stack([turn * 0, turn]), factors, {}),
        "a category a row": (np.column_stack([np.arange(n), turn]), factors, {}),
        "categories and numbers": (
            np.column_stack([codes, turn]),
            factors,
            {"code_types": [*["continuous"] * 3, "categorical"]},
        ),
        "a class a row": (codes, np.column_stack([np.arange(n), turn]), {}),
        "a class in one row": (codes, np.column_stack([one, turn]).astype(int), {}),
        "words": (codes, np.array(["a", "b"])[factors % 2], {}),
        "objects": (codes.astype(object), factors.astype(object), {}),
        "continuous factors": (codes, numbers, {}),
        "all types": (
            codes,
            np.column_stack([factors, numbers]),
            {"factor_types": ["discrete", "ordinal", "continuous", "periodic"]},
        ),
        "angles": (
            np.column_stack([codes, codes[:, 0] * 0 + 0.1]),
            np.column_stack([factors, numbers]),
            {
                "code_types": [*["periodic:2"] * 2, "continuous", "periodic"],
                "factor_types": ["discrete", "ordinal", "continuous", "periodic:3"],
            },
        ),
        # Bins would be narrower than numbers lie apart.
        "a narrow code": (np.column_stack([1 + turn * 2.0**-52, codes]), factors, {}),
        "a narrow factor": (codes, np.column_stack([1 + turn * 2.0**-52, numbers]), {}),
        "far from 0": (codes + 1e15, factors, {}),
        "factors far from 0": (codes, numbers + 1e15, {"factor_types": ["continuous"] * 2}),
        "large": (codes * 1e29, factors, {}),
        "small": (codes * 1e-40, factors, {}),
        "of all sizes": (codes * [1e-40, 1.0, 1e29], factors, {}),
        "an outlier": (np.where(one[:, None], 1e12, codes), factors, {}),
        "same names": (
            pd.DataFrame(codes, columns=["a", "a", "b"]),
            pd.DataFrame(factors, columns=["f", "f"]),
            {},
        ),
    }
    return found


def scored_tables(n: int) -> dict[str, Table]:
    """Tables with rows to score."""
    random = np.random.default_rng(n)
    codes, factors = random.normal(size=(n, 3)), classes(n, 3, 3)
    two = factors[:2] * 0 + [[0, 0], [1, 1]]
    found: dict[str, tuple[Array, Array, Array, Array]] = {
        "a class that is not scored": (codes, factors, codes[:2], two),
        "one class is scored": (codes, factors, codes[:4], factors[:4] * 0),
        "a class that is not fitted": (codes[:2], two, codes, factors),
        "classes that are not fitted": (codes, factors, codes, factors + 3),
        "one row": (codes, factors, codes[:1], factors[:1]),
        "constant where fitted": (codes * 0 + 0.1, factors, codes, factors),
        "constant where scored": (codes, factors, codes * 0 + 0.1, factors),
        "far from where fitted": (codes, factors, codes * 1e20, factors),
        "one value is fitted": (codes, codes[:, :2] * 0 + 0.1, codes, codes[:, :2]),
        "one value is scored": (codes, codes[:, :2], codes, codes[:, :2] * 0 + 0.1),
        "other categories": (classes(n, 2, 3), factors, classes(n, 2, 3) + 4, factors),
    }
    return {name: (*parts[:2], {"test": parts[2:]}) for name, parts in found.items()}


def answer(entry: Metric, variant: dict[str, Any], table: Table, **options: Any) -> Score | None:
    """The score, checked; None where an error tells the user what is wrong."""
    try:
        score = call(entry, variant, table, **options)
    except UserError as error:
        message = str(error)
        assert message
        assert "\n" not in message
        assert len(message) < 200
        return None
    check(entry, variant, score)
    return score


OPTIONS: list[dict[str, Any]] = [
    {"replicates": 2, "null": 2},
    {"replicates": 3, "null": 1, "prune": True},
    {"replicates": 1, "null": 0, "level": 0.999},
    {"replicates": 0, "null": 1},
]


@EVERY
def test_tables_with_little_in_them(entry: Metric, variant: dict[str, Any]) -> None:
    """Of 2 rows and up, with intervals and nulls: right in form, or an error in one line."""
    every = [(n, table) for n in (2, 4, N, 24) for table in tables(n).items()]
    for number, (n, (name, table)) in enumerate(every):
        if is_tried(variant, name, n):
            options = OPTIONS[number % 4 if n != N else 0]
            score = answer(entry, variant, table, **options)
            # Factors that are equal never differ alone.
            alone = entry.name == "omes" and name == "factors that are equal"
            assert score or alone or n < N or entry.kind != "table" or name not in RIGHT, name


@EVERY
def test_rows_to_score_that_are_like_no_others(entry: Metric, variant: dict[str, Any]) -> None:
    for name, table in scored_tables(N).items():
        whole = "test" not in entry.arguments or variant.get("preset") == "laforge"
        if not whole and is_tried(variant, name, N):
            quick = {*SLOW}.isdisjoint(variant.values())
            score = answer(entry, variant, table, replicates=2 * quick, null=1 * quick)
            # Only the area under a curve asks for two classes that were fitted and are scored.
            assert score or entry.name == "explicitness", name


WRONG: dict[str, tuple[Any, str]] = {
    "nan": (np.where(np.eye(N, 2), np.nan, 0.5), "nan is not a finite number"),
    "infinity": (np.where(np.eye(N, 2), -np.inf, 0.5), "-inf is not a finite number"),
    "none": (np.array([None, *[0.5] * (N - 1)]), "code 0: a value is missing"),
    "masked": (np.ma.masked_equal(np.eye(N, 2), 1), "codes: values are masked"),
    "missing": (
        pd.DataFrame({"z": pd.array([None, *[True] * (N - 1)], dtype="boolean")}),
        "z: a value is missing",
    ),
    "complex": (np.ones((N, 2)) + 1j, "code 0: complex128 is not a number"),
    "too large": (np.arange(N) * 1e299, "code 0 reaches 8e[+]299; scale it down"),
    "too small": (np.arange(N) * 1e-300, "code 0 varies by 8e-300 in all; scale it up"),
    "smaller than any": (np.arange(N) * 5e-324, "code 0 varies by .*; scale it up"),
    "one row less": (np.ones((N - 1, 2)), "8 rows of codes for 9 rows of factors"),
    "no rows": (np.ones((0, 2)), "no codes"),
    "no columns": (np.ones((N, 0)), "no codes"),
    "a number": (1.0, r"codes: shape \(\)"),
    "ragged": ([[1.0], [1.0, 2.0]], "codes: rows differ in length"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_table_is_said_so(name: str) -> None:
    codes, message = WRONG[name]
    for entry in all_metrics("table", "interventions", "codes", "models"):
        alone = entry.kind in ("codes", "models")
        if not (alone and name == "one row less"):
            with pytest.raises(UserError, match=message):
                call(entry, {}, (codes, classes(N, 2, 3), {}))
            if "test" in entry.arguments and not name.startswith("one row"):
                fine = np.random.default_rng(0).normal(size=(N, 2)), classes(N, 2, 3)
                with pytest.raises(UserError):
                    call(entry, {}, (*fine, {"test": (codes, fine[1])}))


@pytest.fixture(scope="module")
def table() -> tuple[Any, Any]:
    """Codes that tell of two factors, one each and one of both, and one of noise."""
    random = np.random.default_rng(0)
    factors = random.integers(0, [3, 4], size=(180, 2))
    codes = np.column_stack([factors, factors.sum(axis=1), np.zeros(180)])
    return codes + 0.4 * random.normal(size=codes.shape), factors


def values(entry: Metric, variant: dict[str, Any], codes: Any, factors: Any) -> list[float]:
    """All numbers of a metric, the first two thirds of the rows to be fitted on."""
    given = dict(variant)
    if entry.name == "downstream-accuracy":
        given["sizes"] = [120]
    if "test" in entry.arguments and variant.get("preset") != "laforge":
        given["test"] = codes[120:], factors[120:]
        codes, factors = codes[:120], factors[:120]
    score = entry.function(codes, factors, replicates=0, null=0, **given)
    return [part["value"] for part in score.details.get("parts", {"": vars(score)}).values()]


ROWS = np.concatenate([each + np.random.default_rng(1).permutation(60) for each in (0, 60, 120)])
NAMES = np.array([[2, 3], [0, 1], [1, 0], [9, 2]])

#: What is done to codes and factors, and the metrics, presets and predictors that it changes.
CHANGES: dict[str, tuple[Callable[[Any, Any], tuple[Any, Any]], set[str]]] = {
    # Lasso chooses its penalty in folds of neighbouring rows.
    "order of rows": (lambda codes, factors: (codes[ROWS], factors[ROWS]), {"lasso"}),
    # The published program counts the codes before the first one of no importance; and random
    # features have a weight for each code in its place.
    "order of codes": (
        lambda codes, factors: (codes[:, [3, 1, 0, 2]], factors),
        {"dci laforge", "dci-es"},
    ),
    "order of factors": (lambda codes, factors: (codes, factors[:, ::-1]), set()),
    # A line tells classes apart that follow each other; where classes tie, one is the first.
    "names of classes": (
        lambda codes, factors: (codes, NAMES[factors, [0, 1]]),
        {"sap", "lasso"},
    ),
    "scale": (lambda codes, factors: (codes * 2, factors), {"sap disentanglement_lib"}),
    # Codes below a threshold are dropped.
    "size": (lambda codes, factors: (codes * 1e-25, factors), {"sap disentanglement_lib", "omes"}),
    "offset": (lambda codes, factors: (codes + 64, factors), {"sap disentanglement_lib"}),
    "same names": (
        lambda codes, factors: (
            pd.DataFrame(codes, columns=list("aabb")),
            pd.DataFrame(factors, columns=["f", "f"]),
        ),
        set(),
    ),
}


@pytest.mark.parametrize(("entry", "variant"), QUICK, ids=[label(*case) for case in QUICK])
def test_what_means_nothing_changes_nothing(
    entry: Metric, variant: dict[str, Any], table: tuple[Any, Any]
) -> None:
    if entry.name == "tad":
        # It compares factors of two values.
        table = table[0], (table[1] > 1).astype(int)
    expected = values(entry, variant, *table)
    # Of splits that gain alike, trees take the first one.
    within = 0.03 if "boosting" in variant.values() else 1e-5
    for name, (change, sensitive) in CHANGES.items():
        if not any(each in label(entry, variant) for each in sensitive):
            found = values(entry, variant, *change(*table))
            assert found == pytest.approx(expected, abs=within), name
    assert values(entry, variant, *table) == expected
