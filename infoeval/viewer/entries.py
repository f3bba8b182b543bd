"""What the index of a folder says of its runs, reports and sweeps, as plain values."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from infoeval.reporting.tables import EstimateCell
from infoeval.reporting.wording import count_of

Reader = Literal["Q afterwards", "own Q", "own Q, training"]
"""Who reads the information of a code: a Q trained afterwards, or the model's own Q, on fresh
samples or as the history has it."""
AFTERWARDS: Reader = "Q afterwards"
OWN: Reader = "own Q"
WHILE_TRAINING: Reader = "own Q, training"

Status = Literal["complete", "unfinished", "failed", ""]


@dataclass(frozen=True)
class Reading:
    """The information of a code, nats; ``step`` is that of the checkpoint that was read."""

    amount: EstimateCell
    reader: Reader
    converged: bool | None = None
    step: int | None = None


@dataclass(frozen=True)
class FollowedFactor:
    """The factor that a code follows, how ("follows", "partly follows", …), by which measure."""

    factor: str
    verb: str
    measure: str
    amount: EstimateCell


@dataclass(frozen=True)
class CodeFacts:
    """What is known of a code; ``entropy`` is H(c) of a categorical one, an upper limit, in nats.

    ``readings`` are of its information, by a Q trained afterwards before one by its own Q;
    ``error`` is the share of images that are not of the class that their category is matched to.
    """

    name: str
    entropy: float | None = None
    readings: tuple[Reading, ...] = ()
    error: EstimateCell | None = None
    followed: FollowedFactor | None = None

    @property
    def known(self) -> bool:
        """Whether anything was measured."""
        return any((self.readings, self.error, self.followed))


@dataclass(frozen=True)
class DataFacts:
    """The images that something was trained or scored on."""

    name: str | None = None
    split: str | None = None
    n: int | None = None


@dataclass(frozen=True)
class Thumbnail:
    """A small picture as a ``data:`` address, its size in pixels of the page, and what it shows.

    ``file`` is the path of the picture that it is made of.
    """

    file: str
    address: str
    width: int
    height: int
    code: str
    step: int


@dataclass(frozen=True)
class FileLink:
    """A file below the folder: its path from there, and what it is called."""

    label: str
    path: str


@dataclass(frozen=True)
class ModelEntry:
    """A run, or another model that a report or a results file below the folder is about.

    ``key`` is the folder of a run, else where its results begin, "FILE#NUMBER"; ``name`` the folder
    or what was scored. ``chosen``: without labels among the runs of a sweep, by their mean
    ``agreement``.
    """

    key: str
    name: str
    kind: str
    trainer: str | None = None
    variant: str | None = None
    seed: int | None = None
    weight: float | None = None
    images: DataFacts = DataFacts()
    step: int | None = None
    steps: int | None = None
    status: Status = ""
    reason: str = ""
    seconds: float | None = None
    device: str | None = None
    chosen: bool = False
    agreement: float | None = None
    codes: tuple[CodeFacts, ...] = ()
    thumbnail: Thumbnail | None = None
    files: tuple[FileLink, ...] = ()

    @property
    def main_code(self) -> CodeFacts | None:
        """The first categorical code, else the first one."""
        categorical = (code for code in self.codes if code.entropy is not None)
        return next(categorical, self.codes[0] if self.codes else None)


@dataclass(frozen=True)
class Said:
    """A sentence of a report's verdict: its subject and the rest."""

    topic: str
    text: str


@dataclass(frozen=True)
class ReportEntry:
    """A page of a report with its metrics.json; ``models`` are labels with keys of entries."""

    page: str
    document: str
    title: str
    created: str
    models: tuple[tuple[str, str], ...]
    images: DataFacts
    said: tuple[Said, ...]


@dataclass(frozen=True)
class ChosenRun:
    """The run that was chosen among those of one λ, by its key, or why none was."""

    weight: float
    key: str | None
    reason: str


@dataclass(frozen=True)
class SweepEntry:
    """Many runs of one trainer, in one folder; ``path`` is its summary.json."""

    path: str
    trainer: str
    variant: str
    images: DataFacts
    complete: int
    failed: int
    choices: tuple[ChosenRun, ...]


@dataclass(frozen=True)
class Unread:
    """A file or folder that was not read, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class FolderIndex:
    """All that was found below a folder; ``name`` is its own name."""

    name: str
    models: tuple[ModelEntry, ...]
    reports: tuple[ReportEntry, ...]
    sweeps: tuple[SweepEntry, ...]
    unread: tuple[Unread, ...]

    @property
    def runs(self) -> int:
        """The number of runs."""
        return sum(model.kind == "run" for model in self.models)

    @property
    def summary(self) -> str:
        """How much was found: "six runs, one report", and what was not read."""
        counts = [count_of(self.runs, "run"), count_of(len(self.reports), "report")]
        counts += [f"{count_of(len(self.unread), 'file')} not read"] if self.unread else []
        return ", ".join(counts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: everything but the bytes of the pictures."""
        plain = dataclasses.asdict(self)
        for model in plain["models"]:
            if model["thumbnail"] is not None:
                del model["thumbnail"]["address"]
        return plain


def merged(sources: Sequence[Sequence[CodeFacts]]) -> tuple[CodeFacts, ...]:
    """Return what several sources know of each code, the first source that knows a thing first.

    The codes are in the order of the last source, which is the run's own, and others after them.

    >>> rough = CodeFacts("a", 0.7, (Reading(EstimateCell(0.1), OWN),))
    >>> better = CodeFacts("a", readings=(Reading(EstimateCell(0.2), AFTERWARDS),))
    >>> found, = merged([[rough], [better]])
    >>> found.entropy, [reading.amount.value for reading in found.readings]
    (0.7, [0.2, 0.1])
    """
    order = [code.name for source in reversed(sources) for code in source]
    found = {name: CodeFacts(name) for name in dict.fromkeys(order)}
    for source in sources:
        for code in source:
            found[code.name] = _joined(found[code.name], code)
    return tuple(found.values())


def _joined(known: CodeFacts, more: CodeFacts) -> CodeFacts:
    """Return what is known of a code, with what another source knows beside it."""
    readings = (*known.readings, *more.readings)
    afterwards = [reading for reading in readings if reading.reader == AFTERWARDS]
    own = [reading for reading in readings if reading.reader != AFTERWARDS]
    return replace(
        known,
        entropy=more.entropy if known.entropy is None else known.entropy,
        readings=(*afterwards[:1], *own[:1]),
        error=known.error or more.error,
        followed=known.followed or more.followed,
    )
