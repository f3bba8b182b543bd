"""The training loop that one would write without infoeval: DataLoader, eager PyTorch, float32."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from infoeval import Trainer

__all__ = ["PlainStep"]

CATEGORIES, STYLES, NOISE = 10, 2, 62


class Digits(Dataset[Tensor]):
    """Images, scaled to −1 to 1 as they are read."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.pixels = pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, row: int) -> Tensor:
        return torch.from_numpy(self.pixels[row]).float() / 127.5 - 1


class PlainStep:
    """InfoGAN's step on MNIST with the networks of Table 1, one pass for each batch.

    Nothing is read back from the device in the loop, which is kinder than most code.
    """

    def __init__(
        self, trainer: Trainer, pixels: NDArray[np.uint8], device: torch.device, workers: int = 0
    ) -> None:
        self.trainer, self.device = trainer, device
        self.batches = endless(
            DataLoader(
                Digits(pixels),
                batch_size=trainer.batch,
                shuffle=True,
                drop_last=True,
                num_workers=workers,
                persistent_workers=workers > 0,
                pin_memory=device.type == "cuda",
            )
        )
        self.generator = nn.Sequential(
            nn.Linear(CATEGORIES + STYLES + NOISE, 1024, bias=False),
            nn.BatchNorm1d(1024),
            nn.ReLU(),
            nn.Linear(1024, 128 * 7 * 7, bias=False),
            nn.BatchNorm1d(128 * 7 * 7),
            nn.ReLU(),
            nn.Unflatten(1, (128, 7, 7)),
            nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 1, 4, 2, 1),
            nn.Tanh(),
        ).to(device)
        self.shared = nn.Sequential(
            nn.Conv2d(1, 64, 4, 2, 1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(64, 128, 4, 2, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.1),
            nn.Flatten(),
            nn.Linear(128 * 7 * 7, 1024, bias=False),
            nn.BatchNorm1d(1024),
            nn.LeakyReLU(0.1),
        ).to(device)
        self.discriminator = nn.Linear(1024, 1).to(device)
        self.recognition = nn.Sequential(
            nn.Linear(1024, 128, bias=False),
            nn.BatchNorm1d(128),
            nn.LeakyReLU(0.1),
            nn.Linear(128, CATEGORIES + 2 * STYLES),
        ).to(device)
        self.judge = torch.optim.Adam(
            [*self.shared.parameters(), *self.discriminator.parameters()], 2e-4, (0.5, 0.999)
        )
        self.player = torch.optim.Adam(
            [*self.generator.parameters(), *self.recognition.parameters()], 1e-3, (0.5, 0.999)
        )
        self.random = torch.Generator(device).manual_seed(0)

    def advance(self, count: int) -> Tensor:
        """Perform `count` steps and return the last two losses, on the device."""
        for _ in range(count):
            losses = self()
        return losses

    def __call__(self) -> Tensor:
        """Update D, then G and Q."""
        count, device = self.trainer.batch, self.device
        real = next(self.batches).to(device)
        digit = torch.randint(CATEGORIES, (count,), device=device)
        style = torch.rand(count, STYLES, device=device) * 2 - 1
        noise = torch.randn(count, NOISE, device=device)
        one_hot = functional.one_hot(digit, CATEGORIES).float()
        fake = self.generator(torch.cat([noise, one_hot, style], 1))

        self.judge.zero_grad()
        of_real = self.discriminator(self.shared(real))
        of_fake = self.discriminator(self.shared(fake.detach()))
        loss_of_d = functional.binary_cross_entropy_with_logits(of_real, torch.ones_like(of_real))
        loss_of_d += functional.binary_cross_entropy_with_logits(of_fake, torch.zeros_like(of_fake))
        loss_of_d.backward()  # type: ignore[no-untyped-call]
        self.judge.step()

        self.player.zero_grad()
        features = self.shared(fake)
        logit = self.discriminator(features)
        view = self.trainer.recognition_view
        if view is not None:
            features = self.shared(view(fake, self.random))
        posterior = self.recognition(features)
        mean, log_sigma = posterior[:, CATEGORIES:].chunk(2, dim=1)
        log_sigma = log_sigma.clamp(-4, 1)
        surprise = 0.5 * ((style - mean) / log_sigma.exp()) ** 2 + log_sigma
        loss = functional.binary_cross_entropy_with_logits(logit, torch.ones_like(logit))
        loss += functional.cross_entropy(posterior[:, :CATEGORIES], digit)
        loss += 0.1 * surprise.mean(0).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        self.player.step()
        return torch.stack([loss_of_d, loss]).detach()


def endless(batches: "DataLoader[Tensor]") -> Iterator[Tensor]:
    """Every batch of one epoch after another."""
    while True:
        yield from batches
