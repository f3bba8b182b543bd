"""Which face model there is: in the data root, at a path, or the drawn head."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infoeval.data.formats.basel_face_model import read_basel_2009, read_basel_2017
from infoeval.data.formats.ict_face_model import ict_paths, read_ict_arrays, read_ict_meshes
from infoeval.data.rendering.drawn_head import drawn_head
from infoeval.data.rendering.face_models import FaceModel
from infoeval.errors import UserError

__all__ = ["FaceModelFile", "face_model_at", "find_face_model"]


@dataclass(frozen=True)
class FaceModelFile:
    """A face model that is not read yet.

    Args:
        title: what kind of model it is.
        paths: its files, which decide what is read; none for the drawn head.
        read: reads it; raises UserError if it is damaged or something else.

    """

    title: str
    paths: tuple[Path, ...]
    read: Callable[[], FaceModel]


def find_face_model(root: Path) -> FaceModelFile:
    """Return the first face model that lies in the data root, else the drawn head.

    The first of ``faces/*.h5`` (Basel 2017), ``faces/*.mat`` (Basel 2009),
    ``ict_facekit/ict_facekit_light.npz``, ``ICT-FaceKit`` and ``FaceXModel``.
    """
    places = (
        *sorted(root.glob("faces/*.h5")),
        *sorted(root.glob("faces/*.mat")),
        root / "ict_facekit" / "ict_facekit_light.npz",
        root / "ICT-FaceKit",
        root / "FaceXModel",
    )
    there = (place for place in places if place.exists())
    return next(map(face_model_at, there), FaceModelFile("drawn head", (), drawn_head))


def face_model_at(path: Path) -> FaceModelFile:
    """Return the face model at a path, by the kind of file it is; nothing is read yet.

    Args:
        path: a ``.h5`` file of the Basel Face Model 2017, a ``.mat`` file of that of 2009, a
            ``.npz`` file with ICT-FaceKit's arrays, or a folder ``FaceXModel`` or what holds it.

    Raises:
        UserError: there is no such path, a mesh of the folder is missing, or it is another file.

    """
    if path.is_dir():
        inner = path / "FaceXModel"
        meshes = ict_paths(inner if inner.is_dir() else path)
        return FaceModelFile("ICT-FaceKit", meshes, lambda: read_ict_meshes(meshes))
    if not path.is_file():
        raise UserError(f"{path}: no such file or folder")
    ending = path.suffix.lower()
    if ending not in _READERS:
        raise UserError(f"{path}: a face model is a .h5, .mat or .npz file, or a folder FaceXModel")
    title, read = _READERS[ending]
    return FaceModelFile(title, (path,), lambda: read(path))


_READERS = {
    ".h5": ("Basel Face Model 2017", read_basel_2017),
    ".mat": ("Basel Face Model 2009", read_basel_2009),
    ".npz": ("ICT-FaceKit", read_ict_arrays),
}
