"""Which of the models compared is best at what, by how much, with the difference's interval."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from infoeval.reporting.tables import EstimateCell, Kind, estimate, parts
from infoeval.reporting.wording import (
    MISSING,
    between,
    count_of,
    in_brackets,
    in_words,
    listed,
    minus,
    two_decimals,
)
from infoeval.results import Difference, Document, ModelResults
from infoeval.results.result_details import (
    ALL_CODES,
    CLUSTER_ACCURACY,
    CODE_FACTORS,
    INFORMATION,
    OWN_BOUND,
)

MOST_ROWS = 5
"""Numbers that have a row on the first screen."""
_MOST = {"information": 2, "classes": 1, "factors": 3, "summary": 2}
"""Of each group of numbers, those that have a row."""
_WORDS = {
    "mig": "One code a factor (mig)",
    "dci-disentanglement": "One factor a code (dci)",
    "code-factors": "Best pairs (code-factors)",
    "mcc": "Best pairs (mcc)",
    "quality-fd": "Fréchet distance of images",
    "quality-kid": "Kernel distance of images",
}
"""Numbers that summarise a model, in the order of their rows."""
_NO_MERIT = ("image-effects", "kl", "active-units", "region-changes", "direction-")
"""Beginnings of metrics that describe a model, and of which more is not better."""
_MOST_NAMED = 3
"""Models that a sentence names."""


class Quantity(NamedTuple):
    """A metric with the options that were asked of it, and its target."""

    metric: str
    options: str
    target: str | None


@dataclass(frozen=True)
class Standing:
    """One number of all models; ``best`` are those that no other one is shown to be better than.

    ``cells`` has an entry for each model, None where it has no such number. ``decided``: one model
    is shown to be better than every other that has the number. ``text`` says so, with the interval.
    """

    what: str
    kind: Kind
    cells: tuple[EstimateCell | None, ...]
    best: frozenset[int]
    decided: bool
    text: str

    def written(self, cell: EstimateCell | None) -> tuple[str, str]:
        """Return a cell as text: its value and its interval."""
        value, limits = parts(cell, "percent" if self.kind == "percent" else "nats")
        return value, limits or ("" if cell is None else MISSING)


def standings(document: Document) -> tuple[Standing, ...]:
    """Return the numbers that tell most about the models, each with its best ones."""
    table = _Differences(document)
    chosen = [number for group in _groups(table) for number in group][:MOST_ROWS]
    return tuple(_standing(document, table, number) for number in chosen)


def tally(document: Document) -> str:
    """Return in how many of all numbers each model is shown to be best; nothing without any."""
    table = _Differences(document)
    winners = [table.judged(number) for number in table.numbers if number in table.known]
    if not winners:
        return ""
    won = Counter(each.first for each in winners if each.decided)
    counts = {model.label: won[model.index] for model in document.all_models}
    leaders = [f"{label} in {in_words(count)}" for label, count in counts.items() if count]
    total, decided = count_of(len(winners), "number"), sum(counts.values())
    if not leaders:
        return f"In none of {total} is one model shown to be better than every other."
    verb = "has" if decided == 1 else "have"
    head = f"Of {total}, {in_words(decided)} {verb} one best model"
    if decided == len(winners):
        return f"Each of {total} has one best model: {listed(leaders)}."
    rest = in_words(len(winners) - decided)
    return f"{head}: {listed(leaders)}; in the other {rest} none is shown to be best."


Lead = tuple[float, float, float]
"""By how much a model is better than another, with the limits."""


@dataclass(frozen=True)
class _Judged:
    """The ``first`` model by one number, and its lead over each other one, None where not known."""

    first: int
    leads: Mapping[int, Lead | None]

    @property
    def open(self) -> list[int]:
        """The models that the first is not shown to be better than."""
        return [model for model, lead in self.leads.items() if lead is None or lead[1] <= 0]

    @property
    def decided(self) -> bool:
        """Whether the first is shown to be better than every other."""
        return bool(self.leads) and not self.open


class _Differences:
    """The differences of every two models, and in which direction each metric is better.

    ``numbers`` are those that models were compared by, ``known`` those with any interval.
    """

    def __init__(self, document: Document) -> None:
        self.by_pair: dict[tuple[Quantity, int, int], Difference] = {}
        self.values: dict[Quantity, dict[int, float]] = {}
        for each in (*document.differences, *document.differences_among_others):
            if each.metric.startswith(_NO_MERIT):
                continue
            number = Quantity(each.metric, each.options, each.target)
            self.by_pair.setdefault((number, each.base, each.model), each)
            values = self.values.setdefault(number, {})
            values.setdefault(each.base, each.first)
            values.setdefault(each.model, each.second)
        self.numbers = tuple(self.values)
        self.known = {
            number
            for (number, _, _), each in self.by_pair.items()
            if each.low is not None and each.high is not None
        }
        results = [result for model in document.all_models for result in model.results]
        self.higher = {result.metric: result.higher_is_better for result in results}
        self.units = {result.metric: result.unit for result in results}

    def judged(self, number: Quantity) -> _Judged:
        """Return which model has the best value of a number, and by how much it leads."""
        values = self.values[number]
        sign = 1 if self.higher.get(number.metric, True) else -1
        first = max(values, key=lambda model: (sign * values[model], -model))
        others = (model for model in values if model != first)
        return _Judged(first, {model: self._lead(number, first, model) for model in others})

    def _lead(self, number: Quantity, ours: int, theirs: int) -> Lead | None:
        """Return by how much a model is better than another, with the limits; None: not known."""
        each = self.by_pair.get((number, ours, theirs)) or self.by_pair.get((number, theirs, ours))
        turned = (number, ours, theirs) not in self.by_pair
        if each is None or each.low is None or each.high is None:
            return None
        if turned != (not self.higher.get(number.metric, True)):
            return -each.difference, -each.high, -each.low
        return each.difference, each.low, each.high


def _groups(table: _Differences) -> Iterator[Sequence[Quantity]]:
    """Yield what has a row: information, classes, factors, summaries."""
    metric = INFORMATION if any(n.metric == INFORMATION for n in table.numbers) else OWN_BOUND
    codes = [number for number in table.numbers if number.metric == metric]
    single = [number for number in codes if number.target != ALL_CODES]
    few = len({number.target for number in single}) <= _MOST["information"]
    yield single if few else [number for number in codes if number.target == ALL_CODES]
    classes = [number for number in table.numbers if number.metric == CLUSTER_ACCURACY]
    yield classes[: _MOST["classes"]]
    factors = [n for n in table.numbers if n.metric == CODE_FACTORS and n.target is not None]
    strongest = sorted(factors, key=lambda number: -max(table.values[number].values()))
    chosen = strongest[: _MOST["factors"]]
    yield [number for number in factors if number in chosen]
    whole = [number for number in table.numbers if number.target is None]
    summaries = [metric for metric in _WORDS if any(n.metric == metric for n in whole)]
    for metric in summaries[: _MOST["summary"]]:
        yield [number for number in whole if number.metric == metric]


def _standing(document: Document, table: _Differences, number: Quantity) -> Standing:
    metric = number.metric
    judged, values = table.judged(number), table.values[number]
    kind: Kind = "percent" if metric == CLUSTER_ACCURACY else "number"
    if table.units.get(metric) == "nats":
        kind = "nats"
    models = document.all_models
    return Standing(
        what=f"{_what(metric, number.target)}{in_brackets(number.options)}",
        kind=kind,
        cells=tuple(_cell(model, number, values.get(model.index)) for model in models),
        best=frozenset({judged.first, *judged.open}),
        decided=judged.decided,
        text=_text([model.label for model in models], judged, kind),
    )


def _text(labels: Sequence[str], judged: _Judged, kind: Kind) -> str:
    """Return which model is best, by how much; else that no difference is shown."""
    first = labels[judged.first]
    unknown = [labels[index] for index in judged.open if judged.leads[index] is None]
    if unknown:
        return f"not known: no interval of the difference of {_few([first, *unknown])}"
    leads = {index: lead for index, lead in judged.leads.items() if lead is not None}
    closest = min(judged.open or leads, key=lambda index: leads[index][0])
    lead, *limits = leads[closest]
    ends = between(limits[0], limits[1], partial(_plain, kind=kind))
    if judged.decided:
        unit = {"percent": " points", "nats": " nats"}.get(kind, "")
        ahead = f"{_plain(lead, kind=kind)}{unit} ahead of {labels[closest]}"
        return f"{first}, {ahead}{in_brackets(ends)}"
    level = [labels[index] for index in judged.open]
    aside = in_brackets(f"{_plain(lead, kind=kind)}, {ends}") if len(level) == 1 else ""
    return f"no difference shown between {_few([first, *level])}{aside}"


def _few(labels: Sequence[str]) -> str:
    """Return all, or the first and how many others."""
    if len(labels) <= _MOST_NAMED:
        return listed(labels)
    return f"{labels[0]} and {in_words(len(labels) - 1)} others"


def _plain(value: float, *, kind: Kind) -> str:
    return minus(f"{100 * value:.1f}") if kind == "percent" else two_decimals(value)


def _what(metric: str, target: str | None) -> str:
    """Return what a number is, in words where there are some."""
    if metric in (INFORMATION, OWN_BOUND):
        reader = ", by its own Q" if metric == OWN_BOUND else ""
        return f"Information, {target}{reader}"
    if metric == CLUSTER_ACCURACY:
        return f"Classes told by {target}"
    if metric == CODE_FACTORS and target is not None:
        return f"{target}, by the best code"
    return _WORDS[metric] if target is None and metric in _WORDS else metric


def _cell(model: ModelResults, number: Quantity, value: float | None) -> EstimateCell | None:
    """Return the value with its interval, of the model's own result where that is the one."""
    own = model.own_name(number.target)
    alike = [r for r in model.results if (r.metric, r.value) == (number.metric, value)]
    alike.sort(key=lambda result: result.options != number.options)  # older files tell none
    result = next((r for r in alike if r.pair is not None or r.target == own), None)
    return estimate(result) or (None if value is None else EstimateCell(value))
