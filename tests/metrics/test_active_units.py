"""Active units: codes whose mean varies, and those whose posterior leaves the prior."""

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.metrics import active_units

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(size=(2000, 4))
DEVIATIONS = np.array([1.0, 0.2, 0.05, 0.0])
"""Of the means: variances 1, 0.04, 0.0025 and 0."""


def values(score_of: object) -> dict[str, float]:
    details = getattr(score_of, "details", {})
    return {name: part["value"] for name, part in details["parts"].items()}


def test_counts_and_shares() -> None:
    score = active_units(NOISE * DEVIATIONS, np.zeros((2000, 4)))
    assert values(score) == {"": 2, "share": 0.5, "kl": 2, "kl share": 0.5}
    assert (score.value, score.low, score.high, score.unit) == (2, 2, 2, "codes")
    assert score.details["variances"] == pytest.approx(DEVIATIONS**2, rel=0.1)
    assert score.details["divergences"] == pytest.approx(DEVIATIONS**2 / 2, rel=0.1)


def test_a_narrow_posterior_is_active_by_divergence_alone() -> None:
    """The same posterior for every image tells nothing: only the variance of the mean sees that."""
    score = active_units(np.zeros((100, 2)), np.full((100, 2), -3.0))
    assert values(score) == {"": 0, "share": 0, "kl": 2, "kl share": 1}


def test_the_limits_contain_the_truth_of_a_code_at_the_threshold() -> None:
    """The variance of the means is 0.0104; 200 images cannot tell on which side it is."""
    mean = np.linspace(-1, 1, 200) * 0.175
    score = active_units(mean, np.zeros(200))
    assert np.var(mean) > 0.01
    assert (score.value, score.low, score.high) == (1, 0, 1)
    assert active_units(mean, np.zeros(200), replicates=0).low is None


def test_the_limits_are_those_of_all_codes_at_once() -> None:
    """Among 100 codes a variance of 0.012 is not told from 0.01, as that of one code is."""
    mean = np.linspace(-1, 1, 200)[:, None] * 0.19
    alone = active_units(mean, np.zeros((200, 1)))
    among = active_units(np.pad(mean, ((0, 0), (0, 99))), np.zeros((200, 100)))
    assert (alone.value, alone.low, alone.high) == (1, 1, 1)
    assert (among.value, among.low, among.high) == (1, 0, 1)


def test_limits_cover() -> None:
    """Of a code of variance 0.01 · 1.1, 95 % of the limits contain 1."""
    covered = 0
    for seed in range(200):
        mean = np.sqrt(0.011) * np.random.default_rng(seed).normal(size=(100, 1))
        high = active_units(mean, np.zeros((100, 1))).high
        covered += high == 1
    assert covered >= 180


def test_the_scale_of_the_prior_and_the_order_of_codes_do_not_matter() -> None:
    mean, log_variance = NOISE * DEVIATIONS, np.zeros((2000, 4))
    first = active_units(mean, log_variance)
    other = active_units(
        5 * mean[:, ::-1] + 3, log_variance + 2 * np.log(5), prior_mean=3, prior_deviation=5
    )
    assert values(other) == values(first)
    assert other.details["variances"][::-1] == pytest.approx(first.details["variances"])


def test_what_is_no_posterior() -> None:
    with pytest.raises(UserError, match="not a finite number"):
        active_units(np.full((4, 2), np.nan), np.zeros((4, 2)))
    with pytest.raises(UserError, match="no option 'rows'"):
        active_units(np.zeros((4, 2)), np.zeros((4, 2)), rows=3)  # type: ignore[call-arg]
