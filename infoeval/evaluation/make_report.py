"""From models to metrics.json and the pictures beside it."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Unpack

from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.evaluation import Comparison, Options
from infoeval.evaluation import compare as compare_scores
from infoeval.evaluation.earlier_scores import find_scores
from infoeval.evaluation.evaluate import Model
from infoeval.evaluation.image_files import remove_unnamed, write_pictures
from infoeval.evaluation.options import Recipe
from infoeval.evaluation.report_data import as_document, draw, recipe_of, score_model
from infoeval.evaluation.report_files import METRICS, files_of
from infoeval.evaluation.report_inputs import open_inputs
from infoeval.evaluation.report_models import Opened, Scored, open_model
from infoeval.evaluation.seed_choice import choose
from infoeval.files import write_bytes
from infoeval.subjects.model import CheckpointModel

__all__ = ["make_comparison", "make_report"]


def make_report(
    models: Sequence[Model],
    output: Path,
    *,
    baselines: Sequence[str | Path],
    metrics: Sequence[str] | None,
    scores: Sequence[str | Path],
    show: int | None,
    animation: str | None,
    live: bool,
    runtime: Path | None,
    command: str,
    **options: Unpack[Options],
) -> Path:
    """Score, draw and write metrics.json; see `pages.report`. Returns its path."""
    inputs = open_inputs(models, baselines)
    find_scores(scores, (*inputs.models, *inputs.baselines))  # what is amiss is told at once
    recipe = recipe_of(**options)
    with tempfile.TemporaryDirectory() as staging:
        choice = choose(inputs.models, show, recipe, options.get("data"), options.get("data_dir"))
        shown = inputs.models[choice.place]
        seeds = [model for model in inputs.models if model is not shown]
        extra: dict[str, Any] = {"arrangement": "seeds" if seeds else "one"}
        if seeds:
            extra["reason"] = choice.reason
        if live:  # first of all: what it needs may be missing
            extra["live"] = _live(shown, Path(staging), runtime, recipe)
        roles = [(shown, "subject")]
        roles += [(each, "seed") for each in seeds]
        roles += [(each, "baseline") for each in inputs.baselines]
        names = [str(opened) if len(roles) > 1 else "" for opened, _ in roles]
        known = find_scores(scores, [opened for opened, _ in roles])
        scored = [
            score_model(opened, role, metrics, name, **options)
            if document is None
            else Scored(opened, role, document)
            for (opened, role), name, document in zip(roles, names, known, strict=True)
        ]
        return _write(scored, output, animation, command, extra, options, Path(staging))


def make_comparison(
    models: Sequence[Model],
    output: Path,
    *,
    metrics: Sequence[str] | None,
    animation: str | None,
    command: str,
    **options: Unpack[Options],
) -> tuple[Path, Comparison]:
    """Score, draw and write metrics.json; see `infoeval.evaluation.pages.compare`."""
    if len(models) < 2:
        raise UserError("a comparison needs two models or more")
    opened = [open_model(model) for model in models]
    first, second, *others = (each.scored for each in opened)
    comparison = compare_scores(first, second, metrics, others=others, **options)
    roles = ["subject", *["compared"] * (len(models) - 1)]
    names = _names(opened)
    scored = [
        Scored(each, role, document, name)
        for each, role, document, name in zip(
            opened, roles, comparison.documents, names, strict=True
        )
    ]
    differences = [asdict(difference) for difference in comparison.differences]
    extra = {"arrangement": "comparison", "differences": differences}
    return _write(scored, output, animation, command, extra, options), comparison


def _live(shown: Opened, folder: Path, runtime: Path | None, recipe: Recipe) -> dict[str, Any]:
    if not isinstance(shown.what, Checkpoint):
        raise UserError(f"--live needs a checkpoint, and {shown} is none: leave --live out")
    from infoeval.live import write_live

    recipe.say("putting the generator into the page", None)
    return write_live(CheckpointModel(shown.what), folder, runtime=runtime, seed=recipe.seed)


def _write(
    scored: Sequence[Scored],
    output: Path,
    animation: str | None,
    command: str,
    extra: dict[str, Any],
    options: Options,
    staging: Path | None = None,
) -> Path:
    """Draw, write pictures and metrics.json, and remove the pictures of a former report.

    The files in the folder `staging` are written with them.
    """
    folder = files_of(output)
    pictures, skipped = draw(scored, animation, **options)
    entries = write_pictures(pictures, folder)
    if staging is not None:
        _copy(staging, folder)
    told = extra | {"command": command, "created": datetime.now(UTC).date().isoformat()}
    document = as_document(scored, entries, skipped, told)
    document.write(folder / METRICS)
    live = extra.get("live")
    named = [entry["file"] for entry in entries]
    named += [live["file"], live["reference"]["file"]] if live else []
    remove_unnamed(folder, named)
    return folder / METRICS


def _copy(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            write_bytes(target / path.relative_to(source), path.read_bytes())


def _names(opened: Sequence[Opened]) -> list[str]:
    """Short names that tell models apart: the last parts of their paths that differ."""
    given = [str(each) for each in opened]
    paths = [Path(text).parts for text in given]
    for count in range(1, max(map(len, paths))):
        short = ["/".join(_bare(parts)[-count:]) for parts in paths]
        if len(set(short)) == len(short):
            return short
    return given


def _bare(parts: tuple[str, ...]) -> tuple[str, ...]:
    """A path without the name that all checkpoints of ours have."""
    return parts[:-1] if len(parts) > 1 and parts[-1] == "ckpt.pt" else parts
