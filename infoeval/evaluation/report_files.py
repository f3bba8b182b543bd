"""The files of a report: the page, metrics.json, results.csv, Markdown."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infoeval.errors import UserError, unknown
from infoeval.files import write_text
from infoeval.results import Document, Result
from infoeval.results.contract import parse_json, read_text

DEFAULT = ("html", "json", "csv")
FORMATS = ("html", "json", "csv", "md")
ANIMATIONS = ("gif", "webp")
METRICS, RESULTS = "metrics.json", "results.csv"
_MODEL = ("model", "role", "seed")
_RESULT = ("metric", "target", "value", "low", "high", "level", "n", "unit", "seconds")
_CHANCE = ("chance", "adjusted", "adjusted_low", "adjusted_high")


def files_of(output: Path) -> Path:
    """Return the folder of a page's metrics.json and images: NAME_files beside it."""
    return output.parent / f"{output.stem}_files"


def check_formats(formats: Sequence[str]) -> None:
    """Raise UserError for an unknown format, or none."""
    for name in formats or ("",):
        if name not in FORMATS:
            raise UserError(unknown("no format", name, FORMATS))


def check_place(output: Path, figures: str | Path | None = None) -> None:
    """Raise UserError where the page or the figures cannot be written, before any computation."""
    if output.is_dir():
        raise UserError(f"cannot write {output}: it is a folder; give the name of a file")
    for folder in (files_of(output), *([] if figures is None else [Path(figures)])):
        lowest = next(path for path in (folder, *folder.parents) if path.exists())
        if not lowest.is_dir():
            what = output if folder == files_of(output) else folder
            raise UserError(f"cannot write {what}: {lowest} is a file, not a folder")


def write_formats(
    metrics: Path, output: Path, formats: Sequence[str], figures: str | Path | None
) -> Path:
    """Write a metrics.json in some formats, the page last; return the last file written.

    Raises UserError for a metrics.json that cannot be read, or a place that cannot be written.
    """
    from infoeval import report

    document = read_metrics(metrics)
    folder, written = metrics.parent, metrics
    if "csv" in formats:
        written = files_of(output) / RESULTS
        write_text(written, _table(document))
    if "md" in formats:
        written = output.with_suffix(".md")
        write_text(written, report.markdown(document))
    if figures is not None:
        report.write_figures(document, folder, Path(figures))
    if "html" in formats:
        written = output
        report.write(document, folder, output)
    return written


def read_metrics(path: Path) -> dict[str, Any]:
    """Return a metrics.json as plain data. Raises UserError, naming the file, where it is none."""
    text = read_text(path)
    try:
        document = parse_json(text, finite=False)
        Document.for_page(document)
    except UserError as error:
        raise UserError(f"cannot read {path}: {error}") from None
    return document


def not_converged(metrics: Path) -> list[str]:
    """Return the codes whose `mi` has not converged: "digit", or "seed 3: digit".

    Raises UserError where `mi` is not among the results.
    """
    models = Document.for_page(read_metrics(metrics)).all_models
    measured = [
        (model, result, result.convergence)
        for model in models
        for result in model.results
        if result.convergence is not None
    ]
    if not measured:
        raise UserError(
            "--strict checks that mi has converged, and it was not measured: add "
            "--information quick, standard or strict"
        )
    return [
        f"{model.label}: {result.target}" if len(models) > 1 else str(result.target)
        for model, result, convergence in measured
        if not convergence.converged
    ]


def _table(document: Mapping[str, Any]) -> str:
    """Return CSV with a row for each result of each model."""
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow([*_MODEL, *_RESULT, *_CHANCE])
    for model in Document.for_page(document).all_models:
        start = [model.label, model.role, model.identity.seed]
        for result in model.results:
            cells = [getattr(result, key) for key in _RESULT[1:]]
            table.writerow([*start, result.name, *cells, *_beside_chance(result)])
    return buffer.getvalue()


def _beside_chance(result: Result) -> tuple[float | None, ...]:
    """Return what chance scores, and the value adjusted for that with its interval."""
    chance, adjusted = result.chance, result.typed.adjusted
    ends = (adjusted.value, adjusted.low, adjusted.high) if adjusted else (None, None, None)
    return (chance.mean if chance else None, *ends)
