"""How often `infoeval compare` holds the true difference of the information in two generators.

    python benchmarks/difference_coverage.py --seeds 0-99 --minutes 25
    python benchmarks/difference_coverage.py --table

Generators of 8x8 images whose I(c; x) is known, of a code of four categories, are compared at
budget quick: the first one with each of the others. A row for every seed and pair is appended to
docs/results/difference-coverage.csv, and an interrupted run resumes. The noise curve and the
self-test, which differences do not use, are cut to one step.

The table has, for each pair, the share of intervals that hold the true difference, and how often
both searches for a Q had converged; `high_held` is the share of these in which the narrower
interval by `high`, which is not used at budget quick, held it too.
"""

import argparse
import itertools
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import special, stats
from torch import Tensor

from infoeval import Categorical, CodeSpace
from infoeval.codes import Code
from infoeval.evaluation import compare
from infoeval.evaluation.bound_differences import between, limits_of
from infoeval.information.budgets import BUDGETS
from infoeval.results import Comparison, Result

FILE = Path("docs/results/difference-coverage.csv")
SIZE, CATEGORIES = 8, 4
PIXELS = SIZE * SIZE
PATTERNS = np.random.default_rng(17).integers(0, 2, (CATEGORIES, PIXELS))
LOG_K = math.log(CATEGORIES)

Draw = Callable[[Tensor, Tensor], Tensor]
"""Categories (n,) and standard normal noise (n, columns) to pixels (n, PIXELS), in [0, 1]."""


@dataclass(frozen=True)
class KnownGenerator:
    """A generator of one code of four categories, and the information of it in 8-bit images."""

    name: str
    truth: float
    draw: Draw
    columns: int

    @property
    def codes(self) -> CodeSpace:
        """The code, and how much noise `draw` takes."""
        code: Code = Categorical(CATEGORIES)
        return CodeSpace(kind=code, noise=self.columns)

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Return images (n, 1, 8, 8) in [0, 1]."""
        return self.draw(codes["kind"], noise).clamp(0, 1).view(-1, 1, SIZE, SIZE)


def wrong_labels(error: float) -> KnownGenerator:
    """Return a generator that shows another category with probability `error`."""

    def draw(kind: Tensor, noise: Tensor) -> Tensor:
        return _pattern(_wrong(kind, noise, error), 0.2, 0.6)

    lost = special.entr(error) + special.entr(1 - error) + error * math.log(CATEGORIES - 1)
    return KnownGenerator(f"{100 * error:g} % wrong labels", LOG_K - float(lost), draw, 2)


def erased(error: float) -> KnownGenerator:
    """Return a generator whose image is black with probability `error`."""

    def draw(kind: Tensor, noise: Tensor) -> Tensor:
        shown: Tensor = torch.special.ndtr(noise[:, :1]) >= error
        return _pattern(kind, 0.2, 0.6) * shown

    return KnownGenerator(f"{100 * error:g} % erased", (1 - error) * LOG_K, draw, 1)


def gaussian_pixels(contrast: float, deviation: float) -> KnownGenerator:
    """Return a generator of faint patterns under Gaussian noise in every pixel."""

    def draw(kind: Tensor, noise: Tensor) -> Tensor:
        return _pattern(kind, 0.45, contrast) + deviation * noise

    law = stats.norm(scale=deviation)
    return KnownGenerator("Gaussian pixels", _of_pixel_noise(contrast, law), draw, PIXELS)


def heavy_pixels(contrast: float, scale: float) -> KnownGenerator:
    """Return a generator of faint patterns under noise of Student's t(2) law in every pixel."""

    def draw(kind: Tensor, noise: Tensor) -> Tensor:
        normal, one, two = noise.view(-1, 3, PIXELS).unbind(1)
        spread = (one.square() + two.square()) / 2
        return _pattern(kind, 0.45, contrast).addcdiv(
            normal, spread.clamp_min(1e-12).sqrt(), value=scale
        )

    law = stats.t(2, scale=scale)
    return KnownGenerator("t(2) pixels", _of_pixel_noise(contrast, law), draw, 3 * PIXELS)


def last_bits(error: float) -> KnownGenerator:
    """Return random images that have a category, wrong as of `wrong_labels`, in two last bits."""
    labels = wrong_labels(error)

    def draw(kind: Tensor, noise: Tensor) -> Tensor:
        levels: Tensor = (256 * torch.special.ndtr(noise[:, 2:])).long().clamp(0, 255)
        shown = _wrong(kind, noise, error)
        for pixel, bit in ((10, shown % 2), (45, shown // 2)):
            levels[:, pixel] = 2 * (levels[:, pixel] // 2) + bit
        return levels.float().div(255)

    return KnownGenerator(f"last bits, {labels.name}", labels.truth, draw, 2 + PIXELS)


def parities() -> KnownGenerator:
    """Return black and white images whose halves have the bits of a category as parities.

    All of the category is there, and no Q of ours finds it.
    """

    def draw(kind: Tensor, noise: Tensor) -> Tensor:
        pixels = (noise > 0).long().view(-1, 2, PIXELS // 2)
        bits = torch.stack([kind % 2, kind // 2], 1)
        pixels[:, :, 0] = (pixels[:, :, 1:].sum(2) + bits) % 2
        return pixels.flatten(1).float()

    return KnownGenerator("parities", LOG_K, draw, PIXELS)


def _wrong(kind: Tensor, noise: Tensor, error: float) -> Tensor:
    """Return categories of which a share is replaced by another, by two columns of noise."""
    wrong = torch.special.ndtr(noise[:, 0]) < error
    step = 1 + (3 * torch.special.ndtr(noise[:, 1])).long().clamp_max(CATEGORIES - 2)
    return torch.where(wrong, (kind + step) % CATEGORIES, kind)


def _pattern(kind: Tensor, dark: float, contrast: float) -> Tensor:
    return dark + contrast * torch.from_numpy(PATTERNS)[kind].float()


def _of_pixel_noise(contrast: float, law: Any) -> float:
    """Return I(c; x) of the rounded images, by their exact likelihood on 200,000 samples."""
    random = np.random.default_rng(0)
    means = 0.45 + contrast * PATTERNS
    edges = (np.arange(257) - 0.5) / 255
    edges[[0, -1]] = -np.inf, np.inf
    with np.errstate(divide="ignore"):  # of levels far out, which are not drawn
        likelihood = {mean: np.log(np.diff(law.cdf(edges - mean))) for mean in np.unique(means)}
    ratios = []
    for _ in range(20):
        kind = random.integers(0, CATEGORIES, 10_000)
        pixels = means[kind] + law.rvs((len(kind), PIXELS), random_state=random)
        levels = np.rint(255 * pixels.clip(0, 1)).astype(int)
        logs: NDArray[np.float64] = np.stack(
            [
                sum(
                    (
                        likelihood[mean][levels[:, means[k] == mean]].sum(1)
                        for mean in np.unique(means[k])
                    ),
                    start=np.zeros(len(kind)),
                )
                for k in range(CATEGORIES)
            ]
        )
        ratios.append(logs[kind, np.arange(len(kind))] - special.logsumexp(logs, axis=0))
    return LOG_K + float(np.mean(ratios))


def generators() -> list[KnownGenerator]:
    """Return the generators; the first is compared with each of the others."""
    return [
        wrong_labels(0.1),
        wrong_labels(0.0),
        erased(0.3),
        gaussian_pixels(0.025, 0.06),
        heavy_pixels(0.016, 0.03),
        last_bits(0.1),
        parities(),
    ]


def rows_of(known: list[KnownGenerator], seed: int) -> list[dict[str, object]]:
    """Return a row for each pair of the first generator and another one."""
    compared = compare(known, metrics=["mi"], budget="quick", seed=seed, device="cpu")
    return [_row(compared, known, number, seed) for number in range(1, len(known))]


def _row(
    compared: Comparison, known: list[KnownGenerator], number: int, seed: int
) -> dict[str, object]:
    (difference,) = (each for each in compared.differences if each.model == number)
    sides = [compared.documents[place].find("mi", "kind") for place in (0, number)]
    assert sides[0] is not None
    assert sides[1] is not None
    by_high = between(*(limits_of(side, converged=_converged(side)) for side in sides if side))
    return {
        "seed": seed,
        "first": known[0].name,
        "second": known[number].name,
        "truth": round(known[0].truth - known[number].truth, 5),
        "difference": round(difference.difference, 5),
        "low": _rounded(difference.low),
        "high": _rounded(difference.high),
        "kind": difference.kind,
        "converged": int(_converged(sides[0])) + int(_converged(sides[1])),
        "low_by_high": _rounded(by_high[0]),
        "high_by_high": _rounded(by_high[1]),
        "input": sides[1].details["input"],
    }


def _converged(result: Result) -> bool:
    return bool(result.details["converged"])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each pair: coverage, widths and convergence over the seeds."""
    rows = rows.assign(
        holds=(rows.low <= rows.truth) & (rows.truth <= rows.high),
        width=rows.high - rows.low,
        both=rows.converged == 2,
        high_held=(rows.low_by_high <= rows.truth) & (rows.truth <= rows.high_by_high),
    )
    summary = rows.groupby(["first", "second"], sort=False).agg(
        truth=("truth", "first"),
        runs=("seed", "size"),
        held=("holds", "mean"),
        width=("width", "mean"),
        difference=("difference", "mean"),
        both_converged=("both", "mean"),
    )
    held = rows[rows.both].groupby(["first", "second"], sort=False).high_held.mean()
    return summary.assign(high_held=held).reset_index().round(3)


def main() -> None:
    """Run the comparisons that are not on file yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", default="0-99", help="first and last seed")
    parser.add_argument("--minutes", type=float, default=25, help="start no seed after this long")
    parser.add_argument("--table", action="store_true", help="only print the table")
    options = parser.parse_args()
    torch.set_num_threads(1)
    BUDGETS["quick"] = replace(BUDGETS["quick"], noise_steps=1, check_steps=1)
    first, last = map(int, options.seeds.split("-"))
    done = set(pd.read_csv(FILE).seed) if FILE.exists() else set()
    known, started = generators(), time.monotonic()
    seeds = itertools.filterfalse(done.__contains__, range(first, last + 1))
    for seed in seeds if not options.table else ():
        if time.monotonic() - started > 60 * options.minutes:
            break
        rows = pd.DataFrame(rows_of(known, seed))
        rows.to_csv(FILE, mode="a", header=not FILE.exists(), index=False)
        print(f"seed {seed}: {time.monotonic() - started:.0f} s", flush=True)
    print(table(pd.read_csv(FILE)).to_string(index=False))


if __name__ == "__main__":
    main()
