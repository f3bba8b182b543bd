"""Galleries: real images sorted by the value that the encoder reads of a code."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from infoeval.codes import Code
from infoeval.data import ImageSet
from infoeval.evaluation.image_files import ReportImage, lossless
from infoeval.evaluation.inputs import Inputs
from infoeval.evaluation.report_images import MOST_CATEGORIES, label_of, reduced
from infoeval.results import Result
from infoeval.traversals import tile

READ = 10_000
"""The gallery is made of this many test images, the first ones."""
MOST_GALLERIES = 24
"""Codes that have one."""
IN_A_CATEGORY = 12
IN_A_RANGE = 6
RANGES = 10
GROUND = 128
"""Grey level of empty places."""


def draw_galleries(inputs: Inputs, results: Sequence[Result], number: int) -> Iterator[ReportImage]:
    """Yield a gallery of each code that the encoder reads, of the first images of the test split.

    A column for each category, or for each tenth of the values of a continuous code. `results`
    hold the class that each category is matched to. Nothing for a subject without encoder
    or images.

    Raises UserError where the images are missing.
    """
    subject = inputs.subject
    if subject.rows is not None or not subject.has_encoder:
        return
    if subject.checkpoint is None and inputs.options.data is None:
        return
    images = inputs.splits.test
    first = np.arange(min(READ, len(images)))
    codes = inputs.reader.encode(images, first).columns
    space: Mapping[str, Code] = subject.codes or {}
    read = list(map(str, codes))
    names = [name for name in space if name in read] + [name for name in read if name not in space]
    for name in names[:MOST_GALLERIES]:
        code, values = space.get(name), codes[name].to_numpy()
        if values.dtype.kind in "biu" if code is None else code.is_categorical:
            count = int(values.max()) + 1 if code is None else code.input_width
            members, labels = _categories(values, min(count, MOST_CATEGORIES))
            title = f"Real images that {name} is read as"
            caption = (
                "The first images of the split in each category, not selected in any other way."
            )
            matching = _matching(results, name)
        else:
            members, labels = _tenths(values)
            title = f"Real images by the value that {name} is read as"
            caption = "The first images in each tenth of the values, not selected in any other way."
            matching = None
        if not any(map(len, members)):
            continue
        if len(names) > MOST_GALLERIES:
            caption += f" The first {MOST_GALLERIES} of {len(names):,} codes are shown."
        grid, cells = _as_grid(images, members, matching)
        entry = {
            "kind": "gallery",
            "model": number,
            "code": name,
            "title": title,
            "caption": caption,
            "rows": len(cells),
            "columns": len(members),
            "column_labels": labels,
            "gap": 1,
            "cells": cells,
        }
        yield ReportImage(entry, lossless(grid))


def _matching(results: Sequence[Result], name: str) -> dict[str, str | None] | None:
    """Return the class that each category is matched to, by their names; None where not known."""
    for result in results:
        if (result.metric, result.target) == ("cluster-acc", name):
            classes, matching = result.details["class_names"], result.details["matching"]
            # Older results have no names: their categories are numbers.
            names = result.details.get("category_names") or map(str, range(len(matching)))
            matched = [classes[place] if place >= 0 else None for place in matching]
            return dict(zip(names, matched, strict=True))
    return None


def _categories(values: NDArray[Any], count: int) -> tuple[list[NDArray[np.intp]], list[str]]:
    """Return the first rows in each of the first `count` categories, and the categories."""
    members = [np.flatnonzero(values == category)[:IN_A_CATEGORY] for category in range(count)]
    return members, [str(category) for category in range(count)]


def _tenths(read: NDArray[Any]) -> tuple[list[NDArray[np.intp]], list[str]]:
    """Return the first rows in each tenth of the values, and the ranges of the values."""
    edges = np.quantile(read, np.linspace(0, 1, RANGES + 1))
    place = np.searchsorted(edges[1:-1], read, side="right")
    members = [np.flatnonzero(place == part)[:IN_A_RANGE] for part in range(RANGES)]
    ends = [label_of(float(edge)) for edge in edges]
    return members, [f"{low} to {high}" for low, high in pairwise(ends)]


def _as_grid(
    images: ImageSet,
    members: Sequence[NDArray[np.intp]],
    matching: Mapping[str, str | None] | None,
) -> tuple[NDArray[np.uint8], list[list[dict[str, Any] | None]]]:
    """Return columns of images as a grid, and the class of each image and whether it is right."""
    rows = max(map(len, members))
    shape = reduced(torch.from_numpy(images.images[:1])).shape[1:]
    grid = np.full((rows, len(members), *shape), GROUND, np.uint8)
    cells: list[list[dict[str, Any] | None]] = [[None] * len(members) for _ in range(rows)]
    for column, rows_of in enumerate(members):
        if len(rows_of):
            grid[: len(rows_of), column] = reduced(torch.from_numpy(images.images[rows_of])).numpy()
        for row, image in enumerate(rows_of):
            cells[row][column] = _cell(images, int(image), column, matching)
    return tile(grid), cells


def _cell(
    images: ImageSet, image: int, category: int, matching: Mapping[str, str | None] | None
) -> dict[str, Any]:
    file = {"file": images.files[image]} if images.files else {}
    if images.labels is None:
        return {"label": None, "right": None, **file}
    label = int(images.labels[image])
    name = images.label_names[label] if label < len(images.label_names) else str(label)
    right = None if matching is None else matching.get(str(category)) == name
    return {"label": name, "right": right, **file}
