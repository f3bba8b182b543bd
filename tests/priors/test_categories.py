"""Categories of given probabilities; equally likely ones are in test_codes.py."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from infoeval import Categorical, CodeSpace, UserError

GIVEN = Categorical(4, (0.5, 0.25, 0.2, 0.05))


def test_entropy_is_that_of_the_probabilities() -> None:
    assert GIVEN.entropy == pytest.approx(stats.entropy(GIVEN.probabilities), abs=1e-12)
    assert Categorical(4, (0.25,) * 4).entropy == pytest.approx(math.log(4), abs=1e-12)


def test_categories_are_drawn_as_often_as_they_are_likely() -> None:
    values = GIVEN.sample(20_000, torch.Generator().manual_seed(0))
    assert values.dtype == torch.int64
    counts = np.bincount(values.numpy(), minlength=4)
    expected = 20_000 * np.array(GIVEN.probabilities)
    assert stats.chisquare(counts, expected).pvalue > 1e-3


def test_plain_data_are_those_of_earlier_checkpoints_where_nothing_is_given() -> None:
    assert Categorical(4).to_dict() == {"size": 4}
    assert repr(Categorical(4)) == "Categorical(size=4)"
    space = CodeSpace(k=GIVEN, noise=0)
    assert CodeSpace.from_dict(space.to_dict()) == space
    as_json = {
        "name": "k",
        "kind": "categorical",
        "size": 4,
        "probabilities": [0.5, 0.25, 0.2, 0.05],
    }
    assert CodeSpace.from_dict({"noise": 0, "codes": [as_json]}) == space


@pytest.mark.parametrize(
    "given",
    [(0.5, 0.5), (0.5, 0.25, 0.2, 0.06), (0.5, 0.3, 0.2, 0.0), (0.5, 0.6, 0.2, -0.3), "abcd", 3,
     (0.5, 0.25, 0.25, math.nan), (0.5, 0.25, 0.2, "0.05")],
)  # fmt: skip
def test_what_are_no_probabilities_is_one_line(given: Any) -> None:
    with pytest.raises(UserError, match="probabilities") as caught:
        Categorical(4, given)
    assert "\n" not in str(caught.value)


def test_the_description_lists_the_probabilities() -> None:
    assert GIVEN.description == "4 categories of probabilities 0.5, 0.25, 0.2, 0.05"
    assert Categorical(20, (0.05,) * 20).description.endswith("0.05, …")
    assert GIVEN.largest_ratio == pytest.approx(20)
