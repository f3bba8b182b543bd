"""Consistency: by hand, scikit-learn's regressions, known truths, invariances, hostile input."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from infoeval.errors import UserError
from infoeval.metrics import consistency
from infoeval.metrics._consistency import _explained, _permuted, _regressed, _Scaled

Array = NDArray[Any]
MAPS = ("permutation", "linear", "affine")


def related(seed: int, n: int = 900) -> list[Array]:
    """Three models of the same factors, with noise, the second flipped and the third rotated."""
    random = np.random.default_rng(seed)
    factors = random.normal(size=(n, 3))
    rotation = np.linalg.qr(random.normal(size=(3, 3)))[0]
    models = [factors, 4 - 2 * factors[:, [2, 0, 1]], factors @ rotation]
    return [model + 0.3 * random.normal(size=(n, 3)) for model in models]


def halves(models: list[Array]) -> tuple[list[Array], list[Array]]:
    """Rows to fit on and rows to score, as the metric draws them with seed 0."""
    n = len(models[0])
    order = np.random.default_rng([0, 1]).permutation(n)
    fit = n - round(n / 3)
    return [model[order[:fit]] for model in models], [model[order[fit:]] for model in models]


def test_a_table_by_hand() -> None:
    """Of two codes, the first is the second one's opposite there, the other way round here."""
    fitted = np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    source = _Scaled.of(fitted, np.array([[1.0, 0.0], [-1.0, 0.0]]), "permutation")
    target = _Scaled.of(-3 * fitted[:, ::-1], np.array([[0.0, -3.0], [0.0, 3.0]]), "permutation")
    predicted = _permuted(source, target)
    assert predicted == pytest.approx(np.array([[0.0, -1.0], [0.0, 1.0]]))
    assert target.scored == pytest.approx(predicted)
    # The first code does not vary here, and of the second all is explained.
    assert _explained(target.scored, predicted) == 0.5
    # 1 - (1 + 1 + 0) / 2 = 0 and 1 - (0 + 1 + 0) / 2 = 0.5.
    targets = np.array([[1.0, 1.0], [-1.0, -1.0], [0.0, 0.0]])
    guesses = np.array([[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    assert _explained(targets, guesses) == pytest.approx(0.25)


@pytest.mark.parametrize("maps", ["linear", "affine"])
def test_regressions_are_those_of_scikit_learn(maps: Any) -> None:
    """These are ituna's Linear and Affine; its score is the same mean of R^2 over codes."""
    models = related(0)
    fitted, scored = halves(models)
    pairs = consistency(models, maps=maps, replicates=0).details["pairs"]
    for source in range(3):
        for target in range(3):
            if source != target:
                model = LinearRegression(fit_intercept=maps == "affine")
                predicted = model.fit(fitted[source], fitted[target]).predict(scored[source])
                expected = r2_score(scored[target], predicted)
                assert pairs[source][target] == pytest.approx(max(0.0, expected), abs=1e-10)


def test_permutations_by_definition() -> None:
    """Unit weights with a sign, as in ituna's Permutation, of codes of mean 0 and deviation 1."""
    models = related(1)
    fitted, scored = halves(models)
    pairs = consistency(models, replicates=0).details["pairs"]
    means, deviations = ([f(each, axis=0) for each in fitted] for f in (np.mean, np.std))
    units = [(each - m) / d for each, m, d in zip(scored, means, deviations, strict=True)]
    flipped = -units[0][:, [2, 0, 1]]
    assert pairs[0][1] == pytest.approx(r2_score(units[1], flipped), abs=1e-10)
    assert pairs[1][0] == pytest.approx(r2_score(units[0][:, [2, 0, 1]], -units[1]), abs=1e-10)


def test_what_each_map_sees_through() -> None:
    random = np.random.default_rng(2)
    codes = random.normal(size=(3_000, 4)) + 1
    flipped, mixed = -codes[:, ::-1] * [1, 2, 3, 4], codes @ random.normal(size=(4, 4))
    moved, cubes = mixed + 5, (codes - 1) ** 3
    found = {
        maps: [
            float(consistency([codes, other], maps=maps, replicates=0))  # type: ignore[arg-type]
            for other in (flipped, mixed, moved, cubes)
        ]
        for maps in MAPS
    }
    assert found["permutation"][0] == pytest.approx(1)
    assert max(found["permutation"][1:3]) < 0.6
    # Correlation of a normal variable and its cube: √(3 / 5).
    assert found["permutation"][3] == pytest.approx(2 * np.sqrt(0.6) - 1, abs=0.07)
    assert found["linear"][:2] == pytest.approx([1, 1])
    assert found["linear"][2] < 0.95
    assert found["affine"][:3] == pytest.approx([1, 1, 1])
    assert found["affine"][3] == pytest.approx(0.6, abs=0.07)


@pytest.mark.parametrize("maps", MAPS)
def test_noise_scores_0(maps: Any) -> None:
    random = np.random.default_rng(3)
    score = consistency([random.normal(size=(1_500, 6)) for _ in range(3)], maps=maps)
    assert score.value == pytest.approx(0, abs=0.003)
    related_models = consistency(related(3), maps=maps, null=3)
    assert related_models.details["null"]["mean"] == pytest.approx(0, abs=0.01)
    assert related_models.value > 0.4


def test_models_are_ranked_and_each_has_limits() -> None:
    score = consistency(related(4))
    models = score.details["per_model"]
    pairs = np.array(score.details["pairs"])
    expected = [(pairs[m].sum() + pairs[:, m].sum()) / 4 for m in range(3)]
    assert [model["value"] for model in models] == pytest.approx(expected)
    assert float(score) == pytest.approx(pairs.sum() / 6)
    assert np.argmin(expected) == 2
    assert score.details["best"] == int(np.argmax(expected))
    for model in models:
        assert model["low"] <= model["value"] <= model["high"]
    json.dumps(score.details)


def test_order_sign_and_scale_mean_nothing() -> None:
    models = related(5)
    for maps in MAPS:
        offset = 0 if maps == "linear" else 7
        changed = [offset - scale * model[:, ::-1] for scale, model in enumerate(models[::-1], 1)]
        expected, found = (
            float(consistency(each, maps=maps, replicates=0))  # type: ignore[arg-type]
            for each in (models, changed)
        )
        assert found == pytest.approx(expected, abs=1e-9)


def test_dead_codes_other_numbers_of_codes_and_codes_that_repeat() -> None:
    models = related(6)
    expected = consistency(models, replicates=0)
    dead = [np.column_stack([np.full(900, 0.1), model]) for model in models]
    padded = consistency(dead, replicates=0)
    assert float(padded) == pytest.approx(float(expected))
    assert padded.details["pruned"] == [f"model {number}, code 0" for number in range(3)]
    constant = consistency([*models[:2], np.ones((900, 2))])
    assert constant.details["per_model"][2]["value"] == 0
    fewer = consistency([models[0], models[0][:, :2]], replicates=0).details["pairs"]
    assert fewer[0][1] == pytest.approx(1)
    assert fewer[1][0] == pytest.approx(2 / 3)
    twice = np.repeat(models[0], 2, axis=1)
    for maps in MAPS:
        both = consistency([twice, models[0]], maps=maps, replicates=0)  # type: ignore[arg-type]
        assert both.details["pairs"][0][1] == pytest.approx(1)
    again = _Scaled.of(twice, twice, "affine")
    assert _explained(again.scored, _regressed(again, again)) == pytest.approx(1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("maps", MAPS)
def test_few_rows(maps: Any) -> None:
    random = np.random.default_rng(7)
    for n in range(3, 12):
        score = consistency([random.normal(size=(n, 2)) for _ in range(2)], maps=maps, null=2)
        assert 0 <= score.value <= 1


@pytest.mark.parametrize(
    ("models", "options", "message"),
    [
        ([np.eye(5)], {}, "models: 1; consistency compares two or more"),
        ([np.eye(5), np.eye(6)], {}, "the codes differ in their number of rows"),
        ([np.eye(5), np.eye(5, dtype=int)], {}, "model 1: code 0 is categorical; consistency maps"),
        ([np.eye(2)] * 2, {}, "2 rows; give more, some to fit on and others to score"),
        ([np.eye(5) * np.nan] * 2, {}, "nan is not a finite number"),
        ([np.eye(5)] * 2, {"maps": "x"}, "no maps 'x'; there are permutation, linear, affine"),
        ([np.eye(5)] * 2, {"factor_types": ["d"]}, "consistency has no option 'factor_types'"),
        ([np.eye(5)] * 2, {"level": 1.5}, "level is 1.5"),
    ],
)
def test_wrong_input_is_one_line(models: Any, options: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        consistency(models, **options)
