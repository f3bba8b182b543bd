"""8-bit images of a generator, drawn in parts so that many fit into memory."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infoeval.subjects.protocols import Generator
from infoeval.traversals import as_pixels

CHUNK = 500


def drawn_images(
    generator: Generator, codes: Mapping[str, Tensor], noise: Tensor
) -> NDArray[np.uint8]:
    """Return the images (n, channels, height, width) of codes (n,) each and noise (n, variables).

    Raises UserError where the generator fails.
    """
    images = []
    for start in range(0, len(noise), CHUNK):
        rows = slice(start, start + CHUNK)
        part = {name: values[rows] for name, values in codes.items()}
        images.append(as_pixels(generator.generate(part, noise[rows]), len(noise[rows])))
    return torch.cat(images).numpy()
