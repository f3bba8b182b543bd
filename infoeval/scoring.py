"""From a checkpoint to the results document: which metric applies, on which rows, how long."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from infoeval.checkpoint import Checkpoint
from infoeval.codes import Categorical
from infoeval.data import ImageSet, load
from infoeval.devices import find_device
from infoeval.errors import UserError
from infoeval.information.own import own_lower_bound, sample
from infoeval.metrics.registry import METRICS
from infoeval.model import CALIBRATION_IMAGES, CheckpointModel
from infoeval.results import Document, Result, Skipped, environment, sha256

__all__ = ["ALL_METRICS", "score"]

OWN_BOUND = "mi-own"
ALL_METRICS: dict[str, str] = {
    OWN_BOUND: "the checkpoint's own L_I of each code on fresh samples, in nats",
    **{name: metric.description for name, metric in METRICS.items()},
}
"""Every metric of a checkpoint, by name, with what it tells."""

BatchNorm = Literal["real", "running", "generated"]
Report = Callable[[str], None]
ENCODING_CHUNK = 5000


def score(
    path: str | Path,
    metrics: Sequence[str] | None = None,
    *,
    data: str | None = None,
    data_dir: str | Path | None = None,
    seed: int = 0,
    level: float = 0.95,
    samples: int = 20_000,
    fit_images: int | None = None,
    batch_norm: BatchNorm = "real",
    device: str = "auto",
    report: Report | None = None,
) -> Document:
    """Score the checkpoint at `path`.

    Args:
        path: the checkpoint; opening it runs nothing of its maker's.
        metrics: names from `ALL_METRICS`; None: all that apply, the rest skipped with a reason.
        data: data set, `.npz` or folder to score on; None: what the checkpoint was trained on.
            The matching of `cluster-acc` is fitted on its train split, and the metrics are
            computed on its test split.
        data_dir: where the named data sets lie.
        seed: of fresh samples and resampling.
        level: of every interval.
        samples: fresh samples of `mi-own`.
        fit_images: fit the matching on this many training images, evenly spaced; None: on all.
        batch_norm: which batch-norm statistics Q uses on real images: "real" estimates them on
            training images, "generated" on fresh samples of G, "running" takes those that the
            training left behind.
        device: "auto", "cpu", "cuda" or "cuda:N".
        report: told in a few words what is being done.

    Raises:
        UserError: an unusable checkpoint, missing data, images of the wrong size, an unknown
            metric, or one asked for by name that does not apply.

    """
    names = list(ALL_METRICS) if metrics is None else list(dict.fromkeys(metrics))
    for name in names:
        if name not in ALL_METRICS:
            raise UserError(f"no metric {name!r}; there are {', '.join(ALL_METRICS)}")
    if not 0 < level < 1:
        raise UserError(f"level must lie between 0 and 1, not {level}")
    if not 0 <= seed < 2**63:
        raise UserError(f"seed must be between 0 and 2^63 − 1, not {seed}")
    if samples < 2:
        raise UserError(f"samples must be at least 2, not {samples}")
    say = report or (lambda _: None)
    checkpoint = Checkpoint.open(path)
    where = find_device(device)
    scoring = _Scoring(checkpoint, where, seed, level, samples, batch_norm, say)
    results: list[Result] = []
    skipped: list[Skipped] = []
    if OWN_BOUND in names:
        results += scoring.own_bounds()
    images = None
    wanted = [name for name in names if name in METRICS]
    if wanted:
        images, reason = _labelled(checkpoint, data or checkpoint.trainer.data, data_dir)
        if images is not None:
            results += scoring.clusters(wanted, *images, fit_images)
        elif metrics is not None:
            raise UserError(f"{wanted[0]} does not apply: {reason}")
        else:
            skipped += [Skipped(name, reason) for name in wanted]
    test = images[1] if images else None
    return Document(
        subject=_subject(checkpoint, path),
        data=_describe(test) if test is not None else dict(checkpoint.data),
        environment=environment(str(where)),
        results=tuple(results),
        skipped=tuple(skipped),
    )


class _Scoring:
    def __init__(
        self,
        checkpoint: Checkpoint,
        device: torch.device,
        seed: int,
        level: float,
        samples: int,
        batch_norm: BatchNorm,
        say: Report,
    ) -> None:
        self.checkpoint, self.device, self.seed, self.level = checkpoint, device, seed, level
        self.samples, self.batch_norm, self.say = samples, batch_norm, say

    def own_bounds(self) -> list[Result]:
        self.say(f"L_I by the checkpoint's own Q, {self.samples:,} fresh samples")
        started = time.perf_counter()
        model = CheckpointModel(self.checkpoint, self.device)
        bounds = own_lower_bound(model, count=self.samples, seed=self.seed, level=self.level)
        seconds = time.perf_counter() - started
        if not all(
            math.isfinite(bound.low) and math.isfinite(bound.high) for bound in bounds.values()
        ):
            raise UserError("the checkpoint's networks compute numbers that are not finite")
        return [
            Result(
                metric=OWN_BOUND,
                target=name,
                value=bound.value,
                low=bound.low,
                high=bound.high,
                level=bound.level,
                n=bound.count,
                unit="nats",
                higher_is_better=True,
                settings={"seed": self.seed, "samples": self.samples, "pixels": "8 bits"},
                seconds=seconds,
                reference="Chen et al. 2016, eq. 5",
                details={"entropy": bound.entropy, "interval": "normal, over fresh samples"},
            )
            for name, bound in bounds.items()
        ]

    def clusters(
        self, names: Sequence[str], train: ImageSet, test: ImageSet, fit_images: int | None
    ) -> list[Result]:
        fit = train if fit_images is None else _thin(train, fit_images)
        model = CheckpointModel(self.checkpoint, self.device, self._calibration(train))
        fit_codes = self._predict(model, fit)
        test_codes = self._predict(model, test)
        results = []
        for target in fit_codes:
            for name in names:
                self.say(f"{name} of {target}")
                results.append(self._cluster(name, target, fit_codes, test_codes, fit, test))
        return results

    def _calibration(self, train: ImageSet) -> NDArray[np.uint8] | None:
        """The images on which Q's batch-norm statistics are estimated."""
        if self.batch_norm == "running":
            return None
        self.say(f"batch-norm statistics on {self.batch_norm} images")
        if self.batch_norm == "real":
            return train.images
        model = CheckpointModel(self.checkpoint, self.device)
        _, images = sample(model, CALIBRATION_IMAGES, torch.Generator().manual_seed(self.seed))
        return images.cpu().numpy()

    def _predict(self, model: CheckpointModel, images: ImageSet) -> dict[str, NDArray[np.int64]]:
        """Arg max of q(c|x) for every categorical code."""
        parts: dict[str, list[NDArray[np.int64]]] = {}
        for start in range(0, len(images), ENCODING_CHUNK):
            self.say(f"reading the codes of {images.split} images, {start:,} of {len(images):,}")
            chunk = torch.from_numpy(images.images[start : start + ENCODING_CHUNK])
            read = model.encode(chunk)
            for name in self.checkpoint.trainer.categorical_codes:
                if not bool(read[name].isfinite().all()):
                    raise UserError("the checkpoint's networks compute numbers that are not finite")
                parts.setdefault(name, []).append(read[name].argmax(1).cpu().numpy())
        return {name: np.concatenate(chunks) for name, chunks in parts.items()}

    def _cluster(
        self,
        name: str,
        target: str,
        fit_codes: dict[str, NDArray[np.int64]],
        test_codes: dict[str, NDArray[np.int64]],
        train: ImageSet,
        test: ImageSet,
    ) -> Result:
        metric = METRICS[name]
        settings: dict[str, Any] = {"batch_norm": self.batch_norm, "split": test.split}
        arguments: dict[str, Any] = {"level": self.level}
        if metric.fits:
            code = self.checkpoint.trainer.codes[target]
            assert isinstance(code, Categorical)
            arguments |= {"fit_codes": fit_codes[target], "fit_labels": train.labels}
            arguments |= {"categories": code.size, "classes": len(train.label_names) or None}
            settings["matching_fitted_on"] = train.split
        if metric.resamples:
            arguments["seed"] = settings["seed"] = self.seed
        started = time.perf_counter()
        found = metric.function(test_codes[target], test.labels, **arguments)
        if metric.fits:
            found.details["class_names"] = list(test.label_names)
        seconds = time.perf_counter() - started
        return Result.of(found, metric=name, target=target, settings=settings, seconds=seconds)


def _labelled(
    checkpoint: Checkpoint, name: str, data_dir: str | Path | None
) -> tuple[tuple[ImageSet, ImageSet] | None, str]:
    """Train and test split with labels, or the reason why there are none."""
    if not checkpoint.trainer.categorical_codes:
        return None, f"{checkpoint.trainer.name} has no categorical code"
    train, test = load(name, "train", root=data_dir), load(name, "test", root=data_dir)
    for images in (train, test):
        if images.images.shape[1:] != tuple(checkpoint.trainer.image_shape):
            raise UserError(
                f"the checkpoint reads images of {checkpoint.trainer.image_shape}, "
                f"{name} has {images.images.shape[1:]} (channels, height, width)"
            )
    if train.labels is None or test.labels is None:
        return None, f"{name} has no labels"
    return (train, test), ""


def _thin(images: ImageSet, count: int) -> ImageSet:
    """At most `count` of the images, evenly spaced."""
    if count < 2:
        raise UserError(f"fit_images must be at least 2, not {count}")
    rows = np.linspace(0, len(images) - 1, min(count, len(images))).astype(int)
    labels = images.labels[rows] if images.labels is not None else None
    return replace(images, images=images.images[rows], labels=labels, factors=None, factor_names=())


def _describe(images: ImageSet) -> dict[str, Any]:
    return {
        "name": images.name,
        "split": images.split,
        "n": len(images),
        "fingerprint": images.fingerprint,
    }


def _subject(checkpoint: Checkpoint, path: str | Path) -> dict[str, Any]:
    return {
        "checkpoint": str(path),
        "sha256": sha256(path),
        "trainer": checkpoint.trainer.name,
        "variant": checkpoint.variant,
        "step": checkpoint.step,
        "seed": checkpoint.seed,
        "information_weight": checkpoint.trainer.information_weight,
    }
