"""What metrics.json and the images beside it hold: the subjects of a report, scored and drawn."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from infoeval.codes import Categorical, CodeSpace
from infoeval.errors import UserError
from infoeval.evaluation.animation import draw_animations
from infoeval.evaluation.context import Context
from infoeval.evaluation.drawn_images import DrawnImages
from infoeval.evaluation.gallery import draw_galleries
from infoeval.evaluation.image_files import ImageFile
from infoeval.evaluation.inputs import Inputs
from infoeval.evaluation.slider_sprites import draw_sprites
from infoeval.evaluation.traversal_images import ROWS, draw_traversals
from infoeval.results import Document, Skipped
from infoeval.subjects.subject import Subject

__all__ = ["ScoredSubject", "draw", "report_document"]

MOST_DRAWN = 6
"""Images of at most this many subjects are drawn: the one shown, a baseline, then the others."""


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
        entry = {
            "role": self.role,
            "subject": document.subject,
            "data": document.data,
            "results": [asdict(result) for result in document.results],
            "skipped": [asdict(skipped) for skipped in document.skipped],
            **self.subject.describe_training(),
        }
        return entry | ({"name": self.name} if self.name else {})


def draw(
    scored: Sequence[ScoredSubject], animation: str | None, context: Context
) -> tuple[list[ImageFile], list[Skipped]]:
    """Return images of the subjects, all with the same fixed noise, and what could not be drawn.

    The gallery and the animations are of the subject shown first.
    """
    seed = context.options.seed
    files: list[ImageFile] = []
    for number in _drawn(scored):
        subject = scored[number].subject
        if subject.generator is None:
            continue
        images = DrawnImages(subject.generator)
        context.progress(f"drawing images of {subject}", None)
        files += draw_traversals(images, number, seed)
        files += draw_sprites(images, number, seed)
        if number == 0 and animation is not None:
            files += draw_animations(images, number, animation, rows=ROWS, seed=seed)
    shown = scored[0]
    try:
        files += draw_galleries(Inputs(shown.subject, context), shown.document.results, 0)
    except UserError as error:
        return files, [Skipped("gallery", str(error))]
    return files, []


def _drawn(scored: Sequence[ScoredSubject]) -> list[int]:
    baselines = [number for number, each in enumerate(scored) if each.role == "baseline"]
    others = [number for number in range(1, len(scored)) if number not in baselines]
    return [0, *baselines[:1], *others][:MOST_DRAWN]


def report_document(
    scored: Sequence[ScoredSubject],
    images: Sequence[dict[str, Any]],
    skipped: Sequence[Skipped],
    extra: dict[str, Any],
) -> Document:
    """Return metrics.json: the first subject as `infoeval score --json` has it, and all else."""
    shown, *others = scored
    more = {**shown.subject.describe_training(), **extra, "images": list(images)}
    if shown.subject.codes is not None:
        more["codes"] = _describe_codes(shown.subject.codes)
    if shown.name:
        more["name"] = shown.name
    if others:
        more["models"] = [other.entry() for other in others]
    document = shown.document
    return Document(
        subject=document.subject,
        data=document.data,
        environment=document.environment,
        results=document.results,
        skipped=(*document.skipped, *skipped),
        **more,
    )


def _describe_codes(space: CodeSpace) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for name, code in space.items():
        entry: dict[str, Any] = {"name": name, "kind": code.kind, "entropy": code.entropy}
        if isinstance(code, Categorical):
            prior = {"description": f"{code.size} equally likely categories", "size": code.size}
        else:
            prior = {
                "description": f"uniform on [{code.low:g}, {code.high:g}]",
                "low": code.low,
                "high": code.high,
            }
        entries.append(entry | prior)
    return entries
