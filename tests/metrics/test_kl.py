"""KL of posteriors to their priors: closed forms, what must not matter, and odd posteriors."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.distributions import Categorical, Normal, kl_divergence

from infoeval.errors import UserError
from infoeval.metrics import kl

RANDOM = np.random.default_rng(0)
MEAN = RANDOM.normal(size=(400, 3))
LOG_VARIANCE = RANDOM.normal(size=(400, 3)) - 1
SHARES = RANDOM.dirichlet([1, 2, 3], size=400)


def parts(*arguments: Any, **options: Any) -> dict[str, float]:
    found = kl(*arguments, **options).details["parts"]
    return {name: part["value"] for name, part in found.items()}


def of_torch(mean: float | np.ndarray[Any, Any], deviation: Any) -> np.ndarray[Any, Any]:
    posterior = Normal(torch.tensor(MEAN), torch.tensor(np.exp(LOG_VARIANCE / 2)))
    prior = Normal(torch.as_tensor(mean), torch.as_tensor(deviation))
    result: np.ndarray[Any, Any] = kl_divergence(posterior, prior).mean(0).numpy()
    return result


def test_the_closed_form() -> None:
    found = parts(MEAN, LOG_VARIANCE)
    expected = of_torch(0.0, 1.0)
    assert list(found) == ["all codes", "code 0", "code 1", "code 2"]
    assert found["all codes"] == pytest.approx(expected.sum())
    assert list(found.values())[1:] == pytest.approx(list(expected))


def test_other_priors() -> None:
    means, deviations = np.array([0.5, -1, 2]), np.array([2.0, 0.5, 1])
    found = parts(MEAN, LOG_VARIANCE, means, deviations)
    assert list(found.values())[1:] == pytest.approx(list(of_torch(means, deviations)))
    moved = parts(3 * MEAN + 1, LOG_VARIANCE + 2 * np.log(3), 3 * means + 1, 3 * deviations)
    assert list(moved.values()) == pytest.approx(list(found.values()))


def test_a_collapsed_code_has_none_of_it() -> None:
    score = kl(np.zeros((50, 1)), np.zeros((50, 1)))
    assert (score.value, score.low, score.high) == (0, 0, 0)
    nearly = kl(np.zeros((50, 1)), np.full((50, 1), 1e-5))
    assert nearly.value == pytest.approx(2.5e-11, rel=1e-4), "exact where the two are nearly equal"


def test_categories() -> None:
    prior = np.array([0.2, 0.3, 0.5])
    found = parts(
        MEAN,
        LOG_VARIANCE,
        probabilities={"class": SHARES, "even": SHARES},
        prior_probabilities={"class": prior},
    )
    law = Categorical(probs=torch.tensor(SHARES))
    for name, other in (("class", prior), ("even", np.full(3, 1 / 3))):
        expected = kl_divergence(law, Categorical(probs=torch.tensor(other))).mean()
        assert found[name] == pytest.approx(float(expected))
    assert found["all codes"] == pytest.approx(sum(list(found.values())[1:]))
    certain = parts(MEAN, LOG_VARIANCE, probabilities={"class": np.eye(4)[np.arange(400) % 4]})
    assert certain["class"] == pytest.approx(np.log(4))


def test_the_order_of_codes_and_rows_does_not_matter() -> None:
    found = parts(pd.DataFrame(MEAN, columns=["a", "b", "c"]), LOG_VARIANCE)
    order = np.array([2, 0, 1])
    other = parts(pd.DataFrame(MEAN[::-1, order], columns=list("cab")), LOG_VARIANCE[::-1, order])
    assert other == pytest.approx(found)


def test_the_interval_is_that_of_a_mean() -> None:
    """Against the normal limits of the mean of independent images."""
    score = kl(MEAN, LOG_VARIANCE, replicates=400)
    each = (MEAN**2 + np.exp(LOG_VARIANCE) - LOG_VARIANCE - 1).sum(1) / 2
    half = 1.96 * each.std() / 20
    assert score.low is not None
    assert score.high is not None
    assert score.high - score.value == pytest.approx(half, rel=0.1)
    assert score.value - score.low == pytest.approx(half, rel=0.1)


MISTAKES: dict[str, tuple[Any, str]] = {
    "shapes": ((MEAN, LOG_VARIANCE[:, :2]), "one log variance for each mean"),
    "nan": ((MEAN * np.nan, LOG_VARIANCE), "mean: nan is not a finite number"),
    "infinite": ((MEAN, np.full((400, 3), np.inf)), "log_variance: inf is not"),
    "huge": ((MEAN, LOG_VARIANCE + 1e4), "too far from 0"),
    "huge mean": ((MEAN * 1e60, LOG_VARIANCE), "too large"),
    "words": (([["a"]] * 3, LOG_VARIANCE), "mean: give numbers"),
    "maps": ((MEAN[None], LOG_VARIANCE), "give \\(images, codes\\)"),
    "one image": ((MEAN[:1], LOG_VARIANCE[:1]), "two images or more"),
    "prior deviation": ((MEAN, LOG_VARIANCE, 0, 0), "prior_deviation: 0; give deviations above 0"),
    "priors": ((MEAN, LOG_VARIANCE, [0, 1]), "prior_mean: give a number, or one for each of 3"),
    "probabilities": (
        (MEAN, LOG_VARIANCE, 0, 1, {"class": MEAN}),
        "is negative; give q\\(c\\|x\\), not logits",
    ),
    "rows": ((MEAN, LOG_VARIANCE, 0, 1, {"class": SHARES[:9]}), "9 rows of class for 400 means"),
    "prior": (
        (MEAN, LOG_VARIANCE, 0, 1, {"class": SHARES}, {"class": [0.5, 0.5]}),
        "prior_probabilities of class: give 3 above 0",
    ),
    "names": ((MEAN, LOG_VARIANCE, 0, 1, {"code 1": SHARES}), "two codes have one name"),
}


@pytest.mark.parametrize("case", MISTAKES)
@pytest.mark.filterwarnings("error")
def test_what_is_no_posterior_is_one_line(case: str) -> None:
    arguments, message = MISTAKES[case]
    with pytest.raises(UserError, match=message):
        kl(*arguments)
