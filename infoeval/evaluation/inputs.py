"""What metrics are given of a subject: codes of images or rows, factors, labels."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from infoeval.data import ImageSet, load, progress_to
from infoeval.devices import find_device
from infoeval.errors import UserError
from infoeval.evaluation.code_table import CodeTable, MeasuredTable
from infoeval.evaluation.options import Options
from infoeval.metrics.stats.code_factor_table import as_table
from infoeval.subjects.opening import Given, open_subject
from infoeval.subjects.subject import Encoding, Reader, Rows, Subject

__all__ = ["Context", "Inputs", "NotApplicable", "Splits", "evenly_spaced", "factors_of"]


class NotApplicable(UserError):  # noqa: N818 - a reason to skip, no failure
    """Why a metric does not apply to a subject."""


class Splits(NamedTuple):
    """The train and the test split of a data set."""

    train: ImageSet
    test: ImageSet


class Context:
    """What the subjects of one evaluation share: options, the device, image sets loaded once."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._about = ""
        self._splits: dict[tuple[object, ...], Splits] = {}

    @cached_property
    def device(self) -> torch.device:
        """Where networks run."""
        return find_device(self.options.device)

    def progress(self, text: str, share: float | None) -> None:
        """Report what is being done, and for which of several subjects."""
        self.options.progress(f"{self._about}{text}", share)

    @contextmanager
    def about(self, name: str) -> Iterator[None]:
        """Begin what is reported with the name of a subject; an empty one says nothing."""
        self._about = f"{name}: " if name else ""
        try:
            yield
        finally:
            self._about = ""

    def open(self, model: Given) -> Subject:
        """Return the subject that a model is; see `infoeval.subjects.opening.open_subject`."""
        return open_subject(
            model,
            device=self.device,
            seed=self.options.seed,
            batch_norm=self.options.batch_norm,
            progress=self.progress,
        )

    def splits(self, subject: Subject) -> Splits:
        """Return the images to evaluate a subject on, each set loaded once.

        For a checkpoint in the form that it was trained on, and without the image files that were
        left out of its training. Raises UserError where there are none, or of another size.
        """
        name, skip_broken, shape = self.options.data, self.options.skip_broken, None
        checkpoint = subject.checkpoint
        if checkpoint is not None:
            trainer, trained_on = checkpoint.trainer, checkpoint.data
            name = name or trainer.data
            shape = trainer.image_shape if trained_on.get("resized_from") else None
            skip_broken = skip_broken or bool(trained_on.get("left_out") and name == trainer.data)
        if name is None:
            raise UserError(f"{subject} reads images: say which with --data")
        splits = self._load(name, skip_broken, shape)
        if checkpoint is not None:
            for images in splits:
                if images.images.shape[1:] != tuple(trainer.image_shape):
                    raise UserError(
                        f"the checkpoint reads images of {trainer.image_shape}, {name} has "
                        f"{images.images.shape[1:]} (channels, height, width)"
                    )
        return splits

    def _load(self, name: str, skip_broken: bool, shape: tuple[int, int, int] | None) -> Splits:
        key = name, skip_broken, shape
        if key not in self._splits:
            root = self.options.data_dir
            with progress_to(self.progress):
                train, test = (
                    load(name, split, root=root, skip_broken=skip_broken, shape=shape)
                    for split in ("train", "test")
                )
            self._splits[key] = Splits(train, test)
        return self._splits[key]


class Inputs:
    """What metrics are given of one subject; each part is made when first used, and kept.

    `by_name` is whether the metrics were asked for by name: labels then count as the one factor of
    images that have no others. Parts raise `NotApplicable` where the subject or its images lack
    something, and UserError for missing data.
    """

    def __init__(self, subject: Subject, context: Context, *, by_name: bool = False) -> None:
        self.subject, self.context, self.options = subject, context, context.options
        self.by_name = by_name

    @cached_property
    def splits(self) -> Splits:
        """The images."""
        return self.context.splits(self.subject)

    @property
    def has_images(self) -> bool:
        """Whether images were loaded."""
        return "splits" in vars(self)

    @cached_property
    def reader(self) -> Reader:
        """The encoder of the subject."""
        return self.subject.reader(self.splits.train)

    def encode(self, images: ImageSet, count: int | None = None) -> Encoding:
        """Return the codes of a split, or of `count` of its images, evenly spaced."""
        self.context.progress(f"reading the codes of {images.split} images", None)
        return self.reader.encode(images, evenly_spaced(len(images), count))

    @cached_property
    def table(self) -> CodeTable:
        """Codes and factors of both splits, at most `rows` images of each; or the subject's own.

        Labels are the only factor of images that have no others.
        """
        self._check_encoder()
        code_types, factor_types = self._types
        if self.subject.rows is not None:
            rows, scored = self.subject.rows
            return CodeTable.of(rows, code_types, factor_types, scored=scored)
        fit, scored = (self._rows(images, self.options.rows) for images in self.splits)
        test = self.splits.test
        draw, encode = test.render, None
        if draw is not None and test.factors is not None:
            reader, render = self.reader, draw

            def encode(factors: NDArray[np.float64]) -> pd.DataFrame:
                return reader.columns(render(factors))

        return CodeTable.of(scored, code_types, factor_types, fit=fit, scored=scored, encode=encode)

    @cached_property
    def classes(self) -> CodeTable:
        """Codes and classes for metrics of clusterings: of all test images and of `fit_images`.

        The classes are the labels, and of images without labels the factors of classes.
        """
        if self.subject.rows is not None:
            return self.table
        self._check_encoder()
        train, test = self.splits
        fit = self._rows(train, self.options.fit_images, labels=True)
        scored = self._rows(test, None, labels=True)
        if scored.factors is None or fit.factors is None:
            raise NotApplicable(f"{test.name} has no labels")
        code_types, factor_types = self._types
        if test.labels is not None:
            codes = as_table(scored.codes, None, code_types=code_types).codes
            types = [column.type for column in codes]
            return CodeTable(scored, types, ["discrete"], fit=fit, scored=scored)
        return CodeTable.of(scored, code_types, factor_types, fit=fit, scored=scored)

    @cached_property
    def measured(self) -> MeasuredTable:
        """Codes that the generator was given, and factors that are measured in its images."""
        from infoeval.evaluation.generated_factors import measured_table

        if self.subject.generator is None or self.subject.rows is not None:
            raise NotApplicable(
                "images=generated needs a model with a generator, and images with factors"
            )
        return measured_table(self.subject.generator, self.splits, self.context)

    def _check_encoder(self) -> None:
        """Raise `NotApplicable` for a generator alone, before any images are loaded."""
        if self.subject.rows is None and not self.subject.has_encoder:
            raise NotApplicable("the model has no encoder")

    @property
    def _types(self) -> tuple[Sequence[str] | None, Sequence[str] | None]:
        """The types of codes and of factors: as the options say, else the file or data set."""
        code_types, factor_types = self.subject.column_types
        if self.subject.rows is None and self.splits.test.factors is not None:
            factor_types = self.splits.test.factor_types or None
        return self.options.code_types or code_types, self.options.factor_types or factor_types

    def _rows(self, images: ImageSet, count: int | None, *, labels: bool = False) -> Rows:
        codes = self.encode(images, count).columns
        factors = factors_of(images, labels_first=labels)
        rows = evenly_spaced(len(images), count)
        return Rows(codes, None if factors is None else factors.iloc[rows].reset_index(drop=True))


def evenly_spaced(size: int, count: int | None) -> NDArray[np.intp]:
    """Return at most `count` of `size` rows, evenly spaced; None: all of them."""
    count = size if count is None else min(count, size)
    return np.linspace(0, size - 1, count).astype(int)


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
