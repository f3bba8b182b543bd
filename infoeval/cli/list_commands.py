"""The commands that list what there is: metrics, and data sets."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infoeval.cli.common import as_text, data_dir_option, json_option

if TYPE_CHECKING:
    from infoeval.data import CatalogueEntry
    from infoeval.metrics import Metric


@click.command("metrics")
@json_option
@click.option("--markdown", is_flag=True, help="Print the table of docs/metrics.md.")
def list_metrics(as_json: bool, markdown: bool) -> None:
    """Show every metric: what it needs, its range, what it measures, its settings.

    \b
    For example:
      infoeval metrics
      infoeval metrics --json
    """
    from infoeval.metrics.registry import all_metrics, markdown_table

    metrics = all_metrics()
    if markdown:
        click.echo("\n".join(markdown_table(metrics)))
    elif as_json:
        click.echo(as_text([metric.describe() for metric in metrics]))
    else:
        _print_metrics(metrics)


@click.group()
def data() -> None:
    """Image sets with names.

    \b
    For example:
      infoeval data ls
    """


@data.command("ls")
@data_dir_option
@json_option
def list_data(data_dir: Path | None, as_json: bool) -> None:
    """Show which data sets are available, and how to get the others.

    \b
    For example:
      infoeval data ls
      infoeval data ls --data-dir ~/data --json
    """
    from infoeval.data import catalogue

    entries = catalogue(data_dir)
    if as_json:
        click.echo(as_text([vars(entry) for entry in entries]))
    else:
        _print_catalogue(entries)


def _print_metrics(metrics: "Sequence[Metric]") -> None:
    """Print all metrics by what they need, each with its range and its settings."""
    from rich.console import Console

    from infoeval.cli.terminal import escaped, table

    console = Console(highlight=False)
    for needs in dict.fromkeys(metric.needs for metric in metrics):
        console.print(f"\n[bold]{escaped(needs)}[/]")
        rows = table("", "", "")
        rows.show_header = False
        for metric in metrics:
            if metric.needs == needs:
                settings = ", ".join(f"{name}={value}" for name, value in metric.settings.items())
                more = f"\n[dim]{escaped(settings)}[/]" if settings else ""
                rows.add_row(metric.name, metric.range, f"{escaped(metric.summary)}{more}")
        console.print(rows)
    console.print("\nSelect one with --metric NAME, or NAME:SETTING=VALUE,…", markup=False)


def _print_catalogue(entries: "Sequence[CatalogueEntry]") -> None:
    """Print which data sets are available, and how to get those that are not."""
    from rich.console import Console

    from infoeval.cli.terminal import escaped, table

    rows = table("name", "available", "description", "place")
    for entry in entries:
        available = "yes" if entry.present else "no"
        rows.add_row(entry.name, available, entry.description, escaped(entry.where))
    console = Console()
    console.print(rows)
    for entry in entries:
        if not entry.present:
            console.print(f"\n{entry.name}: {entry.what_to_do}", markup=False, highlight=False)
    console.print("\nAn .npz file with images or a folder of images can be given as well.")
