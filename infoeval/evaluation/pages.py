"""Reports in one call: of models, of a comparison, or of an earlier metrics.json."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from infoeval.errors import UserError
from infoeval.evaluation.options import Options, PageOptions, ReportOptions, takes_options
from infoeval.evaluation.report_files import (
    DEFAULT,
    METRICS,
    check_formats,
    files_of,
    locked_report,
    write_formats,
)
from infoeval.results import Document

if TYPE_CHECKING:
    from infoeval.results import Comparison
    from infoeval.subjects.opening import Given

_NO_PAGES = (".pdf", ".png", ".svg", ".md", ".txt", ".json", ".csv", ".docx")
"""Suffixes by which a file of HTML would be taken for another."""

Page = TypeVar("Page", bound=PageOptions)


@takes_options(ReportOptions, Options)
def report(
    models: "Given | Sequence[Given] | Document",
    output: str | Path,
    *,
    metrics: Sequence[str] | None = None,
    **options: Any,
) -> Path:
    """Return the page `output`, written from the scores of models and images of their codes.

    Beside the page a folder `NAME_files` receives `metrics.json`, `results.csv` and the images:
    the page is a function of these alone. Everything is written atomically, the page last.

    Args:
        models: a checkpoint; a folder that holds `ckpt.pt`, or runs that do; another model or a
            table, as in `infoeval.evaluation.score`; a list of checkpoints that differ in
            their seeds alone; or a metrics.json, which is shown again with the images beside it,
            without torch; or results, which have no images.
        output: the HTML file.
        metrics: see `infoeval.evaluation.score`; `information` of the options adds `mi`.
        options: see below.

    Returns:
        The page, or the last file of other `formats`.

    Raises:
        UserError: as `score`; for models that do not belong on one page; and where a file cannot
            be written.

    """
    output = Path(output)
    written, scoring = _split(ReportOptions, options)
    formats = DEFAULT if written.formats is None else written.formats
    check_formats(formats)
    if "html" in formats and output.suffix.lower() in _NO_PAGES:
        raise UserError(
            f"{output}: the page is HTML: call it {output.stem}.html; for other files see --format "
            "and --figures"
        )
    with locked_report(output, written.figures):
        if isinstance(models, Document):
            if scoring:
                raise UserError(f"results are shown as they are, without {', '.join(scoring)}")
            models.save(metrics_beside(output))
            models = metrics_beside(output)
        return _report(models, output, metrics, written, scoring)


def _report(
    models: "Given | Sequence[Given]",
    output: Path,
    metrics: Sequence[str] | None,
    written: ReportOptions,
    scoring: dict[str, Any],
) -> Path:
    again = metrics_given(models)
    if again is not None:
        added = (written.baselines, written.scores, written.animation, written.live, metrics)
        several = isinstance(models, list | tuple) and len(models) > 1
        if several or written.show is not None or any(added) or scoring.get("information"):
            raise UserError(f"{again} is shown again as it is: nothing can be added to it")
        formats = written.formats or ("html",)
        return write_formats(again, output, formats, written.figures, written.own_words)
    from infoeval.evaluation.make_report import make_report
    from infoeval.subjects.opening import as_list

    metrics_file = make_report(as_list(models), output, Options(**scoring), metrics, written)
    return write_formats(metrics_file, output, written.formats or DEFAULT, written.figures)


@takes_options(PageOptions, Options)
def compare(
    models: "Sequence[Given]",
    output: str | Path,
    *,
    metrics: Sequence[str] | None = None,
    **options: Any,
) -> "tuple[Path, Comparison]":
    """Return a page of models side by side, scored with the same options, and the comparison.

    Args:
        models: two or more, as in `infoeval.evaluation.score`; each other one is subtracted from
            the first.
        output: see `report`.
        metrics: see `infoeval.evaluation.score`.
        options: see below.

    Returns:
        The page, and the comparison that it shows.

    Raises:
        UserError: as `infoeval.evaluation.compare` and `report`.

    """
    output = Path(output)
    written, scoring = _split(PageOptions, options)
    check_formats(DEFAULT if written.formats is None else written.formats)
    from infoeval.evaluation.make_report import make_comparison

    with locked_report(output, written.figures):
        metrics_file, comparison = make_comparison(
            models, output, Options(**scoring), metrics, written
        )
        formats = written.formats or DEFAULT
        return write_formats(metrics_file, output, formats, written.figures), comparison


def metrics_given(models: "Given | Sequence[Given]") -> Path | None:
    """Return the metrics.json among the inputs of a report, if any."""
    for model in models if isinstance(models, list | tuple) else [models]:
        if isinstance(model, str | Path):
            path = Path(model)
            if path.suffix.lower() == ".json":
                return path
            if (path / METRICS).is_file():
                return path / METRICS
    return None


def metrics_beside(output: str | Path) -> Path:
    """Return the metrics.json that a report writes beside the page `output`."""
    return files_of(Path(output)) / METRICS


def _split(kind: type[Page], options: dict[str, Any]) -> tuple[Page, dict[str, Any]]:
    """Return the options of the page, and those of its scoring."""
    names = {entry.name for entry in fields(kind)} & options.keys()
    scoring = {name: value for name, value in options.items() if name not in names}
    return kind(**{name: options[name] for name in names}), scoring
