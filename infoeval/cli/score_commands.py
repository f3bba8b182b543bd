"""The commands that score models: score, compare, metrics."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infoeval.cli.common import (
    as_text,
    command_line,
    data_dir_option,
    data_option,
    device_option,
    json_option,
    note,
    skip_broken_option,
    words,
)
from infoeval.cli.page_options import check_open, page_options
from infoeval.errors import UserError

if TYPE_CHECKING:
    from infoeval.results import Document

__all__ = [
    "check_asked",
    "compare",
    "fail_if_not_converged",
    "list_metrics",
    "score",
    "scoring_options",
]

Command = Callable[..., None]
NOT_CONVERGED = 1


def scoring_options(command: Command) -> Command:
    """Give a command the options that every scoring takes."""
    options = (
        click.option(
            "--budget",
            metavar="quick|standard|strict",
            default="standard",
            show_default=True,
            help="What mi may cost where --metric asks for it.",
        ),
        click.option(
            "--information",
            metavar="quick|standard|strict",
            help="Measure mi at this cost beside what else is asked for.",
        ),
        click.option(
            "--strict", is_flag=True, help="Exit with 1 if mi of any code has not converged."
        ),
        data_option,
        data_dir_option,
        skip_broken_option,
        click.option(
            "--seed", type=int, default=0, show_default=True, help="Of samples and resamples."
        ),
        click.option(
            "--level", type=float, default=0.95, show_default=True, help="Of the intervals."
        ),
        click.option("--fit-images", type=int, help="Fit the matching on so many; all by default."),
        click.option(
            "--rows",
            type=int,
            default=10_000,
            show_default=True,
            help="Images of each split that metrics of codes and factors read, at most.",
        ),
        click.option(
            "--replicates",
            type=int,
            help="Of the intervals of these metrics; 0 for none. As many as each needs by default.",
        ),
        click.option(
            "--null",
            type=int,
            default=0,
            show_default=True,
            help="Tables with shuffled factors to score beside the model's.",
        ),
        click.option("--prune", is_flag=True, help="Leave dead codes out of these metrics."),
        click.option(
            "--code-types",
            callback=words,
            metavar="TYPE,…",
            help="continuous or categorical, one for each code; as they come by default.",
        ),
        click.option(
            "--factor-types",
            callback=words,
            metavar="TYPE,…",
            help="discrete, ordinal, continuous, periodic or periodic:360, one for each factor; "
            "as the data say by default.",
        ),
        click.option(
            "--batch-norm",
            type=click.Choice(["real", "running", "generated"]),
            default="real",
            show_default=True,
            help="Where Q's batch-norm statistics come from when it reads real images.",
        ),
        device_option,
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option(
    "--metric",
    "metrics",
    metavar="NAME[:SETTING=VALUE,…]",
    multiple=True,
    help="One of `infoeval metrics`; may be repeated. All that apply but mi by default.",
)
@scoring_options
def score(
    models: Sequence[str], metrics: Sequence[str], strict: bool, as_json: bool, **options: Any
) -> None:
    """Score a model: each number with its interval.

    MODEL is a checkpoint; an .npz file of codes and factors; or FILE.py:FUNCTION, a function that
    returns an encoder of the images of --data (FILE.py is run). Several models are compared by
    udr.

    \b
    For example:
      infoeval score ckpt.pt
      infoeval score ckpt.pt --metric mi --budget strict --strict --json
      infoeval score codes.npz
      infoeval score codes.npz --metric mig --metric mig:estimator=ksg --null 20
      infoeval score vae.py:encoder --data sprites
      infoeval score seed0.npz seed1.npz seed2.npz --metric udr
    """
    from infoeval import evaluation
    from infoeval.cli.progress import activity
    from infoeval.cli.terminal import print_results

    check_asked(metrics, options["information"], strict)
    with activity() as say:
        document = evaluation.score(list(models), list(metrics) or None, say=say, **options)
    click.echo(document.to_json(), nl=False) if as_json else print_results(document)
    _check_converged({"": document}, strict)


@click.command("metrics")
@json_option
@click.option("--markdown", is_flag=True, help="Print the table of docs/metrics.md.")
def list_metrics(as_json: bool, markdown: bool) -> None:
    """Show every metric: what it needs, its range, what it measures, and its settings.

    \b
    For example:
      infoeval metrics
      infoeval metrics --json
    """
    from infoeval.cli.terminal import print_metrics
    from infoeval.evaluation import catalogue
    from infoeval.metrics.registry import all_metrics, markdown_table

    if markdown:
        click.echo("\n".join(markdown_table(all_metrics())))
    elif as_json:
        click.echo(as_text([vars(entry) for entry in catalogue()]))
    else:
        print_metrics(catalogue())


@click.command()
@click.argument("models", metavar="MODEL MODEL...", nargs=-1, required=True)
@click.option(
    "--metric",
    "metrics",
    metavar="NAME[:SETTING=VALUE,…]",
    multiple=True,
    help="A metric of infoeval score; may be repeated. mi by default, and for a page all that "
    "apply but mi.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write a page of the models side by side, too; see infoeval report.",
)
@page_options
@scoring_options
def compare(
    models: Sequence[str],
    metrics: Sequence[str],
    output: Path | None,
    formats: Sequence[str] | None,
    figures: Path | None,
    animation: str | None,
    open_it: bool,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Score models by the same recipe, and print the first less each other with its interval.

    \b
    For example:
      infoeval compare ckpt.pt ckpt0.pt
      infoeval compare ckpt.pt ckpt0.pt --budget quick --json
      infoeval compare ckpt.pt ckpt0.pt --metric cluster-acc --metric mi-own
      infoeval compare vae.npz factorvae.npz --metric dci --metric mig
      infoeval compare ckpt.pt ckpt0.pt other.pt --information quick -o page.html
    """
    from infoeval import evaluation
    from infoeval.cli.progress import activity
    from infoeval.cli.terminal import print_comparison
    from infoeval.evaluation import pages

    if len(models) < 2:
        raise UserError("a comparison needs two models or more")
    asked = list(metrics) or (["mi"] if output is None else None)
    check_asked(asked or (), options["information"], strict)
    if output is None:
        if formats or figures or animation or open_it:
            raise UserError("--format, --figures, --animate and --open need a page: add -o")
        with activity() as say:
            first, second, *others = models
            comparison = evaluation.compare(first, second, asked, others=others, say=say, **options)
    else:
        check_open(formats, open_it)
        with activity() as say:
            page, comparison = pages.compare(
                list(models),
                output,
                metrics=asked,
                formats=formats,
                figures=figures,
                animation=animation,
                command=command_line(),
                say=say,
                **options,
            )
        note(f"report: {page}")
    click.echo(comparison.to_json(), nl=False) if as_json else print_comparison(comparison)
    if open_it:
        click.launch(str(output))
    names = ("first", "second", *(f"model {k}" for k in range(3, len(models) + 1)))
    documents = dict(zip((f"{name}: " for name in names), comparison.documents, strict=True))
    _check_converged(documents, strict)


def check_asked(metrics: Sequence[str], information: str | None, strict: bool) -> None:
    """A strict check of nothing would always pass."""
    if strict and "mi" not in metrics and information is None:
        raise UserError("--strict checks that mi has converged: ask for it with --metric mi")


def _check_converged(documents: "dict[str, Document]", strict: bool) -> None:
    """Exit with 1, naming the codes, where `strict` is asked for and a Q has not converged."""
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
