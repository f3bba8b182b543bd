"""Traversal grids: one code varies from column to column, everything else is held fixed.

As in the paper's Figure 2, each row has its own noise and other codes.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infoeval.arrays import ROUNDING
from infoeval.codes import CodeSpace
from infoeval.errors import UserError

Generate = Callable[[Mapping[str, Tensor], Tensor], Tensor]


def fixed_rows(space: CodeSpace, rows: int, seed: int) -> tuple[dict[str, Tensor], Tensor]:
    """Return codes and noise of `rows` samples, which stay fixed along each row of a grid."""
    generator = torch.Generator().manual_seed(seed)
    return space.sample(rows, generator), space.sample_noise(rows, generator)


def traverse(
    space: CodeSpace,
    generate: Generate,
    name: str,
    *,
    rows: int = 5,
    columns: int | None = None,
    stretch: float = 1.0,
    seed: int = 0,
    most: int | None = None,
) -> tuple[NDArray[np.uint8], list[float]]:
    """Return images of the code `name` at the values of its traversal, and these values.

    Args:
        space: the latent codes.
        generate: (codes, noise) to images (n, channels, height, width), see `as_pixels`.
        name: the code that varies.
        rows: number of samples of noise and other codes.
        columns: number of values of a continuous code, 10 by default; a categorical code is shown
            at all its categories.
        stretch: 2 shows a continuous code over twice its range, as the paper's −2 … 2; a circle has
            no more than one.
        seed: of the fixed noise and codes.
        most: show at most this many values, the first ones; None: all.

    Returns:
        Images (rows, columns, channels, height, width), uint8, and the value of each column.

    Raises:
        UserError: `generate` returns no images.

    """
    fixed, noise = fixed_rows(space, rows, seed)
    values = space[name].traversal(columns, stretch)[:most]
    count = len(values)
    codes = {other: fixed[other].repeat_interleave(count) for other in space}
    codes[name] = values.repeat(rows)
    images = as_pixels(generate(codes, noise.repeat_interleave(count, dim=0)), rows * count)
    return images.reshape(rows, count, *images.shape[1:]).numpy(), values.tolist()


def as_pixels(images: object, count: int) -> Tensor:
    """Return `count` generated images, uint8 or floats in [0, 1], as uint8 on the CPU.

    Raises UserError for anything else, such as floats of another range, which would be clipped, and
    numbers that are not finite: NaN has no grey level.
    """
    if not isinstance(images, Tensor) or images.dim() != 4:
        raise UserError("the generator returned no tensor (n, channels, height, width) of images")
    if len(images) != count or images.shape[1] not in (1, 3) or 0 in images.shape:
        raise UserError(
            f"the generator returned a tensor {tuple(images.shape)} for {count} codes; "
            "what can be shown are grey (1 channel) or RGB (3 channels) images"
        )
    if images.is_meta:
        raise UserError("the generator returned a tensor without values, on the meta device")
    images = images.detach().cpu()
    if images.dtype == torch.uint8:
        return images
    if not images.dtype.is_floating_point:
        raise UserError("the generator's images must be uint8, or finite floats in [0, 1]")
    images = images.float()
    if not bool(images.isfinite().all()):
        raise UserError(
            "the generator computes numbers that are not finite; its images must be uint8, or "
            "finite floats in [0, 1]"
        )
    low, high = float(images.min()), float(images.max())
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise UserError(
            f"the generator returned floats from {low:.4g} to {high:.4g}; its images must be "
            "uint8, or floats in [0, 1], such as (x + 1) / 2 of a tanh"
        )
    return images.mul(255).round().clamp(0, 255).to(torch.uint8)


def tile(grid: NDArray[np.uint8], gap: int = 1, ground: int = 128) -> NDArray[np.uint8]:
    """Return a grid (rows, columns, channels, height, width) as one (height, width, channels)."""
    rows, columns, channels, height, width = grid.shape
    padded = np.pad(grid, ((0, 0), (0, 0), (0, 0), (0, gap), (0, gap)), constant_values=ground)
    sheet = padded.transpose(0, 3, 1, 4, 2)
    sheet = sheet.reshape(rows * (height + gap), columns * (width + gap), channels)
    return np.ascontiguousarray(sheet[: sheet.shape[0] - gap, : sheet.shape[1] - gap])
