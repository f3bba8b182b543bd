import numpy as np
import pytest

from infoeval.data import catalogue, load
from infoeval.errors import UserError

RNG = np.random.default_rng(0)
NAMES = ("light_azimuth", "pose_horizontal", "pose_vertical")
WHOLE = {
    "images": RNG.integers(0, 256, (10, 32, 32), dtype=np.uint8),
    "factors": RNG.normal(size=(10, 3)).astype(np.float32),
    "factor_names": np.array(NAMES),
}


def save(root, **arrays):
    path = root / "isomap_faces" / "isomap_faces_32x32.npz"
    path.parent.mkdir()
    np.savez(path, **arrays)
    return path


def test_a_file_in_its_place_is_read(tmp_path):
    save(tmp_path, **WHOLE)
    entry = next(entry for entry in catalogue(tmp_path) if entry.name == "isomap_faces")
    assert entry.present
    parts = [load("isomap_faces", split, root=tmp_path) for split in ("train", "test")]
    assert [part.images.shape for part in parts] == [(8, 1, 32, 32), (2, 1, 32, 32)]
    rows = {bytes(image): row for image, row in zip(WHOLE["images"], WHOLE["factors"], strict=True)}
    for split, part in zip(("train", "test"), parts, strict=True):
        assert (part.name, part.split, part.labels) == ("isomap_faces", split, None)
        assert part.factor_names == NAMES
        assert part.factor_types == ("continuous",) * 3
        for image, row in zip(part.images, part.factors, strict=True):
            np.testing.assert_array_equal(rows.pop(bytes(image)), row)
    assert not rows


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"factor_names": None}, "must hold 3 factors and their factor_names"),
        ({"factors": None}, "must hold 3 factors and their factor_names"),
        (
            {"factors": WHOLE["factors"][:, :2], "factor_names": np.array(NAMES[:2])},
            "must hold 3 factors",
        ),
        ({"images": None}, "holds no array called images"),
    ],
)
def test_other_files_are_refused(tmp_path, changes, reason):
    arrays = {name: array for name, array in (WHOLE | changes).items() if array is not None}
    path = save(tmp_path, **arrays)
    with pytest.raises(UserError, match=f"{path}: {reason}"):
        load("isomap_faces", root=tmp_path)


def test_without_the_file_one_line_says_what_to_put_where(tmp_path):
    with pytest.raises(UserError) as caught:
        load("isomap_faces", root=tmp_path)
    for expected in ("Tenenbaum", "2000", "images, factors and factor_names", str(tmp_path)):
        assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.shared_data
def test_the_real_faces(shared_data):
    parts = [load("isomap_faces", split, root=shared_data) for split in ("train", "test")]
    assert [part.images.shape for part in parts] == [(559, 1, 32, 32), (139, 1, 32, 32)]
    images = np.concatenate([part.images for part in parts]).astype(float)
    factors = np.concatenate([part.factors for part in parts])
    assert len({bytes(image) for image in images}) == len(images) == 698
    assert parts[0].factor_names == NAMES
    np.testing.assert_allclose(factors.mean(0), 0, atol=1e-6)
    # Light from one side makes one half of the image brighter.
    tilt = images[..., :16].mean((1, 2, 3)) - images[..., 16:].mean((1, 2, 3))
    correlations = [abs(np.corrcoef(tilt, factor)[0, 1]) for factor in factors.T]
    assert correlations[0] > 0.7 > 0.4 > max(correlations[1:])
