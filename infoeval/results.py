"""The results contract: the one shape of ``infoeval score --json`` and of ``metrics.json``."""

import dataclasses
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import sys
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np

import infoeval
from infoeval.errors import UserError
from infoeval.files import write_text
from infoeval.metrics.score import Score, check_estimate

__all__ = ["SCHEMA_VERSION", "Document", "Result", "Skipped", "environment", "sha256"]

SCHEMA_VERSION = 1

_SECTIONS = ("subject", "data", "environment")
_LISTS = ("results", "skipped")
_KINDS: dict[type, str] = {dict: "an object", list: "a list"}
_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("metric", "reason", "unit", "reference"), (str,)),
    "target": (str, type(None)),
    **dict.fromkeys(("value", "seconds"), (int, float)),
    **dict.fromkeys(("low", "high", "level"), (int, float, type(None))),
    "n": (int,),
    "higher_is_better": (bool,),
    **dict.fromkeys(("settings", "details"), (dict,)),
}


@dataclass(frozen=True)
class Result:
    """One number of a model with all that is needed to judge and repeat it.

    ``target`` names the code or factor that was scored, where there is one. ``low``, ``high`` and
    ``level`` are the interval (``None``: none known). ``n`` counts samples, ``seconds`` is wall
    time, ``settings`` are the options that the metric ran with, ``details`` what else it found;
    both hold plain data.

    Raises ValueError when the value is not finite or not inside its interval, and TypeError when
    a field has a wrong type.
    """

    metric: str
    target: str | None
    value: float
    low: float | None
    high: float | None
    level: float | None
    n: int
    unit: str
    higher_is_better: bool
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    reference: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_types(self)
        check_estimate(self.value, self.low, self.high, self.level, self.n)
        if not (math.isfinite(self.seconds) and self.seconds >= 0):
            raise ValueError(f"seconds is {self.seconds}, not a duration")

    @classmethod
    def of(
        cls,
        score: Score,
        *,
        metric: str,
        target: str | None = None,
        settings: dict[str, Any] | None = None,
        seconds: float = 0.0,
    ) -> "Result":
        """Make the result of a metric's score.

        >>> score = Score(0.9, 0.55, 0.99, level=0.95, n=10, unit="fraction")
        >>> Result.of(score, metric="cluster-acc", target="digit").value
        0.9
        """
        taken = {entry.name: getattr(score, entry.name) for entry in dataclasses.fields(score)}
        return cls(metric=metric, target=target, settings=settings or {}, seconds=seconds, **taken)


@dataclass(frozen=True)
class Skipped:
    """A metric that does not apply, and why. Raises TypeError when a field is no text."""

    metric: str
    reason: str

    def __post_init__(self) -> None:
        _check_types(self)


@dataclass(frozen=True)
class Document:
    """All results of one model on one image set.

    ``subject`` describes the checkpoint, ``data`` the images, ``environment`` the machine (see
    :func:`environment`). ``extra`` holds what the report adds beside them, by top-level name
    (``command``, ``codes``, ``history``, ...).

    >>> document = Document(subject={"step": 3000}, data={"name": "mnist"}, environment={})
    >>> Document.from_json(document.to_json()) == document
    True
    """

    subject: dict[str, Any]
    data: dict[str, Any]
    environment: dict[str, Any]
    results: tuple[Result, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        taken = sorted(self.extra.keys() & {"schema_version", *_SECTIONS, *_LISTS})
        if taken:
            raise ValueError(f"extra may not hold {', '.join(taken)}: that is a field of its own")

    def to_json(self) -> str:
        """Return the document as JSON: keys sorted, indented by 2, ending with a line end.

        The same document gives the same text. NumPy numbers and arrays are written as plain ones.
        Raises ValueError for a number that is not finite, TypeError for what JSON cannot hold;
        both name the place.
        """
        plain = {
            **self.extra,
            "schema_version": SCHEMA_VERSION,
            **{name: getattr(self, name) for name in _SECTIONS},
            "results": [dataclasses.asdict(result) for result in self.results],
            "skipped": [dataclasses.asdict(skipped) for skipped in self.skipped],
        }
        return json.dumps(_plain(plain, "document"), sort_keys=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Document":
        """Read a document, checking every field.

        Raises UserError, in one line, when ``text`` is not JSON, holds a number that is not
        finite, has another ``schema_version``, or lacks or mistypes a field.
        """
        plain = _parse(text)
        _check_version(plain)
        for name, kind in {**dict.fromkeys(_SECTIONS, dict), **dict.fromkeys(_LISTS, list)}.items():
            if not isinstance(plain.get(name), kind):
                raise UserError(f"not a results document: {name!r} must be {_KINDS[kind]}")
        return cls(
            **{name: plain.pop(name) for name in _SECTIONS},
            results=_read_all(Result, plain.pop("results"), "results"),
            skipped=_read_all(Skipped, plain.pop("skipped"), "skipped"),
            extra={name: value for name, value in plain.items() if name != "schema_version"},
        )

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the document atomically. Raises UserError when the place cannot be written."""
        write_text(path, self.to_json())

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Document":
        """Read the document in this file. Raises UserError, naming the file, when it is none."""
        try:
            return cls.from_json(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror or error}") from error
        except ValueError as error:
            raise UserError(f"cannot read {path}: not UTF-8 text") from error
        except UserError as error:
            raise UserError(f"cannot read {path}: {error}") from error


def environment(device: str) -> dict[str, Any]:
    """Describe what computed the results: versions, platform, ``device``, CPU threads.

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


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes in hex. Raises UserError when it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error


_Entry = TypeVar("_Entry", Result, Skipped)


def _check_types(entry: Result | Skipped) -> None:
    """Raise TypeError for a field of a wrong type; ``True`` is not a number here."""
    for name in (item.name for item in dataclasses.fields(entry)):
        value, types = getattr(entry, name), _TYPES[name]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            wanted = " or ".join("null" if kind is type(None) else kind.__name__ for kind in types)
            raise TypeError(f"{name} is {value!r}, not {wanted}")


def _parse(text: str) -> dict[str, Any]:
    """Parse a JSON object whose numbers are all finite."""

    def refuse(constant: str) -> NoReturn:
        raise UserError(f"not a results document: it holds {constant}; numbers must be finite")

    def finite(number: str) -> float:
        return value if math.isfinite(value := float(number)) else refuse(number)

    try:
        plain = json.loads(text, parse_constant=refuse, parse_float=finite)
    except RecursionError:
        raise UserError("not a results document: nested too deeply") from None
    except ValueError as error:
        raise UserError(f"not a results document: not JSON ({error})") from error
    if not isinstance(plain, dict):
        raise UserError("not a results document: the top level must be an object")
    return plain


def _check_version(plain: dict[str, Any]) -> None:
    version = plain.get("schema_version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise UserError("not a results document: 'schema_version' must be a whole number")
    if version != SCHEMA_VERSION:
        raise UserError(
            f"schema_version is {version}, this infoeval reads {SCHEMA_VERSION}; "
            "score the checkpoint again, or use the infoeval that wrote it"
        )


def _read_all(kind: type[_Entry], plain: list[Any], where: str) -> tuple[_Entry, ...]:
    return tuple(_read(kind, entry, f"{where}[{index}]") for index, entry in enumerate(plain))


def _read(kind: type[_Entry], plain: Any, where: str) -> _Entry:
    """Make one entry of a list from its JSON object; UserError names the entry and the field."""
    if not isinstance(plain, dict):
        raise UserError(f"not a results document: {where} must be an object")
    items = dataclasses.fields(kind)
    unknown = sorted(plain.keys() - {item.name for item in items})
    missing = [item.name for item in items if item.name not in plain and _is_required(item)]
    if unknown or missing:
        what = f"unknown field {unknown[0]!r}" if unknown else f"no {missing[0]!r}"
        raise UserError(f"not a results document: {where}: {what}")
    try:
        return kind(**plain)
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"not a results document: {where}: {error}") from error


def _is_required(item: dataclasses.Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _plain(value: Any, where: str) -> Any:
    """Return ``value`` as JSON can hold it; the error names the place of what it cannot."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{where}: key {key!r} is not text")
        return {key: _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}, not a finite number")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{where} is a {type(value).__name__}, which JSON cannot hold")


def _threads() -> int:
    """Return the number of CPU threads: PyTorch's where it runs, else what it would take."""
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) > 0 else os.cpu_count() or 1
