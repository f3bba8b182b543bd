"""Pictures of a model that has learned its codes: a digit, its slant, the width of its strokes.

Category k shows the digit that the sample's results match it to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.reporting.sample import MATCHING

SIZE = 28
CATEGORIES = tuple(range(10))
POSITIONS = tuple(float(value) for value in np.linspace(-1, 1, 5))
VALUES: Mapping[str, tuple[float, ...]] = {
    "digit": CATEGORIES,
    "slant": POSITIONS,
    "width": POSITIONS,
}


@cache
def digit(number: int, slant: float, width: float, noise: int) -> Image.Image:
    """A white digit on black; its size and place depend on the noise."""
    canvas = Image.new("L", (2 * SIZE, 2 * SIZE))
    ImageDraw.Draw(canvas).text(
        (SIZE + noise % 3 - 1, SIZE + noise % 2),
        str(number),
        fill=255,
        font=ImageFont.load_default(38 + 2 * (noise % 4)),
        anchor="mm",
        stroke_width=max(0, round(3 + 2 * width)),
    )
    sheared = canvas.transform(
        canvas.size,
        Image.Transform.AFFINE,
        (1, 0.35 * slant, -0.35 * slant * SIZE, 0, 1, 0),
        Image.Resampling.BILINEAR,
    )
    return sheared.resize((SIZE, SIZE), Image.Resampling.BOX)


@dataclass(frozen=True)
class Drawer:
    """A model: its place among the models, and whether its codes change nothing (λ = 0)."""

    index: int
    dead: bool = False

    def draw(self, noise: int, **codes: float) -> Image.Image:
        """One picture; codes that are not given are where the noise puts them."""
        own = {"digit": noise % 10, "slant": 0.4 * (noise % 3 - 1), "width": 0.3 * (noise % 2)}
        at = own if self.dead else own | codes
        number = MATCHING[int(at["digit"])]
        return digit(number, float(at["slant"]), float(at["width"]), noise + self.index)


def sheet(pictures: Sequence[Image.Image | None], columns: int, gap: int) -> Image.Image:
    """Lay pictures out row by row on grey."""
    rows, step = -(-len(pictures) // columns), SIZE + gap
    whole = Image.new("L", (columns * step - gap, rows * step - gap), 128)
    for place, picture in enumerate(pictures):
        if picture is not None:
            whole.paste(picture, (place % columns * step, place // columns * step))
    return whole


def traversal(folder: Path, code: str, stretch: float, model: Drawer) -> dict[str, Any]:
    """Save the grid of a code and return what metrics.json says of it."""
    categorical = code == "digit"
    values = CATEGORIES if categorical else tuple(stretch * np.linspace(-1, 1, 10))
    file = f"traversal-{model.index}-{code}-{stretch:g}.png"
    pictures = [model.draw(noise, **{code: value}) for noise in range(5) for value in values]
    sheet(pictures, 10, 1).save(folder / file)
    beyond = "" if stretch == 1 else ", exaggerated"
    return {
        "kind": "traversal",
        "file": file,
        "model": model.index,
        "code": code,
        "title": f"{code}{beyond}: {values[0]:g} to {values[-1]:g}",
        "caption": "Each row has its own fixed noise and other codes.",
        "rows": 5,
        "columns": 10,
        "column_labels": [str(v) if categorical else f"{v:.2g}" for v in values],
        "low": None if categorical else values[0],
        "high": None if categorical else values[-1],
        "gap": 1,
    }


def sprites(folder: Path, noise: int, model: Drawer, *, joint: bool) -> dict[str, Any]:
    """Save the sprites of one noise and return what metrics.json says of them."""
    if joint:
        places = [dict(zip(VALUES, values, strict=True)) for values in product(*VALUES.values())]
    else:
        places = [{code: value} for code, values in VALUES.items() for value in values]
    pictures = [model.draw(noise, **place) for place in places]
    file = f"sprites-{model.index}-{noise}-{'joint' if joint else 'single'}.webp"
    sheet(pictures, 25, 0).save(folder / file, lossless=True)
    return {
        "kind": "sprites",
        "file": file,
        "model": model.index,
        "noise": noise,
        "joint": joint,
        "width": SIZE,
        "height": SIZE,
        "columns": 25,
        "codes": [
            {
                "name": code,
                "values": list(values),
                "labels": [f"{value:g}" for value in values],
                "start": len(values) // 2,
            }
            for code, values in VALUES.items()
        ],
    }


def gallery(folder: Path) -> dict[str, Any]:
    """Save a gallery with one wrong image in every second column and one place left empty."""
    cells: list[list[dict[str, Any] | None]] = []
    pictures: list[Image.Image | None] = []
    for row in range(4):
        cells.append([])
        for category in CATEGORIES:
            right = (row, category % 2) != (2, 1)
            label = MATCHING[category] if right else (MATCHING[category] + 5) % 10
            empty = (row, category) == (3, 9)
            cells[-1].append(None if empty else {"label": str(label), "right": right})
            slant = 0.5 * (row - 1)
            pictures.append(None if empty else digit(label, slant, 0.2 * row, row + category))
    file = "gallery.png"
    sheet(pictures, 10, 1).save(folder / file)
    return {
        "kind": "gallery",
        "file": file,
        "model": 0,
        "code": "digit",
        "title": "Real images by digit",
        "caption": "Test images in the order of the data set.",
        "rows": 4,
        "columns": 10,
        "column_labels": [str(category) for category in CATEGORIES],
        "gap": 1,
        "cells": cells,
    }


def animation(folder: Path, code: str, model: Drawer) -> dict[str, Any]:
    """Save a moving WebP there and back, and a still of it."""
    up = np.linspace(-1, 1, 9)
    frames = [model.draw(2, **{code: value}).convert("RGB") for value in (*up, *up[-2:0:-1])]
    name = f"animation-{model.index}-{code}"
    frames[0].save(folder / f"{name}.png")
    frames[0].save(
        folder / f"{name}.webp", save_all=True, append_images=frames[1:], duration=120, loop=0
    )
    return {
        "kind": "animation",
        "file": f"{name}.webp",
        "model": model.index,
        "code": code,
        "title": f"{code}, there and back",
        "still": f"{name}.png",
    }
