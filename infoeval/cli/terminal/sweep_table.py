"""The tables of a sweep, with the choice among its runs."""

from typing import TYPE_CHECKING

from infoeval.cli.terminal.screen import Screen, table
from infoeval.errors import printable

if TYPE_CHECKING:
    from infoeval.results import Row, Summary

MOST_COLUMNS = 4
"""With more codes than this, the sum is shown in place of a column each."""


def print_runs(summary: "Summary") -> None:
    """Print a row for each run, L_I of its codes, why a run is chosen, and why some failed."""
    screen = Screen()
    measures = ["agreement"]
    if any(row.invariance is not None for row in summary.rows):
        measures.insert(0, "invariance")
    runs = table("run", "step", "seconds", "D", "G", *measures, "", right=True)
    for row in summary.rows:
        done = row.status == "complete"
        runs.add_row(
            printable(row.folder),
            f"{row.step:,}" if done else f"{row.step:,} of {row.steps:,}",
            "–" if row.seconds is None else f"{row.seconds:,.0f}",
            *(_loss(row, name) for name in ("discriminator_loss", "generator_loss")),
            *(_number(getattr(row, measure)) for measure in measures),
            "← chosen" if row.picked else "" if done else row.status,
        )
    screen.print_table(runs)
    _print_information(screen, summary)
    _print_choice(screen, summary)
    for row in summary.rows:
        if row.reason:
            screen.print_line(f"{row.folder} {row.status}: {row.reason}", soft_wrap=True)


def _print_information(screen: Screen, summary: "Summary") -> None:
    """Print L_I of each code against H(c), by each run's own Q."""
    rows = [row for row in summary.rows if row.bounds]
    if not rows:
        return
    first = rows[0].bounds
    level = next(iter(first.values())).level
    single = len(first) <= MOST_COLUMNS
    names = [printable(name) for name in first] if single else [f"all {len(first)} codes"]
    bounds_table = table("L_I in nats", *names, right=True)
    entropies = [bound.entropy for bound in first.values()]
    shown = entropies if single else [sum(entropies)]
    bounds_table.add_row("H(c)", *(f"{entropy:.3f}" for entropy in shown))
    for row in rows:
        bounds = row.bounds.values()
        by_code = [f"{bound.value:.3f} ± {(bound.high - bound.low) / 2:.3f}" for bound in bounds]
        total = [f"{sum(bound.value for bound in bounds):.3f}"]
        bounds_table.add_row(printable(row.folder), *(by_code if single else total))
    screen.print()
    screen.print_table(bounds_table)
    explained = f"± half of the {100 * level:g} % interval" if single else "each code: summary.csv"
    screen.print_line(f"by each run's own Q on fresh samples; {explained}")


def _print_choice(screen: Screen, summary: "Summary") -> None:
    screen.print()
    if any(row.invariance is not None for row in summary.rows):
        screen.print_line(
            f"invariance: I(ĉ; ĉ′) of {summary.images:,} training images and augmented copies, in "
            "nats, as the trainer weighs it; no label was read",
            soft_wrap=True,
        )
    if summary.measure is not None:
        screen.print_line(
            f"agreement: {summary.measure}, of {summary.images:,} training images; "
            "no label was read",
            soft_wrap=True,
        )
    for pick in summary.picks:
        chosen = "none" if pick.folder is None else pick.folder
        line = f"chosen of λ = {pick.information_weight:g}: {chosen}: {pick.reason}"
        screen.print_line(line, soft_wrap=True)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _loss(row: "Row", name: str) -> str:
    return f"{row.losses[name]:.2f}" if name in row.losses else "–"
