"""Agreement between seeds: its definition, invariances, known medoids and hostile input."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import normalized_mutual_info_score

from infoeval.errors import UserError
from infoeval.metrics import cluster_accuracy
from infoeval.metrics.seed_agreement import pair_codes, seed_agreement

Model = list[NDArray[Any]]


def blurred(code: NDArray[Any], share: float, seed: int) -> NDArray[Any]:
    """The code with a share of its rows drawn anew."""
    random = np.random.default_rng(seed)
    new = random.permutation(code)
    return np.where(random.random(len(code)) < share, new, code)


def three_alike_and_one_odd(kind: str, count: int, n: int = 1500) -> list[Model]:
    """Number 2 is the odd one; number 0 is nearest to the truth that the others share."""
    random = np.random.default_rng(count)
    if kind == "categorical":
        truth: Model = [random.integers(0, 7, n) for _ in range(count)]
        odd: Model = [random.integers(0, 7, n) for _ in range(count)]
    else:
        truth = list(random.normal(size=(count, n)))
        odd = list(random.normal(size=(count, n)))
    blurs = (0.02, 0.15, None, 0.2)
    return [
        odd if share is None else [blurred(c, share, 10 * m + k) for k, c in enumerate(truth)]
        for m, share in enumerate(blurs)
    ]


KINDS = [("categorical", 1), ("categorical", 3), ("continuous", 1), ("continuous", 4)]


@pytest.mark.parametrize(("kind", "count"), KINDS)
def test_the_medoid_is_the_one_nearest_to_what_models_share(kind: str, count: int) -> None:
    agreement = seed_agreement(three_alike_and_one_odd(kind, count))
    assert agreement.medoid == 0
    assert int(agreement.means.argmin()) == 2
    assert np.array_equal(agreement.pairs, agreement.pairs.T)
    assert (np.diag(agreement.pairs) == 1).all()
    assert (agreement.pairs >= 0).all()
    assert (agreement.pairs <= 1).all()


@pytest.mark.parametrize(("kind", "count"), KINDS)
def test_names_order_and_sign_of_codes_do_not_matter(kind: str, count: int) -> None:
    models = three_alike_and_one_odd(kind, count)
    before = seed_agreement(models).pairs
    random = np.random.default_rng(0)
    changed: list[Model] = []
    for model in models:
        order = random.permutation(count)
        if kind == "categorical":
            changed.append([random.permutation(9)[model[k]] for k in order])
        else:
            changed.append([np.exp(random.choice([-1, 1]) * model[k]) for k in order])
    assert seed_agreement(changed).pairs == pytest.approx(before, abs=1e-12)


@pytest.mark.parametrize(("kind", "count"), KINDS)
def test_the_order_of_models_and_rows_does_not_matter(kind: str, count: int) -> None:
    models = three_alike_and_one_odd(kind, count)
    before = seed_agreement(models)
    order = [3, 2, 0, 1]
    rows = np.random.default_rng(0).permutation(len(models[0][0]))
    after = seed_agreement([[code[rows] for code in models[number]] for number in order])
    assert after.pairs == pytest.approx(before.pairs[np.ix_(order, order)], abs=1e-12)
    assert after.medoid == order.index(before.medoid or 0)


def test_one_categorical_code_is_compared_as_the_accuracy_of_clusters_is() -> None:
    models = three_alike_and_one_odd("categorical", 1)
    expected = [[float(cluster_accuracy(a[0], b[0])) for b in models] for a in models]
    assert seed_agreement(models).pairs == pytest.approx(np.array(expected), abs=1e-15)


def test_several_categorical_codes_are_paired_by_normalised_information() -> None:
    first, second = three_alike_and_one_odd("categorical", 3)[:2]
    moved = [second[2], second[0], second[1]]
    expected = np.mean([normalized_mutual_info_score(first[k], second[k]) for k in range(3)])
    assert seed_agreement([first, moved]).pairs[0, 1] == pytest.approx(expected, abs=1e-12)


def test_continuous_codes_are_paired_by_rank_correlation() -> None:
    first, second = three_alike_and_one_odd("continuous", 4)[:2]
    moved = [-second[2], second[0], second[3], -second[1]]
    expected = np.mean([abs(spearmanr(first[k], second[k]).statistic) for k in range(4)])
    assert seed_agreement([first, moved]).pairs[0, 1] == pytest.approx(expected, abs=1e-12)


def test_the_best_pairing_is_not_the_greedy_one() -> None:
    """The likest pair of codes, if it were taken first, would leave two that are unlike."""
    random = np.random.default_rng(0)
    a, b, c = random.normal(size=(3, 4000))
    first, second = [a + 0.5 * b, b], [a + 0.6 * b + 0.3 * c, a]
    rho = np.array([[abs(spearmanr(x, y).statistic) for y in second] for x in first])
    assert rho.argmax() == 0
    best = max(rho[0, 0] + rho[1, 1], rho[0, 1] + rho[1, 0]) / 2
    assert best > (rho[0, 0] + rho[1, 1]) / 2 + 0.1
    assert seed_agreement([first, second]).pairs[0, 1] == pytest.approx(best, abs=1e-12)


def test_continuous_codes_beside_categorical_ones_are_not_compared() -> None:
    models = three_alike_and_one_odd("categorical", 2)
    random = np.random.default_rng(0)
    beside = [[random.normal(size=1500), *model] for model in models]
    assert np.array_equal(seed_agreement(beside).pairs, seed_agreement(models).pairs)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kind", ["categorical", "continuous"])
def test_dead_codes_agree_with_nothing(kind: str, count: int) -> None:
    """Collapsed models are as alike as can be, and must not be chosen for it."""
    constant = np.zeros(1500, dtype=np.int64 if kind == "categorical" else np.float64)
    alive = three_alike_and_one_odd(kind, count)
    agreement = seed_agreement([[constant] * count, [constant] * count, *alive])
    assert (agreement.means[:2] == 0).all()
    assert agreement.medoid == 2
    assert seed_agreement([[constant] * count] * 4).medoid is None


def test_nearly_dead_codes_of_several_hardly_agree() -> None:
    """Two that change in one row of a hundred, each elsewhere, share 98 % of the rows."""
    random = np.random.default_rng(0)
    dead = [[(random.random(5000) < 0.01).astype(int) for _ in range(2)] for _ in range(2)]
    assert seed_agreement(dead).pairs[0, 1] < 0.05


def test_a_code_without_a_partner_counts_as_nothing() -> None:
    code, other = np.random.default_rng(0).normal(size=(2, 500))
    assert seed_agreement([[code], [code, other]]).pairs[0, 1] == pytest.approx(0.5)


def test_two_models_have_no_medoid() -> None:
    models = three_alike_and_one_odd("continuous", 2)
    assert seed_agreement(models[:2]).medoid is None
    assert seed_agreement(models[:1]).medoid is None
    assert seed_agreement(models[:1]).means.tolist() == [0.0]
    assert seed_agreement(models[:3]).medoid is not None


def test_categories_may_be_any_whole_numbers() -> None:
    models = [[[-1, 9, -1, 4]], [[0, 1, 0, 2]], [[True, False, True, False]]]
    assert seed_agreement(models).pairs[0].tolist() == [1, 1, 0.75]


HOSTILE: list[tuple[Any, str]] = [
    ([], "none given"),
    ([[]], "model 0 has no codes"),
    ([[[1, 2]], [[1, 2, 3]]], "number of rows"),
    ([[[1.0, np.nan]], [[1.0, 2.0]]], "not finite"),
    ([[[1.0, np.inf]], [[1.0, 2.0]]], "not finite"),
    ([[[0, 1]], [[0.5, 1.0]]], "some have none"),
    ([[["a", "b"]], [[0, 1]]], "one number for each row"),
    ([[[[0.5, 1.0]]], [[0.5, 1.0]]], "one number for each row"),
    ([[[[0, 1]]], [[0, 1]]], "one label per row"),
    ([[np.empty(0)], [np.empty(0)]], "one number for each row"),
]


@pytest.mark.parametrize(("models", "why"), HOSTILE)
def test_bad_input_is_one_line(models: Any, why: str) -> None:
    with pytest.raises(UserError, match=why):
        seed_agreement(models)


@pytest.mark.parametrize("count", [1, 2])
def test_row_numbers_are_no_categories(count: int) -> None:
    """A table of 2,000 × 2,000 counts would be made for every two codes."""
    with pytest.raises(UserError, match="more than 1048576 cells"):
        seed_agreement([[np.arange(2000)] * count] * 2)


def test_angles_agree_wherever_they_begin_and_whichever_way_they_turn() -> None:
    random = np.random.default_rng(0)
    angle, size = random.uniform(0, 360, 400), random.normal(size=400)
    models = [[angle, size], [(200 - angle) % 360, -size], [size, (angle + 50) % 360]]
    types = [["periodic", "continuous"]] * 2 + [["continuous", "periodic"]]
    agreement = seed_agreement(models, types)
    assert agreement.pairs == pytest.approx(np.ones((3, 3)))
    assert "circular" in agreement.measure
    assert seed_agreement(models).pairs[0, 1] < 0.9
    with pytest.raises(UserError, match="a type for each code"):
        seed_agreement(models, types[:2])


def test_codes_are_paired_whatever_their_order_and_sign() -> None:
    codes = np.random.default_rng(0).normal(size=(5, 400))
    order = [3, 0, 4, 1, 2]
    pairs = pair_codes(list(codes), [-codes[place] for place in order])
    assert [order[pair.second] for pair in pairs] == [0, 1, 2, 3, 4]
    assert all(pair.turned for pair in pairs)
    assert [pair.agreement for pair in pairs] == pytest.approx([1] * 5)


def test_categories_are_paired_with_categories_alone() -> None:
    random = np.random.default_rng(0)
    kind, number = random.integers(0, 4, 300), random.normal(size=300)
    renamed = np.array([2, 0, 3, 1])[kind]
    pairs = pair_codes([kind, number], [number, renamed])
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (1, 0)]
    assert [pair.agreement for pair in pairs] == pytest.approx([1, 1])
    assert pair_codes([kind], [number]) == []


def test_noise_changes_no_partner() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(2, 8, 500))
    assert [pair.second for pair in pair_codes(list(first), list(second))] == list(range(8))


def test_angles_are_paired_by_their_circle() -> None:
    angle = np.random.default_rng(0).uniform(-np.pi, np.pi, 500)
    turned = (angle + 2 + np.pi) % (2 * np.pi) - np.pi
    other = np.random.default_rng(1).normal(size=500)
    types = [["periodic", ""], ["", "periodic"]]
    pairs = pair_codes([angle, other], [other, turned], types)
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (1, 0)]
    assert pairs[0].agreement > 0.95
    assert not pairs[0].turned


def test_codes_of_other_rows_are_refused_as_partners() -> None:
    with pytest.raises(UserError, match="number of rows"):
        pair_codes([[1.0, 2.0]], [[1.0, 2.0, 3.0]])


def test_a_clear_partner_elsewhere_comes_before_the_code_of_the_same_place() -> None:
    random = np.random.default_rng(3)
    codes, noise = random.normal(size=(2, 2_000)), random.normal(size=(2, 2_000))
    for weight, partners in ((0.5, [1, 0]), (0.0, [0, 1])):
        other = weight * codes[::-1] + noise
        assert [pair.second for pair in pair_codes(codes, other)] == partners
