"""One short training on MNIST itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from infoeval.checkpoint import Checkpoint
from infoeval.data import load
from infoeval.evaluation import score
from infoeval.training.choosing import load_trainer
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions

pytestmark = pytest.mark.shared_data


@pytest.mark.slow
def test_a_short_training_on_mnist_makes_the_digit_code_readable(
    shared_data: Path, tmp_path: Path
) -> None:
    """70 steps of 64 images, far from the trainer's own, on its own networks and rates.

    L_I of the digit code over the last ten steps was 1.37 and 1.29 nats with two seeds, of
    log 10 = 2.30, after 40 steps of next to nothing: 0.8 leaves a wide margin.
    """
    images = load("mnist", root=shared_data, download=False)
    trainer = replace(load_trainer("mnist"), batch=64, steps=70)
    options = RunOptions(device="cpu", log_every=10, checkpoint_every=70)
    path = train(trainer, images, tmp_path / "run", options)
    history = Checkpoint.open(path).history
    assert abs(history["information_digit"][0]) < 0.1
    assert history["information_digit"][-1] > 0.8
    assert np.isfinite(list(history.values())).all()

    test = load("mnist", "test", root=shared_data, download=False)
    few = {"images": images.images[:500], "labels": images.labels[:500]}
    few |= {"test_images": test.images[:300], "test_labels": test.labels[:300]}
    np.savez(tmp_path / "few.npz", **few)
    document = score(path, data=str(tmp_path / "few.npz"), samples=500, device="cpu")
    values = {(result.metric, result.target): result.value for result in document.results}
    assert len(values) == 12
    sorting = values["real-sorting", "digit"], values["real-label-information", "digit"]
    assert all(0 < value < np.log(10) for value in sorting)
    assert values["mi-own", "digit"] > 0.5
    assert 0.1 < values["cluster-acc", "digit"] < 1
