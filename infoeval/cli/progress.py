"""Progress on the standard error: bars on a terminal, occasional lines elsewhere."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from infoeval.cli.output import note, plain
from infoeval.cli.terminal.screen import Terminal
from infoeval.errors import printable

PLAIN_INTERVAL = 10.0
"""Seconds between progress lines where the output is not a terminal."""
BAR = 24
PATIENCE = 2.0
"""Seconds without a word of what is usually done by then."""

Activity = Callable[[str, float | None], None]
Training = Callable[[int, Mapping[str, float]], None]


@contextmanager
def activity(console: Console | None = None) -> Iterator[Activity]:
    """Show what is being done: yields a function of a text and the share done, which may be None.

    On a terminal a bar above the text; elsewhere a line when the text up to its first comma and
    space changes, and the whole text every ten seconds, with the time left where a share is known.
    """
    console = console or _terminal()
    if console is None or not console.is_terminal:
        yield _lines()
        return
    spinner = SpinnerColumn("line" if console.options.ascii_only else "dots")
    columns = spinner, BarColumn(BAR), TaskProgressColumn(), TimeRemainingColumn(compact=True)
    bar = Progress(*columns, console=console)
    task = bar.add_task("", total=None)
    with Live(console=console, refresh_per_second=8, transient=True) as live:

        def update(text: str, share: float | None) -> None:
            bar.update(task, completed=share or 0.0, total=None if share is None else 1.0)
            live.update(Group(bar, _text(text, console)))

        update("opening the model", None)
        yield update


@contextmanager
def activity_if_slow() -> Iterator[Activity]:
    """Show what is being done as `activity` does, once two seconds have passed."""
    started = time.monotonic()
    with ExitStack() as held:
        shown: list[Activity] = []

        def update(text: str, share: float | None) -> None:
            if not shown and time.monotonic() - started >= PATIENCE:
                shown.append(held.enter_context(activity()))
            for show in shown:
                show(text, share)

        yield update


def _lines() -> Activity:
    last_head, last_time = "", -math.inf
    first_share, first_time = 0.0, 0.0

    def print_line(text: str, share: float | None) -> None:
        nonlocal last_head, last_time, first_share, first_time
        head, now = text.split(", ")[0], time.monotonic()
        if head != last_head:
            first_share, first_time = share or 0.0, now
        elif now - last_time < PLAIN_INTERVAL:
            return
        whole = text
        if share is not None:
            gained = share - first_share
            left = (now - first_time) * (1 - share) / gained if gained > 0 else None
            whole += f" ({share:.0%}{'' if left is None else f', about {left:,.0f} s left'})"
        note(whole if head == last_head else head)
        last_head, last_time = head, now

    return print_line


@contextmanager
def training_progress(steps: int, batch: int, entropy: Mapping[str, float]) -> Iterator[Training]:
    """Show a training: L_I against H(c), losses, speed; yields a function of the step and its row.

    A bar on a terminal, a line every ten seconds elsewhere.
    """
    started, first = time.monotonic(), [-1]

    def describe(step: int, row: Mapping[str, float]) -> str:
        # A resumed run began within one window before the first call.
        if first[0] < 0:
            first[0] = step
        elapsed = time.monotonic() - started
        speed = (step - first[0]) * batch / elapsed if step > first[0] else None
        return _describe(row, entropy, speed)

    console = _terminal()
    if console is None:
        last = [started]

        def line(step: int, row: Mapping[str, float]) -> None:
            text = describe(step, row)
            if step == steps or time.monotonic() - last[0] >= PLAIN_INTERVAL:
                last[0] = time.monotonic()
                pace = (last[0] - started) / (step - first[0]) if step > first[0] else None
                left = "" if pace is None else f"  {pace * (steps - step):,.0f} s left"
                note(f"step {step:,} of {steps:,}  {text}{left}")

        yield line
        return
    bar = Progress(
        BarColumn(None),
        TextColumn("{task.completed:,} of {task.total:,} steps"),
        TimeRemainingColumn(),
        expand=True,
    )
    task = bar.add_task("", total=steps)
    with Live(bar, console=console, refresh_per_second=4) as live:

        def update(step: int, row: Mapping[str, float]) -> None:
            bar.update(task, completed=step)
            live.update(Group(bar, _text(describe(step, row), console)))

        yield update


def _terminal() -> Console | None:
    """Return a console of the standard error, if that is a terminal."""
    return Terminal(stderr=True) if sys.stderr.isatty() else None


def _text(text: str, console: Console) -> Text:
    return Text(plain(printable(text), console.encoding))


def _describe(row: Mapping[str, float], entropy: Mapping[str, float], speed: float | None) -> str:
    codes = "  ".join(
        f"{name} {row[f'information_{name}']:.2f}/{limit:.2f}" for name, limit in entropy.items()
    )
    rate = "" if speed is None else f"  {speed:,.0f} images/s"
    return (
        f"L_I/H(c) in nats: {codes}  D {row['discriminator_loss']:.2f}  "
        f"G {row['generator_loss']:.2f}{rate}"
    )
