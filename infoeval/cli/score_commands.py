"""The commands that score models: score and compare."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infoeval.cli.common import (
    PAGES,
    Decorator,
    command_line,
    json_option,
    metric_names,
    options_of,
    output_option,
)
from infoeval.cli.grouped_help import SCORING, grouped_command
from infoeval.cli.output import note
from infoeval.cli.parameter_types import CompletedText
from infoeval.cli.requirements import all_met, of_differences, of_model, require_option
from infoeval.errors import UserError
from infoeval.evaluation.options import Options, PageOptions

if TYPE_CHECKING:
    from infoeval.results import Document

NOT_CONVERGED = NOT_MET = 1
PAGE_OPTIONS = ("formats", "figures", "animation", "title", "notes", "paper")


def metric_option(default: str) -> Decorator[Any]:
    """Return the decorator of `--metric`, whose help tells the default."""
    return click.option(
        "--metric",
        "metrics",
        metavar="NAME[:SETTING=VALUE,…]",
        multiple=True,
        type=CompletedText(metric_names),
        help=f"A metric of `infoeval metrics`; may be repeated. By default {default}.",
    )


strict_option = click.option(
    "--strict", is_flag=True, help="Exit with 1 if mi of any code has not converged."
)
open_option = click.option("--open", "open_it", is_flag=True, help="Open the page when written.")


@grouped_command(SCORING)
@click.argument("models", metavar="MODEL...", nargs=-1, required=True, type=CompletedText())
@metric_option("all that apply but mi")
@options_of(Options)
@output_option()
@strict_option
@require_option("a number")
@json_option
def score(
    models: Sequence[str],
    metrics: Sequence[str],
    output: Path | None,
    strict: bool,
    requirements: Sequence[str],
    as_json: bool,
    **options: Any,
) -> None:
    """Score a model: each number with its interval.

    \b
    For example:
      infoeval score ckpt.pt
      infoeval score ckpt.pt --metric mi --budget strict --strict --json
      infoeval score codes.npz -o scores.json
      infoeval score ckpt.pt --metric cluster-acc --require "cluster-acc:low>=0.9"
      infoeval score codes.csv --codes "z_*" --factors "label,pose_*"
      infoeval score codes.npz --metric mig --metric mig:estimator=ksg --null 20
      infoeval score vae.py:encoder --data sprites
      infoeval score encoder.onnx --data sprites
      infoeval score decoder.onnx --prior 10,n,n --metric mi --budget quick
      infoeval score seed0.npz seed1.npz seed2.npz --metric udr

    MODEL is a checkpoint, or a folder with one; a table of codes and factors (.csv, .tsv, .parquet,
    .npz, .npy, .h5ad); an encoder or a decoder as an .onnx file, or both with a comma between; or
    FILE.py:FUNCTION, a function that returns an encoder of the images of
    --data, a generator, or both (FILE.py is run), perhaps with plain arguments in parentheses.
    Several models are compared by udr and consistency.
    """
    from infoeval import evaluation
    from infoeval.cli.progress import activity
    from infoeval.cli.result_files import results_to
    from infoeval.cli.terminal.result_table import print_results

    check_strict(metrics, options["information"], strict)
    with results_to(output, as_json, print_results) as show:
        with activity() as progress:
            document = evaluation.score(
                list(models), metrics=list(metrics) or None, progress=progress, **options
            )
        show(document)
    met = all_met(requirements, of_model(document), [document])
    _check_converged({"": document}, strict)
    _exit_unless(met)


@grouped_command(SCORING)
@click.argument("models", metavar="MODEL MODEL...", nargs=-1, required=True, type=CompletedText())
@metric_option("all that apply but mi")
@output_option(" For .html also a page of the models side by side; see infoeval report.")
@options_of(PageOptions)
@open_option
@options_of(Options)
@strict_option
@require_option("the difference of the first model from each other")
@json_option
def compare(
    models: Sequence[str],
    metrics: Sequence[str],
    output: Path | None,
    open_it: bool,
    strict: bool,
    requirements: Sequence[str],
    as_json: bool,
    **options: Any,
) -> None:
    """Score models with the same options, and print the first less each other with its interval.

    \b
    For example:
      infoeval compare ckpt.pt ckpt0.pt
      infoeval compare ckpt.pt ckpt0.pt --budget quick -o differences.csv
      infoeval compare ckpt.pt ckpt0.pt --metric cluster-acc --metric mi-own
      infoeval compare vae.npz factorvae.npz --metric dci --metric mig
      infoeval compare ckpt.pt ckpt0.pt other.pt --information quick -o page.html
    """
    from infoeval import evaluation
    from infoeval.cli.progress import activity
    from infoeval.cli.result_files import results_to
    from infoeval.cli.terminal.result_table import print_comparison
    from infoeval.evaluation import pages

    page_options = [options[name] for name in PAGE_OPTIONS]
    for_page = any(page_options) or open_it
    if for_page and output is None:
        raise UserError(
            "--format, --figures, --animate, --title, --notes, --print and --open need a page: "
            "add -o"
        )
    page = output if output and (for_page or output.suffix.lower() in PAGES) else None
    requested = list(metrics) or None
    check_strict(requested or (), options["information"], strict)
    if page is None:
        scoring = {name: options[name] for name in options if name not in PAGE_OPTIONS}
        with results_to(output, as_json, print_comparison) as show:
            with activity() as progress:
                comparison = evaluation.compare(
                    list(models), metrics=requested, progress=progress, **scoring
                )
            show(comparison)
    else:
        check_open(options["formats"], open_it)
        options |= {"command": command_line()}
        with activity() as progress:
            written, comparison = pages.compare(
                list(models), page, metrics=requested, progress=progress, **options
            )
        note(f"report: {written}")
        with results_to(None, as_json, print_comparison) as show:
            show(comparison)
    if open_it:
        click.launch(str(output))
    met = all_met(requirements, of_differences(comparison), comparison.documents)
    names = (f"{name}: " for name in comparison.names)
    _check_converged(dict(zip(names, comparison.documents, strict=True)), strict)
    _exit_unless(met)


def check_strict(metrics: Sequence[str], information: str | None, strict: bool) -> None:
    """Raise UserError for a strict check without `mi`, which would always pass."""
    if strict and "mi" not in metrics and information is None:
        raise UserError("--strict checks that mi has converged: add --metric mi")


def _exit_unless(met: bool) -> None:
    """Exit with 1 where a requirement is not met."""
    if not met:
        sys.exit(NOT_MET)


def check_open(formats: Sequence[str] | None, open_it: bool) -> None:
    """Raise UserError for `--open` without a page."""
    if open_it and formats is not None and "html" not in formats:
        raise UserError("--open needs a page: add html to --format")


def _check_converged(documents: "dict[str, Document]", strict: bool) -> None:
    """Exit with 1, naming the codes, where `strict` is set and a Q has not converged."""
    missing = [
        f"{which}{result.target}"
        for which, document in documents.items()
        for result in document.results
        if result.metric == "mi" and not result.details["converged"]
    ]
    if strict:
        fail_if_not_converged(missing)


def fail_if_not_converged(missing: Sequence[str]) -> None:
    """Exit with 1 where `missing` names anything."""
    if missing:
        note(f"Not converged: {', '.join(missing)}. A larger budget trains for longer.")
        sys.exit(NOT_CONVERGED)
