"""Sprites: images for every position of the sliders of a page, drawn once, in one file."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infoeval.codes import Code, CodeSpace
from infoeval.evaluation.image_files import QUALITY, ReportImage, lossless, lossy
from infoeval.evaluation.report_images import EXAGGERATION, MOST_CATEGORIES, ROWS, label_of
from infoeval.subjects.protocols import Generator
from infoeval.traversals import fixed_rows, tile

MOST_SPRITES = 2_500
MOST_PIXELS = 2_000_000
MOST_BYTES = 350_000
WORTH_A_LOSS = 0.75
"""Lossy files are used if smaller than this share: photographs are, digits are not."""


@dataclass(frozen=True)
class Plan:
    """Which sprites there are: all combinations of values (`joint`), or one code at a time.

    `noises` is the number of fixed noises, `steps` the number of values of a continuous code.
    """

    joint: bool
    noises: int
    steps: int

    def count(self, space: CodeSpace) -> int:
        """Return the number of sprites of one noise."""
        sizes = [len(_values(code, self.steps)) for code in space.values()]
        return math.prod(sizes) if self.joint else sum(sizes)


@dataclass(frozen=True)
class Slider:
    """The values of a code that have sprites, and the position of the slider at the start."""

    name: str
    values: Tensor
    start: int

    def entry(self) -> dict[str, Any]:
        """Return its entry in metrics.json."""
        values = self.values.tolist()
        labels = [label_of(value) for value in values]
        return {"name": self.name, "values": values, "labels": labels, "start": self.start}


PLANS = (
    *(Plan(True, 3, steps) for steps in (17, 9, 7, 5)),
    *(Plan(False, 3, steps) for steps in (17, 9)),
    Plan(False, 2, 9),
    Plan(False, 1, 9),
    Plan(False, 1, 5),
)
"""The first plan that is small enough is used."""


def draw_sprites(model: Generator, number: int, seed: int, *, noises: int = 3) -> list[ReportImage]:
    """Return a file for each noise; none where even a few sprites are too many pixels.

    There are at most `noises`, those of the traversals' first rows. Files are lossless unless they
    have more than `MOST_BYTES`, or fewer noises than planned their share of it, and lossy ones are
    much smaller.
    """
    space = model.codes
    fixed, noise = fixed_rows(space, ROWS, seed)
    first = {name: values[:1] for name, values in fixed.items()}
    _, height, width = model.generate(first, noise[:1]).shape[1:]
    plan = _plan(space, height * width)
    if plan is None:
        return []
    grids, entries = [], []
    for row in range(min(plan.noises, noises)):
        sliders = _sliders(space, plan, {name: fixed[name][row] for name in space})
        codes = _positions(sliders, plan.joint)
        count = len(next(iter(codes.values())))
        images = model.generate(codes, noise[row : row + 1].expand(count, -1)).numpy()
        grid, columns = _as_grid(images)
        grids.append(grid)
        entries.append(
            {
                "kind": "sprites",
                "model": number,
                "noise": row,
                "joint": plan.joint,
                "width": width,
                "height": height,
                "columns": columns,
                "codes": [slider.entry() for slider in sliders],
            }
        )
    files, caption = _encoded(grids, MOST_BYTES * len(grids) // plan.noises)
    return [
        ReportImage(entry | {"caption": caption}, content)
        for entry, content in zip(entries, files, strict=True)
    ]


def _plan(space: CodeSpace, pixels: int) -> Plan | None:
    """Return the first plan that is small enough for images of this many pixels."""
    for plan in PLANS:
        count = plan.noises * plan.count(space)
        if count <= MOST_SPRITES and count * pixels <= MOST_PIXELS:
            return plan
    return None


def _values(code: Code, steps: int) -> Tensor:
    values = code.traversal(steps, EXAGGERATION)
    return values[:MOST_CATEGORIES] if code.is_categorical else values


def _sliders(space: CodeSpace, plan: Plan, row: Mapping[str, Tensor]) -> list[Slider]:
    """Return sliders that begin at the centre, or the first category or angle, or the row's values.

    Where one code varies at a time, they begin at the values nearest to the row's, so that the
    sprites of all codes begin with the same image.
    """
    sliders = []
    for name, code in space.items():
        values = _values(code, plan.steps)
        start = len(values) // 2 if code.can_stretch else 0
        if not plan.joint:
            away = code.encode(values) - code.encode(row[name][None])
            start = int(away.abs().sum(1).argmin())
        sliders.append(Slider(name, values, start))
    return sliders


def _positions(sliders: Sequence[Slider], joint: bool) -> dict[str, Tensor]:
    """Return the codes of every sprite, in the order of the file."""
    if joint:
        places = torch.meshgrid(
            *[torch.arange(len(slider.values)) for slider in sliders], indexing="ij"
        )
        return {
            slider.name: slider.values[place.flatten()]
            for slider, place in zip(sliders, places, strict=True)
        }
    return {
        slider.name: torch.cat(
            [
                slider.values
                if other is slider
                else slider.values[slider.start].expand(len(other.values))
                for other in sliders
            ]
        )
        for slider in sliders
    }


def _as_grid(images: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """Return images (n, channels, height, width) as a nearly square grid, and its columns."""
    count, _, height, width = images.shape
    columns = math.ceil(math.sqrt(count * height / width))
    rows = -(-count // columns)
    whole = np.zeros((rows * columns, *images.shape[1:]), np.uint8)
    whole[:count] = images
    return tile(whole.reshape(rows, columns, *images.shape[1:]), gap=0), columns


def _encoded(grids: Sequence[NDArray[np.uint8]], most: int) -> tuple[list[bytes], str]:
    """Return grids as files, and a caption; lossy above `most` bytes only, if that saves much."""
    files = [lossless(grid) for grid in grids]
    size = sum(map(len, files))
    if size > most:
        smaller = [lossy(grid) for grid in grids]
        if sum(map(len, smaller)) < WORTH_A_LOSS * size:
            return smaller, f"Compressed with loss, WebP quality {QUALITY}."
    return files, ""
