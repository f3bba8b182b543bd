"""FILE.py:FUNCTION(arguments): what is meant by it, and running the file of a stranger."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import infoeval.python_files
from infoeval import UserError
from infoeval.data import ImageSet
from infoeval.python_files import run_file
from infoeval.subjects.named_functions import names_function
from infoeval.subjects.opening import open_subject
from infoeval.subjects.user_model import UserModel


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


def test_an_interruption_of_a_file_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        loaded("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        loaded("def f():\n    raise KeyboardInterrupt\n")


def test_what_a_model_prints_goes_to_the_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    program = (
        "print('run')\n\ndef read(images):\n    print('read')\n    return images[:, 0, 0]\n"
        "\ndef f():\n    print('made')\n    return read\n"
    )
    pictures = ImageSet("dark", "test", np.full((5, 1, 4, 4), 9, dtype=np.uint8))
    loaded(program).reader(pictures).encode(pictures)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.split() == ["run", "made", "read"]


# Its arguments.


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


def test_a_function_may_return_a_table() -> None:
    Path("model.py").write_text(
        "import numpy as np\ndef f(count):\n    return {'codes': np.ones((count, 2))}\n",
        encoding="utf-8",
    )
    subject = open_subject("model.py:f(4)")
    assert subject.rows is not None
    assert subject.rows[0].codes.shape == (4, 2)
    assert (subject.name, subject.path) == ("model.py:f(4)", Path("model.py"))
