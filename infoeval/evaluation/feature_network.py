"""Features that real and generated images are compared in, and the networks that read them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from infoeval.augment import Affine
from infoeval.errors import UserError
from infoeval.evaluation.small_network import (
    HIDDEN,
    RATE,
    WIDTHS,
    Progress,
    SmallNetwork,
    example_of,
    learn,
    parts_of,
)
from infoeval.information.streams import seeded_weights

MOVED_COPIES, INCEPTION = "moved-copies", "inception"
NETWORKS = (MOVED_COPIES, INCEPTION)

STEPS = 400
BATCH = 128
MOVES = Affine(rotation=0.4, scale=0.3, shear=0.3, shift=0.2)
OUTPUTS = 64
TEMPERATURE = 0.1
CHECKED = 20
"""Batches of test images on which a network's accuracy is measured."""
WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"
"""The file that torch-fidelity keeps the weights of Inception in."""

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class FeatureNetwork:
    """A network that reads features, (n, D), from uint8 images (n, channels, height, width).

    ``name`` is another one for every network of other weights, and ``recipe`` tells how it was made
    and how good it is, as plain data.
    """

    name: str
    recipe: dict[str, Any]
    read: Callable[[Images], NDArray[np.float64]]


class _CopyFinder(SmallNetwork):
    """Tells which of some images a moved copy was made of, by the cosines of its outputs."""

    def __init__(self, example: Tensor) -> None:
        super().__init__(example, OUTPUTS)
        edges = [example[..., 0, :], example[..., -1, :], example[..., 0], example[..., -1]]
        self.background = float(torch.cat([edge.flatten() for edge in edges]).float().median())

    def logits(self, images: Tensor, draws: Tensor) -> Tensor:
        """Return how much each image (row) is like the moved copy of each (column), (n, n)."""
        moved = MOVES.apply(images.float(), draws, self.background)
        found = functional.normalize(self.outputs(torch.cat([images.float(), moved])), dim=1)
        return found[: len(images)] @ found[len(images) :].T / TEMPERATURE


def moved_copies_network(
    train: Images, test: Images, *, seed: int, device: torch.device, progress: Progress
) -> FeatureNetwork:
    """Return a network that was trained to find the moved copy of an image among those of others.

    No label is used: each of 128 images is to be recognised among all of them in a copy that is
    turned, stretched, sheared and shifted at random, by cross entropy over cosines (the loss of
    van den Oord et al. 2018, as in SimCLR). Features are the 128 numbers that the first dense layer
    makes, before they are rectified; they are scaled as one to mean variance 1 on ``train``.
    ``test`` are other images, on which the share of copies found is measured.
    """
    random, moves = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    with seeded_weights(torch.Generator().manual_seed(seed)):
        network = _CopyFinder(example_of(train, random)).to(device)
    size = min(BATCH, len(train))

    def logits(images: Images) -> Tensor:
        draws = MOVES.draw(len(images), moves).to(device)
        return network.logits(torch.from_numpy(images).to(device), draws)

    def loss() -> Tensor:
        found = logits(train[random.choice(len(train), size, replace=False)])
        target = torch.arange(size, device=device)
        both = functional.cross_entropy(found, target) + functional.cross_entropy(found.T, target)
        return both / 2

    text = "training the feature network on real images"
    learn(network, loss, steps=STEPS, text=text, progress=progress)
    scale = 1.0

    @torch.no_grad()
    def read(images: Images) -> NDArray[np.float64]:
        parts = [network.hidden(part).double().cpu() for part in parts_of(images, device)]
        return np.asarray(torch.cat(parts).numpy()) * scale

    scale = 1 / max(float(np.sqrt(read(train).var(axis=0).mean())), 1e-12)
    recipe = {
        "network": MOVED_COPIES,
        "task": f"find the moved copy of an image among those of {size}",
        "layers": f"convolutions of up to {WIDTHS} channels, stride 2; dense {HIDDEN}, {OUTPUTS}",
        "moves": {name: getattr(MOVES, name) for name in ("rotation", "scale", "shear", "shift")},
        "features": HIDDEN,
        "images": len(train),
        "data": hashlib.sha256(np.ascontiguousarray(train).data).hexdigest(),
        "seed": seed,
        "steps": STEPS,
        "batch": size,
        "rate": RATE,
        "temperature": TEMPERATURE,
    }
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()
    found = {"accuracy": _accuracy(logits, test, size), "chance": 1 / size}
    return FeatureNetwork(f"{MOVED_COPIES}-{digest[:8]}", recipe | found, read)


@torch.no_grad()
def _accuracy(logits: Callable[[Images], Tensor], images: Images, size: int) -> float:
    """Return the share of images whose moved copy is found among those of a batch."""
    size = min(size, len(images))
    batches = np.array_split(np.arange(len(images)), max(len(images) // size, 1))[:CHECKED]
    found = [logits(images[rows[:size]]).argmax(1).cpu() for rows in batches]
    right = [part == torch.arange(len(part)) for part in found]
    return float(torch.cat(right).float().mean())


def inception_network(device: torch.device) -> FeatureNetwork:
    """Return Inception v3 with the weights of FID, by torch-fidelity; nothing is downloaded.

    Raises UserError that says what is missing.
    """
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import (  # type: ignore[import-not-found,unused-ignore]
            FeatureExtractorInceptionV3,
        )
    except ImportError:
        raise UserError("features=inception needs torch-fidelity: pip install it") from None
    weights = Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS
    if not weights.is_file():
        raise UserError(
            f"features=inception needs {WEIGHTS} of torch-fidelity's release in {weights.parent}; "
            "nothing is downloaded"
        )
    network = FeatureExtractorInceptionV3(
        "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(weights)
    ).to(device)

    @torch.no_grad()
    def read(images: Images) -> NDArray[np.float64]:
        parts = [
            network(part.expand(-1, 3, -1, -1).contiguous())[0].double().cpu()
            for part in parts_of(images, device)
        ]
        return np.asarray(torch.cat(parts).numpy())

    recipe = {"network": INCEPTION, "layer": "2048", "weights": WEIGHTS}
    return FeatureNetwork(INCEPTION, recipe, read)
