"""Codes of known meaning: each is what its name says, on factors of every type."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics.stats.code_factor_table import Column, as_table
from infoeval.metrics.stats.reference_codes import common_cause, reference_tables, rotated

N = 3_000
Array = NDArray[np.float64]


def correlated(correlation: float, count: int = 5, seed: int = 0, n: int = N) -> Array:
    random = np.random.default_rng(seed)
    cause, own = random.normal(size=(n, 1)), random.normal(size=(n, count))
    return np.asarray(math.sqrt(correlation) * cause + math.sqrt(1 - correlation) * own)


def columns(values: object, types: Sequence[str] | None = None) -> tuple[Column, ...]:
    whole = pd.DataFrame(values)
    return as_table(np.zeros(len(whole)), whole, factor_types=types).factors


def mixed(n: int = N) -> tuple[pd.DataFrame, list[str]]:
    """A factor of each type, all driven by one cause."""
    random = np.random.default_rng(3)
    cause = random.normal(size=n)
    frame = pd.DataFrame(
        {
            "word": np.array(["red", "blue", "green"])[np.digitize(cause, [-0.5, 0.5])],
            "order": np.floor(2 * cause + random.normal(size=n)),
            "size": cause + random.normal(size=n),
            "turn": (90 * cause + 20 * random.normal(size=n)) % 360,
        }
    )
    return frame, ["discrete", "ordinal", "continuous", "periodic:360"]


def test_exact_codes_are_the_factors_in_numbers() -> None:
    frame, types = mixed()
    table = reference_tables([frame], factor_types=types, width=2)["exact as here"]
    codes = table.codes[0]
    assert list(codes) == ["word", "order", "size", "turn"]
    assert codes["word"].tolist() == frame["word"].map({"blue": 0, "green": 1, "red": 2}).tolist()
    np.testing.assert_array_equal(codes["size"], frame["size"])
    np.testing.assert_allclose(codes["turn"], np.deg2rad(frame["turn"]))
    assert (codes.dtypes == np.float64).all()
    pd.testing.assert_frame_equal(table.factors[0], frame)


@pytest.mark.parametrize("categorical", [False, True])
def test_exact_codes_of_classes_are_categorical_when_asked(categorical: bool) -> None:
    frame, types = mixed()
    tables = reference_tables([frame], factor_types=types, width=2, categorical=categorical)
    word = "categorical" if categorical else "continuous"
    exact = [word, "continuous", "continuous", "continuous"]
    assert tables["exact"].types == tables["exact as here"].types == exact
    assert tables["twice"].types == exact * 2
    for name in ("rotated", "common cause", "noise"):
        table = tables[name]
        assert table.types == ["continuous"] * table.codes[0].shape[1]


def test_exact_codes_of_independent_factors_keep_every_factor_but_no_relation() -> None:
    frame = pd.DataFrame(correlated(0.8))
    table = reference_tables([frame[:2_000], frame[2_000:]], width=5)["exact"]
    for place, part in enumerate((frame[:2_000], frame[2_000:])):
        np.testing.assert_array_equal(np.sort(table.factors[place], axis=0), np.sort(part, axis=0))
        np.testing.assert_array_equal(table.codes[place], table.factors[place])
        between = np.corrcoef(table.codes[place].T)[~np.eye(5, dtype=bool)]
        assert np.abs(between).max() < 5 / math.sqrt(len(part))


def test_twice_is_every_factor_as_two_codes() -> None:
    frame = pd.DataFrame(correlated(0.0, 3), columns=["a", "b", "c"])
    codes = reference_tables([frame], width=3)["twice"].codes[0]
    np.testing.assert_array_equal(codes, np.hstack([frame, frame]))


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24])
def test_every_rotated_code_mixes_all_factors(count: int) -> None:
    values = np.random.default_rng(count).normal(size=(500, count)) * np.arange(1, count + 1)
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    matrix = np.linalg.lstsq(standard, rotated(values), rcond=None)[0]
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(count), atol=1e-9)
    # An even mix would have 1/√K throughout, which only powers of two allow.
    assert np.abs(matrix).min() > 0.03 / math.sqrt(count)
    assert np.abs(matrix).max() < 1.42 / math.sqrt(count)


def test_noise_knows_nothing_and_is_fixed_by_the_seed() -> None:
    frame = pd.DataFrame(correlated(0.5))
    first, same, other = (
        reference_tables([frame], width=7, seed=seed)["noise"].codes[0] for seed in (1, 1, 2)
    )
    assert first.shape == (N, 7)
    pd.testing.assert_frame_equal(first, same)
    assert not np.array_equal(first, other)
    assert np.abs(np.corrcoef(first.T, frame.T)[:7, 7:]).max() < 5 / math.sqrt(N)


def test_codes_of_a_common_cause_are_all_that_cause() -> None:
    frame = pd.DataFrame(correlated(0.8))
    codes = reference_tables([frame], width=9)["common cause"].codes[0].to_numpy()
    cause = common_cause(columns(frame))
    assert cause is not None
    np.testing.assert_array_equal(codes, np.tile(cause[:, None], 9))


def test_cause_of_normal_factors_is_their_first_principal_component() -> None:
    random = np.random.default_rng(1)
    values = correlated(0.3, 4) @ (np.eye(4) + random.uniform(0, 0.5, (4, 4)))
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    component = standard @ np.linalg.eigh(np.corrcoef(values.T))[1][:, -1]
    cause = common_cause(columns(values))
    assert cause is not None
    assert cause.std() == pytest.approx(1)
    assert abs(np.corrcoef(cause, component)[0, 1]) > 0.999


def test_cause_is_that_of_the_ranks() -> None:
    values = correlated(0.6)
    bent = np.stack([values[:, 0] ** 3, np.exp(values[:, 1]), *values.T[2:]], axis=1)
    plain, other = common_cause(columns(values)), common_cause(columns(bent))
    assert plain is not None
    assert other is not None
    np.testing.assert_allclose(plain, other, atol=1e-9)


def test_cause_does_not_depend_on_the_numbers_of_classes() -> None:
    classes = np.floor(2 * correlated(0.8, 4)).clip(-3, 3)
    renumbered = classes.copy()
    renumbered[:, 0] = np.array([3, 0, 6, 1, 5, 2, 4])[classes[:, 0].astype(int) + 3]
    plain, other = common_cause(columns(classes)), common_cause(columns(renumbered))
    assert plain is not None
    assert other is not None
    assert abs(np.corrcoef(plain, other)[0, 1]) == pytest.approx(1, abs=1e-9)


def test_cause_of_factors_of_every_type_is_found() -> None:
    frame, types = mixed()
    random = np.random.default_rng(3)
    cause = common_cause(columns(frame, types))
    assert cause is not None
    assert abs(np.corrcoef(cause, random.normal(size=N))[0, 1]) > 0.8


def test_independent_factors_have_no_cause() -> None:
    found = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        frame = pd.DataFrame(
            {
                "heavy": random.standard_t(1, size=200),
                "classes": random.integers(0, 9, 200),
                "rare": random.geometric(0.3, 200),
                "angle": random.uniform(0, 2 * math.pi, 200),
            }
        )
        types = ["continuous", "discrete", "discrete", "periodic"]
        found += common_cause(columns(frame, types)) is not None
    assert found <= 3  # of 300 at one in a thousand, four or more have a probability of 0.0003


def test_one_factor_is_neither_mixed_nor_caused() -> None:
    tables = reference_tables([pd.DataFrame({"a": correlated(0.0, 1)[:, 0]})], width=2)
    assert set(tables) == {"exact", "exact as here", "twice", "noise"}


def test_classes_that_are_all_rare_take_no_part_in_a_cause() -> None:
    cause = np.repeat(np.arange(100.0), 4)
    person, other = cause.copy(), cause + 0.5
    assert common_cause(columns({"person": person, "other": other}, ["d", "c"])) is None


@pytest.mark.parametrize("n", [2, 3, 12])
def test_few_rows_have_references(n: int) -> None:
    frame = pd.DataFrame({"a": np.arange(n), "b": np.linspace(1, 0, n)})
    for table in reference_tables([frame], width=2).values():
        assert np.isfinite(table.codes[0].to_numpy()).all()


def test_two_factors_of_one_name_stay_two() -> None:
    frame = pd.DataFrame(correlated(0.0, 2), columns=["same", "same"])
    table = reference_tables([frame], width=2)["exact"]
    assert table.factors[0].shape == (N, 2)
    np.testing.assert_array_equal(table.factors[0], table.codes[0])


def test_given_rows_are_left_as_they_are() -> None:
    frame, types = mixed(50)
    frame.index = pd.Index(np.arange(50)[::-1])
    before = frame.copy()
    reference_tables([frame], factor_types=types, width=2)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"a": [1.0, 1.0, 1.0]}, "a has the same value in every row"),
        ({"a": [0.5, math.nan, 1.0]}, "a: nan is not a finite number"),
    ],
)
def test_what_is_no_table_of_factors_is_refused(
    values: dict[str, list[float]], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        reference_tables([pd.DataFrame(values)], width=1)


@pytest.mark.parametrize("periodic", [False, True])
def test_exact_codes_of_angles_are_angles_when_asked(periodic: bool) -> None:
    parts = [pd.DataFrame({"turn": np.arange(9.0) * 40, "size": np.linspace(0, 1, 9)})]
    kinds = ["periodic:360", "continuous"]
    tables = reference_tables(parts, factor_types=kinds, width=2, periodic=periodic)
    expected = ["periodic" if periodic else "continuous", "continuous"]
    assert tables["exact"].types == tables["exact as here"].types == expected
    assert tables["twice"].types == expected * 2
    assert tables["noise"].types == ["continuous"] * 2
