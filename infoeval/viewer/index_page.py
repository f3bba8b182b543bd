"""The index of a folder as one self-contained HTML page, a function of the index alone."""

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from infoeval.errors import UserError, shown
from infoeval.files import write_text
from infoeval.reporting.page_template import own_script, page_template, security_policy
from infoeval.reporting.wording import between, count_of, nats, percent, percents, two_decimals
from infoeval.viewer.entries import AFTERWARDS, FolderIndex, ModelEntry, Reading
from infoeval.viewer.folder_walk import natural, read_ends

INDEX = "index.html"
MARK = '<meta name="generator" content="infoeval view">'
"""What the pages of this module begin with, and no other page."""
MOST_ROWS = 2000
"""Rows of the table: a browser takes long to lay out many more."""
CODES_SHOWN = 4
"""Codes of a row that are not folded away."""


def check_place(page: Path) -> None:
    """Raise UserError for a page that is a file of another kind, or would replace another file."""
    if page.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"{page}: the index is HTML: call it {page.stem or 'index'}.html")
    if page.is_dir():
        raise UserError(f"cannot write {page}: it is a folder; give the name of a file")
    if not os.path.lexists(page):
        return
    try:
        ours = MARK.encode() in read_ends(page.resolve(), 2048)[0]
    except UserError as error:
        raise UserError(f"cannot write {page}: {error}") from None
    if not ours:
        raise UserError(f"{page} is no index that infoeval wrote, and is kept: give -o FILE")


def write(index: FolderIndex, folder: str | os.PathLike[str], page: Path) -> None:
    """Write the page of an index. Raises UserError where it cannot be written."""
    start = os.path.relpath(Path(folder).resolve(), page.resolve().parent)
    write_text(page, render(index, "" if start == "." else Path(start).as_posix()))


def render(index: FolderIndex, start: str = "") -> str:
    """Return the page of an index; ``start`` is the path from the page to the folder.

    The same index gives the same bytes.
    """
    models = index.models[:MOST_ROWS]
    script = own_script("index.js") if models else Markup("")
    numbers = {model.key: number for number, model in enumerate(models)}
    known = [code for model in models for code in model.codes]
    names = list(dict.fromkeys(code.name for code in known if code.known))
    return _template().render(
        index=index,
        models=models,
        numbers=numbers,
        start=start,
        mark=Markup(MARK),
        script=script,
        policy=security_policy(script),
        filters=[*_filters(models), *([("code", "Code", names)] if len(names) > 1 else [])],
        readers=len({_kind_of_reader(each) for code in known for each in code.readings}) > 1,
        columns=_columns(models),
        common=_common_words(models),
        followed=any(code.followed for code in known),
        agreement=any(model.agreement is not None for model in models),
        most_codes=CODES_SHOWN,
        left_out=len(index.models) - len(models),
    )


@cache
def _template() -> jinja2.Template:
    filters: dict[str, Callable[..., Any]] = {
        "address": _address,
        "shown": shown,
        "counted": count_of,
        "weight": _weight,
        "seconds": _seconds,
        "nats": nats,
        "percent": percent,
        "percent_ends": lambda amount: percents(amount.low, amount.high),
        "decimals": two_decimals,
        "ends": lambda amount: between(amount.low, amount.high, two_decimals),
        "reader": _reader,
        "kind_of_reader": _kind_of_reader,
    }
    return page_template("index.html", filters)


def _address(path: str, start: str) -> str:
    """Return the relative address of a file, whatever bytes its name has.

    >>> _address("a b/javascript:x?.html", ""), _address("run", "../runs")
    ('./a%20b/javascript%3Ax%3F.html', '../runs/run')
    """
    whole = f"{start}/{path}" if start else f"./{path}"
    return quote(os.fsencode(whole))


def _columns(models: Sequence[ModelEntry]) -> frozenset[str]:
    """Return the names of the columns that tell models apart, or say something of one."""
    found = {
        "picture": any(model.thumbnail for model in models),
        "weight": any(model.weight is not None for model in models),
        "seed": any(model.seed is not None for model in models),
        "step": any(model.step is not None or model.status for model in models),
        "trainer": len({(model.trainer, model.variant, model.images) for model in models}) > 1,
        "error": any(code.error for model in models for code in model.codes),
    }
    return frozenset(name for name, there in found.items() if there)


def _common_words(models: Sequence[ModelEntry]) -> list[str]:
    """Return what all models have in common, and no column says: trainer and images."""
    if not models or "trainer" in _columns(models):
        return []
    first, words = models[0], []
    if first.trainer:
        variant = f" ({shown(first.variant)})" if first.variant not in (None, "default") else ""
        words.append(f"trainer {shown(first.trainer)}{variant}")
    if first.images.name:
        split = f" {shown(first.images.split)}" if first.images.split else ""
        count = "" if first.images.n is None else f" ({first.images.n:,} images)"
        words.append(f"{shown(first.images.name)}{split}{count}")
    return words


def _filters(models: Sequence[ModelEntry]) -> list[tuple[str, str, list[str]]]:
    """Return attribute, label and values of the filters that tell some rows from others."""
    given = (
        ("trainer", "Trainer", (model.trainer for model in models)),
        ("variant", "Variant", (model.variant for model in models)),
        ("weight", "λ", (_weight(model.weight) for model in models)),
        ("seed", "Seed", ("" if m.seed is None else str(m.seed) for m in models)),
        ("images", "Data", (model.images.name for model in models)),
        ("status", "Status", (model.status for model in models)),
        ("kind", "Kind", (model.kind for model in models)),
    )
    choices = [(name, label, {value for value in values if value}) for name, label, values in given]
    return [(name, label, sorted(e, key=natural)) for name, label, e in choices if len(e) > 1]


def _kind_of_reader(reading: Reading) -> str:
    return "afterwards" if reading.reader == AFTERWARDS else "own"


def _reader(reading: Reading, step: int | None) -> str:
    """Return who reads an information, and what else limits what it says."""
    words: list[str] = [reading.reader]
    if reading.converged is False:
        words.append("not converged")
    if reading.step is not None and step is not None and reading.step != step:
        words.append(f"at step {reading.step:,}")
    return ", ".join(words)


def _weight(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _seconds(value: float | None) -> str:
    """Return a duration as text.

    >>> _seconds(4.2), _seconds(200), _seconds(9000), _seconds(None)
    ('4 s', '3 min', '2.5 h', '')
    """
    if value is None:
        return ""
    if value < 100:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 6000 else f"{value / 3600:.1f} h"
