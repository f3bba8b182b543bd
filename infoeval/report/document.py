"""metrics.json, read into typed values; whatever is wrong with it becomes one clear line."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from infoeval.errors import UserError

__all__ = [
    "SCHEMA_VERSION",
    "Clustering",
    "Code",
    "Document",
    "History",
    "Image",
    "Result",
    "Run",
    "Subject",
    "read",
]

SCHEMA_VERSION = 1

Model = Literal["subject", "baseline"]
Kind = Literal["categorical", "continuous"]

# A JSON file can hold integers that no float can.
_LARGEST = 2**63
# What neither XML nor UTF-8 can carry: control characters and lone surrogates.
_UNPRINTABLE = {
    point: "\ufffd"
    for point in (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
    if chr(point) not in "\t\n"
}


@dataclass(frozen=True)
class Subject:
    """The checkpoint that the numbers are about."""

    checkpoint: str
    sha256: str | None
    trainer: str | None
    variant: str | None
    step: int | None
    seed: int | None
    information_weight: float | None


@dataclass(frozen=True)
class Clustering:
    """How a categorical code sorts labelled real images.

    ``confusion[k][l]`` counts the images of class ``l`` that are given code ``k``;
    ``matching[k]`` is the class matched one-to-one to code ``k``, or -1.
    """

    confusion: tuple[tuple[int, ...], ...]
    matching: tuple[int, ...]
    class_names: tuple[str, ...]
    many_to_one: float | None
    many_to_one_low: float | None
    many_to_one_high: float | None
    fit_n: int | None


@dataclass(frozen=True)
class Result:
    """One number with its interval; None stands for what was not finite or not given."""

    metric: str
    target: str | None
    value: float | None
    low: float | None
    high: float | None
    level: float | None
    n: int | None
    unit: str | None
    higher_is_better: bool | None
    settings: Mapping[str, Any]
    seconds: float | None
    reference: str | None
    clustering: Clustering | None


@dataclass(frozen=True)
class History:
    """Training curves: for each series one value (or None) a recorded step."""

    step: tuple[int, ...]
    series: Mapping[str, tuple[float | None, ...]]


@dataclass(frozen=True)
class Run:
    """A checkpoint with its results and how it was trained."""

    subject: Subject
    results: tuple[Result, ...]
    history: History | None
    training: Mapping[str, Any]

    def find(self, metric: str, target: str) -> Result | None:
        """Return the result of a metric for a code, or None."""
        for result in self.results:
            if (result.metric, result.target) == (metric, target):
                return result
        return None

    def curve(self, series: str) -> tuple[float | None, ...] | None:
        """Return a training curve, or None where it has no number at all."""
        values = self.history.series.get(series) if self.history else None
        return values if values and any(value is not None for value in values) else None


@dataclass(frozen=True)
class Code:
    """A latent code; ``entropy`` is H(c) in nats, differential for a continuous one."""

    name: str
    kind: Kind
    entropy: float
    description: str


@dataclass(frozen=True)
class Image:
    """A grid of generated images in a PNG file beside metrics.json."""

    file: str
    model: Model
    code: str
    title: str
    caption: str
    rows: int
    columns: int
    column_labels: tuple[str, ...]
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Document:
    """All that a page shows; ``skipped`` gives what was skipped together, and why."""

    run: Run
    baseline: Run | None
    data: Mapping[str, Any]
    environment: Mapping[str, Any]
    skipped: tuple[tuple[str, str], ...]
    command: str | None
    created: str | None
    codes: tuple[Code, ...]
    images: tuple[Image, ...] = field(default=())


def read(document: Mapping[str, Any]) -> Document:
    """Check metrics.json and return it typed.

    Numbers that are not finite become None and unprintable characters U+FFFD, so nothing after
    this has to think of them.

    Raises UserError when a key is missing, a value has the wrong type, or the schema version is
    not the one this release reads.
    """
    whole = _Fields(_clean(document), "")
    version = whole.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise UserError(
            f"metrics.json: schema_version is {version!r}, and this infoeval reads "
            f"{SCHEMA_VERSION}: write the file again with this infoeval's report command"
        )
    baseline = whole.optional_object("baseline")
    data = whole.object("data")
    return Document(
        run=_run(whole),
        baseline=_run(baseline) if baseline else None,
        data={
            "name": data.text("name"),
            "split": data.optional_text("split"),
            "n": data.optional_integer("n"),
            "fingerprint": data.optional_text("fingerprint"),
        },
        environment=whole.object("environment").values,
        skipped=_skipped(whole),
        command=whole.optional_text("command"),
        created=whole.optional_text("created"),
        codes=tuple(_code(item) for item in whole.objects("codes")),
        images=tuple(_image(item) for item in whole.optional_objects("images")),
    )


class _Fields:
    """One object of metrics.json, read key by key; every complaint names the place."""

    def __init__(self, value: object, place: str) -> None:
        self.place = place
        if not isinstance(value, Mapping):
            raise self.wrong(place or "the file", "an object")
        self.values: Mapping[str, Any] = value

    def wrong(self, where: str, wanted: str) -> UserError:
        return UserError(f"metrics.json: {where} must be {wanted}: write the file again")

    def where(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def get(self, key: str) -> Any:
        if key not in self.values:
            raise UserError(
                f"metrics.json: {self.where(key)} is missing: "
                "make the file with `infoeval report`, which writes it whole"
            )
        return self.values[key]

    def text(self, key: str) -> str:
        value = self.get(key)
        if not isinstance(value, str):
            raise self.wrong(self.where(key), "text")
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.values.get(key) is None else self.text(key)

    def number(self, key: str) -> float:
        value = self.get(key)
        if not _is_number(value):
            raise self.wrong(self.where(key), "a finite number")
        return float(value)

    def optional_number(self, key: str) -> float | None:
        return None if self.values.get(key) is None else self.number(key)

    def integer(self, key: str) -> int:
        value = self.number(key)
        if not value.is_integer():
            raise self.wrong(self.where(key), "a whole number")
        return int(value)

    def optional_integer(self, key: str) -> int | None:
        return None if self.values.get(key) is None else self.integer(key)

    def optional_bool(self, key: str) -> bool | None:
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(self.where(key), "true or false")
        return value

    def object(self, key: str) -> "_Fields":
        return _Fields(self.get(key), self.where(key))

    def optional_object(self, key: str) -> "_Fields | None":
        return None if self.values.get(key) is None else self.object(key)

    def sequence(self, key: str) -> list[Any]:
        value = self.get(key)
        if not isinstance(value, list):
            raise self.wrong(self.where(key), "a list")
        return value

    def objects(self, key: str) -> "list[_Fields]":
        items = self.sequence(key)
        return [_Fields(item, f"{self.where(key)}[{i}]") for i, item in enumerate(items)]

    def optional_objects(self, key: str) -> "list[_Fields]":
        return [] if self.values.get(key) is None else self.objects(key)

    def texts(self, key: str) -> tuple[str, ...]:
        if self.values.get(key) is None:
            return ()
        values = self.sequence(key)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(self.where(key), "a list of texts")
        return tuple(values)

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.wrong(self.where(key), " or ".join(repr(item) for item in allowed))
        return value


def _clean(value: Any) -> Any:
    """Copy plain data, with None for numbers that are not finite and U+FFFD for odd characters."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) > _LARGEST:
        return None
    if isinstance(value, str):
        return value.translate(_UNPRINTABLE)
    if isinstance(value, Mapping):
        return {str(_clean(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _skipped(whole: "_Fields") -> tuple[tuple[str, str], ...]:
    """Every reason once, with the metrics that were skipped for it."""
    by_reason: dict[str, list[str]] = {}
    for item in whole.objects("skipped"):
        by_reason.setdefault(item.text("reason"), []).append(item.text("metric"))
    return tuple((", ".join(metrics), reason) for reason, metrics in by_reason.items())


def _run(fields: _Fields) -> Run:
    history = fields.optional_object("history")
    training = fields.optional_object("training")
    return Run(
        subject=_subject(fields.object("subject")),
        results=tuple(_result(item) for item in fields.objects("results")),
        history=_history(history) if history else None,
        training=_training(training) if training else {},
    )


def _subject(fields: _Fields) -> Subject:
    return Subject(
        checkpoint=fields.text("checkpoint"),
        sha256=fields.optional_text("sha256"),
        trainer=fields.optional_text("trainer"),
        variant=fields.optional_text("variant"),
        step=fields.optional_integer("step"),
        seed=fields.optional_integer("seed"),
        information_weight=fields.optional_number("information_weight"),
    )


def _training(fields: _Fields) -> Mapping[str, Any]:
    return {
        "steps": fields.optional_integer("steps"),
        "batch": fields.optional_integer("batch"),
        "images_per_second": fields.optional_number("images_per_second"),
        "config": fields.values.get("config"),
    }


def _result(fields: _Fields) -> Result:
    settings = fields.optional_object("settings")
    details = fields.optional_object("details")
    metric = fields.text("metric")
    clusters = metric == "cluster-acc" and details is not None and "confusion" in details.values
    return Result(
        metric=metric,
        target=fields.optional_text("target"),
        # A value that is null says "not finite"; one that is absent says "damaged file".
        value=None if fields.get("value") is None else fields.number("value"),
        low=fields.optional_number("low"),
        high=fields.optional_number("high"),
        level=fields.optional_number("level"),
        n=fields.optional_integer("n"),
        unit=fields.optional_text("unit"),
        higher_is_better=fields.optional_bool("higher_is_better"),
        settings=settings.values if settings else {},
        seconds=fields.optional_number("seconds"),
        reference=fields.optional_text("reference"),
        clustering=_clustering(details) if clusters and details else None,
    )


def _clustering(fields: _Fields) -> Clustering:
    rows = fields.sequence("confusion")
    matching = fields.sequence("matching")
    names = fields.texts("class_names")
    classes = len(rows[0]) if rows and isinstance(rows[0], list) else 0
    table = classes > 0 and all(
        isinstance(row, list)
        and len(row) == classes
        and all(isinstance(count, int) and _is_number(count) and count >= 0 for count in row)
        for row in rows
    )
    if not table:
        raise fields.wrong(fields.where("confusion"), "a table of counts, a row per code")
    matched = [cls for cls in matching if cls != -1]
    if (
        len(matching) != len(rows)
        or not all(isinstance(cls, int) and 0 <= cls < classes for cls in matched)
        or len(set(matched)) != len(matched)
    ):
        raise fields.wrong(fields.where("matching"), "a different class (or -1) for each code")
    if names and len(names) != classes:
        raise fields.wrong(fields.where("class_names"), f"{classes} names, one per class")
    return Clustering(
        confusion=tuple(tuple(row) for row in rows),
        matching=tuple(matching),
        class_names=names or tuple(str(cls) for cls in range(classes)),
        many_to_one=fields.optional_number("many_to_one"),
        many_to_one_low=fields.optional_number("many_to_one_low"),
        many_to_one_high=fields.optional_number("many_to_one_high"),
        fit_n=fields.optional_integer("fit_n"),
    )


def _history(fields: _Fields) -> History | None:
    steps = fields.sequence("step")
    if not all(_is_number(step) for step in steps):
        raise fields.wrong(fields.where("step"), "a list of numbers")
    series = {}
    for key in fields.values:
        values = fields.sequence(key)
        if len(values) != len(steps):
            raise fields.wrong(fields.where(key), f"as long as step, {len(steps)}")
        if not all(value is None or _is_number(value) for value in values):
            raise fields.wrong(fields.where(key), "a list of numbers")
        series[key] = tuple(values)
    return History(tuple(int(step) for step in steps), series) if steps else None


def _code(fields: _Fields) -> Code:
    return Code(
        name=fields.text("name"),
        kind=cast(Kind, fields.choice("kind", ("categorical", "continuous"))),
        entropy=fields.number("entropy"),
        description=fields.optional_text("description") or "",
    )


def _image(fields: _Fields) -> Image:
    image = Image(
        file=fields.text("file"),
        model=cast(Model, fields.choice("model", ("subject", "baseline"))),
        code=fields.text("code"),
        title=fields.text("title"),
        caption=fields.optional_text("caption") or "",
        rows=fields.integer("rows"),
        columns=fields.integer("columns"),
        column_labels=fields.texts("column_labels"),
        low=fields.optional_number("low"),
        high=fields.optional_number("high"),
    )
    if image.rows < 1 or image.columns < 1:
        raise fields.wrong(f"{fields.place}.rows and .columns", "at least 1")
    if image.column_labels and len(image.column_labels) != image.columns:
        raise fields.wrong(fields.where("column_labels"), f"{image.columns} texts, one per column")
    return image
