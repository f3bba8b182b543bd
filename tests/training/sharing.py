"""What each of two processes does in `test_distributed`."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from infoeval import Affine, Trainer
from infoeval.data import load
from infoeval.errors import UserError
from infoeval.training.run import Run, train
from infoeval.training.run_options import RunOptions
from tests.tiny import tiny_images, tiny_trainer

if TYPE_CHECKING:
    from infoeval.training.distributed import World

STEPS = RunOptions(device="cpu", log_every=2, checkpoint_every=2)
TRAINERS: dict[str, Trainer] = {
    "plain": tiny_trainer(steps=6),
    "everything": tiny_trainer(
        steps=6,
        image_noise=0.1,
        image_noise_half_life=2,
        discriminator_waits_below=1.39,
        gradient_penalty=10.0,
        recognition_learns="with_discriminator",
        recognition_view=Affine(cutout=0.5),
        invariance_weight=1.0,
        invariance_starts=2,
        continuous_starts=3,
    ),
}
ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTED = "infoeval.training.distributed"
LONG = tiny_trainer(data="images.npz", steps=100_000)


def train_both(name: str, folder: Path, world: "World | None" = None) -> None:
    """Train one of `TRAINERS`, its weights ten times larger than they begin elsewhere.

    At first Q's answers hardly depend on the image, and what invariance asks is next to nothing.
    """
    run = Run.start(TRAINERS[name], tiny_images(), folder, STEPS, world=world)
    with torch.no_grad():
        for parameter in run.networks.parameters():
            if parameter.dim() > 1:
                parameter.mul_(10)
    run.train()


def work(folder: Path, rank: int, variables: dict[str, str]) -> None:
    """Train what the tests compare, then a run that goes on until it is killed.

    As a program with torchrun's variables; its errors are written to a file.
    """
    os.environ.update(variables, RANK=str(rank), LOCAL_RANK=str(rank))
    write_to(folder / f"errors-{rank}", 2)
    written: list[str] = []
    runs = str(folder / "runs")

    def remember(event: str, arguments: tuple[Any, ...]) -> None:
        """Every file that is opened to be written, and every folder that is made."""
        if event == "os.mkdir" or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            written.append(str(arguments[0]))

    sys.addaudithook(remember)
    outcome: dict[str, Any] = {"imported": DISTRIBUTED in sys.modules}
    from infoeval.training.distributed import join

    with join("cpu", synchronised_batch_norm=False, patience=60) as world:
        assert world is not None
        train_both("plain", folder / "runs/apart", world)
        world.synchronised_batch_norm = True
        for name in TRAINERS:
            train_both(name, folder / "runs" / name, world)
        outcome["written"] = [path for path in written if path.startswith(runs)]
        try:
            unequal = folder / "runs/unequal"
            plain = TRAINERS["plain"]
            train(plain, tiny_images(), unequal, STEPS, seed=world.rank, world=world)
        except UserError as error:
            outcome["unequal"] = str(error)
        (folder / f"outcome-{rank}.json").write_text(json.dumps(outcome))
        data = load(folder / "images.npz")
        try:
            train(LONG, data, folder / "runs/long", STEPS, world=world)
        except UserError as error:
            sys.exit(f"Error: {error}")


def torchrun(folder: Path, arguments: list[str]) -> None:
    """What torchrun does in a folder; what it and its workers print is written to two files."""
    write_to(folder / "output", 1)
    write_to(folder / "errors", 2)
    os.chdir(folder)
    os.environ.update(OMP_NUM_THREADS="1", PYTHONPATH=str(ROOT))
    from torch.distributed.run import main

    main(["--standalone", "--nproc-per-node", "2", *arguments])


def write_to(path: Path, descriptor: int) -> None:
    """Let what the process prints go to a file."""
    with path.open("w") as file:
        os.dup2(file.fileno(), descriptor)
