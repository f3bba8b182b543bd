"""What the references of a report say in words: which metrics mislead on this table."""

from infoeval.report.figures.reference_marks import of_known_codes
from infoeval.results import Document

EXPLAINED = (
    "What codes of known meaning score on this table: the same rows and factors, as many codes. "
    "Exact codes are the factors themselves, here as they depend on each other in this table, or "
    "with each factor shuffled so that all are independent. Rotated codes mix all factors evenly. "
    "Common-cause codes are all the same number, the one variable that explains most of the "
    "factors. Noise knows nothing."
)
NO_CAUSE = "The factors are independent of each other as far as the rows can tell: no common cause."
NONE_FLAGGED = (
    "No metric gives more than half of its range to codes without meaning, or less than half to "
    "exact ones."
)


def doubts(document: Document) -> list[str]:
    """Return a sentence for each metric that misleads on this table, and on missing references.

    Nothing where no codes of known meaning were scored.
    """
    models = [model for model in document.all_models if of_known_codes(model)]
    found: list[str] = []
    for model in models:
        whose = f"{model.label}: " if len(models) > 1 else ""
        results = of_known_codes(model)
        flagged = [result.typed.untrusted for result in results if result.typed.untrusted]
        found += [f"{whose}{sentence}." for sentence in flagged or [NONE_FLAGGED.rstrip(".")]]
        known = [result.typed.references for result in results]
        if all(each is None or each.common_cause is None for each in known):
            found.append(f"{whose}{NO_CAUSE}")
    return found
