"""Which columns of a table are codes, and which are factors."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from infoeval.errors import UserError, listing, quoted

_CODE = re.compile(r"(z|codes?|latents?|dim(ension)?s?)(?![a-z])", re.IGNORECASE)
_INDEX = re.compile(r"|Unnamed: 0|index|__index_level_\d+__|file|split")
"""Columns that tell which row it is: names that pandas gives to row numbers, and `encode` to files
and splits."""
_ABOUT_CODE = re.compile(r"(?:probability|spread) of (.+)", re.DOTALL)
"""Columns that `encode` writes beside a code: how sure it is."""


@dataclass(frozen=True)
class TableChoice:
    """Which parts of a table are its codes and its factors; None: as their names tell.

    Args:
        codes: names or patterns of columns, such as ``z_*``.
        factors: the same; or a file of as many rows, or an array, a data frame or a
            mapping of columns.
        codes_key: the array that holds the codes.
        factors_key: the array that holds the factors.

    """

    codes: Sequence[str] | None = None
    factors: Any = None
    codes_key: str | None = None
    factors_key: str | None = None

    def __post_init__(self) -> None:
        for name in ("codes", "factors"):
            if isinstance(getattr(self, name), str):
                object.__setattr__(self, name, [getattr(self, name)])

    @property
    def given(self) -> bool:
        """Whether anything was chosen."""
        parts = (self.codes, self.factors, self.codes_key, self.factors_key)
        return any(part is not None for part in parts)


def is_code(name: str) -> bool:
    """Return whether a column or an array is by its name one of codes.

    >>> [is_code(name) for name in ("z", "z_3", "Latent 2", "code[0]", "dim7", "zip", "codec")]
    [True, True, True, True, True, False, False]
    """
    return _CODE.match(name) is not None


def is_beside(name: str, names: Collection[str]) -> bool:
    """Return whether a column is by its name neither a code nor a factor of a table with `names`.

    >>> [is_beside(name, ["code 1"]) for name in ("file", "spread of code 1", "spread of wings")]
    [True, True, False]
    """
    about = _ABOUT_CODE.fullmatch(name)
    return _INDEX.fullmatch(name) is not None or (about is not None and about[1] in names)


def matching(patterns: Sequence[str], names: Sequence[str], where: str) -> list[str]:
    """Return the names that are given, or match a pattern, in the order of the patterns.

    Raises UserError for a pattern that matches none.

    >>> matching(["z_*", "size"], ["size", "z_0", "z_1"], "codes.csv")
    ['z_0', 'z_1', 'size']
    """
    found: dict[str, None] = {}
    known = set(names)
    for pattern in patterns:
        same = [pattern] if pattern in known else [n for n in names if fnmatchcase(n, pattern)]
        if not same:
            raise UserError(f"{where}: no column {quoted(pattern)}; there are {listing(names)}")
        found |= dict.fromkeys(same)
    return list(found)


def choose_columns(
    names: Sequence[str],
    codes: Sequence[str] | None,
    factors: Sequence[str] | None,
    where: str,
) -> tuple[list[str], list[str]]:
    """Return the names of the codes and of the factors among columns, by patterns or their names.

    Without patterns, columns named z…, code…, latent… or dim… are codes, and all others, but those
    that are beside both (see `is_beside`), factors. With patterns for one side alone, the other
    side is what remains.

    Raises UserError for a pattern without a column, a column that is both, and where it is not
    clear which columns are codes.
    """
    chosen = None if codes is None else matching(codes, names, where)
    others = None if factors is None else matching(factors, names, where)
    if chosen is None:
        rest = _without(names, others or ())
        named_so = [name for name in rest if is_code(name)]
        chosen = named_so or ([] if others is None else rest)
    if not chosen:
        raise UserError(
            f"{where}: which columns are codes? there are {listing(names)}; name them with --codes "
            "and --factors, each a list of names or patterns such as z_*"
        )
    if others is None:
        others = [name for name in _without(names, chosen) if not is_code(name)]
    both = [name for name in others if name in set(chosen)]
    if both:
        raise UserError(f"{where}: {listing(both)} cannot be both a code and a factor")
    return chosen, others


def _without(names: Sequence[str], taken: Collection[str]) -> list[str]:
    known, all_names = set(taken), set(names)
    return [name for name in names if name not in known and not is_beside(name, all_names)]
