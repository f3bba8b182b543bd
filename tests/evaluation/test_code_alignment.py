"""Codes of other models are found by what they read, and seeds are scored together."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval import evaluation
from infoeval.evaluation.code_alignment import align, seeds_together
from infoeval.evaluation.context import Context
from infoeval.evaluation.inputs import Inputs
from infoeval.evaluation.options import Options
from infoeval.results import Document
from tests.evaluation.scoring import store, table

FAST: Any = {"replicates": 2, "null": 0}


@pytest.fixture
def stored(tmp_path: Path) -> list[str]:
    """A table; the same with its codes in another order, one turned; and one of noise."""
    given = table()
    one, two = given["codes"].T
    noise = np.random.default_rng(1).normal(size=given["codes"].shape)
    tables = {"plain": given["codes"], "turned": np.stack([two, -one], axis=1), "noise": noise}
    return [
        store(
            tmp_path / f"{name}.npz", codes=codes, factors=given["factors"], code_names=["a", "b"]
        )
        for name, codes in tables.items()
    ]


def inputs_of(paths: list[str]) -> list[Inputs]:
    context = Context(Options(**FAST))
    return [Inputs(context.open(path), context) for path in paths]


def test_a_code_is_found_under_another_name_and_turned(stored: list[str]) -> None:
    first, turned, _ = inputs_of(stored)
    aligned = align(first, turned)
    assert aligned is not None
    assert aligned.n == 200
    found = {each.code: (each.own, each.turned) for each in aligned.codes}
    assert found == {"a": ("b", True), "b": ("a", False)}
    assert all(each.agreement == pytest.approx(1) for each in aligned.codes)


def test_noise_keeps_its_names(stored: list[str]) -> None:
    first, _, noise = inputs_of(stored)
    aligned = align(first, noise)
    assert aligned is not None
    assert [(each.code, each.own) for each in aligned.codes] == [("a", "a"), ("b", "b")]
    assert max(each.agreement for each in aligned.codes) < 0.25


def test_codes_of_other_rows_are_not_aligned(stored: list[str], tmp_path: Path) -> None:
    more = store(tmp_path / "more.npz", **table(300))
    first, other = inputs_of([stored[0], more])
    assert align(first, other) is None


def test_differences_are_of_the_codes_that_are_alike(tmp_path: Path) -> None:
    """Of three models with the same codes under changed names, no code differs from its partner."""
    factors = table()["factors"]
    swapped = factors[:, ::-1]
    paths = [
        store(tmp_path / f"{n}.npz", codes=codes, factors=factors, code_names=["a", "b"])
        for n, codes in enumerate((factors, swapped, swapped))
    ]
    compared = evaluation.compare(paths, metrics=["cluster-acc"], **FAST)
    differences = (*compared.differences, *compared.among_others)
    assert {each.difference for each in differences} == {0}
    targets = {(each.base, each.target, each.first == 1) for each in differences}
    whole = [(0, "a, factor 0"), (0, "b, factor 1"), (1, "a, factor 0"), (1, "b, factor 1")]
    assert {(base, target) for base, target, right in targets if right} == set(whole)


def test_every_two_of_three_models_are_compared(stored: list[str]) -> None:
    compared = evaluation.compare(stored, metrics=["mig"], **FAST)
    assert [(each.base, each.model) for each in compared.differences] == [(0, 1), (0, 2)]
    (between,) = compared.among_others
    assert (between.base, between.model) == (1, 2)
    values = {each.model: each.second for each in compared.differences}
    assert between.difference == pytest.approx(values[1] - values[2])


def test_seeds_have_their_agreement(stored: list[str]) -> None:
    seeds = inputs_of([stored[0], stored[1], stored[2]])
    empty = [Document(subject={}, data={}, environment={}) for _ in seeds]
    told = seeds_together(seeds, empty)
    agreements = [document.find("udr", None) for document in told]
    values = [result.value for result in agreements if result is not None]
    assert len(values) == 3
    assert values[0] > 0.3 > values[2]
    assert [document.alignment is None for document in told] == [True, False, False]


def test_categories_have_no_agreement_and_the_reason_is_given(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 3, size=(50, 1))
    seeds = inputs_of([store(tmp_path / f"{n}.npz", codes=codes) for n in range(2)])
    told = seeds_together(seeds, [Document(subject={}, data={}, environment={})] * 2)
    (skipped,) = told[0].skipped
    assert skipped.metric == "udr"
    assert "categories" in skipped.reason
    assert told[1].alignment is not None
    assert told[1].alignment.codes[0].agreement == pytest.approx(1)
