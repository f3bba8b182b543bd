import numpy as np
import pytest
from PIL import Image

from infoeval.data.image_set import split_indices
from infoeval.data.rendered_chairs import SOURCE
from infoeval.data.source import LoadRequest
from infoeval.errors import UserError
from tests.data.archives import picture, tar_bytes

MODELS = ("1028b32dc1873c2afe26a3ac360dbd4", "4aad211e5404764ad51052d387cb9b7", "u0")
AZIMUTHS = (0, 11, 174, 348)
ELEVATIONS = (20, 30)
SEEN = [(m, e, a) for m in MODELS for e in ELEVATIONS for a in AZIMUTHS]


def name_of(model, elevation, azimuth):
    index = AZIMUTHS.index(azimuth) + 32 * ELEVATIONS.index(elevation)
    return f"{model}/renders/image_{index:03}_p{elevation:03}_t{azimuth:03}_r096.png"


def grey_of(seen):
    """Each image has a grey of its own, which tells it from the others."""
    return 10 * SEEN.index(seen)


def content_of(seen):
    """A small image in the official proportions: a chair in the middle, white around it."""
    pixels = np.full((120, 120, 3), 255, dtype=np.uint8)
    pixels[20:100, 20:100] = grey_of(seen)
    return picture(pixels, "PNG")


CONTENTS = {name_of(*seen): content_of(seen) for seen in SEEN}
OTHERS = {
    "all_chair_names.mat": b"MATLAB",
    f"{MODELS[0]}/renders.png": b"x",
    f"{MODELS[0]}/image_000_p020_t000_r096.png": b"x",
    f"{MODELS[0]}/renders/image_0_p20_t0_r96.png": b"x",
}


def write_folder(root, contents=CONTENTS):
    for name, content in (contents | OTHERS).items():
        path = root / "rendered_chairs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root / "rendered_chairs"


def write_tar(root, contents=CONTENTS):
    path = root / "rendered_chairs.tar"
    members = (
        (f"rendered_chairs/{name}", content) for name, content in (contents | OTHERS).items()
    )
    path.write_bytes(tar_bytes(members))
    return path


def chairs(root, split, **options):
    return SOURCE.load(LoadRequest(root, split, **options))


@pytest.mark.parametrize("write", [write_folder, write_tar])
def test_factors_belong_to_their_images(tmp_path, write):
    assert not SOURCE.present(tmp_path)
    write(tmp_path)
    assert SOURCE.present(tmp_path)
    found = []
    for split in ("train", "test"):
        data = chairs(tmp_path, split)
        assert (data.name, data.split, data.labels) == ("rendered_chairs", split, None)
        assert data.images.shape[1:] == (1, 64, 64)
        assert data.factor_names == ("rotation", "elevation", "model")
        assert data.factor_types == ("periodic:360", "ordinal", "discrete")
        assert len(data) == len(split_indices("", len(SEEN), split))
        for image, (rotation, elevation, model) in zip(data.images, data.factors, strict=True):
            seen = (MODELS[int(model)], elevation, rotation)
            assert (image == grey_of(seen)).all()
            found.append(seen)
    assert sorted(found) == SEEN


def test_folder_and_tar_give_the_same(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write_folder(tmp_path / "a")
    write_tar(tmp_path / "b", dict(reversed(CONTENTS.items())))
    for split in ("train", "test"):
        one, other = (chairs(tmp_path / name, split) for name in "ab")
        assert one.fingerprint == other.fingerprint


def test_the_middle_two_thirds_are_resized(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    write_folder(tmp_path, {name_of(*seen): picture(pixels, "PNG") for seen in SEEN[:2]})
    image = chairs(tmp_path, "train").images[0, 0]
    middle = Image.fromarray(pixels).crop((100, 100, 500, 500)).convert("L")
    np.testing.assert_array_equal(
        image, np.asarray(middle.resize((64, 64), Image.Resampling.LANCZOS))
    )


def test_a_broken_image_is_named_or_left_out(tmp_path):
    bad = SEEN[split_indices("", len(SEEN), "train")[2]]
    path = write_tar(tmp_path, CONTENTS | {name_of(*bad): content_of(bad)[:90]})
    name = f"{path}: rendered_chairs/{name_of(*bad)}"
    with pytest.raises(UserError) as caught:
        chairs(tmp_path, "train")
    assert str(caught.value).startswith(f"{name}: a broken image (")
    data = chairs(tmp_path, "train", skip_broken=True)
    assert data.left_out == (name,)
    assert len(data) == len(split_indices("", len(SEEN), "train")) - 1
    for image, (rotation, elevation, model) in zip(data.images, data.factors, strict=True):
        assert (image == grey_of((MODELS[int(model)], elevation, rotation))).all()
    assert chairs(tmp_path, "test").left_out == ()


def test_a_tar_cut_short_is_an_error(tmp_path):
    path = write_tar(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(MODELS[1].encode()) + 600])
    with pytest.raises(UserError, match=f"{path}: truncated after 8 whole images"):
        chairs(tmp_path, "train")
    parts = [chairs(tmp_path, split, skip_broken=True) for split in ("train", "test")]
    assert sum(map(len, parts)) == 8
    assert parts[0].left_out == parts[1].left_out != ()


def test_a_folder_of_something_else_is_an_error(tmp_path):
    write_folder(tmp_path, {})
    with pytest.raises(UserError, match=f"{tmp_path}/rendered_chairs: holds no image such as"):
        chairs(tmp_path, "train")


def test_what_is_missing_is_named_in_one_line_that_names_the_stand_in(tmp_path):
    with pytest.raises(UserError) as caught:
        chairs(tmp_path, "train")
    line = str(caught.value)
    assert line == f"rendered_chairs is not there: {SOURCE.what_to_do(tmp_path)}"
    assert SOURCE.where(tmp_path) == str(tmp_path / "rendered_chairs")
    assert str(tmp_path) in line
    assert "the set chairs" in line
    assert "\n" not in line


def test_the_elevation_and_azimuth_are_degrees_of_the_name(tmp_path):
    """The official azimuths are 0 to 348; one round would end at 360, which is 0 again."""
    write_folder(
        tmp_path,
        {
            f"m/renders/image_{k:03}_p030_t{360 * k // 31:03}_r096.png": CONTENTS[
                name_of(*SEEN[k % 9])
            ]
            for k in range(31)
        },
    )
    parts = [chairs(tmp_path, split).factors for split in ("train", "test")]
    together = np.concatenate(parts)
    assert sorted(together[:, 0]) == [360 * k // 31 for k in range(31)]
    assert (together[:, 1] == 30).all()
    assert (together[:, 2] == 0).all()
