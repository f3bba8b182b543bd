"""The command line where the user is wrong: each mistake is one line, and runs nothing."""

import os
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from infoeval.evaluation import evaluate
from tests.cli.commands import fails, infoeval

pytestmark = pytest.mark.usefixtures("at_home")

DAMAGED, HOSTILE = "damaged.pt", "hostile.pt"
TRAIN = ("train", "tiny.py", "--out", "new")
SCORE = ("score", "run/ckpt.pt")
COMPARE = ("compare", "run/ckpt.pt", "other/ckpt.pt")
MISTAKES: dict[str, tuple[tuple[object, ...], str]] = {
    "trainer unknown": (("train", "nothing"), "no trainer called 'nothing'"),
    "trainer of a path that is not there": (("train", "a/b"), "a/b does not exist"),
    "trainer of another file": (("train", "file"), "file: a data set is a .npz file, a folder"),
    "trainer mistyped": (("train", "minst"), "did you mean 'mnist'"),
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
    "device unknown": ((*TRAIN, "--device", "gpu"), "no device 'gpu'; give auto, cpu, cuda"),
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
    "checkpoint is an empty folder": (("score", "bare"), "bare holds no ckpt.pt"),
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
    "report of no seed": (("report", "run/ckpt.pt", "--show", 7), "of that seed; the seeds are 0"),
    "report in a file of another kind": (
        ("report", "run/ckpt.pt", "-o", "page.pdf"),
        "page.pdf: the page is HTML: call it page.html",
    ),
    "report in no format": (("report", "run/ckpt.pt", "--format", "pdf"), "no format 'pdf'"),
    "report opened unwritten": (
        ("report", "run/ckpt.pt", "--format", "json", "--open"),
        "--open needs a page",
    ),
    "report strict about nothing": (("report", "run/ckpt.pt", "--strict"), "--strict checks"),
    "report of no JSON": (("report", "file.json"), "cannot read file.json: not a results document"),
    "report with more": (("report", "file.json", "--animate", "gif"), "shown again as it is"),
    "report with a seed": (("report", "file.json", "--seed", "1"), "--seed has no use"),
    "report with a level": (("report", "file.json", "--level", "0.9"), "--level has no use"),
    "report alive without runtime": (
        ("report", "run/ckpt.pt", "--live", "--runtime", "nothing"),
        "onnxruntime-web",
    ),
    "compare a page without a place": ((*COMPARE, "--open"), "add -o"),
    "compare a title without a page": ((*COMPARE, "--title", "mine"), "add -o"),
    "directions a title without a page": (
        ("directions", "run/ckpt.pt", "--title", "mine"),
        "need a page",
    ),
    "compare on a page over a folder": ((*COMPARE, "-o", "run"), "cannot write run"),
    "compare one": (("compare", "run/ckpt.pt"), "two models or more"),
    "traverse other code": (
        ("traverse", "run/ckpt.pt", "--code", "x", "-o", "a.gif"),
        "no code called 'x'",
    ),
    "traverse of nothing": (("traverse", "nothing.pt"), "no checkpoint at nothing.pt"),
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


@pytest.mark.parametrize("arguments", [(), ("data",)], ids=str)
def test_a_group_alone_shows_its_help(arguments: tuple[str, ...]) -> None:
    result = infoeval(*arguments)
    assert result.exit_code == 2
    assert "\nCommands:\n" in result.output


def test_data_that_are_not_there_are_told_before_anything_is_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evaluate, "score_inputs", lambda *_: pytest.fail("something was computed"))
    assert "nothing.npz does not exist" in fails(*SCORE, "--data", "nothing.npz")
    assert "did you mean 'digits'" in fails(*SCORE, "--data", "digit")
    assert "a data set is" in fails(*SCORE, "--data", "file")


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
