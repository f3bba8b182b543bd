"""The tables behind `mi`: convergence, three Qs, the self-test, leakage, noise."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from infoeval.cli.terminal.screen import Screen, table
from infoeval.errors import printable

if TYPE_CHECKING:
    from infoeval.results import Result

WHOLE_NUMBER = 1e-6
ABOUT_LIMITS = (
    "highest: the limit of the information itself. more Q: what Q of these kinds would add under "
    "an assumed law of learning; other readers of the images may find more."
)


def print_information(screen: Screen, results: "Sequence[Result]") -> None:
    """Print the details of the `mi` results, if there are any."""
    estimates = [result for result in results if result.metric == "mi"]
    if not estimates:
        return
    _print_convergence(screen, estimates)
    _print_three_qs(screen, estimates, results)
    details = estimates[-1].details
    _print_self_test(screen, details["self_test"])
    _print_leakage(screen, details["leakage"])
    _print_noise(screen, estimates)


def _print_convergence(screen: Screen, estimates: "Sequence[Result]") -> None:
    """Print how certain each estimate is, and what its limits are about."""
    headers = ("certified ≥", "highest", "Q converged", "more Q", "errors", "input", "family")
    rows = table("post hoc Q", *headers)
    for column in rows.columns[1:6]:
        column.justify = "right"
    for column in rows.columns[6:]:
        column.no_wrap = False
    for result in estimates:
        details = result.details
        missed, errors, highest = (
            details.get(name) for name in ("missed", "error_rate", "highest")
        )
        rows.add_row(
            printable(result.target or ""),
            f"{details['certified']:.4f}",
            "no limit" if highest is None else f"{highest:.4f}",
            "yes" if details["converged"] else "no",
            "not known" if missed is None else f"≤ {missed:.4f}",
            "" if errors is None else f"{100 * errors:.2f} %",
            details["input"],
            details["family"],
        )
    screen.print()
    screen.print_table(rows)
    screen.print_line(ABOUT_LIMITS)


def _print_three_qs(
    screen: Screen, estimates: "Sequence[Result]", results: "Sequence[Result]"
) -> None:
    """Print L_I by the checkpoint's Q, by that Q with a new head, and by a new Q."""
    values = {(result.metric, result.target): f"{result.value:.4f}" for result in results}
    rows = table("L_I in nats, by", "own Q", "refitted head", "post hoc Q", right=True)
    for result in estimates:
        cells = [
            values.get((metric, result.target), "") for metric in ("mi-own", "mi-refitted", "mi")
        ]
        rows.add_row(printable(result.target or ""), *cells)
    screen.print()
    screen.print_table(rows)


def _print_self_test(screen: Screen, checks: dict[str, Any]) -> None:
    null = ", ".join(f"{check['name']} {check['value']:.4f}" for check in checks["null"])
    known = ", ".join(f"{check['name']} {check['error']:+.4f}" for check in checks["known"])
    screen.print()
    screen.print_line(
        f"self-test: independent codes {null}; errors on a known channel, "
        f"{checks['channel']}: {known}"
    )


def _print_leakage(screen: Screen, leakage: dict[str, Any]) -> None:
    """Print the leakage matrix: true codes down, predicted codes across."""
    if len(leakage["names"]) < 2:
        return
    rows = table("code ↓ predicted as →", *map(printable, leakage["names"]), right=True)
    for name, row in zip(leakage["names"], leakage["matrix"], strict=True):
        rows.add_row(printable(name), *(f"{value:.4f}" for value in row))
    screen.print()
    screen.print_table(rows)


def _print_noise(screen: Screen, estimates: "Sequence[Result]") -> None:
    """Print L_I under pixel noise: a column for each σ."""
    deviations = [point["deviation"] for point in estimates[0].details["noise"]]
    rows = table("pixel noise σ", *map(_deviation, deviations), right=True)
    for result in estimates:
        values = (point["value"] for point in result.details["noise"])
        rows.add_row(printable(result.target or ""), *(f"{value:.3f}" for value in values))
    screen.print()
    screen.print_table(rows)


def _deviation(value: float) -> str:
    """Return a deviation as a number of 255ths, where it is one."""
    steps = round(255 * value)
    return f"{steps}/255" if abs(255 * value - steps) < WHOLE_NUMBER else f"{value:g}"
