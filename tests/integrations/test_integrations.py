"""Scores during a training, by the real Lightning, TensorBoard, Weights & Biases and MLflow."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import infoeval as ie
from infoeval.integrations import (
    PeriodicScores,
    lightning_callback,
    mlflow,
    numbers,
    tensorboard,
    wandb,
)
from tests.evaluation.scoring import table

QUICK: dict[str, Any] = {"metrics": ["mig"], "replicates": 4, "null": 2}
HOSTILE = "z<script>|$(rm)"


def events(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder))
    read.Reload()
    return {
        name: [(event.step, event.value) for event in read.Scalars(name)]
        for name in read.Tags()["scalars"]
    }


def test_numbers_are_those_of_the_document() -> None:
    arrays = table()
    document = ie.score(arrays["codes"], arrays["factors"], **QUICK)
    result = document.results[0]
    expected = {"mig": result.value, "mig low": result.low, "mig high": result.high}
    assert numbers(document) == expected
    kept = ie.score({"codes": arrays["codes"]}, metrics=["total-correlation"], replicates=0)
    assert all(name.startswith("total-correlation") for name in numbers(kept))


def test_scores_come_every_few_epochs_and_leave_the_random_state_alone() -> None:
    arrays, logged, made = table(), [], []

    def model() -> Any:
        made.append(1)
        torch.rand(3)
        return arrays["codes"], arrays["factors"]

    scores = PeriodicScores(3, log=lambda step, values: logged.append((step, values)), **QUICK)
    torch.manual_seed(0)
    expected = [torch.rand(1).item() for _ in range(7)]
    torch.manual_seed(0)
    found = []
    for epoch in range(7):
        found.append(torch.rand(1).item())
        scores(epoch, model)
    assert found == expected
    assert list(scores.documents) == [2, 5]
    assert [step for step, _ in logged] == [2, 5]
    assert logged[0][1] == numbers(scores.documents[2])
    assert len(made) == 2
    with pytest.raises(ie.UserError, match="at least 1"):
        PeriodicScores(0)


def test_networks_are_evaluated_and_go_on_as_they_were() -> None:
    """Also those that `adapt` puts into evaluation mode, and parts that are frozen."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 2), nn.Dropout(0.5))
    network.train()
    network[1].eval()
    modes = []

    def encode(images: Any) -> Any:
        modes.append(network.training)
        return network(images)

    scores = PeriodicScores(data="digits", rows=100, **QUICK)
    for model in (lambda: ie.adapt(encode), ie.adapt(encode)):
        network.train()
        network[1].eval()
        assert scores(0, model) is not None
        assert [part.training for part in network.modules()] == [True, True, False, True]
    assert not any(modes)
    with pytest.raises(ie.UserError):  # the modes are put back after an error as well
        scores(0, lambda: ie.adapt(lambda images: network(images).nothing()))
    assert network.training


def test_a_method_without_arguments_is_called() -> None:
    class Holder:
        def table(self) -> Any:
            return table()["codes"], table()["factors"]

    assert PeriodicScores(**QUICK)(0, Holder().table) is not None


def test_a_training_is_logged_to_tensorboard(tmp_path: Path) -> None:
    checkpoint = ie.train(
        *("digits", tmp_path / "run"),
        steps=100,
        batch=8,
        device="cpu",
        progress=tensorboard(tmp_path / "events"),
    )
    logged = events(tmp_path / "events")
    history = np.genfromtxt(checkpoint.parent / "history.csv", delimiter=",", names=True)
    steps, values = zip(*logged["discriminator_loss"], strict=True)
    assert list(steps) == [50, 100]
    assert values == pytest.approx(history["discriminator_loss"], rel=1e-5)


def test_a_run_of_wandb_stays_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import wandb as real

    monkeypatch.setenv("WANDB_SILENT", "true")
    run = real.init(mode="offline", dir=str(tmp_path), project="test")
    log = wandb(run)
    log(1, {"mig": 0.25, HOSTILE: 1.0})
    log(2, {"mig": 0.5})
    log(3, {"sap": 0.0})  # a step is kept when the next one begins
    assert run.summary["mig"] == 0.5
    run.finish()
    assert list(tmp_path.glob("wandb/offline-run-*/*.wandb"))


def test_numbers_reach_the_file_store_of_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow as real

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    real.set_tracking_uri(f"file://{tmp_path}")
    real.set_experiment("test")
    with real.start_run() as run:
        log = mlflow()
        log(1, {"mig": 0.25, HOSTILE: 1.0})
        log(2, {"mig": 0.5})
    client = real.MlflowClient()
    history = client.get_metric_history(run.info.run_id, "mig")
    assert [(each.step, each.value) for each in history] == [(1, 0.25), (2, 0.5)]
    assert client.get_run(run.info.run_id).data.metrics["z_script____rm_"] == 1.0


@pytest.mark.parametrize(("package", "make"), [("wandb", wandb), ("mlflow", mlflow)])
def test_a_logger_that_is_not_installed_is_one_line(
    package: str, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ie.UserError, match=f"{package} is not installed.*infoeval\\[loggers\\]"):
        make()


def test_lightning_scores_a_module_and_logs_it(tmp_path: Path) -> None:
    import lightning.pytorch as lightning
    from lightning.pytorch.loggers import TensorBoardLogger

    arrays = table(64)
    images = torch.tensor(arrays["codes"], dtype=torch.float32)
    modes = []

    class Encoder(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.map = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))

        def training_step(self, batch: Any, _: int) -> Any:
            return (self.map(batch[0]) - batch[0]).square().mean()

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=0.01)

    def codes(module: Any) -> Any:
        modes.append(module.training)
        return module.map(images).numpy(), arrays["factors"]

    scores = PeriodicScores(2, **QUICK)
    trainer = lightning.Trainer(
        max_epochs=4,
        accelerator="cpu",
        callbacks=[lightning_callback(codes, scores)],
        logger=TensorBoardLogger(str(tmp_path)),
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    module = Encoder()
    trainer.fit(module, DataLoader(TensorDataset(images), batch_size=32))
    assert list(scores.documents) == [1, 3]
    assert modes == [False, False]
    assert module.training
    logged = events(Path(trainer.logger.log_dir))
    found = [document.results[0].value for document in scores.documents.values()]
    assert [value for _, value in logged["mig"]] == pytest.approx(found, rel=1e-5)
