"""The page about directions: metrics.json, images along each direction, and the HTML of both."""

from datetime import UTC, datetime
from pathlib import Path

from infoeval.evaluation.evaluate_directions import EvaluatedDirections
from infoeval.evaluation.image_files import ReportImage, remove_unnamed, write_image_files
from infoeval.evaluation.make_report import describe_codes
from infoeval.evaluation.options import PageOptions
from infoeval.evaluation.report_files import (
    DEFAULT,
    METRICS,
    files_of,
    locked_report,
    write_formats,
)
from infoeval.evaluation.report_images import DrawnImages, draw_traversal_files
from infoeval.evaluation.slider_sprites import draw_sprites
from infoeval.results import Document


def write_directions_page(
    evaluated: EvaluatedDirections,
    output: Path,
    *,
    seed: int = 0,
    written: PageOptions | None = None,
) -> Path:
    """Return the page `output`, written with its NAME_files as `infoeval.evaluation.pages` does.

    Sliders are left out where some directions are not orthogonal: these do not move together.
    Raises UserError where it cannot be written.
    """
    files: list[ReportImage] = []
    generators = [DrawnImages(subject.generator) for subject in evaluated.subjects]
    with locked_report(output):
        for generator in generators:
            files += draw_traversal_files(generator, 0, seed)
        if len(generators) == 1:
            files += draw_sprites(generators[0], 0, seed)
        folder, document = files_of(output), evaluated.document
        entries = write_image_files(files, folder)
        codes = [entry for generator in generators for entry in describe_codes(generator.codes)]
        order = list(evaluated.nats())
        Document(
            subject=document.subject,
            data=document.data,
            environment=document.environment,
            results=document.results,
            skipped=document.skipped,
            codes=sorted(codes, key=lambda code: order.index(code["name"])),
            images=entries,
            command=written.command if written else "",
            created=datetime.now(UTC).date().isoformat(),
            **(written.own_words if written else {}),
        ).save(folder / METRICS)
        remove_unnamed(folder, [entry["file"] for entry in entries])
        return write_formats(folder / METRICS, output, DEFAULT, None)
