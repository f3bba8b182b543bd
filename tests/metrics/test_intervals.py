import numpy as np
import pytest
from scipy.stats import binomtest

from infoeval.errors import UserError
from infoeval.metrics.intervals import basic_bootstrap, clopper_pearson


@pytest.mark.parametrize("n", [1, 7, 100, 10_000])
@pytest.mark.parametrize("level", [0.1, 0.9, 0.95, 0.9999])
def test_clopper_pearson_is_the_exact_interval_of_scipy(n: int, level: float) -> None:
    for successes in {0, 1, n // 3, n // 2, n - 1, n}:
        exact = binomtest(successes, n).proportion_ci(level, method="exact")
        assert clopper_pearson(successes, n, level) == pytest.approx(
            (exact.low, exact.high), abs=1e-10
        )


@pytest.mark.parametrize("n", [1, 3, 1000])
def test_clopper_pearson_holds_the_share_at_a_tiny_level(n: int) -> None:
    for successes in range(0, n + 1, max(1, n // 10)):
        low, high = clopper_pearson(successes, n, 1e-9)
        assert 0 <= low <= successes / n <= high <= 1


@pytest.mark.parametrize("level", [0, 1, -0.1, 2, float("nan")])
def test_level_outside_its_range(level: float) -> None:
    with pytest.raises(UserError, match="give a confidence level between 0 and 1"):
        clopper_pearson(1, 2, level)


def test_basic_bootstrap_takes_the_bias_out() -> None:
    # Replicates lie 0.1 above their centre: so does the value above the truth.
    replicates = np.linspace(0.55, 0.65, 1001)
    limits = basic_bootstrap(0.7, replicates, 0.5, 0.9, (0.0, 1.0))
    assert limits == pytest.approx((0.555, 0.7), abs=1e-3)


def test_basic_bootstrap_of_unbiased_replicates_is_centred() -> None:
    replicates = np.linspace(-1, 1, 10_001)
    limits = basic_bootstrap(3.0, replicates, 0.0, 0.95, (-9.0, 9.0))
    assert limits == pytest.approx((3 - 0.95, 3 + 0.95), abs=1e-9)


def test_basic_bootstrap_is_cut_at_the_range() -> None:
    limits = basic_bootstrap(0.5, np.linspace(-5, 5, 101), 0.0, 0.95, (0.0, 1.0))
    assert limits == (0.0, 1.0)
