"""The image files of the sample document: random tiles, laid out as a report lays them out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

TILE = 28
CODES = ("digit", "slant", "width")
MATCHING = [7, 3, 0, 9, 1, 6, 2, 5, 8, 4]
Entry = dict[str, Any]


def pictures(folder: Path, models: int = 2) -> list[Entry]:
    """Write the pictures of so many models into ``folder``; return what metrics.json says."""
    random = np.random.default_rng(0)
    found = []
    for model in range(models):
        found.append(_traversal(folder, random, model, "digit", None))
        for code in CODES[1:]:
            found += [_traversal(folder, random, model, code, high) for high in (1.0, 2.0)]
        found += [_sprites(folder, random, model, noise) for noise in range(2)]
    return [*found, _gallery(folder, random), _animation(folder, random)]


def _traversal(
    folder: Path, random: np.random.Generator, model: int, code: str, high: float | None
) -> Entry:
    file = f"traversal-{model}-{code}-{high or 'each'}.png"
    _sheet(random, 5, 10, gap=1).save(folder / file)
    values = range(10) if high is None else np.linspace(-high, high, 10)
    ranged = "one column per category" if high is None else f"from {-high:g} to {high:g}"
    beyond = " The prior ends at −1 and 1." if high and high > 1 else ""
    return {
        "kind": "traversal",
        "file": file,
        "model": model,
        "code": code,
        "title": f"{code}: {ranged}",
        "caption": f"Each row holds the noise and the other codes fixed.{beyond}",
        "rows": 5,
        "columns": 10,
        "column_labels": [str(v) if high is None else f"{v:+.1f}" for v in values],
        "low": high and -high,
        "high": high,
        "gap": 1,
    }


def _sprites(folder: Path, random: np.random.Generator, model: int, noise: int) -> Entry:
    file = f"sprites-{model}-{noise}.webp"
    _sheet(random, 9, 10, gap=0).save(folder / file, lossless=True)
    positions = [-1.0, 0.0, 1.0]
    return {
        "kind": "sprites",
        "file": file,
        "model": model,
        "noise": noise,
        "joint": True,
        "width": TILE,
        "height": TILE,
        "columns": 10,
        "codes": [
            {
                "name": "digit",
                "values": [float(k) for k in range(10)],
                "labels": [str(k) for k in range(10)],
                "start": noise,
            },
            *(
                {"name": name, "values": positions, "labels": ["−1", "0", "1"], "start": 1}
                for name in CODES[1:]
            ),
        ],
    }


def _gallery(folder: Path, random: np.random.Generator) -> Entry:
    _sheet(random, 3, 10, gap=1).save(folder / "gallery-digit.png")
    right = [[{"label": str(cls), "right": True} for cls in MATCHING] for _ in range(3)]
    cells: list[list[Entry | None]] = [list(row) for row in right]
    cells[1][4] = {"label": "9", "right": False}
    cells[2][9] = None
    return {
        "kind": "gallery",
        "file": "gallery-digit.png",
        "model": 0,
        "code": "digit",
        "title": "Real images by digit",
        "caption": "Test images that Q reads as each category.",
        "rows": 3,
        "columns": 10,
        "column_labels": [f"{k} (class {cls})" for k, cls in enumerate(MATCHING)],
        "gap": 1,
        "cells": cells,
    }


def _animation(folder: Path, random: np.random.Generator) -> Entry:
    first, *others = (_sheet(random, 1, 5, gap=1) for _ in range(4))
    first.save(folder / "animation-slant.webp", save_all=True, append_images=others, loop=0)
    first.save(folder / "animation-slant.png")
    return {
        "kind": "animation",
        "file": "animation-slant.webp",
        "model": 0,
        "code": "slant",
        "title": "slant: from -1 to 1 and back",
        "still": "animation-slant.png",
    }


def _sheet(random: np.random.Generator, rows: int, columns: int, gap: int) -> Image.Image:
    tiles = random.integers(0, 256, (rows * 7, columns * 7), dtype=np.uint8)
    grid = tiles.repeat(4, 0).repeat(4, 1).reshape(rows, TILE, columns, TILE)
    padded = np.pad(grid, ((0, 0), (0, gap), (0, 0), (0, gap)), constant_values=128)
    sheet = padded.reshape(rows * (TILE + gap), columns * (TILE + gap))
    return Image.fromarray(sheet[: sheet.shape[0] - gap, : sheet.shape[1] - gap].copy())
