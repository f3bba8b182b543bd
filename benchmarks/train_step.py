"""CPU-seconds (or GPU milliseconds) of one MNIST training step, against a plain eager step.

    python benchmarks/train_step.py
    python benchmarks/train_step.py --precision float32      # a CPU without bfloat16 units
    python benchmarks/train_step.py --device cuda

Both steps train the same networks (Table 1) on the same objective at batch 128, Q reading moved
images as the trainer says. The plain one is written below as a textbook would: float32, one pass
for each batch, every gradient computed. They take turns in one process; medians are compared.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from infoeval import Trainer
from infoeval.devices import find_device
from infoeval.training.bundled import load_trainer
from infoeval.training.step import Step, resolve_precision

CATEGORIES, STYLES, NOISE = 10, 2, 62


class PlainStep:
    """InfoGAN's step in plain eager float32."""

    def __init__(self, trainer: Trainer, images: Tensor) -> None:
        device = images.device
        self.images, self.trainer = images, trainer
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

    def __call__(self) -> None:
        """Update D, then G and Q."""
        count, device = self.trainer.batch, self.images.device
        rows = torch.randint(len(self.images), (count,), device=device)
        real = self.images[rows].float() / 127.5 - 1
        digit = torch.randint(CATEGORIES, (count,), device=device)
        style = torch.rand(count, STYLES, device=device) * 2 - 1
        noise = torch.randn(count, NOISE, device=device)
        one_hot = functional.one_hot(digit, CATEGORIES).float()
        fake = self.generator(torch.cat([noise, one_hot, style], 1))

        self.judge.zero_grad()
        of_real = self.discriminator(self.shared(real))
        of_fake = self.discriminator(self.shared(fake.detach()))
        loss = functional.binary_cross_entropy_with_logits(of_real, torch.ones_like(of_real))
        loss += functional.binary_cross_entropy_with_logits(of_fake, torch.zeros_like(of_fake))
        loss.backward()  # type: ignore[no-untyped-call]
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


def our_step(trainer: Trainer, images: Tensor) -> Step:
    """The step as `infoeval train` runs it."""
    networks = trainer.networks().initialise(torch.Generator().manual_seed(0)).train()
    networks = networks.to(images.device).to(memory_format=torch.channels_last)
    return Step(trainer, networks, images, torch.Generator(images.device).manual_seed(0))


def measure(step: Callable[[], object], device: torch.device) -> float:
    """CPU-seconds of one step; on a GPU, seconds until the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        started = time.perf_counter()
        step()
        torch.cuda.synchronize()
        return time.perf_counter() - started
    started = time.process_time()
    step()
    return time.process_time() - started


def main() -> None:
    """Print both medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    parser.add_argument("--variant", default="default")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = find_device(arguments.device)
    trainer = load_trainer("mnist").variant(arguments.variant)
    trainer = replace(trainer, precision=resolve_precision(arguments.precision, device))
    pixels = np.random.default_rng(0).integers(0, 256, (10_000, 1, 28, 28), dtype=np.uint8)
    images = torch.from_numpy(pixels).to(device)
    steps: dict[str, Callable[[], object]] = {
        "infoeval": our_step(trainer, images),
        "plain": PlainStep(trainer, images),
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for round_number in range(arguments.rounds + 5):
        for name, step in steps.items():
            seconds = measure(step, device)
            if round_number >= 5:
                times[name].append(seconds)
    unit = "ms, wall" if device.type == "cuda" else "ms, CPU"
    print(
        f"{platform.machine()}, {device}, {arguments.threads} thread(s), torch "
        f"{torch.__version__}, {trainer.precision}, variant {arguments.variant}, batch "
        f"{trainer.batch}, {arguments.rounds} rounds"
    )
    for name, values in times.items():
        low, middle, high = min(values), statistics.median(values), max(values)
        print(
            f"{name:9} median {1e3 * middle:6.1f} {unit} (from {1e3 * low:.1f} to {1e3 * high:.1f})"
        )
    ratios = [plain / ours for plain, ours in zip(times["plain"], times["infoeval"], strict=True)]
    print(f"plain / infoeval, paired: median {statistics.median(ratios):.2f}×")


if __name__ == "__main__":
    main()
