"""What all tables share."""

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from infoeval.results import Document, Result

__all__ = ["interval", "metric_of", "model_of", "name_of", "table"]


def table(*headers: str, right: bool = False) -> Table:
    """An empty table; `right` sets all columns but the first flush right."""
    made = Table(*headers, box=None, header_style="bold")
    for column in made.columns[1:] if right else []:
        column.justify = "right"
    return made


def interval(low: float | None, high: float | None, sign: str = "") -> str:
    """Both limits; "…" stands for a single one that is not known, and "–" for both.

    >>> interval(0.25, None)
    '0.2500 …'
    """
    if low is None and high is None:
        return "–"
    ends = ["" if end is None else f"{end:{sign}.4f}" for end in (low, high)]
    return " … ".join(ends).strip()


def name_of(target: str | None) -> str:
    """A name that other people gave: the terminal's markup is not theirs to use."""
    return escape(target or "")


def metric_of(result: "Result") -> str:
    """The name of a metric, with the settings that were asked for."""
    own = result.settings.get("own") or {}
    told = ",".join(f"{name}={value}" for name, value in own.items())
    return escape(f"{result.metric}:{told}" if told else result.metric)


def model_of(document: "Document") -> str:
    """What was scored: a checkpoint, a file of codes, or a function."""
    subject = document.subject
    return str(next(subject[key] for key in ("checkpoint", "codes", "model") if key in subject))
