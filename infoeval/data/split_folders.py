"""Which folders of images are splits, and which are classes."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from infoeval.errors import UserError, listing, shown

# Names of the folders of a split; also TrainingSet, seg_train, test1, val2017 or trainA.
_WORDS = {
    "train": ("train", "training", "trainval"),
    "test": ("test", "testing"),
    "eval": ("eval", "evaluation"),
    "val": ("val", "valid", "validation", "dev"),
}
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words}
_NAME = re.compile(
    r"(?P<before>[a-z0-9]+[ _-])?"
    rf"(?P<word>{'|'.join(_KINDS)})"
    r"(?:[ _-]?(?:set|data|images?|imgs|split|[0-9]{1,4}|[ab]))?",
    re.IGNORECASE,
)
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

    Folders called train and test (or training, Testing, test_set, val2017 and the like) are the
    splits. Without test, the test split is eval or else val (or validation, valid, dev). What else
    lies beside them is in neither split. They may have one word before them, as in seg_train and
    seg_test, may be inside one folder that holds everything, may have a folder of the same kind in
    them, and may be in each class instead of around the classes. A split that is alone is not used
    as one, and is no class either.

    Args:
        source: where the images are, for errors.
        folders: of each image.

    Raises:
        UserError: there are folders of splits, but it is not clear which is which.
    """
    depth = 0
    alone = Division()
    while True:
        tops = _at(depth, folders)
        chosen = _choose(source, tops)
        if chosen:
            splits = tuple(None if top is None else chosen.get(top) for top in tops)
            depth = _depth_of_classes(source, folders, splits, depth + 1)
            notes = (*_notes_on_splits(chosen, tops), *_notes_on_classes(folders, splits, depth))
            return Division(splits, depth, notes)
        if set(tops) == {None}:
            return alone
        if len(set(tops)) > 1:
            return _classes(source, folders, depth, alone.notes)
        depth += 1
        name = str(tops[0])
        if _kind(name, "") is not None:
            note = f"there is only {shown(name)}: a random fifth of it is the test split"
            alone = Division((), depth, (note,))


def _at(depth: int, folders: Sequence[Folders]) -> list[str | None]:
    """Return the name of the folder at a depth in which each image is; None where there is none."""
    return [inside[depth] if len(inside) > depth else None for inside in folders]


def _classes(
    source: str, folders: Sequence[Folders], depth: int, notes: tuple[str, ...]
) -> Division:
    """Return the division of folders of classes, each of which may hold folders of splits."""
    tops, inner = _at(depth, folders), _at(depth + 1, folders)
    outside = sum(top is None for top in tops)
    chosen = {} if outside or None in inner else _choose(source, inner)
    if chosen:
        splits = tuple(chosen.get(str(name)) for name in inner)
        more = (*_notes_on_splits(chosen, inner), *_notes_on_classes(folders, splits, depth))
        return Division(splits, depth, (*notes, *more))
    if outside:
        more = (f"{outside:,} of {len(tops):,} images are in no folder: no labels are used",)
    else:
        names = sorted(name for name in set(map(str, tops)) if _kind(name, "") is not None)
        more = tuple(f"{shown(name)} is taken for a class, not for a split" for name in names)
    return Division((), depth, (*notes, *more))


def _kind(folder: str, before: str | None = None) -> str | None:
    """Return the kind of split that a folder is named after, with any prefix or with this one."""
    match = _NAME.fullmatch(folder)
    if match is None or before not in (None, (match["before"] or "").lower()):
        return None
    return _KINDS[match["word"].lower()]


def _choose(source: str, tops: Sequence[str | None]) -> dict[str, str]:
    """Return the split of each folder that is one."""
    names = sorted({top for top in tops if top is not None})
    if {"train", "test"} <= set(names):
        return {"train": "train", "test": "test"}
    matches = filter(None, map(_NAME.fullmatch, names))
    for before in sorted({(match["before"] or "").lower() for match in matches}):
        kinds = {name: kind for name in names if (kind := _kind(name, before)) is not None}
        test_kind = next((kind for kind in _TEST_KINDS if kind in kinds.values()), None)
        if len(set(kinds.values())) < 2 or test_kind is None:
            continue  # at most a class with the name of a split
        training, testing = (
            [name for name, kind in kinds.items() if kind == wanted]
            for wanted in ("train", test_kind)
        )
        if len(training) == len(testing) == 1:
            return {training[0]: "train", testing[0]: "test"}
        raise _unclear(source, kinds)
    return {}


def _unclear(source: str, folders: Iterable[str]) -> UserError:
    listed = " and ".join(map(shown, folders))
    return UserError(
        f"{source}: holds folders {listed}, and it is not clear which are the splits: name two of "
        "them train and test, and move the others away"
    )


def _depth_of_classes(
    source: str, folders: Sequence[Folders], splits: Sequence[str | None], depth: int
) -> int:
    """Return the depth of the folders of classes: a split's folder may hold one of its own name."""
    while True:
        below: dict[str, set[str]] = {"train": set(), "test": set()}
        for inside, split in zip(folders, splits, strict=True):
            if split is not None:
                below[split].add(inside[depth] if len(inside) > depth else "")
        kinds = {name: _kind(name) for name in sorted(below["train"] | below["test"])}
        once = {split: kinds[name] for split, (name, *more) in below.items() if not more}
        if len(once) < 2 or once["train"] != "train" or once["test"] not in _TEST_KINDS:
            break
        depth += 1
    named = [name for name, kind in kinds.items() if kind is not None]
    if "train" in kinds.values() and len({kinds[name] for name in named}) > 1:
        raise _unclear(source, named)
    return depth


def _notes_on_splits(chosen: Mapping[str, str], tops: Sequence[str | None]) -> list[str]:
    test = next(top for top, split in chosen.items() if split == "test")
    notes = [] if _kind(test) == "test" else [f"the test split is {shown(test)}"]
    counts = Counter(top for top in tops if top not in chosen)
    if counts:
        places = [f"{'no folder' if top is None else top} ({n:,})" for top, n in counts.items()]
        notes.append(f"images in neither split: {listing(places)}")
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
    return [f"classes only in {split}: {listing(names)}" for split, names in alone.items() if names]
