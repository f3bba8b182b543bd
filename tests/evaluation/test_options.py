"""The options of scoring and of reports: declared once, and the same in Python and in commands."""

import dataclasses
import inspect
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click
import pytest
from click.testing import CliRunner

from infoeval import evaluation
from infoeval.cli import main
from infoeval.errors import UserError
from infoeval.evaluation import pages
from infoeval.evaluation.options import Options, PageOptions, ReportOptions, takes_options

PYTHON_ALONE = {"progress", "command"}
"""Options that are functions or facts, which nobody types."""
FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[type, ...]]] = {
    "score": (evaluation.score, (Options,)),
    "compare": (evaluation.compare, (Options,)),
    "pages.report": (pages.report, (ReportOptions, Options)),
    "pages.compare": (pages.compare, (PageOptions, Options)),
}
COMMANDS: dict[str, tuple[type, ...]] = {
    "score": (Options,),
    "compare": (PageOptions, Options),
    "report": (ReportOptions, Options),
}


def declared(classes: tuple[type, ...]) -> dict[str, "dataclasses.Field[Any]"]:
    return {entry.name: entry for kind in classes for entry in fields(kind)}


# Declared once.


def test_each_option_is_a_field_of_one_class() -> None:
    names = [entry.name for kind in (Options, ReportOptions) for entry in fields(kind)]
    assert max(Counter(names).values()) == 1
    assert all(entry.metadata["help"] for entry in declared((Options, ReportOptions)).values())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_one_of_the_command(command: str) -> None:
    parameters = {each.name: each for each in main.commands[command].params}
    shown = CliRunner().invoke(main, [command, "--help"], terminal_width=10_000)
    text = " ".join(shown.output.split())
    for name, entry in declared(COMMANDS[command]).items():
        if name in PYTHON_ALONE:
            assert not entry.metadata["cli"]
            assert name not in parameters
            continue
        option = parameters[name]
        assert isinstance(option, click.Option)
        flag = entry.metadata.get("flag", f"--{name.replace('_', '-')}")
        assert option.opts == [flag]
        assert option.help == entry.metadata["help"]
        assert f" {flag} " in text
        assert " ".join(entry.metadata["help"].split()) in text
        assert option.default == entry.default


BESIDE_CODES = ("score", "compare")
"""Functions whose factors may stand in the second place."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_option_is_a_parameter_of_the_function(name: str) -> None:
    function, classes = FUNCTIONS[name]
    parameters = inspect.signature(function).parameters
    assert not [each for each in parameters.values() if each.kind is each.VAR_KEYWORD]
    documentation = inspect.getdoc(function) or ""
    for option, entry in declared(classes).items():
        parameter = parameters[option]
        if name not in BESIDE_CODES or option != "factors":
            assert parameter.kind is parameter.KEYWORD_ONLY
        assert parameter.default == entry.default
        assert parameter.annotation == entry.type
        assert documentation.count(f"    {option}: {entry.metadata['help']}") == 1


def test_options_are_written_in_one_place() -> None:
    """No other function of scoring, nor any other command, declares an option of its own again."""
    ours = declared((Options, ReportOptions)).keys() - {"data_dir"}
    for name, (function, classes) in FUNCTIONS.items():
        written = set(inspect.signature(inspect.unwrap(function)).parameters)
        code = function.__code__
        named = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
        assert named & ours <= ({"factors"} if name in BESIDE_CODES else set()), name
        assert declared(classes).keys() <= written


# Values.


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        *(({"level": level}, "level must lie") for level in (0, 1, -0.5, 95, math.nan)),
        *(({"seed": seed}, "seed must be") for seed in (-1, 2**63)),
        *(({"samples": count}, "samples must be at least 2") for count in (-1, 0, 1)),
        *(({"fit_images": count}, "fit_images must be at least 2") for count in (-1, 0, 1)),
        *(({"rows": count}, "rows must be at least 2") for count in (-1, 0, 1)),
        *(
            ({name: "huge"}, "no budget 'huge'; there are quick")
            for name in ("budget", "information")
        ),
        ({"null": -1}, "null must be 0 or more"),
        ({"replicates": -1}, "replicates must be 0 or more"),
    ],
)
def test_numbers_out_of_range(wrong: dict[str, Any], message: str) -> None:
    for function in (Options, lambda **options: evaluation.score("nowhere.pt", **options)):
        with pytest.raises(UserError, match=message):
            function(**wrong)


def test_numbers_in_range() -> None:
    Options(level=0.001, seed=2**63 - 1, samples=2, fit_images=2, rows=2, null=0, replicates=0)
    assert Options().fit_images is None
    assert Options().replicates is None


def test_an_option_that_there_is_not() -> None:
    with pytest.raises(TypeError, match="sample"):
        evaluation.score("nowhere.pt", sample=3)
    with pytest.raises(TypeError, match="sample"):
        pages.report("nowhere.pt", "page.html", sample=3)


def test_a_function_that_takes_options() -> None:
    @dataclasses.dataclass
    class Sizes:
        width: int = dataclasses.field(default=3, metadata={"help": "Of a page."})

    @takes_options(Sizes)
    def draw(path: str, *, height: int = 2, **options: object) -> object:
        """Draw."""
        return path, height, options

    assert (
        str(inspect.signature(draw)) == "(path: str, *, height: int = 2, width: int = 3) -> object"
    )
    assert inspect.getdoc(draw) == "Draw.\n\nOptions:\n    width: Of a page."
    assert draw("a", width=4) == ("a", 2, {"width": 4})
