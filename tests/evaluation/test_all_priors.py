"""A run with a code of each prior: trained, resumed, scored, traversed, and on a page."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from infoeval import Angle, Categorical, CodeSpace, Normal, Uniform
from infoeval.checkpoint import Checkpoint
from infoeval.data import load
from infoeval.errors import UserError
from infoeval.evaluation.evaluate import score
from infoeval.evaluation.pages import report
from infoeval.evaluation.report_images import DrawnImages, draw_traversal_files
from infoeval.evaluation.slider_sprites import draw_sprites
from infoeval.results import Result
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions
from tests.evaluation.conftest import Training
from tests.tiny import tiny_trainer

SPACE = CodeSpace(
    kind=Categorical(4, (0.4, 0.3, 0.2, 0.1)),
    slant=Uniform(-1, 1),
    size=Normal(2, 0.5),
    turn=Angle(),
    noise=3,
)
CHANGES: dict[str, Any] = {"codes": SPACE, "code_weights": {}}


@pytest.fixture(scope="module")
def checkpoint(trained: Training) -> Path:
    return trained("all priors", **CHANGES)


def test_a_checkpoint_has_the_codes_it_was_trained_with(checkpoint: Path) -> None:
    assert Checkpoint.open(checkpoint).trainer.codes == SPACE


def test_a_resumed_run_is_the_run(home: Path, tmp_path: Path) -> None:
    trainer = tiny_trainer(data=str(home / "images.npz"), **CHANGES)
    images = load(trainer.data)
    options = RunOptions(device="cpu", log_every=2, checkpoint_every=2)
    first = train(trainer, images, tmp_path / "a", options)

    def stop(step: int, _: object) -> None:
        if step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(trainer, images, tmp_path / "b", options, progress=stop)
    second = train(trainer, images, tmp_path / "b", replace(options, resume=True))
    weights, resumed = (Checkpoint.open(path).weights for path in (first, second))
    for name, value in weights.items():
        assert torch.equal(value, resumed[name]), name


def test_scores_of_every_code(checkpoint: Path) -> None:
    found = {
        result.target: result
        for result in score(checkpoint, metrics=["mi-own"], device="cpu").results
        if isinstance(result, Result)
    }
    assert list(found) == list(SPACE)
    assert [found[name].details["kind"] for name in SPACE] == [
        *("categorical", "continuous", "normal", "angle"),
    ]
    highest = [found[name].details["highest"] for name in SPACE]
    assert highest == [pytest.approx(SPACE["kind"].entropy), None, None, None]


def test_images_of_every_code(checkpoint: Path) -> None:
    model = DrawnImages(CheckpointModel(Checkpoint.open(checkpoint), torch.device("cpu")))
    titles = [str(image.entry["title"]) for image in draw_traversal_files(model, 0, 0)]
    assert titles == [
        "kind: one column for each category",
        "slant: −1 to 1",
        "slant, exaggerated: −2 to 2, beyond what was trained",
        "size: 1.18 to 2.82",
        "size, exaggerated: 0.36 to 3.64, rare in training",
        "turn: once around, 0 to 5.65",
    ]
    codes = draw_sprites(model, 0, 0)[0].entry["codes"]
    for code in codes:
        assert len(set(code["values"])) == len(code["values"])


def test_angles_read_from_images_are_directions(checkpoint: Path) -> None:
    model = CheckpointModel(Checkpoint.open(checkpoint), torch.device("cpu"))
    read = model.encode(torch.zeros(3, 1, 8, 8, dtype=torch.uint8))["turn"]
    assert read.shape == (3,)
    assert ((read >= 0) & (read < 2 * np.pi)).all()


def test_a_page_of_all_priors(checkpoint: Path, tmp_path: Path) -> None:
    page = report(checkpoint, tmp_path / "page.html", metrics=["mi-own"], formats=["json"])
    document = json.loads((page.parent / "metrics.json").read_text("utf-8"))
    assert [code["description"] for code in document["codes"]] == [
        "4 categories of probabilities 0.4, 0.3, 0.2, 0.1",
        "uniform on [-1, 1]",
        "normal, mean 2 and deviation 0.5",
        "uniform on the circle, in radians",
    ]
    assert document["codes"][2]["deviation"] == 0.5
    text = page.read_text("utf-8")
    assert "once around" in text or "0 to 5.65" in text


def test_an_angle_is_periodic_in_metrics_of_codes(checkpoint: Path, home: Path) -> None:
    options: dict[str, Any] = {"device": "cpu", "data": str(home / "images.npz"), "rows": 40}
    with pytest.raises(UserError, match="turn is periodic; udr compares numbers"):
        score([checkpoint, checkpoint], metrics=["udr"], **options)
