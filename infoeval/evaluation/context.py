"""What the subjects of one evaluation share: options, the device, image sets loaded once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from infoeval.data import ImageSet, check_there, load, names, progress_to
from infoeval.errors import UserError
from infoeval.evaluation.options import Options
from infoeval.subjects.onnx_choice import OnnxChoice
from infoeval.subjects.opening import Given, find_models, open_subject
from infoeval.subjects.subject import Subject
from infoeval.subjects.tables.column_choice import TableChoice

if TYPE_CHECKING:
    import torch


class NotApplicableError(UserError):
    """Why a metric does not apply to a subject."""


class Splits(NamedTuple):
    """The train and the test split of a data set."""

    train: ImageSet
    test: ImageSet


class Context:
    """What the subjects of one evaluation share: options, the device, image sets loaded once.

    `alone`: whether there may be a single image, which is then both splits.
    """

    def __init__(self, options: Options, *, alone: bool = False) -> None:
        self.options, self.alone = options, alone
        if options.device not in ("auto", "cpu"):
            _ = self.device  # a wrong one is an error, also where no network runs
        self._about = ""
        self._splits: dict[tuple[object, ...], Splits] = {}
        self.real_features: dict[tuple[object, ...], object] = {}
        """What `infoeval.evaluation.image_quality` has read of real images, for all subjects."""
        self.regressors: dict[tuple[object, ...], object] = {}
        """What `infoeval.evaluation.generated_factors` has trained on real images, likewise."""

    @cached_property
    def device(self) -> "torch.device":
        """Where networks run."""
        from infoeval.devices import find_device

        return find_device(self.options.device)

    @cached_property
    def table(self) -> TableChoice:
        """Which parts of tables are their codes and factors."""
        given = self.options
        return TableChoice(given.codes, given.factors, given.codes_key, given.factors_key)

    @cached_property
    def onnx(self) -> OnnxChoice:
        """What ONNX files do not tell."""
        return OnnxChoice(self.options.prior, self.options.image_range)

    def progress(self, text: str, share: float | None) -> None:
        """Report what is being done, after the name of the subject in `about`."""
        self.options.progress(f"{self._about}{text}", share)

    @contextmanager
    def about(self, name: str) -> Iterator[None]:
        """Begin progress messages with the name of a subject, unless it is empty."""
        self._about = f"{name}: " if name else ""
        try:
            yield
        finally:
            self._about = ""

    def open(self, model: Given) -> Subject:
        """Return the subject of a model; see `infoeval.subjects.opening.open_subject`."""
        return open_subject(
            model,
            device=lambda: self.device,
            seed=self.options.seed,
            batch_norm=self.options.batch_norm,
            table=self.table,
            onnx=self.onnx,
            progress=self.progress,
        )

    def open_all(self, models: Sequence[Given], *, least: int = 0) -> list[Subject]:
        """Return the subjects of models, and of all checkpoints in folders.

        Raises UserError as `open`, for fewer than `least`, for `data` where all subjects are tables
        of codes, for `data` that are not there, and for options of tables and of ONNX files where
        there is none.
        """
        given = [models] if isinstance(models, str) else models
        whole = [found for model in given for found in find_models(model)]
        if len(whole) < least:
            raise UserError("a comparison needs two models or more")
        subjects = [self.open(model) for model in whole]
        self.check_use(subjects)
        return subjects

    def check_use(self, subjects: Sequence[Subject]) -> None:
        """Raise UserError for an option of tables, of ONNX files or of images that none takes."""
        first = subjects[0] if subjects else None
        tables = [subject.rows is not None for subject in subjects]
        if self.options.data is not None:
            if subjects and all(tables):
                raise UserError(f"{first} holds codes and factors: --data has no use")
            check_there(self.options.data)  # before anything is computed
        if self.table.given and subjects and not any(tables):
            raise UserError(f"{first} is no table: --codes and --factors have no use")
        if self.onnx.given and subjects and not any(subject.is_onnx for subject in subjects):
            raise UserError(f"{first} is no ONNX file: --prior and --image-range have no use")

    def splits(self, subject: Subject) -> Splits:
        """Return the images that a subject is evaluated on; each set is loaded once.

        For a checkpoint they are resized as in its training, and image files that were left out
        there are left out again. Raises UserError for missing images, those of another size, and
        a path in a checkpoint that leads to other images than it was trained on.
        """
        name, skip_broken, shape = self.options.data, self.options.skip_broken, None
        checkpoint = subject.checkpoint
        if checkpoint is not None:
            trainer, trained_on = checkpoint.trainer, checkpoint.data
            name = trainer.data if name is None else name
            shape = trainer.image_shape if trained_on.get("resized_from") else None
            skip_broken = skip_broken or bool(trained_on.get("left_out") and name == trainer.data)
        if name is None:
            raise UserError(f"{subject} reads images: give a data set with --data")
        if checkpoint is not None and self.options.data is None:
            self._check_own(name)
        splits = self._load(name, skip_broken, shape)
        if checkpoint is not None:
            # A stranger's checkpoint may name any folder of this machine: its images are read and
            # shown only if it was trained on them, or if the user gives them.
            other = trained_on.get("fingerprint") != splits.train.fingerprint
            if self.options.data is None and name not in names() and other:
                raise UserError(
                    f"{name} holds other images or labels than {subject} was trained on; to use "
                    f"them all the same, give --data {name}"
                )
            for images in splits:
                if images.images.shape[1:] != tuple(trainer.image_shape):
                    raise UserError(
                        f"the checkpoint reads images of {trainer.image_shape}, {images.name} has "
                        f"{images.images.shape[1:]} (channels, height, width)"
                    )
        return splits

    def _check_own(self, name: str) -> None:
        """Raise UserError where the images that a checkpoint was trained on are not there."""
        try:
            check_there(name)
        except UserError as error:
            raise UserError(f"images of the training: {error}; say where with --data") from error

    def _load(self, name: Any, skip_broken: bool, shape: tuple[int, int, int] | None) -> Splits:
        key = name if isinstance(name, str) else id(name), skip_broken, shape
        if key not in self._splits:
            root = self.options.data_dir
            with progress_to(self.progress):
                train, test = (
                    load(
                        name,
                        split,
                        root=root,
                        skip_broken=skip_broken,
                        shape=shape,
                        alone=self.alone,
                    )
                    for split in ("train", "test")
                )
            self._splits[key] = Splits(train, test)
        return self._splits[key]


def factors_of(images: ImageSet, *, labels_first: bool = False) -> pd.DataFrame | None:
    """Return the factors by name; labels are the only factor where there are no others.

    `labels_first`: labels alone, and factors only where there are no labels.
    """
    if images.labels is not None and (labels_first or images.factors is None):
        return pd.DataFrame({"label": images.labels})
    if images.factors is None:
        return None
    count = images.factors.shape[1]
    names = list(images.factor_names) or [f"factor {number}" for number in range(count)]
    return pd.DataFrame(images.factors, columns=names)
