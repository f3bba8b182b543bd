"""Scoring one checkpoint."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet, load
from infoeval.devices import find_device
from infoeval.errors import UserError
from infoeval.information.budgets import find_budget
from infoeval.results import Document, Result, Skipped, environment, sha256
from infoeval.scoring.catalogue import ALL_METRICS, INFORMATION, NEED_LABELS, OWN, REAL_IMAGES
from infoeval.scoring.information import information_results, own_results
from infoeval.scoring.real_images import real_image_results
from infoeval.scoring.recipe import BatchNorm, Recipe, Say

__all__ = ["check_metrics", "score"]

Splits = tuple[ImageSet, ImageSet]


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
    budget: str = "standard",
    device: str = "auto",
    say: Say | None = None,
) -> Document:
    """Score the checkpoint at `path`.

    Args:
        path: the checkpoint; opening it runs nothing of its maker's.
        metrics: names from `ALL_METRICS`; None: all that apply but `mi`, which takes minutes; the
            rest is skipped with a reason. `mi` brings `mi-synergy`, `mi-refitted` and `mi-own`
            with it.
        data: data set, `.npz` or folder to score on; None: what the checkpoint was trained on.
            The matching of `cluster-acc` is fitted on its train split, and the metrics are
            computed on its test split.
        data_dir: where the named data sets lie.
        seed: of fresh samples, resampling, and the training of the post hoc Q.
        level: of every interval.
        samples: fresh samples of `mi-own`; with `mi`, as many as the budget says.
        fit_images: fit the matching on this many training images, evenly spaced; None: on all.
        batch_norm: which batch-norm statistics Q uses on real images: "real" estimates them on
            training images, "generated" on fresh samples of G, "running" takes those that the
            training left behind.
        budget: what `mi` may cost: "quick", "standard" or "strict".
        device: "auto", "cpu", "cuda" or "cuda:N".
        say: told in a few words what is being done, and which share of it is done, if known.

    Raises:
        UserError: an unusable checkpoint, missing data, images of the wrong size, an unknown
            metric or budget, or a metric asked for by name that does not apply.

    """
    check_metrics(metrics)
    names = [name for name in ALL_METRICS if name != INFORMATION]
    if metrics is not None:
        names = list(dict.fromkeys(metrics))
    checkpoint, where = Checkpoint.open(path), find_device(device)
    tell = say or (lambda text, share: None)
    cost = find_budget(budget)
    recipe = Recipe(checkpoint, where, seed, level, samples, fit_images, batch_norm, cost, tell)
    wanted = [name for name in names if name in REAL_IMAGES]
    source = data or checkpoint.trainer.data
    images = _load(checkpoint, source, data_dir) if wanted else None
    reasons = {name: why for name in wanted if (why := _reason(name, checkpoint, source, images))}
    if metrics is not None:
        for name, reason in reasons.items():
            raise UserError(f"{name} does not apply: {reason}")
    results: list[Result] = []
    if INFORMATION in names:
        results += information_results(recipe)
    elif OWN in names:
        results += own_results(recipe)
    if images is not None:
        results += real_image_results(
            recipe, [name for name in wanted if name not in reasons], *images
        )
    if metrics is None:
        reasons[INFORMATION] = "takes minutes: ask for it with --metric mi"
    return Document(
        subject=_subject(checkpoint, path),
        data=_describe(images[1]) if images is not None else dict(checkpoint.data),
        environment=environment(str(where)),
        results=tuple(results),
        skipped=tuple(Skipped(name, reason) for name, reason in reasons.items()),
    )


def check_metrics(metrics: Sequence[str] | None) -> None:
    """Raise UserError, listing the names, for a metric that there is not."""
    for name in metrics or ():
        if name not in ALL_METRICS:
            raise UserError(f"no metric {name!r}; there are {', '.join(ALL_METRICS)}")


def _load(checkpoint: Checkpoint, name: str, data_dir: str | Path | None) -> Splits | None:
    """Train and test split; None where the checkpoint has no code that could be read of them."""
    if not checkpoint.trainer.categorical_codes:
        return None
    train, test = load(name, "train", root=data_dir), load(name, "test", root=data_dir)
    for images in (train, test):
        if images.images.shape[1:] != tuple(checkpoint.trainer.image_shape):
            raise UserError(
                f"the checkpoint reads images of {checkpoint.trainer.image_shape}, "
                f"{name} has {images.images.shape[1:]} (channels, height, width)"
            )
    return train, test


def _reason(name: str, checkpoint: Checkpoint, source: str, images: Splits | None) -> str:
    """Why a metric of real images does not apply; empty where it does."""
    if images is None:
        return f"{checkpoint.trainer.name} has no categorical code"
    if name in NEED_LABELS and any(split.labels is None for split in images):
        return f"{source} has no labels"
    return ""


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
