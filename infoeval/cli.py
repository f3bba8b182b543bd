"""The command line: each command parses, calls one function, and prints."""

import math
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

import infoeval
from infoeval import content
from infoeval.errors import UserError

if TYPE_CHECKING:
    from infoeval.results import Document, Result
    from infoeval.scoring import BatchNorm

USER_ERROR = 2
PLAIN_INTERVAL = 10.0
"""Seconds between progress lines where the output is not a terminal."""


class Commands(click.Group):
    """A group whose user errors are one line and exit code 2, with no traceback."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Remember the whole command line, for the report's provenance."""
        context.obj = ["infoeval", *args]
        return super().parse_args(context, args)

    def invoke(self, context: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(context)
        except UserError as error:
            _fail(str(error))
        except KeyboardInterrupt:
            _fail("interrupted; a training goes on from its last checkpoint with --resume")
        except BrokenPipeError:
            sys.exit(0)


def _fail(message: str) -> NoReturn:
    click.echo(f"Error: {' '.join(message.split())}", err=True)
    sys.exit(USER_ERROR)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(infoeval.__version__, prog_name="infoeval")
def main() -> None:
    """What each latent code of a generative model means, and how sure one can be.

    \b
    For example:
      infoeval train digits
      infoeval score runs/digits-000/ckpt.pt
      infoeval report runs/digits-000/ckpt.pt -o report.html
    """


data_option = click.option("--data", metavar="NAME|PATH", help="Data set, .npz file or folder.")
data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    envvar="INFOEVAL_DATA",
    help="Folder of the named data sets (or set INFOEVAL_DATA).",
)
device_option = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@main.command(epilog=f"Bundled trainers: {', '.join(content.trainers())}.")
@click.argument("trainer", metavar="NAME|FILE.py")
@data_option
@data_dir_option
@click.option("--steps", type=int, help="Training steps; the trainer's own number by default.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of weights and all draws.")
@click.option(
    "--information-weight",
    type=float,
    metavar="λ",
    help="λ of eq. 6; 0 trains a plain GAN with a recognition network beside it.",
)
@click.option("--variant", default="default", show_default=True, help="A variant, e.g. paper.")
@device_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder; runs/NAME-000, -001 … by default."
)
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in --out.")
@click.option("--dry-run", is_flag=True, help="Print the resolved settings and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def train(
    trainer: str,
    data: str | None,
    data_dir: Path | None,
    steps: int | None,
    seed: int,
    information_weight: float | None,
    variant: str,
    device: str,
    out: Path | None,
    resume: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train a bundled trainer, or a Python file that defines `trainer`.

    \b
    For example:
      infoeval train digits
      infoeval train mnist --data-dir ~/data --seed 3 --out runs/mine
      infoeval train mnist --information-weight 0 --out runs/baseline
      infoeval train mnist --out runs/mine --resume
      infoeval train ./my_trainer.py --data images.npz --dry-run
    """
    from infoeval.checkpoint import Checkpoint
    from infoeval.data import load
    from infoeval.devices import find_device
    from infoeval.training import run as runs
    from infoeval.training.bundled import load_trainer

    chosen = load_trainer(trainer).variant(variant)
    given: dict[str, Any] = {"data": data, "steps": steps, "information_weight": information_weight}
    chosen = replace(chosen, **{name: value for name, value in given.items() if value is not None})
    if resume and out is None:
        raise UserError("--resume needs --out, the folder of the run to go on with")
    if dry_run:
        where = str(find_device(device))
        settings = {"trainer": chosen.to_dict(), "variant": variant, "seed": seed, "device": where}
        click.echo(_json(settings))
        return
    folder = out or _next_folder(chosen.name)
    images = load(chosen.data, "train", root=data_dir)
    _say(f"{chosen.name}: {len(images):,} images, {chosen.steps:,} steps, into {folder}")
    if resume and not (folder / runs.CHECKPOINT).exists():
        _say(f"no checkpoint in {folder} yet: starting at step 0")
    with _training_progress(chosen.steps, chosen.batch, chosen.codes.entropy) as progress:
        path = runs.train(
            chosen,
            images,
            folder,
            seed=seed,
            device=device,
            variant=variant,
            resume=resume,
            progress=progress,
        )
    if as_json:
        click.echo(_json({"checkpoint": str(path), "step": Checkpoint.open(path).step}))
    else:
        click.echo(f"checkpoint: {path}\nnext: infoeval score {shlex.quote(str(path))}")


@main.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    help="cluster-acc, cluster-nmi, cluster-ari or mi-own; may be repeated. All by default.",
)
@data_option
@data_dir_option
@click.option("--seed", type=int, default=0, show_default=True, help="Of samples and resamples.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Of the intervals.")
@click.option("--fit-images", type=int, help="Fit the matching on so many; all by default.")
@click.option(
    "--batch-norm",
    type=click.Choice(["real", "running", "generated"]),
    default="real",
    show_default=True,
    help="Where Q's batch-norm statistics come from when it reads real images.",
)
@device_option
@json_option
def score(
    checkpoint: Path,
    metrics: Sequence[str],
    data: str | None,
    data_dir: Path | None,
    seed: int,
    level: float,
    fit_images: int | None,
    batch_norm: "BatchNorm",
    device: str,
    as_json: bool,
) -> None:
    """Score a checkpoint: each number with its interval.

    \b
    For example:
      infoeval score ckpt.pt
      infoeval score ckpt.pt --metric cluster-acc --json
      infoeval score ckpt.pt --metric mi-own --metric cluster-nmi
    """
    from infoeval import scoring

    with _activity() as say:
        document = scoring.score(
            checkpoint,
            list(metrics) or None,
            data=data,
            data_dir=data_dir,
            seed=seed,
            level=level,
            fit_images=fit_images,
            batch_norm=batch_norm,
            device=device,
            report=say,
        )
    click.echo(document.to_json(), nl=False) if as_json else _print_results(document)


@main.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option("--baseline", type=click.Path(path_type=Path), help="Checkpoint of the λ = 0 twin.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help="The page; its data and pictures go to NAME_files beside it.",
)
@data_option
@data_dir_option
@click.option("--seed", type=int, default=0, show_default=True, help="Of samples and traversals.")
@device_option
@click.option("--open", "open_it", is_flag=True, help="Open the page when it is written.")
@json_option
def report(
    checkpoint: Path,
    baseline: Path | None,
    output: Path,
    data: str | None,
    data_dir: Path | None,
    seed: int,
    device: str,
    open_it: bool,
    as_json: bool,
) -> None:
    """Write one self-contained page about a checkpoint.

    \b
    For example:
      infoeval report ckpt.pt -o report.html
      infoeval report ckpt.pt --baseline ckpt0.pt -o report.html --open
    """
    from infoeval import analysis

    with _activity() as say:
        page = analysis.report(
            checkpoint,
            output,
            baseline=baseline,
            data=data,
            data_dir=data_dir,
            seed=seed,
            device=device,
            command=shlex.join(click.get_current_context().find_root().obj),
            say=say,
        )
    click.echo(_json({"page": str(page)}) if as_json else f"report: {page}")
    if open_it:
        click.launch(str(page))


@main.group()
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
    """Show which data sets are there, and what to do about those that are not.

    \b
    For example:
      infoeval data ls
      infoeval data ls --data-dir ~/data --json
    """
    from infoeval.data import catalogue

    entries = catalogue(data_dir)
    if as_json:
        click.echo(_json([vars(entry) for entry in entries]))
        return
    table = Table("name", "there", "what", "where", box=None, header_style="bold")
    for entry in entries:
        there = "yes" if entry.present else "no"
        table.add_row(entry.name, there, entry.description, escape(entry.where))
    console = Console()
    console.print(table)
    for entry in entries:
        if not entry.present:
            console.print(f"\n{entry.name}: {entry.what_to_do}", markup=False, highlight=False)
    console.print("\nAny .npz file with images, and any folder of images, can be given as well.")


def _json(value: Any) -> str:
    import json

    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _next_folder(name: str) -> Path:
    number = 0
    while (folder := Path("runs") / f"{name}-{number:03d}").exists():
        number += 1
    return folder


def _print_results(document: "Document") -> None:
    """Print the results as a table, with what a cluster accuracy needs to be understood."""
    console = Console(highlight=False)
    table = Table("metric", "of", "value", "95 % interval", "n", box=None, header_style="bold")
    levels = {result.level for result in document.results if result.level is not None}
    if levels:
        table.columns[3].header = f"{100 * levels.pop():g} % interval"
    for result in document.results:
        interval = "–" if result.low is None else f"{result.low:.4f} … {result.high:.4f}"
        unit = "" if result.unit in ("fraction", "index") else f" {result.unit}"
        value = f"{result.value:.4f}{unit}"
        if "entropy" in result.details and result.unit == "nats":
            value += f" (H(c) = {result.details['entropy']:.4f})"
        target = escape(result.target or "")
        table.add_row(result.metric, target, value, interval, f"{result.n:,}")
    console.print(table)
    for result in document.results:
        if "confusion" in result.details:
            _print_matching(console, result)
    for skipped in document.skipped:
        console.print(f"{skipped.metric} skipped: {skipped.reason}", markup=False)


def _print_matching(console: Console, result: "Result") -> None:
    details = result.details
    names = details.get("class_names") or []
    columns = len(details["confusion"][0])
    labels = [escape(str(names[k])) if k < len(names) else str(k) for k in range(columns)]
    console.print(
        f"\n{result.target}: error {100 * details['error']:.2f} % one-to-one; many-to-one accuracy "
        f"{details['many_to_one']:.4f} ({details['many_to_one_low']:.4f} … "
        f"{details['many_to_one_high']:.4f})",
        markup=False,
    )
    table = Table("code → class", *labels, box=None, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    for code, (row, matched) in enumerate(
        zip(details["confusion"], details["matching"], strict=True)
    ):
        to = labels[matched] if matched >= 0 else "none"
        cells = [f"[bold]{n}[/]" if k == matched else str(n) for k, n in enumerate(row)]
        table.add_row(f"{code} → {to}", *cells)
    console.print(table)


@contextmanager
def _activity() -> Iterator[Callable[[str], None]]:
    """Show what is being done: a spinner on a terminal, lines elsewhere."""
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status("opening the checkpoint") as status:
            yield lambda text: status.update(text)
        return
    last = [""]

    def say(text: str) -> None:
        head = text.split(",")[0]
        if head != last[0]:
            last[0] = head
            _say(head)

    yield say


@contextmanager
def _training_progress(
    steps: int, batch: int, entropy: Mapping[str, float]
) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """A bar on a terminal, a line every ten seconds elsewhere: L_I against H(c), losses, speed."""
    started, first = time.monotonic(), [-1]

    def describe(step: int, row: Mapping[str, float]) -> str:
        codes = "  ".join(
            f"{name} {row[f'information_{name}']:.2f}/{limit:.2f}"
            for name, limit in entropy.items()
        )
        # The first call says where a resumed run began, up to one window.
        if first[0] < 0:
            first[0] = step
        elapsed = time.monotonic() - started
        speed = (step - first[0]) * batch / elapsed if step > first[0] else math.nan
        rate = "" if math.isnan(speed) else f"  {speed:,.0f} images/s"
        return (
            f"L_I/H(c) in nats: {codes}  D {row['discriminator_loss']:.2f}  "
            f"G {row['generator_loss']:.2f}{rate}"
        )

    console = Console(stderr=True)
    if not console.is_terminal:
        last = [started]

        def line(step: int, row: Mapping[str, float]) -> None:
            text = describe(step, row)
            if step == steps or time.monotonic() - last[0] >= PLAIN_INTERVAL:
                last[0] = time.monotonic()
                left = (last[0] - started) / max(step - first[0], 1) * (steps - step)
                _say(f"step {step:,} of {steps:,}  {text}  {left:,.0f} s left")

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
            live.update(Group(bar, Text(describe(step, row))))

        yield update


if __name__ == "__main__":
    main()
