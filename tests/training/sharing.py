"""What each of two processes does in `test_distributed`; run as a module with a folder."""

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
from tests.tiny import tiny_images, tiny_trainer

if TYPE_CHECKING:
    from infoeval.training.distributed import World

STEPS: dict[str, Any] = {"device": "cpu", "log_every": 2, "checkpoint_every": 2}
TRAINERS: dict[str, Trainer] = {
    "plain": tiny_trainer(steps=6),
    "everything": tiny_trainer(
        steps=6,
        image_noise=0.1,
        recognition_learns="with_discriminator",
        recognition_view=Affine(),
        invariance_weight=1.0,
        invariance_starts=2,
    ),
}
DISTRIBUTED = "infoeval.training.distributed"
LONG = tiny_trainer(data="images.npz", steps=100_000)


def train_both(name: str, folder: Path, world: "World | None" = None) -> None:
    """Train one of `TRAINERS`, its weights ten times larger than they begin elsewhere.

    At first Q's answers hardly depend on the image, and what invariance asks is next to nothing.
    """
    start: dict[str, Any] = {"seed": 0, "device": "cpu", "variant": "default", "resume": False}
    run = Run.start(TRAINERS[name], tiny_images(), folder, world=world, **start)
    with torch.no_grad():
        for parameter in run.networks.parameters():
            if parameter.dim() > 1:
                parameter.mul_(10)
    run.train(2, 2)


def work(folder: Path) -> None:
    """Train what the tests compare, then a run that goes on until it is killed."""
    rank = os.environ["RANK"]
    written: list[str] = []
    runs = str(folder / "runs")

    def remember(event: str, arguments: tuple[Any, ...]) -> None:
        """Every file that is opened to be written, and every folder that is made."""
        if event == "os.mkdir" or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            written.append(str(arguments[0]))

    sys.addaudithook(remember)
    outcome: dict[str, Any] = {"imported": DISTRIBUTED in sys.modules}
    from infoeval.training.torchrun import join

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
            train(plain, tiny_images(), unequal, seed=world.rank, world=world, **STEPS)
        except UserError as error:
            outcome["unequal"] = str(error)
        (folder / f"outcome-{rank}.json").write_text(json.dumps(outcome))
        data = load(folder / "images.npz")
        try:
            train(LONG, data, folder / "runs/long", world=world, **STEPS)
        except UserError as error:
            sys.exit(f"Error: {error}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    work(Path(sys.argv[1]))
