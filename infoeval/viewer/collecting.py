"""From the files below a folder to its index: each run once, with all that is known of it."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from infoeval.errors import UserError
from infoeval.reporting.tables import EstimateCell
from infoeval.results import DataSet, Row, Summary
from infoeval.results.contract import clean, explain, parse_json
from infoeval.viewer.entries import (
    OWN,
    ChosenRun,
    CodeFacts,
    DataFacts,
    FileLink,
    FolderIndex,
    ModelEntry,
    Reading,
    ReportEntry,
    Status,
    SweepEntry,
    Thumbnail,
    Unread,
    merged,
)
from infoeval.viewer.folder_walk import FolderTree, joined, natural, walk
from infoeval.viewer.run_files import (
    CHECKPOINT,
    CONFIG,
    HISTORY,
    SAMPLES,
    Progress,
    RunConfig,
    codes_in_training,
    is_config,
    newest_sample,
    read_config,
    read_history,
)
from infoeval.viewer.run_finder import RunFinder
from infoeval.viewer.scored_models import Scored, ScoredFile, is_document, read_results
from infoeval.viewer.thumbnails import MOST_BYTES_READ, thumbnail_of

LARGEST_JSON = 64_000_000
"""Bytes of a JSON file that is read; a report of ten models has less than a tenth."""
SUMMARY, METRICS = "summary.json", "metrics.json"
PAGES = (".html", ".htm")

Watch = Callable[[str, float | None], None]
"""Called with what is being read, and the share that is done."""
_SUMMARY = TypeAdapter(Summary)


@dataclass
class _Subject:
    """What results are about, while the files are being found."""

    key: str
    scored: list[Scored] = field(default_factory=list)
    links: list[FileLink] = field(default_factory=list)

    def add(self, scored: Scored, page: str) -> None:
        """Add results, and a link to their page, else to their file."""
        self.scored.append(scored)
        path = page or scored.path
        link = FileLink(path.rpartition("/")[2], path)
        if link not in self.links:
            self.links.append(link)


@dataclass
class _Run(_Subject):
    """A run; its key is its folder."""

    config: RunConfig | None = None
    progress: Progress = field(default_factory=Progress)
    row: Row | None = None


def collect(folder: str | os.PathLike[str], watch: Watch | None = None) -> FolderIndex:
    """Return the index of a folder: what its files say, whatever is in them.

    No weights are loaded, no link is followed. A file that cannot be read is listed with why.

    Raises UserError where there is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise UserError(f"{root} {what}: give a folder with runs, such as runs")
    return _Collector(root.resolve(), watch or (lambda text, share: None)).index()


class _Collector:
    """Reads the files of a folder, kind by kind."""

    def __init__(self, root: Path, watch: Watch) -> None:
        self.name, self.watch = root.name or str(root), watch
        self.tree: FolderTree = walk(root)
        self.unread: list[Unread] = list(self.tree.unread)
        self.runs = {
            path: _Run(path)
            for path, names in self.tree.files.items()
            if CHECKPOINT in names or {CONFIG, HISTORY} <= set(names)
        }
        self.summaries: dict[str, Summary] = {}
        self.files: list[ScoredFile] = []

    def index(self) -> FolderIndex:
        """Return the index."""
        self._read_json()
        for number, run in enumerate(self.runs.values()):
            self.watch(f"reading runs, {number} of {len(self.runs)}", number / len(self.runs))
            self._read_progress(run)
        sweeps = [self._sweep(path, whole) for path, whole in self.summaries.items()]
        elsewhere, reports = self._read_results()
        models = [self._model(run) for run in self.runs.values()] + elsewhere
        return FolderIndex(
            self.name,
            tuple(sorted(models, key=lambda model: natural(model.name))),
            tuple(reports),
            tuple(sweeps),
            tuple(self.unread),
        )

    def _read_json(self) -> None:
        paths = self.tree.paths(".json")
        for number, path in enumerate(paths):
            self.watch(f"reading files, {number} of {len(paths)}", number / len(paths))
            try:
                self._sort(path, self._parsed(path))
            except UserError as error:
                self._leave_out(path, error)

    def _parsed(self, path: str) -> dict[str, Any]:
        try:
            text = self.tree.read(path, LARGEST_JSON).decode("utf-8")
        except ValueError:
            raise UserError("not UTF-8 text") from None
        # A list is another program's.
        return {} if text.lstrip().startswith("[") else parse_json(text, finite=False)

    def _sort(self, path: str, plain: dict[str, Any]) -> None:
        """Keep what a JSON object says, as what it is; others are not ours."""
        folder, _, name = path.rpartition("/")
        if is_document(plain):
            self.files.append(read_results(path, plain))
        elif name == CONFIG and is_config(plain):
            self.runs.setdefault(folder, _Run(folder)).config = read_config(plain)
        elif name == SUMMARY and "rows" in plain:
            self.summaries[path] = _summary(plain)

    def _leave_out(self, path: str, error: UserError) -> None:
        reason = str(error).removeprefix("not a results document: ").removeprefix("metrics.json: ")
        self.unread.append(Unread(path, reason.removesuffix(": write the file again")))

    def _read_progress(self, run: _Run) -> None:
        path = joined(run.key, HISTORY)
        if self.tree.has(path):
            try:
                run.progress = read_history(self.tree.root / path)
            except UserError as error:
                self._leave_out(path, error)

    def _sweep(self, path: str, summary: Summary) -> SweepEntry:
        """Return a sweep; its runs learn what its summary says of them."""
        folder = path.rpartition("/")[0]
        for row in summary.rows:
            place = joined(folder, row.folder)
            if row.status == "failed" or place in self.runs:
                self.runs.setdefault(place, _Run(place)).row = row
        picks = [(p, None if p.folder is None else joined(folder, p.folder)) for p in summary.picks]
        complete = sum(row.status == "complete" for row in summary.rows)
        return SweepEntry(
            *(path, summary.trainer, summary.variant),
            images=_images(DataSet.model_validate(summary.data)),
            complete=complete,
            failed=len(summary.rows) - complete,
            choices=tuple(ChosenRun(p.information_weight, key, p.reason) for p, key in picks),
        )

    def _read_results(self) -> tuple[list[ModelEntry], list[ReportEntry]]:
        """Return the models that are no run below the folder, and the reports."""
        finder = RunFinder(
            self.tree, self.name, {run.key: run.config for run in self.runs.values()}
        )
        others: dict[tuple[Any, ...], _Subject] = {}
        reports: list[ReportEntry] = []
        for file in self.files:
            page = self._page_of(file.path)
            shown: list[tuple[str, str]] = []
            for scored in file.models:
                key = finder.find(scored)
                new = _Subject(f"{file.path}#{scored.number}")
                other = others.setdefault(_identity(scored), new) if key is None else None
                subject = other or self.runs[key or ""]
                subject.add(scored, page)
                shown.append((scored.label, subject.key))
            if page:
                models, images = tuple(shown), _images(file.data)
                about = file.title, file.created, models, images, file.said
                reports.append(ReportEntry(page, file.path, *about))
        return [_model_elsewhere(other) for other in others.values()], reports

    def _page_of(self, path: str) -> str:
        """Return the page that was made from a metrics.json; nothing where there is none."""
        folder, _, name = path.rpartition("/")
        stem = folder.removesuffix("_files")
        if name != METRICS or stem == folder:
            return ""
        return next((f"{stem}{end}" for end in PAGES if self.tree.has(f"{stem}{end}")), "")

    def _model(self, run: _Run) -> ModelEntry:
        """Return all that is known of a run."""
        config, row, progress = run.config, run.row, run.progress
        trainer = config.trainer if config else None
        settings = trainer or row
        step = progress.step if progress.step is not None else (row.step if row else None)
        steps = settings.steps if settings else None
        status, reason = _status(step, steps, row)
        scored = sorted(run.scored, key=lambda one: one.identity.step != step)
        sources = [one.codes for one in scored]
        sources += [_in_summary(row)] if row else []
        sources += [codes_in_training(config, progress)] if config else []
        return ModelEntry(
            key=run.key,
            name=run.key or self.name,
            kind="run",
            trainer=trainer.name if trainer else None,
            variant=config.variant if config else None,
            seed=config.seed if config else (row.seed if row else None),
            weight=settings.information_weight if settings else None,
            images=_images(config.data) if config else DataFacts(),
            step=step,
            steps=steps,
            status=status,
            reason=reason,
            seconds=progress.seconds if row is None else row.seconds,
            device=config.device if config else None,
            chosen=bool(row and row.picked),
            agreement=row.agreement if row else None,
            codes=merged(sources),
            thumbnail=self._thumbnail(run),
            files=(*run.links, *self._files(run)),
        )

    def _files(self, run: _Run) -> list[FileLink]:
        names = (CHECKPOINT, CONFIG, HISTORY)
        paths = ((name, joined(run.key, name)) for name in names)
        return [FileLink(name, path) for name, path in paths if self.tree.has(path)]

    def _thumbnail(self, run: _Run) -> Thumbnail | None:
        folder = joined(run.key, SAMPLES)
        sample = newest_sample(self.tree.files.get(folder, ()), run.config)
        if sample is None:
            return None
        file, step, code = sample
        shape = run.config.trainer.image_shape if run.config else None
        path = joined(folder, file)
        try:
            content = self.tree.read(path, MOST_BYTES_READ)
            picture = thumbnail_of(content, None if shape is None else shape[1:])
        except UserError as error:
            self._leave_out(path, error)
            return None
        return Thumbnail(path, *picture, code=code, step=step)


def _summary(plain: dict[str, Any]) -> Summary:
    known = {name: value for name, value in clean(plain).items() if name != "schema_version"}
    try:
        return _SUMMARY.validate_python(known)
    except ValidationError as error:
        raise UserError(explain(error)) from None


def _images(data: DataSet | None) -> DataFacts:
    return DataFacts() if data is None else DataFacts(data.name, data.split, data.n)


def _status(step: int | None, steps: int | None, row: Row | None) -> tuple[Status, str]:
    """Return how a run ended, and the reason where its sweep says one."""
    if row is not None and row.status == "failed":
        return "failed", row.reason
    if step is None or steps is None:
        return "", ""
    return ("complete" if step >= steps else "unfinished"), ""


def _in_summary(row: Row) -> tuple[CodeFacts, ...]:
    """Return what a sweep's summary says of the codes of a run."""
    cells = {n: EstimateCell(each.value, each.low, each.high) for n, each in row.bounds.items()}
    return tuple(
        CodeFacts(name, readings=(Reading(cell, OWN, step=row.step),))
        for name, cell in cells.items()
    )


def _identity(scored: Scored) -> tuple[Any, ...]:
    """Return what two documents about the same model have in common."""
    subject = scored.identity
    return subject.source, subject.sha256, subject.step, subject.seed


def _model_elsewhere(subject: _Subject) -> ModelEntry:
    """Return what documents say of a model that is no run below the folder."""
    first = subject.scored[0]
    identity = first.identity
    kind = "table" if identity.codes is not None else "model"
    return ModelEntry(
        key=subject.key,
        name=identity.source,
        kind="checkpoint" if identity.checkpoint is not None else kind,
        trainer=identity.trainer,
        variant=identity.variant,
        seed=identity.seed,
        weight=identity.information_weight,
        images=_images(first.data),
        step=identity.step,
        codes=merged([one.codes for one in subject.scored]),
        files=tuple(subject.links),
    )
