"""Which seed a report shows first: a choice among seeds that needs no labels."""

from collections.abc import Sequence
from dataclasses import dataclass

from infoeval.errors import UserError
from infoeval.evaluation.context import Context
from infoeval.evaluation.inputs import evenly_spaced
from infoeval.metrics.seed_agreement import LEAST_MODELS, seed_agreement
from infoeval.subjects.subject import Subject

__all__ = ["Choice", "choose"]

IMAGES = 10_000
"""Seeds are compared on at most this many unlabelled training images."""


@dataclass(frozen=True)
class Choice:
    """The place of the subject shown first, and why it is that one."""

    place: int
    reason: str


def choose(subjects: Sequence[Subject], show: int | None, context: Context) -> Choice:
    """Choose the seed `show`; else, of three or more, the one most like the others; else the first.

    Neither labels nor scores decide: every seed reads the same training images, and the choice is
    their medoid (see `infoeval.metrics.seed_agreement`).

    Raises UserError where no subject is of the seed `show`, or the images are missing.
    """
    checkpoints = [each.checkpoint for each in subjects if each.checkpoint is not None]
    if show is not None:
        seeds = [checkpoint.seed for checkpoint in checkpoints]
        if show not in seeds:
            there = ", ".join(map(str, seeds)) or "none"
            raise UserError(f"--show {show}: no model is of that seed; there are {there}")
        return Choice(seeds.index(show), f"seed {show}, as asked for")
    first = Choice(0, "the first one given")
    if len(checkpoints) < max(LEAST_MODELS, len(subjects)):
        return first
    codes = []
    for number, subject in enumerate(subjects):
        done = f"choosing among the seeds without labels, {number} of {len(subjects)} read"
        context.progress(done, number / len(subjects))
        train = context.splits(subject).train
        rows = evenly_spaced(len(train), IMAGES)
        columns = subject.reader(train).encode(train, rows).columns
        codes.append([columns[name].to_numpy() for name in columns])
    agreement = seed_agreement(codes)
    if agreement.medoid is None:
        return Choice(0, "the first one given; no two seeds agree on anything")
    mean = float(agreement.means[agreement.medoid])
    return Choice(
        agreement.medoid,
        f"highest mean agreement with the other seeds ({mean:.3f}; {agreement.measure}) on "
        f"{len(rows):,} training images, without labels",
    )
