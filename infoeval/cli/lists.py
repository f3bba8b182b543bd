"""Lists of numbers as the command line takes them."""

import math

from infoeval.errors import UserError

__all__ = ["number_list", "seed_list"]

MOST_SEEDS = 10_000


def seed_list(text: str) -> list[int]:
    """The whole numbers of a list with commas and ranges, in the order given.

    Raises UserError for anything else, for a number given twice, and for more than 10,000.

    >>> seed_list("0-4,7")
    [0, 1, 2, 3, 4, 7]
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = (each.strip() for each in part.partition("-"))
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
    """The numbers of a list with commas, in the order given; `name` is what they are of.

    Raises UserError for anything else, for what is not finite, and for a number given twice.

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
