"""From an encoder's posteriors to results: priors, names, comparison, page, and who lacks them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import Categorical, Normal, Uniform, UserError, adapt
from infoeval.data import sprites
from infoeval.evaluation import compare
from infoeval.evaluation.pages import report
from infoeval.evaluation.traversal_figures import draw_traversals
from infoeval.results import Document
from tests.evaluation.scoring import by_name, score, store, table, values

POSTERIOR = ["kl", "active-units", "mig-chen"]
ROWS = {"rows": 200, "data": "sprites", "null": 2}


@pytest.fixture(autouse=True, scope="module")
def few_sprites() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sprites, "_COUNTS", {"train": 300, "test": 200})
        yield


def posterior(images: Tensor) -> tuple[Tensor, Tensor]:
    """Where a sprite is, how large it is, and nothing."""
    place = torch.linspace(-2, 2, images.shape[-1])
    x = images[:, 0]
    area = x.sum((1, 2))
    across, down = (x.sum(1) * place).sum(1) / area, (x.sum(2) * place).sum(1) / area
    mean = torch.stack([across, down, area / 100 - 2, 0 * area], 1)
    return mean, torch.tensor([-4.0, -4, -2, 0]).expand(len(x), -1)


def with_class(images: Tensor) -> dict[str, Any]:
    mean, log_variance = posterior(images)
    shares = torch.stack([mean[:, 2].sigmoid(), 1 - mean[:, 2].sigmoid()], 1)
    return {"z": (mean, log_variance), "class": shares}


def decode(z: Tensor) -> Tensor:
    return z[:, :1, None, None].sigmoid().expand(-1, 1, 8, 8)


def model(function: Callable[[Tensor], Any] = posterior, codes: Any = 4) -> Any:
    return adapt(function, decode, codes=codes)


@pytest.fixture(scope="module")
def document() -> Document:
    return score(model(), [*POSTERIOR, "mig"], **ROWS)


def test_results_of_every_code(document: Document) -> None:
    found = by_name(document)
    of_codes = [values(document)["kl", f"z{number}"] for number in range(4)]
    assert found["kl", "all codes"].value == pytest.approx(sum(of_codes))
    assert of_codes[3] == 0
    assert found["kl", "z0"].low < of_codes[0] < found["kl", "z0"].high  # type: ignore[operator]
    assert found["active-units", None].value == 3
    assert found["active-units-share", None].value == 0.75
    assert found["active-units-share", None].unit == "fraction"
    assert found["active-units-kl", None].value == 3
    assert found["mig-chen", None].details["best_code"][3:] == ["z0", "z1"]
    assert found["mig", None].value == pytest.approx(found["mig-chen", None].value, abs=0.15)
    assert "assumed" not in found["kl", "all codes"].details
    assert found["kl", "all codes"].settings["split"] == "test"


def test_means_score_what_they_did(document: Document) -> None:
    alone = score(model(lambda images: posterior(images)[0]), ["mig"], **ROWS)
    assert values(alone)["mig", None] == values(document)["mig", None]


def test_without_priors_the_standard_normal_one_is_assumed_and_said() -> None:
    found = by_name(score(adapt(posterior), ["kl"], **ROWS))
    first = found["kl", "all codes"]
    assert first.typed.assumed.startswith("the model states no prior")
    assert first.value == pytest.approx(values(score(model(), ["kl"], **ROWS))["kl", "all codes"])


def test_priors_of_other_codes_are_not_those_of_the_encoder() -> None:
    found = by_name(score(adapt(posterior, codes=["a", "b"]), ["kl"], **ROWS))
    assert found["kl", "all codes"].typed.assumed.startswith(
        "the model states no prior of code 0, code 1, code 2, code 3, only of a, b: "
    )


def test_the_prior_is_that_of_the_model() -> None:
    codes = {"z0": Normal(0, 2), "z1": Normal(), "z2": Normal(), "z3": Normal(), "class": None}
    codes["class"] = Categorical(2, (0.9, 0.1))  # type: ignore[assignment]
    found = values(score(model(with_class, codes), ["kl"], **ROWS))
    plain = values(score(model(), ["kl"], **ROWS))
    assert found["kl", "z1"] == plain["kl", "z1"]
    assert found["kl", "z0"] != plain["kl", "z0"]
    even = values(score(model(with_class, codes | {"class": Categorical(2)}), ["kl"], **ROWS))
    assert found["kl", "class"] != even["kl", "class"]
    assert even["kl", "class"] < np.log(2)


def test_a_uniform_prior_has_no_divergence() -> None:
    codes = {"z0": Uniform(-1, 1), "z1": Normal(), "z2": Normal(), "z3": Normal()}
    document = score(model(codes=codes), ["kl"], **ROWS)
    assert ("kl", "z0") not in values(document)
    assert [skipped.reason for skipped in document.skipped] == [
        "z0: a Gaussian posterior has no finite divergence from a prior that is uniform on [-1, 1]"
    ]
    with pytest.raises(UserError, match="kl does not apply: z0, z1, z2, z3: a Gaussian"):
        score(model(codes={f"z{n}": Uniform(-1, 1) for n in range(4)}), ["kl"], **ROWS)


def test_a_single_code_is_no_sum() -> None:
    single = adapt(lambda images: tuple(part[:, :1] for part in posterior(images)))
    assert list(values(score(single, ["kl"], **ROWS))) == [("kl", "code 0")]


@pytest.mark.parametrize("metric", POSTERIOR)
def test_who_has_no_posterior(metric: str, tmp_path: Path) -> None:
    needed = "needs an encoder that returns a mean and a log variance"
    encoder = adapt(lambda images: images.flatten(1)[:, :2])
    for subject, options in (
        (encoder, ROWS),
        (store(tmp_path / "codes.npz", **table()), {}),
        (adapt(decode=decode, codes=2), ROWS),
    ):
        with pytest.raises(UserError, match=f"{metric} does not apply: {needed}"):
            score(subject, [metric], **options)


def test_settings_and_factors() -> None:
    few = by_name(score(model(), ["mig-chen:samples=200"], **ROWS))["mig-chen", None]
    assert few.details["samples"] == 200
    assert few.settings["own"] == {"samples": 200}
    with pytest.raises(UserError, match="kl has no setting"):
        score(model(), ["kl:prior_mean=3"], **ROWS)


def test_a_comparison_is_paired_by_images() -> None:
    def wider(images: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = posterior(images)
        return mean, log_variance + 0.5

    options: dict[str, Any] = {**ROWS, "replicates": 8}
    differences = compare(
        [model(), model(wider)], metrics=["kl", "active-units"], **options
    ).differences
    found = {(one.metric, one.target): one for one in differences}
    whole = found["kl", "all codes"]
    expected = (np.exp([-4, -4, -2, 0]) * (1 - np.exp(0.5)) + 0.5).sum() / 2
    assert whole.difference == pytest.approx(expected, rel=1e-4)
    assert whole.low is not None
    assert whole.high is not None
    assert whole.high - whole.low < 1e-3, "the images are the same"
    assert {target for _, target in found} >= {"z0", "z3", None}


def test_a_page_shows_them_and_says_what_was_assumed(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    report(adapt(posterior), page, metrics=["kl", "active-units"], replicates=4, **ROWS)
    text = page.read_text(encoding="utf-8")
    for shown in ("active-units-kl-share", "code 3", "the standard normal one is assumed"):
        assert shown in text


def test_noise_alone_has_no_information_and_no_traversals(tmp_path: Path) -> None:
    generator = adapt(decode=lambda z: z.reshape(-1, 1, 2, 2).sigmoid(), noise=4)
    with pytest.raises(UserError, match="mi does not apply: the generator has noise alone"):
        score(generator, ["mi"])
    with pytest.raises(UserError, match="noise alone, and no codes to traverse"):
        draw_traversals(generator, tmp_path / "figure.svg")  # type: ignore[arg-type]
    page = report(generator, tmp_path / "page.html", device="cpu")
    assert "the generator has noise alone, and no codes" in page.read_text(encoding="utf-8")
