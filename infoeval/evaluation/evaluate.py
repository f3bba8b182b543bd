"""Scoring any model: a checkpoint, codes in a file, or a function in a Python file."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard, cast

from torch import Tensor

from infoeval.data import ImageSet
from infoeval.devices import find_device
from infoeval.errors import UserError
from infoeval.evaluation.arrays import read_arrays
from infoeval.evaluation.catalogue import (
    ALL_METRICS,
    CLUSTERING,
    INFORMATION,
    MODELS,
    TABLE,
    Asked,
    parse,
)
from infoeval.evaluation.checkpoint_scores import checkpoint_table, score_checkpoint
from infoeval.evaluation.code_table import CodeTable
from infoeval.evaluation.encoding import code_table, load_splits
from infoeval.evaluation.generated_factors import generated_table
from infoeval.evaluation.information_results import drawn_results
from infoeval.evaluation.options import BatchNorm, Recipe, Say
from infoeval.evaluation.table_results import models_results, table_results
from infoeval.information.budgets import find_budget
from infoeval.metrics.registry import METRICS
from infoeval.results import Document, Result, Skipped, environment, sha256
from infoeval.subjects.model import Encoder, Generator
from infoeval.subjects.user_model import UserModel, find_model, is_user_model, read_codes

__all__ = ["is_checkpoint", "score"]

SEVERAL = "compares models: give several"

Model = str | Path | Encoder | Callable[[Tensor], Any] | tuple[Any, Generator]
Models = Model | Sequence[Model]


def score(
    model: Models,
    metrics: Sequence[str] | None = None,
    *,
    data: str | None = None,
    data_dir: str | Path | None = None,
    seed: int = 0,
    level: float = 0.95,
    samples: int = 20_000,
    fit_images: int | None = None,
    batch_norm: BatchNorm = "real",
    budget: str = "standard",
    information: str | None = None,
    device: str = "auto",
    rows: int = 10_000,
    replicates: int | None = None,
    null: int = 0,
    prune: bool = False,
    code_types: Sequence[str] | None = None,
    factor_types: Sequence[str] | None = None,
    skip_broken: bool = False,
    say: Say | None = None,
) -> Document:
    """Score a model.

    Args:
        model: a checkpoint, opening which runs nothing of its maker's; a `.npz` file of `codes`
            and `factors` (see `infoeval.evaluation.arrays.read_arrays`); `FILE.py:FUNCTION`, which
            is run and returns an encoder; or what such a function returns (see
            docs/your-model.md). A list of several for `udr`, which compares them.
        metrics: names from `ALL_METRICS`, each with settings of its own where wanted, as in
            "mig:preset=laforge"; None: all that apply but `mi`, which takes minutes; the rest is
            skipped with a reason. `mi` brings `mi-synergy` and, of a checkpoint, `mi-refitted` and
            `mi-own` with it.
        data: data set, `.npz` or folder of images to score on; None: what the checkpoint was
            trained on. Matchings and predictors are fitted on its train split, and metrics are
            computed on its test split.
        data_dir: where the named data sets lie.
        seed: of fresh samples, resampling, and the training of the post hoc Q.
        level: of every interval.
        samples: fresh samples of `mi-own`; with `mi`, as many as the budget says.
        fit_images: fit the matching on this many training images, evenly spaced; None: on all.
        batch_norm: which batch-norm statistics Q uses on real images: "real" estimates them on
            training images, "generated" on fresh samples of G, "running" takes those that the
            training left behind.
        budget: what `mi` may cost: "quick", "standard" or "strict".
        information: measure `mi` beside what `metrics` says, even if that is None, at the cost of
            this budget.
        device: "auto", "cpu", "cuda" or "cuda:N".
        rows: images of each split that metrics of codes and factors read, at most.
        replicates: of the intervals of metrics of codes and factors; 0: none; None: as many as
            each needs.
        null: how many tables with shuffled factors these metrics score beside the model's.
        prune: whether they leave dead codes out.
        code_types: "continuous" or "categorical" for every code; None: as they come.
        factor_types: "discrete", "ordinal", "continuous" or "periodic" for every factor; None: as
            the data set says.
        skip_broken: whether pictures that cannot be read are left out, rather than an error. For
            what a checkpoint was trained on, they are where they were left out of its training.
        say: told in a few words what is being done, and which share of it is done, if known.

    Raises:
        UserError: an unusable model, missing data, images of the wrong size, an unknown metric,
            setting or budget, or a metric asked for by name that does not apply.

    """
    asked = None if metrics is None else parse(metrics)
    if asked is not None and information and INFORMATION not in {each.name for each in asked}:
        asked.append(Asked(INFORMATION))
    recipe = Recipe(
        device=find_device(device),
        seed=seed,
        level=level,
        samples=samples,
        fit_images=fit_images,
        batch_norm=batch_norm,
        budget=find_budget(information or budget),
        information=information is not None,
        rows=rows,
        replicates=replicates,
        null=null,
        prune=prune,
        code_types=code_types,
        factor_types=factor_types,
        skip_broken=skip_broken,
        say=say or (lambda text, share: None),
    )
    models = _each(model)
    if not models:
        raise UserError("no model; give a checkpoint, a .npz file or FILE.py:FUNCTION")
    if len(models) > 1:
        return _several(models, asked, recipe, data, data_dir)
    (one,) = models
    for each in asked or ():
        if each.name in MODELS:
            raise UserError(f"{each.name} {SEVERAL}")
    if is_checkpoint(one):
        document = score_checkpoint(one, asked, recipe, data, data_dir)
    elif _holds_codes(one):
        document = _codes(one, asked, recipe, data)
    else:
        document = _user_model(find_model(one), asked, recipe, data, data_dir)
    if asked is not None:
        return document
    others = tuple(Skipped(name, SEVERAL) for name in MODELS)
    return document.model_copy(update={"skipped": (*document.skipped, *others)})


def is_checkpoint(model: Model) -> TypeGuard[str | Path]:
    """Whether a model is a checkpoint of ours: no .npz file, and no function of a Python file."""
    is_path = isinstance(model, str | Path)
    return is_path and not (_holds_codes(model) or is_user_model(str(model)))


def _holds_codes(model: Model) -> TypeGuard[str | Path]:
    return isinstance(model, str | Path) and str(model).lower().endswith(".npz")


def _each(models: Models) -> list[Model]:
    """The models of a list, or of a tuple of paths; another tuple is an encoder and a generator."""
    are_paths = isinstance(models, tuple) and all(isinstance(each, str | Path) for each in models)
    if isinstance(models, list) or are_paths:
        return list(cast(Sequence[Model], models))
    return [cast(Model, models)]


def _codes(
    path: str | Path, asked: Sequence[Asked] | None, recipe: Recipe, data: str | None
) -> Document:
    """Codes and factors of a file."""
    if data is not None:
        raise UserError(f"{path} holds codes and factors: --data has no use")
    if recipe.information:
        raise UserError(f"{INFORMATION}: {path} holds codes, and no generator")
    table = read_arrays(path, recipe.code_types, recipe.factor_types)
    fingerprint = sha256(path)
    results, skipped = _of_table(table, asked, recipe, "codes of a file have no generator")
    return Document(
        subject={"codes": str(path), "sha256": fingerprint},
        data={
            "name": Path(path).name,
            "split": "rows",
            "n": len(table.rows.codes),
            "fingerprint": fingerprint,
        },
        environment=environment("cpu"),
        results=tuple(results),
        skipped=tuple(skipped),
    )


def _user_model(
    model: UserModel,
    asked: Sequence[Asked] | None,
    recipe: Recipe,
    data: str | None,
    data_dir: str | Path | None,
) -> Document:
    """An encoder and perhaps a generator, of a Python file or in memory."""
    only_drawn = asked is not None and all(each.name == INFORMATION for each in asked)
    drawn = recipe.information or any(each.name == INFORMATION for each in asked or ())
    if drawn and model.generator is None:
        raise UserError(f"{INFORMATION}: {model.name} has no generator")
    results: list[Result] = []
    skipped: list[Skipped] = []
    described: dict[str, object] = {}
    if not only_drawn:
        table, images = _encoded(model, recipe, data, data_dir)
        described = images.describe()
        why = "takes minutes: ask for it with --metric mi"
        if model.generator is None:
            why = "the model has no generator"
        results, skipped = _of_table(table, asked, recipe, why)
    if drawn:
        assert model.generator is not None
        skipped = [each for each in skipped if each.metric != INFORMATION]
        results += drawn_results(model.generator.codes, model.generator.generate, recipe)
    return Document(
        subject={"model": model.name, "sha256": sha256(model.path) if model.path else None},
        data=described,
        environment=environment(str(recipe.device)),
        results=tuple(results),
        skipped=tuple(skipped),
    )


def _encoded(
    model: UserModel, recipe: Recipe, data: str | None, data_dir: str | Path | None
) -> tuple[CodeTable, ImageSet]:
    if data is None:
        raise UserError(f"{model.name} reads images: say which with --data")
    splits = load_splits(data, data_dir, recipe)
    table = code_table(lambda images: read_codes(model, images, recipe.seed), splits, recipe)
    generator = model.generator
    if generator is not None:
        drawn = cache(lambda: generated_table(generator, splits, recipe))
        table = replace(table, generated=drawn)
    return table, splits[1]


def _of_table(
    table: CodeTable, asked: Sequence[Asked] | None, recipe: Recipe, why_no_information: str
) -> tuple[list[Result], list[Skipped]]:
    """All metrics of a table that were asked for, or that there are."""
    wanted = [Asked(name) for name in (*CLUSTERING, *TABLE)] if asked is None else asked
    drawn = [each for each in wanted if each.name not in METRICS]
    for each in drawn:
        if each.name != INFORMATION:
            raise UserError(f"{each.name} does not apply: it is about checkpoints of ours")
    found, skipped = table_results(
        table,
        [each for each in wanted if each.name in METRICS],
        recipe.table,
        recipe.say,
        strict=asked is not None,
    )
    if asked is None:
        ours = [name for name in ALL_METRICS if name not in METRICS and name != INFORMATION]
        skipped += [Skipped(name, "is about checkpoints of ours") for name in ours]
        skipped.append(Skipped(INFORMATION, why_no_information))
    return found, skipped


def _several(
    models: Sequence[Model],
    asked: Sequence[Asked] | None,
    recipe: Recipe,
    data: str | None,
    data_dir: str | Path | None,
) -> Document:
    """What several models have in common."""
    chosen = [Asked(name) for name in MODELS] if asked is None else list(asked)
    for each in chosen:
        if each.name not in MODELS:
            raise UserError(f"{each.name} is about one model; of several, {', '.join(MODELS)} is")
    tables = []
    names = []
    for number, model in enumerate(models):
        names.append(str(model) if isinstance(model, str | Path) else f"model {number}")
        if is_checkpoint(model):
            tables.append(checkpoint_table(model, recipe, data, data_dir))
        elif _holds_codes(model):
            tables.append(read_arrays(model, recipe.code_types, recipe.factor_types))
        else:
            tables.append(_encoded(find_model(model), recipe, data, data_dir)[0])
    codes = [table.rows.codes for table in tables]
    results = [models_results(each, codes, names, recipe.table) for each in chosen]
    return Document(
        subject={"models": names},
        data={"n": len(codes[0])},
        environment=environment(str(recipe.device)),
        results=tuple(result for part in results for result in part),
    )
