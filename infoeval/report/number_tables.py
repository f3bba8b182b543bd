"""Tables that no figure has: how each number was made, and what was left out."""

from infoeval.report.confusions import confused_pairs
from infoeval.report.provenance import plain
from infoeval.report.text_table import Column, Table
from infoeval.results.details import CLUSTER_ACCURACY
from infoeval.results.document import Document
from infoeval.results.records import Result

__all__ = ["definitions", "mixed_up", "skipped"]

_MOST_PAIRS = 8


def definitions(document: Document) -> Table:
    """Return definition, settings and time of the shown model's metrics, each once."""
    rows: dict[tuple[str, str], tuple[str, str | None, str, float | None]] = {}
    for result in document.results:
        settings = _settings(result)
        rows.setdefault(
            (result.metric, settings), (result.metric, result.reference, settings, result.seconds)
        )
    return Table(
        name="definitions",
        title="How each number was made",
        columns=(
            Column("Metric"),
            Column("Definition"),
            Column("Settings"),
            Column("Seconds", "number"),
        ),
        rows=tuple(rows.values()),
    )


def skipped(document: Document) -> Table:
    """Return what was skipped for some model, and why; a reason that several share once."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for model in document.all_models:
        for reason, metrics in model.skipped_by_reason().items():
            reasons.setdefault((metrics, reason), []).append(model.label)
    several = any(len(names) != len(document.all_models) for names in reasons.values())
    columns = (Column("Metric"), Column("Reason"))
    return Table(
        name="skipped",
        title="Metrics that do not apply here, and why",
        columns=(*columns, Column("Of")) if several else columns,
        rows=tuple(
            (*each, ", ".join(names)) if several else each for each, names in reasons.items()
        ),
    )


def mixed_up(document: Document, code: str) -> Table | None:
    """Return which classes share a code most often; None where no image is misassigned."""
    result = document.find(CLUSTER_ACCURACY, code)
    clustering = result.clustering if result else None
    pairs = confused_pairs(clustering) if clustering else []
    if clustering is None or not pairs:
        return None
    images = [sum(column) for column in zip(*clustering.confusion, strict=True)]
    names = clustering.names
    return Table(
        name=f"mixed-up-{code}",
        title="Classes that are mixed up most often: images of one that are given the code "
        "matched to the other",
        columns=(Column("Classes"), Column("Images", "count"), Column("Of both", "percent")),
        rows=tuple(
            (f"{names[a]} and {names[b]}", count, count / max(images[a] + images[b], 1))
            for (a, b), count in pairs[:_MOST_PAIRS]
        ),
    )


def _settings(result: Result) -> str:
    return ", ".join(
        f"{name} = {value if isinstance(value, str) else plain(value)}"
        for name, value in sorted(result.settings.items())
    )
