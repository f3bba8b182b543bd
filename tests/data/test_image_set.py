import dataclasses
import hashlib
import struct

import numpy as np
import pytest

from infoeval.data import ImageSet
from infoeval.data.image_set import FACTOR_TYPES, fixed_order, split_indices
from infoeval.errors import UserError
from infoeval.metrics.stats import code_factor_table

IMAGES = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
LABELS = np.array([0, 1])
FACTORS = np.array([[0.5], [1.5]])


def make(**changes):
    return ImageSet(**{"name": "set", "split": "train", "images": IMAGES, **changes})


def test_length_is_the_number_of_images():
    assert len(make()) == 2


def test_fingerprint_is_the_same_on_every_machine():
    whole = make(labels=LABELS, factors=FACTORS)
    described = (
        b"images(2, 3, 4, 5)"
        + bytes(range(120))
        + b"labels(2,)"
        + struct.pack("<2q", 0, 1)
        + b"factors(2, 1)"
        + struct.pack("<2d", 0.5, 1.5)
    )
    assert whole.fingerprint == hashlib.sha256(described).hexdigest()


def test_factor_types_are_those_of_the_metrics():
    assert FACTOR_TYPES == code_factor_table.FACTOR_TYPES
    kinds = ("discrete", "ordinal", "continuous", "periodic", "periodic:360", "periodic:0.5")
    factors = np.arange(12.0).reshape(2, 6) / 7
    known = make(factors=factors, factor_types=kinds)
    assert known.factor_types == kinds
    assert known.fingerprint == make(factors=factors).fingerprint
    columns = code_factor_table.as_table(factors, factors, factor_types=known.factor_types).factors
    assert [column.type for column in columns] == [kind.partition(":")[0] for kind in kinds]


def test_fingerprint_ignores_names_and_memory_layout():
    renamed = make(
        name="other", split="test", images=np.asfortranarray(IMAGES), labels=LABELS.copy()
    )
    assert renamed.fingerprint == make(labels=LABELS, label_names=("a", "b")).fingerprint


def test_fingerprint_tells_contents_apart():
    sets = [
        make(),
        make(images=IMAGES[:, :, ::-1]),
        make(images=IMAGES.reshape(2, 3, 5, 4)),
        make(labels=LABELS),
        make(labels=LABELS[::-1]),
        make(factors=FACTORS),
        make(factors=np.array([[0.5], [np.nextafter(1.5, 2)]])),
        make(factors=LABELS.astype(np.float64)[:, None]),
    ]
    assert len({each.fingerprint for each in sets}) == len(sets)


def test_set_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make().name = "other"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"split": "validation"}, "split must be 'train' or 'test', not 'validation'"),
        ({"images": IMAGES.astype(np.float32)}, "images must be a numpy array of uint8"),
        ({"images": IMAGES.tolist()}, "images must be a numpy array of uint8, not list"),
        ({"images": IMAGES[0]}, r"not \(3, 4, 5\)"),
        ({"images": IMAGES.reshape(2, 4, 3, 5)}, "1 or 3 channels"),
        ({"images": IMAGES[:0]}, "no empty axis"),
        ({"labels": LABELS.astype(np.int32)}, "labels must be a numpy array of int64, not int32"),
        ({"labels": np.array([0, 1, 2])}, r"labels must have shape \(2,\)"),
        ({"labels": LABELS[:, None]}, r"labels must have shape \(2,\)"),
        ({"labels": np.array([0, -1])}, "one is -1"),
        ({"labels": LABELS, "label_names": ("zero",)}, "label 1 has no name"),
        ({"label_names": ("zero",)}, "label_names are given without labels"),
        ({"factors": FACTORS.astype(np.float32)}, "factors must be a numpy array of float64"),
        ({"factors": FACTORS[:, 0]}, r"factors must have shape \(2, k\)"),
        ({"factors": FACTORS[:1]}, r"factors must have shape \(2, k\)"),
        ({"factors": FACTORS[:, :0]}, r"factors must have shape \(2, k\)"),
        ({"factors": np.array([[0.5], [np.nan]])}, "factors must be finite"),
        ({"factors": np.array([[0.5], [np.inf]])}, "factors must be finite"),
        ({"factors": FACTORS, "factor_names": ("a", "b")}, "2 factor_names for 1 factors"),
        ({"factor_names": ("a",)}, "factor_names are given without factors"),
        ({"factor_types": ("discrete",)}, "factor_types are given without factors"),
        ({"factors": FACTORS, "factor_types": ("discrete",) * 2}, "2 factor_types for 1 factors"),
        *(
            ({"factors": FACTORS, "factor_types": (kind,)}, f"must be discrete or .*{kind!r}")
            for kind in (
                *("", "d", "Discrete", "angle", "p:360", "discrete:2", "periodic:", "periodic:0"),
                *("periodic:-1", "periodic:nan", "periodic:inf", "periodic:x", "periodic:1:2"),
            )
        ),
    ],
)
def test_wrong_contents_are_refused(changes, reason):
    with pytest.raises(UserError, match=reason):
        make(**changes)


@pytest.mark.parametrize(("n", "test"), [(2, 1), (3, 1), (5, 1), (9, 1), (10, 2), (1797, 359)])
def test_splits_share_nothing_and_leave_nothing_out(n, test):
    parts = [split_indices("set", n, split) for split in ("train", "test")]
    assert [len(part) for part in parts] == [n - test, test]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(n))


def test_split_never_changes():
    assert split_indices("set", 10, "test").tolist() == [9, 0]
    assert split_indices("set", 10, "train").tolist() == [6, 2, 8, 3, 1, 4, 7, 5]


def test_fixed_order_never_changes():
    assert fixed_order(10).tolist() == [9, 0, 6, 2, 8, 3, 1, 4, 7, 5]


def test_both_parts_are_spread_over_the_whole_set():
    for split in ("train", "test"):
        first = split_indices("set", 10_000, split)[:1000]
        assert abs(first.mean() - 4999.5) < 4 * 2887 / np.sqrt(1000)  # four standard errors


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_images_are_refused(n):
    with pytest.raises(UserError, match=rf"set: {n} image\(s\) cannot be split"):
        split_indices("set", n, "train")
