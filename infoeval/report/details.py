"""What a result found beside its number, where the page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass

from infoeval.report.fields import Fields

__all__ = [
    "Check",
    "Clustering",
    "Convergence",
    "Details",
    "Gain",
    "Leakage",
    "NoiseStep",
    "Null",
    "Pair",
    "SelfTest",
    "read_details",
]

INFORMATION = "mi"
CLUSTER_ACCURACY = "cluster-acc"
CODE_FACTORS = "code-factors"


@dataclass(frozen=True)
class Clustering:
    """How a categorical code sorts labelled real images.

    ``confusion[k][l]`` counts the images of class ``l`` that are given code ``k``;
    ``matching[k]`` is the class matched one-to-one to code ``k``, or -1.
    """

    confusion: tuple[tuple[int, ...], ...]
    matching: tuple[int, ...]
    class_names: tuple[str, ...]
    many_to_one: float | None
    many_to_one_low: float | None
    many_to_one_high: float | None
    fit_n: int | None


@dataclass(frozen=True)
class Gain:
    """A round of training a Q: its steps, learning rate and width, and the bound it reached."""

    steps: int
    value: float
    rate: float | None
    width: float | None
    gain: float | None


@dataclass(frozen=True)
class NoiseStep:
    """Information, nats, that is left under Gaussian pixel noise of this standard deviation."""

    deviation: float
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Convergence:
    """Whether training Q for longer would add to an information, and how much at most, in nats.

    ``certified`` is below the information with the confidence of the protocol, whatever Q is.
    """

    converged: bool
    missed: float | None
    certified: float | None
    family: str
    rounds: tuple[Gain, ...]
    noise: tuple[NoiseStep, ...]


@dataclass(frozen=True)
class Check:
    """An estimate where the truth is known, in nats."""

    name: str
    truth: float
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class SelfTest:
    """The same estimate on shuffled codes, whose information is 0, and on a known channel."""

    channel: str
    null: tuple[Check, ...]
    known: tuple[Check, ...]


@dataclass(frozen=True)
class Leakage:
    """I(c_i; ĉ_j), nats, of every true code i (row) and every code j that Q reads (column).

    Where the two have no relation, an estimate stays under ``chance`` 95 times in 100.
    """

    names: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]
    chance: tuple[tuple[float, ...], ...]
    n: int | None


@dataclass(frozen=True)
class Pair:
    """A code and a factor of ``code-factors``, by which measure, and whether paired one-to-one."""

    code: str
    factor: str
    paired: bool
    measure: str


@dataclass(frozen=True)
class Null:
    """What shuffled factors score: the mean, and where most of them lie."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Details:
    """All of them; None where a result has none.

    ``entropy`` is H(c) of the code that an information is of, in nats; ``kind`` is "categorical" or
    "continuous", where the result says which.
    """

    clustering: Clustering | None = None
    convergence: Convergence | None = None
    self_test: SelfTest | None = None
    leakage: Leakage | None = None
    pair: Pair | None = None
    null: Null | None = None
    entropy: float | None = None
    kind: str | None = None


def read_details(metric: str, fields: Fields | None) -> Details:
    """Read the details of a metric's result. Raises UserError for damaged ones."""
    if fields is None:
        return Details()
    values = fields.values
    return Details(
        clustering=_clustering(fields)
        if metric == CLUSTER_ACCURACY and "confusion" in values
        else None,
        convergence=_convergence(fields)
        if metric == INFORMATION and "converged" in values
        else None,
        self_test=_self_test(fields) if metric == INFORMATION else None,
        leakage=_leakage(fields) if metric == INFORMATION else None,
        pair=_pair(fields) if metric == CODE_FACTORS and "factor" in values else None,
        null=_null(values, fields),
        entropy=fields.optional_number("entropy") if metric.startswith(INFORMATION) else None,
        kind=fields.optional_text("kind") if metric.startswith(INFORMATION) else None,
    )


def _clustering(fields: Fields) -> Clustering:
    rows = fields.table("confusion")
    matching = fields.sequence("matching")
    names = fields.texts("class_names")
    classes = len(rows[0]) if rows else 0
    if not classes or not all(isinstance(n, int) and n >= 0 for row in rows for n in row):
        raise fields.wrong(fields.where("confusion"), "a table of counts, a row per code")
    matched = [cls for cls in matching if cls != -1]
    if (
        len(matching) != len(rows)
        or not all(isinstance(cls, int) and 0 <= cls < classes for cls in matched)
        or len(set(matched)) != len(matched)
    ):
        raise fields.wrong(fields.where("matching"), "a different class (or -1) for each code")
    if names and len(names) != classes:
        raise fields.wrong(fields.where("class_names"), f"{classes} names, one per class")
    return Clustering(
        confusion=rows,
        matching=tuple(matching),
        class_names=names or tuple(str(cls) for cls in range(classes)),
        many_to_one=fields.optional_number("many_to_one"),
        many_to_one_low=fields.optional_number("many_to_one_low"),
        many_to_one_high=fields.optional_number("many_to_one_high"),
        fit_n=fields.optional_integer("fit_n"),
    )


def _convergence(fields: Fields) -> Convergence:
    return Convergence(
        converged=fields.flag("converged"),
        missed=fields.optional_number("missed"),
        certified=fields.optional_number("certified"),
        family=fields.optional_text("family") or "",
        rounds=tuple(
            Gain(
                steps=item.integer("steps", least=0),
                value=item.number("value"),
                rate=item.optional_number("rate"),
                width=item.optional_number("width"),
                gain=item.optional_number("gain"),
            )
            for item in fields.optional_objects("curve")
        ),
        noise=tuple(
            NoiseStep(
                deviation=item.number("deviation"),
                value=item.number("value"),
                low=item.optional_number("low"),
                high=item.optional_number("high"),
            )
            for item in fields.optional_objects("noise")
        ),
    )


def _self_test(fields: Fields) -> SelfTest | None:
    found = fields.optional_object("self_test")
    if found is None:
        return None
    return SelfTest(
        channel=found.optional_text("channel") or "",
        null=tuple(_check(item) for item in found.objects("null")),
        known=tuple(_check(item) for item in found.objects("known")),
    )


def _check(fields: Fields) -> Check:
    return Check(
        name=fields.text("name"),
        truth=fields.number("truth"),
        value=fields.number("value"),
        low=fields.optional_number("low"),
        high=fields.optional_number("high"),
    )


def _leakage(fields: Fields) -> Leakage | None:
    found = fields.optional_object("leakage")
    if found is None:
        return None
    names = found.texts("names")
    leakage = Leakage(
        names=names,
        matrix=found.table("matrix", len(names)),
        chance=found.table("chance", len(names)),
        n=found.optional_integer("n"),
    )
    if not len(leakage.matrix) == len(leakage.chance) == len(names):
        raise found.wrong(found.where("matrix"), "a row and a column for each name")
    return leakage


def _pair(fields: Fields) -> Pair:
    return Pair(
        code=fields.text("code"),
        factor=fields.text("factor"),
        paired=fields.flag("paired"),
        measure=fields.text("measure"),
    )


def _null(values: Mapping[str, object], fields: Fields) -> Null | None:
    if not isinstance(values.get("null"), Mapping):
        return None
    found = fields.object("null")
    return Null(
        mean=found.number("mean"),
        low=found.optional_number("low"),
        high=found.optional_number("high"),
    )
