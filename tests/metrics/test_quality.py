"""Quality of samples whose laws are known."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics import Score, quality

Array = NDArray[np.float64]
N = 300
EASY: Any = {"replicates": 4}


def normal(seed: int, n: int = N, dimensions: int = 8) -> Array:
    return np.random.default_rng(seed).normal(size=(n, dimensions))


def classes(seed: int, kept: int = 10, n: int = 600) -> Array:
    """Points of the first of ten classes that lie far apart."""
    random = np.random.default_rng(seed)
    middles = 8 * np.eye(10)
    return np.asarray(middles[random.integers(kept, size=n)] + random.normal(size=(n, 10)))


def parts(score: Score) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = score.details["parts"]
    return found


def values(*samples: Array, **options: Any) -> dict[str, float]:
    found = parts(quality(*samples, replicates=0, **options))
    return {name: part["value"] for name, part in found.items()}


def test_equal_laws_score_as_real_images_do() -> None:
    score = quality(normal(0), normal(1), other_real=normal(2))
    assert score.value == parts(score)["fd"]["value"]
    for name, part in parts(score).items():
        width = part["high"] - part["low"]
        assert abs(part["value"] - part["real"]) < width, name
        assert part["low"] < part["value"] < part["high"]
    assert parts(score)["kid"]["low"] < 0 < parts(score)["kid"]["high"]
    assert parts(score)["coverage"]["value"] > 0.9
    assert 0.85 < parts(score)["density"]["value"] < 1.15


def test_the_interval_of_fd_is_about_its_expectation_at_this_size() -> None:
    """Which is above the distance of the laws, 8 · 0.3²."""
    fds = [values(normal(2 * k), normal(2 * k + 1) + 0.3)["fd"] for k in range(40)]
    assert np.mean(fds) > 1.1 * 8 * 0.3**2
    scores = [quality(normal(100 + k), normal(200 + k) + 0.3, replicates=10) for k in range(12)]
    covered = [s.low <= np.mean(fds) <= s.high for s in scores if s.low and s.high]
    assert sum(covered) >= 10


def test_images_outside_lower_precision_alone_and_missing_ones_recall() -> None:
    """Two far blobs: one is missing, or half of what is generated lies nowhere."""
    random = np.random.default_rng(0)
    blobs = np.repeat([[0.0, 0.0], [100.0, 0.0]], 200, axis=0)
    real = blobs + random.normal(size=blobs.shape)
    missing = values(real, np.zeros((400, 2)) + random.normal(size=(400, 2)))
    assert missing["precision"] > 0.9
    assert missing["recall"] == pytest.approx(0.5, abs=0.03)
    assert missing["coverage"] == pytest.approx(0.5, abs=0.03)
    extra = blobs * [0.0, 1.0] + random.normal(size=blobs.shape)
    extra[200:] = 1e4 * np.linspace(1, 2, 200)[:, None]
    outside = values(real[:200], extra)
    assert outside["precision"] == pytest.approx(0.5, abs=0.03)
    assert outside["density"] == pytest.approx(0.5, abs=0.1)
    assert outside["recall"] > 0.9


def test_density_and_coverage_where_they_can_be_counted() -> None:
    """On a line of whole numbers the five nearest lie up to 3 away, at its ends up to 5."""
    line = np.arange(12.0)[:, None]
    found = values(line, np.full((12, 1), 6.25))
    # 6.25 lies in the balls about 4 to 9 and about 3 to the left (3.25 > 3), 10 (3.75 ≤ 4) and
    # 11 (4.75 ≤ 5); about 0 and 1 not (6.25 > 5, 5.25 > 4).
    assert found["density"] == pytest.approx(8 / 5)
    assert found["coverage"] == pytest.approx(8 / 12)
    assert found["precision"] == 1
    assert found["recall"] == 0


def test_the_fewer_classes_the_lower_recall_and_coverage() -> None:
    found = [values(classes(0), classes(1, kept)) for kept in (10, 8, 5, 2)]
    for name in ("recall", "coverage"):
        shares = [each[name] for each in found]
        assert shares == sorted(shares, reverse=True)
        assert shares[2] == pytest.approx(shares[0] / 2, abs=0.05)
    for name in ("fd", "kid"):
        distances = [each[name] for each in found]
        assert distances == sorted(distances)
    assert all(each["precision"] > 0.7 for each in found)


def test_variety_is_zero_for_one_image_and_one_for_real_ones() -> None:
    groups = normal(3, 200).reshape(20, 10, 8)
    same = np.repeat(groups[:, :1], 10, axis=1)
    score = quality(normal(0), normal(1), fixed_codes=same, fixed_noise=groups, **EASY)
    found = parts(score)
    assert found["variety"]["value"] == 0
    assert found["code variety"]["value"] == pytest.approx(1, abs=0.05)
    assert found["code variety"]["low"] < 1 < found["code variety"]["high"] + 0.05
    half = values(normal(0), normal(1), fixed_codes=0.5 * groups)
    assert half["variety"] == pytest.approx(0.5, abs=0.03)


def test_one_image_again_and_again() -> None:
    score = quality(normal(0), np.zeros((N, 8)), **EASY)
    found = parts(score)
    assert found["recall"]["value"] == 0
    # A share that no half shows to vary is not certain.
    assert 0 < found["recall"]["high"] < 0.05
    assert found["coverage"]["value"] < 0.7


def test_order_and_the_scale_of_far_features_do_not_matter() -> None:
    real, made = normal(0), normal(1) + 0.2
    known = values(real, made)
    order = np.random.default_rng(9).permutation(N)
    assert values(real[order], made[order[::-1]]) == pytest.approx(known)
    moved = values(1e4 + 3 * real, 1e4 + 3 * made)
    for name in ("precision", "recall", "density", "coverage"):
        assert moved[name] == known[name]
    assert moved["fd"] == pytest.approx(9 * known["fd"])


def test_seeds_and_pairs() -> None:
    real, made = normal(0), normal(1)
    first, again = (quality(real, made, seed=3, **EASY) for _ in range(2))
    assert first == again
    other = quality(real, made, seed=4, **EASY)
    assert other.value == first.value
    assert other.low != first.low
    assert first.samples is not None
    assert first.samples.halves.shape == (4, 6)


@pytest.mark.parametrize(("count", "reason"), [(0, "no replicates"), (1, "a single half")])
def test_without_replicates_there_is_no_interval(count: int, reason: str) -> None:
    score = quality(normal(0), normal(1), replicates=count)
    assert score.low is score.high is score.level is None
    assert reason in score.details["interval"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [12, 13, 24, 40])
def test_few_images_have_an_interval(n: int) -> None:
    score = quality(normal(0, n), normal(1, n), **EASY)
    assert score.samples is not None
    assert (score.samples.quarters is not None) == (n >= 24)
    assert score.low is not None


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("real", "generated", "message"),
    [
        (normal(0, 11), normal(1), "real: 11 images; give 12 or more"),
        (normal(0), normal(1, 5), "generated: 5 images; give 12 or more"),
        (np.ones((20, 3)) * 0.1, normal(1, 20, 3), "real: all images have the same features"),
        (normal(0), normal(1, N, 7), "7 features of images, and 8 of others"),
        (normal(0), np.full((N, 8), np.nan), "generated: some features are not finite"),
        (normal(0)[:, 0], normal(1), r"real: shape \(300,\), not \(n, D\)"),
        (normal(0), np.array([["a"] * 8] * N), "generated: give numbers"),
    ],
)
def test_what_cannot_be_compared(real: Any, generated: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        quality(real, generated)


def test_groups_have_a_form() -> None:
    with pytest.raises(UserError, match=r"variety: shape \(300, 8\), not \(groups, images, D\)"):
        quality(normal(0), normal(1), fixed_codes=normal(2))
    with pytest.raises(UserError, match=r"variety: shape \(300, 1, 8\)"):
        quality(normal(0), normal(1), fixed_codes=normal(2)[:, None])
