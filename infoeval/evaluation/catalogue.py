"""The metrics of a model, by name, and how one is asked for."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from infoeval.errors import UserError
from infoeval.metrics.registry import METRICS, metrics_of

__all__ = [
    "ALL_METRICS",
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
PAIRS = "code-factors"

CLUSTERING = metrics_of("labels")
TABLE = metrics_of("table", "interventions", "codes")
UNSUPERVISED = metrics_of("codes")
MODELS = metrics_of("models")


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


_MODEL = "a checkpoint of ours"
_SORTED = f"{_MODEL} with a categorical code, and images"
_INFORMATION = (
    Entry(OWN, _MODEL, "up to H(c)", "the checkpoint's own L_I of each code, fresh samples, nats"),
    Entry(
        SORTING,
        _SORTED,
        "0 to ln K",
        "how evenly and decisively Q sorts real images by a categorical code, nats",
    ),
    Entry(
        LABELS,
        f"{_SORTED} with labels",
        "0 or more",
        "what a categorical code, read from real images, says about the labels, nats",
    ),
    Entry(
        INFORMATION,
        "a generator and the law of its codes",
        "up to H(c)",
        "L_I of each code and of all together by a post hoc Q, nats; takes minutes",
    ),
)


def catalogue() -> list[Entry]:
    """Every metric there is.

    >>> [entry.name for entry in catalogue()][:3]
    ['mi', 'mi-own', 'real-sorting']
    """
    return [_INFORMATION[-1], *_INFORMATION[:-1], *_of_arrays()]


def _of_arrays() -> list[Entry]:
    return [
        Entry(name, metric.needs, metric.range, metric.description, _settings(name))
        for name, metric in METRICS.items()
    ]


def _settings(name: str) -> dict[str, Any]:
    """What can be set of a metric, and what it is if not."""
    if name not in METRICS or METRICS[name].kind == "labels":
        return {}
    metric = METRICS[name]
    own = {each: value for each, value in metric.arguments.items() if each != "test"}
    if name == PAIRS:
        own["images"] = "real"
    return own | {"simulate": False} if metric.kind == "interventions" else own


NEED_LABELS = frozenset({*CLUSTERING, LABELS})
"""Those that need labelled images."""

REAL_IMAGES = NEED_LABELS | {SORTING}
"""Those that need real images and a categorical code."""


ALL_METRICS: dict[str, str] = {
    entry.name: entry.description for entry in (_INFORMATION[0], *_of_arrays(), *_INFORMATION[1:])
}
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
    if name not in ALL_METRICS:
        raise UserError(f"no metric {name!r}; there are {', '.join(ALL_METRICS)}")
    settings = {}
    for key, value in _pairs(text, rest):
        known = _settings(name)
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
