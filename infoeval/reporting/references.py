"""What the references of a report say in words: which metrics mislead on this table."""

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
    scored = [
        (model.label, [result.typed for result in model.results if result.typed.references])
        for model in document.all_models
    ]
    models = [(label, details) for label, details in scored if details]
    found: list[str] = []
    for label, details in models:
        whose = f"{label}: " if len(models) > 1 else ""
        flagged = [each.untrusted for each in details if each.untrusted]
        found += [f"{whose}{sentence}." for sentence in flagged or [NONE_FLAGGED.rstrip(".")]]
        known = [each.references for each in details]
        if all(each is None or each.common_cause is None for each in known):
            found.append(f"{whose}{NO_CAUSE}")
    return found
