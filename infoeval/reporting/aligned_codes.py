"""The codes of several models side by side, aligned on the same images, with what each means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infoeval.reporting.changed_statistics import (
    changed_by,
    in_plain_words,
    moved_attributes,
    moved_by,
)
from infoeval.reporting.class_matching import matching_of
from infoeval.reporting.followed_factors import closest_factor, codes_compared
from infoeval.reporting.grid_columns import Strip
from infoeval.reporting.naming_rule import IN_REAL_IMAGES
from infoeval.reporting.wording import count_of, percent, two_decimals
from infoeval.results import Document, ModelResults

Strips = Mapping[tuple[int, str], Strip]
"""One row of pictures of each model (by its number) and code."""


@dataclass(frozen=True)
class CodeOfModel:
    """What one model has in place of a code of the model shown first.

    ``agreement`` is that of both codes on the same images, None of the first model's own code and
    where codes are paired by name.
    """

    model: ModelResults
    name: str
    meaning: str
    agreement: float | None
    turned: bool
    strip: Strip | None


Row = tuple[CodeOfModel, ...]
"""What every model but the baselines has in the place of one code."""
MOST_LINES, PICTURES = 12, 3
"""Lines of the first screen for the numbers and the codes of models, and those that a code with
pictures takes."""


def rows_that_fit(rows: Sequence[Row], above: int) -> tuple[list[Row], list[Row]]:
    """Return the rows that fit on a screen below others, those with a meaning first; and the rest.

    ``above`` is the number of rows above them.
    """
    lines = PICTURES if any(code.strip for row in rows for code in row) else 1
    most = max((MOST_LINES - above) // lines, 1)
    order = sorted(rows, key=lambda row: -sum(bool(code.meaning) for code in row))
    first = [row for row in rows if row in order[:most]]
    return first, [row for row in rows if row not in first]


def side_by_side(document: Document, strips: Strips) -> tuple[Row, ...]:
    """Return a row for each code.

    Nothing where there is one model, or where nothing is known of any code.
    """
    if len(document.peers) < 2:
        return ()
    names = [code.name for code in document.all_codes] or list(codes_compared(document))
    rows = [tuple(_code(name, model, strips) for model in document.peers) for name in names]
    return tuple(row for row in rows if any(each.meaning or each.strip for each in row))


def _code(name: str, model: ModelResults, strips: Strips) -> CodeOfModel:
    aligned = model.aligned(name)
    own = model.own_name(name) or name
    return CodeOfModel(
        model,
        own,
        brief_meaning(model, own),
        aligned.agreement if aligned else None,
        bool(aligned and aligned.turned),
        strips.get((model.index, own)),
    )


def brief_meaning(model: ModelResults, code: str) -> str:
    """Return what a model's code means in a few words; nothing where it is unnamed."""
    matched, closest = matching_of(model, code), closest_factor(model, code)
    if matched is not None and matched.rank:
        classes = count_of(len(matched.clustering.names), "class")
        part = "" if matched.rank == 2 else " in part"
        return f"matches {classes}{part}, {percent(matched.error)} error"
    if closest is not None and closest.rank:
        return f"{closest.verb} {closest.pair.factor}, {two_decimals(closest.result.value)}"
    moved, changed = moved_by(model, code), changed_by(model, code)
    if moved is not None:
        return f"changes {in_plain_words(moved_attributes(moved))}"
    if changed is None:
        return ""
    verb = "goes with" if changed.kind == IN_REAL_IMAGES else "changes"
    return f"{verb} {in_plain_words(changed.names)}"


def pairing(document: Document) -> str:
    """Return how the codes of several models were paired, with the range of their agreement."""
    aligned = [model.alignment for model in document.peers[1:] if model.alignment is not None]
    if not aligned:
        return ""
    rows = "images" if document.identity.codes is None else "rows"
    values = [code.agreement for each in aligned for code in each.codes]
    text = (
        f"Codes that agree most on the same {aligned[0].n:,} {rows} stand together (Hungarian "
        "method, a code of the same name 0.1 ahead)"
    )
    if not values:
        return f"{text}."
    ends = f"{two_decimals(min(values))} to {two_decimals(max(values))}"
    return f"{text}; their agreement is {ends}, where 1 is the same code."
