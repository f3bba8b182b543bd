"""UDR: its definition by scikit-learn, known truths, invariances and hostile input."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso
from sklearn.preprocessing import StandardScaler

from infoeval.errors import UserError
from infoeval.metrics._udr import udr


def related(seed: int, n: int = 800) -> list[NDArray[Any]]:
    """Four models that know the same factors, the later ones more and more entangled."""
    random = np.random.default_rng(seed)
    factors = random.uniform(-1, 1, size=(n, 3))
    models = []
    for turn in (0.0, 0.1, 0.4, 0.8):
        mixed = factors.copy()
        mixed[:, 0] = np.cos(turn) * factors[:, 0] + np.sin(turn) * factors[:, 1]
        mixed[:, 1] = np.cos(turn) * factors[:, 1] - np.sin(turn) * factors[:, 0]
        models.append(mixed + 0.1 * random.normal(size=(n, 3)))
    return models


def by_definition(models: list[NDArray[Any]], preset: str) -> NDArray[Any]:
    """Scores of pairs as the paper defines them, pair by pair."""
    pairs = np.zeros((len(models), len(models)))
    scaled = [StandardScaler().fit_transform(model) for model in models]
    for i, first in enumerate(scaled):
        for j, second in enumerate(scaled):
            if i == j:
                continue
            if preset == "lasso":
                alike = np.abs(Lasso(alpha=0.1, tol=1e-12).fit(first, second).coef_.T)
            else:
                alike = np.abs([[spearmanr(x, y).statistic for y in second.T] for x in first.T])
            terms = []
            for rows in (alike, alike.T):
                each = [row.max() ** 2 / row.sum() if row.sum() > 0 else 0.0 for row in rows]
                terms.append(np.mean(each))
            pairs[i, j] = np.mean(terms)
    return pairs


@pytest.mark.parametrize("preset", ["lasso", "spearman"])
def test_scores_are_those_of_the_definition(preset: Any) -> None:
    models = related(0)
    models[1] = models[1][:, :2]  # models may have other numbers of codes
    score = udr(models, preset=preset, replicates=0, null=0)
    expected = by_definition(models, preset)
    assert np.array(score.details["pairs"]) == pytest.approx(expected, abs=1e-6)
    medians = [np.median(np.delete(expected[:, model], model)) for model in range(4)]
    assert [each["value"] for each in score.details["per_model"]] == pytest.approx(medians)
    assert float(score) == pytest.approx(np.mean(medians))
    assert score.details["best"] == int(np.argmax(medians))


def test_equal_codes_rotated_codes_and_noise() -> None:
    random = np.random.default_rng(1)
    codes = random.normal(size=(5_000, 2))
    flipped = 7 - 3 * codes[:, ::-1]
    assert float(udr([codes, flipped], replicates=0, null=0)) == pytest.approx(0.9, abs=0.05)
    ranked = udr([codes, np.exp(flipped)], preset="spearman", replicates=0)
    assert float(ranked) == pytest.approx(1, abs=0.05)
    mixed = codes @ np.array([[1.0, 1.0], [1.0, -1.0]])
    assert float(udr([codes, mixed], replicates=0, null=0)) < 0.35
    noise = [random.normal(size=(5_000, 2)) for _ in range(3)]
    assert float(udr(noise, replicates=0)) == 0
    null = udr([codes, flipped], replicates=0, null=3).details["null"]
    assert null["high"] < 0.01


def test_models_that_are_less_entangled_rank_higher() -> None:
    score = udr(related(2))
    values = [each["value"] for each in score.details["per_model"]]
    assert np.argmin(values) == 3
    assert score.details["best"] in (0, 1)
    for each in score.details["per_model"]:
        assert each["low"] <= each["value"] <= each["high"]
    json.dumps(score.details)


@pytest.mark.parametrize("preset", ["lasso", "spearman"])
def test_order_scale_and_sign_mean_nothing(preset: Any) -> None:
    models = related(3)
    found = float(udr(models, preset=preset, replicates=0, null=0))
    rows = np.random.default_rng(3).permutation(800)
    changed = [5 - 40 * model[rows][:, ::-1] for model in models[::-1]]
    assert float(udr(changed, preset=preset, replicates=0, null=0)) == pytest.approx(found)


def test_intervals_cover_repeat_and_shrink() -> None:
    drawn = [float(udr(related(seed), replicates=0, null=0)) for seed in range(1000, 1060)]
    truth = np.mean(drawn)
    covered = 0
    for seed in range(20):
        score = udr(related(100 + seed), replicates=20, null=0)
        assert score.low is not None
        assert score.high is not None
        covered += score.low <= truth <= score.high
    assert covered >= 17
    more = udr(related(5, 12_800), replicates=20, null=0)
    assert more.low is not None
    assert more.high is not None
    assert more.high - more.low < 0.5 * (score.high - score.low)
    again = udr(related(119), replicates=20, null=0)
    assert (again.low, again.high) == (score.low, score.high)


def test_equal_models_are_certain_in_no_interval() -> None:
    """Every half scores 0.9: an interval of no width would be more than the rows say."""
    codes = related(0)[0]
    score = udr([codes, codes])
    assert score.value == pytest.approx(0.9)
    assert (score.low, score.high, score.level) == (None, None, None)
    assert score.details["interval"] == "none: the rows show no spread of the value"
    assert score.details["adjusted"]["low"] is None
    ranks = udr([codes[:, :1], codes[:, :1]], preset="spearman")
    assert (ranks.value, ranks.low, ranks.high) == pytest.approx((1, 1, 1), abs=1e-12)


def test_dead_codes_are_left_out() -> None:
    models = related(6)
    random = np.random.default_rng(6)
    padded = [np.column_stack([1e-3 * random.normal(size=800), each]) for each in models]
    found = udr(models, replicates=0, null=0)
    score = udr(padded, replicates=0)
    assert float(score) == pytest.approx(float(found))
    assert score.details["pruned"] == [f"model {number}, code 0" for number in range(4)]
    wide = [100 * padded[0][:, :1], *padded[0][:, 1:].T]
    padded[0] = np.column_stack(wide)
    divergences = [np.array([0.005, 2, 2, 2])] * 4
    by_divergence = udr(padded, kl=divergences, replicates=0, null=0)
    assert float(by_divergence) == pytest.approx(float(found))
    dead = udr([*models[:2], np.ones((800, 3))])
    assert dead.details["per_model"][2]["value"] == 0
    assert dead.details["pairs"][0][2] == dead.details["pairs"][2][0] == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("preset", ["lasso", "spearman"])
def test_small_tables_and_equal_codes(preset: Any) -> None:
    random = np.random.default_rng(7)
    for n in range(2, 11):
        score = udr([random.normal(size=(n, 2)) for _ in range(2)], preset=preset, null=2)
        assert 0 <= score.value <= 1
    twin = np.repeat(random.normal(size=(50, 1)), 2, axis=1)
    assert 0 < udr([twin, twin], preset=preset).value <= 1
    frames = [pd.DataFrame({"a": column, "b": column**2}) for column in random.normal(size=(2, 50))]
    assert udr(frames, preset=preset).details["codes"][1] == "model 0, b"


@pytest.mark.parametrize(
    ("models", "options", "message"),
    [
        ([np.ones((5, 2))], {}, "models: 1; udr compares two or more"),
        ([np.ones((5, 2)), np.ones((6, 2))], {}, "the codes differ in their number of rows"),
        ([np.ones((5, 2)), np.ones((5, 2), int)], {}, "model 1: code 0 is categorical"),
        ([np.ones((5, 2))] * 2, {"kl": [[1, 1]]}, "kl: 1 models, not 2"),
        ([np.ones((5, 2))] * 2, {"kl": [[1, 1], [1]]}, "kl of model 1: give a finite number for"),
        ([np.ones((5, 2))] * 2, {"kl": ["x", "y"]}, "kl of model 0: give a finite number for"),
        ([np.ones((5, 2))] * 2, {"preset": "x"}, "no preset 'x'; there are lasso, spearman"),
        ([np.ones((5, 2))] * 2, {"code_types": ["c", "c"]}, "udr has no option 'code_types'"),
        ([np.ones((5, 2))] * 2, {"level": 1.5}, "level is 1.5"),
    ],
)
def test_wrong_input_is_one_line(models: Any, options: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        udr(models, **options)
