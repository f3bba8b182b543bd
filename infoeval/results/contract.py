"""What all models of the contract share: number types, one-line errors, reading of JSON."""

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from infoeval.errors import UserError, one_line, printable, shown

SCHEMA_VERSION = 1

LARGEST = 200_000_000
"""The most bytes that a results file may have."""

DEEPEST = 100
"""The deepest nesting of objects and lists that is read; infoeval itself writes ten levels."""

MOST_MODELS = 1000
"""The most models beside the first of a report; each is compared with all others."""

MOST_IMAGES = 10_000
MOST_CODES = 4096

MOST_VALUES = 5_000_000
"""The most values that a results file may hold, in its lists and objects. Ten models with 20,000
rows of history each have half as many; parsed, so many take a gigabyte."""

LONGEST_NAME = 200
"""Characters of the name of a code, factor, class, model or data set."""

_LARGEST_INTEGER = 2**63
"""A JSON file can hold integers that no float can; larger ones count as not finite."""

# Neither XML nor UTF-8 can carry control characters and lone surrogates.
_NO_TEXT = (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
# These change the direction of the text around them: a label must not move our numbers.
_TURNING = (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_UNPRINTABLE = {point: "\ufffd" for point in (*_NO_TEXT, *_TURNING) if chr(point) not in "\t\n"}

_SPACES = str.maketrans("\t\n\v\f\r", "     ")

_WANTED = {
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "dataclass_type": "an object",
    "tuple_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "literal_error": "{expected}",
    "greater_than_equal": "a whole number of {ge} or more",
    "less_than_equal": "{le:,} or less",
    "union_tag_invalid": "one of {expected_tags}",
    "too_short": "{min_length} or more items",
    "too_long": "{max_length} or fewer items",
}
"""What is expected, for each type of pydantic error."""

_TAGS = (
    "traversal",
    "gallery",
    "sprites",
    "animation",
    "categorical",
    "continuous",
    "normal",
    "angle",
)
"""The tags of unions, which pydantic adds to a location although no key of the JSON is so named."""

RECORD = ConfigDict(extra="forbid")
"""The configuration of a record: a dataclass that is always written with all of its fields."""


def _check_number(value: Any) -> float:
    """Return a finite number unchanged: an integer stays one, so that it is written as one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong("a finite number")
    try:
        if math.isfinite(value):
            return value
    except OverflowError:
        pass
    raise wrong("a finite number")


def _check_float(value: Any) -> float:
    """Return a finite number as a float."""
    return float(_check_number(value))


_IN_SCHEMA = WithJsonSchema({"type": "number"})

Number = Annotated[float, PlainValidator(_check_number), _IN_SCHEMA]
"""A finite number; true and false are not numbers."""

Float = Annotated[float, PlainValidator(_check_float), _IN_SCHEMA]
"""A finite number as a float, for values that are read and not written again."""


def _line(text: str) -> str:
    return printable(text.translate(_SPACES))


def _short(text: str) -> str:
    return _line(text) if len(text) <= LONGEST_NAME else shown(text)


Text = Annotated[str, AfterValidator(_line)]
"""Text for tables and pages: one line, its control characters replaced by escapes."""

Name = Annotated[str, AfterValidator(_short)]
"""The same, of at most `LONGEST_NAME` characters."""

Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Count = Annotated[Whole, Field(ge=0)]
Positive = Annotated[Whole, Field(ge=1)]


class Open(BaseModel):
    """An object that may have further keys; it is written with exactly the keys it was given."""

    model_config = ConfigDict(frozen=True, extra="allow")


def wrong(wanted: str, at: str = "") -> PydanticCustomError:
    """Return a validator's error: the value, or ``at`` inside it, must be ``wanted``."""
    template = "{at} must be {wanted}" if at else "must be {wanted}"
    return PydanticCustomError("contract", template, {"at": at, "wanted": wanted})


def explain(error: ValidationError) -> str:
    """Return the first error in one line: "results[3].low must be a finite number"."""
    return shown(clean(_explain(error)))


def _explain(error: ValidationError) -> str:
    first: ErrorDetails = error.errors(include_url=False)[0]
    where, kind, more = _place(first["loc"]), first["type"], first.get("ctx", {})
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        where += f".{more['discriminator'].strip(chr(39))}"
    if kind == "contract":
        at = more["at"]
        where += at if not where or at.startswith("[") or not at else f".{at}"
        return f"{where or 'the file'} must be {more['wanted']}"
    if kind in _WANTED:
        return f"{where or 'the file'} must be {_WANTED[kind].format(**more)}"
    if kind in ("missing", "union_tag_not_found"):
        return f"{where} is missing"
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{where} is an unknown field"
    if kind == "details":
        return f"{where}.details.{more['why']}"
    reason = str(more.get("error", first["msg"]))
    return f"{where}: {reason}" if where else reason


def _place(location: tuple[int | str, ...]) -> str:
    """Return a location as a JSON path: "results[3].details"."""
    place = ""
    for part in location:
        if part in _TAGS and place.endswith("]"):
            continue
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else part
    return place


def check_depth(plain: Any) -> None:
    """Raise UserError for plain data that is nested too deeply to be worked on."""
    layer = [plain]
    for _ in range(DEEPEST):
        inner = [item for container in layer for item in _items(container)]
        layer = [item for item in inner if isinstance(item, Mapping | list | tuple)]
        if not layer:
            return
    raise UserError("not a results document: nested too deeply")


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def clean(value: Any) -> Any:
    """Return a copy of plain data, with None for non-finite numbers, U+FFFD for odd characters.

    >>> clean({"a": [float("nan"), 10**30, "x\\x00"]})
    {'a': [None, None, 'x\ufffd']}
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        return None
    if isinstance(value, str):
        return value.translate(_UNPRINTABLE)
    if isinstance(value, Mapping):
        return {str(clean(key)): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def read_text(path: str | os.PathLike[str]) -> str:
    """Return the text of a results file. Raises UserError where it cannot be read."""
    if os.path.lexists(path) and not os.path.isfile(path):  # reading a pipe might never end
        raise UserError(f"cannot read {path}: it is not a file")
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise UserError(f"cannot read {path}: a file name cannot contain NUL") from error
    if len(content) > LARGEST:
        raise UserError(f"cannot read {path}: it is too large for a file of results")
    try:
        return content.decode("utf-8")
    except ValueError as error:
        raise UserError(f"cannot read {path}: not UTF-8 text") from error


def parse_json(text: str, *, finite: bool = True) -> dict[str, Any]:
    """Return a JSON object as plain data.

    Raises UserError for any other text, and where numbers have to be ``finite`` and are not.
    """

    def refuse(constant: str) -> NoReturn:
        raise UserError(
            f"not a results document: it holds {shown(constant)}; numbers must be finite"
        )

    def check(number: str) -> float:
        return value if math.isfinite(value := float(number)) else refuse(number)

    only_finite: dict[str, Any] = {"parse_constant": refuse, "parse_float": check} if finite else {}
    # Every value but the first of its list or object follows a comma.
    if sum(map(text.count, ",[{")) > MOST_VALUES:
        raise UserError(f"not a results document: it holds more than {MOST_VALUES:,} values")
    try:
        plain = json.loads(text, **only_finite)
    except RecursionError:
        raise UserError("not a results document: nested too deeply") from None
    except ValueError as error:
        raise UserError(f"not a results document: not JSON ({one_line(error)})") from error
    if not isinstance(plain, dict):
        raise UserError("not a results document: the top level must be an object")
    check_depth(plain)
    return plain


def to_plain(value: Any, where: str) -> Any:
    """Return ``value`` as plain data that JSON can hold.

    Raises ValueError for a number that is not finite, TypeError for what JSON cannot hold; both
    name the place, which begins with ``where``.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{where}: key {key!r} is not text")
        return {key: to_plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}, not a finite number")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{where} is a {type(value).__name__}, which JSON cannot hold")
