"""Training beside torch's and torchvision's own parts; see `by_hand_pairs`."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from by_hand_pairs import Found, Pair, Side, counted, pair, timed
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2.functional import affine

from infoeval import Affine
from infoeval.subjects.batch_norm import BatchNormStatistics
from infoeval.training.choosing import load_trainer
from infoeval.training.image_source import ReadAhead
from infoeval.training.stacked_networks import StackedNetworks


@pair
def augmentation(_: Path) -> Pair:
    """128 images of 28×28, each rotated and shifted by numbers of its own, away from edges."""
    random = torch.Generator().manual_seed(0)
    view = Affine(rotation=0.2, scale=0.0, shear=0.0, shift=0.1)
    images, draws = torch.rand(128, 1, 28, 28, generator=random), view.draw(128, random)
    # At the edges torchvision weighs the background twice.
    inside = (..., slice(7, -7), slice(7, -7))

    def moved(image: Tensor, numbers: Tensor) -> Any:
        turn, *_, right, down = (2 * numbers - 1).tolist()
        angle, right, down = 0.2 * turn, 0.1 * right, 0.1 * down
        # Ours leads from places of the result to those of the image; theirs back, in pixels.
        across = -14 * (math.cos(angle) * right + math.sin(angle) * down)
        along = -14 * (math.cos(angle) * down - math.sin(angle) * right)
        return affine(
            image,
            angle=-math.degrees(angle),
            translate=[across, along],
            scale=1.0,
            shear=[0.0, 0.0],
            interpolation=InterpolationMode.BILINEAR,
            fill=-1.0,
        )

    def theirs() -> Tensor:
        return torch.stack([moved(*each) for each in zip(images, draws, strict=True)])[inside]

    return timed(lambda: view.apply(images, draws)[inside], theirs, 0.001)


class _Batches(Dataset[Tensor]):
    """Whole batches of images, by their rows."""

    def __init__(self, pixels: Tensor) -> None:
        self.pixels = pixels

    def __getitem__(self, rows: Tensor) -> Tensor:
        return self.pixels[rows]


@pair
def image_batches(_: Path) -> Pair:
    """A batch of 128 of 10,000 images of 3×32×32: what it takes of the thread of the step."""
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (10_000, 3, 32, 32), dtype=torch.uint8, generator=random)
    rows = list(torch.randint(10_000, (400, 128), generator=random))
    # Whole batches at once; with a worker process it takes longer, as batches are handed over.
    loader: Any = DataLoader(_Batches(pixels), sampler=rows, batch_size=None)

    def ours() -> Tensor:
        reader = ReadAhead(((row, row) for row in rows), lambda one: (pixels[one], None), 3)
        for _ in rows:
            batch = reader.next()[0].pixels
        reader.close()
        return batch

    def theirs() -> Tensor:
        for batch in loader:
            last: Tensor = batch
        return last

    return Pair("CPU-ms", _in_this_thread(ours, 400), _in_this_thread(theirs, 400))


def _in_this_thread(function: Callable[[], Any], parts: int) -> Side:
    def cost() -> Found:
        started = time.thread_time()
        result = function()
        return 1000 * (time.thread_time() - started) / parts, result

    return cost


@pair
def stacked_networks(_: Path) -> Pair:
    """Four runs of `digits`: a batch of each from G through D, and back."""
    random = torch.Generator().manual_seed(0)
    trainer = load_trainer("digits")
    runs = [trainer.networks().initialise(random) for _ in range(4)]
    inputs = torch.randn(4, trainer.batch, trainer.codes.input_width, generator=random)
    stack = StackedNetworks(runs)
    models = [nn.Sequential(run.generator, run.shared, run.discriminator) for run in runs]
    parameters, buffers = stack_module_state(models)

    def ours() -> Tensor:
        stack.zero_grad(set_to_none=True)
        logits: Tensor = stack.discriminator(stack.shared(stack.generator(inputs)))
        logits.sum().backward()  # type: ignore[no-untyped-call]
        return logits.detach()

    def one(weights: Any, others: Any, given: Tensor) -> Any:
        return functional_call(models[0], (weights, others), (given,))

    def theirs() -> Tensor:
        weights = {name: value.detach().requires_grad_() for name, value in parameters.items()}
        logits: Tensor = vmap(one)(weights, buffers, inputs)
        logits.sum().backward()  # type: ignore[no-untyped-call]
        return logits.detach()

    return timed(ours, theirs, 1e-4)


@pair
def batch_statistics(_: Path) -> Pair:
    """Of a layer behind a dropout, estimated from 1,000 inputs: how far the mean is off."""
    inputs = torch.randn(1_000, 16, generator=torch.Generator().manual_seed(0)) + 3
    norm = nn.BatchNorm1d(16)
    model = nn.Sequential(nn.Dropout(0.5), norm).eval()
    batches = torch.tensor_split(inputs, 10)

    def off() -> float:
        assert norm.running_mean is not None
        return round(float((norm.running_mean - inputs.mean(0)).abs().max()), 3)

    def ours() -> float:
        found = BatchNormStatistics([model])
        found.estimate(model, batches)
        with found.in_force():
            return off()

    def theirs() -> float:
        torch.manual_seed(0)
        update_bn(batches, model.train())
        model.eval()
        return off()

    return counted("deviations off", ours, theirs)
