"""A model with its results: what a document and the other models of a report share."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, get_args

from pydantic import PrivateAttr, field_validator

from infoeval.errors import UserError, did_you_mean, listing
from infoeval.results.contract import Count, Flag, Name, Number, Open, Text, Whole, wrong
from infoeval.results.records import Result, Skipped
from infoeval.results.result_details import (
    ALL_CODES,
    CLUSTER_ACCURACY,
    INFORMATION,
    OWN_BOUND,
    BoundDetails,
    Clustering,
    InformationDetails,
)

Role = Literal["subject", "baseline", "seed", "compared"]


class SubjectEntry(Open):
    """What was scored: a checkpoint, codes of a table, a user's model, or several models.

    ``code_names`` and ``factor_names`` are the columns of a table. ``batch_norm`` says which
    statistics an encoder normalised images by: "real", "generated" or "running".
    """

    checkpoint: Text | None = None
    codes: Text | None = None
    model: Text | None = None
    models: tuple[Text, ...] | None = None
    code_names: tuple[Name, ...] = ()
    factor_names: tuple[Name, ...] = ()
    sha256: Text | None = None
    trainer: Name | None = None
    variant: Name | None = None
    step: Whole | None = None
    seed: Whole | None = None
    information_weight: Number | None = None
    batch_norm: Name | None = None

    @property
    def source(self) -> str:
        """The path or name of what was scored."""
        given = (self.checkpoint, self.codes, self.model, ", ".join(self.models or ()) or None)
        return next((name for name in given if name is not None), "a model")


class DataSet(Open):
    """The images or rows that were scored.

    ``rows``: metrics of codes and factors read this many of the images, where they are fewer.
    ``notes``: what was found on the way to the images, such as folders in neither split.
    """

    name: Name | None = None
    split: Name | None = None
    n: Count | None = None
    rows: Count | None = None
    fingerprint: Name | None = None
    notes: tuple[Text, ...] = ()

    @property
    def label(self) -> str:
        """The name, or "no images"."""
        return self.name or "no images"


class Training(Open):
    """How a checkpoint was trained; ``config`` is its trainer as plain data."""

    steps: Whole | None = None
    batch: Whole | None = None
    images_per_second: Number | None = None
    seconds: Number | None = None
    config: Any = None


Kind = Literal["categorical", "continuous", "normal", "angle"]
KINDS = get_args(Kind)
"""Kinds of codes: of the priors of `infoeval.priors`."""


class Code(Open):
    """A latent code; ``entropy`` is H(c) in nats, differential unless it is categorical.

    ``kind`` is "continuous" for a uniform code, and where no more is known than that. ``low`` and
    ``high`` are the ends of a uniform prior, ``mean`` and ``deviation`` those of a normal one,
    ``size`` the number of categories.
    """

    name: Name
    kind: Kind
    entropy: Number
    description: Text = ""
    low: Number | None = None
    high: Number | None = None
    mean: Number | None = None
    deviation: Number | None = None
    size: Whole | None = None

    @property
    def limit(self) -> float | None:
        """The most information that the code can carry, nats; None: there is no such limit."""
        return self.entropy if self.kind == "categorical" else None


class AlignedCode(Open):
    """A ``code`` of the model shown first, and the model's ``own`` code that is most like it.

    ``agreement`` is |Spearman| of their values, the circular correlation of ranks of angles, and
    normalised mutual information of categories. ``turned``: the one falls where the other rises.
    """

    code: Name
    own: Name
    agreement: Number
    turned: Flag = False


def renamed(target: str, names: Mapping[str, str]) -> str:
    """Return the target of a result with its code by another name, where `names` has one.

    >>> names = {"a": "z"}
    >>> [renamed(target, names) for target in ("a", "a, shape", "a × slant", "b, a")]
    ['z', 'z, shape', 'z × slant', 'b, a']
    """
    for mark in ("\0", ", ", " × "):  # the whole first
        code, between, rest = target.partition(mark)
        if code in names:
            return f"{names[code]}{between}{rest}"
    return target


class Alignment(Open):
    """Which codes of a model are those of the model shown first, by the same ``n`` images."""

    n: Whole
    codes: tuple[AlignedCode, ...]


class ModelResults(Open):
    """A model with its results and how it was trained.

    ``subject`` describes the model and ``data`` the images, as plain data; :attr:`identity` and
    :attr:`data_set` have what is known of them as attributes. ``history`` holds the training
    curves: for each series one value (or None) a recorded step.
    """

    role: Role = "subject"
    name: Name | None = None
    subject: dict[str, Any]
    data: dict[str, Any] | None = None
    results: tuple[Result, ...]
    skipped: tuple[Skipped, ...] = ()
    history: dict[Name, tuple[Number | None, ...]] | None = None
    training: Training = Training()
    alignment: Alignment | None = None

    _index: int = PrivateAttr(0)
    _label: str = PrivateAttr("")

    @field_validator("subject")
    @classmethod
    def _check_subject(cls, subject: dict[str, Any]) -> dict[str, Any]:
        SubjectEntry.model_validate(subject)
        return subject

    @field_validator("history")
    @classmethod
    def _check_history(
        cls, history: dict[Name, tuple[Number | None, ...]] | None
    ) -> dict[Name, tuple[Number | None, ...]] | None:
        if history is None or not history:
            return history
        steps = history.get("step")
        if steps is None or any(step is None for step in steps):
            raise wrong("a list of finite numbers", "step")
        for name, values in history.items():
            if len(values) != len(steps):
                raise wrong(f"as long as step, {len(steps)}", name)
        return history

    @cached_property
    def _found(self) -> dict[tuple[str, str | None], Result]:
        """The first result of each metric and target."""
        return {(result.metric, result.target): result for result in reversed(self.results)}

    @property
    def index(self) -> int:
        """The number by which images and differences name the model: 0 for the one shown first."""
        return self._index

    @property
    def label(self) -> str:
        """A name that no other model of the document has."""
        return self._label

    @property
    def identity(self) -> SubjectEntry:
        """What is known of the subject, as attributes."""
        return SubjectEntry.model_validate(self.subject)

    @cached_property
    def _aligned(self) -> dict[str, AlignedCode]:
        return {each.code: each for each in self.alignment.codes} if self.alignment else {}

    def aligned(self, code: str) -> AlignedCode | None:
        """Return the model's code that is most like a code of the model shown first, or None."""
        return self._aligned.get(code)

    def counterpart(self, own: str) -> AlignedCode | None:
        """Return the code of the model shown first that a code of this model is most like."""
        codes = self.alignment.codes if self.alignment else ()
        return next((each for each in codes if each.own == own), None)

    def own_name(self, target: str | None) -> str | None:
        """Return what the model calls a code of the model shown first; other targets as given."""
        if target is None or not self._aligned:
            return target
        return renamed(target, {code: each.own for code, each in self._aligned.items()})

    def find(self, metric: str, target: str | None, options: str | None = None) -> Result | None:
        """Return the first result of a metric for a code, or None; with `options`, by these."""
        if options is None:
            return self._found.get((metric, target))
        key = metric, target, options
        return next((r for r in self.results if (r.metric, r.target, r.options) == key), None)

    def __getitem__(self, name: str) -> Result:
        """Return a result by its name: `scores["mig"]`; with a target: `scores["mi-own[digit]"]`.

        Raises UserError where there is none of that name, or where there are several.
        """
        found = {each.label: each for each in self.results if name in (each.label, each.name)}
        if len(found) > 1 and name not in found:
            raise UserError(f"{name} has several results; take one of {listing(list(found))}")
        if not found:
            labels = [each.label for each in self.results]
            close = did_you_mean(name, labels)
            raise UserError(f"no result {close}; there is {listing(labels or ['none'])}")
        return found.get(name) or next(iter(found.values()))

    def information(self, code: str) -> Result | None:
        """Return the information of a code: by a Q trained afterwards, else by the model's own."""
        return self.find(INFORMATION, code) or self.find(OWN_BOUND, code)

    def clustering(self, code: str) -> Clustering | None:
        """Return how a categorical code sorts labelled images, or None."""
        result = self.find(CLUSTER_ACCURACY, code)
        return result.clustering if result else None

    def joint_information(self) -> Result | None:
        """Return the information of all codes together, which has the self-test, or None."""
        for result in self.results:
            if result.information and result.information.self_test is not None:
                return result
        return None

    def curve(self, series: str) -> tuple[float | None, ...] | None:
        """Return a training curve, or None where it has no numbers."""
        values = self.history.get(series) if self.history else None
        return values if values and any(value is not None for value in values) else None

    @property
    def steps(self) -> tuple[int, ...]:
        """The recorded steps of the history."""
        return tuple(int(step) for step in (self.history or {}).get("step", ()) if step is not None)

    def skipped_by_reason(self) -> dict[str, str]:
        """Return every reason once, with the metrics that were skipped for it."""
        metrics: dict[str, list[str]] = {}
        for skipped in self.skipped:
            metrics.setdefault(skipped.reason, []).append(skipped.metric)
        return {reason: ", ".join(names) for reason, names in metrics.items()}


class OtherModel(ModelResults):
    """A model that a report compares with the first."""

    role: Literal["baseline", "seed", "compared"]


READINGS = {
    "real": "estimated on real training images",
    "generated": "estimated on generated images",
    "running": "those of its own training",
}


def differing_readings(batch_norm: Mapping[str, str | None]) -> str:
    """Return which batch-norm statistics models were read with, where that differs; else nothing.

    `batch_norm` has those of each model by its name; None where it has no batch norm, and is read
    in the same way whatever the statistics.

    >>> differing_readings({"a": "real", "b": "real", "c": None})
    ''
    """
    known = {name: how for name, how in batch_norm.items() if how is not None}
    if len(set(known.values())) < 2:
        return ""
    each = (f"{name}: {READINGS.get(how, how)}" for name, how in known.items())
    return f"images were read with different batch-norm statistics: {'; '.join(each)}"


def labels_of(models: Sequence[ModelResults]) -> list[str]:
    """Return a label for each model: its name, or what sets it apart from the others."""
    labels = [model.name or _set_apart(model, models) for model in models]
    counts = Counter(labels)
    return [
        label if counts[label] == 1 else f"{label} ({number})"
        for number, label in enumerate(labels, 1)
    ]


def _set_apart(model: ModelResults, models: Sequence[ModelResults]) -> str:
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


def codes_of(results: Sequence[Result]) -> tuple[Code, ...]:
    """Return the codes whose entropy the results give."""
    entropies: dict[str, float] = {}
    kinds: dict[str, Any] = {}
    for result in results:
        name, details = result.target, result.typed
        if name is None or name == ALL_CODES:
            continue
        if isinstance(details, BoundDetails) and details.entropy is not None:
            entropies.setdefault(name, details.entropy)
        family = details.family if isinstance(details, InformationDetails) else ""
        kind = details.kind if isinstance(details, BoundDetails) else None
        if result.clustering or family == "softmax":
            kind = "categorical"
        if kind in KINDS:
            kinds.setdefault(name, kind)
    return tuple(
        Code(
            name=name,
            kind=kinds.get(name, "continuous"),
            entropy=entropy,
        )
        for name, entropy in entropies.items()
    )
