"""metrics.json, read key by key: whatever is wrong with it becomes one clear line."""

import math
from collections.abc import Mapping
from typing import Any

from infoeval.errors import UserError

__all__ = ["Fields", "clean", "is_number"]

# A JSON file can hold integers that no float can.
_LARGEST = 2**63
# What neither XML nor UTF-8 can carry: control characters and lone surrogates.
_NO_TEXT = (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
# What turns the direction of the text around it: a stranger's label must not move our numbers.
_TURNING = (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_UNPRINTABLE = {point: "\ufffd" for point in (*_NO_TEXT, *_TURNING) if chr(point) not in "\t\n"}


class Fields:
    """One object of metrics.json; every complaint names the place.

    A key that is absent and one that is null are the same to the methods called optional.
    """

    def __init__(self, value: object, place: str) -> None:
        self.place = place
        if not isinstance(value, Mapping):
            raise self.wrong(place or "the file", "an object")
        self.values: Mapping[str, Any] = value

    def wrong(self, where: str, wanted: str) -> UserError:
        """Return the error that says what a place must hold."""
        return UserError(f"metrics.json: {where} must be {wanted}: write the file again")

    def where(self, key: str) -> str:
        """Name the place of a key."""
        return f"{self.place}.{key}" if self.place else key

    def get(self, key: str) -> Any:
        """Return what must be there."""
        if key not in self.values:
            raise UserError(
                f"metrics.json: {self.where(key)} is missing: "
                "make the file with `infoeval report`, which writes it whole"
            )
        return self.values[key]

    def text(self, key: str) -> str:
        value = self.get(key)
        if not isinstance(value, str):
            raise self.wrong(self.where(key), "text")
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.values.get(key) is None else self.text(key)

    def number(self, key: str) -> float:
        value = self.get(key)
        if not is_number(value):
            raise self.wrong(self.where(key), "a finite number")
        return float(value)

    def optional_number(self, key: str) -> float | None:
        return None if self.values.get(key) is None else self.number(key)

    def numbers(self, key: str) -> tuple[float, ...]:
        values = self.sequence(key)
        if not all(is_number(value) for value in values):
            raise self.wrong(self.where(key), "a list of finite numbers")
        return tuple(float(value) for value in values)

    def integer(self, key: str, least: int | None = None) -> int:
        value = self.number(key)
        if not value.is_integer() or (least is not None and value < least):
            more = "" if least is None else f" of {least} or more"
            raise self.wrong(self.where(key), f"a whole number{more}")
        return int(value)

    def optional_integer(self, key: str) -> int | None:
        return None if self.values.get(key) is None else self.integer(key)

    def flag(self, key: str) -> bool:
        value = self.get(key)
        if not isinstance(value, bool):
            raise self.wrong(self.where(key), "true or false")
        return value

    def optional_flag(self, key: str) -> bool | None:
        return None if self.values.get(key) is None else self.flag(key)

    def object(self, key: str) -> "Fields":
        return Fields(self.get(key), self.where(key))

    def optional_object(self, key: str) -> "Fields | None":
        return None if self.values.get(key) is None else self.object(key)

    def sequence(self, key: str) -> list[Any]:
        value = self.get(key)
        if not isinstance(value, list):
            raise self.wrong(self.where(key), "a list")
        return value

    def objects(self, key: str) -> "list[Fields]":
        items = self.sequence(key)
        return [Fields(item, f"{self.where(key)}[{i}]") for i, item in enumerate(items)]

    def optional_objects(self, key: str) -> "list[Fields]":
        return [] if self.values.get(key) is None else self.objects(key)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; none where there is no such key."""
        if self.values.get(key) is None:
            return ()
        values = self.sequence(key)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(self.where(key), "a list of texts")
        return tuple(values)

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.wrong(self.where(key), " or ".join(repr(item) for item in allowed))
        return value

    def table(self, key: str, columns: int | None = None) -> tuple[tuple[Any, ...], ...]:
        """Return rows of numbers, all equally long (and of so many columns where given)."""
        rows = self.sequence(key)
        width = columns if columns is not None else len(rows[0]) if _is_list(rows[:1]) else 0
        if not all(isinstance(row, list) and len(row) == width for row in rows) or not all(
            is_number(value) for row in rows for value in row
        ):
            raise self.wrong(self.where(key), "a table of numbers, its rows equally long")
        return tuple(tuple(row) for row in rows)


def clean(value: Any) -> Any:
    """Copy plain data, with None for numbers that are not finite and U+FFFD for odd characters.

    >>> clean({"a": [float("nan"), 10**30, "x\\x00"]})
    {'a': [None, None, 'x\ufffd']}
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) > _LARGEST:
        return None
    if isinstance(value, str):
        return value.translate(_UNPRINTABLE)
    if isinstance(value, Mapping):
        return {str(clean(key)): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def is_number(value: object) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_list(rows: list[Any]) -> bool:
    return bool(rows) and isinstance(rows[0], list)
