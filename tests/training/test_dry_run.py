"""The layers of a dry run are those that are trained, and its time is that of a whole step."""

from dataclasses import replace

import pytest
import torch

from infoeval import content
from infoeval.training import dry_run
from infoeval.training.choosing import load_trainer


@pytest.mark.parametrize("name", content.trainers())
def test_layers_have_all_parameters_and_lead_to_an_image(name: str) -> None:
    trainer = load_trainer(name)
    rows = dry_run.layers(trainer)
    networks = trainer.networks()
    averaged = networks.averaged.parameters() if networks.averaged is not None else ()
    trained = [*networks.parameters()]
    expected = sum(map(torch.numel, trained)) - sum(map(torch.numel, averaged))
    assert sum(row["parameters"] for row in rows) == expected
    assert [row for row in rows if row["part"] == "G"][-1]["shape"] == trainer.image_shape
    assert rows[-1]["shape"] == (trainer.codes.posterior_width,)


def test_the_time_is_continued_to_the_batch_along_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_run, "_timed", lambda trainer, device, batch: 0.5 + 0.25 * batch)
    trainer = replace(load_trainer("digits"), batch=64)
    assert dry_run.seconds_of_step(trainer, torch.device("cpu")) == 0.5 + 0.25 * 64
    tiny = replace(trainer, batch=3)
    assert dry_run.seconds_of_step(tiny, torch.device("cpu")) == 0.5 + 0.25 * 3


def test_a_step_is_timed_and_takes_some_time() -> None:
    assert 0 < dry_run.seconds_of_step(load_trainer("digits"), torch.device("cpu")) < 60
