"""A model of a user: what is one, how it is called, and what counts as codes."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import infoeval.subjects.user_model
from infoeval import Categorical, CodeSpace, Uniform, UserError
from infoeval.data import ImageSet
from infoeval.subjects.opening import open_subject
from infoeval.subjects.user_model import UserModel

SPACE = CodeSpace(c=Uniform(-1, 1), noise=0)


def images(count: int = 5) -> ImageSet:
    random = np.random.default_rng(0)
    return ImageSet("noise", "test", random.integers(0, 256, (count, 1, 4, 4), dtype=np.uint8))


def read_by(model: Any, given: ImageSet) -> pd.DataFrame:
    return open_subject(model).reader(given).encode(given).columns


def read(encode: Callable[[Tensor], Any], count: int = 5, seed: int = 0) -> pd.DataFrame:
    return read_by(UserModel(encode, "test.py:test", seed=seed), images(count))


def returning(value: Any) -> pd.DataFrame:
    """What an encoder of five images that returns this value is read as."""
    return read(lambda pictures: value)


# What is a model.


class Both(nn.Module):
    """A network that reads codes and draws images, differently while it trains."""

    codes = SPACE

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.weight = nn.Parameter(torch.ones(()))

    def encode(self, pictures: Tensor) -> Tensor:
        return self.weight * self.drop(pictures.float()).mean((1, 2, 3))

    def generate(self, codes: dict[str, Tensor], noise: Tensor) -> Tensor:
        grey = self.weight * self.drop((codes["c"] + 1) / 2)
        return grey[:, None, None, None].expand(-1, 1, 4, 4)


def made_of(returned: Any) -> UserModel:
    return UserModel(returned, "it")


def drawn(model: UserModel) -> Tensor:
    assert model.generator is not None
    assert model.generator.codes is model.codes is SPACE
    codes = SPACE.sample(3, torch.Generator().manual_seed(0))
    return model.generator.generate(codes, torch.zeros(3, 0))


def test_an_object_that_reads_and_draws_is_both() -> None:
    model = made_of(Both())
    pictures = drawn(model)
    assert tuple(pictures.shape) == (3, 1, 4, 4)
    assert not pictures.requires_grad
    assert not model.encode.__self__.training  # type: ignore[attr-defined]
    assert torch.equal(pictures, drawn(model))


def test_networks_are_put_into_evaluation_mode() -> None:
    for part in (0, 1):
        network = Both()
        pair = (abs, network) if part else (network, None)
        made_of(pair)
        assert not network.training
        assert not network.drop.training
    network = Both()
    assert made_of(network.encode).generator is None
    assert not network.training
    network = Both()
    made_of(lambda pictures: network.encode(pictures))
    assert not network.training


def test_an_encoder_may_be_part_of_a_network() -> None:
    """A submodule called `encode` is found as a method is."""

    class Parts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encode = nn.Flatten()

    parts = Parts()
    assert made_of(parts).encode is parts.encode
    assert not parts.encode.training


class Failing:
    codes = SPACE

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def generate(self, codes: dict[str, Tensor], noise: Tensor) -> Tensor:
        raise self.error


def test_a_generator_alone_is_a_model() -> None:
    class Draws:
        codes = SPACE
        generate = Both.generate
        weight, drop = torch.ones(()), nn.Identity()

    for given in (Draws(), (None, Draws())):
        model = made_of(given)
        assert not model.has_encoder
        assert tuple(drawn(model).shape) == (3, 1, 4, 4)
    assert made_of((abs, Draws())).has_encoder


def test_a_generator_that_fails_is_named() -> None:
    with pytest.raises(UserError, match="it: the generator failed on 3 codes: ValueError: no luck"):
        drawn(made_of((abs, Failing(ValueError("no\nluck")))))
    with pytest.raises(UserError, match="SystemExit: 1"):
        drawn(made_of((abs, Failing(SystemExit(1)))))
    with pytest.raises(UserError, match=r"^my own words$"):
        drawn(made_of((abs, Failing(UserError("my own words")))))
    with pytest.raises(KeyboardInterrupt):
        drawn(made_of((abs, Failing(KeyboardInterrupt()))))


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (np.zeros((3, 1, 4, 4)), "returned ndarray; return a tensor"),
        ((torch.zeros(3, 1, 4, 4),), "returned tuple; return a tensor"),
        (torch.zeros(3, 4, 4), r"returned a tensor \(3, 4, 4\); return a tensor \(n, channels,"),
        (
            torch.zeros(3, 4, 4, 1),
            r"returned a tensor \(3, 4, 4, 1\); .* as images.permute\(0, 3, 1, 2\) is$",
        ),
        (torch.zeros(1, 1, 4, 4), r"returned 1 images for 3 codes; return one for each$"),
    ],
)
def test_what_is_no_tensor_of_images(returned: Any, message: str) -> None:
    class Draws:
        codes = SPACE

        def generate(self, codes: dict[str, Tensor], noise: Tensor) -> Any:
            return returned

    with pytest.raises(UserError, match=f"^it: the generator {message}"):
        drawn(made_of((None, Draws())))


def test_texts_and_classes_are_no_models() -> None:
    with pytest.raises(UserError, match=r"^it: str is no model"):
        made_of("encoder")
    with pytest.raises(UserError, match=r"^it: Both is a class; give an object, Both\(\)"):
        made_of(Both)
    with pytest.raises(UserError, match=r"Both is a class"):
        made_of((abs, Both))


# How an encoder is called.


def test_images_are_read_in_chunks_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infoeval.subjects.user_model, "CHUNK", 2)
    seen: list[Tensor] = []

    def encode(pictures: Tensor) -> Tensor:
        assert pictures.dtype == torch.uint8
        assert not torch.is_grad_enabled()
        seen.append(pictures.clone())
        result = pictures.float().flatten(1)
        pictures.zero_()  # what it was given is its own
        return result

    given = images()
    kept = given.images.copy()
    found = read_by(encode, given)
    assert [len(each) for each in seen] == [2, 2, 1]
    assert np.array_equal(torch.cat(seen).numpy(), kept)
    assert np.array_equal(given.images, kept)
    assert np.array_equal(found.to_numpy(), kept.reshape(5, 16))


def test_draws_are_those_of_the_seed() -> None:
    def encode(pictures: Tensor) -> Tensor:
        return torch.randn(len(pictures), 2)

    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, again, other = read(encode), read(encode), read(encode, seed=1)
    assert first.equals(again)
    assert not first.equals(other)
    assert torch.equal(torch.get_rng_state(), state)


def test_gradients_are_left_behind() -> None:
    weight = torch.ones(1, requires_grad=True)

    def encode(pictures: Tensor) -> Tensor:
        with torch.enable_grad():
            return pictures.float().mean((1, 2)) * weight

    assert read(encode).shape == (5, 4)


def test_an_interruption_passes_through() -> None:
    def interrupted(pictures: Tensor) -> Tensor:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(interrupted)


def test_encoders_that_fail() -> None:
    def leaves(pictures: Tensor) -> Tensor:
        sys.exit("bye")

    def stops(pictures: Tensor) -> Tensor:
        raise StopIteration

    with pytest.raises(UserError, match=r"failed on uint8 images \(5, 1, 4, 4\): SystemExit: bye"):
        read(leaves)
    with pytest.raises(UserError, match="StopIteration"):
        read(stops)
    with pytest.raises(UserError, match="KeyError"):
        read(lambda pictures: {}["absent"])
    with pytest.raises(UserError, match=r"Byte .*; make them floats, as in images.float\(\) / 255"):
        read(lambda pictures: nn.Linear(4, 2)(pictures))


def test_other_codes_for_other_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infoeval.subjects.user_model, "CHUNK", 2)
    widths = iter([1, 1, 2])
    with pytest.raises(UserError, match="other codes for other images"):
        read(lambda pictures: np.zeros((len(pictures), next(widths))))
    names = iter("aab")
    with pytest.raises(UserError, match="other codes for other images"):
        read(lambda pictures: {next(names): np.zeros(len(pictures))})


# What counts as codes.

FLOATS = [[0.5, 2.0], [1.5, 3.0], [2.5, 4.0], [3.5, 5.0], [4.5, 6.0]]
SHARES = np.array([[0.25, 0.75], [0.5, 0.5], [1, 0], [0.125, 0.875], [0, 1]])
LIKELIEST = [1, 0, 0, 1, 1]


def test_an_array_without_a_name() -> None:
    found = returning(np.array(FLOATS))
    assert list(found.columns) == ["code 0", "code 1"]
    assert found.to_numpy().tolist() == FLOATS
    assert list(returning(torch.arange(5.0)).columns) == ["code 0"]
    assert list(returning(SHARES).columns) == ["code 0", "code 1"]
    assert returning(np.array(FLOATS, order="F")[:, ::-1])["code 0"].tolist() == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        *((torch.bfloat16, "f"), (torch.float16, "f"), (torch.float32, "f"), (torch.float64, "f")),
        *((torch.int64, "i"), (torch.uint8, "u"), (torch.int8, "i"), (torch.bool, "b")),
    ],
)
def test_types_of_tensors(dtype: torch.dtype, kind: str) -> None:
    found = returning(torch.tensor([0, 1, 1, 0, 1]).to(dtype))
    assert found["code 0"].dtype.kind == kind
    assert found["code 0"].tolist() == [0, 1, 1, 0, 1]


class Foreign:
    """An array of another library, which numpy can read."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        return np.array(FLOATS)


def test_arrays_of_other_libraries() -> None:
    assert returning(Foreign()).to_numpy().tolist() == FLOATS
    assert returning({"a": Foreign()}).to_numpy().tolist() == FLOATS


def test_named_codes() -> None:
    found = returning(
        {
            "kind": SHARES,
            "area": np.arange(5.0),
            "place": np.array(FLOATS),
            "column": np.arange(5.0)[:, None],
            3: torch.tensor([True, False, True, True, False]),
        }
    )
    assert list(found.columns) == ["kind", "area", "place 0", "place 1", "column", "3"]
    assert found["kind"].tolist() == LIKELIEST
    assert found["kind"].dtype.kind == "i"
    assert found["place 1"].tolist() == [2, 3, 4, 5, 6]
    assert found["column"].dtype.kind == "f"
    assert found["3"].dtype.kind == "b"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_probabilities_of_any_precision(dtype: torch.dtype) -> None:
    logits = torch.randn(5, 300, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shares = (3 * logits).softmax(1)
    found = returning({"kind": shares.to(dtype)})
    assert list(found.columns) == ["kind"]
    if dtype != torch.bfloat16:
        assert found["kind"].tolist() == shares.argmax(1).tolist()
    if dtype == torch.float16:
        assert list(returning({"kind": shares.to(dtype).numpy()}).columns) == ["kind"]


def test_one_hot_rows_are_probabilities() -> None:
    one_hot = np.eye(3, dtype=int)[[2, 0, 1, 1, 0]]
    assert returning({"kind": one_hot})["kind"].tolist() == [2, 0, 1, 1, 0]
    assert returning({"kind": one_hot > 0})["kind"].tolist() == [2, 0, 1, 1, 0]


@pytest.mark.parametrize(
    "values",
    [
        SHARES + 0.01,
        SHARES - [1, -1],
        np.ones((5, 1)),
        2 * np.eye(5),
    ],
    ids=["sum", "negative", "one column", "twice"],
)
def test_what_is_no_probability(values: NDArray[np.float64]) -> None:
    found = returning({"kind": values})
    assert found.shape == values.shape
    assert all(found[name].dtype.kind == "f" for name in found)


def test_probabilities_are_told_by_all_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum of one row is 1, and so of the whole last chunk: still these are two codes."""
    monkeypatch.setattr(infoeval.subjects.user_model, "CHUNK", 4)
    values = iter([np.full((4, 2), 0.75), np.full((1, 2), 0.5)])
    assert list(read(lambda pictures: {"place": next(values)})) == ["place 0", "place 1"]


NO_CODES: dict[str, tuple[Any, str]] = {
    "none": (None, "returned nothing; return an array"),
    "a word": ("cat", "returned a str; return an array"),
    "not finite": (np.array([0.0, np.nan, 1, 2, 3]), "returned numbers that are not finite"),
    "number": (3.0, r"returned float64 of shape \(\)"),
    "list": ([1.0] * 5, "returned a list; return an array"),
    "unlike arrays": ((np.zeros(5), np.zeros((5, 2))), "returned a tuple of shapes"),
    "text": (np.array(list("abcde")), "returned <U1 of shape"),
    "complex": (np.zeros(5, complex), "returned complex128"),
    "objects": (np.array([None] * 5), "returned object"),
    "maps": (np.zeros((5, 2, 2)), r"float64 of shape \(5, 2, 2\); .* here \(5, D\)"),
    "four rows": (np.zeros((4, 2)), r"shape \(4, 2\)"),
    "no columns": (np.zeros((5, 0)), "returned no codes"),
    "empty": (np.zeros(0), r"shape \(0,\)"),
    "empty mapping": ({}, "returned no codes"),
    "meta": (torch.zeros(5, device="meta"), "the encoder returned: a Tensor cannot be made"),
    "named list": ({"a": [1.0] * 5}, "returned for 'a' a list"),
    "named map": ({"a": np.zeros((5, 2, 2))}, r"returned for 'a' float64 of shape \(5, 2, 2\)"),
    "named nothing": ({"a": np.zeros((5, 0))}, "returned for 'a' no codes"),
    "nested": ({"a": {"b": np.zeros(5)}}, "returned for 'a': a dict cannot be made"),
    "one name": ({1: np.zeros(5), "1": np.zeros(5)}, "two codes called '1'"),
    "name with a number": ({"a": np.array(FLOATS), "a 1": np.zeros(5)}, "two codes of one name"),
}


@pytest.mark.parametrize("case", NO_CODES)
def test_what_is_no_array_of_codes(case: str) -> None:
    value, message = NO_CODES[case]
    with pytest.raises(UserError, match=message) as caught:
        returning(value)
    assert str(caught.value).startswith("test.py:test: the encoder returned")
    assert "\n" not in str(caught.value)


class TwoCodes:
    """A generator of a category and a number, and an encoder that returns what it is given."""

    codes = CodeSpace(digit=Categorical(3), slant=Uniform(-1, 1), noise=0)

    def __init__(self, value: Any) -> None:
        self.value = value

    def encode(self, pictures: Tensor) -> Any:
        return self.value

    def generate(self, codes: Any, noise: Tensor) -> Tensor:
        raise NotImplementedError


def test_columns_have_the_names_of_as_many_codes() -> None:
    value = np.array([[0, 0.5], [2, -0.5], [1, 0.0], [1, 0.1], [0, 0.2]])
    found = read_by(TwoCodes(value), images())
    assert found.to_dict("list") == {"digit": [0, 2, 1, 1, 0], "slant": value[:, 1].tolist()}
    assert [column.kind for column in found.dtypes] == ["i", "f"], "categories are no numbers"
    pair = (lambda pictures: value), TwoCodes(None)
    assert list(read_by(pair, images()).columns) == ["digit", "slant"]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (np.zeros((5, 3)), ["code 0", "code 1", "code 2"]),
        ({"a": np.zeros((5, 2))}, ["a 0", "a 1"]),
        ({"slant": np.zeros(5), "digit": np.zeros(5)}, ["slant", "digit"]),
    ],
)
def test_other_columns_keep_their_names(value: Any, names: list[str]) -> None:
    assert list(read_by(TwoCodes(value), images()).columns) == names


def test_values_that_are_no_categories_stay_numbers() -> None:
    value = np.array([[0.5, 0.5], [2, -0.5], [1, 0.0], [1, 0.1], [3, 0.2]])
    found = read_by(TwoCodes(value), images())
    assert found["digit"].tolist() == value[:, 0].tolist()
