"""Names: of figures and their files, and of codes and models where there is little room."""

import re
from collections.abc import Iterable
from dataclasses import replace

from infoeval.report.figure import Figure

__all__ = ["apart", "numbered", "short", "short_names", "stem"]

_LONGEST_MODEL = 26
"""Letters of a model's name that a legend of a small panel has room for."""


def stem(*words: str) -> str:
    """Make a name for files and elements of words that may be a user's.

    >>> stem("confusion", "Ziffer/1 <b>")
    'confusion-ziffer-1-b'
    """
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")[:60].strip("-")


def short(label: str, longest: int = 24) -> str:
    """Fit a label on one line; what is left out is in its middle, for ends tell more.

    >>> short("a  b"), short("a very long name of a latent code")
    ('a b', 'a very long…latent code')
    """
    line = " ".join(label.split())
    half = (longest - 1) // 2
    return line if len(line) <= longest else f"{line[:half].rstrip()}…{line[-half:].lstrip()}"


def short_names(names: Iterable[str]) -> list[str]:
    """Fit models' names on one line, different ones still different.

    >>> short_names(["runs/mnist-default/seed-0/ckpt.pt", "baseline, λ = 0"])
    ['runs/mnist-d…ed-0/ckpt.pt', 'baseline, λ = 0']
    """
    given = list(names)
    shortened = [short(name, _LONGEST_MODEL) for name in given]
    return [
        name if shortened.count(name) == 1 else f"{short(whole, _LONGEST_MODEL - 5)} ({number})"
        for number, (name, whole) in enumerate(zip(shortened, given, strict=True), 1)
    ]


def numbered(names: Iterable[str]) -> list[str]:
    """Tell equal names apart by a number at their end.

    >>> numbered(["a", "b", "a", "a-2"])
    ['a', 'b', 'a-2', 'a-2-2']
    """
    found: list[str] = []
    for name in names:
        number, own = 1, name
        while own in found:
            number += 1
            own = f"{name}-{number}"
        found.append(own)
    return found


def apart(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """Give figures and their tables names that are there once."""
    given = list(figures)
    names = numbered(figure.name for figure in given)
    return tuple(
        replace(figure, name=name, table=replace(figure.table, name=name))
        for figure, name in zip(given, names, strict=True)
    )
