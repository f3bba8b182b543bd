"""How well a categorical code matches classes, judged against naming the most frequent class."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from infoeval.reporting.side_by_side import baseline_name, by_label, most_of
from infoeval.reporting.wording import count_of, in_brackets, listed, percent, percents, spread
from infoeval.results import Document, ModelResults, Result
from infoeval.results.result_details import CLUSTER_ACCURACY, Clustering

MATCHES, IN_PART = 0.8, 0.4
"""Least shares of the way from the base rate to 1 with which a code matches classes, and in part.

With ten equally frequent classes these are errors of 18 and 54 %, with two of 10 and 30 %.
"""
RARELY = 0.01
"""Largest probability with which chance may give what a sentence claims."""
_MANY = 1_000_000
"""Throws of a coin whose law is not told from the normal one."""
_UNEVEN = 0.5
"""Share of the most frequent class from which on a sentence always names it."""
_DIGITS = tuple("0123456789")
THINGS = {
    "the digits": ("mnist", "digits", "svhn", "street_numbers"),
    "the faces": ("faces", "celeba"),
    "the chairs": ("chairs",),
    "the sprites": ("sprites",),
}
"""What images show, and how the names of such data sets begin."""


@dataclass(frozen=True)
class Matched:
    """An accuracy after matching, with its counts."""

    result: Result
    clustering: Clustering

    @property
    def error(self) -> float:
        """The share of rows whose class is not the one that their category is matched to."""
        return 1 - self.result.value

    @property
    def error_with_interval(self) -> str:
        """The error as text, with its interval."""
        return f"{percent(self.error)}{in_brackets(self.interval)}"

    @property
    def interval(self) -> str:
        """The interval of the error as text, or nothing."""
        return percents(*errors(self.result.low, self.result.high))

    @property
    def base(self) -> float:
        """The accuracy that says nothing: of the most frequent class, or of shuffled classes."""
        return max(self.clustering.majority, self._shuffled)

    @property
    def knowing_nothing(self) -> str:
        """What has the accuracy that says nothing."""
        if self._shuffled > self.clustering.majority:
            return "a matching to shuffled classes"
        return "always naming the most frequent class"

    @property
    def _shuffled(self) -> float:
        null = self.result.typed.null
        return null.mean if null else 0.0

    @property
    def above(self) -> bool:
        """Whether even the low end of the accuracy is above the base rate."""
        return self._least() > self.base

    @property
    def rank(self) -> int:
        """2 for a code that matches its classes, 1 for one that does in part, else 0."""
        gap = (self.result.value - self.base) / max(1 - self.base, 1e-12)
        if not self.above or gap < IN_PART:
            return 0
        return 2 if gap >= MATCHES else 1

    def _least(self) -> float:
        """Return the low end of the accuracy, which allows for a matching to the same rows.

        The best of many matchings is better than any fixed one by chance, by Hoeffding's inequality
        for all of them together at most by this allowance, but for a probability of `RARELY`.
        """
        low, same = self.result.low, self.clustering.on_same_rows
        if low is not None and not same:
            return low
        counts = self.clustering.confusion
        few, many = sorted((len(counts), len(counts[0])))
        choices = math.lgamma(many + 1) - math.lgamma(many - few + 1) if same else 0.0
        rows = max(sum(map(sum, counts)), 1)
        allowed = self.result.value - math.sqrt((choices - math.log(RARELY)) / (2 * rows))
        return allowed if low is None else min(low, allowed)


def errors(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """Return the interval of the error, 1 less that of the accuracy."""
    return None if high is None else 1 - high, None if low is None else 1 - low


def matching_of(model: ModelResults, code: str) -> Matched | None:
    """Return the matching of a code to classes, the best where there are several sets of them."""
    found = [
        Matched(result, result.clustering)
        for result in model.results
        if result.metric == CLUSTER_ACCURACY
        and result.clustering is not None
        and (result.target == code or (result.target or "").startswith(f"{code}, "))
    ]
    return max(found, key=lambda matched: (matched.rank, matched.result.value), default=None)


def match_sentence(matched: Matched, code: str, document: Document) -> str:
    """Return how well a code matches its classes, with the interval of each number."""
    noun = _classes(matched, code, document)
    by_seed = _matched_by_label(document.peers, matched)
    if document.arrangement == "seeds" and len(by_seed) > 1:
        return _over_seeds(by_seed, noun)
    if document.arrangement != "comparison":
        baselines = _matched_by_label(document.baselines, matched)
        return _of_one(matched, noun, _in_baselines(baselines, document))
    text = _of_one(matched, noun, "")
    others = _matched_by_label(document.all_models[1:], matched)
    parts = [f"{theirs.error_with_interval} in {label}" for label, theirs in others.items()]
    return f"{text} in {document.label}, against {listed(parts)}" if parts else text


def _matched_by_label(models: Sequence[ModelResults], matched: Matched) -> dict[str, Matched]:
    return {
        label: Matched(result, result.clustering)
        for label, result in by_label(models, matched.result).items()
        if result.clustering is not None
    }


def _of_one(matched: Matched, noun: str, baselines: str) -> str:
    error = percent(matched.error)
    if not matched.above:
        better = "no better" if matched.result.value <= matched.base else "not reliably better"
        aside = in_brackets(matched.interval, _same_rows([matched]), baselines)
        return (
            f"does not match {noun}: {error} error{aside} is {better} than "
            f"{matched.knowing_nothing}, which is right for {percent(matched.base)}"
        )
    aside = in_brackets(matched.interval, _naive([matched]), _same_rows([matched]), baselines)
    return f"{_matches(matched.rank, noun)} {error} error{aside}"


def _over_seeds(by_seed: Mapping[str, Matched], noun: str) -> str:
    middle = median(matched.error for matched in by_seed.values())
    most = middle + max(0.03, middle / 2)
    odd = {name: matched for name, matched in by_seed.items() if matched.error > most}
    kept = [matched for name, matched in by_seed.items() if name not in odd]
    errors = spread([matched.error for matched in kept], percent)
    text = f"{_matches(min(matched.rank for matched in kept), noun)} {errors} error"
    if odd:
        rest = listed([f"{each.error_with_interval} in {name}" for name, each in odd.items()])
        text += f" in {most_of(len(kept), len(by_seed))}, but {rest}"
    else:
        text += " in every seed"
    return text + in_brackets(_naive(kept), _same_rows(kept))


def _matches(rank: int, noun: str) -> str:
    if not rank:
        return f"does not match {noun}:"
    return f"matches {noun} with" if rank == 2 else f"matches {noun} only in part, with"


def _naive(kept: Sequence[Matched]) -> str:
    """Return the error of what knows nothing, where it matters."""
    first = kept[0]
    if first.base < _UNEVEN and min(matched.rank for matched in kept) == 2:
        return ""
    return f"{first.knowing_nothing} gives {percent(1 - first.base)}"


def _same_rows(kept: Sequence[Matched]) -> str:
    same = any(matched.clustering.on_same_rows for matched in kept)
    return "matching fitted on the same rows" if same else ""


def _in_baselines(baselines: Mapping[str, Matched], document: Document) -> str:
    if not baselines:
        return ""
    theirs = list(baselines.values())
    ends = f", {theirs[0].interval}" if len(theirs) == 1 and theirs[0].interval else ""
    errors = spread([matched.error for matched in theirs], percent)
    return f"in {baseline_name(document)} {errors}{ends}"


def _classes(matched: Matched, code: str, document: Document) -> str:
    names = matched.clustering.names
    digits = names == _DIGITS and document.data_set.label.startswith(THINGS["the digits"])
    noun = f"the {count_of(len(names), 'digit' if digits else 'class')}"
    factor = (matched.result.target or "").removeprefix(code).removeprefix(", ")
    return f"{noun} of {factor}" if factor else noun


def confusion_remark(matched: Matched, document: Document) -> str:
    """Return which two classes share a code most often; nothing where chance could say the same.

    Nothing either for a code that does not match its classes.
    """
    pair = matched.rank and most_confused(matched.clustering)
    if not pair:
        return ""
    first, second = (matched.clustering.names[cls] for cls in pair)
    where = f" in {document.label}" if len(document.peers) > 1 else ""
    return f"; {first} and {second} are confused most often{where}"


def most_confused(clustering: Clustering) -> tuple[int, int] | None:
    """Return the pair of classes that is confused more often than any other, or None.

    Its count stands against that of the next pair in an exact binomial test, with the probability
    times the number of pairs of classes: any of them could have come first.

    >>> clear, tied = ((80, 20, 1), (20, 80, 2), (0, 1, 97)), ((80, 5, 1), (4, 80, 4), (0, 4, 97))
    >>> most_confused(Clustering(confusion=clear, matching=(0, 1, 2)))
    (0, 1)
    >>> most_confused(Clustering(confusion=tied, matching=(0, 1, 2))) is None
    True
    """
    classes = len(clustering.names)
    ranked = clustering.confused_pairs()
    if not ranked or classes < 3:
        return None
    pair, most = ranked[0]
    next_most = ranked[1][1] if len(ranked) > 1 else 0
    p = math.comb(classes, 2) * probability_of_lead(most, next_most)
    return pair if p <= RARELY else None


def probability_of_lead(most: int, other: int) -> float:
    """Return the probability of ``most`` or more heads in ``most + other`` throws of a coin.

    Exact, and by the normal law for more than a million throws.

    >>> round(probability_of_lead(3, 1), 6), round(probability_of_lead(2, 2), 6)
    (0.3125, 0.6875)
    """
    throws = most + other
    if throws > _MANY:
        return math.erfc((most - other) / math.sqrt(2 * throws)) / 2
    whole = math.lgamma(throws + 1) - throws * math.log(2)
    terms = (
        math.exp(whole - math.lgamma(heads + 1) - math.lgamma(throws - heads + 1))
        for heads in range(most, throws + 1)
    )
    return min(math.fsum(terms), 1.0)
