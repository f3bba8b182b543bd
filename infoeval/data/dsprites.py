"""dSprites: sprites of known shape, scale, orientation and place (Matthey et al., 2017)."""

import os
from dataclasses import replace
from pathlib import Path

from infoeval.data.formats.npz_images import load_npz, npz_count
from infoeval.data.image_set import ImageSet
from infoeval.data.source import OTHER_FOLDER, DataSource, LoadRequest, downloading, not_there
from infoeval.errors import UserError

_FILE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
_URL = f"https://github.com/google-deepmind/dsprites-dataset/raw/master/{_FILE}"
_MD5 = "7da33b31b13a06f4b04a70402ce90c2e"

# Parts of the set in infoeval's own layout, the better one first: 20,000 random images of all, or
# every combination of a coarser grid.
_PARTS = ("dsprites_random.npz", "dsprites_grid.npz")

# All 737,280 images would take 3 GB. As many are kept as of the sprites drawn here; the whole
# file can be given by its path.
_MOST = (50_000, 10_000)

_TYPES = {
    "shape": "discrete",
    "scale": "ordinal",
    "orientation": "periodic",
    "x": "ordinal",
    "y": "ordinal",
}


def _folder(root: Path) -> Path:
    return root / "dsprites"


def _path(root: Path) -> Path | None:
    """Return the published file, or else a part of the set; None where neither is there."""
    folders = (_folder(root), root / "dSprites", root / "dsprites-dataset", root)
    published = [folder / _FILE for folder in folders]
    parts = [_folder(root) / name for name in _PARTS]
    return next((path for path in (*published, *parts) if path.is_file()), None)


def _where(root: Path) -> str:
    path = _path(root)
    return str(_folder(root) if path is None else path.parent)


def _what_to_do(root: Path) -> str:
    return (
        f"put {_FILE} from github.com/google-deepmind/dsprites-dataset into {_folder(root)}, "
        f"{OTHER_FOLDER}; or use sprites instead, which are drawn here and differ"
    )


def _load(request: LoadRequest) -> ImageSet:
    """Return one split of the first file found, downloaded if there is none and that is allowed.

    Of a file that is a part of the set, a note names it.
    """
    path = _path(request.root)
    if path is None:
        if not request.download:
            raise not_there("dsprites", _what_to_do(request.root))
        path = _download(request.root)
    images = load_npz(path, request.split, _MOST)
    if images.factor_names != tuple(_TYPES):
        raise UserError(f"{path}: is not dSprites, whose factors are {', '.join(_TYPES)}")
    part = f"the images are from {path.name}"
    return replace(
        images,
        name="dsprites",
        factor_types=tuple(_TYPES.values()),
        notes=(part,) if path.name in _PARTS else (),
    )


def _download(root: Path) -> Path:
    """Return the path of the published file, downloaded and moved there, its MD5 verified."""
    path = _folder(root) / _FILE
    with downloading("dsprites", root, _what_to_do) as temporary:
        from torchvision.datasets.utils import download_url

        download_url(_URL, temporary, _FILE, _MD5)
        path.parent.mkdir(exist_ok=True)
        os.replace(temporary / _FILE, path)
    return path


def _count(root: Path) -> int:
    path = _path(root)
    assert path is not None  # the set is present
    return npz_count(path)


SOURCE = DataSource(
    name="dsprites",
    description="dSprites: 60,000 of the 737,280 published images, 64×64, 5 factors",
    load=_load,
    where=_where,
    present=lambda root: _path(root) is not None,
    what_to_do=_what_to_do,
    published=737_280,
    count=_count,
)
