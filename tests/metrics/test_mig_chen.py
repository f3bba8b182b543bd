"""Chen's MIG: channels whose entropies are known, what must not matter, and odd tables."""

from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from infoeval.errors import UserError
from infoeval.metrics import Score, mig_chen
from infoeval.metrics.stats.gaussian_posteriors import log_mixture

QUICK: dict[str, Any] = {"replicates": 0, "null": 0}
CLASSES = np.arange(600) % 4
OTHER = np.arange(600) // 4 % 5
FACTORS = np.stack([CLASSES, OTHER], axis=1)


def information(centres: Any, deviation: float) -> float:
    """I(z; v), nats, of z ~ N(centre of v, deviation²) and equally likely v, by integration."""

    def density(z: float) -> float:
        return float(norm.pdf(z, centres, deviation).mean())

    ends = min(centres) - 9 * deviation, max(centres) + 9 * deviation
    entropy = quad(lambda z: -density(z) * np.log(density(z)), *ends, limit=400)[0]
    return float(entropy - 0.5 * np.log(2 * np.pi * np.e * deviation**2))


def gap_of(mean: Any, log_variance: Any, factors: Any = FACTORS, **options: Any) -> Score:
    return mig_chen(mean, log_variance, factors, **(QUICK | options))


@pytest.mark.parametrize("deviation", [0.1, 0.5, 1.0, 3.0])
def test_a_channel_of_known_entropies(deviation: float) -> None:
    """One code for each factor, and one of noise: the posteriors are equal within a class."""
    mean = np.stack([CLASSES, OTHER, np.zeros(600)], axis=1)
    score = gap_of(mean, np.full((600, 3), 2 * np.log(deviation)))
    expected = [information(np.arange(size), deviation) for size in (4, 5)]
    found = np.array(score.details["information"])
    assert found[[0, 1], [0, 1]] == pytest.approx(expected, abs=0.02)
    assert np.abs(found[[0, 1, 2, 2], [1, 0, 0, 1]]).max() < 0.01
    assert score.value == pytest.approx(np.mean(np.divide(expected, np.log([4, 5]))), abs=0.02)
    assert score.details["factor_entropies"] == pytest.approx(np.log([4, 5]))


def test_two_codes_that_share_a_factor_have_no_gap() -> None:
    mean = np.stack([CLASSES, 7 - 2 * CLASSES, OTHER], axis=1) * 100.0
    found = gap_of(mean, np.zeros((600, 3))).details["per_factor"]
    assert found == pytest.approx([0, 1], abs=1e-9)


def test_information_is_a_share_of_the_entropy_of_unequal_classes() -> None:
    classes = np.repeat([0, 1, 2], [10, 40, 150])
    mean = np.stack([100.0 * classes, np.zeros(200)], axis=1)
    score = gap_of(mean, np.zeros((200, 2)), classes)
    shares = np.array([0.05, 0.2, 0.75])
    assert score.details["factor_entropies"] == pytest.approx([-(shares @ np.log(shares))])
    assert score.value == pytest.approx(1)


def test_what_the_mean_alone_would_not_tell() -> None:
    """Means that are exact, under posteriors so wide that their samples tell nothing."""
    mean = FACTORS / 1000
    assert gap_of(mean, np.zeros((600, 2))).value < 0.01
    assert gap_of(mean, np.full((600, 2), -20.0)).value == pytest.approx(1)


def test_posteriors_far_narrower_than_their_distances_are_said_to_be() -> None:
    """A code of noise whose posteriors shrink seems to tell the whole factor: the truth is 0."""
    noise = np.random.default_rng(2).normal(size=(600, 2))
    wide, narrow = np.zeros(600), np.full(600, 2 * np.log(1e-5))
    score = gap_of(noise, np.stack([wide, narrow], axis=1), CLASSES)
    told = np.array(score.details["information"])[:, 0]
    assert told == pytest.approx([0, np.log(4)], abs=0.02)
    sentence = score.details["sparse"]
    assert sentence.startswith("the posteriors of code 1 are far narrower than the distances")
    assert "up to 100% of the density of a sample is its own image's" in sentence
    # Neither wide posteriors nor narrow ones that are those of their class.
    exact = np.stack([CLASSES, OTHER], axis=1).astype(float)
    for mean, log_variance in ((noise, np.zeros((600, 2))), (exact, np.full((600, 2), -20.0))):
        assert "sparse" not in gap_of(mean, log_variance, CLASSES).details


@pytest.fixture(scope="module")
def noisy() -> tuple[Any, Any, float]:
    random = np.random.default_rng(1)
    mean = np.concatenate([FACTORS, FACTORS[:, :1]], 1) + random.normal(size=(600, 3))
    log_variance = random.normal(size=(600, 3)) - 2
    return mean, log_variance, gap_of(mean, log_variance).value


@pytest.mark.parametrize("change", ["scale", "shift", "order", "sign", "names", "draws"])
def test_what_must_not_matter(change: str, noisy: tuple[Any, Any, float]) -> None:
    mean, log_variance, value = noisy
    factors, options = FACTORS, {}
    if change == "scale":
        scales = np.array([10.0, 0.01, 3])
        mean, log_variance = mean * scales, log_variance + 2 * np.log(scales)
    elif change == "shift":
        mean = mean + np.array([5, -3, 0.5])
    elif change == "order":
        mean, log_variance = mean[:, ::-1], log_variance[:, ::-1]
    elif change == "sign":
        mean, options = -mean, {"samples": 40_000}
    elif change == "names":
        factors = np.stack([np.array([7, 0, 3, 1])[CLASSES], 4 - OTHER], axis=1)
    else:
        options = {"seed": 5, "samples": 30_000}
    exact = change not in ("sign", "draws")
    found = gap_of(mean, log_variance, factors, **options).value
    assert 0.05 < value < 0.95
    assert found == pytest.approx(value, abs=1e-9 if exact else 0.01)


def test_interval_and_chance(noisy: tuple[Any, Any, float]) -> None:
    mean, log_variance, value = noisy
    score = mig_chen(mean, log_variance, FACTORS, samples=600)
    assert score.low is not None
    assert score.high is not None
    assert score.low < value < score.high
    assert score.high - score.low < 0.3
    assert score.details["null"]["mean"] < score.value / 2
    again = mig_chen(mean, log_variance, FACTORS, samples=600)
    assert (again.value, again.low, again.high) == (score.value, score.low, score.high)


def test_odd_tables() -> None:
    mean, log_variance = np.random.default_rng(0).normal(size=(2, 60, 2))
    with pytest.raises(UserError, match="factor 0 has the same value in every row"):
        gap_of(mean, log_variance, np.zeros(60, int))
    assert 0 <= gap_of(mean[:, 0], log_variance[:, 0], CLASSES[:60]).value <= 1
    assert 0 <= gap_of(mean, log_variance, mean[:, :1]).value <= 1
    assert 0 <= gap_of(1e40 * mean, log_variance - 400, CLASSES[:60]).value <= 1
    assert gap_of(np.zeros((60, 2)), np.zeros((60, 2)), CLASSES[:60]).value == pytest.approx(0)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.zeros((9, 2)), np.zeros((9, 2)), CLASSES[:8]), {}, "8"),
        ((np.zeros((9, 2)), np.zeros((9, 1)), CLASSES[:9]), {}, "one log variance for each mean"),
        ((np.zeros((9, 2)), np.full((9, 2), np.nan), CLASSES[:9]), {}, "not a finite number"),
        ((np.zeros((9, 2)), np.zeros((9, 2)), CLASSES[:9]), {"samples": 0}, "samples is 0"),
    ],
)
def test_what_is_no_posterior(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        mig_chen(*arguments, **options)


def test_mixtures_of_one_and_of_far_parts() -> None:
    values = np.array([-3.0, 0.0, 50.0])
    assert log_mixture(values, np.zeros(1), np.full(1, np.log(4))) == pytest.approx(
        norm.logpdf(values, 0, 2)
    )
    two = log_mixture(values, np.array([0.0, 1e6]), np.zeros(2))
    assert two == pytest.approx(norm.logpdf(values) - np.log(2))
