"""What planted failures of images score in `quality`, and how often its intervals hold.

    python benchmarks/quality.py failures digits
    INFOEVAL_DATA=~/data python benchmarks/quality.py failures mnist
    python benchmarks/quality.py coverage

Failures are planted in training images that the feature network has not learned from, and compared
with test images. Coverage is that of 95 % intervals, of normal features with other deviations and
another mean: how many of 200 intervals hold the mean value of 600 further pairs of samples.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from infoeval.data import ImageSet, load
from infoeval.evaluation.feature_network import moved_copies_network
from infoeval.metrics import quality

MOST = 2_500
TABLES, MORE = 200, 600
ROWS, FEATURES = (100, 200, 500), 8

Images = NDArray[np.uint8]


def failures(
    images: Images, labels: NDArray[np.int64] | None, n: int
) -> Iterator[tuple[str, Images]]:
    """Yield n images each that fail in a known way, after n that do not."""
    random = np.random.default_rng(0)
    yield "none", images[:n]
    for width in (0.5, 1, 2):
        blurred = gaussian_filter(images[:n].astype(float), (0, 0, width, width))
        yield f"blurred, σ = {width:g} pixels", blurred.round().astype(np.uint8)
    for deviation in (10, 30, 80):
        noisy = images[:n] + deviation * random.normal(size=images[:n].shape)
        yield f"noise, σ = {deviation} of 255", noisy.clip(0, 255).round().astype(np.uint8)
    for gone in (1, 3, 5) if labels is not None else ():
        assert labels is not None
        rows = np.flatnonzero(labels >= gone)
        yield f"classes missing: {gone}", images[rows[random.integers(len(rows), size=n)]]
    for few in (n // 5, 50, 10):
        yield f"{few} images again and again", images[random.integers(few, size=n)]


def print_failures(name: str) -> None:
    """Print a table of what failures score on a data set."""
    train, test = load(name, "train"), load(name, "test")
    order = np.random.default_rng(0).permutation(len(train))
    learned, others = np.sort(order[: len(order) // 2]), order[len(order) // 2 :]
    started = time.process_time()
    network = moved_copies_network(
        train.images[learned],
        test.images,
        seed=0,
        device=torch.device("cpu"),
        progress=lambda text, share: None,
    )
    seconds = time.process_time() - started
    n = min(MOST, len(test), len(others))
    real = network.read(evenly(test, n))
    labels = None if train.labels is None else train.labels[others]
    print("| failure | fd | kid | precision | recall | density | coverage |")
    print("|---|---|---|---|---|---|---|")
    for failure, images in failures(train.images[others], labels, n):
        score = quality(real, network.read(images), replicates=0)
        cells = [f"{part['value']:.3g}" for part in score.details["parts"].values()]
        print(f"| {failure} | {' | '.join(cells)} |", flush=True)
    accuracy, chance = network.recipe["accuracy"], network.recipe["chance"]
    print(f"\n{name}, n = {n}: {accuracy:.3f} of copies found (chance {chance:.3f}),", end=" ")
    print(f"{seconds:.0f} CPU seconds of training")


def evenly(images: ImageSet, n: int) -> Images:
    """Return n images, evenly spaced."""
    chosen: Images = images.images[np.linspace(0, len(images) - 1, n).astype(int)]
    return chosen


def print_coverage() -> None:
    """Print how often intervals hold what they are about."""
    names = ("fd", "kid", "precision", "recall", "density", "coverage")
    print(f"| n | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for n in ROWS:

        def pair(seed: list[int], n: int = n) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            random = np.random.default_rng(seed)
            real, made = random.normal(size=(2, n, FEATURES))
            return real, 1.1 * made + 0.3

        values = []
        for k in range(MORE):
            parts = quality(*pair([n, 1, k]), replicates=0).details["parts"]
            values.append([part["value"] for part in parts.values()])
        held = np.zeros(len(names))
        for k in range(TABLES):
            parts = quality(*pair([n, 2, k]), seed=k).details["parts"].values()
            held += [
                part["low"] <= truth <= part["high"]
                for part, truth in zip(parts, np.mean(values, axis=0), strict=True)
            ]
        print(f"| {n} | {' | '.join(f'{share:.3f}' for share in held / TABLES)} |", flush=True)


def main() -> None:
    """Print the table that was asked for."""
    style = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("table", choices=("failures", "coverage"))
    parser.add_argument("data", nargs="?", default="digits")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.table == "failures":
        print_failures(given.data)
    else:
        print_coverage()


if __name__ == "__main__":
    main()
