"""The networks of a checkpoint as a generator and an encoder of images."""

import copy
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from infoeval.checkpoint import Checkpoint
from infoeval.codes import CodeSpace
from infoeval.errors import UserError
from infoeval.networks import Networks, ParallelStacks, Stack

CHUNK = 500
"""Images that the networks compute at once, of large images fewer."""
MOST_VALUES = 2**28
"""Values that a layer computes at once, a gigabyte; 500 images of 64 × 64 pixels have a tenth."""
CALIBRATION_IMAGES = 10_000
"""Batch-norm statistics are estimated on at most this many images."""


def rows_at_once(networks: Networks) -> int:
    """Return how many images networks compute at once: `CHUNK`, or what memory holds, at least 2.

    >>> from infoeval.training.choosing import load_trainer
    >>> rows_at_once(load_trainer("digits").networks())
    500
    """
    return max(2, min(CHUNK, MOST_VALUES // networks.activations))


def calibration_images(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return at most `CALIBRATION_IMAGES` images, evenly spaced."""
    count = min(len(images), CALIBRATION_IMAGES)
    chosen: NDArray[np.uint8] = images[np.linspace(0, len(images) - 1, count).astype(int)]
    return chosen


class Recognition:
    """Q with batch-norm statistics estimated on given images, or with the running ones.

    In training Q sees generated images, normalised by their own batch; D's shared layers see real
    ones too, so their running statistics belong to neither. Given `images` (two or more), the
    statistics are the mean over batches of `CHUNK` of them, fewer where images are large.
    """

    def __init__(self, networks: Networks, images: Tensor | None = None) -> None:
        self.networks = networks
        self.layers = nn.ModuleList([networks.shared, networks.recognition])
        if images is not None:
            if len(images) < 2:
                raise UserError(
                    "batch-norm statistics need at least two images; give --batch-norm running"
                )
            self.layers = copy.deepcopy(self.layers)
            self._estimate_statistics(images)
        self.layers.eval()

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Parameters of the posterior, (n, posterior_width), of uint8 images; in float32."""
        parts = torch.split(images, rows_at_once(self.networks))
        return torch.cat([self._forward(part) for part in parts])

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """What Q's last, linear layer reads, (n, width) float32, of uint8 images."""
        parts = torch.split(images, rows_at_once(self.networks))
        return torch.cat([self._recognition.hidden(self._read(part)) for part in parts])

    @torch.no_grad()
    def of_features(self, features: Tensor) -> Tensor:
        """Parameters of the posterior, (n, posterior_width), of `features`."""
        return self._recognition.output(features)

    @property
    def _recognition(self) -> Stack | ParallelStacks:
        return self.layers[1]  # type: ignore[return-value]

    def _forward(self, images: Tensor) -> Tensor:
        return self._recognition(self._read(images))  # type: ignore[no-any-return]

    def _read(self, images: Tensor) -> Tensor:
        networks = self.networks
        x = networks.scale(images.to(next(self.layers.parameters()).device))
        features = self.layers[0](x) if networks.reading.needs_features else x
        return networks.reading(x, features, networks.pixel_range)

    @torch.no_grad()
    def _estimate_statistics(self, images: Tensor) -> None:
        self.layers.train()
        for module in self.layers.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.reset_running_stats()
                module.momentum = None  # a plain mean over the batches
        rows = min(rows_at_once(self.networks), len(images))
        for part in torch.split(images, rows):
            # A short last batch would count as much as a full one.
            if len(part) == rows:
                self._forward(part)


class CheckpointModel:
    """A `Model` (encoder and generator) made of a checkpoint.

    Args:
        checkpoint: the checkpoint.
        device: where the networks run.
        calibration: uint8 images on which the batch-norm statistics that `encode` uses are
            estimated, see `calibrated`; None: the running statistics of the training are used.

    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: torch.device | str = "cpu",
        calibration: NDArray[np.uint8] | None = None,
    ) -> None:
        self.networks = checkpoint.networks(device)
        self.device = torch.device(device)
        self._recognition = self._recognition_on(calibration)

    @classmethod
    def open(cls, path: str | Path, device: torch.device | str = "cpu") -> "CheckpointModel":
        """Return the model of a checkpoint file; nothing of it is executed."""
        return cls(Checkpoint.open(path), device)

    def calibrated(self, images: NDArray[np.uint8]) -> "CheckpointModel":
        """Return the same networks, with Q's batch-norm statistics estimated on uint8 images.

        At most `CALIBRATION_IMAGES` of them are used, evenly spaced.
        """
        model = copy.copy(self)
        model._recognition = self._recognition_on(images)
        return model

    def _recognition_on(self, images: NDArray[np.uint8] | None) -> Recognition:
        if images is None:
            return Recognition(self.networks)
        return Recognition(self.networks, torch.from_numpy(calibration_images(images)))

    @property
    def codes(self) -> CodeSpace:
        """The latent codes."""
        return self.networks.codes

    @torch.no_grad()
    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Return uint8 images (n, channels, height, width) of codes and noise (n, codes.noise).

        Raises UserError where the generator computes numbers that are not finite.
        """
        rows, images = rows_at_once(self.networks), []
        for start in range(0, len(noise), rows):
            part = {name: values[start : start + rows] for name, values in codes.items()}
            images.append(self._images(part, noise[start : start + rows]))
        return torch.cat(images)

    def _images(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        drawn = self.networks.evaluated_generator(self.codes.encode(codes, noise).to(self.device))
        # NaN would become a grey level like any other.
        if not bool(drawn.isfinite().all()):
            raise UserError("the checkpoint's networks compute numbers that are not finite")
        return self.networks.unscale(drawn)

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """Return Q's posterior of uint8 images by code: q(c|x) (n, K), or the mean (n,)."""
        parts = self.posterior(images)
        return {name: code.expectation(parts[name]) for name, code in self.codes.items()}

    def posterior(self, images: Tensor) -> dict[str, Tensor]:
        """Return the parameters of Q's posterior of uint8 images by code, (n, posterior_width)."""
        return self.codes.split(self._recognition(images))
