"""Results that were scored before, as `infoeval score --json` prints them, for the models shown."""

from collections.abc import Sequence
from pathlib import Path

from infoeval.errors import UserError
from infoeval.evaluation.report_models import Opened
from infoeval.results import Document, sha256

__all__ = ["find_scores"]


def find_scores(files: Sequence[str | Path], models: Sequence[Opened]) -> list[Document | None]:
    """The results of each model that there is a file of, by the SHA-256 of what was scored.

    Several files of one model are joined; of a number that is in two of them, the first file's
    counts.

    Raises UserError for a file that is no scoring, or is of none of the models.
    """
    fingerprints = [_fingerprint(model) for model in models] if files else []
    found: list[Document | None] = [None] * len(models)
    for file in files:
        document = Document.read(file)
        scored = document.subject.get("sha256")
        if scored is None or scored not in fingerprints:
            raise UserError(f"{file} is of none of the models given: their SHA-256 differ")
        place = fingerprints.index(scored)
        earlier = found[place]
        found[place] = document if earlier is None else _joined(earlier, document)
    return found


def _fingerprint(model: Opened) -> str | None:
    """SHA-256 of a model's file; None of one in memory."""
    given = model.given
    return sha256(given) if isinstance(given, str | Path) and Path(given).is_file() else None


def _joined(first: Document, second: Document) -> Document:
    results = {
        (result.metric, result.target, str(result.settings.get("own", ""))): result
        for result in (*second.results, *first.results)
    }
    measured = {metric for metric, _, _ in results}
    both = (*first.skipped, *second.skipped)
    skipped = [each for each in dict.fromkeys(both) if each.metric not in measured]
    # Fresh samples alone are scored without a test split: they tell what the training was on.
    data = next((each.data for each in (first, second) if each.data.get("split") == "test"), None)
    return first.model_copy(
        update={
            "data": data or first.data,
            "results": tuple(results.values()),
            "skipped": tuple(skipped),
        }
    )
