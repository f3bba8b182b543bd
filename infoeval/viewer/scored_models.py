"""What documents of results say of each model: metrics.json, and files of score and compare."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infoeval.errors import UserError
from infoeval.reporting.class_matching import errors, matching_of
from infoeval.reporting.followed_factors import closest_factor, codes_compared
from infoeval.reporting.tables import EstimateCell
from infoeval.reporting.verdict import sentences
from infoeval.reporting.wording import listed
from infoeval.results import DataSet, Document, ModelResults, Result, SubjectEntry
from infoeval.results.model_results import codes_of
from infoeval.results.result_details import INFORMATION, OWN_BOUND
from infoeval.viewer.entries import AFTERWARDS, OWN, CodeFacts, FollowedFactor, Reading, Said

MOST_CODES = 64
"""Codes of a model that are told."""
MOST_RESULTS = 50_000
"""Results of a file, of all of its models; those of 300 codes and 100 factors are fewer."""
MOST_TOLD = 5_000
"""Results of a document up to which the sentences of its verdict are told."""
_NOT_SHOWN = ("history", "images", "live", "training")
"""Keys of a document that take long to check, and that an index does not show."""


@dataclass(frozen=True)
class Scored:
    """A model in a file of results, by its number there: what it is, and what is known of it."""

    path: str
    number: int
    label: str
    identity: SubjectEntry
    data: DataSet
    codes: tuple[CodeFacts, ...]


@dataclass(frozen=True)
class ScoredFile:
    """A file of results: its models, and what a report says of the first document."""

    path: str
    models: tuple[Scored, ...]
    title: str
    created: str
    data: DataSet
    said: tuple[Said, ...]


def is_document(plain: Mapping[str, Any]) -> bool:
    """Return whether a JSON object looks like the results of infoeval."""
    return "schema_version" in plain and ("results" in plain or "differences" in plain)


def read_results(path: str, plain: dict[str, Any]) -> ScoredFile:
    """Return what a JSON object says: a document of results, or a comparison of several.

    Raises UserError, in one line, for damaged ones and for more results than an index takes.
    """
    documents = [Document.for_page(_without_the_rest(whole)) for whole in _wholes(plain)]
    models = [(model, each) for each in documents for model in each.all_models]
    if sum(len(model.results) for model, _ in models) > MOST_RESULTS:
        raise UserError(f"it has more than {MOST_RESULTS:,} results")
    first = documents[0]
    scored = []
    for number, (model, each) in enumerate(models):
        data = each.data_set if model.data is None else DataSet.model_validate(model.data)
        about = model.label, model.identity, data, facts_of(model, each)
        scored.append(Scored(path, number, *about))
    subjects = [model.identity for model in first.peers]
    names = dict.fromkeys(subject.trainer or subject.source for subject in subjects)
    few = sum(len(model.results) for model in first.all_models) <= MOST_TOLD
    return ScoredFile(
        path,
        tuple(scored),
        listed(list(names)),
        first.created or "",
        first.data_set,
        tuple(Said(each.topic, each.text) for each in sentences(first)) if few else (),
    )


def _wholes(plain: dict[str, Any]) -> list[Any]:
    """Return the documents in a JSON object, as plain data."""
    if "results" in plain:
        return [plain]
    others = plain.get("others", [])
    return [plain.get("first"), plain.get("second"), *(others if isinstance(others, list) else ())]


def _without_the_rest(whole: Any) -> Any:
    """Return a document without what an index does not show."""
    if not isinstance(whole, dict):
        return {}
    kept = {name: value for name, value in whole.items() if name not in _NOT_SHOWN}
    if isinstance(kept.get("models"), list):
        kept["models"] = [
            _without_the_rest(model) if isinstance(model, dict) else model
            for model in kept["models"]
        ]
    return kept


def facts_of(model: ModelResults, document: Document) -> tuple[CodeFacts, ...]:
    """Return what is known of each code of a model, the codes with a prior first."""
    codes = document.codes if document.codes is not None else codes_of(model.results)
    entropies = {
        code.name: code.entropy if code.kind == "categorical" and code.entropy > 0 else None
        for code in codes
    }
    compared = [*entropies, *codes_compared(model)][: 2 * MOST_CODES]
    targets = [result.target for result in model.results if result.clustering][: 2 * MOST_CODES]
    # A result is about a code, "digit", or about it and a factor, "digit, factor".
    alone = [
        target
        for target in targets
        if target and not any(f"{target}, ".startswith(f"{name}, ") for name in compared)
    ]
    names = dict.fromkeys([*compared, *alone])
    found = (_facts(name, entropies.get(name), model) for name in names)
    return tuple(facts for facts in found if facts.known)[:MOST_CODES]


def _facts(name: str, entropy: float | None, model: ModelResults) -> CodeFacts:
    results = (model.find(metric, name) for metric in (INFORMATION, OWN_BOUND))
    matched = matching_of(model, name)
    readings = tuple(_reading(result, model) for result in results if result is not None)
    error = (
        EstimateCell(matched.error, *errors(matched.result.low, matched.result.high))
        if matched
        else None
    )
    return CodeFacts(name, entropy, readings, error, _followed(name, model))


def _reading(result: Result, model: ModelResults) -> Reading:
    convergence = result.convergence
    return Reading(
        EstimateCell(result.value, result.low, result.high),
        AFTERWARDS if result.metric == INFORMATION else OWN,
        None if convergence is None else bool(convergence.converged),
        model.identity.step,
    )


def _followed(name: str, model: ModelResults) -> FollowedFactor | None:
    closest = closest_factor(model, name)
    if closest is None or not closest.verb:
        return None
    result, pair = closest.result, closest.pair
    amount = EstimateCell(result.value, result.low, result.high)
    return FollowedFactor(pair.factor, closest.verb, pair.measure, amount)
