"""Every metric takes what users hold numbers in, and gives the score of the same float32 values."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

from infoeval.errors import UserError
from infoeval.metrics import (
    all_metrics,
    cluster_accuracy,
    cluster_ari,
    cluster_nmi,
    mig,
    real_sorting,
    udr,
)
from infoeval.metrics.registry import Metric

N = 60
RNG = np.random.default_rng(0)
FACTORS = RNG.integers(0, 3, (N, 2))
# Multiples of 1/4 below 8 are the same in every precision.
CODES = (np.round(4 * (FACTORS + 0.4 * RNG.normal(size=(N, 2)))) / 4).astype(np.float32)
QUICK = {"train_points": 20, "test_points": 7, "batch": 5}


def _lower(tensor: Any, dtype: torch.dtype) -> Any:
    return tensor.to(dtype).requires_grad_() if tensor.is_floating_point() else tensor


def _frozen(array: Any) -> Any:
    array = np.asfortranarray(array)
    array.flags.writeable = False
    return array


KINDS: dict[str, Callable[[Any], Any]] = {
    "gradients": lambda array: _lower(torch.tensor(array), torch.float32),
    "bfloat16": lambda array: _lower(torch.tensor(array), torch.bfloat16),
    "half": lambda array: _lower(torch.tensor(array), torch.float16),
    "list": lambda array: array.tolist(),
    "list of tensors": lambda array: list(torch.tensor(array)),
    "Fortran order, read-only": lambda array: _frozen(array.copy()),
    "masked nowhere": np.ma.masked_array,
    "data frame": pd.DataFrame,
    "nullable": lambda array: pd.DataFrame(array).convert_dtypes(),
    "sparse": scipy.sparse.csr_matrix,
}


def value(entry: Metric, codes: Any, factors: Any) -> float:
    options: dict[str, Any] = {"replicates": 0, "null": 0}
    if entry.kind == "interventions":
        options |= QUICK
    if entry.name == "downstream-accuracy":
        options["sizes"] = [20]
    if entry.kind == "models":
        return float(entry.function([codes, codes], **options).value)
    given = [codes] if entry.kind == "codes" else [codes, factors]
    return float(entry.function(*given, **options).value)


TABLES = all_metrics("table", "interventions", "codes", "models")


@pytest.mark.parametrize("entry", TABLES, ids=[entry.name for entry in TABLES])
def test_codes_and_factors_of_every_kind(entry: Metric) -> None:
    factors = FACTORS > 0 if entry.name == "tad" else FACTORS
    expected = value(entry, CODES, factors)
    for name, kind in KINDS.items():
        assert value(entry, kind(CODES), kind(factors)) == pytest.approx(expected), name


@pytest.mark.parametrize("kind", [Decimal, Fraction])
def test_exact_numbers_of_python_are_numbers(kind: Any) -> None:
    codes = [[kind(str(number)) for number in row] for row in CODES.tolist()]
    assert mig(codes, FACTORS).value == mig(CODES, FACTORS).value


def test_complex_numbers_are_no_probabilities() -> None:
    with pytest.raises(UserError, match="probabilities: give one row of K numbers"):
        real_sorting(np.eye(2) + 0j)


@pytest.mark.parametrize("metric", [cluster_accuracy, cluster_nmi, cluster_ari])
def test_a_column_of_labels_has_an_axis_too_many(metric: Any) -> None:
    with pytest.raises(UserError, match=r"shape \(60, 1\); .* \(without the second axis\)"):
        metric(FACTORS[:, :1], FACTORS[:, 0])
    with pytest.raises(UserError, match=r"shape \(60, 2\); .* \(arg max of one-hot rows\)"):
        metric(FACTORS, FACTORS[:, 0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("entry", all_metrics("posterior"), ids=lambda entry: entry.name)
def test_probabilities_of_every_kind(entry: Metric, kind: str) -> None:
    rows = np.array([[0.75, 0.25], [0.125, 0.875]] * 10, dtype=np.float32)
    labels = [np.array([0, 1] * 10)] if entry.needs_labels else []
    given = [torch.tensor(label) for label in labels]
    scores = [entry.function(KINDS[kind](rows), *given), entry.function(rows, *labels)]
    assert scores[0].value == scores[1].value


LABELS: dict[str, Any] = {
    "words": np.array(["emu", "cat", "dog"]),
    "above 4,096": np.array([5_000, 70_000, 10**9]),
    "negative": np.array([-(2**40), -1, 0]),
    "beyond the whole numbers of floats": np.array([2**53, 2**53 + 1, 2**53 + 2]),
    "beyond int64": np.array([2**64, 2**64 + 1, -(2**70)], dtype=object),
    "uint64": np.array([2**64 - 1, 2**64 - 2, 0], dtype=np.uint64),
    "floats": np.array([1.0, 2.0, 2.0**80]),
}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("metric", [cluster_accuracy, cluster_nmi, cluster_ari])
def test_classes_are_names_only(metric: Any, name: str) -> None:
    codes, factors = FACTORS[:, 0] * FACTORS[:, 1], FACTORS[:, 0]
    expected = metric(codes, factors, replicates=0, null=0).value
    labels = LABELS[name][factors]
    kinds = [labels, labels.tolist(), pd.Series(labels), pd.Series(labels, dtype="category")]
    if labels.dtype == np.int64:
        kinds += [torch.tensor(labels), pd.Series(labels, dtype="Int64")]
    names = {str(int(label) if isinstance(label, float) else label) for label in labels.tolist()}
    for given in kinds:
        score = metric(codes, given, replicates=0, null=0)
        assert score.value == pytest.approx(expected)
        assert set(score.details["class_names"]) == names


@pytest.mark.parametrize("models", [5, "words", iter([CODES]), np.ones((4, 3)), [CODES], None])
def test_what_is_no_list_of_models(models: Any) -> None:
    with pytest.raises(UserError, match=r"^models: "):
        udr(models)


def test_models_may_be_one_array() -> None:
    models = [CODES, CODES[:, ::-1].copy()]
    expected = udr(models, replicates=0, null=0).value
    for stacked in (np.stack(models), torch.tensor(np.stack(models), requires_grad=True)):
        assert udr(stacked, replicates=0, null=0).value == expected
