"""A table of the codes of images: a row for each, under names that its reader understands."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy import stats

from infoeval import UserError
from infoeval.data import load
from infoeval.evaluation import encode, score
from infoeval.evaluation.encode_images import table_file
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.subjects.opening import open_subject
from tests.evaluation.conftest import Training


def moments(images):
    x = images.float()[:, 0] / 255
    return {"left": x[:, :, :4].mean((1, 2)), "bright": (x.mean((1, 2)) > 0.2).long()}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images of two classes, whose names are in another order than their numbers."""
    folder = tmp_path_factory.mktemp("Pictures")
    random = np.random.default_rng(0)
    for number in range(23):
        pixels = random.integers(0, 256, (8, 8), np.uint8) // (1 + number % 2)
        place = folder / ("A" if number % 2 else "b") / f"{97 - number}.png"
        place.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(place)
    return folder


def saved(table: pd.DataFrame, path: Path) -> Path:
    with table_file(path) as write:
        write(table)
    return path


def test_every_image_of_a_folder_has_its_row(pictures: Path) -> None:
    table = encode(moments, pictures)
    files = sorted(path.relative_to(pictures).as_posix() for path in pictures.rglob("*.png"))
    assert list(table) == ["file", "code left", "code bright", "label"]
    assert list(table["file"]) == files
    assert list(table["label"]) == [name[0] for name in files]
    pixels = np.stack([np.asarray(Image.open(pictures / name)) for name in files])
    np.testing.assert_allclose(table["code left"], pixels[:, :, :4].mean((1, 2)) / 255, rtol=1e-5)


def test_a_broken_file_is_left_out_where_this_is_asked_for(pictures: Path, tmp_path: Path) -> None:
    for path in list(pictures.rglob("*.png"))[:5]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"broken\.png.*--skip-broken"):
        encode(moments, tmp_path)
    table = encode(moments, tmp_path, skip_broken=True)
    assert len(table) == 5
    assert "broken.png" not in set(table["file"])


def test_one_image_is_enough(pictures: Path, tmp_path: Path) -> None:
    """In a folder, alone, in an archive and as an array: the same codes as among others."""
    one = sorted(pictures.rglob("*.png"))[3]
    every = encode(moments, pictures)
    expected = every[every["file"] == one.relative_to(pictures).as_posix()].iloc[0]
    folder = tmp_path / "one"
    folder.mkdir()
    shutil.copy(one, folder)
    shutil.make_archive(str(tmp_path / "one"), "zip", folder)
    np.savez(tmp_path / "one.npz", images=np.asarray(Image.open(one))[None])
    for given in (folder, one, tmp_path / "one.zip", tmp_path / "one.npz"):
        table = encode(moments, given)
        assert len(table) == 1
        assert table["code left"][0] == expected["code left"]
        assert table["code bright"][0] == expected["code bright"]
        assert table.attrs["notes"] == []
        assert table.iloc[0, 0] == (0 if given.suffix == ".npz" else one.name)


def test_batch_norm_of_one_image_is_that_of_generated_ones(trained: Training, home: Path) -> None:
    path, one = trained("single"), home / "one.npz"
    images = load(home / "images.npz").images
    np.savez(one, images=images[:1])
    table = encode(path, one)
    note = "batch norm: one image has no statistics; generated ones are taken"
    assert table.attrs["notes"] == [note]
    pd.testing.assert_frame_equal(table, encode(path, one, batch_norm="generated"))
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.BatchNorm1d(64)).double()
    network[1].running_mean += 3

    def encode_images(given):
        return network(given.double())

    table = encode(encode_images, one)
    assert table.attrs["notes"] == [note.replace("generated", "running")]
    expected = (images[0].ravel().astype(float) - 3) / np.sqrt(1 + 1e-5)
    np.testing.assert_allclose(table.iloc[0, 1:65].to_numpy(float), expected, atol=1e-9)


def test_rows_of_a_file_of_arrays_are_in_its_order(tmp_path: Path) -> None:
    images = np.arange(60, dtype=np.uint8).repeat(64).reshape(-1, 8, 8) + 50
    factors = np.stack([np.arange(60) % 3, np.arange(60)], axis=1)
    np.savez(tmp_path / "x.npz", images=images, factors=factors, factor_names=["z_shape", "split"])
    table = encode(moments, tmp_path / "x.npz")
    assert list(table["index"]) == list(range(60))
    assert (np.diff(table["code left"]) > 0).all()
    assert list(table)[-2:] == ["factor z_shape", "factor split"]
    assert list(table["factor split"]) == list(range(60))


def test_official_splits_are_told(tmp_path: Path) -> None:
    images = np.full((5, 8, 8), 200, np.uint8)
    np.savez(tmp_path / "x.npz", images=images, test_images=images[:2])
    table = encode(moments, tmp_path / "x.npz")
    assert list(table["split"]) == ["train"] * 5 + ["test"] * 2
    assert list(table["index"]) == [0, 1, 2, 3, 4, 0, 1]


def test_a_checkpoint_tells_probability_and_spread(trained: Training, home: Path) -> None:
    path = trained("read")
    table = encode(path, home / "images.npz", batch_norm="running")
    model = CheckpointModel.open(path)
    both = [load(home / "images.npz", split) for split in ("train", "test")]
    images = np.concatenate([part.images for part in both])
    order = np.argsort(np.concatenate([part.places for part in both]))
    posterior = model.posterior(torch.from_numpy(images[order]))
    q = posterior["digit"].softmax(1).numpy()
    assert list(table)[1:5] == [
        *("code digit", "probability of code digit"),
        *("code slant", "spread of code slant"),
    ]
    np.testing.assert_array_equal(table["code digit"], q.argmax(1))
    np.testing.assert_allclose(table["probability of code digit"], q.max(1), atol=1e-6)
    # The spread is the deviation of the density that L_I is computed with.
    row = {"slant": posterior["slant"][:1]}
    at_mean = model.codes["slant"].log_likelihood(row["slant"], row["slant"][:, 0])
    spread = table["spread of code slant"][0]
    np.testing.assert_allclose(at_mean, stats.norm(scale=spread).logpdf(0), rtol=1e-4)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".npz", ".parquet"])
def test_a_written_table_is_scored_as_its_codes_and_factors(
    pictures: Path, tmp_path: Path, suffix: str
) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    table = encode(moments, pictures)
    table.insert(2, "spread of code left", np.linspace(0.1, 0.2, len(table)))
    table.insert(2, "probability of code bright", np.linspace(0.5, 1, len(table)))
    table.insert(1, "split", ["train", "test"] * 11 + ["test"])
    path = saved(table, tmp_path / f"codes{suffix}")
    codes, factors = open_subject(path).rows[0]
    assert set(codes) == {"code left", "code bright"}
    assert list(factors) == ["label"]
    # Text has as many digits as tell two numbers of the encoder's type apart.
    np.testing.assert_array_equal(codes["code left"].astype(np.float32), table["code left"])
    assert codes["code bright"].dtype.kind == "i"
    found = score(str(path), metrics=["mig"], null=0, replicates=0).results[0].value
    expected = score((table[list(codes)], table[["label"]]), metrics=["mig"], null=0, replicates=0)
    assert found == pytest.approx(expected.results[0].value)


def test_a_factor_called_spread_is_a_factor_where_no_code_has_that_name(tmp_path: Path) -> None:
    frame = pd.DataFrame({"z": [0.0, 1, 2], "spread of wings": [1, 2, 1]})
    frame.to_csv(tmp_path / "birds.csv", index=False)
    assert list(open_subject(tmp_path / "birds.csv").rows[0].factors) == ["spread of wings"]


def test_posteriors_of_a_user_s_encoder_tell_probability_and_spread(pictures: Path) -> None:
    def encode_images(images):
        level = images.float().mean((1, 2, 3)) / 255
        shares = torch.stack([level, 1 - level], 1)
        return {"z": (level, -2 * torch.ones_like(level)), "kind": shares}

    table = encode(encode_images, pictures)
    np.testing.assert_allclose(table["spread of z"], np.exp(-1), rtol=1e-5)
    likeliest = np.maximum(table["z"], 1 - table["z"])
    np.testing.assert_allclose(table["probability of code kind"], likeliest, rtol=1e-4)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"codes": np.zeros((3, 2)), "factors": np.zeros(3)}, "table of codes.*no encoder"),
        ("nowhere.pt", "no checkpoint at nowhere.pt"),
    ],
)
def test_what_cannot_read_images_is_refused(pictures: Path, model: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        encode(model, pictures)


def test_file_names_are_no_formulas_of_spreadsheets(tmp_path: Path) -> None:
    for name in ("=cmd|' !A0.png", "+1.png", "-1.png", "@sum.png", "b.png", "c/=1.png"):
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((4, 4), 90, np.uint8)).save(place)
    files = list(encode(lambda images: images.flatten(1)[:, :2], tmp_path)["file"])
    assert sorted(files) == sorted(
        ["./=cmd|' !A0.png", "./+1.png", "./-1.png", "./@sum.png", "b.png", "c/=1.png"]
    )


def test_labels_and_names_are_written_as_they_are(tmp_path: Path) -> None:
    """A table of data comes back unchanged; docs say that spreadsheets compute formulas."""
    names = ["+1", "=cmd()", "@x"]
    for name in names:
        (tmp_path / "in" / name).mkdir(parents=True)
        Image.fromarray(np.full((8, 8), 90, np.uint8)).save(tmp_path / "in" / name / "a.png")

    def encode_images(images):
        return {"=z": images.float().mean((1, 2, 3))}

    path = saved(encode(encode_images, tmp_path / "in"), tmp_path / "codes.csv")
    back = pd.read_csv(path)
    assert list(back["label"]) == names
    assert list(back["file"]) == ["./+1/a.png", "./=cmd()/a.png", "./@x/a.png"]
    assert list(open_subject(path).rows[0].codes) == ["code =z"]


def test_other_files_are_refused_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"written as \.csv.*not '\.xlsx'"), table_file("a.xlsx"):
        raise AssertionError
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UserError, match="folder"), table_file(tmp_path / "folder.csv"):
        raise AssertionError
