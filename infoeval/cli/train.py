"""The command that trains: one run, or many."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infoeval import content
from infoeval.cli.options import (
    as_text,
    data_dir_option,
    data_option,
    device_option,
    note,
    skip_broken_option,
)
from infoeval.cli.processes import in_one_voice
from infoeval.errors import UserError
from infoeval.lists import number_list, seed_list
from infoeval.printing import print_runs
from infoeval.progress import activity, training_progress
from infoeval.sizes import bytes_of

if TYPE_CHECKING:
    from infoeval.data import ImageSet
    from infoeval.sweep.stacks import Stack
    from infoeval.training.choice import Choice
    from infoeval.training.distributed import World

__all__ = ["train"]

FAILED = 1
"""Exit code where a run of many failed."""
MOST_STACKED = 10_000


@click.command(epilog=f"Bundled trainers: {', '.join(content.trainers())}.")
@click.argument("trainer", metavar="NAME|FILE.py|IMAGES")
@data_option
@data_dir_option
@skip_broken_option
@click.option("--codes", metavar="CODES", help='Other codes, such as "10,10,u,u".')
@click.option("--size", type=int, help="Networks for your own images: 28, 32 or 64.")
@click.option("--steps", type=int, help="Training steps; the trainer's own number by default.")
@click.option("--batch", type=int, help="Images a step; the trainer's own number by default.")
@click.option("--seed", type=int, help="Of weights and all draws; 0 by default.")
@click.option("--seeds", metavar="LIST", help="Many runs, such as 0-4 or 0,3,7.")
@click.option(
    "--information-weight",
    metavar="λ[,λ…]",
    help="λ of eq. 6; 0 trains a plain GAN with a recognition network beside it.",
)
@click.option("--jobs", type=int, help="Processes for many runs; one for each GPU, or one.")
@click.option(
    "--stack",
    metavar="N|auto|off",
    help="Runs that a process trains side by side, as one; auto by default.",
)
@click.option("--variant", default="default", show_default=True, help="A variant, e.g. paper.")
@device_option
@click.option(
    "--device-memory",
    metavar="SIZE",
    help="What the images may take on the device, e.g. 8GB; a larger set is streamed to it.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder; runs/NAME-000, -001 … by default."
)
@click.option("--no-capture", is_flag=True, help="Launch a GPU's steps kernel by kernel.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in --out.")
@click.option("--dry-run", is_flag=True, help="Print the resolved settings and stop.")
@click.option(
    "--sync-batch-norm/--no-sync-batch-norm",
    default=True,
    show_default=True,
    help="Under torchrun, normalise whole batches, not each process's part.",
)
@click.option("--json", "in_json", is_flag=True, help="Print the result as JSON.")
@in_one_voice
def train(
    trainer: str,
    data: str | None,
    data_dir: Path | None,
    skip_broken: bool,
    codes: str | None,
    size: int | None,
    steps: int | None,
    batch: int | None,
    seed: int | None,
    seeds: str | None,
    information_weight: str | None,
    jobs: int | None,
    stack: str | None,
    variant: str,
    device: str,
    device_memory: str | None,
    out: Path | None,
    no_capture: bool,
    resume: bool,
    dry_run: bool,
    in_json: bool,
    world: "World | None",
) -> None:
    """Train a bundled trainer, a Python file that defines `trainer`, or on your own images.

    IMAGES is a folder of pictures, a .npz file or the name of a data set: networks are chosen by
    the size and colour of the images. With --seeds, or several λ, every run has a folder of its
    own in --out, and a table of all of them marks the one that was chosen without labels.
    Under torchrun one run is shared by several processes, each with a part of every batch.

    \b
    For example:
      infoeval train digits
      infoeval train mnist --data-dir ~/data --seed 3 --out runs/mine
      infoeval train mnist --information-weight 0 --out runs/baseline
      infoeval train mnist --out runs/mine --resume
      infoeval train faces --variant lighting --seeds 0-4 --jobs 2
      infoeval train digits --seeds 0-2 --information-weight 0,1
      infoeval train ./holidays --codes "10,10,u,u"
      infoeval train ./my_trainer.py --data images.npz --dry-run
      torchrun --nproc-per-node 4 -m infoeval train celeba --out runs/faces
    """
    from infoeval.devices import find_device
    from infoeval.training.choice import choose_trainer

    if resume and out is None:
        raise UserError("--resume needs --out, the folder of the run to go on with")
    weights = []
    if information_weight is not None:
        weights = number_list(information_weight, "information_weight")
    many = seeds is not None or len(weights) > 1
    if seeds is not None and seed is not None:
        raise UserError("--seed is one run and --seeds are many: give one of them")
    if jobs is not None and not many:
        raise UserError("--jobs is for many runs: give --seeds too")
    if stack is not None and not many:
        raise UserError("--stack is for many runs: give --seeds too")
    side_by_side = _stack_of(stack or "auto")
    if world is not None and many:
        raise UserError("torchrun shares one run; start many without it: --jobs spreads them")
    if device_memory is not None and many:
        raise UserError("--device-memory is for one run; many share the device as it is")
    memory = None if device_memory is None else bytes_of(device_memory, "--device-memory")
    if no_capture and many:
        raise UserError("--no-capture is for one run")
    choice = choose_trainer(
        trainer,
        variant=variant,
        codes=codes,
        size=size,
        data_dir=data_dir,
        skip_broken=skip_broken,
    )
    if choice.shape is not None and data is not None:
        raise UserError(f"{trainer} are the images: --data has no use")
    given: dict[str, Any] = {"data": data, "steps": steps, "batch": batch}
    if len(weights) == 1:
        given["information_weight"] = weights[0]
    chosen = {name: value for name, value in given.items() if value is not None}
    choice = replace(choice, trainer=replace(choice.trainer, **chosen))
    if choice.decided:
        note(f"{choice.trainer.name}: {choice.decided}")
    numbers = seed_list(seeds) if seeds is not None else [seed or 0]
    if dry_run:
        settings: dict[str, Any] = {"trainer": choice.trainer.to_dict(), "variant": variant}
        settings |= {"device": str(find_device(device))}
        if many:
            settings |= {"seeds": numbers, "information_weights": weights or None, "jobs": jobs}
            settings |= {"stack": side_by_side}
        else:
            settings |= {"seed": numbers[0]}
        click.echo(as_text(settings))
        return
    with _preparing(), nullcontext() if world is None else world.first_before_others():
        images = _load(choice, data_dir, skip_broken)
    folder = out or _next_folder(choice.trainer.name)
    if world is not None:
        folder = Path(world.from_first(str(folder)))
    if many:
        _train_many(
            choice,
            images,
            folder,
            numbers,
            weights,
            in_json,
            variant=variant,
            device=device,
            jobs=jobs,
            stack=side_by_side,
            resume=resume,
        )
    else:
        _train_one(
            choice,
            images,
            folder,
            numbers[0],
            in_json,
            variant=variant,
            device=device,
            resume=resume,
            device_memory=memory,
            capture=not no_capture,
            world=world,
        )


@contextmanager
def _preparing() -> Iterator[None]:
    """Show how far data are that are being prepared."""
    from infoeval.data import reporting

    with activity() as say, reporting(say):
        yield


def _load(choice: "Choice", data_dir: Path | None, skip_broken: bool) -> "ImageSet":
    from infoeval.data import load

    images = load(
        choice.trainer.data, "train", root=data_dir, skip_broken=skip_broken, shape=choice.shape
    )
    if images.left_out:
        note(
            f"left out {len(images.left_out):,} broken: {', '.join(images.left_out[:10])}"
            + (" …" if len(images.left_out) > 10 else "")
        )
    return images


def _train_one(
    choice: "Choice", images: "ImageSet", folder: Path, seed: int, in_json: bool, **options: Any
) -> None:
    from infoeval.checkpoint import Checkpoint
    from infoeval.training import run

    trainer = choice.trainer
    note(f"{trainer.name}: {len(images):,} images, {trainer.steps:,} steps, into {folder}")
    if options["resume"] and not (folder / run.CHECKPOINT).exists():
        note(f"no checkpoint in {folder} yet: starting at step 0")
    with training_progress(trainer.steps, trainer.batch, trainer.codes.entropy) as progress:
        path = run.train(trainer, images, folder, seed=seed, progress=progress, say=note, **options)
    if in_json:
        click.echo(as_text({"checkpoint": str(path), "step": Checkpoint.open(path).step}))
    else:
        click.echo(f"checkpoint: {path}\nnext: infoeval score {shlex.quote(str(path))}")


def _train_many(
    choice: "Choice",
    images: "ImageSet",
    folder: Path,
    seeds: list[int],
    weights: list[float],
    in_json: bool,
    **options: Any,
) -> None:
    from infoeval.sweep import train_many

    trainer = choice.trainer
    count = len(seeds) * max(len(weights), 1)
    note(f"{trainer.name}: {count} runs of {trainer.steps:,} steps, into {folder}")
    with activity() as say:
        summary = train_many(
            trainer,
            images,
            folder,
            seeds=seeds,
            information_weights=weights,
            say=say,
            tell=note,
            **options,
        )
    click.echo(summary.to_json(), nl=False) if in_json else print_runs(summary)
    if not summary.complete:
        sys.exit(FAILED)


def _stack_of(text: str) -> "Stack":
    if text in ("auto", "off"):
        return "auto" if text == "auto" else 1
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= MOST_STACKED):
        raise UserError(f"--stack is {text!r}; give auto, off, or a number of runs")
    return int(text)


def _next_folder(name: str) -> Path:
    number = 0
    while (folder := Path("runs") / f"{name}-{number:03d}").exists():
        number += 1
    return folder
