"""What can be evaluated: something that draws images from codes and reads codes from images."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from infoeval.checkpoint import Checkpoint
from infoeval.codes import CodeSpace
from infoeval.errors import UserError
from infoeval.networks import Networks

__all__ = ["CheckpointModel", "CodeArray", "Encoder", "Generator", "Model", "Recognition"]

CHUNK = 500
CALIBRATION_IMAGES = 10_000

CodeArray = Tensor | NDArray[Any]
"""Codes of n images: (n,) or (n, D), floats, whole numbers or booleans."""


class Encoder(Protocol):
    """Reads codes from images; see docs/your-model.md. For `infoeval score` a function will do."""

    def encode(self, images: Tensor) -> CodeArray | Mapping[str, CodeArray]:
        """Read the codes of images, which are uint8 (n, channels, height, width), 0 to 255.

        Returns an array (n, D) of D codes, or one (n,) of a single code: floats are continuous,
        whole numbers of an integer type and booleans are categories. Or a mapping from names to
        such arrays, where floats (n, K) whose rows are probabilities are one categorical code.
        """


class Generator(Protocol):
    """Draws images from codes of known prior; any further randomness is in its noise."""

    @property
    def codes(self) -> CodeSpace:
        """The latent codes and how many noise variables there are."""

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Draw images (n, channels, height, width), uint8 in 0 to 255 or floats in [0, 1].

        Args:
            codes: by name, class indices (n,) int64 of a categorical code and values (n,) float32
                of a continuous one.
            noise: standard normal, (n, codes.noise) float32.

        """


class Model(Encoder, Generator, Protocol):
    """A generative model with latent codes, as the analysis sees it: it reads and it draws."""


class Recognition:
    """Q with batch-norm statistics of its own choosing.

    While it trains, Q sees generated images, normalised by their own batch; D's shared layers see
    real ones too, so their running statistics belong to neither. Given `images`, the statistics
    are estimated anew, as the mean over batches of `CHUNK` of these images (two at least);
    without them the checkpoint's running ones are used.
    """

    def __init__(self, networks: Networks, images: Tensor | None = None) -> None:
        self.networks = networks
        self.layers = nn.ModuleList([networks.shared, networks.recognition])
        if images is not None:
            if len(images) < 2:
                raise UserError("batch-norm statistics need at least two images")
            self.layers = copy.deepcopy(self.layers)
            self._estimate_statistics(images)
        self.layers.eval()

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Parameters of the posterior, (n, posterior_width), of uint8 images; in float32."""
        return torch.cat([self._forward(part) for part in torch.split(images, CHUNK)])

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """What Q's last, linear layer reads, (n, width) float32, of uint8 images."""
        return torch.cat([self._features(part) for part in torch.split(images, CHUNK)])

    def _forward(self, images: Tensor) -> Tensor:
        x = self.networks.scale(images.to(next(self.layers.parameters()).device))
        for layer in self.layers:
            x = layer(x)
        return x

    def _features(self, images: Tensor) -> Tensor:
        x = self.networks.scale(images.to(next(self.layers.parameters()).device))
        blocks = [block for layer in self.layers for block in layer.blocks]  # type: ignore[union-attr]
        for block in blocks[:-1]:
            x = block(x)
        return x.flatten(1)

    @torch.no_grad()
    def _estimate_statistics(self, images: Tensor) -> None:
        self.layers.train()
        for module in self.layers.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.reset_running_stats()
                module.momentum = None  # a plain mean over the batches
        for part in torch.split(images, CHUNK):
            # A short last batch would count as much as a full one.
            if len(part) == min(CHUNK, len(images)):
                self._forward(part)


class CheckpointModel:
    """A `Model` made of a checkpoint of ours.

    Args:
        checkpoint: the checkpoint.
        device: where the networks run.
        calibration: uint8 images on which the batch-norm statistics that `encode` uses are
            estimated (at most `CALIBRATION_IMAGES` of them, evenly spaced); None: the running
            statistics of the training are used.

    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: torch.device | str = "cpu",
        calibration: NDArray[np.uint8] | None = None,
    ) -> None:
        self.networks = checkpoint.networks(device)
        self.device = torch.device(device)
        sample = None
        if calibration is not None:
            count = min(len(calibration), CALIBRATION_IMAGES)
            rows = np.linspace(0, len(calibration) - 1, count).astype(int)
            sample = torch.from_numpy(calibration[rows])
        self._recognition = Recognition(self.networks, sample)

    @classmethod
    def open(cls, path: str | Path, device: torch.device | str = "cpu") -> "CheckpointModel":
        """Open a checkpoint file; nothing in it is executed."""
        return cls(Checkpoint.open(path), device)

    @property
    def codes(self) -> CodeSpace:
        """The latent codes."""
        return self.networks.codes

    @torch.no_grad()
    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Images (n, channels, height, width), uint8, of codes and noise (n, codes.noise)."""
        inputs = torch.split(self.codes.encode(codes, noise).to(self.device), CHUNK)
        return torch.cat([self.networks.unscale(self.networks.generator(part)) for part in inputs])

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """What each code is read as from uint8 images: q(c|x) (n, K), or the mean (n,)."""
        parts = self.codes.split(self._recognition(images))
        return {name: code.expectation(parts[name]) for name, code in self.codes.items()}
