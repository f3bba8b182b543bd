"""The ranked table of directions for the terminal."""

from typing import IO, TYPE_CHECKING

from infoeval.cli.terminal.screen import Screen, table
from infoeval.errors import printable

if TYPE_CHECKING:
    from infoeval.results import Document, Result

NOISE = 0.25
"""The pixel noise of the column beside the nats."""
ABOUT = (
    "by: change per deviation along the direction, in deviations of the attribute among random "
    "images; side: the other changes as shares of it, mean and largest; straight: R² of a line; "
    "reaches: deviations from the mean at which images still lie among random ones."
)


def print_directions(document: "Document", file: IO[str] | None = None) -> None:
    """Print a row for each direction by its nats, then what all carry together.

    On standard output, or as plain text into `file`.
    """
    screen = Screen(file)
    about = document.subject["directions"]
    screen.print_line(
        f"{about['method']}, in {about['space']} of {about['dimension']:,} dimensions"
        + (f": {about['about']}" if about["about"] else ""),
        soft_wrap=True,
    )
    changed = [result for result in document.results if result.change is not None]
    level = next((result.level for result in document.results if result.level), 0.95)
    rows = table(
        "direction",
        "nats",
        f"{100 * level:g} % interval",
        f"σ {NOISE:g}",
        "changes most",
        "by",
        "side",
        "straight",
        "reaches",
    )
    for result in document.results:
        if result.metric == "mi" and result.target != "all codes":
            change = next((item for item in changed if item.target == result.target), None)
            reach = document.find("direction-reach", result.target)
            rows.add_row(printable(result.target or ""), *_nats(result), *_change(change, reach))
    for place in (1, 3, 5, 6, 7):
        rows.columns[place].justify = "right"
    screen.print_table(rows)
    _print_together(screen, document)
    screen.print_line(ABOUT, soft_wrap=True)
    for reason in document.skipped_by_reason():
        screen.print_line(reason, soft_wrap=True)
    for line in document.data.get("notes", ()):
        screen.print_line(line, soft_wrap=True)


def _nats(result: "Result") -> tuple[str, str, str]:
    details = result.information
    left = (
        next((step for step in details.noise if step.deviation == NOISE), None) if details else None
    )
    high = "" if result.high is None else f"{result.high:.3f}"
    return (
        f"{result.value:.3f}",
        f"{result.low:.3f} … {high}".rstrip(),
        "" if left is None else f"{left.value:.3f}",
    )


def _change(result: "Result | None", reach: "Result | None") -> tuple[str, str, str, str, str]:
    far = "" if reach is None else f"{reach.value:g} ({reach.low:g} … {reach.high:g})"
    if result is None or result.change is None or not result.excludes_zero:
        return "nothing measured", "", "", "", far
    change = result.change
    side = (change.dependency_mean, change.dependency_max)
    line = change.linearity
    return (
        printable(change.attribute),
        f"{result.value:+.2f}",
        "" if None in side else " … ".join(f"{100 * (share or 0):.0f} %" for share in side),
        "" if line is None else f"{line.value:.2f}",
        far,
    )


def _print_together(screen: Screen, document: "Document") -> None:
    """Print the information of all directions together, and what it is beyond the sum."""
    joint, beyond = (document.find(metric, "all codes") for metric in ("mi", "mi-synergy"))
    if joint is not None and beyond is not None:
        screen.print_line(
            f"together {joint.value:.3f} nats, beyond the sum {beyond.value:+.3f} "
            f"({beyond.low:+.3f} … {beyond.high:+.3f})"
        )
    missing = [
        printable(str(result.target))
        for result in document.results
        if result.convergence is not None and not result.convergence.converged
    ]
    if missing:
        screen.print_line(
            f"Q has not converged for {', '.join(missing)}: there may be more nats than it reads",
            soft_wrap=True,
        )
