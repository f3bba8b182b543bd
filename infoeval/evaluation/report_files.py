"""The files of a report: the page, metrics.json, results.csv, Markdown."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infoeval.errors import UserError
from infoeval.files import write_text
from infoeval.results import Document
from infoeval.results.contract import parse_json, read_text

__all__ = [
    "ANIMATIONS",
    "DEFAULT",
    "METRICS",
    "check_formats",
    "check_place",
    "files_of",
    "not_converged",
    "read_metrics",
    "write_formats",
]

DEFAULT = ("html", "json", "csv")
FORMATS = ("html", "json", "csv", "md")
ANIMATIONS = ("gif", "webp")
METRICS, RESULTS = "metrics.json", "results.csv"
_MODEL = ("model", "role", "seed")
_RESULT = ("metric", "target", "value", "low", "high", "level", "n", "unit", "seconds")


def files_of(output: Path) -> Path:
    """Return the folder of a page's metrics.json and images: NAME_files beside it."""
    return output.parent / f"{output.stem}_files"


def check_formats(formats: Sequence[str]) -> None:
    """Raise UserError for a format that there is not, or none."""
    for name in formats or ("",):
        if name not in FORMATS:
            raise UserError(f"no format {name!r}; there are {', '.join(FORMATS)}")


def check_place(output: Path) -> None:
    """Raise UserError for a page that cannot be written, before anything is computed."""
    if output.is_dir():
        raise UserError(f"cannot write {output}: it is a folder; give the name of a file")
    folder = files_of(output)
    parent = next(path for path in folder.parents if path.exists())
    for path in (folder, parent):
        if path.exists() and not path.is_dir():
            raise UserError(f"cannot write {output}: {path} is a file, not a folder")


def write_formats(
    metrics: Path, output: Path, formats: Sequence[str], figures: str | Path | None
) -> Path:
    """Write the files asked for of a metrics.json, the page last; return the page, or another file.

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
    """Read a metrics.json as plain data. Raises UserError where it is none."""
    text = read_text(path)
    try:
        return parse_json(text, finite=False)
    except UserError as error:
        raise UserError(f"cannot read {path}: {error}") from None


def not_converged(metrics: Path) -> list[str]:
    """Return where `mi` has not converged: "digit", or "seed 3: digit" of several models.

    Raises UserError where `mi` is not among the results.
    """
    models = Document.for_page(read_metrics(metrics)).all_models
    found = [
        (model, result)
        for model in models
        for result in model.results
        if result.convergence is not None
    ]
    if not found:
        raise UserError(
            "--strict checks that mi has converged, and it was not measured: add "
            "--information quick, standard or strict"
        )
    return [
        f"{model.label}: {result.target}" if len(models) > 1 else str(result.target)
        for model, result in found
        if result.convergence is not None and not result.convergence.converged
    ]


def _table(document: Mapping[str, Any]) -> str:
    """Return CSV with a row for each result of each model."""
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow([*_MODEL, *_RESULT])
    for model in Document.for_page(document).all_models:
        start = [model.label, model.role, model.identity.seed]
        for result in model.results:
            table.writerow([*start, result.name, *(getattr(result, key) for key in _RESULT[1:])])
    return buffer.getvalue()
