"""Scoring and drawing: all that metrics.json and the pictures beside it hold."""

from collections.abc import Sequence
from typing import Any, Unpack

from infoeval.devices import find_device
from infoeval.errors import UserError
from infoeval.evaluation import Options, Say, score
from infoeval.evaluation.animation import draw_animations
from infoeval.evaluation.gallery import draw_galleries, read_images
from infoeval.evaluation.image_files import Picture
from infoeval.evaluation.options import Recipe
from infoeval.evaluation.report_models import Opened, Scored, about_codes
from infoeval.evaluation.slider_sprites import draw_sprites
from infoeval.evaluation.traversal_images import ROWS, draw_traversals
from infoeval.results import Document, Skipped

__all__ = ["MOST_DRAWN", "as_document", "draw", "named", "recipe_of", "score_model"]

MOST_DRAWN = 6
"""Models that pictures are drawn of: the one shown, a baseline, and then the others in turn."""
GALLERY = "gallery"


def score_model(
    opened: Opened, role: str, metrics: Sequence[str] | None, name: str, **options: Unpack[Options]
) -> Scored:
    """Score one of several models, called `name` in the progress; empty where it is alone."""
    told: Options = {**options, "say": named(options.get("say"), name)}
    return Scored(opened, role, score(opened.scored, metrics, **told))


def named(say: Say | None, name: str) -> Say | None:
    """Tell the name of a model first."""
    if say is None or not name:
        return say
    return lambda text, share: say(f"{name}: {text}", share)


def recipe_of(**options: Unpack[Options]) -> Recipe:
    """What reading real images by a model is told, of the options of a scoring."""
    return Recipe(
        device=find_device(options.get("device", "auto")),
        seed=options.get("seed", 0),
        batch_norm=options.get("batch_norm", "real"),
        skip_broken=options.get("skip_broken", False),
        say=options.get("say") or (lambda text, share: None),
    )


def draw(
    models: Sequence[Scored], animation: str | None, **options: Unpack[Options]
) -> tuple[list[Picture], list[Skipped]]:
    """Pictures of the models, all with the same fixed noise, and what could not be drawn.

    The gallery and the animations are of the model shown first.
    """
    recipe = recipe_of(**options)
    pictures: list[Picture] = []
    for number in _drawn(models):
        opened = models[number].opened
        drawing = opened.drawing(recipe.device)
        if drawing is None:
            continue
        recipe.say(f"drawing pictures of {opened}", None)
        pictures += draw_traversals(drawing, number, recipe.seed)
        pictures += draw_sprites(drawing, number, recipe.seed)
        if number == 0 and animation is not None:
            pictures += draw_animations(drawing, number, animation, rows=ROWS, seed=recipe.seed)
    galleries, skipped = _galleries(models[0], recipe, options)
    return [*pictures, *galleries], skipped


def _drawn(models: Sequence[Scored]) -> list[int]:
    baselines = [number for number, each in enumerate(models) if each.role == "baseline"]
    others = [number for number in range(1, len(models)) if number not in baselines]
    return [0, *baselines[:1], *others][:MOST_DRAWN]


def _galleries(
    model: Scored, recipe: Recipe, options: Options
) -> tuple[list[Picture], list[Skipped]]:
    """The gallery of a model; where its images are missing, the reason why there is none."""
    space = model.opened.codes
    if space is None:
        return [], []
    try:
        real = read_images(model.opened, recipe, options.get("data"), options.get("data_dir"))
    except UserError as error:
        return [], [Skipped(GALLERY, str(error))]
    if real is None:
        return [], []
    return list(draw_galleries(real, space, model.document.results, 0)), []


def as_document(
    models: Sequence[Scored],
    images: Sequence[dict[str, Any]],
    skipped: Sequence[Skipped],
    extra: dict[str, Any],
) -> Document:
    """metrics.json: the first model as `infoeval score --json` has it, and all else beside it."""
    shown = models[0]
    space = shown.opened.codes
    more: dict[str, Any] = {**shown.about(), **extra, "images": list(images)}
    if space is not None:
        more["codes"] = about_codes(space)
    if shown.name:
        more["name"] = shown.name
    if len(models) > 1:
        more["models"] = [model.entry() for model in models[1:]]
    document = shown.document
    return Document(
        subject=document.subject,
        data=document.data,
        environment=document.environment,
        results=document.results,
        skipped=(*document.skipped, *skipped),
        **more,
    )
