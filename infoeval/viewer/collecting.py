"""From the files below a folder to its index: each run once, with all that is known of it."""

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from infoeval.errors import UserError
from infoeval.files import sha256
from infoeval.report.verdict import sentences
from infoeval.report.wording import listed
from infoeval.results import DataSet, Document, Row, SubjectEntry, Summary
from infoeval.results.contract import clean, explain, parse_json
from infoeval.viewer.entries import (
    OWN,
    Amount,
    ChosenRun,
    CodeFacts,
    DataFacts,
    FileLink,
    FolderIndex,
    ModelEntry,
    Reading,
    ReportEntry,
    Said,
    Status,
    SweepEntry,
    Thumbnail,
    Unread,
    merged,
)
from infoeval.viewer.folder_walk import FolderTree, joined, natural, walk
from infoeval.viewer.run_files import (
    Progress,
    RunConfig,
    codes_in_training,
    is_config,
    newest_sample,
    read_config,
    read_history,
)
from infoeval.viewer.scored_models import Scored, facts_of, is_document, models_of, read_documents
from infoeval.viewer.thumbnails import MOST_BYTES_READ, thumbnail_of

LARGEST_JSON = 64_000_000
"""Bytes of a JSON file that is read; a report of ten models has less than a tenth."""
MOST_HASHED = 2 * 2**30
"""Bytes of checkpoints that are read to tell which one results are of; two seconds' work."""
CONFIG, HISTORY, CHECKPOINT, SAMPLES = "config.json", "history.csv", "ckpt.pt", "samples"
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
        """Add results, and links to their page and file."""
        self.scored.append(scored)
        for path in filter(None, (page, scored.path)):
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

    No checkpoint is opened, no link followed. A file that cannot be read is listed with the reason.

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
        self.documents: dict[str, list[Document]] = {}
        self.hashes: dict[str, str] = {}
        self.to_hash = MOST_HASHED

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
            self.documents[path] = read_documents(plain)
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
        choices = tuple(
            ChosenRun(
                pick.information_weight,
                None if pick.folder is None else joined(folder, pick.folder),
                pick.reason,
            )
            for pick in summary.picks
        )
        complete = sum(row.status == "complete" for row in summary.rows)
        failed = len(summary.rows) - complete
        images = _images(DataSet.model_validate(summary.data))
        return SweepEntry(path, summary.trainer, summary.variant, images, complete, failed, choices)

    def _read_results(self) -> tuple[list[ModelEntry], list[ReportEntry]]:
        """Return the models that are no run below the folder, and the reports."""
        by_name = defaultdict[str, list[_Run]](list)
        for each in self.runs.values():
            by_name[self._parts(each)[-1]].append(each)
        others: dict[tuple[Any, ...], _Subject] = {}
        reports: list[ReportEntry] = []
        for path, documents in self.documents.items():
            page = self._page_of(path)
            shown: list[tuple[str, str]] = []
            for scored in models_of(path, documents):
                new = _Subject(f"{path}#{scored.number}")
                run = self._run_of(scored, by_name)
                subject = run or others.setdefault(_identity(scored), new)
                subject.add(scored, page)
                shown.append((scored.model.label, subject.key))
            if page:
                reports.append(_report(page, path, documents[0], shown))
        return [_model_elsewhere(other) for other in others.values()], reports

    def _page_of(self, path: str) -> str:
        """Return the page that was made from a metrics.json; nothing where there is none."""
        folder, _, name = path.rpartition("/")
        stem = folder.removesuffix("_files")
        if name != METRICS or stem == folder:
            return ""
        return next((f"{stem}{end}" for end in PAGES if self.tree.has(f"{stem}{end}")), "")

    def _parts(self, run: _Run) -> tuple[str, ...]:
        return (self.name, *PurePosixPath(run.key).parts)

    def _run_of(self, scored: Scored, by_name: dict[str, list[_Run]]) -> _Run | None:
        """Return the run that a model is of: by the path of its checkpoint, and its settings.

        A path that ends as another does by its last folder alone, as where the folder was renamed,
        is not enough: then the checkpoint must have the hash that the results name.
        """
        identity = scored.model.identity
        if identity.checkpoint is None:
            return None
        whole = PurePosixPath(identity.checkpoint.replace("\\", "/")).parts[:-1]
        parts = tuple(part for part in whole if part not in ("/", "."))
        beside = self.runs.get(scored.path.rpartition("/")[0])
        found = by_name.get(parts[-1], []) if parts else [beside] if beside else []
        found = [run for run in found if _agree(run.config, identity)]
        alike = {run.key: _common(parts[::-1], self._parts(run)[::-1]) for run in found}
        sure = [run for run in found if alike[run.key] in (len(parts), len(self._parts(run)))]
        near = {run.key: _common(scored.path.split("/"), run.key.split("/")) for run in sure}
        best = max(((alike[run.key], near[run.key]) for run in sure), default=None)
        sure = [run for run in sure if (alike[run.key], near[run.key]) == best]
        if len(sure) == 1:
            return sure[0]
        return next((run for run in sure or found if self._has_hash(run, identity.sha256)), None)

    def _has_hash(self, run: _Run, wanted: str | None) -> bool:
        """Return whether a run's checkpoint has this SHA-256; False once much has been read."""
        path = joined(run.key, CHECKPOINT)
        if wanted is None or not self.tree.has(path):
            return False
        if path not in self.hashes:
            try:
                self.to_hash -= (self.tree.root / path).stat().st_size
                self.hashes[path] = sha256(self.tree.root / path) if self.to_hash >= 0 else ""
            except (OSError, UserError):
                self.hashes[path] = ""
        return self.hashes[path] == wanted

    def _model(self, run: _Run) -> ModelEntry:
        """Return all that is known of a run."""
        config, row, progress = run.config, run.row, run.progress
        trainer = config.trainer if config else None
        settings = trainer or row
        step = progress.step if progress.step is not None else (row.step if row else None)
        steps = settings.steps if settings else None
        status, reason = _status(step, steps, row)
        scored = sorted(run.scored, key=lambda one: one.model.identity.step != step)
        sources = [facts_of(one.model, one.document) for one in scored]
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
        shape = run.config.trainer.image_shape if run.config else None
        path = joined(folder, sample.file)
        try:
            content = self.tree.read(path, MOST_BYTES_READ)
            picture = thumbnail_of(content, None if shape is None else shape[1:])
        except UserError as error:
            self._leave_out(path, error)
            return None
        return Thumbnail(path, *picture, code=sample.code, step=sample.step)


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
    return tuple(
        CodeFacts(
            name,
            readings=(Reading(Amount(bound.value, bound.low, bound.high), OWN, step=row.step),),
        )
        for name, bound in row.bounds.items()
    )


def _agree(config: RunConfig | None, identity: SubjectEntry) -> bool:
    """Return whether what results say of a checkpoint fits the settings of a run."""
    if config is None:
        return True
    pairs = (
        (config.trainer.name, identity.trainer),
        (config.variant, identity.variant),
        (config.seed, identity.seed),
        (config.trainer.information_weight, identity.information_weight),
    )
    return all(None in pair or pair[0] == pair[1] for pair in pairs)


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many items two sequences begin with alike."""
    alike = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        alike += 1
    return alike


def _identity(scored: Scored) -> tuple[Any, ...]:
    """Return what two documents about the same model have in common."""
    subject = scored.model.identity
    return subject.source, subject.sha256, subject.step, subject.seed


def _model_elsewhere(subject: _Subject) -> ModelEntry:
    """Return what documents say of a model that is no run below the folder."""
    first = subject.scored[0]
    identity = first.model.identity
    kind = "table" if identity.codes is not None else "model"
    return ModelEntry(
        key=subject.key,
        name=identity.source,
        kind="checkpoint" if identity.checkpoint is not None else kind,
        trainer=identity.trainer,
        variant=identity.variant,
        seed=identity.seed,
        weight=identity.information_weight,
        images=_images(_data_of(first)),
        step=identity.step,
        codes=merged([facts_of(one.model, one.document) for one in subject.scored]),
        files=tuple(subject.links),
    )


def _data_of(scored: Scored) -> DataSet:
    plain = scored.model.data
    return scored.document.data_set if plain is None else DataSet.model_validate(plain)


def _report(page: str, path: str, document: Document, shown: list[tuple[str, str]]) -> ReportEntry:
    """Return a report: what it is about, and the sentences of its verdict."""
    peers = [model.identity for model in document.peers]
    names = dict.fromkeys(each.trainer or each.source for each in peers)
    said = tuple(Said(finding.topic, finding.text) for finding in sentences(document))
    return ReportEntry(
        page=page,
        document=path,
        title=listed(list(names)),
        created=document.created or "",
        models=tuple(shown),
        images=_images(document.data_set),
        said=said,
    )
