"""The report as Markdown: the verdict in sentences, and every table."""

from collections.abc import Mapping, Sequence
from typing import Any

from infoeval.reporting import figures
from infoeval.reporting.direction_tables import directions
from infoeval.reporting.evidence import reasons
from infoeval.reporting.figure import Figure
from infoeval.reporting.limits import limits
from infoeval.reporting.over_seeds import over_seeds
from infoeval.reporting.provenance import (
    definitions,
    origins,
    skipped,
    surroundings,
    without_chance,
)
from infoeval.reporting.references import doubts
from infoeval.reporting.standings import standings, tally
from infoeval.reporting.tables import ReportTable, markdown_table, markdown_text
from infoeval.reporting.verdict import sentences, why_empty
from infoeval.results import Document


def markdown(document: Mapping[str, Any]) -> str:
    """Return the whole report as Markdown, a pure function of metrics.json.

    Images are left out: they are in the page. Raises UserError when the document is malformed.
    """
    whole = Document.for_page(document)
    built = figures.build(whole)
    subject = whole.identity
    parts = [
        f"# {markdown_text(whole.title)}\n"
        if whole.title
        else f"# What the codes of {markdown_text(subject.trainer or subject.source)} mean\n",
        *([f"{markdown_text(whole.notes)}\n"] if whole.notes else []),
        *_verdict(whole),
        *_tables("Information in each code", built.information),
        *_tables("Differences", built.differences),
        *_tables("Directions", directions(whole)),
        *_tables("Codes and classes", [t for c in built.confusions for t in c.tables]),
        *_tables("Codes and factors", built.factors + built.other_factors),
        *_tables("Training of Q", built.learning + built.noise),
        *_tables("Training", built.training),
        *_tables("Every seed", built.seeds),
        *_tables("Leakage between codes", built.leakage),
        *_tables("Metrics", built.metrics),
        *(f"- {markdown_text(sentence)}\n" for sentence in doubts(whole)),
        *_tables(
            "How the numbers were computed",
            [definitions(whole), without_chance(whole), skipped(whole)],
        ),
        *_provenance(whole),
        "## How to read it, and its limits\n",
        _list(limits(whole)),
    ]
    return "\n".join(parts)


def _verdict(document: Document) -> list[str]:
    findings = [(entry.topic, entry.whole) for entry in sentences(document)]
    evidence = [(entry.topic, entry.text) for entry in reasons(document)]
    best = [(each.what, each.text) for each in standings(document)]
    means = [(each.what, f"{each.written} over seeds") for each in over_seeds(document)]
    empty = "" if findings else f"{markdown_text(why_empty(document))}\n"
    summary = markdown_text(tally(document))
    parts = [
        f"{summary}\n" if summary else "",
        _list(best),
        _list(findings) or empty,
        _list(means),
        "### Evidence\n",
        _list(evidence),
    ]
    return ["## Verdict\n", *filter(None, parts)]


def _list(items: Sequence[tuple[str, str]]) -> str:
    """Return a list of topics and texts as Markdown."""
    lines = [f"- **{markdown_text(topic)}** {markdown_text(text)}\n" for topic, text in items]
    return "".join(lines)


def _tables(title: str, given: Sequence[ReportTable | Figure]) -> list[str]:
    """Return a section of tables, or of those of figures; nothing where all are empty."""
    tables = (each.table if isinstance(each, Figure) else each for each in given)
    there = [table for table in tables if table.rows]
    if not there:
        return []
    written = [f"**{markdown_text(table.title)}**\n\n{markdown_table(table)}" for table in there]
    return [f"## {title}\n", *written]


def _provenance(document: Document) -> list[str]:
    groups = [(origin.name, origin.facts) for origin in origins(document)]
    groups.append(("Data and machine", surroundings(document)))
    written = ["## Provenance\n"]
    if document.command:
        written.append(f"Made with {markdown_text(document.command)}\n")
    for name, facts in groups:
        known = [(f"{fact}:", value) for fact, value in facts if value is not None]
        written += [f"### {markdown_text(name)}\n", _list(known)]
    return written
