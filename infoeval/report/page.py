"""The page: metrics.json and its images in, one self-contained HTML file out."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from infoeval import content
from infoeval.files import write_text
from infoeval.report import figures, numbers, verdict
from infoeval.report.document import Clustering, Code, Document, Image, Result, Run, read
from infoeval.report.images import read_png

__all__ = ["render", "write"]

_TABLE_ROWS = 11
# A column of a grid is at least as wide as its label and at most as wide as leaves room for two
# grids side by side.
_NARROWEST, _WIDEST = 42, 72


@dataclass(frozen=True)
class Picture:
    """A traversal grid as the page shows it."""

    image: Image
    model: str
    address: str
    alt: str
    width: int


@dataclass(frozen=True)
class CurvePanel:
    """A training curve with its table: rows of (step, this run, twin)."""

    title: str
    figure: Markup
    rows: Sequence[tuple[int, float | None, float | None]]


@dataclass(frozen=True)
class ConfusionPanel:
    """A confusion matrix; ``order`` is the Hungarian one."""

    code: str
    figure: Markup
    result: Result
    clusters: Clustering
    order: Sequence[int]


def render(document: Mapping[str, Any], folder: str | os.PathLike[str]) -> str:
    """Return the report as one HTML page, a pure function of its input.

    ``document`` is metrics.json as ``json.load`` gives it; in ``folder`` lie the image files that
    its ``images`` name.

    Raises UserError when the document is malformed, or an image is missing, not a PNG, or not a
    plain file name of that folder.
    """
    whole = read(document)
    return (
        _environment()
        .get_template("page.html")
        .render(
            document=whole,
            this_run=verdict.model_name(whole.run, twin=False),
            twin=verdict.model_name(whole.baseline, twin=True) if whole.baseline else None,
            codes=verdict.about_codes(whole),
            clusters=verdict.about_clusters(whole),
            runs=verdict.about_runs(whole),
            bars=_bars(whole),
            bounds=_bounds(whole),
            confusions=_confusions(whole),
            galleries=_galleries(whole, Path(folder)),
            curves=_curves(whole),
            results=_results(whole),
        )
    )


def write(
    document: Mapping[str, Any],
    folder: str | os.PathLike[str],
    output: str | os.PathLike[str],
) -> None:
    """Write the report of ``render`` to the file ``output``, whole or not at all.

    Raises UserError as ``render`` does, and when ``output`` cannot be written.
    """
    write_text(output, render(document, folder))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(content.folder("reports")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": numbers.number,
        "nats": numbers.nats,
        "percent": numbers.percent,
        "plain": _plain,
    }
    environment.globals["interval"] = numbers.interval
    return environment


def _plain(value: object) -> str:
    """Write nested plain data readably, always in the same order."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)


def _bounds(whole: Document) -> list[tuple[Code, Result | None, Result | None]]:
    """Return each code with its L_I here and in the twin."""
    return [
        (
            code,
            whole.run.find(verdict.OWN_BOUND, code.name),
            whole.baseline.find(verdict.OWN_BOUND, code.name) if whole.baseline else None,
        )
        for code in whole.codes
    ]


def _bars(whole: Document) -> Markup | None:
    rows = _bounds(whole)
    if not any(mine and mine.value is not None for _, mine, _ in rows):
        return None
    groups = [
        figures.BarGroup(
            code.name,
            code.entropy,
            _bar(whole.run, mine, "this run"),
            _bar(whole.baseline, twins, "twin") if whole.baseline else None,
        )
        for code, mine, twins in rows
    ]
    return figures.bars(groups, name="bars", title="L_I of each code against H(c), in nats")


def _bar(run: Run, result: Result | None, otherwise: str) -> figures.Bar:
    weight = run.subject.information_weight
    label = otherwise if weight is None else f"λ = {weight:g}"
    if result is None:
        return figures.Bar(label, None, None, None)
    return figures.Bar(label, result.value, result.low, result.high)


def _confusions(whole: Document) -> list[ConfusionPanel]:
    panels: list[ConfusionPanel] = []
    for result in whole.run.results:
        if result.clustering is None:
            continue
        code = result.target or ""
        order = figures.code_order(result.clustering)
        figure = figures.confusion(
            result.clustering,
            order,
            name=f"confusion-{len(panels)}",
            title=f"Share of each class that is given each code of {code}, in percent",
        )
        panels.append(ConfusionPanel(code, figure, result, result.clustering, order))
    return panels


def _galleries(whole: Document, folder: Path) -> list[tuple[str, list[list[Picture]]]]:
    """Return for each code its grids: a row per range of values, this run's before the twin's."""
    names = [code.name for code in whole.codes]
    names += [image.code for image in whole.images if image.code not in names]
    galleries = []
    for name in dict.fromkeys(names):
        rows: dict[tuple[float | None, float | None], list[Picture]] = {}
        for image in whole.images:
            if image.code == name:
                rows.setdefault((image.low, image.high), []).append(_picture(image, whole, folder))
        if rows:
            ordered = [sorted(row, key=_is_twin) for row in rows.values()]
            galleries.append((name, ordered))
    return galleries


def _is_twin(picture: Picture) -> bool:
    return picture.image.model == "baseline"


def _picture(image: Image, whole: Document, folder: Path) -> Picture:
    png = read_png(folder, image.file)
    if image.model == "subject":
        model = verdict.model_name(whole.run, twin=False)
    else:
        model = verdict.model_name(whole.baseline, twin=True) if whole.baseline else "twin"
    values = ""
    if image.low is not None and image.high is not None:
        values = f" from {image.low:g} to {image.high:g}"
    alt = (
        f"Grid of generated images, {model}: {image.rows} rows of fixed noise, "
        f"{image.columns} columns of {image.code}{values}"
    )
    column = min(max(png.width // image.columns, _NARROWEST), _WIDEST)
    return Picture(image, model, png.address, alt, column * image.columns)


def _curves(whole: Document) -> list[CurvePanel]:
    wanted: list[tuple[str, str, str, float | None]] = [
        (f"information_{code.name}", f"L_I of {code.name}", "nats", code.entropy)
        for code in whole.codes
    ]
    wanted += [
        ("generator_loss", "Generator loss", "loss", None),
        ("discriminator_loss", "Discriminator loss", "loss", None),
    ]
    panels: list[CurvePanel] = []
    for series, title, unit, limit in wanted:
        mine = _line(whole.run, series)
        if mine is None:
            continue
        twins = _line(whole.baseline, series) if whole.baseline else None
        figure = figures.curves(
            mine, twins, limit=limit, unit=unit, name=f"curve-{len(panels)}", title=title
        )
        panels.append(CurvePanel(title, figure, _curve_rows(mine, twins)))
    return panels


def _line(run: Run, series: str) -> figures.Line | None:
    values = run.curve(series)
    return figures.Line(run.history.step, values) if run.history and values else None


def _curve_rows(
    mine: figures.Line, twins: figures.Line | None
) -> list[tuple[int, float | None, float | None]]:
    """Return about ten evenly spaced records; the twin's value where it recorded that step."""
    last = len(mine.steps) - 1
    kept = sorted({round(last * i / (_TABLE_ROWS - 1)) for i in range(_TABLE_ROWS)})
    beside = dict(zip(twins.steps, twins.values, strict=True)) if twins else {}
    return [(mine.steps[i], mine.values[i], beside.get(mine.steps[i])) for i in kept]


def _results(whole: Document) -> list[tuple[Result, Result | None]]:
    """Return every result with the twin's of the same metric, settings of its own and target."""
    twins = {_key(result): result for result in whole.baseline.results} if whole.baseline else {}
    return [(result, twins.get(_key(result))) for result in whole.run.results]


def _key(result: Result) -> tuple[str, str, str | None]:
    return result.metric, str(result.settings.get("own", "")), result.target
