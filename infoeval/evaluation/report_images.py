"""Images that a report shows: 8-bit, of limited size; and the traversals of each code."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from infoeval.codes import CodeSpace
from infoeval.evaluation.image_files import ReportImage, lossless
from infoeval.subjects.protocols import Generator
from infoeval.traversals import as_pixels, tile, traverse

ROWS = 5
EXAGGERATION = 2.0
MOST_CATEGORIES = 50
"""Of a code with more categories only the first are shown."""
LONGEST_SIDE = 128
"""Images with more pixels a side are shown reduced."""
CHUNK = 500


class DrawnImages:
    """A `Generator` whose images are uint8 on the CPU, with at most `LONGEST_SIDE` pixels a side.

    `generate` raises UserError where the generator that it wraps returns no images.
    """

    def __init__(self, generator: Generator) -> None:
        self._generator = generator

    @property
    def codes(self) -> CodeSpace:
        """The latent codes."""
        return self._generator.codes

    @torch.no_grad()
    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Return images (n, channels, height, width) of codes and noise (n, codes.noise)."""
        chunks = range(0, len(noise), CHUNK)
        return torch.cat([self._part(codes, noise, slice(at, at + CHUNK)) for at in chunks])

    def _part(self, codes: Mapping[str, Tensor], noise: Tensor, rows: slice) -> Tensor:
        part = {name: values[rows] for name, values in codes.items()}
        images = self._generator.generate(part, noise[rows])
        return reduced(as_pixels(images, len(noise[rows])))


def reduced(images: Tensor) -> Tensor:
    """Return uint8 images (n, channels, height, width), made smaller where a side is too long."""
    height, width = images.shape[2:]
    share = LONGEST_SIDE / max(height, width)
    if share >= 1:
        return images
    size = max(1, round(height * share)), max(1, round(width * share))
    return functional.interpolate(images.float(), size, mode="area").round().to(torch.uint8)


def draw_traversal_files(
    generator: Generator, number: int, seed: int, *, stretched: bool = True
) -> Iterator[ReportImage]:
    """Yield a traversal of each code, and an exaggerated one of each code that has values beyond.

    Without the latter unless `stretched`.

    `number` is the model's number in metrics.json, `seed` that of the fixed noise.
    """
    for name, code in generator.codes.items():
        for stretch in (1.0, EXAGGERATION) if code.can_stretch and stretched else (1.0,):
            grid, values = traverse(
                generator.codes,
                generator.generate,
                name,
                rows=ROWS,
                stretch=stretch,
                seed=seed,
                most=MOST_CATEGORIES,
            )
            entry = {
                "kind": "traversal",
                "model": number,
                "code": name,
                "title": _title(generator.codes, name, values, stretch),
                "caption": "Each row has its own fixed noise and other codes.",
                "rows": ROWS,
                "columns": len(values),
                "column_labels": [label_of(value) for value in values],
                "low": None if code.is_categorical else values[0],
                "high": None if code.is_categorical else values[-1],
                "gap": 1,
            }
            yield ReportImage(entry, lossless(tile(grid)))


def label_of(value: float) -> str:
    """Return a code's value as the label of a column.

    >>> label_of(-0.25), label_of(2.0), label_of(2 / 3)
    ('−0.25', '2', '0.67')
    """
    return f"{round(value, 2):g}".replace("-", "−")


def _title(space: CodeSpace, name: str, values: Sequence[float], stretch: float) -> str:
    code = space[name]
    if code.is_categorical:
        size = code.input_width
        if size > len(values):
            return f"{name}: the first {len(values)} of {size} categories"
        return f"{name}: one column for each category"
    ends = f"{label_of(values[0])} to {label_of(values[-1])}"
    if code.is_circular:
        return f"{name}: once around, {ends}"
    if stretch > 1:
        rare = "beyond what was trained" if "high" in code.numbers else "rare in training"
        return f"{name}, exaggerated: {ends}, {rare}"
    return f"{name}: {ends}"
