"""Train a β-VAE on dSprites in minutes without a GPU, and return it to `infoeval score`.

    python benchmarks/dsprites_vae.py --beta 4 --seed 0 --out runs/dsprites-vae-4-0.pt
    infoeval score 'benchmarks/dsprites_vae.py:vae("runs/dsprites-vae-4-0.pt")' --data dsprites

The recipe is that of docs/your-model.md with convolutions and ten codes: Adam, a Bernoulli
likelihood of the pixels, and β times the divergence from the normal prior.
"""

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from infoeval import CodeSpace, Normal
from infoeval.data import load

CODES, BATCH = 10, 64


class ConvolutionalVae(nn.Module):
    """A VAE with ten normal codes, for images reduced from 64×64 to 32×32 pixels."""

    codes = CodeSpace(**{f"z{number}": Normal() for number in range(CODES)}, noise=0)

    def __init__(self) -> None:
        super().__init__()
        down = [(1, 32), (32, 64), (64, 64)]
        self.encoder = nn.Sequential(
            *(layer for a, b in down for layer in (nn.Conv2d(a, b, 4, 2, 1), nn.ReLU())),
            nn.Flatten(),
            nn.Linear(1024, 128),
            nn.ReLU(),
            nn.Linear(128, 2 * CODES),
        )
        up = [
            layer
            for a, b in reversed(down)
            for layer in (nn.ReLU(), nn.ConvTranspose2d(b, a, 4, 2, 1))
        ]
        self.decoder = nn.Sequential(
            nn.Linear(CODES, 128),
            nn.ReLU(),
            nn.Linear(128, 1024),
            nn.Unflatten(1, (64, 4, 4)),
            *up,
        )

    def encode(self, images: Tensor) -> Tensor:
        """Return the means of q(z|x)."""
        mean: Tensor = self.encoder(reduced(images)).chunk(2, dim=1)[0]
        return mean

    def generate(self, codes: dict[str, Tensor], noise: Tensor) -> Tensor:
        """Return the means of p(x|z)."""
        logits: Tensor = self.decoder(torch.stack(list(codes.values()), dim=1))
        return logits.sigmoid()


def reduced(images: Tensor) -> Tensor:
    """Return images of 32×32 pixels from 0 to 1."""
    return functional.avg_pool2d(images / 255, 2)


def vae(path: str) -> ConvolutionalVae:
    """Return a trained model, for `infoeval score`."""
    model = ConvolutionalVae()
    model.load_state_dict(torch.load(path, weights_only=True))
    return model


def train(beta: float, steps: int, seed: int) -> ConvolutionalVae:
    """Return a model trained on the train split."""
    torch.manual_seed(seed)
    model = ConvolutionalVae()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)
    images = torch.from_numpy(load("dsprites").images)
    start = time.perf_counter()
    for step in range(1, steps + 1):
        batch = reduced(images[torch.randint(len(images), (BATCH,))])
        mean, log_variance = model.encoder(batch).chunk(2, dim=1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        logits = model.decoder(z)
        error = functional.binary_cross_entropy_with_logits(logits, batch, reduction="sum") / BATCH
        divergence = (mean**2 + log_variance.exp() - log_variance - 1).sum() / 2 / BATCH
        optimizer.zero_grad()
        (error + beta * divergence).backward()
        optimizer.step()
        if step % 500 == 0:
            seconds = time.perf_counter() - start
            print(f"{step}: error {error:.1f}, divergence {divergence:.1f} nats, {seconds:.0f} s")
    return model


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--beta", type=float, default=4)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = train(arguments.beta, arguments.steps, arguments.seed)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), arguments.out)


if __name__ == "__main__":
    main()
