"""The options of scoring and of reports: each is named, typed, described and checked here only.

The command line's options and the signatures of the Python functions are made from these classes.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from infoeval.errors import UserError, did_you_mean
from infoeval.information.budgets import find_budget
from infoeval.option_fields import DEVICE, option

Progress = Callable[[str, float | None], None]
"""Called with what is being done, and the share of it that is done where that is known."""
PAPER = ("short", "full")
Function = TypeVar("Function", bound=Callable[..., Any])


def no_progress(text: str, share: float | None) -> None:
    """Report nothing."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How models are scored. Raises UserError for a number, word or budget that cannot be."""

    data: Any = option(
        None,
        "Data set, .npz file or folder of images to score on; by default what the checkpoint was "
        "trained on; in Python also images in memory. Matchings and predictors are fitted on its "
        "train split, and metrics are computed on its test split.",
        metavar="NAME|PATH",
    )
    data_dir: str | Path | None = option(
        None, "Folder of the named data sets; by default INFOEVAL_DATA.", envvar="INFOEVAL_DATA"
    )
    skip_broken: bool = option(False, "Leave out image files that cannot be read, and name them.")
    codes: Sequence[str] | None = option(
        None,
        "Columns of a table that are its codes, by name or pattern, such as 'z_*'; by default all "
        "called z…, code…, latent… or dim….",
        metavar="NAME,…",
    )
    factors: Any = option(
        None,
        "Columns of a table that are its factors; by default all but the codes. Or a file of as "
        "many rows that holds them, such as factors.npy.",
        metavar="NAME,…|FILE",
    )
    codes_key: str | None = option(
        None, "Array of a .npz or .h5ad file that holds the codes; codes by default."
    )
    factors_key: str | None = option(
        None, "Array of a .npz file that holds the factors; factors by default."
    )
    prior: str | None = option(
        None,
        "Codes of the decoder in an ONNX file, in the order of its inputs, as in 10,u,n; what is "
        "left of the inputs is noise. By default each input is a standard normal code.",
        metavar="CODES",
    )
    image_range: str = option(
        "0,1",
        "Darkest and brightest value of the images in an ONNX file, such as -1,1 or 0,255.",
        metavar="LOW,HIGH",
    )
    seed: int = option(0, "Seed of samples, of resampling, and of the training of the post hoc Q.")
    level: float = option(0.95, "Confidence level of the intervals.")
    samples: int = option(20_000, "Fresh samples for mi-own; with mi, its budget decides.")
    fit_images: int | None = option(
        None,
        "Fit the matching of categories to classes on this many training images, evenly spaced; "
        "all by default.",
    )
    rows: int = option(
        10_000,
        "Metrics of codes and factors read at most this many images of each split; of a table all "
        "its rows.",
    )
    replicates: int | None = option(
        None,
        "Random halves, and quarters, of the rows that intervals are computed from; 0 for no "
        "intervals. Each metric has its own default, 60 or fewer.",
    )
    null: int | None = option(
        None,
        "Tables with shuffled factors that show what chance scores; 0 for none. Each metric has "
        "its own default, 20 or fewer.",
    )
    references: bool | None = option(
        None,
        "Also score codes of known meaning, made of the same factors: exact, rotated, doubled, one "
        "common cause for all, noise. By default in reports alone, and there by metrics that are "
        "not slow and have no settings of their own.",
    )
    prune: bool = option(False, "Leave inactive codes out of metrics of codes and factors.")
    code_types: Sequence[str] | None = option(
        None,
        "continuous, categorical, periodic or periodic:360, one for each code; by default angles "
        "as the model's priors say, others inferred.",
        metavar="TYPE,…",
    )
    factor_types: Sequence[str] | None = option(
        None,
        "discrete, ordinal, continuous, periodic or periodic:360, one for each factor; by default "
        "as the data set says, else inferred.",
        metavar="TYPE,…",
    )
    batch_norm: Literal["real", "running", "generated"] = option(
        "real",
        "Batch-norm statistics of an encoder when it reads real images: estimated on training "
        "images (real) or on generated ones, or the running ones of its own training.",
        choices=("real", "running", "generated"),
    )
    budget: str = option("standard", "Cost of mi.", metavar="quick|standard|strict")
    information: str | None = option(
        None,
        "Measure mi beside the other metrics, at this cost.",
        metavar="quick|standard|strict",
    )
    device: str = option("auto", DEVICE)
    progress: Progress = option(
        no_progress, "Called with what is being done and the share that is done.", cli=False
    )

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise UserError(f"level must lie between 0 and 1, not {self.level}")
        check_seed(self.seed)
        for name, least in {"samples": 2, "fit_images": 2, "rows": 2}.items():
            number = getattr(self, name)
            if number is not None and number < least:
                raise UserError(f"{name} must be at least {least}, not {number}")
        for name in ("null", "replicates"):
            number = getattr(self, name)
            if number is not None and number < 0:
                raise UserError(f"{name} must be 0 or more, not {number}")
        for budget in (self.budget, self.information):
            if budget is not None:
                find_budget(budget)
        _check_words(self)


@dataclass(frozen=True, kw_only=True)
class PageOptions:
    """What is written of models side by side, beside their scores."""

    formats: Sequence[str] | None = option(
        None,
        "html, json (metrics.json), csv (results.csv) and md (NAME.md); html,json,csv by default, "
        "and of a metrics.json html alone.",
        flag="--format",
        metavar="FORMAT,…",
    )
    figures: str | Path | None = option(
        None,
        "Folder for each figure as SVG and PDF, and each table as LaTeX and CSV.",
        metavar="DIR",
    )
    animation: str | None = option(
        None,
        "Also draw an animated traversal of each code.",
        flag="--animate",
        choices=("gif", "webp"),
    )
    title: str | None = option(None, "Title of the page.", metavar="TEXT")
    notes: str | None = option(None, "Notes that stand below the title.", metavar="TEXT")
    paper: str | None = option(
        None,
        "What a print of the page holds beside what is open on the screen: short, its folded "
        "parts; full, every table, row and range as well. short by default.",
        flag="--print",
        choices=PAPER,
    )
    command: str = option("", "The command that the page names as its origin.", cli=False)

    def __post_init__(self) -> None:
        _check_words(self)

    @property
    def own_words(self) -> dict[str, str]:
        """What the writer says of the page, as it stands in metrics.json."""
        given = {"title": self.title, "notes": self.notes, "paper": self.paper}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class ReportOptions(PageOptions):
    """What is written of one model, or of the seeds of one."""

    baselines: Any = option(
        (),
        "Checkpoint of the same trainer with λ = 0, or a folder of them, shown beside the model; "
        "may be repeated. In a folder of runs those of λ = 0 are baselines.",
        flag="--baseline",
        multiple=True,
    )
    scores: Any = option(
        (),
        "Output of infoeval score --json, whose model, found by SHA-256, is not scored again; may "
        "be repeated. Several of one model are joined.",
        metavar="FILE",
        multiple=True,
    )
    show: int | None = option(
        None,
        "Seed shown first; by default of three or more the one most like the others, chosen "
        "without labels, else the first.",
        metavar="SEED",
    )
    live: bool = option(False, "Put the generator itself into the page.")
    runtime: str | Path | None = option(
        None, "Folder of onnxruntime-web, for --live.", metavar="DIR"
    )


def check_seed(seed: int) -> None:
    """Raise UserError for a seed that torch does not take."""
    if not 0 <= seed < 2**63:
        raise UserError(f"seed must be between 0 and 2^63 − 1, not {seed}")


def _check_words(options: Options | PageOptions) -> None:
    """Raise UserError for a word that is no choice, and a single word in place of a list."""
    for entry in fields(options):
        value, choices = getattr(options, entry.name), entry.metadata.get("choices")
        if choices and value is not None and value not in choices:
            wanted = " or ".join(choices)
            raise UserError(f"{entry.name} must be {wanted}, not {did_you_mean(value, choices)}")
        if isinstance(value, str) and entry.type == Sequence[str] | None:
            raise UserError(f"{entry.name} must be a list, such as [{value!r}]")


def takes_options(*classes: type) -> Callable[[Function], Function]:
    """Return a decorator for a function whose `**options` are the fields of options classes.

    It adds them to the function's signature, and their descriptions to its docstring.
    """
    entries = [entry for kind in classes for entry in fields(kind)]

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        parameters = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        parameters += [
            inspect.Parameter(
                e.name, inspect.Parameter.KEYWORD_ONLY, default=e.default, annotation=e.type
            )
            for e in entries
            if e.name not in signature.parameters
        ]
        function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        lines = [f"    {entry.name}: {entry.metadata['help']}" for entry in entries]
        doc = inspect.cleandoc(function.__doc__ or "")
        function.__doc__ = "\n".join([doc, "", "Options:", *lines])
        return function

    return decorate
