"""What documents of results say of each model: metrics.json, and files of score and compare."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infoeval.report.class_matching import matching_of
from infoeval.report.followed_factors import closest_factor, codes_compared
from infoeval.results import Document, ModelResults, Result
from infoeval.results.model_results import codes_of
from infoeval.results.records import INFORMATION, OWN_BOUND
from infoeval.viewer.entries import AFTERWARDS, OWN, Amount, CodeFacts, FollowedFactor, Reading

MOST_CODES = 64
"""Codes of a model that are told."""
_NOT_SHOWN = ("history", "images", "live", "training")
"""Keys of a document that take long to check, and that an index does not show."""


@dataclass(frozen=True)
class Scored:
    """A model in a document: of the file ``path``, and its ``number`` there."""

    path: str
    number: int
    model: ModelResults
    document: Document


def is_document(plain: Mapping[str, Any]) -> bool:
    """Return whether a JSON object looks like the results of infoeval."""
    return "schema_version" in plain and ("results" in plain or "differences" in plain)


def read_documents(plain: dict[str, Any]) -> list[Document]:
    """Return the documents in a JSON object: one, or those of a comparison.

    Raises UserError, in one line, for damaged ones.
    """
    if "results" in plain:
        wholes: list[Any] = [plain]
    else:
        others = plain.get("others", [])
        wholes = [plain.get("first"), plain.get("second"), *(others if _is_list(others) else ())]
    return [Document.for_page(_without_the_rest(whole)) for whole in wholes]


def _without_the_rest(whole: Any) -> Any:
    """Return a document without what an index does not show."""
    if not isinstance(whole, dict):
        return {}
    kept = {name: value for name, value in whole.items() if name not in _NOT_SHOWN}
    if _is_list(kept.get("models")):
        kept["models"] = [
            _without_the_rest(model) if isinstance(model, dict) else model
            for model in kept["models"]
        ]
    return kept


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def facts_of(model: ModelResults, document: Document) -> tuple[CodeFacts, ...]:
    """Return what is known of each code of a model, the codes with a prior first."""
    codes = document.codes if document.codes is not None else codes_of(model.results)
    entropies = {
        code.name: code.entropy if code.kind == "categorical" and code.entropy > 0 else None
        for code in codes
    }
    names = [*entropies, *codes_compared(model)]
    targets = [result.target for result in model.results if result.clustering]
    names += [target for target in targets if target and not _is_of_one(target, names)]
    found = (_facts(name, entropies.get(name), model) for name in dict.fromkeys(names))
    return tuple(facts for facts in found if facts.known)[:MOST_CODES]


def _is_of_one(target: str, names: list[str]) -> bool:
    """Return whether a result is about one of these codes: "digit", or "digit, factor"."""
    return any(target == name or target.startswith(f"{name}, ") for name in names)


def _facts(name: str, entropy: float | None, model: ModelResults) -> CodeFacts:
    results = (model.find(metric, name) for metric in (INFORMATION, OWN_BOUND))
    matched = matching_of(model, name)
    error = None
    if matched is not None:
        low, high = matched.result.low, matched.result.high
        ends = (None if end is None else 1 - end for end in (high, low))
        error = Amount(matched.error, *ends)
    return CodeFacts(
        name,
        entropy,
        tuple(_reading(result, model) for result in results if result is not None),
        error,
        _followed(name, model),
    )


def _reading(result: Result, model: ModelResults) -> Reading:
    convergence = result.convergence
    return Reading(
        Amount(result.value, result.low, result.high),
        AFTERWARDS if result.metric == INFORMATION else OWN,
        None if convergence is None else bool(convergence.converged),
        model.identity.step,
    )


def _followed(name: str, model: ModelResults) -> FollowedFactor | None:
    closest = closest_factor(model, name)
    if closest is None or not closest.verb:
        return None
    result = closest.result
    amount = Amount(result.value, result.low, result.high)
    return FollowedFactor(closest.pair.factor, closest.verb, closest.pair.measure, amount)


def models_of(path: str, documents: list[Document]) -> Iterator[Scored]:
    """Yield all models of the documents of a file."""
    number = 0
    for document in documents:
        for model in document.all_models:
            yield Scored(path, number, model, document)
            number += 1
