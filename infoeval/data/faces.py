"""Faces with known factors, rendered here from a morphable model."""

import os
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.data import location
from infoeval.data.formats.cache import Writer, prepared, sha256_of
from infoeval.data.formats.face_model_files import FaceModelFile, face_model_at, find_face_model
from infoeval.data.image_set import ImageSet
from infoeval.data.rendering.factor_ranges import Range, checked_factors
from infoeval.data.rendering.meshes import Stage
from infoeval.data.source import Request, Source
from infoeval.errors import UserError

__all__ = ["FACES", "draw_faces", "load_faces_of"]

_TYPES = ("continuous", "continuous", "continuous", "continuous", "discrete")
_PEOPLE = 200
_RANGES = {
    "azimuth": Range(-60, 60),
    "elevation": Range(-30, 30),
    "lighting": Range(-80, 80),
    "width": Range(0.85, 1.15),
    "identity": Range(0, _PEOPLE - 1, "whole"),
}
_NAMES = tuple(_RANGES)
_COUNTS = {"train": 20_000, "test": 4_000}
_SEED = 20160612
_VERSION = 1  # of factors and pictures: to be raised with every change of what is drawn

_SIDE = 32
_FIELD = 2.45  # a head is two units high
_LIGHT_ELEVATION = 20.0
_FARTHEST = 2.5  # standard deviations; beyond, faces look odd


def draw_faces(factors: ArrayLike) -> NDArray[np.uint8]:
    """Draw faces of any factors with the model that ``faces`` is drawn with on this machine.

    Args:
        factors: shape ``(n, 5)``. Azimuth, -60 to 60 degrees: above 0 the camera stands at the
            person's left, so that the nose points to the picture's left. Elevation, -30 to 30
            degrees: how far the camera is raised. Lighting, -80 to 80 degrees: above 0 the light
            comes from the picture's right, whatever the azimuth. Width, 0.85 to 1.15: how much
            wider the head is than the model's. Identity: 0, 1, ... 199.

    Returns:
        Images of shape ``(n, 1, 32, 32)``.

    Raises:
        UserError: not five factors, or one outside its range; or the model cannot be read.

    """
    return _pictures(find_face_model(location.root()), factors)


def load_faces_of(path: str | os.PathLike[str], split: str) -> ImageSet:
    """Render one split of ``faces`` from a face model given by path, or take it from the cache.

    Args:
        path: what :func:`infoeval.data.formats.face_model_files.face_model_at` reads.
        split: ``"train"`` or ``"test"``.

    Raises:
        UserError: it is not a face model or cannot be read, or VTK is not installed.

    """
    return _rendered(face_model_at(Path(path).expanduser()), split)


def _pictures(file: FaceModelFile, factors: ArrayLike) -> NDArray[np.uint8]:
    checked = checked_factors("faces", _RANGES, factors)
    images = np.empty((len(checked), 1, _SIDE, _SIDE), dtype=np.uint8)
    _draw(file, checked, images, None)
    return images


def _factors(split: str) -> NDArray[np.float64]:
    rng = np.random.Generator(np.random.PCG64([_SEED, list(_COUNTS).index(split)]))
    *ranges, _ = _RANGES.values()
    columns = [rng.uniform(each.low, each.high, _COUNTS[split]) for each in ranges]
    people = rng.integers(_PEOPLE, size=_COUNTS[split])
    return np.stack([*columns, people], axis=1)


def _draw(
    file: FaceModelFile,
    factors: NDArray[np.float64],
    images: NDArray[np.uint8],
    writer: Writer | None,
) -> None:
    """Draw into ``images``, person by person: a shape that stays is drawn faster."""
    model = file.read()
    people = np.random.Generator(np.random.PCG64(_SEED)).normal(size=(_PEOPLE, len(model.modes)))
    people = people.clip(-_FARTHEST, _FARTHEST)
    shape = model.mean
    shown = -1
    with Stage(_SIDE, field=_FIELD) as stage:
        for done, row in enumerate(np.argsort(factors[:, -1], kind="stable")):
            azimuth, elevation, lighting, width, person = factors[row]
            if person != shown:
                shape, shown = model.shape(people[int(person)]), int(person)
            images[row, 0] = stage.picture(
                shape,
                model.triangles,
                azimuth=azimuth,
                elevation=elevation,
                light_azimuth=lighting,
                light_elevation=_LIGHT_ELEVATION,
                scale=(width, 1.0, 1.0),
            )
            if writer is not None and done % 100 == 0:
                writer.advance(done, len(factors))


def _rendered(file: FaceModelFile, split: str) -> ImageSet:
    factors = _factors(split)

    def build(writer: Writer) -> None:
        images = writer.create("images", (len(factors), 1, _SIDE, _SIDE), np.uint8)
        _draw(file, factors, images, writer)

    recipe = {
        "version": _VERSION,
        "split": split,
        "model": [sha256_of(path) for path in file.paths],
    }
    return ImageSet(
        name=f"faces ({file.title})",
        split=split,
        images=prepared("faces", recipe, build)["images"],
        factors=factors,
        factor_names=_NAMES,
        factor_types=_TYPES,
        render=partial(_pictures, file),
    )


def _load(request: Request) -> ImageSet:
    return _rendered(find_face_model(request.root), request.split)


def _where(root: Path) -> str:
    try:
        file = find_face_model(root)
    except UserError as error:  # a list of data sets is no place to stop
        return str(error)
    return f"rendered from {file.paths[0] if file.paths else 'a drawn head'}"


FACES = Source(
    name="faces",
    description="24,000 heads rendered here from a morphable model, 32×32, grey, 5 factors",
    where=_where,
    present=lambda root: find_spec("vtkmodules") is not None,
    what_to_do=lambda root: "pip install 'infoeval[render]', which renders them",
    load=_load,
    render=draw_faces,
)
