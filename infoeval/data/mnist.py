"""MNIST (LeCun, Bottou, Bengio and Haffner, 1998), and data sets published in its form."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.idx import read_idx
from infoeval.data.image_set import ImageSet
from infoeval.data.source import OTHER_FOLDER, DataSource, LoadRequest, downloading, not_there
from infoeval.errors import UserError

_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_COUNTS = {"train": 60_000, "test": 10_000}
_SIDE = 28


@dataclass(frozen=True)
class MnistFiles:
    """60,000 training and 10,000 test images of 28×28 grey pixels in ten classes.

    They lie in four idx files, in the folder that torchvision uses.

    Args:
        name: name in the registry.
        description: one line.
        torchvision_name: the class in ``torchvision.datasets``, which is the folder's name too.
        label_names: names of the ten classes.
        md5: of unzipped files, by name; other files are checked for shape and range only.
    """

    name: str
    description: str
    torchvision_name: str
    label_names: tuple[str, ...]
    md5: Mapping[str, str]

    def source(self) -> DataSource:
        """Return the declaration of the data set."""
        return DataSource(
            name=self.name,
            description=self.description,
            load=self._load,
            where=lambda root: str(self._folder(root)),
            present=lambda root: not self._missing(root, *_FILES),
            what_to_do=self._what_to_do,
        )

    def _folder(self, root: Path) -> Path:
        return root / self.torchvision_name / "raw"

    def _what_to_do(self, root: Path) -> str:
        missing = self._missing(root, *_FILES)
        return (
            f"put {', '.join(f'{name}.gz' for name in missing)} (gzipped or not) into "
            f"{self._folder(root)}, {OTHER_FOLDER}"
        )

    def _load(self, request: LoadRequest) -> ImageSet:
        """Return one split, downloaded first if its files are missing and that is allowed."""
        root, split = request.root, request.split
        if self._missing(root, split):
            if not request.download:
                raise not_there(self.name, self._what_to_do(root))
            self._download(root)
        images_name, labels_name = _FILES[split]
        count = _COUNTS[split]
        images = self._read(root, images_name, (count, _SIDE, _SIDE))
        labels = self._read(root, labels_name, (count,))
        if labels.max() >= len(self.label_names):
            raise UserError(
                f"{self._find(root, labels_name)}: label {labels.max()} is not one of "
                f"the {len(self.label_names)} classes"
            )
        return ImageSet(
            name=self.name,
            split=split,
            images=images[:, None],
            labels=labels.astype(np.int64),
            label_names=self.label_names,
        )

    def _read(self, root: Path, name: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        path = self._find(root, name)
        if path is None:
            raise not_there(self.name, self._what_to_do(root))
        array = read_idx(path, shape=shape, md5=self.md5.get(name))
        if array.dtype != np.uint8:
            raise UserError(f"{path}: holds {array.dtype}, not uint8")
        return array

    def _find(self, root: Path, name: str) -> Path | None:
        candidates = (self._folder(root) / name, self._folder(root) / f"{name}.gz")
        return next((path for path in candidates if path.is_file()), None)

    def _missing(self, root: Path, *splits: str) -> list[str]:
        names = [name for split in splits for name in _FILES[split]]
        return [name for name in names if self._find(root, name) is None]

    def _download(self, root: Path) -> None:
        """Download all four files, and move the missing ones into place."""
        with downloading(self.name, root, self._what_to_do) as temporary:
            import torchvision.datasets

            getattr(torchvision.datasets, self.torchvision_name)(temporary, download=True)
            self._folder(root).mkdir(parents=True, exist_ok=True)
            for name in self._missing(root, *_FILES):
                os.replace(self._folder(temporary) / name, self._folder(root) / name)


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
).source()
