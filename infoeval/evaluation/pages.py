"""Reports as one call each: a file is shown again as it is, models are scored and drawn."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack, cast

from infoeval.errors import UserError
from infoeval.evaluation.report_files import (
    ANIMATIONS,
    DEFAULT,
    METRICS,
    check_formats,
    check_place,
    files_of,
    write_formats,
)

if TYPE_CHECKING:
    from infoeval.evaluation import Comparison, Options
    from infoeval.evaluation.evaluate import Model

__all__ = ["compare", "metrics_beside", "metrics_given", "report"]


def report(
    models: "Model | Sequence[Model]",
    output: str | Path,
    *,
    baselines: Sequence[str | Path] = (),
    metrics: Sequence[str] | None = None,
    scores: Sequence[str | Path] = (),
    show: int | None = None,
    formats: Sequence[str] | None = None,
    figures: str | Path | None = None,
    animation: str | None = None,
    live: bool = False,
    runtime: str | Path | None = None,
    command: str = "",
    **options: "Unpack[Options]",
) -> Path:
    """Score models, draw what their codes change, and write the page `output`.

    Beside the page a folder `NAME_files` receives `metrics.json`, `results.csv` and the pictures:
    the page is a function of these alone. Everything is written atomically, the page last.

    Args:
        models: a checkpoint; a folder that holds `ckpt.pt`, or runs that do; a model or an `.npz`
            file as `infoeval.evaluation.score` takes them; a list of checkpoints that differ in
            their seeds alone; or a metrics.json, which is shown again as it is, with the pictures
            beside it and without torch.
        output: the HTML file.
        baselines: checkpoints of λ = 0 twins, or folders of them, shown beside the model. In a
            folder of runs, those of λ = 0 are baselines by themselves.
        metrics: see `infoeval.evaluation.score`; `information` of the options adds `mi`.
        scores: files that `infoeval score --json` printed; the models that they are of, by their
            SHA-256, are not scored again. Several of one model are joined.
        show: the seed that is shown first; None: of three or more, the one most like the others,
            by a choice that reads no labels; of fewer, the first.
        formats: of "html", "json" (metrics.json), "csv" (results.csv) and "md" (NAME.md); None:
            the first three, and of a metrics.json the page alone. metrics.json is always there:
            the others are functions of it.
        figures: a folder for every figure as SVG and PDF, and every table as LaTeX and CSV.
        animation: "gif" or "webp": draw an animated traversal of each code, too.
        live: put the generator itself into the page; see `infoeval.live`.
        runtime: the folder of onnxruntime-web, for `live`.
        command: what the page gives as the command that made it.
        options: see `infoeval.evaluation.score`.

    Returns:
        The page, or what was asked for instead of it.

    Raises:
        UserError: as `score`; for models that do not belong on one page; and where something
            cannot be written.

    """
    output = Path(output)
    _check(output, formats, animation)
    given, again = _each(models), metrics_given(models)
    if again is not None:
        wanted = (baselines, metrics, scores, animation, live, options.get("information"))
        if len(given) > 1 or show is not None or any(wanted):
            raise UserError(f"{again} is shown again as it is: nothing can be added to it")
        return write_formats(again, output, formats or ("html",), figures)
    from infoeval.evaluation.make_report import make_report

    metrics_file = make_report(
        given,
        output,
        baselines=baselines,
        metrics=metrics,
        scores=scores,
        show=show,
        animation=animation,
        live=live,
        runtime=None if runtime is None else Path(runtime),
        command=command,
        **options,
    )
    return write_formats(metrics_file, output, formats or DEFAULT, figures)


def compare(
    models: "Sequence[Model]",
    output: str | Path,
    *,
    metrics: Sequence[str] | None = None,
    formats: Sequence[str] | None = None,
    figures: str | Path | None = None,
    animation: str | None = None,
    command: str = "",
    **options: "Unpack[Options]",
) -> "tuple[Path, Comparison]":
    """Score models by the same recipe, and write a page of them side by side.

    Args:
        models: two or more, as `infoeval.evaluation.score` takes; the first is the one that the
            others are subtracted from.
        output: see `report`; so are the other arguments.
        metrics: see `infoeval.evaluation.score`.
        formats: see `report`.
        figures: see `report`.
        animation: see `report`.
        command: see `report`.
        options: see `infoeval.evaluation.score`.

    Returns:
        The page, and the comparison with its differences.

    Raises:
        UserError: as `infoeval.evaluation.compare` and `report`.

    """
    output = Path(output)
    _check(output, formats, animation)
    from infoeval.evaluation.make_report import make_comparison

    metrics_file, comparison = make_comparison(
        models, output, metrics=metrics, animation=animation, command=command, **options
    )
    return write_formats(metrics_file, output, formats or DEFAULT, figures), comparison


def metrics_given(models: "Model | Sequence[Model]") -> Path | None:
    """The metrics.json among the inputs of a report, if there is one."""
    return next((found for each in _each(models) if (found := _metrics(each))), None)


def metrics_beside(output: str | Path) -> Path:
    """The metrics.json that a report writes beside the page `output`."""
    return files_of(Path(output)) / METRICS


def _check(output: Path, formats: Sequence[str] | None, animation: str | None) -> None:
    check_formats(DEFAULT if formats is None else formats)
    check_place(output)
    if animation is not None and animation not in ANIMATIONS:
        raise UserError(f"an animation is {' or '.join(ANIMATIONS)}, not {animation!r}")


def _each(models: "Model | Sequence[Model]") -> "list[Model]":
    """The models of a list, or of a tuple of paths; another tuple is an encoder and a generator."""
    are_paths = isinstance(models, tuple) and all(isinstance(each, str | Path) for each in models)
    if isinstance(models, list) or are_paths:
        return list(cast("Sequence[Model]", models))
    return [cast("Model", models)]


def _metrics(model: "Model") -> Path | None:
    """The metrics.json that is given, or that lies in a folder that is given."""
    if not isinstance(model, str | Path):
        return None
    path = Path(model)
    if path.suffix.lower() == ".json":
        return path
    return path / METRICS if (path / METRICS).is_file() else None
