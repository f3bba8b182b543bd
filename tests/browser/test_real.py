"""The page of two models that were trained, for seconds, on MNIST itself."""

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from infoeval import Categorical, CodeSpace, Uniform
from infoeval.data import load
from infoeval.evaluation.pages import report
from infoeval.networks import Dense, Reshape, UpConvolution
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions
from tests.browser.opening import HEIGHT, NARROW, WIDE, opened
from tests.tiny import tiny_trainer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.shared_data]

TRAINER = tiny_trainer(
    name="mnist",
    image_shape=(1, 28, 28),
    codes=CodeSpace(digit=Categorical(10), slant=Uniform(-1, 1), noise=8),
    generator=(
        Dense(7 * 7 * 8, "relu", batch_norm=True),
        Reshape(8, 7, 7),
        UpConvolution(8, "relu", batch_norm=True),
        UpConvolution(1, "tanh"),
    ),
    generator_rate=0.01,
    steps=20,
    batch=64,
)


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("mnist")
    images, test = (load("mnist", split, root=shared_data) for split in ("train", "test"))
    few = {"images": images.images[:1000], "labels": images.labels[:1000]}
    few |= {"test_images": test.images[:500], "test_labels": test.labels[:500]}
    np.savez(home / "few.npz", **few)
    checkpoints = [
        train(
            replace(TRAINER, information_weight=weight),
            images,
            home / f"λ = {weight:g}",
            RunOptions(device="cpu", log_every=4, checkpoint_every=20),
        )
        for weight in (1.0, 0.0)
    ]
    return report(
        checkpoints[0],
        home / "real.html",
        baselines=checkpoints[1:],
        animation="webp",
        data=str(home / "few.npz"),
        samples=500,
        device="cpu",
        command="infoeval report ckpt.pt --baseline gan.pt --animate webp",
    )


def test_real_page_opens_and_its_sliders_change_the_pictures(
    browser: "Browser", real: Path, screenshots: Path
) -> None:
    assert real.stat().st_size < 2.5e6
    with opened(browser, real) as page:
        for width, name in ((NARROW, "narrow"), (WIDE, "wide")):
            page.set_viewport_size({"width": width, "height": HEIGHT})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.screenshot(path=screenshots / f"real-{name}.png", full_page=True)
        image = page.locator("[data-sizes] [data-orders] img").first
        for slider in page.locator("[data-sizes]").get_by_role("slider").all():
            slider.press("Home")
            before = Image.open(io.BytesIO(image.screenshot()))
            slider.press("End")
            after = Image.open(io.BytesIO(image.screenshot()))
            assert np.asarray(before).std() > 5
            assert not np.array_equal(np.asarray(before), np.asarray(after))


def test_axe_finds_no_violation_on_a_real_page(browser: "Browser", real: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with opened(browser, real) as page:
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
