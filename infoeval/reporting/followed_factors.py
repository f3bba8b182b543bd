"""Which factor a code follows, judged by what is above chance."""

from collections.abc import Sequence
from dataclasses import dataclass

from infoeval.reporting.wording import between, count_of, in_brackets, spread, two_decimals
from infoeval.results import Document, ModelResults, Result
from infoeval.results.result_details import APPEARANCE, Adjusted, Pair

FOLLOWS, WEAKLY = 0.5, 0.2
"""Least strengths above chance with which a code follows a factor partly, and weakly.

A code follows a factor, without a qualification, if the value above chance is that large, too: a
share of the factor's entropy can be small where the strength, a correlation, is not.
"""
_VERBS = {1: "weakly follows", 2: "partly follows", 3: "follows"}
SURE = 0.01
"""Largest probability that shuffled factors have a pair as strong anywhere in the table."""


@dataclass(frozen=True)
class Association:
    """A code and a factor whose association was compared with chance."""

    result: Result
    pair: Pair
    adjusted: Adjusted
    p: float

    @property
    def rank(self) -> int:
        """3 where the code follows the factor, 2 partly, 1 weakly, else 0."""
        if self.p > SURE or self.strength < WEAKLY:
            return 0
        if self.strength < FOLLOWS:
            return 1
        return 3 if self.adjusted.value >= FOLLOWS else 2

    @property
    def verb(self) -> str:
        """How the code follows the factor: "follows", "partly follows", …; nothing for rank 0."""
        return _VERBS.get(self.rank, "")

    @property
    def strength(self) -> float:
        """The value above chance on the scale of a correlation; results may lack it."""
        strength = self.pair.strength
        return self.adjusted.value if strength is None else strength


def codes_compared(model: ModelResults) -> tuple[str, ...]:
    """Return the codes that were compared with factors, in their order."""
    pairs = (result.pair for result in model.results)
    return tuple(dict.fromkeys(pair.code for pair in pairs if pair))


def closest_factor(model: ModelResults, code: str) -> Association | None:
    """Return the factor that a code is closest to, above chance; None where that is not known.

    Values of different measures are not compared, their strengths are: they share a scale. A
    factor that passes the test comes before one that does not.
    """
    compared = _compared(_of_code(model, code))
    return max(compared, key=lambda each: (each.p <= SURE, each.strength), default=None)


def follow_sentence(code: str, document: Document) -> str:
    """Return which factor a code follows, and how closely; nothing where none was measured.

    On real images where these were measured, else on generated ones.
    """
    pairs = _of_code(document, code)
    if not pairs:
        return ""
    best = closest_factor(document, code)
    where = _where(pairs[0], document)
    if not any(result.value for result in pairs):
        return f"follows no factor: it has nothing in common with any{where}"
    if best is None and all(((result.pair and result.pair.p) or 0.0) > SURE for result in pairs):
        # Where shuffled factors reach the best value there is no value above chance.
        return f"follows no factor that these rows can show: chance often scores as much{where}"
    if best is None:
        why = next((result.typed.no_null for result in pairs if result.typed.no_null), "")
        aside = in_brackets(why)
        return f"was not compared with chance{aside}, so that no factor can be said to be followed"
    number = f"{best.pair.measure} {two_decimals(best.result.value)}"
    if not best.rank:
        known = [f"closest: {best.pair.factor}, {number}", _ends(best.result), _chance(best.result)]
        closest = ", ".join(part for part in known if part)
        return f"follows no factor that these rows can show ({closest}{where})"
    remarks = _ends(best.result), _chance(best.result), _in_seeds(best, document)
    aside = in_brackets(*remarks, _read_with(best, document))
    return f"{best.verb} {best.pair.factor}, {number}{aside}{where}"


def _of_code(model: ModelResults, code: str) -> list[Result]:
    """Return the code's pairs with every factor, all measured in the same way."""
    pairs = [
        result
        for result in model.results
        if result.pair and result.pair.code == code and not is_appearance(result)
    ]
    first = min(pairs, key=lambda result: _images_of(result) != "real", default=None)
    return [] if first is None else [each for each in pairs if each.options == first.options]


def is_appearance(result: Result) -> bool:
    """Return whether a pair is one of a code and a statistic that names codes, not a factor."""
    own = result.settings.get("own")
    return isinstance(own, dict) and own.get("factors") == APPEARANCE


def _compared(pairs: Sequence[Result]) -> list[Association]:
    return [
        Association(result, pair, pair.adjusted, pair.p)
        for result in pairs
        if (pair := result.pair) is not None and pair.adjusted is not None and pair.p is not None
    ]


def _images_of(result: Result) -> str:
    """Return which images a result is of: "real", unless it is about generated ones."""
    own = result.settings.get("own")
    return str(own.get("images", "real")) if isinstance(own, dict) else "real"


def _where(result: Result, document: Document) -> str:
    """Return on which images, and in which of several models; a table of codes has no images."""
    images = _images_of(result)
    of_table = images == "real" and document.identity.codes is not None
    model = f" in {document.label}" if document.arrangement == "comparison" else ""
    return f"{model}{'' if of_table else f', on {images} images'}"


def _ends(result: Result) -> str:
    return between(result.low, result.high, two_decimals)


def _chance(result: Result) -> str:
    null = result.typed.null
    return f"chance {two_decimals(null.mean)}" if null else ""


def _read_with(best: Association, model: ModelResults) -> str:
    """Return how well a factor of generated images is read on real ones; of others nothing."""
    for result in model.results:
        reading = result.typed.measuring.get(best.pair.factor)
        if reading is not None and result.options == best.result.options:
            return f"read from images with {reading.measure} {two_decimals(reading.value)}"
    return ""


def _in_seeds(best: Association, document: Document) -> str:
    """Return the range over seeds, in each by the code that is closest to the factor."""
    if document.arrangement != "seeds":
        return ""
    found = [_of_factor(model, best) for model in document.peers]
    values = [value for value in found if value is not None]
    if len(values) < 2:
        return ""
    return f"{spread(values, two_decimals)} over {count_of(len(values), 'seed')}"


def _of_factor(model: ModelResults, best: Association) -> float | None:
    """Return how well a model's best code follows the factor, by the same measure."""
    alike = [
        each
        for code in codes_compared(model)
        for each in _compared(_of_code(model, code))
        if (each.pair.factor, each.pair.measure) == (best.pair.factor, best.pair.measure)
        and each.result.options == best.result.options
    ]
    closest = max(alike, key=lambda each: each.strength, default=None)
    return None if closest is None else closest.result.value
