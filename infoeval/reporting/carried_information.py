"""How much information a code carries, with the interval of each amount."""

from collections.abc import Mapping
from statistics import median

from infoeval.reporting.side_by_side import baseline_name, by_label, most_of
from infoeval.reporting.wording import between, count_of, in_brackets, listed, nats, spread
from infoeval.results import Code, Document, Result
from infoeval.results.result_details import INFORMATION, OWN_BOUND

_NOTHING = 0.005
"""Largest amount, nats, that is written as 0.00."""
_LITTLE = 0.1
"""Amount, nats, below which a code is said to carry next to nothing."""


def information_sentence(code: Code, document: Document) -> str:
    """Return how much a code carries: of its entropy, and beside what the other models have."""
    result = document.information(code.name)
    if result is None:
        return "has no estimate of its information"
    by_seed = by_label(document.peers, result)
    baselines = _in_baselines(result, document)
    if document.arrangement == "seeds" and len(by_seed) > 1:
        return f"{_over_seeds(code, result, by_seed)}{in_brackets(baselines)}"
    text = _carries(code, result)
    if document.arrangement == "comparison":
        return f"{text}{in_brackets(_ends(result))}{_in_others(result, document)}"
    own = _own(result, document.find(OWN_BOUND, code.name))
    short = "Q had not converged" if _is_open(result) else ""
    return text + in_brackets(_ends(result), short, own, baselines)


def carries_nothing(result: Result) -> bool:
    """Return whether an information cannot be told from none."""
    return result.value < _NOTHING or (result.low is not None and result.low <= 0)


def _carries(code: Code, result: Result) -> str:
    value = result.value
    amount, reader = f"{nats(value)}{_of(code)} nats", _by_own_q(result)
    if value >= _LITTLE:
        return f"carries {_least(result)}{amount}{reader}"
    if carries_nothing(result):
        finder = "Q" if result.metric == INFORMATION else "its own Q"
        return f"carries nothing that {finder} finds: {amount}"
    return f"carries next to nothing: {amount}{reader}"


def _over_seeds(code: Code, result: Result, by_seed: Mapping[str, Result]) -> str:
    values = {name: seed.value for name, seed in by_seed.items()}
    middle = median(values.values())
    behind = [
        name
        for name, value in values.items()
        if value < middle - max(0.1, 0.1 * middle) and code.kind == "categorical"
    ]
    kept = [value for name, value in values.items() if name not in behind]
    least = "at least " if any(map(_least, by_seed.values())) else ""
    least = "next to nothing: " if max(kept) < _LITTLE else least
    amount = f"carries {least}{spread(kept, nats)}{_of(code)} nats"
    reader = _by_own_q(result, "each seed's")
    if not behind:
        return f"{amount} over {count_of(len(values), 'seed')}{reader}"
    rest = [f"{nats(values[name])}{in_brackets(_ends(by_seed[name]))} in {name}" for name in behind]
    return f"{amount} in {most_of(len(kept), len(values))}, but only {listed(rest)}{reader}"


def _in_baselines(result: Result, document: Document) -> str:
    theirs = list(by_label(document.baselines, result).values())
    if not theirs:
        return ""
    least = "at least " if any(map(_least, theirs)) else ""
    amount = spread([baseline.value for baseline in theirs], nats)
    ends = _ends(theirs[0]) if len(theirs) == 1 else ""
    return f"in {baseline_name(document)} {least}{amount}{f', {ends}' if ends else ''}"


def _in_others(result: Result, document: Document) -> str:
    parts = [
        f"{_least(other)}{nats(other.value)} in {label}"
        f"{in_brackets(_ends(other), _difference(result, label, document))}"
        for label, other in by_label(document.all_models[1:], result).items()
    ]
    return f" in {document.label}, against {listed(parts)}" if parts else ""


def _difference(result: Result, label: str, document: Document) -> str:
    for entry in document.differences:
        same = (entry.name, entry.target) == (result.name, result.target)
        if same and document.all_models[entry.model].label == label:
            ends = between(entry.low, entry.high, nats)
            text = f"{entry.kind or 'difference'} {nats(entry.difference)}, {ends}"
            return "" if None in (entry.low, entry.high) else text
    return ""


def _ends(result: Result) -> str:
    """Return the interval; of a Q that has not converged, the end that is known."""
    if result.low is not None and result.high is None:
        return f"low end {nats(result.low)}"
    return between(result.low, result.high, nats)


def _is_open(result: Result) -> bool:
    return result.convergence is not None and not result.convergence.converged


def _own(result: Result, own: Result | None) -> str:
    """Return the own Q's bound where it is higher: the other Q has not found everything."""
    if own is None or own.low is None or own.low <= result.value + _NOTHING:
        return ""
    return f"the model's own Q reads {nats(own.value)}, {_ends(own)}"


def _by_own_q(result: Result, whose: str = "its") -> str:
    return "" if result.metric == INFORMATION else f", as read by {whose} own Q"


def _least(result: Result) -> str:
    """Return "at least " for a bound: by the model's own Q, or by one that had not converged."""
    return "at least " if result.metric != INFORMATION or _is_open(result) else ""


def _of(code: Code) -> str:
    """Return "of 2.30"; H(c) is no upper limit for a continuous code."""
    bounded = code.kind == "categorical" and code.entropy > 0
    return f" of {nats(code.entropy)}" if bounded else ""
