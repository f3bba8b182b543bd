"""Where the numbers come from: checkpoints, training, data and machine; metric definitions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from infoeval.reporting.tables import ReportTable, columns
from infoeval.reporting.wording import grouped, number
from infoeval.results import Document, ModelResults, Result

Facts = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Origin:
    """A model's facts; ``config`` is its trainer as text."""

    name: str
    facts: Facts
    config: str | None


def origins(document: Document) -> tuple[Origin, ...]:
    """Return the facts of every model."""
    return tuple(
        Origin(
            name=model.label,
            facts=_facts(model),
            config=None if config is None else plain(config),
        )
        for model in document.all_models
        for config in [model.training.config]
    )


def surroundings(document: Document) -> Facts:
    """Return the facts of the data and of the machine that scored."""
    data = document.data_set
    of_table = document.identity.codes is not None
    facts: list[tuple[str, str | None]] = [
        ("Data set", data.label),
        ("Split scored", None if of_table else data.split),
        ("Rows" if of_table else "Images", _count(data.n)),
        ("Data fingerprint (SHA-256)", data.fingerprint),
        ("Notes", "; ".join(data.notes) or None),
    ]
    facts += [
        (name, value if isinstance(value, str) else plain(value))
        for name, value in sorted(document.environment.items())
        if value is not None
    ]
    return tuple(facts)


def plain(value: object) -> str:
    """Return nested plain data as readable text, always in the same order.

    >>> print(plain({"b": [1, "ä"], "a": None}))
    {
      "a": null,
      "b": [
        1,
        "ä"
      ]
    }
    """
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)


def _facts(model: ModelResults) -> Facts:
    subject, training = model.identity, model.training
    seconds = training.seconds or (model.curve("seconds") or (None,))[-1]
    speed = training.images_per_second
    weight = subject.information_weight
    return (
        ("Model", subject.source),
        ("SHA-256", subject.sha256),
        ("Trainer", subject.trainer),
        ("Variant", subject.variant),
        ("Seed", None if subject.seed is None else str(subject.seed)),
        ("λ (information weight)", None if weight is None else f"{weight:g}"),
        ("Training step", _count(subject.step)),
        ("Batch", _count(training.batch)),
        ("Training time", None if seconds is None else f"{seconds:,.0f} s"),
        ("Images per second", None if speed is None else f"{speed:,.0f}"),
        ("Scoring time", _scoring(model)),
    )


def _scoring(model: ModelResults) -> str | None:
    """Return the seconds of all runs of metrics; results of one run have the same number."""
    runs: Mapping[tuple[str, str], float] = {
        (result.metric.split("-")[0], f"{result.seconds:.6f}"): result.seconds
        for result in model.results
        if result.seconds
    }
    return f"{sum(runs.values()):,.0f} s" if runs else None


def _count(value: int | None) -> str | None:
    return None if value is None else number(value)


def definitions(document: Document) -> ReportTable:
    """Return definition, settings and time of the shown model's metrics, each once."""
    rows: dict[tuple[str, str], tuple[str, str | None, str, float | None]] = {}
    for result in document.results:
        settings = _settings(result)
        rows.setdefault(
            (result.metric, settings), (result.metric, result.reference, settings, result.seconds)
        )
    return ReportTable(
        name="definitions",
        title="How each number was computed",
        columns=columns("Metric", "Definition", "Settings", ("Seconds", "number")),
        rows=tuple(rows.values()),
    )


def explained(document: Document) -> dict[str, str]:
    """Return the plain definition of each metric in the results, of several with the same once."""
    metrics = [result.metric for model in document.all_models for result in model.results]
    pairs = ((document.definitions.get(metric, ""), metric) for metric in metrics)
    by_text = grouped(pair for pair in pairs if pair[0])
    return {", ".join(names): text for text, names in by_text.items()}


def skipped(document: Document) -> ReportTable:
    """Return what was skipped for some model, and why; a reason that several share once."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for model in document.all_models:
        for reason, metrics in model.skipped_by_reason().items():
            reasons.setdefault((metrics, reason), []).append(model.label)
    several = any(len(names) != len(document.all_models) for names in reasons.values())
    return ReportTable(
        name="skipped",
        title="Metrics that do not apply, and why",
        columns=columns("Metric", "Reason", *(["Model"] if several else [])),
        rows=tuple((*key, ", ".join(names)) if several else key for key, names in reasons.items()),
    )


def without_chance(document: Document) -> ReportTable:
    """Return the metrics of which it is not known what chance scores, and why."""
    results = [result for model in document.all_models for result in model.results]
    reasons = grouped((r.typed.no_null, r.name) for r in results if r.typed.no_null)
    return ReportTable(
        name="without-chance",
        title="Metrics that were not compared with chance, and why",
        columns=columns("Metric", "Reason"),
        rows=tuple((", ".join(names), reason) for reason, names in reasons.items()),
    )


def _settings(result: Result) -> str:
    """Return the settings as text, the options that were asked for among them."""
    settings = dict(result.settings)
    if isinstance(settings.get("own"), Mapping):
        settings |= settings.pop("own")
    return ", ".join(
        f"{name} = {value if isinstance(value, str) else plain(value)}"
        for name, value in sorted(settings.items())
    )
