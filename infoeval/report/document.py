"""metrics.json, read into typed values; whatever is wrong with it becomes one clear line."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from infoeval.errors import UserError
from infoeval.report.details import Details, read_details
from infoeval.report.fields import Fields, clean, is_number
from infoeval.report.image_entries import Picture, read_pictures

__all__ = [
    "SCHEMA_VERSION",
    "Arrangement",
    "Code",
    "Difference",
    "Document",
    "History",
    "Model",
    "Result",
    "Role",
    "Subject",
    "read",
]

SCHEMA_VERSION = 1

OWN_BOUND = "mi-own"
INFORMATION = "mi"
ALL_CODES = "all codes"
"""The target of what all codes say together."""

Arrangement = Literal["one", "seeds", "comparison"]
Role = Literal["subject", "baseline", "seed", "compared"]
Kind = Literal["categorical", "continuous"]


@dataclass(frozen=True)
class Subject:
    """What the numbers are about: a checkpoint, codes in a file, or a user's model."""

    source: str
    sha256: str | None
    trainer: str | None
    variant: str | None
    step: int | None
    seed: int | None
    information_weight: float | None


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
    details: Details

    @property
    def asked(self) -> str:
        """The settings that were asked of the metric: "estimator=ksg", or nothing."""
        own = self.settings.get("own")
        if isinstance(own, Mapping):
            return ",".join(f"{name}={value}" for name, value in own.items())
        return str(own) if own else ""

    @property
    def name(self) -> str:
        """The metric as it was asked for: "mig:estimator=ksg"."""
        return f"{self.metric}:{self.asked}" if self.asked else self.metric

    @property
    def key(self) -> tuple[str, str, str | None]:
        """What the same number of two models has in common."""
        return self.metric, str(self.settings.get("own", "")), self.target


@dataclass(frozen=True)
class History:
    """Training curves: for each series one value (or None) a recorded step."""

    step: tuple[int, ...]
    series: Mapping[str, tuple[float | None, ...]]


@dataclass(frozen=True)
class Model:
    """A model with its results and how it was trained.

    ``index`` is what images name it by: 0 for the one shown first. ``skipped`` gives what was
    skipped together, and why.
    """

    index: int
    role: Role
    name: str
    subject: Subject
    results: tuple[Result, ...]
    skipped: tuple[tuple[str, str], ...]
    history: History | None
    training: Mapping[str, Any]

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
            if result.metric == INFORMATION and result.details.self_test is not None:
                return result
        return None

    def curve(self, series: str) -> tuple[float | None, ...] | None:
        """Return a training curve, or None where it has no number at all."""
        values = self.history.series.get(series) if self.history else None
        return values if values and any(value is not None for value in values) else None


@dataclass(frozen=True)
class Code:
    """A latent code; ``entropy`` is H(c) in nats, differential for a continuous one.

    ``low`` and ``high`` are the ends of a continuous prior, ``size`` the number of categories;
    None where metrics.json does not say.
    """

    name: str
    kind: Kind
    entropy: float
    description: str = ""
    low: float | None = None
    high: float | None = None
    size: int | None = None


@dataclass(frozen=True)
class Difference:
    """The model shown first less another, of one metric of one code, in its unit."""

    metric: str
    target: str | None
    model: int
    difference: float
    low: float | None
    high: float | None
    level: float | None


@dataclass(frozen=True)
class Document:
    """All that a page shows; the first of ``models`` is the one shown first."""

    models: tuple[Model, ...]
    arrangement: Arrangement
    reason: str | None
    data: Mapping[str, Any]
    environment: Mapping[str, Any]
    command: str | None
    created: str | None
    codes: tuple[Code, ...]
    differences: tuple[Difference, ...]
    pictures: tuple[Picture, ...] = field(default=())
    live: Fields | None = None

    @property
    def shown(self) -> Model:
        """The model that the page is about, or begins with."""
        return self.models[0]

    @property
    def baselines(self) -> tuple[Model, ...]:
        """The models trained without the information term."""
        return tuple(model for model in self.models if model.role == "baseline")

    @property
    def peers(self) -> tuple[Model, ...]:
        """All models but the baselines: every seed, or everything compared."""
        return tuple(model for model in self.models if model.role != "baseline")

    def code(self, name: str) -> Code | None:
        """Return the code of that name, or None."""
        return next((code for code in self.codes if code.name == name), None)


def read(document: Mapping[str, Any]) -> Document:
    """Check metrics.json and return it typed.

    Numbers that are not finite become None and unprintable characters U+FFFD, so nothing after
    this has to think of them.

    Raises UserError when a key is missing, a value has the wrong type, or the schema version is
    not the one this release reads.
    """
    whole = Fields(clean(document), "")
    version = whole.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise UserError(
            f"metrics.json: schema_version is {version!r}, and this infoeval reads "
            f"{SCHEMA_VERSION}: write the file again with this infoeval's report command"
        )
    others = whole.optional_objects("models")
    models = _named(
        [
            _model(whole, 0, "subject"),
            *(_model(item, number, _role(item)) for number, item in enumerate(others, 1)),
        ]
    )
    return Document(
        models=models,
        arrangement=cast(Arrangement, _arrangement(whole)),
        reason=whole.optional_text("reason"),
        data=_data(whole.object("data")),
        environment=whole.object("environment").values,
        command=whole.optional_text("command"),
        created=whole.optional_text("created"),
        codes=_codes(whole, models[0]),
        differences=tuple(
            _difference(item, len(models)) for item in whole.optional_objects("differences")
        ),
        pictures=read_pictures(whole.optional_objects("images"), len(models)),
        live=whole.optional_object("live"),
    )


def _arrangement(whole: Fields) -> str:
    if whole.values.get("arrangement") is None:
        return "one"
    return whole.choice("arrangement", ("one", "seeds", "comparison"))


def _role(fields: Fields) -> Role:
    return cast(Role, fields.choice("role", ("baseline", "seed", "compared")))


def _data(fields: Fields) -> Mapping[str, Any]:
    return {
        "name": fields.optional_text("name") or "no images",
        "split": fields.optional_text("split"),
        "n": fields.optional_integer("n"),
        "fingerprint": fields.optional_text("fingerprint"),
    }


def _model(fields: Fields, index: int, role: Role) -> Model:
    history = fields.optional_object("history")
    training = fields.optional_object("training")
    return Model(
        index=index,
        role=role,
        name=fields.optional_text("name") or "",
        subject=_subject(fields.object("subject")),
        results=tuple(_result(item) for item in fields.objects("results")),
        skipped=_skipped(fields),
        history=_history(history) if history else None,
        training=_training(training) if training else {},
    )


def _named(models: list[Model]) -> tuple[Model, ...]:
    """Give every model a name of its own: what tells it from the others, else what it is."""
    given = [model.name or _told_apart(model, models) for model in models]
    names = [
        name if given.count(name) == 1 else f"{name} ({number})"
        for number, name in enumerate(given, 1)
    ]
    return tuple(replace(model, name=name) for model, name in zip(models, names, strict=True))


def _told_apart(model: Model, models: list[Model]) -> str:
    """Name a model by its role, λ and seed: "this run, λ = 1", "seed 3", "runs/a/ckpt.pt"."""
    subject = model.subject
    if model.role == "compared" or any(other.role == "compared" for other in models):
        return subject.source
    seeds = [other for other in models if other.role != "baseline"]
    weight = subject.information_weight
    if len(seeds) > 1 and subject.seed is not None:
        words = f"seed {subject.seed}"
        return f"λ = {weight or 0:g}, {words}" if model.role == "baseline" else words
    words = "baseline" if model.role == "baseline" else "this run"
    return words if weight is None else f"{words}, λ = {weight:g}"


def _subject(fields: Fields) -> Subject:
    keys = [key for key in ("checkpoint", "codes", "model") if fields.values.get(key) is not None]
    source = fields.text(keys[0]) if keys else ", ".join(fields.texts("models")) or "a model"
    return Subject(
        source=source,
        sha256=fields.optional_text("sha256"),
        trainer=fields.optional_text("trainer"),
        variant=fields.optional_text("variant"),
        step=fields.optional_integer("step"),
        seed=fields.optional_integer("seed"),
        information_weight=fields.optional_number("information_weight"),
    )


def _training(fields: Fields) -> Mapping[str, Any]:
    return {
        "steps": fields.optional_integer("steps"),
        "batch": fields.optional_integer("batch"),
        "images_per_second": fields.optional_number("images_per_second"),
        "seconds": fields.optional_number("seconds"),
        "config": fields.values.get("config"),
    }


def _result(fields: Fields) -> Result:
    settings = fields.optional_object("settings")
    metric = fields.text("metric")
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
        higher_is_better=fields.optional_flag("higher_is_better"),
        settings=settings.values if settings else {},
        seconds=fields.optional_number("seconds"),
        reference=fields.optional_text("reference"),
        details=read_details(metric, fields.optional_object("details")),
    )


def _skipped(fields: Fields) -> tuple[tuple[str, str], ...]:
    """Every reason once, with the metrics that were skipped for it."""
    by_reason: dict[str, list[str]] = {}
    for item in fields.optional_objects("skipped"):
        by_reason.setdefault(item.text("reason"), []).append(item.text("metric"))
    return tuple((", ".join(metrics), reason) for reason, metrics in by_reason.items())


def _history(fields: Fields) -> History | None:
    steps = fields.numbers("step")
    series = {}
    for key in fields.values:
        values = fields.sequence(key)
        if len(values) != len(steps):
            raise fields.wrong(fields.where(key), f"as long as step, {len(steps)}")
        if not all(value is None or is_number(value) for value in values):
            raise fields.wrong(fields.where(key), "a list of numbers")
        series[key] = tuple(values)
    return History(tuple(int(step) for step in steps), series) if steps else None


def _codes(whole: Fields, model: Model) -> tuple[Code, ...]:
    """Return the codes as given, or those that the model's results tell an entropy of."""
    if whole.values.get("codes") is not None:
        return tuple(_code(item) for item in whole.objects("codes"))
    entropies: dict[str, float] = {}
    categorical = set()
    for result in model.results:
        name, details = result.target, result.details
        if name is None or name == ALL_CODES:
            continue
        if details.entropy is not None:
            entropies.setdefault(name, details.entropy)
        family = details.convergence.family if details.convergence else ""
        if details.clustering or details.kind == "categorical" or family == "softmax":
            categorical.add(name)
    return tuple(
        Code(name, "categorical" if name in categorical else "continuous", entropy)
        for name, entropy in entropies.items()
    )


def _code(fields: Fields) -> Code:
    return Code(
        name=fields.text("name"),
        kind=cast(Kind, fields.choice("kind", ("categorical", "continuous"))),
        entropy=fields.number("entropy"),
        description=fields.optional_text("description") or "",
        low=fields.optional_number("low"),
        high=fields.optional_number("high"),
        size=fields.optional_integer("size"),
    )


def _difference(fields: Fields, models: int) -> Difference:
    model = fields.integer("model", least=1)
    if model >= models:
        raise fields.wrong(fields.where("model"), f"the number of one of {models} models")
    return Difference(
        metric=fields.text("metric"),
        target=fields.optional_text("target"),
        model=model,
        difference=fields.number("difference"),
        low=fields.optional_number("low"),
        high=fields.optional_number("high"),
        level=fields.optional_number("level"),
    )
