"""Models of Python files: how they are named, run and called, and what counts as codes."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import infoeval.python_files
import infoeval.subjects.user_model
from infoeval import Categorical, CodeSpace, Uniform, UserError
from infoeval.data import ImageSet
from infoeval.python_files import run_file
from infoeval.subjects.opening import open_subject
from infoeval.subjects.user_model import UserModel, names_function

SPACE = CodeSpace(c=Uniform(-1, 1), noise=0)


@pytest.fixture(autouse=True)
def own_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in a folder of its own, and forget what was imported from there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(infoeval.python_files, "_folders", {})
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def load_model(text: str) -> UserModel:
    model = open_subject(text)
    assert isinstance(model, UserModel)
    return model


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


def loaded(program: str, function: str = "f") -> UserModel:
    Path("model.py").write_text(program, encoding="utf-8")
    return load_model(f"model.py:{function}")


# How a model is named.


@pytest.mark.parametrize(
    "text",
    [
        *("a.py:f", "a.py", "a.py:", "a.py:3", "a.py:f.g", "a.py:f()", "../a b/c.py:f", "/a.py:_f"),
        *("C:\\x.py:f", "C:\\x.py", "C:/x.py:f", "run:3/a.py:f", "ä.py:größe", "a.py:b.py:f"),
    ],
)
def test_a_function_of_a_file_is_meant(text: str) -> None:
    assert names_function(text)


@pytest.mark.parametrize(
    "text",
    [
        "ckpt.pt",
        "",
        ":",
        ":f",
        "a.pyc:f",
        "py:f",
        "C:\\runs\\ckpt.pt",
        "a.py:1/ckpt.pt",
        "a.py:1\\b",
    ],
)
def test_something_else_is_meant(text: str) -> None:
    assert not names_function(text)


@pytest.mark.parametrize("text", ["a.py", "a.py:", "a.py:3", "a.py:3()", "a.py:b.f()", "C:\\a.py"])
def test_a_name_without_a_function_runs_nothing(text: str) -> None:
    Path("a.py").write_text("raise KeyboardInterrupt", encoding="utf-8")
    with pytest.raises(UserError, match=r"name a function, as in (C:\\)?a\.py:encoder$"):
        load_model(text)


def test_colons_in_folders() -> None:
    folder = Path("run:3")
    folder.mkdir()
    (folder / "a.py").write_text("def f():\n    return abs\n", encoding="utf-8")
    model = load_model("run:3/a.py:f")
    assert (model.name, model.path) == ("run:3/a.py:f", folder / "a.py")
    assert model.encode is abs


# Running a file.


def test_what_lies_beside_a_file_can_be_imported() -> None:
    folder = Path("models")
    folder.mkdir()
    (folder / "found_beside.py").write_text("SIZE = 3\n", encoding="utf-8")
    (folder / "a.py").write_text(
        "import found_beside\n\ndef f():\n    import found_later\n    return found_later.read\n",
        encoding="utf-8",
    )
    (folder / "found_later.py").write_text("def read(images): ...\n", encoding="utf-8")
    before = list(sys.path)
    for _ in range(2):
        assert load_model("models/a.py:f").encode.__name__ == "read"
    assert [each for each in sys.path if each not in before] == [str(folder.resolve())]


def test_two_folders_may_have_modules_of_one_name() -> None:
    for name in ("first", "second"):
        folder = Path(name)
        (folder / "package").mkdir(parents=True)
        (folder / "layers.py").write_text(f"def read(images): return {name!r}\n", encoding="utf-8")
        (folder / "package" / "__init__.py").write_text(f"NAME = {name!r}\n", encoding="utf-8")
        (folder / "a.py").write_text(
            "import layers\nimport package\n\ndef f():\n    return layers.read\n", encoding="utf-8"
        )
    for name in ("first", "second", "first"):
        model = load_model(f"{name}/a.py:f")
        package = sys.modules["package"]
        assert [model.encode(torch.zeros(1)), package.NAME] == [name, name]


def test_a_file_is_run_anew_every_time() -> None:
    assert loaded("def f():\n    return abs\n").encode is abs
    assert loaded("def f():\n    return min\n").encode is min
    assert run_file(Path("model.py")) is not run_file(Path("model.py"))


PROGRAMS = {
    "def f(:\n": r"model\.py could not be run: SyntaxError: ",
    "import nothing_of_the_sort\n": "could not be run: ModuleNotFoundError: No module named",
    "raise SystemExit(3)\n": "could not be run: SystemExit: 3",
    "raise ValueError('one\\ntwo')\n": "could not be run: ValueError: one two$",
    "class E(Exception):\n    __str__ = None\nraise E\n": "could not be run: E$",
    "class E(Exception):\n    __str__ = None\ndef f():\n    raise E\n": r"f\(\) failed: E$",
    "f = 3\n": r"model\.py has no function 'f'",
    "def g(): ...\n": r"model\.py has no function 'f'",
    "def f():\n    import sys; sys.exit(0)\n": r"model\.py:f\(\) failed: SystemExit: 0",
    "def f():\n    1 / 0\n": r"model\.py:f\(\) failed: ZeroDivisionError",
    "def f():\n    return open('weights.pt')\n": r"failed: FileNotFoundError: .*'weights\.pt'",
    "def f(images):\n    return images\n": r"model\.py:f takes arguments \(.*'images'\)",
    "def f():\n    return None\n": "None is no model",
    "def f():\n    return None, None\n": "None is no model",
    "class f:\n    generate = abs\n": "a generator needs `codes`",
    "def f():\n    return [abs, abs]\n": "list is no model",
    "def f():\n    return abs, abs, abs\n": "a tuple of 3 is no model; a pair",
    "def f():\n    return ()\n": "a tuple of 0",
    "def f():\n    return abs, abs\n": "a generator needs `codes`",
    "class f:\n    encode = 3\n": "f is no model",
    "class f:\n    encode = property(lambda self: 1 / 0)\n": "model.py:f failed: ZeroDivision",
    "class f:\n    encode = generate = abs\n": "for the encoder alone give its `encode`",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_files_that_make_no_model(program: str) -> None:
    with pytest.raises(UserError, match=PROGRAMS[program]) as caught:
        loaded(program)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["folder.py", "nowhere.py", "folder/nowhere.py"])
def test_files_that_are_not_there(name: str) -> None:
    Path("folder.py").mkdir()
    with pytest.raises(UserError, match=f"no Python file at {name}"):
        load_model(f"{name}:f")


def test_functions_of_no_required_argument() -> None:
    assert loaded("def f(size=3, *, seed=0):\n    return abs\n").encode is abs
    assert loaded("class f:\n    def encode(self, images): ...\n").encode.__name__ == "encode"
    assert loaded("from functools import partial\nf = partial(lambda size: abs, 3)\n").encode


def test_an_interruption_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        loaded("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        loaded("def f():\n    raise KeyboardInterrupt\n")

    def interrupted(pictures: Tensor) -> Tensor:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(interrupted)


def test_what_a_model_prints_goes_to_the_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    program = (
        "print('run')\n\ndef read(images):\n    print('read')\n    return images[:, 0, 0]\n"
        "\ndef f():\n    print('made')\n    return read\n"
    )
    read_by(loaded(program), images())
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.split() == ["run", "made", "read"]


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


# Arguments of the function, and the names of codes.


PROGRAM = "def f(*given, **named):\n    global last\n    last = given, named\n    return abs\n"


@pytest.mark.parametrize(
    ("call", "given", "named"),
    [
        ("f()", (), {}),
        ("f('runs/a:b.pt', 3)", ("runs/a:b.pt", 3), {}),
        ("f(sprites, size=[3, -1.5], deep=True)", ("sprites",), {"size": [3, -1.5], "deep": True}),
        ("f({'a': (1, None)})", ({"a": (1, None)},), {}),
    ],
)
def test_plain_arguments(call: str, given: Any, named: Any) -> None:
    Path("model.py").write_text(PROGRAM + "import builtins\n", encoding="utf-8")
    model = load_model(f"model.py:{call}")
    assert (model.name, model.path) == (f"model.py:{call}", Path("model.py"))
    module = next(m for m in sys.modules.values() if getattr(m, "last", None) == (given, named))
    assert str(module.__file__).endswith("model.py")


@pytest.mark.parametrize(
    "call",
    [
        "f(open('it-ran', 'w'))",
        "f(__import__('os').getcwd())",
        "f(*[1])",
        "f(**{'a': 1})",
        "f([x for x in (1, 2)])",
        "f(1 + one)",
        "f(1",
        "f(" + "(" * 500,
        "f(lambda: 1)",
        "f(f'{1}')",
    ],
)
def test_what_is_no_plain_argument_is_not_evaluated(call: str) -> None:
    Path("model.py").write_text("raise KeyboardInterrupt", encoding="utf-8")
    with pytest.raises(UserError, match="nothing in them is evaluated"):
        load_model(f"model.py:{call}")
    assert not Path("it-ran").exists()


def test_arguments_that_the_function_does_not_take() -> None:
    Path("model.py").write_text("def f(size):\n    return abs\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"the function does not take these \(.*'deep'\)"):
        load_model("model.py:f(3, deep=True)")


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


def test_a_function_may_return_a_table() -> None:
    Path("model.py").write_text(
        "import numpy as np\ndef f(count):\n    return {'codes': np.ones((count, 2))}\n",
        encoding="utf-8",
    )
    subject = open_subject("model.py:f(4)")
    assert subject.rows is not None
    assert subject.rows[0].codes.shape == (4, 2)
    assert (subject.name, subject.path) == ("model.py:f(4)", Path("model.py"))
