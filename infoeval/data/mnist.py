"""MNIST (LeCun, Bottou, Bengio and Haffner, 1998), and data sets published in its form."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.idx import idx_md5, read_idx
from infoeval.data.image_set import ImageSet, split_indices
from infoeval.data.source import OTHER_FOLDER, DataSource, LoadRequest, downloading, not_there
from infoeval.errors import UserError

_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_COUNTS = {"train": 60_000, "test": 10_000}
_SIDE = 28
_OTHER_FORMS = (".csv", ".parquet", ".npz", ".mat", ".pkl", ".pt", ".zip", ".7z")


@dataclass(frozen=True)
class MnistFiles:
    """60,000 training and 10,000 test images of 28×28 grey pixels in ten classes.

    They lie in four idx files, gzipped or not, by default in the folder that torchvision uses;
    files of other mirrors, with a dot in their names, and other folders are found as well.

    Args:
        name: name in the registry.
        description: one line.
        torchvision_name: the class in ``torchvision.datasets``, which is the folder's name too.
        label_names: names of the ten classes.
        md5: of unzipped files, by name; other files are checked for shape and range only.
        npz: name of a ``.npz`` file with all four arrays, as Keras keeps them; verified likewise.
        part: name of a ``.npz`` file of the test images and labels alone. Where the training images
            are missing, these, or the idx files of them, are the set, and a random fifth of them
            is the test split.
    """

    name: str
    description: str
    torchvision_name: str
    label_names: tuple[str, ...]
    md5: Mapping[str, str]
    npz: str | None = None
    part: str | None = None

    def source(self) -> DataSource:
        """Return the declaration of the data set."""
        return DataSource(
            name=self.name,
            description=self.description,
            load=self._load,
            where=self._where,
            present=lambda root: not self._missing(root, *_FILES) or bool(self._part(root)),
            what_to_do=self._what_to_do,
            published=sum(_COUNTS.values()),
            count=self._count,
        )

    def _folder(self, root: Path) -> Path:
        return root / self.torchvision_name / "raw"

    def _folders(self, root: Path) -> Iterator[Path]:
        """Yield the folders in which the files may be."""
        names = (self.torchvision_name, self.name, self.name.replace("_", "-"))
        # The data root may be the set's own folder, unless it is named after another set.
        own = ("",) if _kind(root.name) == _kind(self.name) else ()
        for name in dict.fromkeys((*names, self.torchvision_name.lower(), *own)):
            yield root / name / "raw"
            yield root / name

    def _home(self, root: Path, split: str) -> Path | None:
        """Return the folder of both idx files of a split, or else the ``.npz`` file, or None."""
        for folder in self._folders(root):
            if all(_find(folder, name) for name in _FILES[split]):
                return folder
        files = (folder / (self.npz or "") for folder in self._folders(root))
        return next((path for path in files if path.is_file()), None)

    def _part(self, root: Path) -> Path | None:
        """Return the folder or file of the test images where those of training are missing."""
        if self.part is None or not self._missing(root, "train"):
            return None
        files = (folder / self.part for folder in self._folders(root))
        return self._home(root, "test") or next((path for path in files if path.is_file()), None)

    def _count(self, root: Path) -> int:
        part = self._part(root)
        if part is None:
            return sum(_COUNTS.values())
        if part.is_dir():
            return _COUNTS["test"]
        from infoeval.data.formats.npz_images import npz_count  # this form is rare

        return npz_count(part)

    def _where(self, root: Path) -> str:
        part = self._part(root)
        if part is not None:
            return str(part if part.is_dir() else part.parent)
        return str(self._home(root, "train") or self._folder(root))

    def _missing(self, root: Path, *splits: str) -> list[str]:
        absent = [split for split in splits if self._home(root, split) is None]
        names = [name for split in absent for name in _FILES[split]]
        return [name for name in names if _find(self._folder(root), name) is None]

    def _what_to_do(self, root: Path) -> str:
        missing = self._missing(root, *_FILES)
        return (
            f"put {', '.join(f'{name}.gz' for name in missing)} (gzipped or not) into "
            f"{self._folder(root)}, {OTHER_FOLDER}{self._not_read(root)}"
        )

    def _not_read(self, root: Path) -> str:
        """Return a hint where there are files in a form that is not read."""
        for folder in self._folders(root):
            if folder not in (root, root / "raw"):
                for path in sorted(folder.glob("*")):
                    if path.suffix in _OTHER_FORMS:
                        return f" ({path} is in another form, which is not read)"
        return ""

    def _load(self, request: LoadRequest) -> ImageSet:
        """Return one split, downloaded first if its files are missing and that is allowed."""
        root, split = request.root, request.split
        part = self._part(root)
        if part is not None:
            return self._load_part(part, split)
        if self._missing(root, split):
            if not request.download:
                raise not_there(self.name, self._what_to_do(root))
            self._download(root)
        home = self._home(root, split)
        if home is None:
            raise not_there(self.name, self._what_to_do(root))
        images, labels = self._read_npz(home, split) if home.is_file() else self._read(home, split)
        return self._image_set(home, split, images, labels)

    def _load_part(self, part: Path, split: str) -> ImageSet:
        """Return one split of the test images alone."""
        notes = ("the training images are missing: a random fifth of the test images is test",)
        if part.is_dir():
            places = split_indices(self.name, _COUNTS["test"], split)
            arrays = [array[places] for array in self._read(part, "test")]
            return replace(self._image_set(part, split, *arrays), places=places, notes=notes)
        from infoeval.data.formats.npz_images import load_npz  # this form is rare

        images = load_npz(part, split)
        if images.images.shape[1:] != (1, _SIDE, _SIDE) or images.label_names != self.label_names:
            raise UserError(
                f"{part}: must hold images of {_SIDE}×{_SIDE} grey pixels, labels, and label_names "
                f"{', '.join(self.label_names)}"
            )
        return replace(images, name=self.name, notes=notes)

    def _image_set(
        self, home: Path, split: str, images: NDArray[np.uint8], labels: NDArray[np.uint8]
    ) -> ImageSet:
        if labels.max() >= len(self.label_names):
            raise UserError(
                f"{_find(home, _FILES[split][1]) or home}: label {labels.max()} is not one of "
                f"the {len(self.label_names)} classes"
            )
        return ImageSet(
            name=self.name,
            split=split,
            images=images[:, None],
            labels=labels.astype(np.int64),
            label_names=self.label_names,
        )

    def _read(self, folder: Path, split: str) -> list[NDArray[np.uint8]]:
        arrays = []
        for name, shape in zip(_FILES[split], _shapes(split), strict=True):
            path = _find(folder, name)
            assert path is not None  # `_home` has seen it
            arrays.append(read_idx(path, shape=shape, md5=self.md5.get(name)))
            if arrays[-1].dtype != np.uint8:
                raise UserError(f"{path}: holds {arrays[-1].dtype}, not uint8")
        return arrays

    def _read_npz(self, path: Path, split: str) -> list[NDArray[np.uint8]]:
        from infoeval.data.formats.npz_file import NpzFile  # this form is rare

        arrays = []
        with NpzFile(path) as file:
            for axis, name, shape in zip("xy", _FILES[split], _shapes(split), strict=True):
                key = f"{axis}_{split}"
                if file.header(key).shape != shape:
                    raise file.error(key, f"has shape {file.header(key).shape}, not {shape}")
                arrays.append(file.read(key))
                if arrays[-1].dtype != np.uint8:
                    raise file.error(key, f"holds {arrays[-1].dtype}, not uint8")
                if idx_md5(arrays[-1]) != self.md5.get(name):
                    raise file.error(key, "is not the official one; download the file again")
        return arrays

    def _download(self, root: Path) -> None:
        """Download all four files, and move the missing ones into place."""
        with downloading(self.name, root, self._what_to_do) as temporary:
            import torchvision.datasets

            getattr(torchvision.datasets, self.torchvision_name)(temporary, download=True)
            self._folder(root).mkdir(parents=True, exist_ok=True)
            for name in self._missing(root, *_FILES):
                os.replace(self._folder(temporary) / name, self._folder(root) / name)


def _kind(name: str) -> str:
    """Return what tells a set's name from MNIST's own."""
    return next((word for word in ("fashion", "kmnist") if word in name.lower()), "")


def _shapes(split: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return (_COUNTS[split], _SIDE, _SIDE), (_COUNTS[split],)


def _find(folder: Path, name: str) -> Path | None:
    """Return the path of an idx file under its official name or that of a mirror."""
    dotted = name.replace("-idx", ".idx")
    names = [f"{stem}{suffix}" for stem in (name, dotted) for suffix in ("", ".gz")]
    paths = (folder / file for file in (*names, f"{name}/{name}", f"{dotted}/{dotted}"))
    return next((path for path in paths if path.is_file()), None)


SOURCE = MnistFiles(
    name="mnist",
    description="MNIST: 70,000 handwritten digits, 28×28 grey, 10 classes",
    torchvision_name="MNIST",
    label_names=tuple("0123456789"),
    md5={
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
    npz="mnist.npz",
).source()
