"""The typed details of results: what is known of those of each metric."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from infoeval.results.contract import (
    Count,
    Flag,
    Float,
    Name,
    Open,
    Text,
    Whole,
    wrong,
)

if TYPE_CHECKING:
    pass

INFORMATION = "mi"
SYNERGY = "mi-synergy"
OWN_BOUND = "mi-own"
SEED_AGREEMENT = "udr"
CLUSTER_ACCURACY = "cluster-acc"
CODE_FACTORS = "code-factors"
DIRECTION_CHANGE = "direction-change"
DIRECTION_REACH = "direction-reach"
QUALITY = "quality"
EFFECTS = "image-effects"
APPEARANCE = "appearance"
"""The factors that are statistics of images which name codes."""
CORRELATIONS = ("|Spearman|", "circular correlation")
"""Measures of pairs that are correlations."""

SCORE_UNITS = ("fraction", "index", "")
"""Units of metrics that share an axis, which has 0 and 1 on it."""

ALL_CODES = "all codes"
"""The target of the information in all codes together."""

FITTED_ON_SCORED = "the scored rows"
"""What ``matching_fitted_on`` of a cluster accuracy is where there were no other rows."""

_UNMATCHED = -1


class Null(Open):
    """Scores of ``tables`` with shuffled factors: their mean, and the range of most of them."""

    mean: Float
    low: Float | None = None
    high: Float | None = None
    tables: Count | None = None


class Adjusted(Open):
    """A value less chance, as a share of the best less chance, with its interval.

    0 is what shuffled factors score on average, and 1 the end of the metric's range.
    """

    value: Float
    low: Float | None = None
    high: Float | None = None


def _null(value: Any) -> Any:
    """Return a null distribution, or None: a metric may use the key for something else."""
    return value if isinstance(value, dict | Null) else None


class References(Open):
    """What codes of known meaning, made of the same factors, score on the same rows.

    ``exact`` codes are the factors, each shuffled by itself; ``exact_as_here`` are the factors with
    their rows as they are; ``rotated`` ones an even mix of all; ``common_cause`` codes all equal
    the one variable that explains most of the factors; ``twice`` is every factor as two codes. None
    where there are no such codes of this table, or the metric refuses them.
    """

    noise: Float | None = None
    common_cause: Float | None = Field(None, alias="common cause")
    rotated: Float | None = None
    twice: Float | None = None
    exact_as_here: Float | None = Field(None, alias="exact as here")
    exact: Float | None = None


def _references(value: Any) -> Any:
    """Return scores of known codes, or None: a metric may use the key for something else."""
    return value if isinstance(value, dict | References) else None


class FactorReading(Open):
    """How well a factor is read from real test images by a network that reads generated ones."""

    measure: Name
    value: Float


class Details(Open):
    """The details that any metric may have.

    ``null`` is what chance scores on the same table, ``adjusted`` the value above it, and
    ``no_null`` why chance was not measured. ``sparse`` is a sentence that says so where there are
    too few rows for the cells that are counted, or for narrow posteriors, and ``sampled`` one that
    says how many of the rows were scored. ``references`` are scores of codes of known meaning, and
    ``untrusted`` says which of these make the metric misleading on this table.
    ``assumed`` is a sentence about what was assumed, as the model does not say. ``measuring`` tells
    of each factor that was read from generated images how well it is read.
    """

    null: Annotated[Null | None, BeforeValidator(_null)] = None
    adjusted: Adjusted | None = None
    no_null: Text = ""
    sparse: Text = ""
    sampled: Text = ""
    references: Annotated[References | None, BeforeValidator(_references)] = None
    untrusted: Text = ""
    assumed: Text = ""
    measuring: dict[Name, FactorReading] = Field(default_factory=dict)


class Clustering(Details):
    """How a categorical code sorts labelled real images.

    ``confusion[k][l]`` counts the images of class ``l`` that are given code ``k``;
    ``matching[k]`` is the class matched one-to-one to code ``k``, or -1. ``base_rate`` is the
    accuracy of naming the most frequent class every time.
    """

    confusion: tuple[tuple[Count, ...], ...]
    matching: tuple[Whole, ...]
    class_names: tuple[Name, ...] = ()
    many_to_one: Float | None = None
    many_to_one_low: Float | None = None
    many_to_one_high: Float | None = None
    fit_n: Whole | None = None
    base_rate: Float | None = None
    matching_fitted_on: Text = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each class: its number where none is given."""
        return self.class_names or tuple(str(number) for number in range(len(self.confusion[0])))

    @property
    def majority(self) -> float:
        """The share of the most frequent class: ``base_rate``, or counted where that is missing."""
        if self.base_rate is not None:
            return self.base_rate
        columns = [sum(column) for column in zip(*self.confusion, strict=True)]
        return float(max(columns) / max(sum(columns), 1))

    @property
    def on_same_rows(self) -> bool:
        """Whether the matching was fitted on the rows that it is scored on."""
        return self.matching_fitted_on == FITTED_ON_SCORED

    def confused_pairs(self) -> list[tuple[tuple[int, int], int]]:
        """Return pairs of classes, and how many images of one are given the code of the other.

        The most frequent pair comes first; pairs without such images are left out.

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
    """A code and a factor of ``code-factors``, the measure used, and whether they are paired.

    ``p`` is the probability that shuffled factors have a pair as strong as this one anywhere in
    the table: it allows for the number of pairs. ``strength`` is the value above chance on a scale
    that all measures share, that of a correlation. ``nmi`` stands beside a share of information,
    ``linear`` beside a circular correlation: of the code's rank with cosine and sine. ``means`` are
    those of a factor that is a statistic of images, in tenths of the rows in the code's order.
    """

    code: Name
    factor: Name
    paired: Flag
    measure: Name
    p: Float | None = None
    strength: Float | None = None
    nmi: Float | None = None
    linear: Float | None = None
    means: tuple[Float, ...] = ()


class BoundDetails(Details):
    """Details of a lower bound on I(c; x): H(c) of the code, in nats, and the kind of code.

    ``highest`` is the upper limit of the information that holds for every generator, H(c) of
    categorical codes; None where a code is continuous, and in files of earlier versions.
    """

    entropy: Float | None = None
    highest: Float | None = None
    kind: Name | None = None


class Round(Open):
    """A round of training a Q: steps, learning rate, width and input, and the bound it reached."""

    steps: Count
    value: Float
    rate: Float | None = None
    width: Float | None = None
    gain: Float | None = None
    input: Name = ""


class NoiseStep(Open):
    """The information, nats, that is left under Gaussian pixel noise of a standard deviation."""

    deviation: Float
    value: Float
    low: Float | None = None
    high: Float | None = None


class CheckDetails(Open):
    """An estimate where the truth is known, in nats."""

    name: Name
    truth: Float
    value: Float
    low: Float | None = None
    high: Float | None = None


class SelfTestDetails(Open):
    """Estimates on shuffled codes, whose information is 0, and on a channel where it is known."""

    null: tuple[CheckDetails, ...]
    known: tuple[CheckDetails, ...]
    channel: Text = ""


class LeakageDetails(Open):
    """I(c_i; ĉ_j), nats, of every true code i (row) and every code j that Q reads (column).

    Where the two have no relation, an estimate stays under ``chance`` 95 times in 100.
    """

    names: tuple[Name, ...]
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
    """Details of an information by a Q trained afterwards.

    ``converged`` is about the search for a Q alone: ``missed``, in nats, is what more training
    might gain under an assumed law of learning, or what a larger Q or another ``input`` gained;
    None where that is unknown. ``certified`` is below the information with the confidence of the
    protocol, whatever Q is.
    """

    converged: Flag | None = None
    missed: Float | None = None
    certified: Float | None = None
    input: Name = ""
    family: Name = ""
    curve: tuple[Round, ...] = ()
    noise: tuple[NoiseStep, ...] = ()
    self_test: SelfTestDetails | None = None
    leakage: LeakageDetails | None = None


class Bounds(Open):
    """A number with its interval."""

    value: Float
    low: Float | None = None
    high: Float | None = None


class AttributeChange(Bounds):
    """The change of an attribute along a direction, in deviations; its ``kind`` tells the reader.

    Kinds are "image statistics", and "factors" that a regressor reads.
    """

    kind: Name
    attribute: Name


class ChangeDetails(Details):
    """What changes along a direction: most of all the ``attribute`` of this ``kind``.

    ``dependency_mean`` and ``dependency_max`` are the other changes of the kind as shares of it,
    ``linearity`` R² of a straight line, and ``changes`` all that were measured.
    """

    attribute: Name
    kind: Name
    dependency_mean: Float | None = None
    dependency_max: Float | None = None
    linearity: Bounds | None = None
    changes: tuple[AttributeChange, ...] = ()


class StepShare(Bounds):
    """The share of images that lie among random ones, ``step`` deviations along a direction."""

    step: Float


class ReachDetails(Details):
    """How many images along a direction lie among random ones; ``chance``: of random images."""

    chance: Float
    shares: tuple[StepShare, ...] = ()


class QualityDetails(Details):
    """Details of a number of the quality of images; ``real`` is what other real images score.

    ``features`` is the recipe of the network that read the features, in the first of the numbers.
    """

    real: Float | None = None
    features: dict[str, Any] | None = None


class StatisticEffect(Open):
    """How consistently a code changes a statistic of images, and how much; see `image_effects`."""

    consistency: Float
    low: Float
    high: Float
    share: Float
    share_low: Float | None = None
    share_high: Float | None = None
    means: tuple[Float, ...] = ()


class EffectDetails(Details):
    """What a ``code``, of a ``kind`` of prior, changes: each statistic of images by its name."""

    code: Name
    kind: Name = ""
    statistics: dict[Name, StatisticEffect]


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
    if metric == DIRECTION_CHANGE:
        return ChangeDetails.model_validate(details)
    if metric == DIRECTION_REACH:
        return ReachDetails.model_validate(details)
    if metric == EFFECTS:
        return EffectDetails.model_validate(details)
    if metric.startswith(QUALITY):
        return QualityDetails.model_validate(details)
    return Details.model_validate(details)
