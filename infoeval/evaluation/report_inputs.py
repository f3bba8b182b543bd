"""The subjects of a report: a model or seeds of one, λ = 0 twins, earlier scores, the one shown."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from infoeval.errors import UserError
from infoeval.evaluation.context import Context
from infoeval.evaluation.inputs import evenly_spaced
from infoeval.evaluation.invariance_of_images import invariance_of_images, most_stable
from infoeval.metrics.seed_agreement import LEAST_MODELS, seed_agreement
from infoeval.results import Document
from infoeval.subjects.opening import Given
from infoeval.subjects.subject import Subject

IMAGES = 10_000
"""Seeds are compared on at most this many unlabelled training images."""
INSTEAD = "for models side by side, infoeval compare A B -o page.html"


class ReportInputs(NamedTuple):
    """The subjects of a report, in the order given: seeds of one experiment, or a single one."""

    subjects: tuple[Subject, ...]
    baselines: tuple[Subject, ...]


def open_inputs(
    models: Sequence[Given], baselines: Sequence[Given], context: Context
) -> ReportInputs:
    """Return the subjects and the baselines of a report.

    A folder stands for its checkpoint, or for all runs in it; of several runs, those of λ = 0 are
    baselines of the others.

    Raises UserError for models that do not belong together, and baselines that are no twins.
    """
    subjects: list[Subject] = []
    twins = context.open_all(baselines)
    for model in models:
        opened = context.open_all([model])
        informed = [subject for subject in opened if information_weight(subject) != 0]
        several = len(opened) > 1 and bool(informed)
        subjects += informed if several else opened
        twins += [subject for subject in opened if several and subject not in informed]
    if not subjects:
        raise UserError("no model; give a checkpoint, a folder of runs, or a metrics.json")
    _check_seeds(subjects)
    for twin in twins:
        _check_twin(twin, subjects[0])
    return ReportInputs(tuple(subjects), tuple(twins))


def information_weight(subject: Subject) -> float | None:
    """Return λ of a checkpoint."""
    checkpoint = subject.checkpoint
    return None if checkpoint is None else checkpoint.trainer.information_weight


def find_scores(files: Sequence[str | Path], subjects: Sequence[Subject]) -> list[Document | None]:
    """Return the earlier results of each subject, found by the SHA-256 of its file; None for none.

    `files` hold what `infoeval score --json` printed. Several of one subject are joined; of a
    result in two of them, the first file's counts.

    Raises UserError for a file without results, or with those of no subject.
    """
    fingerprints = [subject.fingerprint for subject in subjects] if files else []
    documents: list[Document | None] = [None] * len(subjects)
    for file in files:
        document = Document.read(file)
        scored = document.subject.get("sha256")
        if scored is None or scored not in fingerprints:
            raise UserError(f"{file} is of none of the models given: their SHA-256 differ")
        place = fingerprints.index(scored)
        earlier = documents[place]
        documents[place] = document if earlier is None else _joined(earlier, document)
    return documents


def _joined(first: Document, second: Document) -> Document:
    results = {result.key: result for result in (*second.results, *first.results)}
    measured = {result.metric for result in results.values()}
    both = (*first.skipped, *second.skipped)
    skipped = [reason for reason in dict.fromkeys(both) if reason.metric not in measured]
    # A scoring of generated images alone has no test split: its data are those of the training.
    documents = (first, second)
    data = next((item.data for item in documents if item.data.get("split") == "test"), None)
    return first.model_copy(
        update={
            "data": data or first.data,
            "results": tuple(results.values()),
            "skipped": tuple(skipped),
        }
    )


def _check_seeds(subjects: Sequence[Subject]) -> None:
    """Raise UserError unless several models are seeds of one experiment."""
    first, seeds = subjects[0], list[int]()
    for other in subjects[1:]:
        differ = _difference(first, other)
        if differ:
            raise UserError(
                f"{first} and {other} {differ}: a report shows the seeds of one trainer; {INSTEAD}"
            )
    for subject in subjects if len(subjects) > 1 else ():
        assert subject.checkpoint is not None
        seed = subject.checkpoint.seed
        if seed in seeds:
            before = subjects[seeds.index(seed)]
            raise UserError(f"{before} and {subject} are both of seed {seed}; {INSTEAD}")
        seeds.append(seed)


def _difference(first: Subject, other: Subject) -> str:
    """Return what keeps two subjects from being seeds of one experiment; empty if nothing does."""
    one, two = first.checkpoint, other.checkpoint
    if one is None or two is None:
        return "are not both checkpoints"
    ours, theirs = one.trainer, two.trainer
    if (ours.name, one.variant) != (theirs.name, two.variant):
        return "are of different trainers or variants"
    if ours.codes != theirs.codes:
        return "have different codes"
    if ours.information_weight != theirs.information_weight:
        return f"have different λ, {ours.information_weight:g} and {theirs.information_weight:g}"
    return ""


def _check_twin(twin: Subject, subject: Subject) -> None:
    weight = information_weight(twin)
    if weight is None or subject.checkpoint is None:
        raise UserError(f"{twin} cannot be a baseline of {subject}: only checkpoints have one")
    if twin.codes != subject.codes:
        raise UserError(f"{twin} has other codes than {subject}: they cannot be compared")
    if weight != 0:
        raise UserError(f"{twin} is no baseline: its λ is {weight:g}, not 0; {INSTEAD}")


class SeedChoice(NamedTuple):
    """The place of the subject shown first, and why it is that one."""

    place: int
    reason: str


def choose(subjects: Sequence[Subject], show: int | None, context: Context) -> SeedChoice:
    """Return the choice of the seed `show`, or one without labels, or the first.

    Neither labels nor scores decide: all seeds encode the same training images. Of three or more
    the medoid is chosen, which agrees most with the rest (see `infoeval.metrics.seed_agreement`);
    where the trainer has an invariance term, the seed with the largest sum of both, of two already.

    Raises UserError where no subject is of the seed `show`, or the images are missing.
    """
    checkpoints = [item.checkpoint for item in subjects if item.checkpoint is not None]
    if show is not None:
        seeds = [checkpoint.seed for checkpoint in checkpoints]
        if show not in seeds:
            there = ", ".join(map(str, seeds)) or "none"
            raise UserError(f"--show {show}: no model is of that seed; the seeds are {there}")
        return SeedChoice(seeds.index(show), f"seed {show}, as asked for")
    first = SeedChoice(0, "the first one given")
    invariant = all(checkpoint.trainer.invariance_weight for checkpoint in checkpoints)
    if len(checkpoints) < max(2 if invariant else LEAST_MODELS, len(subjects)):
        return first
    codes, types, terms = [], [], []
    for number, subject in enumerate(subjects):
        done = f"choosing among the seeds without labels, {number} of {len(subjects)} read"
        context.progress(done, number / len(subjects))
        train = context.splits(subject).train
        rows = evenly_spaced(len(train), IMAGES)
        reader = subject.reader(train)
        if invariant:
            terms.append(invariance_of_images(reader, train, rows, checkpoints[number].trainer))
        columns = reader.encode(train, rows).columns
        codes.append([columns[name].to_numpy() for name in columns])
        angles = {name for name, prior in (subject.codes or {}).items() if prior.is_circular}
        types.append(["periodic" if name in angles else "" for name in columns])
    unlabelled = f"{len(rows):,} training images, without labels"
    agreement = seed_agreement(codes, types)
    place = most_stable(terms, agreement.means)
    if place is not None:
        both = f"({terms[place]:.3f} nats and {agreement.means[place]:.3f})"
        return SeedChoice(
            place,
            f"largest sum of invariance term and mean agreement with the other seeds {both} on "
            f"{unlabelled}",
        )
    if agreement.medoid is None:
        return SeedChoice(0, "the first one given; no two seeds agree on anything")
    mean = float(agreement.means[agreement.medoid])
    return SeedChoice(
        agreement.medoid,
        f"highest mean agreement with the other seeds ({mean:.3f}; {agreement.measure}) on "
        f"{unlabelled}",
    )
