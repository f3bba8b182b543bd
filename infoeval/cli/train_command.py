"""The command `infoeval train`: one run, or many."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infoeval import content
from infoeval.cli.common import (
    as_text,
    data_dir_option,
    data_option,
    options_of,
    skip_broken_option,
)
from infoeval.cli.grouped_help import TRAINING, grouped_command
from infoeval.cli.output import note, print_json
from infoeval.cli.parameter_types import CompletedText, PathType, number_list, seed_list
from infoeval.cli.processes import one_process_reports
from infoeval.cli.run_places import begun_run, open_run_folder
from infoeval.errors import UserError
from infoeval.training.run_options import RunOptions

if TYPE_CHECKING:
    from infoeval.sweep.stacks import Stack
    from infoeval.training.choosing import Choice
    from infoeval.training.distributed import World

MOST_STACKED = 10_000
"""Largest number that --stack takes."""


@grouped_command(TRAINING, epilog=f"Bundled trainers: {', '.join(content.trainers())}.")
@click.argument("trainer", metavar="NAME|FILE.py|IMAGES", type=CompletedText(content.trainers))
@data_option
@data_dir_option
@skip_broken_option
@click.option(
    "--codes",
    metavar="CODES",
    help='Other codes, such as "10,u,n,a": ten categories, uniform, normal, an angle.',
)
@click.option("--size", type=int, help="Networks for your own images: 28, 32 or 64.")
@click.option("--steps", type=int, help="Training steps; the trainer's own number by default.")
@click.option("--batch", type=int, help="Images a step; the trainer's own number by default.")
@click.option(
    "--minutes",
    type=float,
    metavar="N",
    help="Time for your own images: networks, size, batch and steps are chosen by timing a few "
    "steps here; what is given stays. 10 by default on a CPU, unless --steps is given.",
)
@click.option("--seed", type=int, help="Seed of weights and random draws; 0 by default.")
@click.option("--seeds", metavar="LIST", help="Many runs, such as 0-4 or 0,3,7.")
@click.option(
    "--information-weight",
    metavar="λ[,λ…]",
    help="λ of eq. 6; 0 trains a plain GAN with a recognition network beside it.",
)
@click.option("--jobs", type=int, help="Processes for many runs; one per GPU by default.")
@click.option(
    "--stack",
    metavar="N|auto|off",
    help="Runs that a process trains at once, as one; auto by default.",
)
@options_of(RunOptions)
@click.option("--out", type=PathType(), help="Run folder; runs/NAME-000, -001 … by default.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print layers, codes, settings and about how long it takes, and stop.",
)
@click.option(
    "--sync-batch-norm/--no-sync-batch-norm",
    default=True,
    show_default=True,
    help="Under torchrun, normalise whole batches, not each process's part.",
)
@click.option("--json", "in_json", is_flag=True, help="Print the result as JSON.")
@one_process_reports
def train(
    trainer: str,
    data: str | None,
    data_dir: Path | None,
    skip_broken: bool,
    codes: str | None,
    size: int | None,
    steps: int | None,
    batch: int | None,
    minutes: float | None,
    seed: int | None,
    seeds: str | None,
    information_weight: str | None,
    jobs: int | None,
    stack: str | None,
    out: Path | None,
    dry_run: bool,
    in_json: bool,
    world: "World | None",
    **run_options: Any,
) -> None:
    """Train a bundled trainer, a Python file that defines `trainer`, or on your own images.

    \b
    For example:
      infoeval train digits
      infoeval train mnist --data-dir ~/data --seed 3 --out runs/mine
      infoeval train mnist --information-weight 0 --out runs/baseline
      infoeval train mnist --out runs/mine --resume
      infoeval train faces --variant lighting --seeds 0-4 --jobs 2
      infoeval train digits --seeds 0-2 --information-weight 0,1
      infoeval train ./holidays --codes "10,10,u,u" --minutes 10
      infoeval train ./my_trainer.py --data images.npz --dry-run
      torchrun --nproc-per-node 4 -m infoeval train celeba --out runs/celeba

    IMAGES is a folder of images, a .npz file or the name of a data set: networks are chosen by
    the size and colour of the images, and by the time that there is. With --seeds, or several λ,
    every run has its own folder in --out, and a table of all of them marks the one that was chosen
    without labels. Under torchrun several processes share one run, each with a part of every batch.
    """
    from infoeval.training.choosing import choose_trainer
    from infoeval.training.time_budget import TimeBudget

    options = RunOptions(**run_options)
    if options.resume and out is None:
        raise UserError("--resume needs --out, the folder of the run to go on with")
    weights = []
    if information_weight is not None:
        weights = number_list(information_weight, "information_weight")
    many = seeds is not None or len(weights) > 1
    if seeds is not None and seed is not None:
        raise UserError("--seed is one run and --seeds are many: give one of them")
    _check_number_of_runs(many, jobs, stack, world)
    if world is not None and minutes is not None:
        raise UserError("--minutes times the steps of one process: under torchrun give --steps")
    budget = TimeBudget(minutes, steps, batch, options.device) if world is None else None
    begun = begun_run(out) if options.resume and out is not None else None
    sweep_options = {
        "seeds": seed_list(seeds) if seeds is not None else [seed or 0],
        "information_weights": weights,
        "jobs": jobs,
        "stack": _stack_of(stack or "auto"),
    }
    choice = choose_trainer(
        trainer,
        variant=options.variant,
        codes=codes,
        size=size,
        data_dir=data_dir,
        skip_broken=skip_broken,
        budget=budget,
        begun=begun,
    )
    options = replace(options, variant=choice.variant)
    if steps is None and begun is not None:
        steps = begun.trainer.steps
    weight = weights[0] if len(weights) == 1 else None
    choice = choice.changed(data=data, steps=steps, batch=batch, information_weight=weight)
    for line in filter(None, (choice.decided, choice.estimate)):
        note(f"{choice.trainer.name}: {line}")
    if dry_run:
        settings = _settings(choice, options, sweep_options, many)
        if in_json:
            print_json(as_text(settings))
            return
        from infoeval.cli.terminal.trainer_table import print_dry_run

        print_dry_run(settings)
        return
    from infoeval.cli.run_output import preparing, train_many, train_one
    from infoeval.training.train_by_name import load_images

    with preparing(), nullcontext() if world is None else world.first_before_others():
        images = load_images(choice, data_dir, skip_broken, note)
    with open_run_folder(choice.trainer.name, out, world) as folder:
        if many:
            train_many(choice.trainer, images, folder, options, in_json, **sweep_options)
        else:
            train_one(choice.trainer, images, folder, options, seed or 0, world, in_json)


def _check_number_of_runs(
    many: bool, jobs: int | None, stack: str | None, world: "World | None"
) -> None:
    """Raise UserError for an option of many runs where there is one, and the other way round."""
    if jobs is not None and not many:
        raise UserError("--jobs is for many runs: give --seeds too")
    if stack is not None and not many:
        raise UserError("--stack is for many runs: give --seeds too")
    if world is not None and many:
        raise UserError("torchrun shares one run; start many without it: --jobs spreads them")


def _settings(
    choice: "Choice", options: "RunOptions", sweep_options: dict[str, Any], many: bool
) -> dict[str, Any]:
    """Return the settings that `--dry-run` prints."""
    from infoeval.devices import find_device
    from infoeval.training.dry_run import layers, seconds_of_step

    device, trainer = find_device(options.device), choice.trainer
    names = ("variant", "device_memory", "capture")
    settings = {name: getattr(options, name) for name in names}
    settings |= {
        "trainer": trainer.to_dict(),
        "device": str(device),
        "layers": layers(trainer),
        "codes": {
            name: {
                "prior": code.description or code.kind,
                "entropy": code.entropy,
                "weight": trainer.code_weights.get(name, 1.0),
            }
            for name, code in trainer.codes.items()
        },
        "seconds_of_step": choice.seconds or seconds_of_step(trainer, device),
        "minutes": choice.minutes,
    }
    if not many:
        return settings | {"seed": sweep_options["seeds"][0]}
    weights = sweep_options["information_weights"] or None
    return settings | sweep_options | {"information_weights": weights}


def _stack_of(text: str) -> "Stack":
    """Return the number of stacked runs that --stack asks for, or "auto"."""
    if text in ("auto", "off"):
        return "auto" if text == "auto" else 1
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= MOST_STACKED):
        raise UserError(f"--stack is {text!r}; give auto, off, or a number of runs")
    return int(text)
