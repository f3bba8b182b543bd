import numpy as np
from sklearn.datasets import load_digits

from infoeval.data import load


def test_both_splits_together_are_the_bundled_digits(tmp_path):
    parts = [load("digits", split, root=tmp_path, download=False) for split in ("train", "test")]
    assert [part.images.shape for part in parts] == [(1438, 1, 8, 8), (359, 1, 8, 8)]

    def rows(images, labels):
        return sorted(zip(map(bytes, images), labels.tolist(), strict=True))

    bundled = load_digits()
    scaled = np.rint(bundled.images * (255 / 16)).astype(np.uint8)
    together = [np.concatenate([getattr(p, what) for p in parts]) for what in ("images", "labels")]
    assert rows(*together) == rows(scaled, bundled.target)


def test_pixels_use_the_whole_range_and_every_class_is_in_both_splits():
    for split in ("train", "test"):
        digits = load("digits", split)
        assert (digits.images.min(), digits.images.max()) == (0, 255)
        assert set(digits.labels.tolist()) == set(range(10))
        assert digits.label_names == tuple("0123456789")
