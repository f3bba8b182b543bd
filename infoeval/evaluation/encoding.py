"""The table of codes and factors that a model makes of an image set."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from infoeval.data import ImageSet, load, progress_to
from infoeval.evaluation.code_table import CodeTable, Part
from infoeval.evaluation.options import Recipe
from infoeval.evaluation.posterior_reading import thin

__all__ = ["Read", "Splits", "code_table", "factors_of", "load_splits"]

Read = Callable[[NDArray[np.uint8]], pd.DataFrame]
"""From uint8 images ``(n, channels, height, width)`` to their codes, a column for each."""
Splits = tuple[ImageSet, ImageSet]
"""Train and test images."""


def load_splits(
    name: str,
    root: str | Path | None,
    recipe: Recipe,
    shape: tuple[int, int, int] | None = None,
) -> Splits:
    """The train and the test split of a data set, brought to a shape where one is given.

    Raises UserError where there is none.
    """

    def load_split(split: str) -> ImageSet:
        return load(name, split, root=root, skip_broken=recipe.skip_broken, shape=shape)

    with progress_to(recipe.say):
        return load_split("train"), load_split("test")


def code_table(read: Read, splits: Splits, recipe: Recipe) -> CodeTable:
    """Codes of both splits with their factors; labels are the only factor where there are none.

    At most ``recipe.rows`` images of each are read, evenly spaced. Raises UserError for an encoder
    that fails, or types that do not fit.
    """
    fit, scored = (_part(read, thin(images, recipe.rows), recipe) for images in splits)
    images = splits[1]
    types = recipe.factor_types
    if types is None and images.factors is not None:
        types = images.factor_types or None
    draw = images.render

    def encode(factors: NDArray[np.float64]) -> pd.DataFrame:
        assert draw is not None
        return read(draw(factors))

    return CodeTable.of(
        scored,
        recipe.code_types,
        types,
        fit=fit,
        scored=scored,
        encode=None if draw is None or images.factors is None else encode,
    )


def _part(read: Read, images: ImageSet, recipe: Recipe) -> Part:
    recipe.say(f"reading the codes of {len(images):,} {images.split} images", None)
    codes = read(images.images)
    return Part(codes, factors_of(images))


def factors_of(images: ImageSet) -> pd.DataFrame | None:
    """The factors by name; labels are the only factor where there are no others."""
    if images.factors is not None:
        count = images.factors.shape[1]
        names = list(images.factor_names) or [f"factor {number}" for number in range(count)]
        return pd.DataFrame(images.factors, columns=names)
    if images.labels is not None:
        return pd.DataFrame({"label": images.labels})
    return None
