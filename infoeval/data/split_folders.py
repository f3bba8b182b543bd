"""Which folders of images are splits, and which are classes."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infoeval.errors import UserError, shown

# By what the folders of a split are called, also TrainingSet or test_images.
_WORDS = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "eval": ("eval", "evaluation"),
    "val": ("val", "valid", "validation", "dev"),
}
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words}
_NAME = re.compile(rf"({'|'.join(_KINDS)})(?:[ _-]?(?:set|data|images?|imgs|split))?", re.I)
_LISTED = 10  # names in a note
_TEST_KINDS = ("test", "eval", "val")  # the first that is there is the test split

Folders = tuple[str, ...]
"""Names of the folders, from the top, in which an image is."""


@dataclass(frozen=True)
class Division:
    """How folders divide images.

    Args:
        splits: the split of each image, None where it is in neither; empty if no folder says so.
        depth: how many of an image's folders, from the top, are no class.
        notes: what the user should know of this, a sentence each.
    """

    splits: tuple[str | None, ...] = ()
    depth: int = 0
    notes: tuple[str, ...] = ()


def divide(source: str, folders: Sequence[Folders]) -> Division:
    """Return how the folders of images divide them.

    Folders called train and test (or training, Testing, test_set and the like) are the splits.
    Without test, the test split is eval or else val (or validation, valid, dev). What else lies
    beside them is in neither split. They may be inside one folder that holds everything. A split
    that is alone is not used as one, and is no class either.

    Args:
        source: where the images are, for errors.
        folders: of each image.

    Raises:
        UserError: there are folders of splits, but it is not clear which is the training set.
    """
    depth = 0
    while True:
        tops = [inside[depth] if len(inside) > depth else None for inside in folders]
        chosen = _choose(source, [top for top in dict.fromkeys(tops) if top is not None])
        if chosen:
            splits = tuple(None if top is None else chosen.get(top) for top in tops)
            notes = (
                *_notes_on_splits(chosen, tops),
                *_notes_on_classes(folders, splits, depth + 1),
            )
            return Division(splits, depth + 1, notes)
        if len(set(tops)) != 1 or tops[0] is None:
            return Division()
        depth += 1
        if _kind(tops[0]) is not None:
            note = f"there is only {shown(tops[0])}: a random fifth of it is the test split"
            return Division((), depth, (note,))


def _kind(folder: str) -> str | None:
    match = _NAME.fullmatch(folder)
    return _KINDS[match[1].lower()] if match else None


def _choose(source: str, tops: Sequence[str]) -> dict[str, str]:
    """Return the split of each folder that is one."""
    if {"train", "test"} <= set(tops):
        return {"train": "train", "test": "test"}
    by_kind: dict[str, list[str]] = {}
    for top in sorted(tops):
        kind = _kind(top)
        if kind is not None:
            by_kind.setdefault(kind, []).append(top)
    test_kind = next((kind for kind in _TEST_KINDS if kind in by_kind), None)
    if len(by_kind) < 2 or test_kind is None:  # at most a class that is called like a split
        return {}
    training, testing = by_kind.get("train", []), by_kind[test_kind]
    if len(training) == len(testing) == 1:
        return {training[0]: "train", testing[0]: "test"}
    listed = " and ".join(shown(top) for top in sorted(tops) if _kind(top) is not None)
    problem = "none of them is train" if not training else "which are the splits is not clear"
    raise UserError(f"{source}: holds folders {listed}; {problem}: call two of them train and test")


def _notes_on_splits(chosen: Mapping[str, str], tops: Sequence[str | None]) -> list[str]:
    test = next(top for top, split in chosen.items() if split == "test")
    notes = [] if _kind(test) == "test" else [f"the test split is {shown(test)}"]
    counts = Counter(top for top in tops if top not in chosen)
    if counts:
        places = [f"{'no folder' if top is None else top} ({n:,})" for top, n in counts.items()]
        notes.append(f"images in neither split: {_listed(places)}")
    return notes


def _notes_on_classes(
    folders: Sequence[Folders], splits: Sequence[str | None], depth: int
) -> list[str]:
    """Return a note for classes of one split alone, or where images of one have no class."""
    classes: dict[str, set[str | None]] = {"train": set(), "test": set()}
    for inside, split in zip(folders, splits, strict=True):
        if split is not None:
            classes[split].add(inside[depth] if len(inside) > depth else None)
    both = classes["train"] & classes["test"]
    if classes["train"] | classes["test"] == {None}:
        return []
    if None in classes["train"] | classes["test"]:
        return ["some images are in no folder of a class: no labels are used"]
    alone = {split: sorted(map(str, names - both)) for split, names in classes.items()}
    return [f"classes only in {split}: {_listed(names)}" for split, names in alone.items() if names]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(map(shown, names[:_LISTED])) + more
