import pytest

from infoeval.data.split_folders import divide
from infoeval.errors import UserError


def division(*paths):
    return divide("set", [tuple(path.split("/")) if path else () for path in paths])


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "test"),
        ("train", "val"),
        ("Train", "Test"),
        ("TRAIN", "valid"),
        ("training", "testing"),
        ("training_set", "test-set"),
        ("train_images", "ValidationData"),
        ("train", "dev"),
        ("train", "eval"),
        ("train", "evaluation"),
        ("seg_train", "seg_test"),
        ("my train data", "my Test Data"),
        ("train", "test1"),
        ("train2017", "val2017"),
        ("trainA", "testA"),
        ("trainval", "test"),
    ],
)
@pytest.mark.parametrize("around", ["", "dataset/", "a/b/"])
def test_folders_of_splits_by_their_usual_names(train, test, around):
    paths = [f"{around}{train}/cat", f"{around}{test}/cat"]
    found = division(*paths)
    assert found.splits == ("train", "test")
    assert found.depth == 1 + around.count("/")
    is_test = "test" in test.lower()
    assert found.notes == (() if is_test else (f"the test split is {test}",))


@pytest.mark.parametrize(
    ("names", "test"),
    [
        (["train", "val", "test"], "test"),
        (["train", "dev", "eval"], "eval"),
        (["train", "eval", "test"], "test"),
        (["Train", "Valid", "TEST", "dev"], "TEST"),
    ],
)
def test_the_test_split_is_test_or_else_eval_or_else_val(names, test):
    found = division(*names)
    expected = {names[0]: "train", test: "test"}
    assert found.splits == tuple(expected.get(name) for name in names)
    others = [f"{name} (1)" for name in names if name not in expected]
    assert found.notes[-1] == f"images in neither split: {', '.join(others)}"


@pytest.mark.parametrize(
    "paths",
    [
        ["cat", "dog"],
        ["steam_train", "bullet_train", "crash-test"],
        ["trainer", "tester"],
        ["dataset"],
        [""],
    ],
)
def test_other_folders_are_no_splits(paths):
    found = division(*paths)
    assert (found.splits, found.depth, found.notes) == ((), 0, ())


@pytest.mark.parametrize(
    ("paths", "name"),
    [
        (["bus", "car", "train"], "train"),
        (["test", "images"], "test"),
        (["a/train", "a/x"], "train"),
    ],
)
def test_a_class_that_is_called_like_a_split_is_named(paths, name):
    found = division(*paths)
    assert found.splits == ()
    assert found.notes == (f"{name} is taken for a class, not for a split",)


@pytest.mark.parametrize(
    ("paths", "outside"),
    [(["", "train", "cat"], "1 of 3"), (["all/cat", "all/dog", "all"], "1 of 3")],
)
def test_images_beside_the_folders_of_classes_are_noted(paths, outside):
    found = division(*paths)
    assert found.splits == ()
    assert found.notes == (f"{outside} images are in no folder: no labels are used",)


@pytest.mark.parametrize("around", ["", "dataset/", "a/b/"])
def test_classes_may_be_inside_one_folder(around):
    found = division(f"{around}cat", f"{around}dog/old")
    assert (found.splits, found.depth, found.notes) == ((), around.count("/"), ())


@pytest.mark.parametrize("around", ["", "dataset/"])
def test_each_class_may_hold_the_splits(around):
    found = division(*(f"{around}{c}/{s}/good" for c in ("cat", "dog") for s in ("Train", "test")))
    assert (found.splits, found.notes) == (("train", "test") * 2, ())
    assert found.depth == around.count("/")


def test_what_else_is_in_the_classes_is_in_neither_split():
    found = division("cat/train", "cat/val", "cat/masks", "dog/train", "dog/val")
    assert found.splits == ("train", "test", None, "train", "test")
    assert found.notes == ("the test split is val", "images in neither split: masks (1)")


@pytest.mark.parametrize(
    ("paths", "listed"),
    [
        (["test", "val"], "test and val"),
        (["x/Test/cat", "x/dev/cat"], "Test and dev"),
        (["Train", "train", "val"], "Train and train and val"),
        (["train", "dev", "val"], "dev and train and val"),
        (["train/train", "train/val", "test/cat"], "train and val"),
        (["train/train", "train/val", "train/test", "test/cat"], "test and train and val"),
    ],
)
def test_what_is_not_clear_is_an_error_that_names_the_folders(paths, listed):
    match = f"set: holds folders {listed}, and it is not clear which are the splits: name two"
    with pytest.raises(UserError, match=match):
        division(*paths)


def test_train_and_test_win_over_others_of_their_kind():
    found = division("train", "Train", "test", "testing", "")
    assert found.splits == ("train", None, "test", None, None)
    assert found.notes == ("images in neither split: Train (1), testing (1), no folder (1)",)


@pytest.mark.parametrize(
    ("paths", "depth"),
    [
        (["train/a", "train/b"], 1),
        (["x/val/a", "x/val"], 2),
        (["test"], 1),
        (["train/train/a", "train/train/b"], 2),
        (["train/a"], 1),
    ],
)
def test_a_split_alone_is_no_class(paths, depth):
    found = division(*paths)
    assert (found.splits, found.depth) == ((), depth)
    assert "a random fifth of it is the test split" in found.notes[0]


def test_classes_of_one_split_alone_are_named():
    found = division("train/a", "train/b", "test/b/deep", "test/c")
    assert found.notes == ("classes only in train: a", "classes only in test: c")
    many = division(*(f"train/{k:02}" for k in range(13)), "test/00")
    assert many.notes == (
        "classes only in train: 01, 02, 03, 04, 05, 06, 07, 08, 09, 10 and 2 more",
    )


def test_missing_classes_of_some_images_are_noted():
    assert division("train", "test").notes == ()
    for paths in (["train/a", "test"], ["train/a", "train", "test/a"]):
        assert division(*paths).notes == (
            "some images are in no folder of a class: no labels are used",
        )


@pytest.mark.parametrize("twice", ["training_set/training_set", "seg_train/seg_train"])
def test_a_split_may_have_its_name_twice(twice):
    test = twice.replace("train", "test").replace("ing", "")
    found = division(f"{twice}/cat", f"{twice}/dog", f"{test}/cat", f"{test}/dog")
    assert found.splits == ("train", "train", "test", "test")
    assert (found.depth, found.notes) == (2, ())


def test_splits_inside_a_split_that_is_alone_are_the_splits():
    found = division("train/train/cat", "train/val/cat")
    assert (found.splits, found.depth) == (("train", "test"), 2)
