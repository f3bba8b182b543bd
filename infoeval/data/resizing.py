"""Images of any size and colour brought to one form."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from infoeval.data.formats.bounded import MAX_ARRAY_BYTES
from infoeval.errors import UserError

__all__ = ["fit", "fitted", "pixels"]


def fit(image: Image.Image, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Cut the middle out of a picture and resize it to ``(channels, height, width)``.

    What is cut out is the largest part that has the aspect of height × width. It is resized by
    Lanczos' filter, which takes a mean of all pixels (no aliasing) where the picture shrinks. With
    one channel it becomes grey, the luma of ITU-R 601; with three, RGB.

    >>> picture = Image.new("RGB", (640, 480), (255, 0, 0))
    >>> fit(picture, (3, 32, 32))[:, 0, 0].tolist(), fit(picture, (1, 8, 4)).shape
    ([255, 0, 0], (1, 8, 4))
    """
    channels, height, width = shape
    scale = min(image.width / width, image.height / height)
    part_width, part_height = (max(1, round(side * scale)) for side in (width, height))
    left, top = (image.width - part_width) // 2, (image.height - part_height) // 2
    part = image.crop((left, top, left + part_width, top + part_height))
    small = part.convert("L" if channels == 1 else "RGB").resize(
        (width, height), Image.Resampling.LANCZOS
    )
    return pixels(small)


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Return the pixels of a grey or RGB picture, ``(channels, height, width)``."""
    return np.moveaxis(np.atleast_3d(np.asarray(image)), 2, 0)


def fitted(images: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Do the same as ``fit`` to images ``(n, c, h, w)``: gives ``(n, channels, height, width)``.

    Images that have the shape are returned as they are. One is resized at a time, so memory holds
    little beside what is given and returned.

    Raises:
        UserError: together they would exceed 8 GiB.

    >>> fitted(np.full((2, 1, 10, 6), 7, dtype=np.uint8), (3, 4, 4)).shape
    (2, 3, 4, 4)
    """
    if images.shape[1:] == shape:
        return images
    size = len(images) * math.prod(shape)
    if size > MAX_ARRAY_BYTES:
        raise UserError(f"{len(images)} images of shape {shape} exceed {MAX_ARRAY_BYTES} bytes")
    result = np.empty((len(images), *shape), dtype=np.uint8)
    for target, image in zip(result, images, strict=True):
        grey = len(image) == 1
        plane = image[0] if grey else np.moveaxis(image, 0, 2)
        target[...] = fit(Image.fromarray(np.ascontiguousarray(plane)), shape)
    return result
