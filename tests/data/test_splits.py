import numpy as np
import pytest

from infoeval.data.splits import fixed_order, split_indices
from infoeval.errors import UserError


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
