"""Which metrics are asked for, each with settings of its own: "mig:estimator=ksg"."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from infoeval.errors import UserError, quoted, unknown
from infoeval.metrics import registry
from infoeval.metrics.registry import Metric


@dataclass(frozen=True)
class Request:
    """A metric that was asked for, with settings of its own."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def metric(self) -> Metric:
        """The metric."""
        return registry.find(self.name)

    def named(self, part: str) -> str:
        """Return the metric of the result of a part of the score, "" for a score of one number."""
        return f"{self.name}-{part.replace(' ', '-')}" if part else self.name


def parse(texts: Sequence[str]) -> list[Request]:
    """Return the requests that texts make, each a name or a name and settings, without repeats.

    Raises UserError for a metric or a setting that there is not.

    >>> parse(["mig", "mig:preset=laforge", "downstream-accuracy:sizes=[50, 500]"])[1:]
    [Request(name='mig', settings={'preset': 'laforge'}),
     Request(name='downstream-accuracy', settings={'sizes': [50, 500]})]
    """
    requests: list[Request] = []
    for request in map(_parse, [texts] if isinstance(texts, str) else texts):
        if request not in requests:
            requests.append(request)
    return requests


def _parse(text: str) -> Request:
    if not isinstance(text, str):
        raise UserError(
            f'a metric is given by its name, such as "mig", not as {type(text).__name__}'
        )
    name, _, rest = text.partition(":")
    known = registry.find(name).settings
    settings = {}
    for key, value in _pairs(text, rest):
        if key not in known:
            raise UserError(unknown(f"{name} has no setting", key, known))
        if key in settings:
            raise UserError(f"{text!r} gives {key} twice")
        settings[key] = _checked(f"{name}: {key}", _value(value), known[key])
    return Request(name, settings)


def _checked(name: str, value: Any, default: Any) -> Any:
    """Return a value where the default is of its kind; the metric itself checks the rest."""
    is_flag = isinstance(value, bool)
    if isinstance(default, bool):
        if not is_flag:
            raise UserError(f"{name} is true or false, not {quoted(value)}")
    elif isinstance(default, int | float) and (is_flag or not isinstance(value, int | float)):
        raise UserError(f"{name} is a number, such as {default:g}, not {quoted(value)}")
    return value


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
    """Return a number, a list, true, false or none as Python writes them; else the word itself."""
    words = {"true": True, "false": False, "none": None}
    if text.strip().lower() in words:
        return words[text.strip().lower()]
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text.strip()
