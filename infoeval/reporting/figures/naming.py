"""Names of figures and their files, and short names of codes and models."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from infoeval.reporting.figure import Figure

_LONGEST_MODEL = 26
"""Most letters of a model's name that fit into the legend of a small panel."""


def stem(*words: str) -> str:
    """Return a name for files and elements, made of words that may be a user's.

    >>> stem("confusion", "Ziffer/1 <b>")
    'confusion-ziffer-1-b'
    """
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")[:60].strip("-")


def short(label: str, longest: int = 24) -> str:
    """Return a label on one line, shortened in its middle: its ends say more.

    >>> short("a  b"), short("a very long name of a latent code")
    ('a b', 'a very long…latent code')
    """
    line = " ".join(label.split())
    half = (longest - 1) // 2
    return line if len(line) <= longest else f"{line[:half].rstrip()}…{line[-half:].lstrip()}"


def short_names(names: Iterable[str]) -> list[str]:
    """Return models' names on one line each, different ones still different.

    >>> short_names(["runs/mnist-default/seed-0/ckpt.pt", "baseline, λ = 0"])
    ['runs/mnist-d…ed-0/ckpt.pt', 'baseline, λ = 0']
    """
    given = list(names)
    shortened = [short(name, _LONGEST_MODEL) for name in given]
    counts = Counter(shortened)
    return [
        name if counts[name] == 1 else f"{short(whole, _LONGEST_MODEL - 5)} ({number})"
        for number, (name, whole) in enumerate(zip(shortened, given, strict=True), 1)
    ]


def numbered(names: Iterable[str]) -> list[str]:
    """Return the names, equal ones with a number at their end.

    >>> numbered(["a", "b", "a", "a-2"])
    ['a', 'b', 'a-2', 'a-2-2']
    """
    numbers: dict[str, int] = {}
    unique: dict[str, None] = {}
    for name in names:
        candidate = name
        while candidate in unique:
            numbers[name] = numbers.get(name, 1) + 1
            candidate = f"{name}-{numbers[name]}"
        unique[candidate] = None
    return list(unique)


def apart(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """Return figures and their tables with names that occur once."""
    given = list(figures)
    names = numbered(figure.name for figure in given)
    return tuple(
        replace(figure, name=name, table=replace(figure.table, name=name))
        for figure, name in zip(given, names, strict=True)
    )
