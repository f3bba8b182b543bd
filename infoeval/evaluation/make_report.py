"""From models to metrics.json and the images beside it."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infoeval.errors import UserError
from infoeval.evaluation.context import Context
from infoeval.evaluation.differences import compare_subjects
from infoeval.evaluation.evaluate import requests_of, score_subject
from infoeval.evaluation.image_files import remove_unnamed, write_image_files
from infoeval.evaluation.options import Options
from infoeval.evaluation.report_data import ScoredSubject, draw, report_document
from infoeval.evaluation.report_files import METRICS, files_of
from infoeval.evaluation.report_inputs import find_scores, open_inputs
from infoeval.evaluation.seed_choice import choose
from infoeval.files import write_bytes
from infoeval.results import Comparison
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.subjects.opening import Given
from infoeval.subjects.subject import Subject

__all__ = ["make_comparison", "make_report"]


def make_report(
    models: Sequence[Given],
    output: Path,
    options: Options,
    *,
    baselines: Sequence[str | Path],
    metrics: Sequence[str] | None,
    scores: Sequence[str | Path],
    show: int | None,
    animation: str | None,
    live: bool,
    runtime: Path | None,
    command: str,
) -> Path:
    """Score, draw and write metrics.json, and return its path; see `pages.report`."""
    context, requests = Context(options), requests_of(metrics, options)
    inputs = open_inputs(models, baselines, context)
    earlier = find_scores(scores, (*inputs.subjects, *inputs.baselines))
    with tempfile.TemporaryDirectory() as staging:
        choice = choose(inputs.subjects, show, context)
        shown = inputs.subjects[choice.place]
        seeds = [subject for subject in inputs.subjects if subject is not shown]
        extra: dict[str, Any] = {"arrangement": "seeds" if seeds else "one"}
        if seeds:
            extra["reason"] = choice.reason
        if live:  # first of all: what it needs may be missing
            extra["live"] = _live(shown, Path(staging), runtime, context)
        roles = [(shown, "subject"), *((subject, "seed") for subject in seeds)]
        roles += [(subject, "baseline") for subject in inputs.baselines]
        known = dict(zip((*inputs.subjects, *inputs.baselines), earlier, strict=True))
        scored = []
        for subject, role in roles:
            document = known[subject]
            if document is None:
                with context.about(str(subject) if len(roles) > 1 else ""):
                    document = score_subject(subject, requests, context)
            scored.append(ScoredSubject(subject, role, document))
        return _write(scored, output, animation, command, extra, context, Path(staging))


def make_comparison(
    models: Sequence[Given],
    output: Path,
    options: Options,
    *,
    metrics: Sequence[str] | None,
    animation: str | None,
    command: str,
) -> tuple[Path, Comparison]:
    """Score, draw and write metrics.json; see `pages.compare`."""
    if len(models) < 2:
        raise UserError("a comparison needs two models or more")
    context = Context(options)
    subjects = [context.open(model) for model in models]
    comparison = compare_subjects(subjects, metrics, context)
    roles = ["subject", *["compared"] * (len(models) - 1)]
    scored = [
        ScoredSubject(*entry)
        for entry in zip(subjects, roles, comparison.documents, _names(subjects), strict=True)
    ]
    differences = [asdict(difference) for difference in comparison.differences]
    extra = {"arrangement": "comparison", "differences": differences}
    return _write(scored, output, animation, command, extra, context), comparison


def _live(shown: Subject, folder: Path, runtime: Path | None, context: Context) -> dict[str, Any]:
    if shown.checkpoint is None:
        raise UserError(f"--live needs a checkpoint, and {shown} is none: leave --live out")
    from infoeval.live import write_live

    context.progress("putting the generator into the page", None)
    model = CheckpointModel(shown.checkpoint)  # exported from the CPU
    return write_live(model, folder, runtime=runtime, seed=context.options.seed)


def _write(
    scored: Sequence[ScoredSubject],
    output: Path,
    animation: str | None,
    command: str,
    extra: dict[str, Any],
    context: Context,
    staging: Path | None = None,
) -> Path:
    """Draw, write images and metrics.json, and remove the images of a former report.

    The files in the folder `staging` are written with them.
    """
    folder = files_of(output)
    files, skipped = draw(scored, animation, context)
    entries = write_image_files(files, folder)
    if staging is not None:
        for path in filter(Path.is_file, staging.rglob("*")):
            write_bytes(folder / path.relative_to(staging), path.read_bytes())
    origin = {"command": command, "created": datetime.now(UTC).date().isoformat()}
    report_document(scored, entries, skipped, extra | origin).write(folder / METRICS)
    live = extra.get("live")
    named = [entry["file"] for entry in entries]
    named += [live["file"], live["reference"]["file"]] if live else []
    remove_unnamed(folder, named)
    return folder / METRICS


def _names(subjects: Sequence[Subject]) -> list[str]:
    """Return short names that tell subjects apart: the last parts of their paths that differ."""
    names = [str(subject) for subject in subjects]
    paths = [Path(name).parts for name in names]
    for count in range(1, max(map(len, paths))):
        short = ["/".join(_without_file(parts)[-count:]) for parts in paths]
        if len(set(short)) == len(short):
            return short
    return names


def _without_file(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return a path without the name that all checkpoints have."""
    return parts[:-1] if len(parts) > 1 and parts[-1] == "ckpt.pt" else parts
