"""The same number in the other models of a report, as the verdict's sentences tell it."""

from collections.abc import Sequence

from infoeval.reporting.wording import count_of, in_words
from infoeval.results import Document, ModelResults, Result


def by_label(models: Sequence[ModelResults], result: Result) -> dict[str, Result]:
    """Return the same metric and target of each model that has it, by the model's label.

    Codes of a model that were aligned are those most like the codes of the model shown first.
    """
    found = {
        model.label: model.find(result.metric, model.own_name(result.target)) for model in models
    }
    return {label: theirs for label, theirs in found.items() if theirs}


def baseline_name(document: Document) -> str:
    """Return what the baselines are called: "the λ = 0 model", or "the baseline"."""
    weights = {model.identity.information_weight for model in document.baselines}
    name = "baseline" if weights != {0.0} else "λ = 0 model"
    return f"the {name}" if len(document.baselines) == 1 else f"the {name}s"


def most_of(kept: int, seeds: int) -> str:
    """Return how many seeds agree.

    >>> most_of(4, 5)
    'four of five seeds'
    """
    return f"{in_words(kept)} of {count_of(seeds, 'seed')}"
