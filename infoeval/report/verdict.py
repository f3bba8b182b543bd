"""The verdict: a sentence for each code that claims no more than its numbers show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from infoeval.report.wording import count_of, in_words, interval, listed, nats, percent, spread
from infoeval.results import Code, Document, ModelResults, Result
from infoeval.results.records import CLUSTER_ACCURACY, INFORMATION, OWN_BOUND, Clustering

_NOTHING = 0.005
"""Largest amount, nats, that is written as 0.00."""
_LITTLE = 0.1
"""Amount, nats, below which a code is said to carry next to nothing."""
_MATCHED, _PARTLY = 0.15, 0.5
"""Largest errors of a code that is said to match its classes, and to match them in part."""
_FOLLOWS, _WEAKLY = 0.5, 0.2
"""Least associations of a code that is said to follow a factor, and to follow it weakly."""
_DIGITS = tuple("0123456789")
_OF_DIGITS = ("mnist", "digits", "svhn", "street_numbers")


@dataclass(frozen=True)
class Finding:
    """A sentence about a code: its name, the ``topic``, followed by ``text``."""

    topic: str
    text: str


def sentences(document: Document) -> list[Finding]:
    """Return a sentence for each code: how much it carries and what it means."""
    return [Finding(code.name, _about(code, document)) for code in document.all_codes]


def _about(code: Code, document: Document) -> str:
    information = _information(code, document)
    matching = _matching(code, document)
    # Where a code is matched to classes, they are its factor.
    meaning = matching or _followed(code, document)
    text = ", and ".join(part for part in (information, meaning) if part)
    if matching:
        text += _confusion(code, document)
    return f"{text}."


def _information(code: Code, document: Document) -> str:
    result = document.information(code.name)
    if result is None:
        return "has no estimate of its information"
    if document.arrangement == "seeds":
        by_seed = _values(document.peers, result, code)
        if len(by_seed) > 1:
            return _over_seeds(code, result, by_seed) + _aside(_baselines(code, result, document))
    text = _carries(code, result)
    if document.arrangement == "comparison":
        return text + _in_others(code, result, document)
    own = _own(result, document.find(OWN_BOUND, code.name))
    return text + _aside(_missed(result), own, _baselines(code, result, document))


def _carries(code: Code, result: Result) -> str:
    value = result.value
    own = result.metric != INFORMATION
    if value < _LITTLE:
        amount = _amount(code, value)
        if value < _NOTHING or (result.low is not None and result.low <= 0):
            verb = "carries nothing that its own Q finds" if own else "carries nothing that Q finds"
        else:
            verb = "carries next to nothing"
            amount += _by_own_q(result)
        return f"{verb}: {amount}"
    return f"carries {_least(result)}{_amount(code, value)}{_by_own_q(result)}"


def _over_seeds(code: Code, result: Result, by_seed: Mapping[str, Result]) -> str:
    values = {name: seed.value for name, seed in by_seed.items()}
    middle = median(values.values())
    behind = {
        name: value
        for name, value in values.items()
        if value < middle - max(0.1, 0.1 * middle) and code.kind == "categorical"
    }
    kept = [value for name, value in values.items() if name not in behind]
    least = "at least " if any(map(_least, by_seed.values())) else ""
    least = "next to nothing: " if max(kept) < _LITTLE else least
    amount = f"carries {least}{spread(kept, nats)}{_of(code)} nats"
    reader = _by_own_q(result, "each seed's")
    if not behind:
        return f"{amount} over {count_of(len(values), 'seed')}{reader}"
    rest = listed([f"{nats(value)} in {name}" for name, value in behind.items()])
    return f"{amount} in {_most(kept, values)}, but only {rest}{reader}"


def _aside(*remarks: str) -> str:
    """Return the remarks in brackets, without empty ones."""
    text = "; ".join(remark for remark in remarks if remark)
    return f" ({text})" if text else ""


def _baselines(code: Code, result: Result, document: Document) -> str:
    by_model = _values(document.baselines, result, code)
    if not by_model:
        return ""
    values = [baseline.value for baseline in by_model.values()]
    if max(values) < _NOTHING:
        return f"nothing in {_baseline_name(document)}"
    least = "at least " if any(map(_least, by_model.values())) else ""
    return f"{least}{spread(values, nats)} in {_baseline_name(document)}"


def _baseline_name(document: Document) -> str:
    weights = {model.identity.information_weight for model in document.baselines}
    name = "baseline" if weights != {0.0} else "λ = 0 model"
    return f"the {name}" if len(document.baselines) == 1 else f"the {name}s"


def _in_others(code: Code, result: Result, document: Document) -> str:
    others = _values([m for m in document.all_models if m.index], result, code)
    if not others:
        return ""
    parts = []
    for name, other in others.items():
        parts.append(f"{nats(other.value)} in {name}{_difference(result, name, document)}")
    return f" in {document.label} against {listed(parts)}"


def _difference(result: Result, name: str, document: Document) -> str:
    for entry in document.differences:
        same = (entry.metric, entry.target) == (result.metric, result.target)
        if same and document.all_models[entry.model].label == name and entry.low is not None:
            if entry.high is None:
                return ""
            return f" (difference {nats(entry.difference)}, {interval(entry.low, entry.high, 2)})"
    return ""


def _missed(result: Result) -> str:
    convergence = result.convergence
    if convergence is None or convergence.converged:
        return ""
    missed = "more" if not convergence.missed else nats(convergence.missed)
    return f"Q had not converged and may miss {missed}"


def _own(result: Result, own: Result | None) -> str:
    """Return the own Q's bound where it is higher: the other Q has not found everything."""
    if own is None or own.low is None or own.low <= result.value + _NOTHING:
        return ""
    return f"the model's own Q reads {nats(own.value)}"


def _by_own_q(result: Result, whose: str = "its") -> str:
    return "" if result.metric == INFORMATION else f", as read by {whose} own Q"


def _least(result: Result) -> str:
    """Return "at least " for a bound: by the model's own Q, or by one that had not converged."""
    convergence = result.convergence
    own = result.metric != INFORMATION
    return "at least " if own or (convergence and not convergence.converged) else ""


def _amount(code: Code, value: float) -> str:
    """Return "2.30 of 2.30 nats"; H(c) is no upper limit for a continuous code."""
    return f"{nats(value)}{_of(code)} nats"


def _of(code: Code) -> str:
    bounded = code.kind == "categorical" and code.entropy > 0
    return f" of {nats(code.entropy)}" if bounded else ""


def _values(models: Sequence[ModelResults], result: Result, code: Code) -> dict[str, Result]:
    """Return the same metric of the same code of each model that has it, by the model's name."""
    by_model = {model.label: model.find(result.metric, code.name) for model in models}
    return {name: found for name, found in by_model.items() if found}


def _matching(code: Code, document: Document) -> str:
    result = document.find(CLUSTER_ACCURACY, code.name)
    if result is None or result.clustering is None:
        return ""
    noun = _classes(result.clustering, document)
    by_model = _values(document.peers, result, code)
    errors = {name: 1 - accuracy.value for name, accuracy in by_model.items()}
    if document.arrangement == "seeds" and len(errors) > 1:
        return _errors_of_seeds(errors, noun)
    error = 1 - result.value
    text = f"{_matches(error, noun)} {percent(error)} error"
    if document.arrangement == "comparison":
        others = [f"{percent(e)} in {name}" for name, e in list(errors.items())[1:]]
        return text + (f" against {listed(others)}" if others else "")
    baseline = _values(document.baselines, result, code)
    if baseline:
        theirs = [1 - accuracy.value for accuracy in baseline.values()]
        text += _aside(f"{spread(theirs, percent)} in {_baseline_name(document)}")
    return text


def _errors_of_seeds(errors: Mapping[str, float], noun: str) -> str:
    middle = median(errors.values())
    odd = {name: e for name, e in errors.items() if e > middle + max(0.03, middle / 2)}
    kept = [error for name, error in errors.items() if name not in odd]
    text = f"{_matches(max(kept), noun)} {spread(kept, percent)} error"
    if not odd:
        return f"{text} in every seed"
    rest = listed([f"{percent(error)} in {name}" for name, error in odd.items()])
    return f"{text} in {_most(kept, errors)}, but {rest}"


def _most(kept: Sequence[float], values: Mapping[str, float]) -> str:
    return f"{in_words(len(kept))} of {count_of(len(values), 'seed')}"


def _matches(error: float, noun: str) -> str:
    if error <= _MATCHED:
        return f"matches {noun} with"
    if error <= _PARTLY:
        return f"matches {noun} only in part, with"
    return f"does not match {noun}:"


def _classes(clustering: Clustering, document: Document) -> str:
    names = clustering.names
    digits = names == _DIGITS and document.data_set.label.startswith(_OF_DIGITS)
    return f"the {count_of(len(names), 'digit' if digits else 'class')}"


def _confusion(code: Code, document: Document) -> str:
    """Return the two classes that share a code most often, where no other pair does so as often."""
    result, clustering = document.find(CLUSTER_ACCURACY, code.name), document.clustering(code.name)
    if result is None or clustering is None or 1 - result.value > _PARTLY:
        return ""
    ranked = clustering.confused_pairs()
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return ""
    first, second = (clustering.names[cls] for cls in ranked[0][0])
    where = f" in {document.label}" if len(document.peers) > 1 else ""
    return f"; {first} and {second} are confused most often{where}"


def _followed(code: Code, document: Document) -> str:
    """Return which factor the code is paired with and how closely it follows it; "" where unknown.

    On real images where these were measured, else on generated ones.
    """
    pairs = [
        result
        for result in document.results
        if result.pair and result.pair.code == code.name and result.value
    ]
    kinds = sorted({_images_of(result) for result in pairs}, key=lambda kind: kind != "real")
    if not kinds:
        return ""
    on = f"on {kinds[0]} images"
    pairs = [result for result in pairs if _images_of(result) == kinds[0]]
    best = max(pairs, key=lambda result: (_is_paired(result), result.value))
    pair, value = best.pair, best.value
    if pair is None:
        return ""
    chance = best.typed.null
    if value < _WEAKLY or (chance and chance.high is not None and value <= chance.high):
        return f"follows no factor (closest: {pair.factor}, {pair.measure} {_two(value)}, {on})"
    verb = "follows" if value >= _FOLLOWS else "weakly follows"
    others = _in_seeds(pair.factor, kinds[0], document)
    if len(others) > 1:
        return (
            f"{verb} {pair.factor}, {pair.measure} {_two(value)}, {on} "
            f"({spread(others, _two)} over {count_of(len(others), 'seed')})"
        )
    return f"{verb} {pair.factor}, {pair.measure} {_two(value)}, {on}"


def _images_of(result: Result) -> str:
    """Return which images a result is of: "real", unless it is about generated ones."""
    own = result.settings.get("own")
    return str(own.get("images", "real")) if isinstance(own, dict) else "real"


def _is_paired(result: Result) -> bool:
    return result.pair is not None and result.pair.paired


def _in_seeds(factor: str, images: str, document: Document) -> list[float]:
    """Return for each seed how well the code that is paired with the factor follows it."""
    if document.arrangement != "seeds":
        return []
    values = [_of_factor(model, factor, images) for model in document.peers]
    return [value for value in values if value is not None]


def _of_factor(model: ModelResults, factor: str, images: str) -> float | None:
    for result in model.results:
        pair = result.pair
        right = pair is not None and pair.paired and pair.factor == factor
        if right and _images_of(result) == images:
            return result.value
    return None


def _two(value: float) -> str:
    return f"{value:.2f}"
