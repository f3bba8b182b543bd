"""The command line: what each command prints, and that every mistake is one line."""

import json
import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from infoeval import Categorical, CodeSpace, Trainer, content, scoring
from infoeval.checkpoint import Checkpoint
from infoeval.cli import main
from infoeval.data import catalogue, load
from infoeval.information.budgets import BUDGETS
from infoeval.training import run as runs
from infoeval.training.bundled import load_trainer
from tests.comparing import identical
from tests.tiny import TINY_BUDGET, tiny_images, tiny_trainer

ROOT = Path(__file__).resolve().parents[1]
DAMAGED, HOSTILE = "damaged.pt", "hostile.pt"
TRAINER = """
from infoeval import Categorical, CodeSpace, Uniform
from tests.tiny import tiny_trainer

trainer = tiny_trainer({changes})
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user has it: trainers, data sets, a run, and some files that are no good."""
    folder = tmp_path_factory.mktemp("home")
    images = tiny_images(60)
    np.savez(folder / "images.npz", images=images.images, labels=images.labels)
    np.savez(folder / "unlabelled.npz", images=images.images)
    np.savez(folder / "few.npz", images=images.images[:8])
    np.savez(folder / "wide.npz", images=np.zeros((20, 8, 9), np.uint8), labels=np.arange(20) % 2)
    trainer_files = {
        "tiny": 'data="images.npz"',
        "wild": 'data="images.npz", generator_rate=1e30, steps=60',
        "misfit": 'data="images.npz", generator=tiny_trainer().generator[:-1]',
        "betas": 'data="images.npz", adam_betas=(0.5, 7)',
        "wrong": "steps=0",
    }
    for name, changes in trainer_files.items():
        (folder / f"{name}.py").write_text(TRAINER.format(changes=changes))
    (folder / "variant.py").write_text(
        TRAINER.format(changes='variants={"odd": {"no_such_setting": 1}}')
    )
    (folder / "empty.py").write_text("")
    (folder / "syntax.py").write_text("trainer = (")
    (folder / "raises.py").write_text("raise ValueError('one line\\nand another')")
    (folder / "exits.py").write_text("raise SystemExit(0)")
    (folder / "file").write_text("I am no folder")
    (folder / "bare").mkdir()
    (folder / "file.json").write_text("I am no JSON")
    trainer = tiny_trainer(data=str(folder / "images.npz"))
    path = runs.train(trainer, load(folder / "images.npz"), folder / "run", device="cpu")
    runs.train(trainer, load(folder / "images.npz"), folder / "other", seed=1, device="cpu")
    gan = tiny_trainer(data=trainer.data, information_weight=0.0)
    runs.train(gan, load(folder / "images.npz"), folder / "gan", device="cpu")
    codes = CodeSpace(colour=Categorical(3), noise=3)
    foreign = tiny_trainer(data=trainer.data, codes=codes, code_weights={})
    runs.train(foreign, load(folder / "images.npz"), folder / "foreign", device="cpu")
    (folder / DAMAGED).write_bytes(path.read_bytes()[:-99])
    return folder


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    monkeypatch.delenv("INFOEVAL_DATA", raising=False)
    defaults = dict(scoring.score.__kwdefaults__ or {}) | {"samples": 300}
    monkeypatch.setattr(scoring.score, "__kwdefaults__", defaults)


def infoeval(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environment)


def succeeds(*arguments: object, **environment: str) -> Result:
    result = infoeval(*arguments, **environment)
    assert result.exit_code == 0, result.output
    return result


def fails(*arguments: object, **environment: str) -> str:
    """The one line after "Error:" of a command that the user got wrong."""
    result = infoeval(*arguments, **environment)
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert [line for line in lines if line.startswith("Error:")] == lines[-1:]
    assert "Traceback" not in result.stderr
    return lines[-1]


def of_json(result: Result) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in the JSON")

    return json.loads(result.stdout, parse_constant=refuse)


# Help.


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("command", list(commands(main)), ids=lambda path: " ".join(path) or "main")
def test_help_shows_examples_that_parse(command: tuple[str, ...]) -> None:
    text = succeeds(*command, "--help").stdout
    assert text == succeeds(*command, "-h").stdout
    examples = [line.split() for line in text.splitlines() if line.startswith("    infoeval ")]
    assert examples
    for example in examples:
        parse(example[1:])
        assert tuple(example[1 : 1 + len(command)]) == command


def parse(arguments: list[str]) -> None:
    """Parse a command line as the commands would, and run nothing."""
    command: click.Command = main
    context = click.Context(main, **main.context_settings)
    while isinstance(command, click.Group):
        name, *arguments = arguments
        command = command.commands[name]
    command.make_context(command.name, arguments, parent=context)


def test_commands_are_these() -> None:
    assert {" ".join(path) for path in commands(main)} == {
        *("", "train", "score", "metrics", "compare", "report", "traverse", "data", "data ls")
    }


def test_help_names_what_there_is() -> None:
    text = " ".join(succeeds("train", "--help").stdout.split())
    assert ", ".join(content.trainers()) in text
    assert "infoeval metrics" in " ".join(succeeds("score", "--help").stdout.split())


def test_every_metric_is_listed_with_what_can_be_set() -> None:
    text = succeeds("metrics").stdout
    assert all(f" {name} " in text for name in scoring.ALL_METRICS)
    assert "preset=disentanglement_lib" in text
    entries = {entry["name"]: entry for entry in json.loads(succeeds("metrics", "--json").stdout)}
    assert list(entries) == [entry.name for entry in scoring.catalogue()]
    assert set(entries) == set(scoring.ALL_METRICS)
    assert entries["mig"]["needs"] == "codes and factors"
    assert entries["mig"]["settings"] == {"preset": "disentanglement_lib", "estimator": "plug-in"}


def test_version() -> None:
    import infoeval as package

    assert succeeds("--version").stdout.strip() == f"infoeval, version {package.__version__}"


# Training.


def learned(path: Path) -> Any:
    checkpoint = Checkpoint.open(path)
    return [checkpoint.weights, checkpoint.optimizers, checkpoint.random_state]


def test_training_is_that_of_the_library(tmp_path: Path) -> None:
    out = tmp_path / "cli"
    options = ("--seed", 3, "--steps", 6, "--variant", "gan", "--device", "cpu", "--out", out)
    result = succeeds("train", "tiny.py", *options, "--json")
    assert of_json(result) == {"checkpoint": str(out / "ckpt.pt"), "step": 6}
    trainer = replace(load_trainer("tiny.py").variant("gan"), steps=6)
    assert trainer.information_weight == 0
    direct = runs.train(
        trainer, load("images.npz"), tmp_path / "python", seed=3, device="cpu", variant="gan"
    )
    assert identical(learned(out / "ckpt.pt"), learned(direct))
    kept = Checkpoint.open(out / "ckpt.pt")
    assert (kept.variant, kept.seed, kept.step) == ("gan", 3, 6)


def test_training_tells_how_far_it_is_and_what_comes_next(tmp_path: Path) -> None:
    result = succeeds("train", "tiny.py", "--out", tmp_path / "run")
    assert "tiny: 48 images, 4 steps" in result.stderr
    assert "step 4 of 4" in result.stderr
    checkpoint = tmp_path / "run" / "ckpt.pt"
    assert result.stdout.splitlines() == [
        f"checkpoint: {checkpoint}",
        f"next: infoeval score {checkpoint}",
    ]


def test_options_change_the_trainer(tmp_path: Path) -> None:
    options = ("--data", "unlabelled.npz", "--information-weight", 0.5, "--steps", 2)
    succeeds("train", "tiny.py", *options, "--out", tmp_path)
    trainer = Checkpoint.open(tmp_path / "ckpt.pt").trainer
    assert (trainer.data, trainer.information_weight, trainer.steps) == ("unlabelled.npz", 0.5, 2)


def test_runs_are_numbered(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        succeeds("train", home / "tiny.py", "--data", home / "images.npz")
    assert sorted(os.listdir("runs")) == ["tiny-000", "tiny-001"]
    assert identical(learned(Path("runs/tiny-000/ckpt.pt")), learned(Path("runs/tiny-001/ckpt.pt")))


def test_resume_goes_on(tmp_path: Path) -> None:
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    succeeds("train", "tiny.py", "--steps", 100, "--out", straight)
    succeeds("train", "tiny.py", "--steps", 50, "--out", broken)
    result = succeeds("train", "tiny.py", "--steps", 100, "--out", broken, "--resume")
    assert "step 100 of 100" in result.stderr
    assert identical(learned(straight / "ckpt.pt"), learned(broken / "ckpt.pt"))
    result = succeeds("train", "tiny.py", "--out", tmp_path / "new", "--resume")
    assert "no checkpoint" in result.stderr


def test_resume_with_fewer_steps_does_not_claim_them(tmp_path: Path) -> None:
    succeeds("train", "tiny.py", "--steps", 3, "--out", tmp_path)
    result = succeeds("train", "tiny.py", "--steps", 2, "--out", tmp_path, "--resume", "--json")
    assert of_json(result)["step"] == Checkpoint.open(tmp_path / "ckpt.pt").step == 3


@pytest.mark.parametrize("name", [*content.trainers(), "tiny.py"])
def test_a_dry_run_writes_nothing_and_tells_everything(
    name: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = str(home / name) if name.endswith(".py") else name
    result = succeeds("train", given, "--dry-run", "--steps", 7, "--seed", 5)
    assert os.listdir(tmp_path) == []
    settings = of_json(result)
    trainer = Trainer.from_dict(settings["trainer"])
    assert trainer == replace(load_trainer(given), steps=7, variants={})
    assert (settings["seed"], settings["variant"]) == (5, "default")
    assert settings["device"] in ("cpu", "cuda")


def test_an_interruption_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "train", interrupt)
    assert "--resume" in fails("train", "tiny.py", "--out", tmp_path / "run")


# Scores and reports.


def without_time(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"results": [result | {"seconds": 0} for result in document["results"]]}


def test_scores_are_those_of_the_library() -> None:
    options = {"seed": 4, "level": 0.9, "batch_norm": "running", "device": "cpu"}
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    printed = of_json(succeeds("score", "run/ckpt.pt", "--json", *arguments))
    direct = json.loads(scoring.score("run/ckpt.pt", **options).to_json())  # type: ignore[arg-type]
    assert without_time(printed) == without_time(direct)
    assert len(printed["results"]) == 8


def test_one_metric_or_two() -> None:
    chosen = ["--metric", "cluster-ari", "--metric", "mi-own"]
    results = of_json(succeeds("score", "run/ckpt.pt", *chosen, "--json"))["results"]
    assert [result["metric"] for result in results] == ["mi-own", "mi-own", "cluster-ari"]


def test_scores_for_people() -> None:
    text = succeeds("score", "run/ckpt.pt", "--level", 0.9, COLUMNS="100").stdout
    results = scoring.score("run/ckpt.pt", level=0.9, device="cpu").results
    assert "90 % interval" in text
    for result in results:
        assert f"{result.value:.4f}" in text
        assert result.metric in text
    assert "H(c) = 1.3863" in text
    assert "code → class" in text


def test_what_was_skipped_is_said() -> None:
    text = succeeds("score", "run/ckpt.pt", "--data", "unlabelled.npz").stdout
    assert "cluster-acc, cluster-nmi, cluster-ari, real-label-information skipped: " in text


def test_names_in_brackets_are_names(tmp_path: Path) -> None:
    """Code and class names come from other people; the terminal's markup is not theirs to use."""
    images = tiny_images(60)
    names = np.array(["[/bold]", "[red]", "[link=x]", "[[]"])
    np.savez(tmp_path / "marked.npz", images=images.images, labels=names[images.labels])
    text = succeeds("score", "run/ckpt.pt", "--data", tmp_path / "marked.npz").stdout
    assert all(name in text for name in names)

    content = torch.load("run/ckpt.pt", weights_only=True)
    content["trainer"]["codes"]["codes"][0]["name"] = "[/digit]"
    content["trainer"]["code_weights"] = {}
    torch.save(content, tmp_path / "ckpt.pt")
    assert "[/digit]" in succeeds("score", tmp_path / "ckpt.pt").stdout


# Information, at a tiny budget.


@pytest.fixture
def tiny_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUDGETS, "tiny", TINY_BUDGET)


MI = ("--metric", "mi", "--budget", "tiny", "--device", "cpu")


@pytest.mark.usefixtures("tiny_budget")
def test_information_is_that_of_the_library() -> None:
    printed = of_json(succeeds("score", "run/ckpt.pt", *MI, "--json"))
    direct = json.loads(scoring.score("run/ckpt.pt", ["mi"], budget="tiny", device="cpu").to_json())

    def steady(document: dict[str, Any]) -> dict[str, Any]:
        for result in document["results"]:
            result["details"].pop("seconds", None)
        return without_time(document)

    assert steady(printed) == steady(direct)


@pytest.mark.usefixtures("tiny_budget")
def test_information_for_people_fits_a_hundred_columns() -> None:
    text = succeeds("score", "run/ckpt.pt", *MI, "--level", 0.9, COLUMNS="100").stdout
    assert max(map(len, text.splitlines())) <= 100
    words = " ".join(text.split())
    for expected in (
        *("90 % interval", "of 1.3863", "all codes", "mi-synergy", "certified ≥", "converged"),
        *("own Q refitted head post hoc Q", "self-test", "code ↓ read as → digit slant"),
        "pixel noise σ 2/255 8/255 32/255 0.25 0.5",
    ):
        assert expected in words
    document = scoring.score("run/ckpt.pt", ["mi"], budget="tiny", level=0.9, device="cpu")
    for result in document.results:
        assert f"{result.value:.4f}" in text
        if result.high is None:
            assert f"{result.low:.4f} …  " in text


@pytest.mark.usefixtures("tiny_budget")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_strict_ends_with_one_where_q_has_not_converged(options: tuple[str, ...]) -> None:
    result = infoeval("score", "run/ckpt.pt", *MI, "--strict", *options)
    assert result.exit_code == 1
    assert result.stdout == succeeds("score", "run/ckpt.pt", *MI).stdout or options
    (line,) = [line for line in result.stderr.splitlines() if "onverged" in line]
    assert line.startswith("Not converged: ")
    assert "slant" in line
    assert "all codes" in line


def test_strict_ends_with_zero_where_q_has_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUDGETS, "tiny", replace(TINY_BUDGET, widths=(2, 3)))
    monkeypatch.setattr("infoeval.information.fitting.TOLERANCE", 10.0)
    result = succeeds("score", "run/ckpt.pt", *MI, "--strict", "--json")
    found = [each for each in of_json(result)["results"] if each["metric"] == "mi"]
    assert all(each["details"]["converged"] for each in found)
    assert all(each["high"] is not None for each in found)


@pytest.mark.usefixtures("tiny_budget")
def test_a_comparison_is_that_of_the_library() -> None:
    options = ("--metric", "mi-own", "--metric", "cluster-acc", "--seed", 2, "--device", "cpu")
    printed = of_json(succeeds("compare", "run/ckpt.pt", "other/ckpt.pt", *options, "--json"))
    direct = scoring.compare(
        "run/ckpt.pt", "other/ckpt.pt", ["mi-own", "cluster-acc"], seed=2, device="cpu"
    )
    assert printed["differences"] == direct.to_dict()["differences"]
    assert printed["first"]["subject"] == direct.first.subject
    assert printed["second"]["subject"] == direct.second.subject
    text = succeeds("compare", "run/ckpt.pt", "other/ckpt.pt", *options, COLUMNS="100").stdout
    for difference in direct.differences:
        assert f"{difference.difference:+.4f}" in text


@pytest.mark.usefixtures("tiny_budget")
def test_a_strict_comparison_names_both_sides() -> None:
    options = ("--budget", "tiny", "--device", "cpu", "--strict", "--json")
    result = infoeval("compare", "run/ckpt.pt", "other/ckpt.pt", *options)
    assert result.exit_code == 1
    assert {each["metric"] for each in of_json(result)["differences"]} >= {"mi", "mi-synergy"}
    line = result.stderr.splitlines()[-1]
    assert "first: slant" in line
    assert "second: slant" in line


@pytest.mark.usefixtures("tiny_budget")
def test_a_strict_comparison_needs_information() -> None:
    message = fails(*COMPARE, "--metric", "mi-own", "--strict")
    assert "--strict checks that mi has converged" in message
    result = infoeval(*COMPARE, "--metric", "mi-own", "--information", "tiny", "--strict")
    assert result.exit_code == 1


def test_models_are_compared_on_a_page(tmp_path: Path) -> None:
    page = tmp_path / "new" / "page.html"
    options = ("--metric", "mi-own", "-o", page, "--format", "html,md", "--animate", "gif")
    models = ("run/ckpt.pt", "other/ckpt.pt", "run/ckpt.pt")
    result = succeeds("compare", *models, *options, COLUMNS="100")
    assert "model 3" in result.stdout
    assert f"report: {page}" in result.stderr
    document = json.loads((tmp_path / "new" / "page_files" / "metrics.json").read_text())
    assert document["arrangement"] == "comparison"
    assert document["command"].startswith("infoeval compare run/ckpt.pt other/ckpt.pt")
    assert {each["kind"] for each in document["images"]} >= {"animation", "sprites"}
    assert page.read_text().lstrip().lower().startswith("<!doctype html>")
    assert page.with_suffix(".md").is_file()
    printed = of_json(succeeds("compare", *models, *options, "--json"))
    assert printed["differences"] == document["differences"]


def test_report_writes_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = succeeds("report", "run/ckpt.pt", "--baseline", "gan/ckpt.pt", "-o", page, "--json")
    assert of_json(result) == {"page": str(page)}
    assert page.read_text().lstrip().lower().startswith("<!doctype html>")
    document = json.loads((tmp_path / "page_files" / "metrics.json").read_text())
    assert document["command"].startswith("infoeval report run/ckpt.pt --baseline")
    (baseline,) = document["models"]
    assert baseline["subject"]["information_weight"] == 0
    again = succeeds("report", tmp_path / "page_files" / "metrics.json", "-o", tmp_path / "2.html")
    assert again.stdout == f"report: {tmp_path / '2.html'}\n"
    assert (tmp_path / "2.html").read_bytes() == page.read_bytes()


def test_report_can_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", opened.append)
    succeeds("report", "run/ckpt.pt", "-o", tmp_path / "page.html", "--open")
    assert opened == [str(tmp_path / "page.html")]


@pytest.mark.usefixtures("tiny_budget")
def test_a_strict_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.html"
    options = ("--metric", "mi-own", "--format", "json", "--device", "cpu", "--strict")
    assert "--strict checks" in fails("report", "run/ckpt.pt", *options, "-o", page)
    told = infoeval("report", "run/ckpt.pt", *options, "--information", "tiny", "-o", page)
    assert told.exit_code == 1
    assert "Not converged: " in told.stderr
    assert "slant" in told.stderr.splitlines()[-1]
    metrics = tmp_path / "page_files" / "metrics.json"
    assert infoeval("report", metrics, "--strict", "-o", page).exit_code == 1
    assert page.exists(), "the page is there all the same"
    twins = infoeval(
        *("report", "run/ckpt.pt", "--baseline", "gan/ckpt.pt", *options),
        *("--information", "tiny", "-o", page),
    )
    assert twins.exit_code == 1
    assert "baseline" in twins.stderr.splitlines()[-1]


@pytest.mark.usefixtures("tiny_budget")
def test_a_strict_report_ends_with_zero_where_q_has_converged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BUDGETS, "tiny", replace(TINY_BUDGET, widths=(2, 3)))
    monkeypatch.setattr("infoeval.information.fitting.TOLERANCE", 10.0)
    options = ("--metric", "mi", "--budget", "tiny", "--format", "json", "--strict")
    succeeds("report", "run/ckpt.pt", *options, "-o", tmp_path / "page.html")
    metrics = tmp_path / "page_files" / "metrics.json"
    succeeds("report", metrics, "--strict", "-o", tmp_path / "page.html")


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp"])
def test_traversals_are_drawn(tmp_path: Path, suffix: str) -> None:
    figure = tmp_path / f"figure{suffix}"
    result = succeeds("traverse", "run/ckpt.pt", "--code", "slant", "-o", figure, "--json")
    assert of_json(result) == {"figure": str(figure)}
    with Image.open(figure) as picture:
        assert picture.format == suffix[1:].upper()
        assert getattr(picture, "n_frames", 1) == (1 if suffix == ".png" else 38)


# Data sets.


def test_data_sets_are_listed(tmp_path: Path) -> None:
    entries = of_json(succeeds("data", "ls", "--json", "--data-dir", tmp_path))
    assert entries == [vars(entry) for entry in catalogue(tmp_path)]
    assert {entry["name"] for entry in entries} >= {"mnist", "fashion_mnist", "digits"}
    text = succeeds("data", "ls", "--data-dir", tmp_path).stdout
    for entry in entries:
        assert entry["name"] in text
        assert (entry["what_to_do"] == "") == entry["present"]
    assert "t10k-images-idx3-ubyte.gz" in text


def test_the_data_folder_comes_from_the_environment(tmp_path: Path) -> None:
    entries = of_json(succeeds("data", "ls", "--json", INFOEVAL_DATA=str(tmp_path / "sets")))
    assert str(tmp_path / "sets") in entries[0]["where"]


def test_a_data_folder_in_brackets(tmp_path: Path) -> None:
    succeeds("data", "ls", "--data-dir", tmp_path / "[/bold]")
    succeeds("data", "ls", INFOEVAL_DATA=str(tmp_path / "[red]"))


# Every mistake is one line.

TRAIN = ("train", "tiny.py", "--out", "new")
SCORE = ("score", "run/ckpt.pt")
COMPARE = ("compare", "run/ckpt.pt", "other/ckpt.pt")
MISTAKES: dict[str, tuple[tuple[object, ...], str]] = {
    "trainer unknown": (("train", "nothing"), "no trainer called 'nothing'"),
    "trainer mistyped": (("train", "minst"), "did you mean mnist"),
    "trainer file missing": (("train", "nothing.py"), "no trainer file at nothing.py"),
    "trainer file empty": (("train", "empty.py"), "defines no `trainer"),
    "trainer file with a slip": (("train", "syntax.py"), "SyntaxError"),
    "trainer file that raises": (("train", "raises.py"), "ValueError: one line"),
    "trainer file that exits": (("train", "exits.py"), "exits.py could not be run"),
    "trainer file with wrong settings": (("train", "wrong.py"), "steps must be"),
    "trainer that does not fit": (("train", "misfit.py", "--out", "new"), "draws images of"),
    "rates that are none": (("train", "betas.py", "--out", "new"), "beta"),
    "variant unknown": ((*TRAIN, "--variant", "other"), "has no variant 'other'"),
    "variant of other settings": (("train", "variant.py", "--variant", "odd"), "no_such_setting"),
    "steps negative": ((*TRAIN, "--steps", -5), "steps must be"),
    "steps zero": ((*TRAIN, "--steps", 0), "steps must be"),
    "weight not a number": ((*TRAIN, "--information-weight", "nan"), "information_weight"),
    "weight negative": ((*TRAIN, "--information-weight", -1), "information_weight"),
    "weight infinite": ((*TRAIN, "--information-weight", "inf"), "information_weight"),
    "device unknown": ((*TRAIN, "--device", "gpu"), "'gpu'"),
    "device missing": ((*TRAIN, "--device", "cuda:999"), "'cuda:999'"),
    "seed negative": ((*TRAIN, "--seed", -1), "seed must be"),
    "seed too large": ((*TRAIN, "--seed", 2**63), "seed must be"),
    "data missing": ((*TRAIN, "--data", "nothing.npz"), "nothing.npz does not exist"),
    "data of no kind": ((*TRAIN, "--data", "file"), "a data set is"),
    "data of the wrong size": ((*TRAIN, "--data", "wide.npz"), "1×8×9"),
    "data too few": ((*TRAIN, "--data", "few.npz"), "fewer than a batch"),
    "out is a file": (("train", "tiny.py", "--out", "file"), "cannot write file"),
    "out below a file": (("train", "tiny.py", "--out", "file/run"), "cannot write file/run"),
    "out holds a run": (("train", "tiny.py", "--out", "run"), "already holds a run"),
    "resume without out": (("train", "tiny.py", "--resume"), "--resume needs --out"),
    "resume of another run": (
        ("train", "tiny.py", "--out", "run", "--resume", "--seed", 1),
        "other settings",
    ),
    "checkpoint missing": (("score", "nothing.pt"), "no checkpoint at nothing.pt"),
    "checkpoint is a folder": (("score", "run"), "no checkpoint at run"),
    "checkpoint is text": (("score", "tiny.py"), "tiny.py is not a checkpoint"),
    "checkpoint cut short": (("score", DAMAGED), "damaged.pt is not a checkpoint"),
    "metric unknown": ((*SCORE, "--metric", "other"), "no metric 'other'"),
    "metric does not apply": (
        (*SCORE, "--metric", "cluster-acc", "--data", "unlabelled.npz"),
        "cluster-acc does not apply",
    ),
    "level too high": ((*SCORE, "--level", 95), "level must lie"),
    "level not a number": ((*SCORE, "--level", "nan"), "level must lie"),
    "score seed negative": ((*SCORE, "--seed", -1), "seed must be"),
    "score fitted on nothing": ((*SCORE, "--fit-images", 0), "fit_images"),
    "score device unknown": ((*SCORE, "--device", "gpu"), "'gpu'"),
    "score data missing": ((*SCORE, "--data", "nothing.npz"), "nothing.npz does not exist"),
    "score data of the wrong size": ((*SCORE, "--data", "wide.npz"), "8, 9"),
    "budget unknown": ((*SCORE, "--budget", "huge"), "no budget 'huge'; there are quick"),
    "strict about nothing": ((*SCORE, "--strict"), "--strict checks that mi has converged"),
    "compare with nothing": (("compare", "run/ckpt.pt", "nothing.pt"), "no checkpoint at nothing"),
    "compare budget unknown": ((*COMPARE, "--budget", "huge"), "no budget 'huge'"),
    "compare metric unknown": ((*COMPARE, "--metric", "other"), "no metric 'other'"),
    "compare level too high": ((*COMPARE, "--level", 95), "level must lie"),
    "compare other codes": (
        ("compare", "run/ckpt.pt", "foreign/ckpt.pt"),
        "no code in common: digit, slant and colour",
    ),
    "report of nothing": (("report", "nothing.pt"), "no checkpoint at nothing.pt"),
    "report of a cut checkpoint": (("report", DAMAGED), "damaged.pt is not a checkpoint"),
    "report beside nothing": (("report", "run/ckpt.pt", "--baseline", "nothing.pt"), "nothing.pt"),
    "report below a file": (("report", "run/ckpt.pt", "-o", "file/page.html"), "cannot write"),
    "report over a folder": (("report", "run/ckpt.pt", "-o", "run"), "cannot write run"),
    "report seed negative": (("report", "run/ckpt.pt", "--seed", -1), "seed must be"),
    "report beside no twin": (
        ("report", "run/ckpt.pt", "--baseline", "other/ckpt.pt"),
        "other/ckpt.pt is no baseline: its λ is 1, not 0",
    ),
    "report of two experiments": (
        ("report", "run/ckpt.pt", "gan/ckpt.pt"),
        "infoeval compare A B -o page.html",
    ),
    "report of an empty folder": (("report", "bare"), "holds no ckpt.pt"),
    "report of no seed": (("report", "run/ckpt.pt", "--show", 7), "no model is of that seed"),
    "report in no format": (("report", "run/ckpt.pt", "--format", "pdf"), "no format 'pdf'"),
    "report opened unwritten": (
        ("report", "run/ckpt.pt", "--format", "json", "--open"),
        "--open needs a page",
    ),
    "report strict about nothing": (("report", "run/ckpt.pt", "--strict"), "--strict checks"),
    "report of no JSON": (("report", "file.json"), "file.json: it is no JSON"),
    "report with more": (("report", "file.json", "--animate", "gif"), "shown again as it is"),
    "report with a seed": (("report", "file.json", "--seed", "1"), "--seed has no use"),
    "report with a level": (("report", "file.json", "--level", "0.9"), "--level has no use"),
    "report alive without runtime": (
        ("report", "run/ckpt.pt", "--live", "--runtime", "nothing"),
        "onnxruntime-web",
    ),
    "compare a page without a place": ((*COMPARE, "--open"), "add -o"),
    "compare on a page over a folder": ((*COMPARE, "-o", "run"), "cannot write run"),
    "compare one": (("compare", "run/ckpt.pt"), "two models or more"),
    "traverse other code": (("traverse", "run/ckpt.pt", "--code", "x", "-o", "a.gif"), "'x'"),
    "traverse other format": (("traverse", "run/ckpt.pt", "-o", "a.mp4"), "animation .gif or"),
    "report seed too large": (("report", "run/ckpt.pt", "--seed", 2**64), "seed must be"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str) -> None:
    arguments, expected = MISTAKES[name]
    assert expected in fails(*arguments)
    assert not Path("new").exists()
    assert not Path("runs").exists()


USAGE = [
    ("other",),
    ("train",),
    ("train", "tiny.py", "--other"),
    ("train", "tiny.py", "--steps", "many"),
    ("train", "tiny.py", "--seed", "1.5"),
    ("train", "tiny.py", "--information-weight", "much"),
    ("train", "tiny.py", "more"),
    ("score",),
    ("score", "run/ckpt.pt", "--batch-norm", "other"),
    ("compare", "run/ckpt.pt"),
    ("report",),
    ("data", "other"),
]


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_wrong_usage_is_two_as_well(arguments: tuple[str, ...]) -> None:
    result = infoeval(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert [line for line in result.stderr.splitlines() if line.startswith("Error: ")]


def test_a_training_that_diverges(tmp_path: Path) -> None:
    message = fails("train", "wild.py", "--out", tmp_path)
    assert "training diverged" in message
    assert "steps 0 and 50" in message
    assert Checkpoint.open(tmp_path / "ckpt.pt").step == 0


@pytest.mark.parametrize("command", ["score", "report"])
def test_a_hostile_checkpoint_runs_nothing(tmp_path: Path, command: str) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return os.system, (f"echo > '{tmp_path / 'it-ran'}'",)

    content = torch.load("run/ckpt.pt", weights_only=True)
    torch.save(content | {"run": Bomb()}, tmp_path / HOSTILE)
    assert "nothing in it was run" in fails(command, tmp_path / HOSTILE)
    assert os.listdir(tmp_path) == [HOSTILE]


def test_data_that_cannot_be_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    datasets = types.ModuleType("torchvision.datasets")
    datasets.MNIST = refuse  # type: ignore[attr-defined]
    torchvision = types.ModuleType("torchvision")
    torchvision.datasets = datasets  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", torchvision)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)
    out = tmp_path / "run"
    message = fails("train", "mnist", "--out", out, INFOEVAL_DATA=str(tmp_path / "sets"))
    assert "train-images-idx3-ubyte.gz" in message
    assert str(tmp_path / "sets") in message
    assert not out.exists()


# As a process.


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "infoeval", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_a_process_ends_with_two_and_one_line() -> None:
    ended = process("score", DAMAGED)
    assert ended.returncode == 2
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error: damaged.pt is not a checkpoint")


def test_a_process_prints_json_and_nothing_else() -> None:
    ended = process("data", "ls", "--json")
    assert ended.returncode == 0
    assert ended.stderr == ""
    assert {entry["name"] for entry in json.loads(ended.stdout)} >= {"mnist", "digits"}
