"""Which factor a code follows, in words."""

from infoeval.report.words import count_of, spread
from infoeval.results.document import Code, Document, Model
from infoeval.results.records import Result

__all__ = ["followed", "images_of"]

_FOLLOWS, _WEAKLY = 0.5, 0.2


def followed(code: Code, document: Document) -> str:
    """Say which factor the code is paired with and how closely it follows it; "" where unknown.

    On real images where these were measured, else on generated ones.
    """
    found = [
        result
        for result in document.results
        if result.pair and result.pair.code == code.name and result.value
    ]
    kinds = sorted({images_of(result) for result in found}, key=lambda kind: kind != "real")
    if not kinds:
        return ""
    on = f"on {kinds[0]} images"
    found = [result for result in found if images_of(result) == kinds[0]]
    best = max(found, key=lambda result: (_paired(result), result.value))
    pair, value = best.pair, best.value
    if pair is None:
        return ""
    chance = best.typed.null
    if value < _WEAKLY or (chance and chance.high is not None and value <= chance.high):
        return f"follows no factor (nearest {pair.factor}, {pair.measure} {_two(value)}, {on})"
    verb = "follows" if value >= _FOLLOWS else "weakly follows"
    others = _in_seeds(pair.factor, kinds[0], document)
    if len(others) > 1:
        return (
            f"{verb} {pair.factor}, {pair.measure} {_two(value)}, {on} "
            f"({spread(others, _two)} over {count_of(len(others), 'seed')})"
        )
    return f"{verb} {pair.factor}, {pair.measure} {_two(value)}, {on}"


def images_of(result: Result) -> str:
    """Say which images a result is of: "real", unless it was asked for of generated ones."""
    own = result.settings.get("own")
    return str(own.get("images", "real")) if isinstance(own, dict) else "real"


def _paired(result: Result) -> bool:
    return result.pair is not None and result.pair.paired


def _in_seeds(factor: str, images: str, document: Document) -> list[float]:
    """Return for each seed how well the code that is paired with the factor follows it."""
    if document.arrangement != "seeds":
        return []
    found = [_of_factor(model, factor, images) for model in document.peers]
    return [value for value in found if value is not None]


def _of_factor(model: Model, factor: str, images: str) -> float | None:
    for result in model.results:
        pair = result.pair
        right = pair is not None and pair.paired and pair.factor == factor
        if right and images_of(result) == images:
            return result.value
    return None


def _two(value: float) -> str:
    return f"{value:.2f}"
