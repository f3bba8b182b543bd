"""Sets of pictures that are decoded once, into the cache of prepared data."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.cache import Writer, prepared
from infoeval.data.formats.decoding import decode_all
from infoeval.data.formats.picture_files import Picture
from infoeval.data.image_set import ImageSet
from infoeval.data.source import Request

__all__ = ["Chosen", "prepared_pictures"]


@dataclass(frozen=True)
class Chosen:
    """The pictures of a split and what is known of them.

    Args:
        pictures: n of them.
        factors: numbers, ``(n, k)``.
        factor_names: k.
        factor_types: k; see ``ImageSet``.
        left_out: what had to be left out before any picture was opened.

    """

    pictures: list[Picture]
    factors: NDArray[Any]
    factor_names: tuple[str, ...]
    factor_types: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def prepared_pictures(
    name: str,
    request: Request,
    recipe: Mapping[str, Any],
    choose: Callable[[], Chosen],
    shape: tuple[int, int, int],
    decode: Callable[[Picture], NDArray[np.uint8]],
) -> ImageSet:
    """Give the images of a split, which lie on disk: memory holds those that are looked at.

    Args:
        name: of the data set.
        request: for the split, and for what to do with broken pictures.
        recipe: plain data that says all that decides what ``choose`` and ``decode`` give.
        choose: looks for the pictures; called only if they have not been prepared.
        shape: of an image, ``(channels, height, width)``.
        decode: gives the image of a picture, or raises UserError if that is broken.

    Raises:
        UserError: what ``choose`` raises; a picture is broken; the cache cannot be written.

    """

    def build(writer: Writer) -> None:
        chosen = choose()
        images = writer.create("images", (len(chosen.pictures), *shape), np.uint8)
        kept, broken = decode_all(
            chosen.pictures,
            images,
            decode,
            skip_broken=request.skip_broken,
            advance=writer.advance,
        )
        writer.save("factors", chosen.factors[kept])
        about = {
            "factor_names": chosen.factor_names,
            "factor_types": chosen.factor_types,
            "left_out": chosen.left_out + broken,
        }
        writer.save("about", np.frombuffer(json.dumps(about).encode(), dtype=np.uint8))

    asked = {"split": request.split, "skip_broken": request.skip_broken}
    arrays = prepared(name, {**recipe, **asked}, build)
    about = json.loads(arrays["about"].tobytes())
    factors = arrays["factors"].astype(np.float64)
    return ImageSet(
        name=name,
        split=request.split,
        images=arrays["images"][: len(factors)],
        factors=factors,
        factor_names=tuple(about["factor_names"]),
        factor_types=tuple(about["factor_types"]),
        left_out=tuple(about["left_out"]),
    )
