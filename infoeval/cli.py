"""The command line: each command parses, calls one function, and prints."""

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

import infoeval
from infoeval import content
from infoeval.errors import UserError
from infoeval.printing import print_catalogue, print_comparison, print_metrics, print_results
from infoeval.progress import activity, training_progress

if TYPE_CHECKING:
    from infoeval.results import Document

Command = Callable[..., None]
USER_ERROR = 2
NOT_CONVERGED = 1


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
      infoeval compare runs/digits-000/ckpt.pt runs/digits-001/ckpt.pt
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
    with training_progress(chosen.steps, chosen.batch, chosen.codes.entropy) as progress:
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


@main.command("metrics")
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
    click.echo(_json([vars(entry) for entry in entries])) if as_json else print_metrics(entries)


@main.command()
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

    with activity() as say:
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
    print_catalogue(entries)


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
        _say(f"Not converged: {', '.join(missing)}. A larger --budget trains for longer.")
        sys.exit(NOT_CONVERGED)


if __name__ == "__main__":
    main()
