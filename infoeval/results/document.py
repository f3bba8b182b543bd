"""The document of results: the one shape of ``infoeval score --json`` and of ``metrics.json``."""

import dataclasses
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic.dataclasses import dataclass

import infoeval
from infoeval.errors import UserError, shown
from infoeval.files import write_text
from infoeval.results.contract import (
    MOST_CODES,
    MOST_IMAGES,
    MOST_MODELS,
    RECORD,
    SCHEMA_VERSION,
    Name,
    Text,
    check_depth,
    clean,
    explain,
    parse_json,
    read_text,
    to_plain,
    wrong,
)
from infoeval.results.csv_tables import (
    DIFFERENCES,
    RESULTS,
    differences_csv,
    differences_rows,
    results_csv,
    results_rows,
)
from infoeval.results.file_entries import Image, Live
from infoeval.results.model_results import (
    Code,
    DataSet,
    ModelResults,
    OtherModel,
    codes_of,
    differing_readings,
    labels_of,
)
from infoeval.results.notebook_tables import differences_table, document_table
from infoeval.results.records import Difference, Result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Arrangement = Literal["one", "seeds", "comparison"]


class Document(ModelResults):
    """All results of one model on one image set, and what a report adds to them.

    ``subject`` describes the model, ``data`` the images, ``environment`` the machine (see
    :func:`environment`). A report adds the ``models`` beside this one, how they are arranged, the
    codes, image files and so on; those are written only where they were given. ``title`` and
    ``notes`` are the writer's own, ``paper`` is how much of the page is printed, ``definitions``
    says in a sentence what each metric is. Keys that are not known are kept.

    >>> document = Document(subject={"step": 3000}, data={"name": "mnist"}, environment={})
    >>> Document.from_json(document.to_json()) == document
    True
    """

    data: dict[str, Any]
    environment: dict[str, Any]
    results: tuple[Result, ...] = ()
    models: Annotated[tuple[OtherModel, ...], Field(max_length=MOST_MODELS)] = ()
    arrangement: Arrangement = "one"
    reason: Text | None = None
    codes: Annotated[tuple[Code, ...] | None, Field(max_length=MOST_CODES)] = None
    differences: tuple[Difference, ...] = ()
    differences_among_others: tuple[Difference, ...] = ()
    images: Annotated[tuple[Image, ...], Field(max_length=MOST_IMAGES)] = ()
    live: Live | None = None
    command: Text | None = None
    created: Text | None = None
    title: Text | None = None
    notes: Text | None = None
    paper: Literal["short", "full"] = "short"
    definitions: dict[Name, Text] = Field(default_factory=dict)

    @field_validator("data")
    @classmethod
    def _check_data(cls, data: dict[str, Any]) -> dict[str, Any]:
        DataSet.model_validate(data)
        return data

    @model_validator(mode="after")
    def _check_numbers(self) -> Self:
        """Check that code names differ, and that images and differences name models there are."""
        names = [code.name for code in self.codes or ()]
        if len(set(names)) < len(names):
            raise wrong("codes of different names", "codes")
        count = len(self.all_models)
        numbers = [(f"images[{i}]", image.model) for i, image in enumerate(self.images)]
        between = (*self.differences, *self.differences_among_others)
        numbers += [
            (f"differences[{i}]", max(difference.model, difference.base))
            for i, difference in enumerate(between)
        ]
        for place, number in numbers:
            if number >= count:
                raise wrong(f"the number of one of {count} models", f"{place}.model")
        return self

    def model_post_init(self, context: Any) -> None:
        """Number the models, and give each a label."""
        models = self.all_models
        for index, (model, label) in enumerate(zip(models, labels_of(models), strict=True)):
            model._index, model._label = index, label

    @property
    def all_models(self) -> tuple[ModelResults, ...]:
        """The model itself, which is shown first, and the others."""
        return self, *self.models

    @property
    def baselines(self) -> tuple[ModelResults, ...]:
        """The models trained without the information term."""
        return tuple(model for model in self.all_models if model.role == "baseline")

    @property
    def peers(self) -> tuple[ModelResults, ...]:
        """All models but the baselines: every seed, or everything compared."""
        return tuple(model for model in self.all_models if model.role != "baseline")

    @property
    def data_set(self) -> DataSet:
        """What is known of the data, as attributes."""
        return DataSet.model_validate(self.data)

    @property
    def all_codes(self) -> tuple[Code, ...]:
        """The codes as given, or those that the results have an entropy of."""
        return self.codes if self.codes is not None else codes_of(self.results)

    def code(self, name: str) -> Code | None:
        """Return the code of that name, or None."""
        return next((code for code in self.all_codes if code.name == name), None)

    def to_json(self) -> str:
        """Return the document as JSON: keys sorted, indented by 2, ending with a line end.

        The same document gives the same text. NumPy numbers and arrays are written as plain ones.
        Raises ValueError for a number that is not finite, TypeError for what JSON cannot hold;
        both name the place.
        """
        plain = self.model_dump(exclude_unset=True, warnings=False)
        whole = {"results": (), "skipped": (), **plain, "schema_version": SCHEMA_VERSION}
        return json.dumps(to_plain(whole, "document"), sort_keys=True, indent=2) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data in the shape of the JSON."""
        plain: dict[str, Any] = json.loads(self.to_json())
        return plain

    def to_csv(self) -> str:
        """Return CSV with a row for each result of each model."""
        return results_csv(self.all_models)

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame with a row for each result of each model, as `to_csv`."""
        import pandas as pd

        return pd.DataFrame(results_rows(self.all_models), columns=list(RESULTS))

    def figure(self, ax: "Axes | None" = None, metrics: Sequence[str] | None = None) -> "Axes":
        """Draw results as dots on their intervals, chance as a tick, and return the axes.

        Args:
            ax: matplotlib axes to draw on; None: new ones.
            metrics: names of those to draw; None: all of one unit, scores where there are any.

        Raises:
            UserError: a metric that was not measured, or nothing to draw.

        """
        from infoeval.results.dot_figure import draw_dots

        return draw_dots(self.all_models, metrics, ax)

    def report(self, output: str | os.PathLike[str], **options: Any) -> Path:
        """Write the page of these results, without images of the model, and return its path.

        `options` are those that a report of a metrics.json takes: `formats`, `figures`, `title`,
        `notes`, `paper`. Raises UserError where a file cannot be written.
        """
        return infoeval.report(self, Path(output), **options)

    def __repr__(self) -> str:
        return f"Document({self._said})"

    __str__ = __repr__

    @property
    def _said(self) -> str:
        """What was scored, and how much was found."""
        where = f" on {self.data_set.name}" if self.data_set.name else ""
        skipped = f", {len(self.skipped)} skipped" if self.skipped else ""
        more = f", {len(self.models)} more models" if self.models else ""
        return f"{self.identity.source}{where}: {len(self.results)} results{skipped}{more}"

    def _repr_html_(self) -> str:
        return document_table(self, self._said)

    @classmethod
    def from_json(cls, text: str) -> "Document":
        """Return the document of a JSON text.

        Raises UserError, in one line, when ``text`` is not JSON, holds a number that is not
        finite, has another ``schema_version``, or lacks or mistypes a field.
        """
        plain = parse_json(text)
        _check_version(plain)
        try:
            return _read(plain)
        except ValidationError as error:
            raise UserError(f"not a results document: {explain(error)}") from None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the document as JSON, atomically. Raises UserError where it cannot be written."""
        write_text(path, self.to_json())

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Document":
        """Return the document in a file. Raises UserError, naming the file, when there is none."""
        text = read_text(path)
        try:
            return cls.from_json(text)
        except UserError as error:
            raise UserError(f"cannot read {path}: {error}") from None

    @classmethod
    def for_page(cls, plain: Mapping[str, Any]) -> "Document":
        """Return the document of plain data, made safe to show.

        Unprintable characters become U+FFFD, and a result whose value is not finite counts as
        skipped, so that no page has to handle either.

        Raises UserError, in one line, when a key is missing, a value has the wrong type, or the
        schema version is not the one this release reads.
        """
        check_depth(plain)
        whole = clean(plain)
        if not isinstance(whole, dict):
            raise UserError("metrics.json: the file must be an object: write the file again")
        _check_version(whole)
        models = whole.get("models")
        for model in (whole, *(models if isinstance(models, list) else ())):
            _set_aside(model)
        try:
            return _read(whole)
        except ValidationError as error:
            raise UserError(f"metrics.json: {explain(error)}: write the file again") from None


@dataclass(frozen=True, config=RECORD)
class Comparison:
    """All results of two models or more, and the first model's differences from the others.

    `among_others` are the differences of every two of the others.
    """

    first: Document
    second: Document
    differences: tuple[Difference, ...]
    others: tuple[Document, ...] = ()
    among_others: tuple[Difference, ...] = ()

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents of all models, in the order given."""
        return self.first, self.second, *self.others

    @property
    def names(self) -> tuple[str, ...]:
        """What the models are called: "first", "second", "model 3" and so on."""
        return ("first", "second", *(f"model {3 + number}" for number in range(len(self.others))))

    @property
    def differing_readings(self) -> str:
        """Which batch-norm statistics each model was read with, where that differs."""
        documents = zip(self.names, self.documents, strict=True)
        return differing_readings({name: each.identity.batch_norm for name, each in documents})

    def to_dict(self) -> dict[str, Any]:
        """Return plain data in the shape of the JSON: with `others` for three models or more."""
        plain = [json.loads(document.to_json()) for document in self.documents]
        return {
            "schema_version": SCHEMA_VERSION,
            "first": plain[0],
            "second": plain[1],
            **({"others": plain[2:]} if self.others else {}),
            "differences": [dataclasses.asdict(difference) for difference in self.differences],
        }

    def to_json(self) -> str:
        """Return JSON: keys sorted, indented by 2, ending with a line end."""
        return json.dumps(self.to_dict(), sort_keys=True, indent=2, allow_nan=False) + "\n"

    def to_csv(self) -> str:
        """Return CSV with a row for each difference of the first model from another."""
        return differences_csv(self.differences)

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame with a row for each difference, as `to_csv`."""
        import pandas as pd

        return pd.DataFrame(differences_rows(self.differences), columns=list(DIFFERENCES))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the comparison as JSON, atomically. Raises UserError where it cannot be written."""
        write_text(path, self.to_json())

    def as_document(self) -> Document:
        """Return the document of the first model with the others and the differences in it."""
        names = ("subject", "data", "results", "skipped", "alignment")
        others = [
            {"role": "compared", **{name: getattr(document, name) for name in names}}
            for document in self.documents[1:]
        ]
        shown = {name: getattr(self.first, name) for name in (*names, "environment")}
        return Document(
            **shown,
            models=others,
            arrangement="comparison",
            differences=self.differences,
            differences_among_others=self.among_others,
        )

    def report(self, output: str | os.PathLike[str], **options: Any) -> Path:
        """Write the page of the comparison, without images of the models; see `Document.report`."""
        return self.as_document().report(output, **options)

    def figure(self, ax: "Axes | None" = None, metrics: Sequence[str] | None = None) -> "Axes":
        """Draw the results of all models; see `Document.figure`."""
        return self.as_document().figure(ax, metrics)

    def _repr_html_(self) -> str:
        return differences_table(self.as_document())

    def __repr__(self) -> str:
        sources = ", ".join(document.identity.source for document in self.documents)
        return f"Comparison({sources}: {len(self.differences)} differences)"


def environment(device: str) -> dict[str, Any]:
    """Return the software and the machine that compute: versions, platform, device, threads.

    PyTorch's version is read from its package data, so that it need not be imported.

    >>> sorted(environment("cpu"))
    ['device', 'infoeval', 'numpy', 'platform', 'python', 'threads', 'torch']
    """
    return {
        "infoeval": infoeval.__version__,
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch"),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "device": device,
        "threads": _threads(),
    }


def _threads() -> int:
    """Return the number of CPU threads of PyTorch, or the default where it is not loaded."""
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdecimal() and int(wanted) > 0 else os.cpu_count() or 1


def _check_version(plain: Mapping[str, Any]) -> None:
    version = plain.get("schema_version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise UserError("not a results document: 'schema_version' must be a whole number")
    if version != SCHEMA_VERSION:
        raise UserError(
            f"schema_version is {shown(version)}, this infoeval reads {SCHEMA_VERSION}; "
            "score the model again, or use the infoeval that wrote it"
        )


def _read(plain: Mapping[str, Any]) -> Document:
    """Return the document of plain data, in which the results must not be missing."""
    if "results" not in plain:
        raise UserError("not a results document: results is missing")
    return Document.model_validate(
        {name: value for name, value in plain.items() if name != "schema_version"}
    )


def _set_aside(model: object) -> None:
    """Move the results of a model that have no value to the skipped metrics."""
    if not isinstance(model, dict) or not isinstance(model.get("results"), list):
        return
    results, skipped = model["results"], model.get("skipped") or []
    empty = [item for item in results if _has_no_value(item)]
    if empty and isinstance(skipped, list):
        model["results"] = [item for item in results if not _has_no_value(item)]
        names = dict.fromkeys(str(item.get("metric")) for item in empty)
        reason = "its value is not a finite number"
        model["skipped"] = [*skipped, *({"metric": name, "reason": reason} for name in names)]


def _has_no_value(result: object) -> bool:
    return isinstance(result, dict) and result.get("value", 0) is None
