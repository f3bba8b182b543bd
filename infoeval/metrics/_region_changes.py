"""How much a code changes the sides of images, and how much their middle."""

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.arrays import as_array
from infoeval.errors import UserError
from infoeval.intervals import Subsamples
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.resampling import ScoreOptions, check_options
from infoeval.metrics.stats.row_intervals import (
    LEAST_ROWS,
    ONE_REPLICATE,
    halves_and_quarters,
    limit_entry,
)

REPLICATES = 200
BOUNDS = {"sides": (0.0, np.inf), "middle": (0.0, np.inf), "difference": (-np.inf, np.inf)}
REFERENCE = "ours: mean absolute change of pixels, as a share of that between random images"

Array = NDArray[np.float64]


@metric(
    "region-changes",
    kind="changes",
    range="0 or more",
    summary="how much of the sides of generated images each code changes, and of their middle",
    use="whether a code changes the context and leaves alone what is in the middle, or the reverse",
    pitfalls="of pixels: a code of lighting changes both; more than 1 is possible, as chance pairs "
    "of images are the scale; what does not lie in the middle is no context by this measure",
    evaluated={"images": 2_000},
)
def region_changes(
    before: ArrayLike,
    after: ArrayLike,
    others: ArrayLike,
    *,
    outer: float = 0.25,
    **options: Unpack[ScoreOptions],
) -> Score:
    """How much images differ at the left and right, and in the middle, when one code changes.

    Each is the mean absolute difference of the pixels of ``before`` and ``after``, divided by that
    of ``before`` and ``others``: 0 where nothing changes, 1 where as much changes as between two
    images that have nothing in common. ``difference`` is that of the ``sides`` less that of the
    ``middle``.

    Args:
        before: ``(n, channels, height, width)``.
        after: the same images with another value of one code.
        others: n images that share nothing with those.
        outer: share of the columns that each of the two sides has, above 0 and below 0.5.
        **options: see :class:`infoeval.metrics.stats.resampling.ScoreOptions`; ``replicates`` is
            200 by default, and ``null`` is not used.

    The value is that of the ``sides``, and ``details["parts"]`` holds all. Intervals are by random
    halves and quarters of the images.

    Raises UserError for what are no images, fewer than 4, images too narrow for sides and a middle,
    and a region that is the same in all of them.

    >>> random = np.random.default_rng(0)
    >>> before, others = random.random((2, 100, 1, 4, 8))
    >>> after = before.copy()
    >>> after[..., :2] = random.random((100, 1, 4, 2))
    >>> parts = region_changes(before, after, others).details["parts"]
    >>> [round(part["value"], 1) for part in parts.values()]
    [0.5, 0.0, 0.5]
    """
    check_options(options)
    images = [_images(given, name) for given, name in ((before, "before"), (after, "after"))]
    images.append(_images(others, "others"))
    if len({part.shape for part in images}) > 1:
        raise UserError(f"images of the shapes {', '.join(str(part.shape) for part in images)}")
    first, *later = images
    sides = _sides(first.shape[3], outer)
    changes = [np.abs(part - first).mean(axis=(1, 2)) for part in later]
    means = np.stack([change[:, at].mean(1) for at in (sides, ~sides) for change in changes], 1)
    whole = _shares(means)
    found, kind = _subsamples(means, options)
    level = options.get("level", 0.95)
    half_widths = np.full(len(whole), np.nan) if found is None else found.half_widths(level)
    parts = {
        name: _entry(name, value, half)
        for name, value, half in zip(BOUNDS, whole, half_widths, strict=True)
    }
    limits = {name: parts["sides"][name] for name in ("value", "low", "high")}
    return Score(
        **limits,
        level=None if limits["low"] is None else level,
        n=len(first),
        unit="index",
        reference=REFERENCE,
        details={"interval": kind, "seed": int(options.get("seed", 0)), "parts": parts},
        samples=found,
    )


def _images(given: ArrayLike, name: str) -> Array:
    try:
        images = as_array(given, name).astype(np.float64)
    except (TypeError, ValueError):
        raise UserError(f"{name}: give numbers, (n, channels, height, width)") from None
    if images.ndim != 4 or len(images) < LEAST_ROWS or not images.size:
        raise UserError(
            f"{name}: shape {images.shape}; give {LEAST_ROWS} images or more, "
            "(n, channels, height, width)"
        )
    if not np.isfinite(images).all():
        raise UserError(f"{name}: some pixels are not finite (NaN or inf)")
    return images


def _sides(width: int, outer: float) -> NDArray[np.bool_]:
    """Return which columns belong to the sides."""
    if not isinstance(outer, int | float) or not 0 < outer < 0.5:
        raise UserError(f"outer is {outer!r}; give a share above 0 and below 0.5")
    count = round(outer * width)
    if not 0 < 2 * count < width:
        raise UserError(f"{width} columns are too few for two sides of {outer} and a middle")
    places = np.arange(width)
    return (places < count) | (places >= width - count)


def _shares(means: Array) -> list[float]:
    """Return the numbers of rows of (change, chance) of the sides and the middle."""
    sides, sides_by_chance, middle, middle_by_chance = means.mean(axis=0)
    if not sides_by_chance * middle_by_chance:
        raise UserError("the sides or the middle are the same in all images")
    shares = [float(sides / sides_by_chance), float(middle / middle_by_chance)]
    return [*shares, shares[0] - shares[1]]


def _subsamples(means: Array, options: ScoreOptions) -> tuple[Subsamples | None, str]:
    """Return the numbers of halves and quarters, and the kind of interval or why there is none."""
    count = options.get("replicates", REPLICATES)
    if count < 2:
        return None, ONE_REPLICATE if count else "none: no replicates"
    random = np.random.default_rng(options.get("seed", 0))
    rows = [np.arange(len(means))]
    try:
        found = halves_and_quarters(lambda part: _shares(means[part]), rows, count, random)
    except UserError as error:
        return None, f"none: some halves of the images cannot be scored ({error})"
    halves, quarters = found
    nothing = np.zeros(halves.shape[1])
    samples = Subsamples(halves, quarters, nothing, nothing)
    return samples, samples.kind.replace("rows", "images")


def _entry(name: str, value: float, half: float) -> dict[str, Any]:
    entry: dict[str, Any] = {"value": value, "low": None, "high": None}
    if np.isfinite(half):
        limit_entry(entry, float(half), BOUNDS[name])
    return entry
