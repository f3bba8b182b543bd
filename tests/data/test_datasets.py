import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from infoeval.data import catalogue, datasets, form_of, load, names, renderer
from infoeval.errors import UserError

DRAWN = {"sprites", "faces", "chairs", "street_numbers"}

STRIPES = """
import numpy as np

from infoeval.data.image_set import ImageSet
from infoeval.data.source import DataSource


def _load(request):
    images = np.zeros((4, 1, 8, 8), dtype=np.uint8)
    images[..., ::2] = 255
    return ImageSet("stripes", request.split, images)


SOURCE = DataSource(name="stripes", description="4 images of stripes", load=_load)
"""


FRESH = """
import os, sys
from infoeval import data

for statement in sys.argv[1:]:
    if (child := os.fork()) == 0:
        exec(statement)
        print(*sys.modules, flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, statement
"""


def imported_by(*statements: str) -> list[set[str]]:
    """Modules of infoeval.data, without their prefix, that each imports in a process of its own."""
    command = [sys.executable, "-c", FRESH, *statements]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True)
    return [
        {
            name.removeprefix("infoeval.data.")
            for name in line.split()
            if name.startswith("infoeval.data.")
        }
        for line in done.stdout.splitlines()
    ]


def test_the_variable_is_where_load_looks(monkeypatch, tmp_path):
    monkeypatch.setenv("INFOEVAL_DATA", str(tmp_path))
    with pytest.raises(UserError, match=str(tmp_path / "MNIST" / "raw")):
        load("mnist", download=False)


def test_catalogue_of_an_empty_root_says_what_to_do(tmp_path):
    entries = {entry.name: entry for entry in catalogue(tmp_path)}
    assert {name for name, entry in entries.items() if entry.present} == {
        "digits",
        "digits_16",
        *DRAWN,
    }
    for name, folder in (
        ("mnist", "MNIST/raw"),
        ("fashion_mnist", "FashionMNIST/raw"),
        ("kmnist", "KMNIST/raw"),
        ("dsprites", "dsprites"),
        ("isomap_faces", "isomap_faces"),
        ("coil20", "coil20"),
        ("celeba", "celeba"),
        ("svhn", "svhn"),
    ):
        assert entries[name].where == str(tmp_path / folder)
        assert entries[name].where in entries[name].what_to_do
        assert "\n" not in entries[name].what_to_do
        with pytest.raises(UserError) as caught:
            load(name, root=tmp_path, download=False)
        assert str(caught.value) == f"{name} is not there: {entries[name].what_to_do}"
    assert entries["digits"].what_to_do == ""


def test_catalogue_of_the_real_root_finds_what_is_there(shared_data):
    missing = {entry.name for entry in catalogue(shared_data) if not entry.present}
    assert missing == {"rendered_chairs"}
    for entry in catalogue(shared_data):
        assert (entry.what_to_do == "") == entry.present


def test_a_part_of_a_set_is_counted(shared_data):
    """Of sets of which all, a part or nothing is there; loading them says the same."""
    entries = {entry.name: entry for entry in catalogue(shared_data)}
    counts = {name: (entry.images, entry.published) for name, entry in entries.items()}
    assert counts["svhn"] == (9_084 + 1_999, 99_289)
    assert counts["celeba"] == (10_000, 202_599)
    assert counts["kmnist"] == (10_000, 70_000)
    assert counts["dsprites"] == (20_000, 737_280)
    assert counts["mnist"] == (70_000, 70_000)
    assert counts["rendered_chairs"] == (None, 86_366)
    assert counts["sprites"] == (None, None)
    for name in ("svhn", "dsprites"):
        note = "a part of the set: {:,} of the {:,} published images".format(*counts[name])
        assert load(name, "test", root=shared_data).notes[-1] == note
    assert load("digits").notes == ()


def test_drawn_sets_have_a_renderer_and_others_none():
    drawn = {entry.name for entry in catalogue() if renderer(entry.name) is not None}
    assert drawn == DRAWN
    assert renderer("Sprites") is renderer("sprites")
    for other in ("nonsense", "sprites.npz", Path("sprites")):
        assert renderer(other) is None


def test_a_set_with_a_missing_file_is_not_present(tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    for name in names:
        assert not catalogue(tmp_path)[0].present
        (raw / f"{name}-ubyte").touch()
    assert catalogue(tmp_path)[0].present


@pytest.mark.parametrize("name", ["fashion-mnist", "fashion_mnist", "Fashion-MNIST"])
def test_names_are_read_leniently(tmp_path, name):
    with pytest.raises(UserError, match="fashion_mnist is not there"):
        load(name, root=tmp_path, download=False)


@pytest.mark.parametrize("name", ["nonsense", "", "\0", "x" * 5000, "nonsense.zip"])
def test_unknown_names_are_answered_with_what_there_is(name):
    with pytest.raises(UserError) as caught:
        load(name)
    for expected in (
        *(
            "mnist",
            "fashion_mnist",
            "kmnist",
            "digits",
            "digits_16",
            "sprites",
            "dsprites",
            "isomap_faces",
            "coil20",
            "celeba",
        ),
        *(".npz file", "folder of images"),
    ):
        assert expected in str(caught.value)
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"), [("minst", "mnist"), ("digit", "digits"), ("FashionMNIST", "fashion_mnist")]
)
def test_a_close_name_is_suggested(name, meant):
    with pytest.raises(UserError, match=f"did you mean '{meant}'"):
        load(name)


@pytest.mark.parametrize("given", ["no/such/folder", "absent.npz", Path("absent"), "~/no-such-set"])
def test_a_path_that_does_not_exist_is_called_so(given):
    with pytest.raises(UserError, match=f"{given} does not exist"):
        load(given)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "images.csv"
    path.write_text("1,2,3")
    with pytest.raises(UserError, match=f"{path}: a data set is a .npz file, a folder of"):
        load(path)


@pytest.mark.parametrize("name", ["mine.npz", "pictures"])
def test_images_of_another_form_are_brought_to_a_shape(tmp_path, name):
    """Grey, 12 wide and 8 high, bright on the left; what is left of a column is the middle."""
    image = np.zeros((8, 12), dtype=np.uint8)
    image[:, :6] = 200
    np.savez(tmp_path / "mine.npz", images=np.stack([image] * 5))
    (tmp_path / "pictures").mkdir()
    for number in range(5):
        Image.fromarray(image).save(tmp_path / "pictures" / f"{number}.png")
    path = tmp_path / name
    assert form_of(path) == ({(8, 12)}, 1)
    plain = load(path)
    assert plain.images.shape == (4, 1, 8, 12)
    assert plain.resized_from == ""
    assert np.array_equal(load(path, shape=(1, 8, 12)).images, plain.images)
    assert load(path, shape=(1, 8, 12)).resized_from == ""
    small = load(path, shape=(3, 4, 4))
    assert small.images.shape == (4, 3, 4, 4)
    assert small.resized_from == "12×8 grey"
    assert (small.images[..., 0] > 150).all()
    assert (small.images[..., 3] < 50).all()


def test_images_of_several_sizes_need_a_shape(tmp_path):
    for number, size in enumerate([(10, 10), (20, 30), (16, 16)] * 2):
        mode = "RGB" if number == 4 else "L"
        Image.new(mode, size, "white").save(tmp_path / f"{number}.png")
    assert form_of(tmp_path) == ({(10, 10), (30, 20), (16, 16)}, 3)
    with pytest.raises(UserError, match="one size and mode"):
        load(tmp_path)
    images = load(tmp_path, shape=(1, 8, 8))
    assert images.images.shape == (5, 1, 8, 8)
    assert (images.images == 255).all()
    assert images.resized_from == "3 sizes from 10×10 to 20×30, RGB"


@pytest.mark.parametrize("given", ["no/such/folder", "nonsense"])
def test_the_form_of_nothing_is_an_error(given):
    with pytest.raises(UserError):
        form_of(given)


def test_a_path_may_be_text(tmp_path):
    np.savez(tmp_path / "mine.npz", images=np.zeros((5, 4, 4), dtype=np.uint8))
    assert load(str(tmp_path / "mine.npz")).name == "mine"


@pytest.mark.parametrize("split", ["validation", "", "Train", None])
def test_other_splits_are_refused(split):
    with pytest.raises(UserError, match="split must be 'train' or 'test'"):
        load("digits", split)


def test_a_data_set_is_one_file_and_one_line_of_the_registry(tmp_path, monkeypatch):
    (tmp_path / "data_set_of_stripes.py").write_text(STRIPES)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(datasets.MODULES, "stripes", "data_set_of_stripes")
    assert names()[-1] == "stripes"
    images = load("Stripes", "test", shape=(1, 4, 4))
    assert (images.name, images.split, images.resized_from) == ("stripes", "test", "8×8 grey")
    entry = catalogue(tmp_path)[-1]
    assert (entry.name, entry.present, entry.what_to_do) == ("stripes", True, "")
    assert entry.description == "4 images of stripes"
    with pytest.raises(UserError, match="did you mean 'stripes'"):
        load("stripe")


def test_every_data_set_declares_its_registered_name():
    assert [entry.name for entry in catalogue()] == list(names()) == list(datasets.MODULES)


BASE = {"datasets", "image_set", "source", "untrusted"}
BASE |= {"formats", "formats.cache", "formats.npy_header"}
"""Modules that are imported whatever the data set."""


def test_importing_the_package_imports_no_data_set():
    assert imported_by("data.names()") == [BASE]


def test_only_the_modules_of_the_set_are_imported(shared_data, tmp_path):
    np.savez(tmp_path / "mine.npz", images=np.zeros((5, 4, 4), dtype=np.uint8))
    (tmp_path / "folder").mkdir()
    for number in range(2):
        Image.new("L", (4, 4)).save(tmp_path / "folder" / f"{number}.png")
    npz = {"formats.npz_file", "formats.npz_images", "formats.npz_pixels"}
    formats = {f"formats.{name}" for name in ("decoding", "image_archives", "image_reading")}
    files = {*formats, "resizing", "split_folders"}
    expected = {
        "digits": {"digits"},
        "digits_16": {"digits", "digits_16", "resizing"},
        "mnist": {"mnist", "formats.idx"},
        "sprites": {"sprites", "rendering", "rendering.factors"},
        "coil20": {"coil20", *npz},
        str(tmp_path / "mine.npz"): npz,
        str(tmp_path / "folder"): {"folder", *files},
    }
    options = f"'test', root={str(shared_data)!r}, download=False"
    found = imported_by(*(f"data.load({name!r}, {options})" for name in expected))
    for name, imported in zip(expected, found, strict=True):
        assert imported == BASE | expected[name], name
        assert len(imported) <= 13


def test_the_form_of_a_file_is_in_its_header(tmp_path):
    for k, (shape, form) in enumerate(
        (
            ((5, 8, 12), ({(8, 12)}, 1)),
            ((5, 8, 12, 3), ({(8, 12)}, 3)),
            ((5, 1, 8, 12), ({(8, 12)}, 1)),
        )
    ):
        path = tmp_path / f"{k}.npz"
        np.savez(path, images=np.full(shape, 300, dtype=np.int64))  # no image could be made of it
        assert form_of(path) == form
    np.savez(path, images=np.zeros((5, 2, 2, 2), dtype=np.uint8))
    with pytest.raises(UserError, match="images must have shape"):
        form_of(path)
