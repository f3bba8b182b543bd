"""Types of the command line's parameters: paths, lists of seeds and of numbers, sizes of memory."""

import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from infoeval.errors import UserError

MOST_SEEDS = 10_000
LARGEST_SIZE = 2**63
_UNITS = {
    "": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate(("", "k", "m", "g", "t"))},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate(("k", "m", "g", "t"), 1)},
}


class PathType(click.Path):
    """A path; an empty one, as of a variable that is not set, is none: it would be this folder."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path. Raises UserError for an empty one."""
        if value == "":
            raise UserError(f"{param.opts[-1] if param else 'a path'} is empty: give a path")
        return super().convert(value, param, ctx)


class CompletedText(click.types.StringParamType):
    """Text that a shell completes by names, or by files where no name begins like that."""

    def __init__(self, names: Callable[[], Iterable[str]] = tuple) -> None:
        self.names = names

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the completions of a text."""
        del ctx, param
        found = [CompletionItem(name) for name in self.names() if name.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


def seed_list(text: str) -> list[int]:
    """Return the whole numbers of a list with commas and ranges, in the order given.

    Raises UserError for anything else, for a repeated number, and for more than 10,000.

    >>> seed_list("0-4,7")
    [0, 1, 2, 3, 4, 7]
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not _is_whole(first) or (dash and not _is_whole(last)):
            raise UserError(f"seeds {text!r}: {part.strip()!r} is no seed; give e.g. 0-4 or 0,3,7")
        start, end = int(first), int(last if dash else first)
        if end < start:
            raise UserError(f"seeds {text!r}: {part.strip()!r} runs backwards")
        if end - start + len(seeds) >= MOST_SEEDS:
            raise UserError(f"seeds {text!r}: more than {MOST_SEEDS:,}")
        seeds += range(start, end + 1)
    if len(set(seeds)) < len(seeds):
        raise UserError(f"seeds {text!r}: one is given twice")
    return seeds


def number_list(text: str, name: str) -> list[float]:
    """Return the numbers of a list with commas, in the order given; errors begin with `name`.

    Raises UserError for anything else, for numbers that are not finite, and for repeated ones.

    >>> number_list("0, 0.5,1", "information_weight")
    [0.0, 0.5, 1.0]
    """
    numbers: list[float] = []
    for part in text.split(","):
        try:
            number = float(part)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise UserError(f"{name}: {part.strip()!r} is no number; give e.g. 1 or 0,1")
        numbers.append(number)
    if len(set(numbers)) < len(numbers):
        raise UserError(f"{name}: one number of {text!r} is given twice")
    return numbers


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def bytes_of(text: str, name: str) -> int:
    """Return the bytes of a size such as 8GB, 1.5 GiB or 4096; errors begin with `name`.

    Raises UserError for anything else.

    >>> bytes_of("8GB", "memory"), bytes_of("1.5 KiB", "memory"), bytes_of("0", "memory")
    (8000000000, 1536, 0)
    """
    match = re.fullmatch(r"\s*(\d{1,19}(?:\.\d{0,9})?)\s*([a-z]*)\s*", text.lower(), re.ASCII)
    unit = _UNITS.get(match[2]) if match else None
    size = math.inf if match is None or unit is None else float(match[1]) * unit
    if size >= LARGEST_SIZE:
        raise UserError(f"{name}: {text!r} is no size; give e.g. 8GB or 512MiB")
    return int(size)
