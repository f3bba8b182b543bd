"""Images of any size and colour brought to one shape."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from infoeval.data.untrusted import MAX_ARRAY_BYTES
from infoeval.errors import UserError


def crop_middle(image: Image.Image, width: int, height: int) -> Image.Image:
    """Return the middle ``width`` × ``height`` pixels of an image."""
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def fit(image: Image.Image, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Return the middle of an image, resized to ``(channels, height, width)``.

    The middle is the largest part with the aspect ratio of height × width. It is resized by
    Lanczos' filter, which averages over all pixels (no aliasing) where the image shrinks. With
    one channel it becomes grey, the luma of ITU-R 601; with three, RGB.

    >>> image = Image.new("RGB", (640, 480), (255, 0, 0))
    >>> fit(image, (3, 32, 32))[:, 0, 0].tolist(), fit(image, (1, 8, 4)).shape
    ([255, 0, 0], (1, 8, 4))
    """
    channels, height, width = shape
    scale = min(image.width / width, image.height / height)
    part = crop_middle(image, *(max(1, round(side * scale)) for side in (width, height)))
    part = part.convert("L" if channels == 1 else "RGB")
    return pixels(part.resize((width, height), Image.Resampling.LANCZOS))


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Return the pixels of a grey or RGB image, ``(channels, height, width)``."""
    return np.moveaxis(np.atleast_3d(np.asarray(image)), 2, 0)


def fit_all(images: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Return images ``(n, c, h, w)`` as :func:`fit` resizes them, ``(n, *shape)``.

    Images that have the shape are returned as they are. One is resized at a time, so memory holds
    little beside the two arrays.

    Raises:
        UserError: together they would exceed 8 GiB.

    >>> fit_all(np.full((2, 1, 10, 6), 7, dtype=np.uint8), (3, 4, 4)).shape
    (2, 3, 4, 4)
    """
    if images.shape[1:] == shape:
        return images
    size = len(images) * math.prod(shape)
    if size > MAX_ARRAY_BYTES:
        raise UserError(f"{len(images)} images of shape {shape} exceed {MAX_ARRAY_BYTES} bytes")
    result = np.empty((len(images), *shape), dtype=np.uint8)
    for target, image in zip(result, images, strict=True):
        plane = image[0] if len(image) == 1 else np.moveaxis(image, 0, 2)
        target[...] = fit(Image.fromarray(np.ascontiguousarray(plane)), shape)
    return result
