"""Animated traversals: a code moves through its values and back, everything else stays fixed."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from infoeval.errors import UserError
from infoeval.evaluation.image_files import QUALITY, ReportImage, as_image
from infoeval.evaluation.report_files import ANIMATIONS
from infoeval.evaluation.report_images import EXAGGERATION, MOST_CATEGORIES, label_of
from infoeval.evaluation.traversal_figures import check_choice
from infoeval.files import write_bytes
from infoeval.subjects.protocols import Generator
from infoeval.traversals import tile, traverse

STEPS = 20
"""Frames of a continuous code from one end of its range to the other."""
CONTINUOUS_PACE, CATEGORICAL_PACE = 80, 500
"""Milliseconds between frames."""
LEAST_TILE = 56
"""Images with fewer pixels a side are enlarged by a whole number."""
TEXT = 14
"""Height of the letters in pixels."""
STRIP = 20
"""Height in pixels of the strip of text above the images."""

Frame = tuple[Image.Image, int]
"""An image, and the milliseconds that it is shown for."""


def draw_animations(
    model: Generator, number: int, kind: str, *, rows: int, seed: int
) -> Iterator[ReportImage]:
    """Yield an animation of each code, "gif" or "webp"; continuous codes are exaggerated."""
    for name in model.codes:
        frames = _frames(model, name, rows, EXAGGERATION, seed)
        entry = {
            "kind": "animation",
            "model": number,
            "code": name,
            "title": f"{name}, there and back",
            "caption": "Each image has its own fixed noise and other codes.",
        }
        yield ReportImage(entry, _encoded(frames, kind), f".{kind}")


def animate(
    model: Generator,
    path: str | Path,
    *,
    codes: Sequence[str] | None = None,
    rows: int = 5,
    stretch: float = 1.0,
    seed: int = 0,
) -> Path:
    """Write an animation of what codes change, one code after the other, and return its path.

    Args:
        model: a generator; its images are uint8, as those of a `CheckpointModel`, or floats in
            [0, 1].
        path: a GIF or WebP file by its suffix.
        codes: the codes, in this order; None: all.
        rows: samples of everything else, side by side.
        stretch: multiple of their range over which continuous codes vary.
        seed: seed of the fixed noise and codes.

    Raises:
        UserError: no such code, numbers that make no figure, another suffix, a generator whose
            images are none or not finite, or a place that cannot be written.

    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in ANIMATIONS:
        raise UserError(f"{path}: an animation is {' or '.join(ANIMATIONS)}")
    frames: list[Frame] = []
    for name in check_choice(model.codes, codes, rows, STEPS, stretch, seed):
        frames += _frames(model, name, rows, stretch, seed)
    write_bytes(path, _encoded(frames, kind))
    return Path(path)


def _frames(model: Generator, name: str, rows: int, stretch: float, seed: int) -> list[Frame]:
    """Return a frame for each value of a code, there and back; of an angle once around."""
    grid, values = traverse(
        model.codes,
        model.generate,
        name,
        rows=rows,
        columns=STEPS,
        stretch=stretch,
        seed=seed,
        most=MOST_CATEGORIES,
    )
    code = model.codes[name]
    pace = CATEGORICAL_PACE if code.is_categorical else CONTINUOUS_PACE
    there = [
        _frame(grid[:, column], f"{name} = {label_of(value)}")
        for column, value in enumerate(values)
    ]
    back = [] if code.is_circular else there[-2:0:-1]
    return [(picture, pace) for picture in (*there, *back)]


def _frame(images: NDArray[np.uint8], text: str) -> Image.Image:
    """Return images (n, channels, height, width) side by side, below a line of text."""
    picture = as_image(tile(images[None], ground=255)).convert("RGB")
    scale = max(1, -(-LEAST_TILE // images.shape[3]))
    picture = picture.resize(
        (picture.width * scale, picture.height * scale), Image.Resampling.NEAREST
    )
    whole = Image.new("RGB", (picture.width, picture.height + STRIP), "white")
    whole.paste(picture, (0, STRIP))
    line = " ".join(text.split()).replace("−", "-")  # the font has no minus sign
    ImageDraw.Draw(whole).text((2, 1), line, "black", ImageFont.load_default(TEXT))
    return whole


def _encoded(frames: Sequence[Frame], kind: str) -> bytes:
    pictures, pace = [frame for frame, _ in frames], [milliseconds for _, milliseconds in frames]
    if kind == "gif":
        pictures = [picture.quantize(256) for picture in pictures]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        kind.upper(),
        save_all=True,
        append_images=pictures[1:],
        duration=pace,
        loop=0,
        **({"quality": QUALITY, "method": 4} if kind == "webp" else {"disposal": 1}),
    )
    return buffer.getvalue()
