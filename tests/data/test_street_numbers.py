import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from infoeval.data import street_numbers
from infoeval.data.formats.cache import cache_folder, progress_to
from infoeval.data.source import LoadRequest
from infoeval.data.street_numbers import SOURCE, draw_street_numbers
from infoeval.errors import UserError

NAMES = (
    *("digit", "left", "right", "font", "light_digit"),
    *("contrast", "wall_hue", "digit_hue", "lighting"),
)
DISCRETE = {"digit": 10, "left": 11, "right": 11, "font": 6, "light_digit": 2}
RANGES = {"contrast": (0.3, 0.6), "lighting": (0.4, 1.2)}
NONE = 10


def load(split):
    return SOURCE.load(LoadRequest(Path("unused"), split))


@pytest.fixture(scope="module")
def test_part():
    """The first half of the test split."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(street_numbers._COUNTS, "test", 3000)
        return load("test")


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(street_numbers, "_COUNTS", {"train": 120, "test": 40})


def scenes(n, **values):
    """Return factors that are random but for those given."""
    rng = np.random.default_rng(0)
    columns = {name: rng.integers(count, size=n) for name, count in DISCRETE.items()}
    columns |= {name: rng.uniform(*ends, n) for name, ends in RANGES.items()}
    columns |= {"wall_hue": rng.uniform(0, 360, n), "digit_hue": rng.uniform(0, 360, n)}
    columns |= values
    return np.stack([np.broadcast_to(columns[name], n) for name in NAMES], axis=1).astype(float)


def drawn(n, **values):
    return draw_street_numbers(scenes(n, **values)).astype(int)


def test_it_says_what_it_holds(test_part):
    assert test_part.images.shape == (3000, 3, 32, 32)
    assert test_part.label_names == tuple("0123456789")
    assert test_part.factor_names == NAMES
    types = dict(zip(NAMES, test_part.factor_types, strict=True))
    assert {name for name in NAMES if types[name] == "discrete"} == set(DISCRETE)
    assert types["wall_hue"] == types["digit_hue"] == "periodic:360"
    assert types["lighting"] == types["contrast"] == "continuous"
    np.testing.assert_array_equal(test_part.labels, test_part.factors[:, 0])


def test_every_factor_takes_its_values_as_often_as_is_said(test_part):
    factors = dict(zip(NAMES, test_part.factors.T, strict=True))
    for name, count in DISCRETE.items():
        shares = np.bincount(factors[name].astype(int), minlength=count) / 3000
        empty = 0.3 if count == 11 else 0
        expected = np.full(count, (1 - empty) / min(count, 10))
        expected[10:] = empty
        assert shares == pytest.approx(expected, abs=0.025)
    for name, (least, most) in {**RANGES, "wall_hue": (0, 360), "digit_hue": (0, 360)}.items():
        tenths = np.histogram(factors[name], 10, (least, most))[0] / 3000
        assert tenths == pytest.approx(0.1, abs=0.02)


def test_factors_are_independent(test_part):
    features = []
    for name, values in zip(NAMES, test_part.factors.T, strict=True):
        if name in DISCRETE:
            features.append(values[:, None] == np.arange(DISCRETE[name] - 1))
        elif name in RANGES:
            features.append(values[:, None])
        else:
            angle = np.radians(values)
            features.append(np.stack([np.cos(angle), np.sin(angle)], 1))
    for k, one in enumerate(features):
        for other in features[k + 1 :]:
            both = np.corrcoef(np.hstack([one, other]).astype(float).T)
            assert np.abs(both[: one.shape[1], one.shape[1] :]).max() < 5 / np.sqrt(3000)


def test_the_label_is_the_digit_in_the_image(test_part):
    """Grey levels in the middle columns, with the contrast taken out, tell the digit."""
    light = test_part.factors[:, NAMES.index("light_digit")]
    grey = test_part.images[:, :, ::2, 6:26:2].mean(axis=1).reshape(3000, -1)
    grey = (grey - grey.mean(1, keepdims=True)) / grey.std(1, keepdims=True)
    grey *= np.where(light == 1, 1, -1)[:, None]
    classifier = LogisticRegression(max_iter=200).fit(grey[:2000], test_part.labels[:2000])
    assert classifier.score(grey[2000:], test_part.labels[2000:]) > 0.8


@pytest.mark.usefixtures("few")
def test_splits_are_rows_of_one_table():
    train, test = load("train"), load("test")
    assert (len(train), len(test)) == (120, 40)
    factors = np.concatenate([train.factors, test.factors])
    assert len(np.unique(factors, axis=0)) == 160
    together = np.concatenate([train.images, test.images])
    np.testing.assert_array_equal(draw_street_numbers(factors), together)


@pytest.mark.usefixtures("few")
def test_it_is_drawn_once_and_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("INFOEVAL_CACHE", str(tmp_path))
    reports = []
    with progress_to(lambda what, share: reports.append((what, share))):
        first = load("train")
    assert reports[-1] == ("preparing street_numbers, 120 of 120", 1)
    monkeypatch.setattr(street_numbers, "draw_street_numbers", lambda *_: pytest.fail("drawn"))
    assert load("train").fingerprint == first.fingerprint
    assert len(list(cache_folder().iterdir())) == 1


def test_another_process_draws_the_same():
    factors = [[7, 1, 10, font, 1, 0.5, 30, 200, 1] for font in range(6)]
    code = (
        "import hashlib; from infoeval.data.street_numbers import draw_street_numbers as draw;"
        f"print(hashlib.sha256(draw({factors}, 3).tobytes()).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    here = hashlib.sha256(draw_street_numbers(factors, 3).tobytes()).hexdigest()
    assert done.stdout.strip() == here


def test_a_row_is_drawn_from_its_factors_and_number_alone():
    factors = scenes(150)
    whole = draw_street_numbers(factors)
    np.testing.assert_array_equal(draw_street_numbers(factors[70:140], 70), whole[70:140])
    np.testing.assert_array_equal(draw_street_numbers(factors[149:], 149), whole[149:])
    again = draw_street_numbers(np.repeat(factors[:1], 20, axis=0)).reshape(20, -1)
    assert len(np.unique(again, axis=0)) == 20


@pytest.mark.parametrize(("side", "columns"), [("left", slice(16, 32)), ("right", slice(0, 16))])
def test_a_neighbour_changes_its_own_side_only(side, columns):
    alone = drawn(200, **{side: NONE}, contrast=0.6, lighting=1)
    for digit in (0, 3, 8):
        change = abs(drawn(200, **{side: digit}, contrast=0.6, lighting=1) - alone).max(axis=1)
        assert change[..., columns].max() == 0
        assert ((change > 30).sum(axis=(1, 2)) >= 5).mean() > 0.99


def test_the_digit_changes_the_middle_only():
    change = abs(drawn(200, digit=1) - drawn(200, digit=8)).max(axis=(0, 1))
    assert change[16, 16] > 0
    for border in (change[:2], change[-2:], change[:, :2], change[:, -2:]):
        assert border.max() == 0


def test_lighting_scales_the_brightness():
    steps = (0.4, 0.6, 0.8, 1.0, 1.2)
    brightness = [drawn(200, lighting=value).mean(axis=(1, 2, 3)) for value in steps]
    assert (np.diff(brightness, axis=0) > 0).all()
    # At 1.2 the lightest images are overexposed, at 0.4 noise is cut off at black.
    assert brightness[3] / brightness[1] == pytest.approx(1 / 0.6, rel=0.05)


@pytest.mark.parametrize("light_digit", [0, 1])
def test_contrast_and_light_digit_set_the_digit_off_from_the_wall(light_digit):
    fixed = {"left": NONE, "right": NONE, "font": 1, "lighting": 1, "light_digit": light_digit}
    # The middle of the stroke of a bold 1 against the outermost pixels at its height.
    faint, strong = (
        (lambda grey: grey[:, 10:22, 12:20] - np.median(grey[:, 10:22, :3]))(
            drawn(100, digit=1, contrast=contrast, **fixed).mean(axis=1)
        )
        for contrast in (0.3, 0.6)
    )
    peak = np.max if light_digit else np.min
    for difference, contrast in ((faint, 0.3), (strong, 0.6)):
        off = np.median(peak(difference, axis=(1, 2))) * (1 if light_digit else -1)
        assert off / 255 == pytest.approx(contrast, abs=0.1)


@pytest.mark.parametrize("factor", ["wall_hue", "digit_hue"])
def test_hues_are_seen_where_they_belong(factor):
    """Red at 0, green at 120, blue at 240; the wall's at the border, the digit's on its stroke."""
    other = "digit_hue" if factor == "wall_hue" else "wall_hue"
    fixed = {"digit": 1, "left": NONE, "right": NONE, "font": 1, "lighting": 1, other: 60}
    pictures = np.stack([drawn(50, **{factor: hue}, **fixed) for hue in (0, 120, 240)])
    border, stroke = pictures[..., 10:22, :3], pictures[..., 12:20, 15:17]
    own, foreign = (border, stroke) if factor == "wall_hue" else (stroke, border)
    assert own.mean(axis=(1, 3, 4)).argmax(axis=1).tolist() == [0, 1, 2]
    assert abs(foreign[0] - foreign[1]).mean() < abs(own[0] - own[1]).mean() / 4


def test_fonts_differ():
    pictures = [drawn(30, font=font) for font in range(6)]
    for k, one in enumerate(pictures):
        for other in pictures[k + 1 :]:
            assert (abs(one - other).mean(axis=(1, 2, 3)) > 0.5).all()


def test_no_rows_are_no_images():
    assert draw_street_numbers(np.empty((0, 9))).shape == (0, 3, 32, 32)


@pytest.mark.parametrize(
    ("factor", "value", "says"),
    [
        ("digit", 10, "digit must be a whole number, 0 to 9, not 10"),
        ("digit", 1.5, "digit must be a whole number"),
        ("left", 11, "left must be a whole number, 0 to 10, not 11"),
        ("right", -1, "right must be"),
        ("font", 6, "font must be"),
        ("light_digit", 2, "light_digit must be"),
        ("contrast", 0.2, "contrast must be 0.3 to 0.6, not 0.2"),
        ("wall_hue", 360, r"wall_hue must be in \[0, 360\), not 360"),
        ("digit_hue", np.inf, "digit_hue must be"),
        ("lighting", np.nan, "lighting must be 0.4 to 1.2, not nan"),
    ],
)
def test_a_value_outside_the_range_is_named(factor, value, says):
    with pytest.raises(UserError, match=says):
        draw_street_numbers(scenes(3, **{factor: value}))


@pytest.mark.parametrize("factors", [np.zeros(9), np.zeros((2, 8)), [["a"] * 9], [[0], [0, 1]]])
def test_what_are_no_nine_factors_is_a_user_error(factors):
    with pytest.raises(UserError, match=r"factors must (have shape|be numbers of shape) \(n, 9\)"):
        draw_street_numbers(factors)
