"""Features that real and generated images are compared in, and the networks that read them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
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
CONTRAST, BRIGHTNESS = 0.4, 40.0
"""Largest change of a copy's log contrast, and of each of its colours, of 255."""
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
    """Tells which copy was made of an image, by the cosines of its outputs."""

    def __init__(self, example: Tensor) -> None:
        super().__init__(example, OUTPUTS)
        edges = [example[..., 0, :], example[..., -1, :], example[..., 0], example[..., -1]]
        self.background = float(torch.cat([edge.flatten() for edge in edges]).float().median())

    def logits(self, images: Tensor, draws: Tensor) -> Tensor:
        """Return how much each image (row) is like each copy (column), (n, 2 n).

        The first n copies are moved and recoloured by `draws` (n, 6 + channels + 1), and the others
        are the same, blurred.
        """
        count, pixels = len(images), images.float()
        contrast = (CONTRAST * (2 * draws[:, 6:7] - 1)).exp()[:, :, None, None]
        shift = (BRIGHTNESS * (2 * draws[:, 7:] - 1))[:, :, None, None]
        middle = pixels.mean((1, 2, 3), keepdim=True)
        recoloured = ((pixels - middle) * contrast + middle + shift).clamp(0, 255)
        moved = MOVES.apply(recoloured, draws[:, :6], self.background)
        side = 2 * max(1, min(images.shape[2:]) // 16) + 1
        blurred = functional.avg_pool2d(moved, side, 1, side // 2, count_include_pad=False)
        found = functional.normalize(self.numbers(torch.cat([pixels, moved, blurred])), dim=1)
        return found[:count] @ found[count:].T / TEMPERATURE


def moved_copies_network(
    train: Images, test: Images, *, seed: int, device: torch.device, progress: Progress
) -> FeatureNetwork:
    """Return a network that was trained to find the moved copy of an image among those of others.

    No label is used. Of each of 128 images there is a copy that is turned, stretched, sheared,
    shifted and recoloured at random, and the same copy blurred; each image is to be told which is
    its sharp one, by cross entropy over cosines (van den Oord et al. 2018, as in SimCLR). Colours
    alone do not tell that, and blurred images are seen to be others.

    Features are the 128 numbers that the first dense layer makes, before they are rectified; they
    are scaled as one to mean variance 1 on ``train``. ``test`` are other images, on which the share
    of copies found is measured.
    """
    random, moves = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    with seeded_weights(torch.Generator().manual_seed(seed)):
        network = _CopyFinder(example_of(train, random)).to(device)
    size = min(BATCH, len(train))

    def logits(images: Images) -> Tensor:
        count, channels = images.shape[:2]
        recolour = torch.rand(count, 1 + channels, generator=moves)
        draws = torch.cat([MOVES.draw(count, moves), recolour], dim=1).to(device)
        return network.logits(torch.from_numpy(images).to(device), draws)

    def loss() -> Tensor:
        found = logits(train[random.choice(len(train), size, replace=False)])
        target = torch.arange(size, device=device)
        back = functional.cross_entropy(found[:, :size].T, target)
        both = functional.cross_entropy(found, target) + back
        return both / 2

    text = "training the feature network on real images"
    learn(network, loss, steps=STEPS, text=text, progress=progress)
    scale = 1.0

    @torch.no_grad()
    def read(images: Images) -> NDArray[np.float64]:
        parts = [network.hidden(part).double().cpu() for part in parts_of(images, device)]
        return np.asarray(torch.cat(parts).numpy()) * scale

    scale = 1 / max(float(np.sqrt(read(train).var(axis=0).mean())), 1e-12)
    ranges = {name: largest for name, largest in asdict(MOVES).items() if largest}
    recipe = {
        "network": MOVED_COPIES,
        "task": f"find the moved copy of an image among those of {size}, sharp and blurred",
        "layers": f"convolutions of up to {WIDTHS} channels, stride 2; dense {HIDDEN}, {OUTPUTS}",
        "copies": {**ranges, "log_contrast": CONTRAST, "brightness": BRIGHTNESS},
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
    found = {"accuracy": _accuracy(logits, test, size), "chance": 1 / (2 * size)}
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
