"""Hostile checkpoints: damaged bytes, forged archives and pickles, absurd values of fields."""

import collections
import io
import pickle
import random
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mutants import Mutant, Target, canary, damaged, damaged_zip, paths, replaced, zipped

from infoeval import Categorical, CodeSpace, Trainer, Uniform
from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet
from infoeval.networks import Convolution, Dense, Reshape, UpConvolution
from infoeval.subjects.opening import open_subject
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions

__all__ = ["checkpoint_target", "tiny_images", "tiny_trainer"]

PARTS = ("weights", "optimizers", "random_state", "history", "data", "run", "step", "seed")
RESUMED = RunOptions(device="cpu", resume=True, log_every=1, checkpoint_every=1)


def tiny_trainer(steps: int = 4) -> Trainer:
    """A whole InfoGAN of 8×8 images, which trains in a fraction of a second."""
    return Trainer(
        name="tiny",
        data="noise",
        image_shape=(1, 8, 8),
        codes=CodeSpace(digit=Categorical(4), slant=Uniform(-1, 1), noise=3),
        generator=(
            Dense(16, "relu", batch_norm=True),
            Reshape(4, 2, 2),
            UpConvolution(4, "relu", batch_norm=True),
            UpConvolution(1, "tanh"),
        ),
        shared=(Convolution(4, "leaky_relu"), Dense(16, "leaky_relu", batch_norm=True)),
        recognition=(Dense(8, "leaky_relu", batch_norm=True),),
        steps=steps,
        batch=8,
        precision="float32",
    )


def tiny_images() -> ImageSet:
    """Forty images of noise, in four classes."""
    images = np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
    return ImageSet("noise", "train", images, np.arange(40, dtype=np.int64) % 4)


def checkpoint_target(folder: Path) -> Target:
    """Return mutants of a small checkpoint, which are opened, drawn from, read with and resumed."""
    images, trainer = tiny_images(), tiny_trainer()
    source = train(trainer, images, folder / "source", replace(RESUMED, resume=False))
    content = source.read_bytes()
    with zipfile.ZipFile(source) as archive:
        members = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    plain = torch.load(source, weights_only=True)
    original = Checkpoint.open(source)
    places = paths(plain)

    def mutate(numbers: random.Random) -> Mutant:
        how = numbers.randrange(10)
        if how < 2:
            return Mutant("bytes", damaged(content, numbers), same=True)
        if how < 4:
            return Mutant("archive", damaged_zip(members, numbers))
        if how == 4:
            forged = [
                (name, _pickled(part, numbers, folder) if name.endswith("data.pkl") else part)
                for name, part in members
            ]
            return Mutant("pickle", zipped(forged))
        changed = plain
        for _ in range(numbers.choice((1, 1, 2))):
            where = numbers.choice(places)
            changed = replaced(changed, where, _absurd(numbers, plain))
        return Mutant("field", _saved(changed))

    def use(path: Path, same: bool) -> None:
        opened = Checkpoint.open(path)
        if same and not all(_equal(getattr(opened, p), getattr(original, p)) for p in PARTS):
            raise AssertionError("accepted, with other contents than the original's")
        subject = open_subject(path)
        assert subject.generator is not None
        codes = subject.generator.codes
        drawn = codes.sample(2, torch.Generator().manual_seed(0))
        subject.generator.generate(drawn, torch.zeros(2, codes.noise))
        shape = opened.trainer.image_shape
        test = ImageSet("test", "test", np.zeros((4, *shape), np.uint8))
        subject.reader(replace(test, split="train")).read(test.images)
        run = path.parent / f"{path.stem}-run"
        run.mkdir()
        path.rename(run / "ckpt.pt")
        train(replace(trainer, steps=5), images, run, RESUMED)

    return Target(".pt", content, mutate, use)


def _saved(content: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _nested(depth: int, width: int = 1) -> Any:
    """Return a list in a list …; of width 10 each level holds the one below ten times over."""
    value: Any = "end"
    for number in range(depth):
        value = {"a": value} if width == 1 and number % 2 else [value] * width
    return value


def _absurd(numbers: random.Random, plain: Any) -> Any:
    """Return a value that no checkpoint of ours has."""
    kinds: list[Any] = [
        *(None, True, -1, 0, 10**9, -(10**18), 2**63, 2**200, 10**5000, 1.5, "", "\x1b[31m\x00"),
        *(float("nan"), float("inf"), "a" * 100_000, "../../etc/passwd", "<script>", "\ud800"),
        *([], {}, (), [[]], {"a": {}}, {1: 2}, {None: []}, set(), b"bytes"),
        *(torch.zeros(0), torch.full((3,), float("nan")), torch.zeros(3, dtype=torch.complex64)),
        *(torch.zeros(2, 2).to_sparse(), torch.zeros(1).expand(10**9), torch.arange(5)),
        *(torch.zeros((), dtype=torch.bool), torch.nested.nested_tensor([torch.zeros(2)])),
        torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.quint8),
        *(collections.OrderedDict(a=1), _nested(400), _nested(12, 10), _nested(30, 2)),
        *([0.0] * 100_000, {str(n): n for n in range(50_000)}, torch.zeros(2, device="meta")),
        *(16_384, 2**15, 4096, "transposed", numbers.choice(list(plain))),
    ]
    return numbers.choice(kinds)


class _Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, (self.command,)


def _pickled(pickled: bytes, numbers: random.Random, folder: Path) -> bytes:
    how = numbers.randrange(5)
    if how == 0:
        return pickle.dumps(_Payload(canary(folder)), protocol=numbers.choice((0, 2, 4)))
    if how == 1:
        changed = bytearray(pickled)
        at = numbers.choice([k for k, byte in enumerate(changed[:-5]) if byte in b"JKM"])
        width = {ord("J"): 4, ord("K"): 1, ord("M"): 2}[changed[at]]
        changed[at + 1 : at + 1 + width] = numbers.choice((b"\xff", b"\x7f", b"\0")) * width
        return bytes(changed)
    if how == 2:  # doubles what is on the stack, without end
        return b"\x80\x02]q\x00" + b"(h\x00h\x00lq\x00" * 60 + b"."
    if how == 3:
        name = numbers.choice((b"builtins\neval", b"torch\nload", b"os\nsystem", b"torch\nzeros"))
        return b"\x80\x02c" + name + b"\n(X\x01\x00\x00\x001tR."
    return damaged(pickled, numbers)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)
