"""A run in its folder: training, checkpoints, and resuming after an interruption."""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from infoeval.checkpoint import CHECKPOINT, Checkpoint, check_history, versions
from infoeval.data import ImageSet
from infoeval.devices import find_device
from infoeval.errors import UserError
from infoeval.files import write_text
from infoeval.networks import Networks
from infoeval.trainer import Trainer
from infoeval.training.cuda_graph import captured
from infoeval.training.image_source import Images, ResidentImages, place, streaming
from infoeval.training.ring import fit_to_ring
from infoeval.training.run_folder import (
    CONFIG,
    differences,
    draw_samples,
    locked_run,
    restore,
    write_history,
)
from infoeval.training.run_options import RunOptions, Schedule
from infoeval.training.step import Step, Stop, never, resolve_precision

if TYPE_CHECKING:
    from infoeval.training.distributed import World

Log = Callable[[str], None]
Progress = Callable[[int, Mapping[str, float]], None]
"""Called with the step reached and the means since the last call."""


def train(
    trainer: Trainer,
    data: ImageSet,
    folder: str | Path,
    options: RunOptions | None = None,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    log: Log | None = None,
    stop: Stop = never,
    world: "World | None" = None,
) -> Path:
    """Return the path of the checkpoint, after training on the images of `data`, never its labels.

    The folder receives `ckpt.pt`, `history.csv`, `config.json` and `samples/step-N-CODE.png`, all
    written atomically, and no other run can write it meanwhile. `RunOptions(resume=True)` continues
    a run that was killed or stopped from its last checkpoint; on a CPU with the same number of
    threads it ends with the weights of an unbroken run, bit for bit. A KeyboardInterrupt leaves
    the last checkpoint, about a minute old at most; `stop` ends a run without any loss.

    Args:
        trainer: the experiment, its variant already chosen.
        data: the training images.
        folder: where the run is kept.
        options: how it is carried out.
        seed: of the initial weights and of every random draw.
        progress: called every `log_every` steps.
        log: called with a line, such as the reason why steps are not captured.
        stop: called after every step; when it returns true, the run ends there with a checkpoint.
        world: the processes that share the run (see `infoeval.training.distributed.join`), each
            with a part of every batch. All must call this with the same arguments; the device is
            the world's, and its first process alone writes the folder, which all must see.

    Raises:
        UserError: wrong settings, images that do not fit, a folder that cannot be written or
            that holds another run, more steps than the trainer's, or a run of another process,
            or a loss that is no longer finite.

    """
    log = log or (lambda _: None)
    options = options or RunOptions()
    with locked_run(Path(folder), world):
        run = Run.start(trainer, data, Path(folder), options, seed=seed, world=world)
        with streaming([run.step.images], log):
            return run.train(progress, log, stop)


@dataclass
class Run:
    """The state of a run in its folder."""

    trainer: Trainer
    folder: Path
    options: RunOptions
    seed: int
    data: dict[str, Any]
    networks: Networks
    step: Step
    side_by_side: int = 1
    """The largest stack it was trained in; above 1 it repeats up to rounding only."""
    history: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def start(
        cls,
        trainer: Trainer,
        data: ImageSet,
        folder: Path,
        options: RunOptions,
        *,
        seed: int = 0,
        world: "World | None" = None,
        beside: "Run | None" = None,
    ) -> "Run":
        """Return a new run, or a resumed one; it shares its images with the run `beside` it."""
        _check(trainer, data, seed)
        if world is not None:
            world.check_batch(trainer.batch)
            world.folder = folder
        device = find_device(options.device) if world is None else world.device
        trainer = replace(trainer, precision=resolve_precision(trainer.precision, device))
        begun = os.path.exists(folder / CHECKPOINT)
        if begun and not options.resume:
            raise UserError(
                f"{folder} already holds a run: add --resume to continue it, "
                "or choose another folder with --out"
            )
        for_weights, for_training = _random_streams(seed, device)
        networks = trainer.networks().initialise(for_weights).train()
        if trainer.ring_steps and not begun:
            fit_to_ring(trainer, networks, torch.from_numpy(data.images), for_weights)
        networks = networks.to(device).to(memory_format=torch.channels_last)
        images: Images
        if beside is not None and isinstance(beside.step.images, ResidentImages):
            images = beside.step.images  # one copy on the device serves all runs
        else:
            images = place(torch.from_numpy(data.images), device, trainer, options.device_memory)
        step = Step(trainer, networks, images, for_training, world)
        check_history(trainer.steps // options.log_every, len(step.statistics) + 2)
        run = cls(trainer, folder, options, seed, data.describe(), networks, step)
        if begun:
            run._restore(Checkpoint.open(folder / CHECKPOINT))
        if world is not None:
            world.synchronise_batch_norm(networks)
            # All processes have read the folder before the first one writes into it.
            world.agree("settings, data or checkpoint", json.dumps([run.config(), run.done]))
        return run

    def train(
        self, progress: Progress | None = None, log: Log | None = None, stop: Stop = never
    ) -> Path:
        """Return the path of the checkpoint, after training to the last step or until `stop`."""
        self.begin()
        schedule, log, world = Schedule(self.options), log or (lambda _: None), self.step.world
        names, last = self.step.statistics, self.trainer.steps
        before = self.history["seconds"][-1] if self.history.get("seconds") else 0.0
        started = time.monotonic()
        steps = captured(self.step, log) if self.options.capture else self.step
        stopped = False
        while self.done < last and not stopped:
            window = schedule.window(self.done, last)
            if world is None:
                means = steps.advance(window, stop)
                stopped = stop()
            else:  # all processes stop at the same step, and need not agree after each
                means = world.mean(steps.advance(window))
                stopped = not world.all_agree(not stop())
            row = dict(zip(names, means.tolist(), strict=True))
            self.stop_if_diverged(row)
            row |= {"step": self.done, "seconds": before + time.monotonic() - started}
            self.add_row(row)
            if stopped or schedule.keeps(self.done, last):
                self.save()
            if progress is not None:
                progress(self.done, row)
        if world is not None:
            world.agree("end", "")  # when the first process has written
        return self.folder / CHECKPOINT

    def begin(self) -> None:
        """Write the files that the folder holds before the first step, or before resuming."""
        self.write_config()
        if self.done == 0:
            self.save()
        else:
            self.write_progress()  # the run may have been killed before these files were written

    def write_config(self) -> None:
        """Write `config.json`."""
        if self._writes:
            write_text(self.folder / CONFIG, self.config())

    @property
    def done(self) -> int:
        """Steps done."""
        return self.step.done

    def save(self) -> None:
        """Write the checkpoint, then the history and an image grid of every code."""
        if not self._writes:
            return
        step = self.step
        Checkpoint(
            trainer=self.trainer,
            variant=self.options.variant,
            seed=self.seed,
            step=self.done,
            weights={name: value.cpu() for name, value in self.networks.state_dict().items()},
            optimizers={name: adam.state_dict() for name, adam in step.optimizers.items()},
            random_state=step.generator.get_state(),
            history=self.history,
            data=self.data,
            run=self._machine(),
            versions=versions(),
        ).save(self.folder / CHECKPOINT)
        self.write_progress()

    def write_progress(self) -> None:
        """Write the history and an image grid of every code."""
        if not self._writes:
            return
        write_history(self.folder, self.history)
        draw_samples(self.networks, self.trainer.codes, self.folder, self.done)

    def add_row(self, row: Mapping[str, float]) -> None:
        """Add a row to the history."""
        for name in ("step", "seconds", *self.step.statistics):
            self.history.setdefault(name, []).append(row[name])

    def stop_if_diverged(self, row: Mapping[str, float]) -> None:
        """Raise a UserError if a mean or weight is not finite, before the folder is written."""
        wrong = [name for name, value in row.items() if not np.isfinite(value)]
        weights = torch.stack([w.isfinite().all() for w in self.networks.state_dict().values()])
        world = self.step.world
        good = not wrong and bool(weights.all())
        if good if world is None else world.all_agree(good):
            return
        what = wrong[0].replace("_", " ") if wrong else "a weight"
        last = self.history["step"][-1] if self.history.get("step") else 0
        kept = Checkpoint.open(self.folder / CHECKPOINT).step
        raise UserError(
            f"training diverged: {what} is not finite between steps {last} and {self.done}; "
            f"the last good checkpoint, {self.folder / CHECKPOINT}, is of step {kept}"
        )

    def _restore(self, checkpoint: Checkpoint) -> None:
        changed = differences(checkpoint, self.trainer, self.seed, self.data["fingerprint"])
        if changed:
            raise UserError(
                f"{self.folder} holds a run with other settings ({', '.join(changed)}); "
                "resume it with its own, or choose another folder with --out"
            )
        if checkpoint.step > self.trainer.steps:
            raise UserError(
                f"{self.folder} has done {checkpoint.step:,} steps already, and --steps is the "
                f"total: give more than {checkpoint.step:,}"
            )
        try:
            restore(self.step, checkpoint)
        except ValueError as error:
            raise UserError(
                f"{self.folder / CHECKPOINT} does not fit its own trainer: {error}"
            ) from error
        self.history = {name: list(column) for name, column in checkpoint.history.items()}
        kept = checkpoint.run.get("side_by_side")
        self.side_by_side = kept if isinstance(kept, int) else 1

    @property
    def _writes(self) -> bool:
        """Whether this process writes the folder."""
        return self.step.world is None or self.step.world.rank == 0

    def _machine(self) -> dict[str, Any]:
        """Return what the run is computed on."""
        device, world = self.step.device, self.step.world
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
        machine: dict[str, Any] = {"device": name, "threads": torch.get_num_threads()}
        if self.side_by_side > 1:
            machine["side_by_side"] = self.side_by_side
        if world is not None:
            machine["processes"] = world.size
            machine["synchronised_batch_norm"] = world.synchronised_batch_norm
        return machine

    def config(self) -> str:
        """Return the content of `config.json`: settings, data, and what the run is computed on."""
        config = {
            "trainer": self.trainer.to_dict(),
            "variant": self.options.variant,
            "seed": self.seed,
            **self._machine(),
            "data": self.data,
            "versions": versions(),
        }
        return json.dumps(config, indent=2, ensure_ascii=False) + "\n"


def _random_streams(seed: int, device: torch.device) -> tuple[torch.Generator, torch.Generator]:
    """Return independent streams for the initial weights (on the CPU) and for training."""
    first, second = np.random.SeedSequence(seed).generate_state(2, np.uint64)
    for_weights = torch.Generator().manual_seed(int(first >> np.uint64(1)))
    return for_weights, torch.Generator(device).manual_seed(int(second >> np.uint64(1)))


def _check(trainer: Trainer, data: ImageSet, seed: int) -> None:
    """Raise a UserError for a seed or images that the trainer cannot use."""
    if not 0 <= seed < 2**63:
        raise UserError(f"seed must be between 0 and 2^63 − 1, not {seed}")
    if data.images.shape[1:] != tuple(trainer.image_shape):
        raise UserError(
            f"{trainer.name} is made for images of {_size(trainer.image_shape)}; "
            f"{data.name} has {_size(data.images.shape[1:])} (channels × height × width); "
            "`infoeval train` with the path of images alone chooses networks of their size"
        )
    if len(data) < trainer.batch:
        raise UserError(
            f"{data.name} has {len(data)} images, fewer than a batch of "
            f"{trainer.batch}; choose a smaller batch"
        )


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(str(size) for size in shape)
