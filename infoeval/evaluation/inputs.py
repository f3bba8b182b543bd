"""What metrics are computed from: codes of images or rows, factors, labels."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from infoeval.data import ImageSet
from infoeval.evaluation.code_table import CodeTable, MeasuredTable
from infoeval.evaluation.context import Context, NotApplicableError, Splits, factors_of
from infoeval.evaluation.requests import Request
from infoeval.intervals import Subsamples
from infoeval.metrics.stats.code_factor_table import as_table
from infoeval.subjects.subject import Encoding, Reader, Rows, Subject

Samples = dict[tuple[str, str, str | None], Subsamples]
"""The subsamples of results, by their keys."""


class Inputs:
    """What metrics of one subject are computed from; each part is made on first use, and kept.

    `by_name`: the metrics were asked for by name; labels are then the only factor of images without
    factors. `page`: they are for a page, which shows references. `samples` are those of the results
    so far, for comparisons. Parts raise `NotApplicableError` where the subject or its images lack
    something, and UserError for missing data.
    """

    def __init__(
        self, subject: Subject, context: Context, *, by_name: bool = False, page: bool = False
    ) -> None:
        self.subject, self.context, self.options = subject, context, context.options
        self.by_name, self.page = by_name, page
        self.samples: Samples = {}

    def wants_references(self, request: Request) -> bool:
        """Return whether a metric also scores codes of known meaning."""
        if self.options.references is not None:
            return self.options.references
        # A setting can make any metric slow.
        return self.page and not (request.metric.costly or request.settings)

    @cached_property
    def splits(self) -> Splits:
        """The images."""
        return self.context.splits(self.subject)

    @property
    def has_images(self) -> bool:
        """Whether images were loaded."""
        return "splits" in vars(self)

    def describe_subject(self) -> dict[str, Any]:
        """Return the `subject` of the results.

        It tells the batch-norm statistics that images were read with, and the codes that an encoder
        alone has read.
        """
        described = self.subject.describe()
        if "reader" in vars(self) and self.reader.batch_norm:
            described["batch_norm"] = self.reader.batch_norm
        if self.subject.codes is None and self.subject.rows is None and "table" in vars(self):
            described["code_names"] = list(self.table.rows.codes.columns)
        return described

    def describe_data(self) -> dict[str, Any]:
        """Return the `data` of the results, with how many of the test images make the table."""
        if not self.has_images:
            return self.subject.describe_data()
        described, rows = self.splits.test.describe(), self.options.rows
        fewer = "table" in vars(self) and rows < described["n"]
        return {**described, "rows": rows} if fewer else described

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
        """The subject's own codes and factors, or those of at most `rows` images of each split.

        Labels are the only factor of images without factors.
        """
        self._check_encoder()
        factor_types = self._factor_types
        if self.subject.rows is not None:
            rows, scored = self.subject.rows
            return CodeTable.of(rows, self._code_types(rows.codes), factor_types, scored=scored)
        fit, scored = (self._rows(images, self.options.rows) for images in self.splits)
        test = self.splits.test
        draw, encode = test.render, None
        if draw is not None and test.factors is not None:
            reader, render = self.reader, draw

            def encode(factors: NDArray[np.float64]) -> pd.DataFrame:
                return reader.columns(render(factors))

        code_types = self._code_types(scored.codes)
        return CodeTable.of(scored, code_types, factor_types, fit=fit, scored=scored, encode=encode)

    @cached_property
    def classes(self) -> CodeTable:
        """Codes and classes for clustering metrics, of all test images and of `fit_images`.

        The classes are the labels; of images without labels, the factors.
        """
        if self.subject.rows is not None:
            return self.table
        self._check_encoder()
        train, test = self.splits
        fit = self._rows(train, self.options.fit_images, labels=True)
        scored = self._rows(test, None, labels=True)
        if scored.factors is None or fit.factors is None:
            raise NotApplicableError(f"{test.name} has no labels")
        code_types = self._code_types(scored.codes)
        if test.labels is not None:
            codes = as_table(scored.codes, None, code_types=code_types).codes
            types = [column.type for column in codes]
            return CodeTable(scored, types, ["discrete"], fit=fit, scored=scored)
        return CodeTable.of(scored, code_types, self._factor_types, fit=fit, scored=scored)

    @cached_property
    def measured(self) -> MeasuredTable:
        """Random codes, and factors measured in the images generated from them."""
        return self._measured(fixed_noise=False)

    @cached_property
    def measured_at_fixed_noise(self) -> MeasuredTable:
        """The same where many images share their noise and categories, numbered as a factor."""
        return self._measured(fixed_noise=True)

    def _measured(self, *, fixed_noise: bool) -> MeasuredTable:
        from infoeval.evaluation.generated_factors import measured_table

        if self.subject.generator is None or self.subject.rows is not None:
            raise NotApplicableError(
                "images=generated needs a model with a generator, and images with factors"
            )
        generator = self.subject.generator
        return measured_table(generator, self.splits, self.context, fixed_noise=fixed_noise)

    @cached_property
    def statistics(self) -> CodeTable:
        """The codes of at most `rows` test images, and simple statistics of these as factors."""
        from infoeval.evaluation.image_statistics import image_statistics

        return self._with_statistics("statistics", image_statistics)

    @cached_property
    def appearance(self) -> CodeTable:
        """The same codes, and the statistics that codes are named after."""
        from infoeval.evaluation.naming_statistics import naming_statistics

        return self._with_statistics("appearance", naming_statistics)

    def _with_statistics(
        self, factors: str, read: Callable[[NDArray[np.uint8]], pd.DataFrame]
    ) -> CodeTable:
        from infoeval.evaluation.generated_factors import varying_statistics

        if self.subject.rows is not None:
            raise NotApplicableError(f"factors={factors} needs a model, and images")
        self._check_encoder()
        test, rows = self.splits.test, self.options.rows
        codes = self.encode(test, rows).columns
        found, _ = varying_statistics(test.images[evenly_spaced(len(test), rows)], read)
        types = ["continuous"] * found.shape[1]
        return CodeTable.of(Rows(codes, found), self._code_types(codes), types)

    def generated_statistics(self, *, fixed_noise: bool = False) -> MeasuredTable:
        """Return random codes, and the same statistics of the images generated from them."""
        from infoeval.evaluation.generated_factors import measured_statistics

        if self.subject.generator is None:
            raise NotApplicableError("images=generated needs a model with a generator")
        return measured_statistics(self.subject.generator, self.context, fixed_noise=fixed_noise)

    def _check_encoder(self) -> None:
        """Raise `NotApplicableError` for a generator alone, before any images are loaded."""
        if self.subject.rows is None and not self.subject.has_encoder:
            raise NotApplicableError("the model has no encoder")

    @property
    def _factor_types(self) -> Sequence[str] | None:
        """The types of factors, by the options, else by the file or data set."""
        _, types = self.subject.column_types
        if self.subject.rows is None and self.splits.test.factors is not None:
            types = self.splits.test.factor_types or None
        return self.options.factor_types or types

    def _code_types(self, codes: pd.DataFrame) -> Sequence[str] | None:
        """Return the types of codes, by the options, else by the file, else by the model's priors.

        A code is an angle where its name is that of one.
        """
        given, _ = self.subject.column_types
        given = self.options.code_types or given
        space = self.subject.codes
        angles = {name for name, prior in (space or {}).items() if prior.is_circular}
        if given or not angles:
            return given
        return [
            "periodic" if column.name in angles and column.type == "continuous" else column.type
            for column in as_table(codes, None).codes
        ]

    def _rows(self, images: ImageSet, count: int | None, *, labels: bool = False) -> Rows:
        codes = self.encode(images, count).columns
        factors = factors_of(images, labels_first=labels)
        rows = evenly_spaced(len(images), count)
        return Rows(codes, None if factors is None else factors.iloc[rows].reset_index(drop=True))


def evenly_spaced(size: int, count: int | None) -> NDArray[np.intp]:
    """Return at most `count` of `size` rows, evenly spaced; None: all of them."""
    count = size if count is None else min(count, size)
    return np.linspace(0, size - 1, count).astype(int)
