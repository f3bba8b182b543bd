"""Scores of any model: a checkpoint, a table of codes, or a user's model."""

from collections.abc import Callable, Sequence
from typing import Any

from infoeval.errors import UserError
from infoeval.evaluation import array_metrics
from infoeval.evaluation.context import Context, NotApplicableError
from infoeval.evaluation.inputs import Inputs
from infoeval.evaluation.options import Options, takes_options
from infoeval.evaluation.requests import Request, parse
from infoeval.metrics import registry
from infoeval.metrics.registry import Kind, Metric
from infoeval.metrics.stats.done_share import share_told_to
from infoeval.results import Document, Result, Skipped, environment
from infoeval.subjects.opening import Given, as_list
from infoeval.subjects.subject import Subject

MANY_CODES = 32
"""Of more codes than that a Q learns for hours."""


@takes_options(Options)
def score(
    models: "Given | Sequence[Given]",
    factors: Any = None,
    *,
    metrics: Sequence[str] | None = None,
    **options: object,
) -> Document:
    """Return the results of a model, or of several that one metric compares.

    >>> import numpy as np
    >>> random = np.random.default_rng(0)
    >>> shape = random.integers(0, 4, 200)
    >>> codes = np.stack([shape + 0.1 * random.normal(size=200), random.normal(size=200)], axis=1)
    >>> document = score(codes, {"shape": shape}, metrics=["mig"])
    >>> round(document.find("mig", None).value, 2)
    0.91

    Args:
        models: a checkpoint, of which nothing is executed; a folder with one; a table of codes in
            a file; an ONNX file; `FILE.py:FUNCTION`, which is run and returns a model or a table;
            or either in memory (see docs/your-model.md). A list of several for `udr` and
            `consistency`.
        factors: of a table: an array (n, K), a data frame or a mapping of columns; of a table
            that holds its factors as well, their names (see the options).
        metrics: names from `infoeval metrics`, perhaps with settings, as in "mig:preset=laforge";
            None: all that apply but `mi`, which takes minutes; the others are skipped with a
            reason. `mi` includes `mi-synergy` and, for a checkpoint, `mi-refitted` and `mi-own`.
        options: see below.

    Raises:
        UserError: an unusable model, missing data, images of the wrong size, an unknown metric,
            setting or budget, or a metric asked for by name that does not apply.

    """
    check_factors(factors, metrics)
    context = Context(Options(factors=factors, **options))  # type: ignore[arg-type]
    requests = requests_of(metrics, context.options)
    subjects = context.open_all(as_list(models))
    if not subjects:
        raise UserError("no model; give a checkpoint, a table of codes or FILE.py:FUNCTION")
    if len(subjects) > 1:
        return _score_together(subjects, requests, context)
    return score_subject(subjects[0], requests, context)


def check_factors(factors: Any, metrics: Sequence[str] | None) -> None:
    """Raise UserError for names of metrics that are given as factors."""
    if metrics is None and isinstance(factors, list | tuple) and factors:
        known = registry.names()
        if all(isinstance(name, str) and name.partition(":")[0] in known for name in factors):
            raise UserError(f"the second argument are factors; metrics are metrics={list(factors)}")


def requests_of(metrics: Sequence[str] | None, options: Options) -> list[Request] | None:
    """Return the metrics requested by name, with `mi` where `information` is set; or None.

    Raises UserError for an unknown metric or setting.
    """
    if metrics is None:
        return None
    requests = parse(metrics)
    if options.information and "mi" not in [request.name for request in requests]:
        requests.append(Request("mi"))
    return requests


def score_subject(
    subject: Subject, requests: Sequence[Request] | None, context: Context
) -> Document:
    """Return the results of one subject; see `score_inputs`."""
    return score_inputs(Inputs(subject, context, by_name=requests is not None), requests)


def score_inputs(inputs: Inputs, requests: Sequence[Request] | None) -> Document:
    """Return the results of a subject; without requests, of all metrics that apply but `mi`.

    Raises UserError as `score`.
    """
    subject, context, by_name = inputs.subject, inputs.context, inputs.by_name
    chosen = [Request(name) for name in registry.names()] if requests is None else list(requests)
    results: list[Result] = []
    skipped: list[Skipped] = []
    wants_mi = by_name or context.options.information is not None
    if wants_mi and subject.model is not None and Request("mi") in chosen:
        chosen = [request for request in chosen if request.name != "mi-own"]  # mi includes it
    for number, request in enumerate(chosen):
        done = f"{request.name}, {number} of {len(chosen)} metrics done"
        context.progress(done, number / len(chosen))
        try:
            _check_applies(request.metric, inputs)
            with share_told_to(_teller(context, done, number, len(chosen))):
                outcome = _runner(request.metric.kind)(inputs, request)
        except NotApplicableError as error:
            if by_name or (request.name == "mi" and wants_mi):
                raise UserError(f"{request.name} does not apply: {error}") from error
            skipped.append(Skipped(request.name, str(error)))
            continue
        results += [item for item in outcome if isinstance(item, Result)]
        skipped += [item for item in outcome if isinstance(item, Skipped)]
    return Document(
        subject=inputs.describe_subject(),
        data=inputs.describe_data(),
        environment=environment(_device([subject], context)),
        results=tuple(results),
        skipped=tuple(skipped),
    )


def _teller(context: Context, done: str, number: int, count: int) -> Callable[[float], None]:
    """Return what reports the share of one of so many metrics as that of all."""
    return lambda share: context.progress(done, (number + share) / count)


def _device(subjects: Sequence[Subject], context: Context) -> str:
    """Return where the networks of subjects run; tables have none."""
    return str(context.device) if any(subject.rows is None for subject in subjects) else "cpu"


def _check_applies(metric: Metric, inputs: Inputs) -> None:
    """Raise `NotApplicableError` where the subject lacks something, or the metric must be named."""
    subject = inputs.subject
    if metric.kind == "models":
        raise NotApplicableError("compares models: give several to infoeval score")
    if metric.kind in ("recognition", "posterior") and subject.checkpoint is None:
        raise NotApplicableError("needs an infoeval checkpoint, whose own Q is scored")
    if metric.kind not in ("generator", "samples", "changes", "traversals"):
        return
    if subject.generator is None:
        holder = "the model has" if subject.rows is None else "codes of a file have"
        raise NotApplicableError(f"{holder} no generator")
    if metric.kind == "samples":
        if not inputs.by_name:
            raise NotApplicableError(f"takes a minute: ask for it with --metric {metric.name}")
        return
    if not subject.generator.codes:
        raise NotApplicableError(
            "the generator has noise alone, and no codes: see infoeval directions"
        )
    if metric.kind == "traversals":
        if len(subject.generator.codes) > MANY_CODES and not inputs.by_name:
            raise NotApplicableError(
                f"draws hundreds of images for each of {len(subject.generator.codes)} codes: ask "
                f"for it with --metric {metric.name}"
            )
        return
    if metric.kind == "changes":
        if not inputs.by_name:
            raise NotApplicableError(f"ask for it with --metric {metric.name}")
        return
    if not (inputs.by_name or inputs.options.information):
        count = len(subject.generator.codes)
        fewer = "; fewer codes, and the rest as noise, take less" if count > MANY_CODES else ""
        raise NotApplicableError(f"takes minutes: ask for it with --metric mi{fewer}")


def _runner(kind: Kind) -> Callable[[Inputs, Request], Sequence[Result | Skipped]]:
    """Return the function that runs metrics of a kind."""
    if kind in ("generator", "recognition"):  # imported only where it is used
        from infoeval.evaluation.generator_metrics import run_on_generator, run_on_recognition

        return run_on_generator if kind == "generator" else run_on_recognition
    if kind == "samples":
        from infoeval.evaluation.image_quality import run_on_samples

        return run_on_samples
    if kind == "traversals":
        from infoeval.evaluation.code_effects import run_on_traversals

        return run_on_traversals
    if kind == "changes":
        from infoeval.evaluation.code_changes import run_on_changes

        return run_on_changes
    if kind == "gaussian":
        from infoeval.evaluation.gaussian_metrics import run_on_gaussians

        return run_on_gaussians
    return _RUN_ON_ARRAYS[kind]


_RUN_ON_ARRAYS: dict[Kind, Callable[[Inputs, Request], Sequence[Result | Skipped]]] = {
    "labels": array_metrics.run_on_labels,
    "posterior": array_metrics.run_on_posteriors,
    "table": array_metrics.run_on_table,
    "interventions": array_metrics.run_on_interventions,
    "codes": array_metrics.run_on_codes,
}


def _score_together(
    subjects: Sequence[Subject], requests: Sequence[Request] | None, context: Context
) -> Document:
    """Return the results of several models together."""
    if requests is None:
        requests = [Request(metric.name) for metric in registry.all_metrics("models")]
        requests += [Request("mi")] if context.options.information else []
    for request in requests:
        if request.metric.kind != "models":
            raise UserError(
                f"{request.name} is about one model; udr and consistency compare several, and "
                "infoeval compare shows the scores of each side by side"
            )
    names = [
        f"model {number}" if subject.path is None else str(subject)
        for number, subject in enumerate(subjects)
    ]
    tables = []
    for subject, name in zip(subjects, names, strict=True):
        with context.about(name):
            tables.append(Inputs(subject, context, by_name=True).table)
    results: list[Result] = []
    for request in requests:
        try:
            results += array_metrics.run_on_models(tables, names, context.options, request)
        except NotApplicableError as error:
            raise UserError(f"{request.name} does not apply: {error}") from error
    return Document(
        subject={"models": names},
        data={"n": len(tables[0].rows.codes)},
        environment=environment(_device(subjects, context)),
        results=tuple(results),
    )
