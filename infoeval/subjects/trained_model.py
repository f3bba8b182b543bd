"""A checkpoint as a subject: its networks generate and encode."""

import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from infoeval.checkpoint import Checkpoint
from infoeval.codes import CodeSpace
from infoeval.data.image_set import ImageSet
from infoeval.errors import UserError
from infoeval.files import sha256
from infoeval.subjects.batch_norm import BatchNorm
from infoeval.subjects.checkpoint_model import CALIBRATION_IMAGES, CheckpointModel
from infoeval.subjects.protocols import sample
from infoeval.subjects.subject import Array, Encoding, Progress, Reader, Subject

CHUNK = 5000
"""Images that are read between two reports of progress."""


class TrainedModel(Subject):
    """A checkpoint file; opening it executes nothing of it.

    Args:
        path: the file.
        device: where its networks run.
        seed: of the images that batch-norm statistics are estimated on where `batch_norm` is
            "generated".
        batch_norm: batch-norm statistics of Q on real images: "real" estimates them on training
            images, "generated" on fresh samples of G, "running" takes those of the training.
        progress: called while images are read.

    Raises:
        UserError: an unusable file.

    """

    labels_are_factors = False
    path: Path
    checkpoint: Checkpoint

    def __init__(
        self,
        path: str | Path,
        *,
        device: torch.device,
        seed: int,
        batch_norm: BatchNorm,
        progress: Progress,
    ) -> None:
        self.name, self.path = str(path), Path(path)
        self.checkpoint = Checkpoint.open(path)
        self.device, self.seed = device, seed
        self.batch_norm, self.progress = batch_norm, progress
        self._reader: tuple[ImageSet, Reader] | None = None

    @cached_property
    def fingerprint(self) -> str:
        return sha256(self.path)

    @cached_property
    def model(self) -> CheckpointModel:  # type: ignore[override]
        return CheckpointModel(self.checkpoint, self.device)

    @property
    def generator(self) -> CheckpointModel:
        return self.model

    @property
    def codes(self) -> CodeSpace:
        return self.checkpoint.trainer.codes

    def describe(self) -> dict[str, Any]:
        return {
            "checkpoint": self.name,
            "sha256": self.fingerprint,
            "trainer": self.checkpoint.trainer.name,
            "variant": self.checkpoint.variant,
            "step": self.checkpoint.step,
            "seed": self.checkpoint.seed,
            "information_weight": self.checkpoint.trainer.information_weight,
        }

    def describe_data(self) -> dict[str, Any]:
        return dict(self.checkpoint.data)

    def describe_training(self) -> dict[str, Any]:
        history, trainer = self.checkpoint.history, self.checkpoint.trainer
        steps, seconds = history.get("step", []), history.get("seconds", [])
        speed = steps[-1] * trainer.batch / seconds[-1] if seconds and seconds[-1] else math.inf
        return {
            "history": history or None,
            "training": {
                "steps": self.checkpoint.step,
                "batch": trainer.batch,
                "images_per_second": speed if math.isfinite(speed) else None,
                "seconds": seconds[-1] if seconds else None,
                "data": self.checkpoint.data,
                "run": self.checkpoint.run,
                "versions": self.checkpoint.versions,
                "config": trainer.to_dict(),
            },
        }

    def reader(self, train: ImageSet) -> Reader:
        if self._reader is None or self._reader[0] is not train:
            self._reader = train, _Q(self._calibrated(train), self.batch_norm, self.progress)
        return self._reader[1]

    def _calibrated(self, train: ImageSet) -> CheckpointModel:
        if self.batch_norm == "running":
            return self.model
        self.progress(f"batch-norm statistics on {self.batch_norm} images", None)
        if self.batch_norm == "real":
            return self.model.calibrated(train.images)
        random = torch.Generator().manual_seed(self.seed)
        return self.model.calibrated(
            sample(self.model, CALIBRATION_IMAGES, random)[1].cpu().numpy()
        )


class _Q(Reader):
    """Q of a checkpoint: q(c|x) of categorical codes, the mean of continuous ones."""

    def __init__(self, model: CheckpointModel, batch_norm: BatchNorm, progress: Progress) -> None:
        super().__init__()
        self.model, self.batch_norm, self.progress = model, batch_norm, progress

    def read(self, images: NDArray[np.uint8]) -> dict[str, Array]:
        chunks: list[dict[str, Array]] = []
        for start in range(0, len(images), CHUNK):
            done = f"reading the codes of images, {start:,} of {len(images):,}"
            self.progress(done, start / len(images))
            codes = self.model.posterior(torch.from_numpy(images[start : start + CHUNK]))
            if not all(bool(code.isfinite().all()) for code in codes.values()):
                raise UserError("the checkpoint's networks compute numbers that are not finite")
            chunks.append({name: code.cpu().numpy() for name, code in codes.items()})
        return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}

    def encoding(self, arrays: Mapping[str, Array]) -> Encoding:
        columns, probabilities, spreads = {}, {}, {}
        for name, code in self.model.codes.items():
            posterior = torch.from_numpy(arrays[name])
            expected = code.expectation(posterior).numpy()
            if code.is_categorical:
                probabilities[name] = expected
            columns[name] = expected.argmax(1) if code.is_categorical else expected
            spread = code.spread(posterior)
            if spread is not None:
                spreads[name] = spread.numpy()
        return Encoding(pd.DataFrame(columns), probabilities, spreads=spreads)
