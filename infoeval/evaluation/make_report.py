"""From models to metrics.json and the images beside it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infoeval.codes import CodeSpace
from infoeval.errors import UserError
from infoeval.evaluation.animation import draw_animations
from infoeval.evaluation.code_alignment import seeds_together
from infoeval.evaluation.context import Context
from infoeval.evaluation.differences import compare_subjects
from infoeval.evaluation.evaluate import requests_of, score_inputs
from infoeval.evaluation.gallery import draw_galleries
from infoeval.evaluation.image_files import (
    ReportImage,
    remove_unnamed,
    with_fewer_rows,
    write_image_files,
)
from infoeval.evaluation.inputs import Inputs
from infoeval.evaluation.options import Options, PageOptions, ReportOptions
from infoeval.evaluation.report_files import METRICS, files_of
from infoeval.evaluation.report_images import ROWS, DrawnImages, draw_traversal_files
from infoeval.evaluation.report_inputs import choose, find_scores, open_inputs
from infoeval.evaluation.requests import Request
from infoeval.evaluation.slider_sprites import draw_sprites
from infoeval.files import temporary_folder, write_bytes
from infoeval.metrics.registry import summary_of
from infoeval.results import Comparison, Document, Skipped
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.subjects.opening import Given, as_list
from infoeval.subjects.subject import Subject

CHECKPOINT = "ckpt.pt"
MOST_DRAWN, MOST_WITH_SLIDERS = 40, 6
"""Subjects whose traversals are drawn, and those that have exaggerated ones and sliders as well:
the one shown, a baseline, then the others."""
MOST_OF_TRAVERSALS, MOST_OF_GALLERIES = 650_000, 450_000
"""Bytes of a model's traversals, and of the galleries; a page of five grey codes has less."""
MOST_NOISES = 6
"""Noises that sliders have in all models together; each has at least one."""


@dataclass(frozen=True)
class ScoredSubject:
    """A subject with its results, its role in the report and, where it has one, a short name."""

    subject: Subject
    role: str
    document: Document
    name: str | None = None

    def entry(self) -> dict[str, Any]:
        """Return its entry among the `models` of metrics.json."""
        document = self.document
        aligned = document.alignment
        entry = {
            "role": self.role,
            "subject": document.subject,
            "data": document.data,
            "results": [asdict(result) for result in document.results],
            "skipped": [asdict(skipped) for skipped in document.skipped],
            **self.subject.describe_training(),
            **({} if aligned is None else {"alignment": aligned.model_dump()}),
        }
        return entry | ({"name": self.name} if self.name else {})


def make_report(
    models: Sequence[Given],
    output: Path,
    options: Options,
    metrics: Sequence[str] | None,
    written: ReportOptions,
) -> Path:
    """Return the path of metrics.json, after it and the images were made; see `pages.report`."""
    context, requests = Context(options), requests_of(metrics, options)
    inputs = open_inputs(models, as_list(written.baselines), context)
    scores = written.scores
    files = [scores] if isinstance(scores, str | Path) else scores
    earlier = find_scores(files, (*inputs.subjects, *inputs.baselines))
    with temporary_folder(files_of(output)) as staging:
        choice = choose(inputs.subjects, written.show, context)
        shown = inputs.subjects[choice.place]
        seeds = [subject for subject in inputs.subjects if subject is not shown]
        extra: dict[str, Any] = {"arrangement": "seeds" if seeds else "one"}
        if seeds:
            extra["reason"] = choice.reason
        if written.live:  # first of all: what it needs may be missing
            extra["live"] = _live(shown, staging, written.runtime, context)
        roles = [(shown, "subject"), *((subject, "seed") for subject in seeds)]
        roles += [(subject, "baseline") for subject in inputs.baselines]
        known = dict(zip((*inputs.subjects, *inputs.baselines), earlier, strict=True))
        scored = _scored(roles, known, requests, context)
        return _write(scored, output, written, extra, context, staging)


def _scored(
    roles: Sequence[tuple[Subject, str]],
    known: Mapping[Subject, Document | None],
    requests: Sequence[Request] | None,
    context: Context,
) -> list[ScoredSubject]:
    """Return the subjects with their results; several seeds have their codes aligned as well."""
    read, documents = [], []
    for number, (subject, _) in enumerate(roles):
        inputs = Inputs(subject, context, by_name=requests is not None, page=not number)
        document = known[subject]
        if document is None:
            with context.about(str(subject) if len(roles) > 1 else ""):
                document = score_inputs(inputs, requests)
        read.append(inputs)
        documents.append(document)
    count = sum(role != "baseline" for _, role in roles)
    if count > 1:
        agree = requests is None
        documents[:count] = seeds_together(read[:count], documents[:count], agree=agree)
    return [
        ScoredSubject(subject, role, document)
        for (subject, role), document in zip(roles, documents, strict=True)
    ]


def make_comparison(
    models: Sequence[Given],
    output: Path,
    options: Options,
    metrics: Sequence[str] | None,
    written: PageOptions,
) -> tuple[Path, Comparison]:
    """Return the path of metrics.json and the comparison in it; see `pages.compare`."""
    context = Context(options)
    subjects = context.open_all(models, least=2)
    comparison = compare_subjects(subjects, metrics, context)
    roles = ["subject", *["compared"] * (len(subjects) - 1)]
    scored = [
        ScoredSubject(*entry)
        for entry in zip(subjects, roles, comparison.documents, _names(subjects), strict=True)
    ]
    extra = {
        "arrangement": "comparison",
        "differences": [asdict(difference) for difference in comparison.differences],
        "differences_among_others": [asdict(each) for each in comparison.among_others],
    }
    return _write(scored, output, written, extra, context), comparison


def _live(
    shown: Subject, folder: Path, runtime: str | Path | None, context: Context
) -> dict[str, Any]:
    if shown.checkpoint is None:
        raise UserError(f"--live needs a checkpoint, and {shown} is none: leave --live out")
    from infoeval.live import write_live

    context.progress("putting the generator into the page", None)
    model = CheckpointModel(shown.checkpoint)  # exported from the CPU
    return write_live(
        model, folder, runtime=None if runtime is None else Path(runtime), seed=context.options.seed
    )


def _write(
    scored: Sequence[ScoredSubject],
    output: Path,
    written: PageOptions,
    extra: dict[str, Any],
    context: Context,
    staging: Path | None = None,
) -> Path:
    """Return the path of metrics.json, after writing it, the images and the files of `staging`.

    The images of an earlier report are removed.
    """
    folder = files_of(output)
    files, skipped = draw(scored, written.animation, context)
    entries = write_image_files(files, folder)
    if staging is not None:
        for path in filter(Path.is_file, staging.rglob("*")):
            write_bytes(folder / path.relative_to(staging), path.read_bytes())
    origin = {"command": written.command, "created": datetime.now(UTC).date().isoformat()}
    more = extra | origin | written.own_words
    _document(scored, entries, skipped, more).save(folder / METRICS)
    live = extra.get("live")
    named = [entry["file"] for entry in entries]
    named += [live["file"], live["reference"]["file"]] if live else []
    remove_unnamed(folder, named)
    return folder / METRICS


def draw(
    scored: Sequence[ScoredSubject], animation: str | None, context: Context
) -> tuple[list[ReportImage], list[Skipped]]:
    """Return images of the subjects, all with the same fixed noise, and what could not be drawn.

    The gallery and the animations are of the subject shown first.
    """
    seed = context.options.seed
    files: list[ReportImage] = []
    drawn = _drawn(scored)
    noises = MOST_NOISES // min(len(drawn), MOST_WITH_SLIDERS)
    for place, number in enumerate(drawn):
        subject = scored[number].subject
        if subject.generator is None or not subject.generator.codes:
            continue
        images = DrawnImages(subject.generator)
        context.progress(f"drawing images of {subject}", None)
        in_full = place < MOST_WITH_SLIDERS
        traversals = draw_traversal_files(images, number, seed, stretched=in_full)
        files += with_fewer_rows(traversals, MOST_OF_TRAVERSALS)
        if in_full:
            files += draw_sprites(images, number, seed, noises=noises)
        if number == 0 and animation is not None:
            files += draw_animations(images, number, animation, rows=ROWS, seed=seed)
    shown = scored[0]
    try:
        galleries = draw_galleries(Inputs(shown.subject, context), shown.document.results, 0)
        files += with_fewer_rows(galleries, MOST_OF_GALLERIES)
    except UserError as error:
        return files, [Skipped("gallery", str(error))]
    return files, []


def _drawn(scored: Sequence[ScoredSubject]) -> list[int]:
    baselines = [number for number, item in enumerate(scored) if item.role == "baseline"]
    others = [number for number in range(1, len(scored)) if number not in baselines]
    return [0, *baselines[:1], *others][:MOST_DRAWN]


def _document(
    scored: Sequence[ScoredSubject],
    images: Sequence[dict[str, Any]],
    skipped: Sequence[Skipped],
    extra: dict[str, Any],
) -> Document:
    """Return metrics.json: the first subject as in `infoeval score --json`, and all else."""
    shown, *others = scored
    more = {**shown.subject.describe_training(), **extra, "images": list(images)}
    if shown.subject.codes is not None:
        more["codes"] = describe_codes(shown.subject.codes)
    if shown.name:
        more["name"] = shown.name
    if others:
        more["models"] = [other.entry() for other in others]
    measured = {result.metric for each in scored for result in each.document.results}
    summaries = {name: summary_of(name) for name in sorted(measured)}
    more["definitions"] = {name: summary for name, summary in summaries.items() if summary}
    document = shown.document
    return Document(
        subject=document.subject,
        data=document.data,
        environment=document.environment,
        results=document.results,
        skipped=(*document.skipped, *skipped),
        **more,
    )


def describe_codes(space: CodeSpace) -> list[dict[str, Any]]:
    """Return the entries of codes in metrics.json."""
    return [
        {
            "name": name,
            "kind": code.kind,
            "entropy": code.entropy,
            "description": code.description,
            **code.numbers,
        }
        for name, code in space.items()
    ]


_CALL = re.compile(r"(.*?:\w+)\((.*)\)")
"""A function of a Python file with its arguments."""


def _names(subjects: Sequence[Subject]) -> list[str]:
    """Return short names that tell subjects apart.

    Of paths the last parts that differ, without the ending that all have; of calls of one function
    the arguments.
    """
    names = [str(subject) for subject in subjects]
    calls = [_CALL.fullmatch(name) for name in names]
    if all(calls) and len({call[1] for call in calls if call}) == 1:
        arguments = [call[2].replace('"', "").replace("'", "") for call in calls if call]
        if len(set(arguments)) == len(names) and all(arguments):
            return arguments
    endings = {Path(name).suffix for name in names}
    shared = endings.pop() if len(endings) == 1 and CHECKPOINT not in "".join(names) else ""
    paths = [Path(name.removesuffix(shared)) for name in names]
    for count in range(1, max(len(path.parts) for path in paths) + 1):
        short = ["/".join(_without_file(path.parts)[-count:]) for path in paths]
        if len(set(short)) == len(short):
            return short
    return names


def _without_file(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return a path without the name that all checkpoints have."""
    return parts[:-1] if len(parts) > 1 and parts[-1] == CHECKPOINT else parts
