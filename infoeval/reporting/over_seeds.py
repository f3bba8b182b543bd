"""Numbers of several seeds: their mean with its interval over seeds, and the number of each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from scipy.special import stdtrit

from infoeval.reporting.side_by_side import by_label
from infoeval.reporting.tables import EstimateCell, Kind, parts
from infoeval.reporting.wording import spread
from infoeval.results import Document, Result
from infoeval.results.result_details import CLUSTER_ACCURACY, SEED_AGREEMENT

LEVEL = 0.95


@dataclass(frozen=True)
class SeedNumbers:
    """One number of each seed, in the order of the page, and their mean.

    ``half`` is half the interval of the mean over seeds; None where it has no interval. ``kind``
    says how they are written: "percent", or "nats" with two decimals.
    """

    what: str
    kind: Kind
    values: tuple[float | None, ...]
    mean: float
    half: float | None
    count: int

    @property
    def spread(self) -> str:
        """The lowest and the highest number as text."""
        known = [value for value in self.values if value is not None]
        return spread(known, self.write)

    def write(self, value: float | None) -> str:
        """Return one of the numbers as text; a dash where there is none."""
        return parts(value, self.kind)[0]

    @property
    def written(self) -> str:
        """The mean and half its interval as text: "2.28 ± 0.01"."""
        if self.half is None:
            return self.write(self.mean)
        return f"{self.write(self.mean).removesuffix(' %')} ± {self.write(self.half)}"


def mean_over_seeds(values: Sequence[float], metric: str = "") -> EstimateCell:
    """Return the mean with its 95 % interval over seeds, by Student's t; none for one seed.

    None either for their agreement: that of one seed is part of the others'.

    >>> cell = mean_over_seeds([1.0, 2.0, 3.0])
    >>> cell.value, round(cell.low, 2), round(cell.high, 2)
    (2.0, -0.48, 4.48)
    """
    middle = mean(values)
    if len(values) < 2 or metric == SEED_AGREEMENT:
        return EstimateCell(middle)
    quantile = float(stdtrit(len(values) - 1, (1 + LEVEL) / 2))
    half = quantile * stdev(values) / math.sqrt(len(values))
    return EstimateCell(middle, middle - half, middle + half)


def over_seeds(document: Document) -> tuple[SeedNumbers, ...]:
    """Return the information and the error of each code over the seeds, and their `udr`."""
    if document.arrangement != "seeds":
        return ()
    asked: list[tuple[Result | None, str, Kind]] = []
    for name in (code.name for code in document.all_codes):
        asked.append((document.information(name), f"{name}: information", "nats"))
        asked.append((document.find(CLUSTER_ACCURACY, name), f"{name}: error", "percent"))
    asked.append((document.find(SEED_AGREEMENT, None), "agreement of seeds (udr)", "nats"))
    return tuple(_numbers(document, result, what, kind) for result, what, kind in asked if result)


def _numbers(document: Document, result: Result, what: str, kind: Kind) -> SeedNumbers:
    by_seed = by_label(document.peers, result)
    results = [by_seed.get(seed.label) for seed in document.peers]
    errors = result.metric == CLUSTER_ACCURACY
    numbers = [None if each is None else each.value for each in results]
    values = [None if each is None else 1 - each if errors else each for each in numbers]
    known = [value for value in values if value is not None]
    cell = mean_over_seeds(known, result.metric)
    assert cell.value is not None
    half = None if cell.high is None else cell.high - cell.value
    return SeedNumbers(what, kind, tuple(values), cell.value, half, len(known))
