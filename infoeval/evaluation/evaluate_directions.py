"""Directions of a generator's latent space, evaluated: nats, changes, reach, in one document."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from infoeval.errors import UserError
from infoeval.evaluation.attribute_readings import Read, attribute_reader
from infoeval.evaluation.context import Context, NotApplicableError
from infoeval.evaluation.direction_changes import (
    POINTS,
    Changes,
    Follower,
    Reach,
    changes,
    reach,
)
from infoeval.evaluation.direction_options import DirectionOptions
from infoeval.evaluation.evaluate import score_subject
from infoeval.evaluation.image_statistics import image_statistics
from infoeval.evaluation.options import Options, takes_options
from infoeval.evaluation.requests import Request
from infoeval.latent.direction_set import DirectionSet
from infoeval.latent.finding import find_directions
from infoeval.results import Document, Result, Skipped, environment
from infoeval.results.result_details import DIRECTION_CHANGE, DIRECTION_REACH, INFORMATION
from infoeval.subjects.directions_subject import (
    AlongDirections,
    DirectionsSubject,
    orthogonal_groups,
)
from infoeval.subjects.latent_space import LatentSpace, latent_space
from infoeval.subjects.opening import Given
from infoeval.subjects.protocols import sample
from infoeval.subjects.subject import Subject

DEPENDENCY = "Wu et al. 2021, attribute dependency"
PRECISION = "Kynkäänniemi et al. 2019, improved precision"
STATISTICS, FACTORS = "image statistics", "factors"


@dataclass(frozen=True, eq=False)
class EvaluatedDirections:
    """The results of directions, which are ranked by their nats, and the directions themselves.

    `subjects` generate images along them: one for each group of orthogonal directions.
    """

    document: Document
    directions: DirectionSet
    subjects: tuple[DirectionsSubject, ...]

    def nats(self) -> dict[str, float]:
        """Return the nats of each direction by name, the largest first."""
        found = {
            str(result.target): result.value
            for result in self.document.results
            if result.metric == INFORMATION and result.target in self.directions.names
        }
        return dict(sorted(found.items(), key=lambda item: -item[1]))


@takes_options(DirectionOptions)
def directions(model: Given, **options: Any) -> EvaluatedDirections:
    """Return the evaluation of directions of a generator's latent space.

    The code of a direction d is the coordinate a along it, x = G(p + (a − d·p) d), whose prior is
    known. For each direction: the nats that images carry about a, with a noise curve; what changes
    along it; and how far one can go before images leave those of random points. See
    docs/directions.md.

    Args:
        model: what has a generator: a checkpoint, of which nothing is executed;
            `FILE.py:FUNCTION`, which is run; or a model in memory. See docs/your-model.md.
        options: see below.

    Raises:
        UserError: a model without a generator or without such a space, a method that cannot be
            used, directions that do not fit, and as `infoeval.evaluation.score`.

    """
    chosen = DirectionOptions(**options)
    context = Context(chosen.scoring)
    base = _with_generator(context.open_all([model]), model)
    assert base.generator is not None
    context.progress("finding directions", None)
    latent = latent_space(base.generator, chosen.space, seed=chosen.seed)
    found = find_directions(
        latent,
        chosen.method,
        count=chosen.count,
        seed=chosen.seed,
        model=base.fingerprint,
    )
    subjects = _subjects(base, latent, found)
    readers, skipped = _readers(base, subjects[0].generator, context)
    measured = _followed(subjects, found, readers, context)
    documents = [score_subject(subject, [Request(INFORMATION)], context) for subject in subjects]
    results = [
        result
        for document in documents
        for result in document.results
        # Together the directions have a law that is known only where all are orthogonal.
        if len(documents) == 1 or result.target in found.names
    ]
    document = Document(
        subject=subjects[0].describe(),
        data=_data(base, found, context),
        environment=environment(str(context.device)),
        results=tuple(_ranked(results + measured, found)),
        skipped=tuple(skipped),
    )
    return EvaluatedDirections(document, found, tuple(subjects))


def _with_generator(subjects: Sequence[Subject], model: Given) -> Subject:
    """Return the only subject. Raises UserError for several, and one without a generator."""
    if len(subjects) != 1:
        raise UserError(f"{model} holds {len(subjects)} runs: give one")
    (subject,) = subjects
    if subject.generator is None:
        raise UserError(f"{subject} has no generator, and so no latent space to move in")
    return subject


def _subjects(base: Subject, latent: LatentSpace, found: DirectionSet) -> list[DirectionsSubject]:
    """Return a subject for each group of directions that are orthogonal to each other."""
    vectors = torch.from_numpy(found.vectors)
    groups = orthogonal_groups(vectors)
    about = {
        "method": found.method,
        "space": latent.name,
        "dimension": latent.dimension,
        "about": found.about,
        "groups": [[found.names[place] for place in group] for group in groups],
    }
    return [
        DirectionsSubject(base, latent, vectors[group], [found.names[k] for k in group], about)
        for group in groups
    ]


def _readers(
    base: Subject, generator: AlongDirections, context: Context
) -> tuple[dict[str, Read], list[Skipped]]:
    """Return what reads attributes of images, by kind, and why factors are not read."""
    readers: dict[str, Read] = {STATISTICS: image_statistics}
    if context.options.data is None:
        return readers, []
    splits = context.splits(base)
    _, one = sample(generator, 1, torch.Generator().manual_seed(context.options.seed))
    try:
        read, reasons = attribute_reader(splits, tuple(one.shape[1:]), context)
    except NotApplicableError as error:
        return readers, [Skipped(DIRECTION_CHANGE, f"factors are not read: {error}")]
    factors: dict[str, Read] = {FACTORS: read}
    return factors | readers, [Skipped(DIRECTION_CHANGE, reason) for reason in reasons]


def _data(base: Subject, found: DirectionSet, context: Context) -> dict[str, Any]:
    """Return the `data` of the results: what factors were learned from, and notes."""
    data: dict[str, Any] = {}
    if context.options.data is not None:
        data = context.splits(base).test.describe()
    if found.model and base.fingerprint and found.model != base.fingerprint:
        note = "the directions were found in another model: its SHA-256 is another one"
        data["notes"] = [*data.get("notes", ()), note]
    return data


def _followed(
    subjects: Sequence[DirectionsSubject],
    found: DirectionSet,
    readers: Mapping[str, Read],
    context: Context,
) -> list[Result]:
    """Return what changes along each direction, and how far it goes."""
    options, results = context.options, list[Result]()
    context.progress("random images, with which others are compared", None)
    follower = Follower(subjects[0].generator, list(readers.values()), options.seed)
    for subject in subjects:
        for name in subject.generator.codes:
            done = len(results) // 2 / len(found)
            context.progress(f"following {name}", done)
            started = time.perf_counter()
            followed = follower.follow(subject.generator, name)
            by_kind = {
                kind: changes(readings, deviations, options.level)
                for kind, readings, deviations in zip(
                    readers, followed.readings, follower.deviations, strict=True
                )
            }
            seconds = time.perf_counter() - started
            far = reach(followed, follower.chance, options.level)
            results += [
                *_changed(name, by_kind, options, seconds),
                _reached(name, far, options),
            ]
    return results


def _changed(
    name: str, by_kind: Mapping[str, Changes | None], options: Options, seconds: float
) -> list[Result]:
    """Return the largest change of the first kind of attributes that varies, and all others."""
    kinds = {kind: found for kind, found in by_kind.items() if found is not None}
    if not kinds:
        return []
    kind, first = next(iter(kinds.items()))
    wanted = first.wanted
    mean, largest = first.dependency or (None, None)
    linearity = wanted.linearity
    details = {
        "attribute": wanted.attribute,
        "kind": kind,
        "dependency_mean": mean,
        "dependency_max": largest,
        "linearity": None if linearity is None else linearity._asdict(),
        "changes": [
            {"kind": other, "attribute": change.attribute, **change.slope._asdict()}
            for other, found in kinds.items()
            for change in found.all
        ],
        "interval": "normal, over random points",
    }
    return [
        Result(
            metric=DIRECTION_CHANGE,
            target=name,
            value=wanted.slope.value,
            low=wanted.slope.low,
            high=wanted.slope.high,
            level=options.level,
            n=POINTS // 2,
            unit="deviations",
            higher_is_better=True,
            settings={"seed": options.seed},
            seconds=seconds,
            reference=DEPENDENCY,
            details=details,
        )
    ]


def _reached(name: str, far: Reach, options: Options) -> Result:
    return Result(
        metric=DIRECTION_REACH,
        target=name,
        **far.distance._asdict(),
        level=options.level,
        n=POINTS,
        unit="deviations",
        higher_is_better=True,
        settings={"seed": options.seed},
        reference=PRECISION,
        details={
            "chance": far.chance,
            "shares": [{"step": step, **share._asdict()} for step, share in far.shares.items()],
            "interval": "from Clopper-Pearson limits of the shares",
        },
    )


def _ranked(results: Sequence[Result], found: DirectionSet) -> list[Result]:
    """Return results by metric, those of directions by nats, the largest first."""
    nats = {item.target: item.value for item in results if item.metric == INFORMATION}
    metrics = list(dict.fromkeys(item.metric for item in results))

    def place(item: Result) -> tuple[int, bool, float]:
        of_one = item.target in found.names
        return metrics.index(item.metric), not of_one, -nats[item.target] if of_one else 0.0

    return sorted(results, key=place)
