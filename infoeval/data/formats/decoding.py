"""Decoding of many image files, some of which may be broken, into memory or into the cache."""

import json
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.cache import Writer, prepared
from infoeval.data.formats.image_archives import ImageFile
from infoeval.data.image_set import ImageSet
from infoeval.data.source import LoadRequest
from infoeval.errors import UserError, printable

Result = TypeVar("Result")

_BATCH = 256  # files that wait for a thread
_THREADS = min(8, os.cpu_count() or 1)


def map_files(
    files: Sequence[ImageFile],
    function: Callable[[int], Result],
    *,
    skip_broken: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[dict[int, Result], tuple[str, ...]]:
    """Return a function's result for each of many files, computed in several threads.

    Args:
        files: at least one.
        function: from the index of a file; raises UserError if the image is broken.
        skip_broken: whether to leave broken images out.
        progress: called with the numbers of files done and of all files.

    Returns:
        The results by index, in ascending order, and the names of the files left out.

    Raises:
        UserError: an image is broken; with ``skip_broken``, all are.
    """

    def attempt(k: int) -> Result | UserError:
        try:
            return function(k)
        except UserError as error:
            return error

    results: dict[int, Result] = {}
    errors: dict[int, UserError] = {}
    # Pillow warns of large images, which a smaller limit refuses here, and of odd metadata.
    with warnings.catch_warnings(), ThreadPoolExecutor(_THREADS) as pool:
        warnings.simplefilter("ignore")
        for start in range(0, len(files), _BATCH):
            batch = range(start, min(start + _BATCH, len(files)))
            for k, result in zip(batch, pool.map(attempt, batch), strict=True):
                if not isinstance(result, UserError):
                    results[k] = result
                elif skip_broken:
                    errors[k] = result
                else:
                    raise UserError(f"{result}; add --skip-broken to leave broken images out")
            progress(batch.stop, len(files))
    if not results:
        raise UserError(f"none of {len(errors):,} images can be used; the first: {errors[0]}")
    return results, tuple(printable(str(files[k])) for k in errors)


def decode_all(
    files: Sequence[ImageFile],
    images: NDArray[np.uint8],
    decode: Callable[[ImageFile], NDArray[np.uint8]],
    *,
    skip_broken: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[int], tuple[str, ...]]:
    """Return the indices of the files that were decoded, and the names of the broken ones.

    The images are written into ``images`` ``(n, channels, height, width)``, in memory or on disk,
    without gaps. ``decode`` raises UserError if an image is broken; see :func:`map_files` for the
    files, options and errors.
    """

    def decode_into(k: int) -> None:
        image = decode(files[k])
        if image.shape != images.shape[1:]:
            raise UserError(f"{files[k]}: a broken image (it is not of the size it declares)")
        images[k] = image

    done, left_out = map_files(files, decode_into, skip_broken=skip_broken, progress=progress)
    kept = list(done)
    for target, k in enumerate(kept):
        if target != k:
            images[target] = images[k]
    return kept, left_out


@dataclass(frozen=True)
class Selection:
    """The n image files of a split, their factors ``(n, k)``, and what is left out unopened."""

    files: list[ImageFile]
    factors: NDArray[Any]
    factor_names: tuple[str, ...]
    factor_types: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def prepared_images(
    name: str,
    request: LoadRequest,
    key: Mapping[str, Any],
    select: Callable[[], Selection],
    shape: tuple[int, int, int],
    decode: Callable[[ImageFile], NDArray[np.uint8]],
) -> ImageSet:
    """Return the images of a split, decoded once into the cache and mapped from there.

    Args:
        name: of the data set.
        request: for the split, and whether to skip broken images.
        key: plain data that determines the results of ``select`` and ``decode``.
        select: finds the files; called only if the split is not prepared yet.
        shape: of an image, ``(channels, height, width)``.
        decode: returns the image of a file; raises UserError if that is broken.
    """

    def build(writer: Writer) -> None:
        selection = select()
        images = writer.create("images", (len(selection.files), *shape), np.uint8)
        kept, broken = decode_all(
            selection.files,
            images,
            decode,
            skip_broken=request.skip_broken,
            progress=writer.progress,
        )
        writer.save("factors", selection.factors[kept])
        about = {
            "factor_names": selection.factor_names,
            "factor_types": selection.factor_types,
            "left_out": selection.left_out + broken,
        }
        writer.save("about", np.frombuffer(json.dumps(about).encode(), dtype=np.uint8))

    options = {"split": request.split, "skip_broken": request.skip_broken}
    arrays = prepared(name, {**key, **options}, build)
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
