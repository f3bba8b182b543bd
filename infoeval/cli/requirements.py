"""Requirements on results, such as cluster-acc:low>=0.9, which make a command a test of a model."""

import math
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from infoeval.cli.common import Decorator, metric_names
from infoeval.cli.output import note
from infoeval.errors import UserError, did_you_mean, listing, quoted, shown

if TYPE_CHECKING:
    from infoeval.results import Comparison, Document

_SIGNS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
# Names of factors may hold any sign: the last one counts, and no number has one.
_FORM = re.compile(r"(?P<what>.*[^<>=\s])\s*(?P<sign>[<>]=?)\s*(?P<number>[^<>=]+)", re.DOTALL)
_ENDS = ("low", "high")


@dataclass(frozen=True)
class Requirement:
    """A bound of a number: of its value, or of an end of its interval."""

    text: str
    what: str
    end: str
    sign: str
    bound: float

    def holds(self, number: float) -> bool:
        """Whether a number is within the bound."""
        return bool(_SIGNS[self.sign](number, self.bound))


@dataclass(frozen=True)
class RequiredNumber:
    """A number that a requirement can be about: by its metric's name, and with its target."""

    metric: str
    target: str | None
    value: float
    low: float | None
    high: float | None
    level: float | None
    beside: str = ""

    @property
    def label(self) -> str:
        """The name that is unlike all others, such as mi-own[digit]."""
        return f"{self.metric}[{self.target}]" if self.target is not None else self.metric

    def end(self, name: str) -> float | None:
        """Return the value, or the end of the interval that is called `name`."""
        number: float | None = getattr(self, name or "value")
        return number

    def __str__(self) -> str:
        between = ""
        if self.low is not None and self.high is not None and self.level is not None:
            between = f" ({100 * self.level:g} %: {self.low:.6g} to {self.high:.6g})"
        return f"{self.label}{self.beside} is {self.value:.6g}{between}"


def require_option(what: str) -> Decorator[Any]:
    """Return the decorator of `--require`, which is about the numbers that `what` tells."""
    return click.option(
        "--require",
        "requirements",
        metavar="METRIC[TARGET]:low>=NUMBER",
        multiple=True,
        callback=_checked,
        help=f"Exit with 1 unless {what} is that much, or by :low or :high that end of its "
        "interval; with >=, >, <= or <. May be repeated.",
    )


def _checked(context: click.Context, parameter: click.Parameter, texts: Any) -> Any:
    """Return the texts as they are, having read them before anything is computed."""
    del context, parameter
    for text in texts:
        parse(text)
    return texts


def parse(text: str) -> Requirement:
    """Return the requirement that a text makes. Raises UserError for one that cannot be read.

    >>> parse("mi-own[digit]:low >= 2.2")
    Requirement(text='mi-own[digit]:low >= 2.2', what='mi-own[digit]', end='low', sign='>=',
        bound=2.2)
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise UserError(f"--require {quoted(text)}: give e.g. cluster-acc>=0.95 or mi-own:low>2")
    what, _, end = match["what"].rpartition(":")
    if not what or end.strip() not in _ENDS:
        what, end = match["what"], ""
    try:
        bound = float(match["number"])
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        number = quoted(match["number"].strip())
        raise UserError(f"--require {quoted(text)}: {number} is no number; give e.g. 0.95")
    metric = re.split(r"[:\[]", what, maxsplit=1)[0].strip()
    known = metric_names()
    if not any(metric == name or metric.startswith(f"{name}-") for name in known):
        raise UserError(f"--require {quoted(text)}: no metric {did_you_mean(metric, known)}")
    return Requirement(text.strip(), what.strip(), end.strip(), match["sign"], bound)


def of_model(document: "Document") -> list[RequiredNumber]:
    """Return the numbers of a model."""
    return [
        RequiredNumber(each.name, each.target, each.value, each.low, each.high, each.level)
        for each in document.results
    ]


def of_differences(comparison: "Comparison") -> list[RequiredNumber]:
    """Return the differences of the first model from each other."""
    return [
        RequiredNumber(
            *(each.name, each.target, each.difference, each.low, each.high, each.level),
            f", the first less {comparison.names[each.model]},",
        )
        for each in comparison.differences
    ]


def all_met(
    requirements: Sequence[str], numbers: Sequence[RequiredNumber], documents: "Sequence[Document]"
) -> bool:
    """Return whether all requirements hold, having told each that does not, or that all do.

    Raises UserError for a number that was not measured, or has no interval; where its metric was
    skipped, the `documents` say why.
    """
    if not requirements:
        return True
    skipped = {each.metric: each.reason for model in documents for each in model.skipped}
    lines = []
    for requirement in map(parse, requirements):
        for number in _found(requirement, numbers, skipped):
            end = number.end(requirement.end)
            if end is None:
                raise UserError(f"--require {shown(requirement.text)}: {number}, with no interval")
            if not requirement.holds(end):
                lines.append(f"Not met: {requirement.text}: {number}")
                break
    many = len(requirements)
    met = "The requirement is met." if many == 1 else f"All {many} requirements are met."
    for line in lines or [met]:
        note(line)
    return not lines


def _found(
    requirement: Requirement, numbers: Sequence[RequiredNumber], skipped: dict[str, str]
) -> list[RequiredNumber]:
    """Return the numbers that a requirement is about: one, or one for each model compared.

    Raises UserError for none, and for a metric with several targets of which none is named.
    """
    start = f"--require {shown(requirement.text)}: "
    exact = [number for number in numbers if number.label == requirement.what]
    found = exact or [number for number in numbers if number.metric == requirement.what]
    labels = list(dict.fromkeys(number.label for number in found))
    if len(labels) > 1:
        raise UserError(f"{start}there are {listing(labels)}; give one of them")
    if found:
        return found
    for metric, reason in skipped.items():
        if requirement.what.partition("[")[0] == metric:
            raise UserError(f"{start}{metric} was skipped: {reason}")
    measured = list(dict.fromkeys(number.label for number in numbers)) or ["nothing"]
    raise UserError(f"{start}it was not measured; there is {listing(measured)}")
