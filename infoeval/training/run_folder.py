"""The files in a run's folder, and resuming from its checkpoint, which may be damaged."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from infoeval.checkpoint import Checkpoint
from infoeval.codes import CodeSpace
from infoeval.errors import UserError, one_line
from infoeval.files import atomic_path, remove_leftovers
from infoeval.locks import locked_folder
from infoeval.networks import Networks
from infoeval.trainer import Trainer
from infoeval.training.step import Step
from infoeval.traversals import tile, traverse

if TYPE_CHECKING:
    from infoeval.training.distributed import World

HISTORY, CONFIG, SAMPLES = "history.csv", "config.json", "samples"
_IN_A_FILE_NAME = str.maketrans({"/": "%2F", "\\": "%5C"})
"""How what separates folders is written in the name of a file."""
_MAY_DIFFER = ("steps", "name", "data")
"""Settings that a resumed run may change: the images are known by their fingerprint alone."""


@contextmanager
def locked_run(folder: Path, world: "World | None" = None) -> Iterator[None]:
    """Context in which no other run writes the folder; what killed runs left is removed.

    The first process of a world holds the lock for all.

    Raises UserError, in all of them, when another run holds it.
    """
    with ExitStack() as held:
        refusal = ""
        if world is None or world.rank == 0:
            try:
                held.enter_context(locked_folder(folder))
            except UserError as error:
                refusal = str(error)
            else:
                remove_leftovers(folder)
                remove_leftovers(folder / SAMPLES)
        if world is not None:
            refusal = world.from_first(refusal)
        if refusal:
            raise UserError(refusal)
        yield


def write_history(folder: Path, history: Mapping[str, Sequence[float]]) -> None:
    """Write the history as CSV."""
    with atomic_path(folder / HISTORY) as path:
        pd.DataFrame(history).to_csv(path, index=False)


def draw_samples(networks: Networks, space: CodeSpace, folder: Path, step: int) -> None:
    """Write an image grid for each code, its values across, as in Figure 2.

    Raises UserError where the folder cannot be written. The networks are left in training mode.
    """
    device = next(networks.parameters()).device

    @torch.no_grad()
    def generate(codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        return networks.unscale(networks.evaluated_generator(space.encode(codes, noise).to(device)))

    networks.eval()
    for name in space:
        grid = tile(traverse(space, generate, name)[0])
        image = Image.fromarray(grid if grid.shape[2] == 3 else grid[:, :, 0])
        file = f"step-{step:06d}-{name.translate(_IN_A_FILE_NAME)}.png"
        with atomic_path(folder / SAMPLES / file) as path:
            image.save(path)
    networks.train()


def differences(checkpoint: Checkpoint, trainer: Trainer, seed: int, fingerprint: str) -> list[str]:
    """Return the names of the settings that differ from the checkpoint's and must not."""
    kept, wanted = checkpoint.trainer.to_dict(), trainer.to_dict()
    fixed = [name for name in wanted if name not in _MAY_DIFFER]
    changed = [name for name in fixed if kept.get(name) != wanted[name]]
    if checkpoint.seed != seed:
        changed.append("seed")
    if checkpoint.data.get("fingerprint") != fingerprint:
        changed.append("the training images")
    return changed


def restore(step: Step, checkpoint: Checkpoint) -> None:
    """Set the step to the state in the checkpoint.

    Raises ValueError for a checkpoint whose tensors do not fit.
    """
    columns = {"step", "seconds", *step.statistics}
    if checkpoint.history and checkpoint.history.keys() != columns:
        raise ValueError("its history has other columns")
    kinds = {name: weight.dtype for name, weight in step.networks.state_dict().items()}
    if {name: weight.dtype for name, weight in checkpoint.weights.items()} != kinds:
        raise ValueError("its weights are others, or numbers of another kind")
    try:
        step.networks.load_state_dict(checkpoint.weights)
        for name, optimizer in step.optimizers.items():
            _restore_optimizer(optimizer, checkpoint.optimizers[name])
        step.generator.set_state(checkpoint.random_state)
    except (LookupError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise ValueError(one_line(error)) from error
    step.done = checkpoint.step


def _restore_optimizer(optimizer: torch.optim.Optimizer, kept: Mapping[str, Any]) -> None:
    """Copy Adam's moments into new memory of the weights' size and layout.

    The fused kernel checks neither, and would read and write beyond the end of smaller tensors.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state = {}
    for number, moments in kept["state"].items():
        state[number] = {"step": moments["step"].reshape(()).clone()}
        for name in ("exp_avg", "exp_avg_sq"):
            if moments[name].shape != parameters[number].shape:
                raise ValueError("the optimiser's moments do not fit the weights")
            state[number][name] = torch.empty_like(parameters[number]).copy_(moments[name])
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
