"""The metrics of a model, by name, and how one is asked for."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from infoeval.errors import UserError
from infoeval.metrics.registry import Kind, all_metrics, find, names

__all__ = [
    "ALL_METRICS",
    "CHECKPOINTS",
    "CLUSTERING",
    "INFORMATION",
    "LABELS",
    "MODELS",
    "NEED_LABELS",
    "OWN",
    "REAL_IMAGES",
    "SORTING",
    "TABLE",
    "UNSUPERVISED",
    "Asked",
    "Entry",
    "catalogue",
    "parse",
]

INFORMATION = "mi"
OWN = "mi-own"
SORTING = "real-sorting"
LABELS = "real-label-information"


def _names(*kinds: Kind) -> list[str]:
    return [item.name for item in all_metrics(*kinds)]


CLUSTERING = _names("labels")
TABLE = _names("table", "interventions", "codes")
UNSUPERVISED = _names("codes")
MODELS = _names("models")
CHECKPOINTS = _names("posterior", "generator", "recognition")


@dataclass(frozen=True)
class Entry:
    """One line of ``infoeval metrics``: what a metric needs, where it can lie, what it tells.

    ``settings`` are its own arguments and what they are when left out.
    """

    name: str
    needs: str
    range: str
    description: str
    settings: dict[str, Any] = field(default_factory=dict)
    use: str = ""
    pitfalls: str = ""


def catalogue() -> list[Entry]:
    """Return what there is to know of every metric.

    >>> [entry.name for entry in catalogue()][:3]
    ['mi', 'mi-own', 'real-sorting']
    """
    first = (INFORMATION, OWN, SORTING, LABELS)
    return [
        Entry(
            item.name, item.needs, item.range, item.summary, item.settings, item.use, item.pitfalls
        )
        for item in map(find, (*first, *(name for name in names() if name not in first)))
    ]


NEED_LABELS = frozenset({*CLUSTERING, LABELS})
"""Those that need labelled images."""

REAL_IMAGES = NEED_LABELS | {SORTING}
"""Those that need real images and a categorical code."""


ALL_METRICS: dict[str, str] = {item.name: item.summary for item in all_metrics()}
"""Every metric of a model, by name, with what it tells; in the order of results."""


@dataclass(frozen=True)
class Asked:
    """A metric that was asked for, with settings of its own."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)


def parse(texts: Sequence[str]) -> list[Asked]:
    """Read what is asked for: a name, or a name and settings; each once.

    Raises UserError for a metric or a setting that there is not.

    >>> parse(["mig", "mig:preset=laforge", "downstream-accuracy:sizes=[50, 500]"])[1:]
    [Asked(name='mig', settings={'preset': 'laforge'}),
     Asked(name='downstream-accuracy', settings={'sizes': [50, 500]})]
    """
    return [_parsed(text) for text in dict.fromkeys(texts)]


def _parsed(text: str) -> Asked:
    name, _, rest = text.partition(":")
    known, settings = find(name).settings, {}
    for key, value in _pairs(text, rest):
        if key not in known:
            there = f"there are {', '.join(known)}" if known else "it has none"
            raise UserError(f"{name} has no setting {key!r}; {there}")
        settings[key] = _value(value)
    return Asked(name, settings)


def _pairs(text: str, rest: str) -> list[tuple[str, str]]:
    """Split "a=1,b=[2, 3]" at the commas that are followed by a name and =."""
    pairs: list[tuple[str, str]] = []
    for piece in rest.split(",") if rest else ():
        key, equals, value = piece.partition("=")
        if equals and key.strip().isidentifier():
            pairs.append((key.strip(), value))
        elif pairs and not equals:
            pairs[-1] = pairs[-1][0], f"{pairs[-1][1]},{piece}"
        else:
            raise UserError(f"{text!r}: settings are written name:setting=value,setting=value")
    return pairs


def _value(text: str) -> Any:
    """A number, a list, true, false or none as Python writes them; any other word is itself."""
    words = {"true": True, "false": False, "none": None}
    if text.strip().lower() in words:
        return words[text.strip().lower()]
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text.strip()
