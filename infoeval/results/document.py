"""The document of results: the one shape of ``infoeval score --json`` and of ``metrics.json``."""

import dataclasses
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from pydantic import PrivateAttr, ValidationError, field_validator, model_validator
from pydantic.dataclasses import dataclass

import infoeval
from infoeval.errors import UserError
from infoeval.files import write_text
from infoeval.results.contract import (
    RECORD,
    SCHEMA_VERSION,
    Count,
    Number,
    Open,
    Whole,
    clean,
    explain,
    parse_json,
    read_text,
    to_plain,
    wrong,
)
from infoeval.results.details import ALL_CODES, INFORMATION, OWN_BOUND, BoundDetails, Information
from infoeval.results.image_entries import Image
from infoeval.results.live_entry import Live
from infoeval.results.records import Difference, Result, Skipped

__all__ = [
    "Arrangement",
    "Code",
    "Comparison",
    "DataSet",
    "Document",
    "Model",
    "OtherModel",
    "Role",
    "Subject",
    "Training",
    "environment",
]

Arrangement = Literal["one", "seeds", "comparison"]
Role = Literal["subject", "baseline", "seed", "compared"]


class Subject(Open):
    """What the numbers are about: a checkpoint, codes in a file, a user's model, or several."""

    checkpoint: str | None = None
    codes: str | None = None
    model: str | None = None
    models: tuple[str, ...] | None = None
    sha256: str | None = None
    trainer: str | None = None
    variant: str | None = None
    step: Whole | None = None
    seed: Whole | None = None
    information_weight: Number | None = None

    @property
    def source(self) -> str:
        """The path or the name of what was scored."""
        given = (self.checkpoint, self.codes, self.model, ", ".join(self.models or ()) or None)
        return next((name for name in given if name is not None), "a model")


class DataSet(Open):
    """The images or rows that were scored."""

    name: str | None = None
    split: str | None = None
    n: Count | None = None
    fingerprint: str | None = None

    @property
    def label(self) -> str:
        """The name, or that there are no images."""
        return self.name or "no images"


class Training(Open):
    """How a checkpoint was trained; ``config`` is its trainer as plain data."""

    steps: Whole | None = None
    batch: Whole | None = None
    images_per_second: Number | None = None
    seconds: Number | None = None
    config: Any = None


class Code(Open):
    """A latent code; ``entropy`` is H(c) in nats, differential for a continuous one.

    ``low`` and ``high`` are the ends of a continuous prior, ``size`` the number of categories.
    """

    name: str
    kind: Literal["categorical", "continuous"]
    entropy: Number
    description: str = ""
    low: Number | None = None
    high: Number | None = None
    size: Whole | None = None


class Model(Open):
    """A model with its results and how it was trained.

    ``subject`` describes the model and ``data`` the images, as plain data; :attr:`identity` and
    :attr:`data_set` have what is known of them as attributes. ``history`` holds the training
    curves: for each series one value (or None) a recorded step.
    """

    role: Role = "subject"
    name: str | None = None
    subject: dict[str, Any]
    data: dict[str, Any] | None = None
    results: tuple[Result, ...]
    skipped: tuple[Skipped, ...] = ()
    history: dict[str, tuple[Number | None, ...]] | None = None
    training: Training = Training()

    _index: int = PrivateAttr(0)
    _label: str = PrivateAttr("")

    @field_validator("subject")
    @classmethod
    def _check_subject(cls, subject: dict[str, Any]) -> dict[str, Any]:
        Subject.model_validate(subject)
        return subject

    @field_validator("history")
    @classmethod
    def _check_history(
        cls, history: dict[str, tuple[Number | None, ...]] | None
    ) -> dict[str, tuple[Number | None, ...]] | None:
        if history is None or not history:
            return history
        steps = history.get("step")
        if steps is None or any(step is None for step in steps):
            raise wrong("a list of finite numbers", "step")
        for name, values in history.items():
            if len(values) != len(steps):
                raise wrong(f"as long as step, {len(steps)}", name)
        return history

    @property
    def index(self) -> int:
        """The number that images and differences name it by: 0 for the one shown first."""
        return self._index

    @property
    def label(self) -> str:
        """A name that no other model of the document has."""
        return self._label

    @property
    def identity(self) -> Subject:
        """What is known of the subject, as attributes."""
        return Subject.model_validate(self.subject)

    def find(self, metric: str, target: str | None) -> Result | None:
        """Return the result of a metric for a code, or None."""
        for result in self.results:
            if (result.metric, result.target) == (metric, target):
                return result
        return None

    def information(self, code: str) -> Result | None:
        """Return the information of a code: by a Q trained afterwards, else by its own."""
        return self.find(INFORMATION, code) or self.find(OWN_BOUND, code)

    def together(self) -> Result | None:
        """Return the estimate that has the self-test and the leakage of all codes."""
        for result in self.results:
            if result.information and result.information.self_test is not None:
                return result
        return None

    def curve(self, series: str) -> tuple[float | None, ...] | None:
        """Return a training curve, or None where it has no number at all."""
        values = self.history.get(series) if self.history else None
        return values if values and any(value is not None for value in values) else None

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that the history has records of."""
        return tuple(int(step) for step in (self.history or {}).get("step", ()) if step is not None)

    def skipped_by_reason(self) -> dict[str, str]:
        """Return every reason once, with the metrics that were skipped for it."""
        metrics: dict[str, list[str]] = {}
        for skipped in self.skipped:
            metrics.setdefault(skipped.reason, []).append(skipped.metric)
        return {reason: ", ".join(names) for reason, names in metrics.items()}


class OtherModel(Model):
    """A model that a report shows beside the first."""

    role: Literal["baseline", "seed", "compared"]


class Document(Model):
    """All results of one model on one image set, and what a report adds to them.

    ``subject`` describes the model, ``data`` the images, ``environment`` the machine (see
    :func:`environment`). A report adds the ``models`` beside this one, how they are arranged, the
    codes, image files and so on; those are written only where they were given. Keys that are not
    known are kept.

    >>> document = Document(subject={"step": 3000}, data={"name": "mnist"}, environment={})
    >>> Document.from_json(document.to_json()) == document
    True
    """

    data: dict[str, Any]
    environment: dict[str, Any]
    results: tuple[Result, ...] = ()
    models: tuple[OtherModel, ...] = ()
    arrangement: Arrangement = "one"
    reason: str | None = None
    codes: tuple[Code, ...] | None = None
    differences: tuple[Difference, ...] = ()
    images: tuple[Image, ...] = ()
    live: Live | None = None
    command: str | None = None
    created: str | None = None

    @field_validator("data")
    @classmethod
    def _check_data(cls, data: dict[str, Any]) -> dict[str, Any]:
        DataSet.model_validate(data)
        return data

    @model_validator(mode="after")
    def _check_numbers(self) -> Self:
        """Images and differences are of models that there are."""
        count = len(self.all_models)
        numbers = [(f"images[{i}]", image.model) for i, image in enumerate(self.images)]
        numbers += [
            (f"differences[{i}]", difference.model) for i, difference in enumerate(self.differences)
        ]
        for place, number in numbers:
            if number >= count:
                raise wrong(f"the number of one of {count} models", f"{place}.model")
        return self

    def model_post_init(self, context: Any) -> None:
        """Number the models, and give each a label."""
        models = self.all_models
        for index, (model, label) in enumerate(zip(models, _labels(models), strict=True)):
            model._index, model._label = index, label

    @property
    def all_models(self) -> tuple[Model, ...]:
        """The model itself, which is shown first, and those beside it."""
        return self, *self.models

    @property
    def baselines(self) -> tuple[Model, ...]:
        """The models trained without the information term."""
        return tuple(model for model in self.all_models if model.role == "baseline")

    @property
    def peers(self) -> tuple[Model, ...]:
        """All models but the baselines: every seed, or everything compared."""
        return tuple(model for model in self.all_models if model.role != "baseline")

    @property
    def data_set(self) -> DataSet:
        """What is known of the data, as attributes."""
        return DataSet.model_validate(self.data)

    @property
    def all_codes(self) -> tuple[Code, ...]:
        """The codes as given, or those that the results have an entropy of."""
        return self.codes if self.codes is not None else _codes_of(self.results)

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

    @classmethod
    def from_json(cls, text: str) -> "Document":
        """Return the document of a text.

        Raises UserError, in one line, when ``text`` is not JSON, holds a number that is not
        finite, has another ``schema_version``, or lacks or mistypes a field.
        """
        plain = parse_json(text)
        _check_version(plain)
        try:
            return _read(plain)
        except ValidationError as error:
            raise UserError(f"not a results document: {explain(error)}") from None

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the document atomically. Raises UserError when the place cannot be written."""
        write_text(path, self.to_json())

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Document":
        """Return the document in a file. Raises UserError, naming the file, when it is none."""
        text = read_text(path)
        try:
            return cls.from_json(text)
        except UserError as error:
            raise UserError(f"cannot read {path}: {error}") from None

    @classmethod
    def for_page(cls, plain: Mapping[str, Any]) -> "Document":
        """Return the document of plain data, whatever stands in its texts, to be shown.

        Unprintable characters become U+FFFD, and a result whose value is not finite counts as
        skipped: nothing that shows the document has to think of them.

        Raises UserError, in one line, when a key is missing, a value has the wrong type, or the
        schema version is not the one this release reads.
        """
        try:
            whole = clean(plain)
        except RecursionError:
            raise UserError("metrics.json: nested too deeply") from None
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
    """All results of two models or more, and the differences of those that the first shares."""

    first: Document
    second: Document
    differences: tuple[Difference, ...]
    others: tuple[Document, ...] = ()

    @property
    def documents(self) -> tuple[Document, ...]:
        """Those of all models, in the order given."""
        return self.first, self.second, *self.others

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


def environment(device: str) -> dict[str, Any]:
    """Return what computed the results: versions, platform, ``device``, CPU threads.

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


def _check_version(plain: Mapping[str, Any]) -> None:
    version = plain.get("schema_version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise UserError("not a results document: 'schema_version' must be a whole number")
    if version != SCHEMA_VERSION:
        raise UserError(
            f"schema_version is {version}, this infoeval reads {SCHEMA_VERSION}; "
            "score the model again, or use the infoeval that wrote it"
        )


def _read(plain: Mapping[str, Any]) -> Document:
    """Return the document of plain data, in which the results have to be there."""
    if "results" not in plain:
        raise UserError("not a results document: results is missing")
    return Document.model_validate(
        {name: value for name, value in plain.items() if name != "schema_version"}
    )


def _set_aside(model: object) -> None:
    """Move the results of a model that have no value to what was skipped."""
    if not isinstance(model, dict) or not isinstance(model.get("results"), list):
        return
    results, skipped = model["results"], model.get("skipped") or []
    empty = [one for one in results if isinstance(one, dict) and one.get("value", 0) is None]
    if empty and isinstance(skipped, list):
        model["results"] = [one for one in results if one not in empty]
        names = dict.fromkeys(str(one.get("metric")) for one in empty)
        reason = "its value is not a finite number"
        model["skipped"] = [*skipped, *({"metric": name, "reason": reason} for name in names)]


def _labels(models: Sequence[Model]) -> list[str]:
    """Return a label for each model: its name, or what sets it apart from the others."""
    labels = [model.name or _set_apart(model, models) for model in models]
    return [
        label if labels.count(label) == 1 else f"{label} ({number})"
        for number, label in enumerate(labels, 1)
    ]


def _set_apart(model: Model, models: Sequence[Model]) -> str:
    """Return a model's role, λ and seed: "this run, λ = 1", "seed 3", "runs/a/ckpt.pt"."""
    subject = model.identity
    if any(other.role == "compared" for other in models):
        return subject.source
    seeds = [other for other in models if other.role != "baseline"]
    weight = subject.information_weight
    if len(seeds) > 1 and subject.seed is not None:
        seed = f"seed {subject.seed}"
        return f"λ = {weight or 0:g}, {seed}" if model.role == "baseline" else seed
    words = "baseline" if model.role == "baseline" else "this run"
    return words if weight is None else f"{words}, λ = {weight:g}"


def _codes_of(results: Sequence[Result]) -> tuple[Code, ...]:
    """Return the codes that results have an entropy of."""
    entropies: dict[str, float] = {}
    categorical = set()
    for result in results:
        name, details = result.target, result.typed
        if name is None or name == ALL_CODES:
            continue
        if isinstance(details, BoundDetails) and details.entropy is not None:
            entropies.setdefault(name, details.entropy)
        family = details.family if isinstance(details, Information) else ""
        kind = details.kind if isinstance(details, BoundDetails) else None
        if result.clustering or kind == "categorical" or family == "softmax":
            categorical.add(name)
    return tuple(
        Code(
            name=name,
            kind="categorical" if name in categorical else "continuous",
            entropy=entropy,
        )
        for name, entropy in entropies.items()
    )


def _threads() -> int:
    """Return the number of CPU threads: PyTorch's where it runs, else what it would take."""
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdecimal() and int(wanted) > 0 else os.cpu_count() or 1
