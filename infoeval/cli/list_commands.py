"""The commands that list what there is: metrics, and data sets."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infoeval.cli.common import as_text, data_dir_option, json_option, metric_names
from infoeval.cli.option_files import OptionFileGroup
from infoeval.cli.output import print_json, say
from infoeval.cli.parameter_types import CompletedText
from infoeval.errors import printable

if TYPE_CHECKING:
    from infoeval.data import CatalogueEntry
    from infoeval.metrics import Metric


@click.command("metrics")
@click.argument("name", required=False, type=CompletedText(metric_names))
@json_option
@click.option("--markdown", is_flag=True, help="Print the table of docs/metrics.md.")
def list_metrics(name: str | None, as_json: bool, markdown: bool) -> None:
    """Show every metric: what it needs, its range, what it measures, its settings.

    \b
    For example:
      infoeval metrics
      infoeval metrics mig
      infoeval metrics --json

    With the NAME of one, also when to use it, what to beware of, and its definition.
    """
    from infoeval.metrics.registry import all_metrics, find, markdown_table

    if name is not None:
        metric = find(name)
        if as_json:
            print_json(as_text(metric.describe() | {"definition": metric.definition}))
        else:
            _print_metric(metric)
        return
    metrics = all_metrics()
    if markdown:
        say(*markdown_table(metrics))
    elif as_json:
        print_json(as_text([metric.describe() for metric in metrics]))
    else:
        _print_metrics(metrics)


@click.group(cls=OptionFileGroup)
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
        print_json(as_text([vars(entry) for entry in entries]))
    else:
        _print_catalogue(entries)


def _print_metrics(metrics: "Sequence[Metric]") -> None:
    """Print all metrics by what they need, each with its range and its settings."""
    from rich.text import Text

    from infoeval.cli.terminal.screen import Screen, bold, table

    screen = Screen()
    for needs in dict.fromkeys(metric.needs for metric in metrics):
        screen.print()
        screen.print(bold(needs))
        rows = table("", "", "")
        rows.show_header = False
        rows.columns[0].no_wrap, rows.columns[2].no_wrap = True, False
        for metric in metrics:
            if metric.needs == needs:
                settings = ", ".join(f"{name}={value}" for name, value in metric.settings.items())
                more = Text(f"\n{settings}" if settings else "", "dim")
                rows.add_row(metric.name, metric.range, screen.render_str(metric.summary) + more)
        screen.print_table(rows, names=2)
    screen.print("\nSelect one with --metric NAME, or NAME:SETTING=VALUE,…")


def _print_metric(metric: "Metric") -> None:
    """Print all that is known of a metric."""
    say(f"{metric.name}: {metric.summary}", "")
    facts = {
        "needs": metric.needs,
        "range": metric.range,
        "use": metric.use,
        "beware": metric.pitfalls,
        "settings": ", ".join(f"{name}={value}" for name, value in metric.settings.items()),
    }
    width = max(map(len, facts))
    say(*(f"{name:{width}}  {text}" for name, text in facts.items() if text))
    say("", *metric.definition.splitlines())


def _available(entry: "CatalogueEntry") -> str:
    """Return "yes", "no", or of a part of a published set how many images are there."""
    if entry.images is None or entry.published is None or entry.images >= entry.published:
        return "yes" if entry.present else "no"
    return f"{entry.images:,} of {entry.published:,}"


def _print_catalogue(entries: "Sequence[CatalogueEntry]") -> None:
    """Print which data sets are available, and how to get those that are not."""
    from infoeval.cli.terminal.screen import Screen, table

    rows = table("name", "available", "description", "place", names=4)
    rows.columns[1].no_wrap = True
    for entry in entries:
        available = _available(entry)
        rows.add_row(entry.name, available, entry.description, printable(entry.where))
    screen = Screen()
    screen.print_table(rows, names=3)
    for entry in entries:
        if not entry.present:
            screen.print()
            screen.print_line(f"{entry.name}: {entry.what_to_do}")
    screen.print("\nAn .npz file with images or a folder of images can be given as well.")
