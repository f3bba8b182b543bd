"""The report as one self-contained HTML page."""

import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from infoeval.files import write_text
from infoeval.reporting import svg
from infoeval.reporting.page_template import own_script, page_template, security_policy
from infoeval.reporting.sections import gather, needs_script
from infoeval.reporting.tables import Cell, EstimateCell, parts
from infoeval.reporting.wording import count_of
from infoeval.results import Document

_BRACKETS = re.compile(r"((?<!\S)\([^()]*\))")
"""What stands in brackets after a space; not the argument of H(factor)."""


def render(document: Mapping[str, Any], folder: str | os.PathLike[str]) -> str:
    """Return the report as one HTML page, a pure function of its input.

    ``document`` is metrics.json as ``json.load`` gives it; in ``folder`` lie the files that it
    names.

    Raises UserError when the document is malformed, or a file is missing, not what the document
    says, too large, or not a plain file of that folder.
    """
    whole = Document.for_page(document)
    content = gather(whole, Path(folder))
    script = own_script("script.js") if needs_script(content) else ""
    return _template().render(
        document=whole,
        heading=_heading(whole),
        lead=_lead(whole),
        script=script,
        policy=security_policy(script, content["live"].script_sources if content["live"] else ()),
        **content,
    )


def write(
    document: Mapping[str, Any],
    folder: str | os.PathLike[str],
    output: str | os.PathLike[str],
) -> None:
    """Write the report of ``render`` to the file ``output``, whole or not at all.

    Raises UserError as ``render`` does, and when ``output`` cannot be written.
    """
    write_text(output, render(document, folder))


@cache
def _template() -> jinja2.Template:
    filters: dict[str, Callable[..., Any]] = {
        "svg": svg.inline,
        "parts": parts,
        "exact": _exact,
        "unbroken": _unbroken,
        "asides": _asides,
        "subscript": _subscript,
    }
    return page_template("page.html", filters)


def _heading(document: Document) -> str:
    if document.title:
        return document.title
    subject = document.identity
    name = subject.trainer or subject.source
    if document.arrangement != "comparison":
        return f"What the codes of {name} mean"
    models = count_of(len(document.all_models), "model")
    trainers = {model.identity.trainer for model in document.all_models}
    if len(trainers) > 1 or None in trainers:
        return f"What the codes of {models} mean"
    return f"What the codes of {name} mean, in {models}"


def _lead(document: Document) -> str:
    subject, data = document.identity, document.data_set
    of_table = subject.codes is not None
    source = " ".join(part for part in (data.label, "" if of_table else data.split) if part)
    count = "" if data.n is None else f", {data.n:,} {'rows' if of_table else 'images'}"
    if data.rows is not None:
        count += f" ({data.rows:,} of them for metrics of codes and factors)"
    facts = [f"Data: {source}{count}"]
    if len(document.peers) == 1:
        if subject.information_weight is not None:
            facts.append(f"λ = {subject.information_weight:g}")
        if subject.seed is not None:
            facts.append(f"seed {subject.seed}")
    if subject.step is not None and document.arrangement != "comparison":
        facts.append(f"{subject.step:,} steps")
    return f"{' · '.join(facts)}."


def _unbroken(text: str) -> str:
    """Return a text in which "λ = 0" and "5.9 %" do not break across lines."""
    return text.replace(" = ", "\u00a0=\u00a0").replace(" %", "\u00a0%")


def _asides(text: str) -> Markup:
    """Return a text whose brackets are set apart, so that what stands outside is read first."""
    parts = _BRACKETS.split(_unbroken(text))
    wrapped = [
        Markup('<span class="aside">{}</span>').format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    ]
    return Markup("").join(wrapped)


def _subscript(text: str) -> Markup:
    """Return a text with L_I as the paper writes it."""
    return escape(text).replace("L_I", Markup("L<sub>I</sub>"))


def _exact(cell: Cell) -> float | int | None:
    """Return a cell's number unrounded, for readers who copy it."""
    value = cell.value if isinstance(cell, EstimateCell) else cell
    return None if isinstance(value, str) else value
