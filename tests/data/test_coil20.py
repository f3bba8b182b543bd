import numpy as np
import pytest

from infoeval.data import catalogue, load
from infoeval.errors import UserError

RNG = np.random.default_rng(0)
WHOLE = {
    "images": RNG.integers(0, 256, (10, 64, 64), dtype=np.uint8),
    "factors": np.array([[k, 7 * k] for k in range(10)], dtype=np.uint8),
    "factor_names": np.array(["object", "azimuth_5deg"]),
}


def save(root, **arrays):
    path = root / "coil20" / "coil20_64x64.npz"
    path.parent.mkdir()
    np.savez(path, **arrays)
    return path


def test_a_file_in_its_place_is_read_with_the_azimuth_in_degrees(tmp_path):
    save(tmp_path, **WHOLE)
    assert next(entry for entry in catalogue(tmp_path) if entry.name == "coil20").present
    numbers = {bytes(image): k for k, image in enumerate(WHOLE["images"])}
    for split, count in (("train", 8), ("test", 2)):
        data = load("coil20", split, root=tmp_path)
        assert data.images.shape == (count, 1, 64, 64)
        assert (data.name, data.split, data.label_names) == ("coil20", split, ())
        assert data.factor_names == ("object", "azimuth")
        assert data.factor_types == ("discrete", "periodic:360")
        found = np.array([numbers.pop(bytes(image)) for image in data.images])
        np.testing.assert_array_equal(data.labels, found)
        np.testing.assert_array_equal(data.factors, np.stack([found, 35 * found], axis=1))
    assert not numbers


def changed(row, column, value):
    factors = WHOLE["factors"].astype(float)
    factors[row, column] = value
    return {"factors": factors}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"factor_names": None}, "must hold factors, and factor_names object and azimuth_5deg"),
        ({"factor_names": np.array(["object", "azimuth"])}, "must hold factors, and factor_names"),
        ({"factors": None}, "must hold factors, and factor_names"),
        (changed(slice(None), 0, 20), r"object must be one of 0\.\.19, not 20"),
        (changed(slice(None), 0, -1), r"object must be one of 0\.\.19, not -1"),
        (changed(slice(None), 0, 0.5), r"object must be one of 0\.\.19, not 0.5"),
        (changed(slice(None), 1, 72), r"azimuth_5deg must be one of 0\.\.71, not 72"),
        (changed(slice(None), 1, 1e300), r"azimuth_5deg must be one of 0\.\.71, not 1e\+300"),
        ({"images": None}, "holds no array called images"),
    ],
)
def test_other_files_are_refused(tmp_path, changes, reason):
    arrays = {name: array for name, array in (WHOLE | changes).items() if array is not None}
    path = save(tmp_path, **arrays)
    with pytest.raises(UserError, match=f"{path}: {reason}"):
        load("coil20", root=tmp_path)


def test_without_the_file_one_line_says_what_to_put_where(tmp_path):
    with pytest.raises(UserError) as caught:
        load("coil20", root=tmp_path)
    for expected in ("COIL-20", "object, azimuth_5deg", str(tmp_path), "--data-dir"):
        assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.shared_data
def test_the_real_objects(shared_data):
    parts = [load("coil20", split, root=shared_data) for split in ("train", "test")]
    assert [part.images.shape for part in parts] == [(1152, 1, 64, 64), (288, 1, 64, 64)]
    factors = np.concatenate([part.factors for part in parts])
    assert len(np.unique(factors, axis=0)) == 1440
    assert set(factors[:, 0]) == set(range(20))
    assert set(factors[:, 1]) == set(range(0, 360, 5))
    for part in parts:
        np.testing.assert_array_equal(part.labels, part.factors[:, 0])
    # Neighbouring views of an object are more alike than opposite ones.
    images = np.concatenate([part.images for part in parts]).astype(float)
    views = images[np.lexsort((factors[:, 1], factors[:, 0]))].reshape(20, 72, -1)
    near, far = (np.abs(views - np.roll(views, k, axis=1)).mean((1, 2)) for k in (1, 36))
    assert (near < far).all()
