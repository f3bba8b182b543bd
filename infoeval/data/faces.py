"""Faces with known factors, rendered here from a morphable model."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.data.formats.cache import Writer, prepared
from infoeval.data.formats.face_model_files import (
    ict_paths,
    read_basel_2009,
    read_basel_2017,
    read_ict_arrays,
    read_ict_meshes,
)
from infoeval.data.image_set import ImageSet
from infoeval.data.rendering.drawn_head import drawn_head
from infoeval.data.rendering.face_models import FaceModel
from infoeval.data.rendering.factors import Factor, checked_factors, types_of
from infoeval.data.rendering.meshes import Stage
from infoeval.data.source import DataSource, data_root
from infoeval.errors import UserError
from infoeval.files import in_home, sha256

_PEOPLE = 200
_FACTORS = {
    "azimuth": Factor("continuous", -60, 60),
    "elevation": Factor("continuous", -30, 30),
    "lighting": Factor("continuous", -80, 80),
    "width": Factor("continuous", 0.85, 1.15),
    "identity": Factor("discrete", 0, _PEOPLE - 1),
}
_COUNTS = {"train": 20_000, "test": 4_000}
_SEED = 20160612
_VERSION = 1  # of factors and images: another version has them rendered again

_SIDE = 32
_FIELD = 2.45  # a head is two units high
_LIGHT_ELEVATION = 20.0
_FARTHEST = 2.5  # standard deviations; beyond, faces look odd
_REPORT = 100  # images between two reports of progress


@dataclass(frozen=True)
class FaceModelFile:
    """A face model that is not read yet: its kind, and its files (none for the drawn head).

    ``read`` raises UserError if it is damaged or not such a model.
    """

    title: str
    paths: tuple[Path, ...]
    read: Callable[[], FaceModel]


_READERS = {
    ".h5": ("Basel Face Model 2017", read_basel_2017),
    ".mat": ("Basel Face Model 2009", read_basel_2009),
    ".npz": ("ICT-FaceKit", read_ict_arrays),
}


def find_face_model(root: Path) -> FaceModelFile:
    """Return the first face model in the data root, or else the drawn head.

    The first of ``faces/*.h5`` (Basel 2017), ``faces/*.mat`` (Basel 2009),
    ``ict_facekit/ict_facekit_light.npz``, ``ICT-FaceKit`` and ``FaceXModel``.
    """
    paths = (
        *sorted(root.glob("faces/*.h5")),
        *sorted(root.glob("faces/*.mat")),
        root / "ict_facekit" / "ict_facekit_light.npz",
        root / "ICT-FaceKit",
        root / "FaceXModel",
    )
    existing = (path for path in paths if path.exists())
    return next(map(face_model_at, existing), FaceModelFile("drawn head", (), drawn_head))


def face_model_at(path: Path) -> FaceModelFile:
    """Return the face model at a path, by the kind of file it is; nothing is read yet.

    Args:
        path: a ``.h5`` file of the Basel Face Model 2017, a ``.mat`` file of that of 2009, a
            ``.npz`` file with ICT-FaceKit's arrays, or a folder ``FaceXModel`` or its parent.

    Raises:
        UserError: there is no such path, a mesh of the folder is missing, or it is another file.
    """
    if path.is_dir():
        inner = path / "FaceXModel"
        meshes = ict_paths(inner if inner.is_dir() else path)
        return FaceModelFile("ICT-FaceKit", meshes, lambda: read_ict_meshes(meshes))
    if not path.is_file():
        raise UserError(f"{path}: no such file or folder")
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise UserError(f"{path}: a face model is a .h5, .mat or .npz file, or a folder FaceXModel")
    title, read = _READERS[suffix]
    return FaceModelFile(title, (path,), lambda: read(path))


def draw_faces(factors: ArrayLike) -> NDArray[np.uint8]:
    """Return faces of any factors, rendered from the model of ``faces`` on this machine.

    Args:
        factors: shape ``(n, 5)``. Azimuth, -60 to 60 degrees: above 0 the camera is at the
            person's left, so that the nose points to the left of the image. Elevation, -30 to 30
            degrees: how far the camera is raised. Lighting, -80 to 80 degrees: above 0 the light
            comes from the right of the image, whatever the azimuth. Width, 0.85 to 1.15: relative
            to the head of the model. Identity: 0, 1, ... 199.

    Returns:
        Images of shape ``(n, 1, 32, 32)``.

    Raises:
        UserError: not five factors, or one outside its range; or the model cannot be read.
    """
    return _draw(find_face_model(data_root()), factors)


def load_faces_of(path: str | os.PathLike[str], split: str) -> ImageSet:
    """Return one split of ``faces`` for a face model given by path, rendered or from the cache.

    For the path see :func:`face_model_at`. Raises UserError if it is not a face model or cannot be
    read, or if VTK is not installed.
    """
    return _rendered(face_model_at(in_home(path)), split)


def _draw(file: FaceModelFile, factors: ArrayLike) -> NDArray[np.uint8]:
    checked = checked_factors("faces", _FACTORS, factors)
    images = np.empty((len(checked), 1, _SIDE, _SIDE), dtype=np.uint8)
    _draw_into(images, file, checked)
    return images


def _factors(split: str) -> NDArray[np.float64]:
    rng = np.random.Generator(np.random.PCG64([_SEED, list(_COUNTS).index(split)]))
    *continuous, _ = _FACTORS.values()
    columns = [rng.uniform(factor.low, factor.high, _COUNTS[split]) for factor in continuous]
    people = rng.integers(_PEOPLE, size=_COUNTS[split])
    return np.stack([*columns, people], axis=1)


def _draw_into(
    images: NDArray[np.uint8],
    file: FaceModelFile,
    factors: NDArray[np.float64],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write faces into ``images``, person by person: an unchanged shape is rendered faster."""
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
            images[row, 0] = stage.render(
                shape,
                model.triangles,
                azimuth=azimuth,
                elevation=elevation,
                light_azimuth=lighting,
                light_elevation=_LIGHT_ELEVATION,
                scale=(width, 1.0, 1.0),
            )
            if done % _REPORT == 0:
                progress(done, len(factors))


def _rendered(file: FaceModelFile, split: str) -> ImageSet:
    factors = _factors(split)

    def build(writer: Writer) -> None:
        images = writer.create("images", (len(factors), 1, _SIDE, _SIDE), np.uint8)
        _draw_into(images, file, factors, writer.progress)

    key = {
        "version": _VERSION,
        "split": split,
        "model": [sha256(path) for path in file.paths],
    }
    return ImageSet(
        name=f"faces ({file.title})",
        split=split,
        images=prepared("faces", key, build)["images"],
        factors=factors,
        factor_names=tuple(_FACTORS),
        factor_types=types_of(_FACTORS),
        render=partial(_draw, file),
    )


def _where(root: Path) -> str:
    try:
        file = find_face_model(root)
    except UserError as error:  # shown in the list of data sets
        return str(error)
    return f"rendered from {file.paths[0] if file.paths else 'a drawn head'}"


SOURCE = DataSource(
    name="faces",
    description="24,000 heads rendered here from a morphable model, 32×32, grey, 5 factors",
    load=lambda request: _rendered(find_face_model(request.root), request.split),
    where=_where,
    present=lambda root: find_spec("vtkmodules") is not None,
    what_to_do=lambda root: "pip install 'infoeval[render]', which renders them",
    render=draw_faces,
)
