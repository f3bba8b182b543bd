"""Scoring a checkpoint of ours."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet
from infoeval.errors import UserError
from infoeval.evaluation.catalogue import (
    ALL_METRICS,
    INFORMATION,
    MODELS,
    NEED_LABELS,
    OWN,
    REAL_IMAGES,
    TABLE,
    UNSUPERVISED,
    Asked,
)
from infoeval.evaluation.code_table import CodeTable
from infoeval.evaluation.encoding import Splits, code_table, load_splits
from infoeval.evaluation.generated_factors import generated_table
from infoeval.evaluation.information_results import information_results, own_results
from infoeval.evaluation.options import Recipe
from infoeval.evaluation.posterior_reading import columns, reader
from infoeval.evaluation.real_image_results import real_image_results
from infoeval.evaluation.table_results import Found, table_results
from infoeval.results import Document, Result, Skipped, environment, sha256

__all__ = ["checkpoint_images", "checkpoint_table", "score_checkpoint"]


def score_checkpoint(
    path: str | Path,
    asked: Sequence[Asked] | None,
    recipe: Recipe,
    data: str | None,
    data_dir: str | Path | None,
) -> Document:
    """Score the checkpoint at `path`; opening it runs nothing of its maker's.

    Without `asked`, all metrics that apply but `mi`; of those of codes and factors only where the
    images have factors. Raises UserError for an unusable checkpoint, missing data, images of the
    wrong size, or a metric that was asked for and does not apply.
    """
    checkpoint = Checkpoint.open(path)
    applicable = [name for name in ALL_METRICS if name not in MODELS]
    chosen = [Asked(name) for name in applicable] if asked is None else list(asked)
    drawn = asked is not None or recipe.information
    names = [each.name for each in chosen if drawn or each.name != INFORMATION]
    tables = [each for each in chosen if each.name in TABLE]
    wanted = [name for name in names if name in REAL_IMAGES]
    source = data or checkpoint.trainer.data
    images = (
        checkpoint_images(checkpoint, recipe, source, data_dir)
        if tables or (wanted and checkpoint.trainer.categorical_codes)
        else None
    )
    reasons = {name: why for name in wanted if (why := _reason(name, checkpoint, source, images))}
    if asked is None and images is not None and images[1].factors is None:
        why = f"{source} has no factors; ask for it by name, and labels are the one factor"
        reasons |= {each.name: why for each in tables if each.name not in UNSUPERVISED}
        tables = [each for each in tables if each.name in UNSUPERVISED]
    if asked is not None:
        for name, reason in reasons.items():
            raise UserError(f"{name} does not apply: {reason}")
    results: list[Result] = []
    skipped: list[Skipped] = []
    if INFORMATION in names:
        results += information_results(checkpoint, recipe)
    elif OWN in names:
        results += own_results(checkpoint, recipe)
    clusters = [name for name in wanted if name not in reasons]
    if images is not None and clusters:
        results += real_image_results(checkpoint, recipe, clusters, *images)
    if images is not None and tables:
        found, skipped = _of_tables(checkpoint, recipe, images, tables, strict=asked is not None)
        results += found
    if not drawn:
        reasons[INFORMATION] = "takes minutes: ask for it with --metric mi"
    return Document(
        subject=_subject(checkpoint, path),
        data=images[1].describe() if images is not None else dict(checkpoint.data),
        environment=environment(str(recipe.device)),
        results=tuple(results),
        skipped=(*(Skipped(name, reason) for name, reason in reasons.items()), *skipped),
    )


def checkpoint_table(
    path: str | Path, recipe: Recipe, data: str | None, data_dir: str | Path | None
) -> CodeTable:
    """The codes that a checkpoint reads of images, with their factors. UserError as for scoring."""
    checkpoint = Checkpoint.open(path)
    images = checkpoint_images(checkpoint, recipe, data or checkpoint.trainer.data, data_dir)
    return _table(checkpoint, recipe, images)


def _of_tables(
    checkpoint: Checkpoint, recipe: Recipe, images: Splits, asked: Sequence[Asked], *, strict: bool
) -> Found:
    table = _table(checkpoint, recipe, images)
    return table_results(table, asked, recipe.table, recipe.say, strict=strict)


def _table(checkpoint: Checkpoint, recipe: Recipe, images: Splits) -> CodeTable:
    model = reader(checkpoint, recipe, images[0])

    def read(pictures: NDArray[np.uint8]) -> pd.DataFrame:
        return columns(model, pictures)

    table = code_table(read, images, recipe)
    return replace(table, generated=cache(lambda: generated_table(model, images, recipe)))


def checkpoint_images(
    checkpoint: Checkpoint, recipe: Recipe, name: str, data_dir: str | Path | None
) -> Splits:
    """Train and test split of a data set in the form that the checkpoint was trained on.

    Pictures that were left out of its training are left out. Raises UserError for images of
    another size, and where there are none.
    """
    shape = checkpoint.trainer.image_shape if checkpoint.data.get("resized_from") else None
    if checkpoint.data.get("left_out") and name == checkpoint.trainer.data:
        recipe = replace(recipe, skip_broken=True)
    splits = load_splits(name, data_dir, recipe, shape)
    for images in splits:
        if images.images.shape[1:] != tuple(checkpoint.trainer.image_shape):
            raise UserError(
                f"the checkpoint reads images of {checkpoint.trainer.image_shape}, "
                f"{name} has {images.images.shape[1:]} (channels, height, width)"
            )
    return splits


def _reason(
    name: str, checkpoint: Checkpoint, source: str, images: tuple[ImageSet, ImageSet] | None
) -> str:
    """Why a metric of real images does not apply; empty where it does."""
    if images is None or not checkpoint.trainer.categorical_codes:
        return f"{checkpoint.trainer.name} has no categorical code"
    if name in NEED_LABELS and any(split.labels is None for split in images):
        return f"{source} has no labels"
    return ""


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
