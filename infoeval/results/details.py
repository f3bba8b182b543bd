"""The details of a result beside its number, for the metrics that have details of their own."""

from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from infoeval.results.contract import Count, Flag, Float, Open, Whole, wrong

__all__ = [
    "ALL_CODES",
    "CLUSTER_ACCURACY",
    "CODE_FACTORS",
    "INFORMATION",
    "OWN_BOUND",
    "BoundDetails",
    "CheckDetails",
    "Clustering",
    "Details",
    "InformationDetails",
    "LeakageDetails",
    "NoiseStep",
    "Null",
    "Pair",
    "Round",
    "SelfTestDetails",
    "details_of",
]

INFORMATION = "mi"
OWN_BOUND = "mi-own"
CLUSTER_ACCURACY = "cluster-acc"
CODE_FACTORS = "code-factors"

ALL_CODES = "all codes"
"""The target of what all codes together carry."""

_UNMATCHED = -1


class Null(Open):
    """What shuffled factors score: the mean, and where most of them lie."""

    mean: Float
    low: Float | None = None
    high: Float | None = None


def _null(value: Any) -> Any:
    """Return what a metric calls its null; another metric may use the word for something else."""
    return value if isinstance(value, dict | Null) else None


class Details(Open):
    """Details of any metric."""

    null: Annotated[Null | None, BeforeValidator(_null)] = None


class Clustering(Details):
    """How a categorical code sorts labelled real images.

    ``confusion[k][l]`` counts the images of class ``l`` that are given code ``k``;
    ``matching[k]`` is the class matched one-to-one to code ``k``, or -1.
    """

    confusion: tuple[tuple[Count, ...], ...]
    matching: tuple[Whole, ...]
    class_names: tuple[str, ...] = ()
    many_to_one: Float | None = None
    many_to_one_low: Float | None = None
    many_to_one_high: Float | None = None
    fit_n: Whole | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each class: its number, where none is given."""
        return self.class_names or tuple(str(number) for number in range(len(self.confusion[0])))

    def confused_pairs(self) -> list[tuple[tuple[int, int], int]]:
        """Return pairs of classes with how many images of one are given the code of the other.

        The most frequent pair comes first; pairs without any such image are left out.

        >>> Clustering(confusion=((8, 1), (2, 9)), matching=(0, 1)).confused_pairs()
        [((0, 1), 3)]
        """
        shared: dict[tuple[int, int], int] = {}
        for counts, matched in zip(self.confusion, self.matching, strict=True):
            for cls, count in enumerate(counts):
                if matched >= 0 and cls != matched and count:
                    pair = min(cls, matched), max(cls, matched)
                    shared[pair] = shared.get(pair, 0) + count
        return sorted(shared.items(), key=lambda item: (-item[1], item[0]))

    @model_validator(mode="after")
    def _check(self) -> "Clustering":
        classes = len(self.confusion[0]) if self.confusion else 0
        if not classes or any(len(row) != classes for row in self.confusion):
            raise wrong("a table of counts, a row per code, its rows equally long", "confusion")
        matched = [cls for cls in self.matching if cls != _UNMATCHED]
        if (
            len(self.matching) != len(self.confusion)
            or not all(0 <= cls < classes for cls in matched)
            or len(set(matched)) != len(matched)
        ):
            raise wrong("a different class (or -1) for each code", "matching")
        if self.class_names and len(self.class_names) != classes:
            raise wrong(f"{classes} names, one per class", "class_names")
        return self


class Pair(Details):
    """A code and a factor of ``code-factors``, by which measure, and whether paired one-to-one."""

    code: str
    factor: str
    paired: Flag
    measure: str


class BoundDetails(Details):
    """``entropy`` is H(c) of the code that an information is of, nats; ``kind`` is the code's."""

    entropy: Float | None = None
    kind: str | None = None


class Round(Open):
    """A round of training a Q: its steps, learning rate and width, and the bound it reached."""

    steps: Count
    value: Float
    rate: Float | None = None
    width: Float | None = None
    gain: Float | None = None


class NoiseStep(Open):
    """Information, nats, that is left under Gaussian pixel noise of this standard deviation."""

    deviation: Float
    value: Float
    low: Float | None = None
    high: Float | None = None


class CheckDetails(Open):
    """An estimate where the truth is known, in nats."""

    name: str
    truth: Float
    value: Float
    low: Float | None = None
    high: Float | None = None


class SelfTestDetails(Open):
    """The same estimate on shuffled codes, whose information is 0, and on a known channel."""

    null: tuple[CheckDetails, ...]
    known: tuple[CheckDetails, ...]
    channel: str = ""


class LeakageDetails(Open):
    """I(c_i; ĉ_j), nats, of every true code i (row) and every code j that Q reads (column).

    Where the two have no relation, an estimate stays under ``chance`` 95 times in 100.
    """

    names: tuple[str, ...]
    matrix: tuple[tuple[Float, ...], ...]
    chance: tuple[tuple[Float, ...], ...]
    n: Whole | None = None

    @model_validator(mode="after")
    def _check(self) -> "LeakageDetails":
        size = len(self.names)
        for name, table in (("matrix", self.matrix), ("chance", self.chance)):
            if len(table) != size or any(len(row) != size for row in table):
                raise wrong("a row and a column for each name", name)
        return self


class InformationDetails(BoundDetails):
    """Whether training Q for longer would add to an information, and how much at most, in nats.

    ``certified`` is below the information with the confidence of the protocol, whatever Q is.
    """

    converged: Flag | None = None
    missed: Float | None = None
    certified: Float | None = None
    family: str = ""
    curve: tuple[Round, ...] = ()
    noise: tuple[NoiseStep, ...] = ()
    self_test: SelfTestDetails | None = None
    leakage: LeakageDetails | None = None


def details_of(metric: str, details: dict[str, Any]) -> Details:
    """Return the details of a metric's result, typed. Raises ValidationError for damaged ones."""
    if metric == CLUSTER_ACCURACY and "confusion" in details:
        return Clustering.model_validate(details)
    if metric == CODE_FACTORS and "factor" in details:
        return Pair.model_validate(details)
    if metric == INFORMATION:
        return InformationDetails.model_validate(details)
    if metric.startswith(INFORMATION):
        return BoundDetails.model_validate(details)
    return Details.model_validate(details)
