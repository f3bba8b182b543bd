"""The commands that score models: score, compare, metrics."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from infoeval.cli.options import (
    as_text,
    data_dir_option,
    data_option,
    device_option,
    json_option,
    note,
    skip_broken_option,
)
from infoeval.errors import UserError
from infoeval.printing import print_comparison, print_metrics, print_results
from infoeval.progress import activity

if TYPE_CHECKING:
    from infoeval.results import Document

__all__ = ["compare", "list_metrics", "score"]

Command = Callable[..., None]
NOT_CONVERGED = 1


def _words(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> list[str] | None:
    """The words of a list with commas."""
    del context, parameter
    return None if value is None else [word.strip() for word in value.split(",")]


def scoring_options(command: Command) -> Command:
    """Give a command the options that every scoring takes."""
    options = (
        click.option(
            "--budget",
            metavar="quick|standard|strict",
            default="standard",
            show_default=True,
            help="What mi may cost.",
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
            callback=_words,
            metavar="TYPE,…",
            help="continuous or categorical, one for each code; as they come by default.",
        ),
        click.option(
            "--factor-types",
            callback=_words,
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
    from infoeval import scoring

    _check_asked(metrics, strict)
    with activity() as say:
        document = scoring.score(list(models), list(metrics) or None, say=say, **options)
    click.echo(document.to_json(), nl=False) if as_json else print_results(document)
    _check_converged({"": document}, strict)


@click.command("metrics")
@json_option
def list_metrics(as_json: bool) -> None:
    """Show every metric: what it needs, where it can lie, what it tells, what can be set.

    \b
    For example:
      infoeval metrics
      infoeval metrics --json
    """
    from infoeval.scoring import catalogue

    entries = catalogue()
    click.echo(as_text([vars(entry) for entry in entries])) if as_json else print_metrics(entries)


@click.command()
@click.argument("first")
@click.argument("second")
@click.option(
    "--metric",
    "metrics",
    metavar="NAME[:SETTING=VALUE,…]",
    multiple=True,
    default=["mi"],
    show_default=True,
    help="A metric of infoeval score; may be repeated.",
)
@scoring_options
def compare(
    first: str,
    second: str,
    metrics: Sequence[str],
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Score two models by the same recipe, and print FIRST − SECOND with its interval.

    \b
    For example:
      infoeval compare ckpt.pt ckpt0.pt
      infoeval compare ckpt.pt ckpt0.pt --budget quick --json
      infoeval compare ckpt.pt ckpt0.pt --metric cluster-acc --metric mi-own
      infoeval compare vae.npz factorvae.npz --metric dci --metric mig
    """
    from infoeval import scoring

    _check_asked(metrics, strict)
    with activity() as say:
        comparison = scoring.compare(first, second, list(metrics), say=say, **options)
    click.echo(comparison.to_json(), nl=False) if as_json else print_comparison(comparison)
    documents = {"first: ": comparison.first, "second: ": comparison.second}
    _check_converged(documents, strict)


def _check_asked(metrics: Sequence[str], strict: bool) -> None:
    """A strict check of nothing would always pass."""
    if strict and "mi" not in metrics:
        raise UserError("--strict checks that mi has converged: ask for it with --metric mi")


def _check_converged(documents: "dict[str, Document]", strict: bool) -> None:
    """Exit with 1, naming the codes, where `strict` is asked for and a Q has not converged."""
    missing = [
        f"{which}{result.target}"
        for which, document in documents.items()
        for result in document.results
        if result.metric == "mi" and not result.details["converged"]
    ]
    if strict and missing:
        note(f"Not converged: {', '.join(missing)}. A larger --budget trains for longer.")
        sys.exit(NOT_CONVERGED)
