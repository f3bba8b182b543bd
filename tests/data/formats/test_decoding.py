import threading
import warnings

import numpy as np
import pytest

from infoeval.data.formats import decoding
from infoeval.data.formats.decoding import decode_all, map_files
from infoeval.data.formats.image_archives import ImageFile, find_images
from infoeval.data.formats.image_reading import open_image
from infoeval.errors import UserError
from tests.data.archives import picture, tar_bytes

RNG = np.random.default_rng(0)
COUNT = 20


def some(folder, broken=()):
    """Write images of plain greys of which the k-th has the value k; some are cut."""
    for k in range(COUNT):
        content = picture(np.full((6, 5), k, dtype=np.uint8), "PNG")
        (folder / f"{k:02}.png").write_bytes(content[:45] if k in broken else content)
    return find_images(folder, lambda path: True)[0]


def decode(one: ImageFile):
    with open_image(one) as image:
        return np.asarray(image)[None]


@pytest.mark.parametrize("batch", [1, 7, 256])
def test_all_are_decoded_in_their_order(tmp_path, monkeypatch, batch):
    monkeypatch.setattr(decoding, "_BATCH", batch)
    images = np.zeros((COUNT, 1, 6, 5), dtype=np.uint8)
    reports = []
    kept, left_out = decode_all(
        some(tmp_path), images, decode, progress=lambda done, total: reports.append((done, total))
    )
    assert (kept, left_out) == (list(range(COUNT)), ())
    assert (images == np.arange(COUNT)[:, None, None, None]).all()
    assert reports[-1] == (COUNT, COUNT)
    assert reports == sorted(reports)


@pytest.mark.parametrize("broken", [(0,), (3, 4, 11), (19,), tuple(range(19))])
def test_broken_images_are_left_out_and_named(tmp_path, broken):
    pictures = some(tmp_path, broken)
    images = np.zeros((COUNT, 1, 6, 5), dtype=np.uint8)
    with pytest.raises(UserError) as caught:
        decode_all(pictures, images, decode)
    assert str(caught.value).startswith(f"{tmp_path}/{broken[0]:02}.png: a broken image (")
    assert str(caught.value).endswith("; add --skip-broken to leave broken images out")
    kept, left_out = decode_all(pictures, images, decode, skip_broken=True)
    assert kept == [k for k in range(COUNT) if k not in broken]
    assert left_out == tuple(f"{tmp_path}/{k:02}.png" for k in broken)
    assert (images[: len(kept)] == np.array(kept)[:, None, None, None]).all()


def test_nothing_but_broken_images_is_an_error(tmp_path):
    pictures = some(tmp_path, range(COUNT))
    with pytest.raises(UserError, match=r"none of 20 images can be used; the first: .*00\.png"):
        decode_all(pictures, np.zeros((COUNT, 1, 6, 5), np.uint8), decode, skip_broken=True)


def test_what_is_not_the_fault_of_an_image_is_no_broken_image(tmp_path):
    def work(k):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        map_files(some(tmp_path), work, skip_broken=True)


def test_few_images_are_open_at_a_time(tmp_path):
    """Memory holds as many originals as there are threads, whatever the number of images."""
    lock, now, most = threading.Lock(), [0], [0]

    def work(k):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        with open_image(pictures[k]) as image:
            image.load()
        with lock:
            now[0] -= 1

    pictures = some(tmp_path)
    map_files(pictures, work)
    assert 1 <= most[0] <= decoding._THREADS <= 8


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "WEBP"])
def test_every_cut_or_changed_image_is_a_user_error_or_harmless(tmp_path, form):
    content = picture(RNG.integers(0, 256, (20, 20), dtype=np.uint8), form)
    damaged = [content[:end] for end in range(0, len(content), 37)]
    for _ in range(100):
        changed = bytearray(content)
        changed[RNG.integers(min(len(content), 200))] ^= 1 << RNG.integers(8)
        damaged.append(bytes(changed))
    path = tmp_path / "a.tar"
    path.write_bytes(tar_bytes((f"{k}", each) for k, each in enumerate(damaged)))
    errors = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in find_images(path, lambda path: True)[0]:
            try:
                with open_image(one) as image:
                    image.load()
            except UserError as error:
                errors.append(str(error))
    assert len(errors) > 10
    for error in errors:
        assert error.startswith(f"{path}: ")
        assert "\n" not in error


def test_an_image_of_too_many_pixels_is_not_decoded(tmp_path):
    pictures = some(tmp_path)
    with open_image(pictures[0], max_pixels=30) as image:
        assert image.size == (5, 6)
    with (
        pytest.raises(UserError, match=r"00\.png: has 5×6 pixels; the limit is 29"),
        open_image(pictures[0], max_pixels=29),
    ):
        pass


def test_only_the_formats_asked_for_are_read(tmp_path):
    with (
        pytest.raises(UserError, match=r"00\.png: broken, or not an image \(JPEG or BMP\)"),
        open_image(some(tmp_path)[0], formats=("JPEG", "BMP")),
    ):
        pass


def test_a_file_that_is_gone_is_named(tmp_path):
    pictures = some(tmp_path)
    (tmp_path / "00.png").unlink()
    with (
        pytest.raises(UserError, match=r"00\.png: a broken image \(.*No such file"),
        open_image(pictures[0]),
    ):
        pass
