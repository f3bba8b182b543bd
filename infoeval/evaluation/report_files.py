"""The files of a report: the page, metrics.json, results.csv, Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from infoeval.errors import UserError, unknown
from infoeval.files import remove_leftovers, write_text
from infoeval.locks import locked_folder
from infoeval.results import Document
from infoeval.results.contract import parse_json, read_text

DEFAULT = ("html", "json", "csv")
FORMATS = ("html", "json", "csv", "md")
ANIMATIONS = ("gif", "webp")
METRICS, RESULTS = "metrics.json", "results.csv"


class ReportPage(type(Path())):  # type: ignore[misc]
    """The path of a page, which a notebook shows as a link and the numbers that are on it."""

    def _repr_html_(self) -> str:
        link = f'<a href="{quote(str(self))}" target="_blank">{escape(str(self))}</a>'
        metrics = files_of(self) / METRICS
        return link + (Document.read(metrics)._repr_html_() if metrics.is_file() else "")


def files_of(output: Path) -> Path:
    """Return the folder of a page's metrics.json and images: NAME_files beside it."""
    return output.parent / f"{output.stem}_files"


def check_formats(formats: Sequence[str]) -> None:
    """Raise UserError for an unknown format, or none."""
    for name in formats or ("",):
        if name not in FORMATS:
            raise UserError(unknown("no format", name, FORMATS))


@contextmanager
def locked_report(output: Path, figures: str | Path | None = None) -> Iterator[None]:
    """Context in which no other report writes this page, its files or the figures.

    What killed processes left is removed. Raises UserError when another report writes one of them,
    or when they cannot be written.
    """
    check_place(output, figures)
    folders = {files_of(output).resolve()}
    if figures is not None:
        folders.add(Path(figures).resolve())
    with ExitStack() as held:
        for folder in sorted(folders):  # in one order, so that one of two reports gets both
            held.enter_context(locked_folder(folder))
            remove_leftovers(folder)
        remove_leftovers(output.parent)
        yield


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
    metrics: Path,
    output: Path,
    formats: Sequence[str],
    figures: str | Path | None,
    own_words: Mapping[str, str] | None = None,
) -> Path:
    """Write a metrics.json in some formats, the page last; return the last file written.

    `own_words` replace title, notes and so on of the metrics.json.

    Raises UserError for a metrics.json that cannot be read, or a place that cannot be written.
    """
    from infoeval import reporting

    document = {**read_metrics(metrics), **(own_words or {})}
    folder, written = metrics.parent, metrics
    if "csv" in formats:
        written = files_of(output) / RESULTS
        write_text(written, Document.for_page(document).to_csv())
    if "md" in formats:
        written = output.with_suffix(".md")
        write_text(written, reporting.markdown(document))
    if figures is not None:
        reporting.write_figures(document, folder, Path(figures))
    if "html" in formats:
        written = ReportPage(output)
        reporting.write(document, folder, output)
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
