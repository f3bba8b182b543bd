"""Posteriors that encoders return: every form of the same one, and what is ambiguous."""

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch import distributions as laws

import infoeval.subjects.user_model
from infoeval import Categorical, Normal, UserError, adapt
from infoeval.data import ImageSet
from infoeval.subjects.opening import open_subject
from infoeval.subjects.subject import Encoding

N, D = 6, 3
GENERATOR = torch.Generator().manual_seed(0)
MEAN = torch.randn(N, D, generator=GENERATOR)
LOG_VARIANCE = torch.randn(N, D, generator=GENERATOR) - 1
DEVIATION = (LOG_VARIANCE / 2).exp()
SHARES = torch.rand(N, 4, generator=GENERATOR).softmax(1)
IMAGES = ImageSet("noise", "test", np.zeros((N, 1, 4, 4), np.uint8))
PICTURES = torch.zeros(N, 1, 4, 4)


def encoded(value: Any, codes: Any = None) -> Encoding:
    """What an encoder that returns this value for the images is read as."""
    model = (lambda images: value) if codes is None else adapt(lambda images: value, codes=codes)
    return open_subject(model).reader(IMAGES).encode(IMAGES)


class ModelOutput(OrderedDict[str, Any]):
    """As in transformers and diffusers: a mapping whose entries are attributes, too."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


@dataclass
class Latents:
    """A data class."""

    z: Tensor
    z_mean: Tensor
    z_log_var: Tensor


class Lazy:
    """A posterior of properties, with methods beside them."""

    @property
    def mean(self) -> Tensor:
        """The mean."""
        return MEAN

    @property
    def std(self) -> Tensor:
        """The deviation."""
        return DEVIATION

    def scale(self) -> None:
        """Return nothing."""


Pair = namedtuple("Pair", ["mu", "logsigma"])
WIDE = laws.MultivariateNormal(MEAN, covariance_matrix=torch.diag_embed(DEVIATION**2))
FORMS: dict[str, Any] = {
    "pair": (MEAN, LOG_VARIANCE),
    "list": [MEAN, LOG_VARIANCE],
    "arrays": (MEAN.numpy(), LOG_VARIANCE.numpy()),
    "forward": (PICTURES, MEAN, LOG_VARIANCE),
    "forward, flattened": (PICTURES.flatten(1), MEAN, LOG_VARIANCE),
    "forward with input and loss": [PICTURES, PICTURES, MEAN, LOG_VARIANCE, torch.tensor(3.0)],
    "log sigma": Pair(MEAN, LOG_VARIANCE / 2),
    "mapping": {"mean": MEAN, "logvar": LOG_VARIANCE},
    "variance": {"mu": MEAN, "variance": DEVIATION**2},
    "deviation": {"loc": MEAN, "scale": DEVIATION},
    "draws beside": Latents(MEAN + 1, MEAN, LOG_VARIANCE),
    "pythae": ModelOutput(embedding=MEAN, log_covariance=LOG_VARIANCE),
    "diffusers": ModelOutput(latent_dist=SimpleNamespace(mean=MEAN, logvar=LOG_VARIANCE, std=9)),
    "whole output": ModelOutput(
        loss=torch.tensor(1.0), recon_x=PICTURES.flatten(1), mu=MEAN, log_var=LOG_VARIANCE
    ),
    "posterior": SimpleNamespace(posterior=laws.Normal(MEAN, DEVIATION), recon=PICTURES),
    "properties": Lazy(),
    "Normal": laws.Normal(MEAN, DEVIATION),
    "Independent": laws.Independent(laws.Normal(MEAN, DEVIATION), 1),
    "MultivariateNormal": WIDE,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_gaussian_posterior(form: str) -> None:
    found = encoded(FORMS[form])
    names = [f"code {number}" for number in range(D)]
    assert list(found.columns) == list(found.gaussians) == names
    for place, name in enumerate(names):
        mean, log_variance = found.gaussians[name]
        np.testing.assert_allclose(found.columns[name], MEAN[:, place])
        np.testing.assert_allclose(mean, MEAN[:, place])
        np.testing.assert_allclose(log_variance, LOG_VARIANCE[:, place], atol=1e-5)


@pytest.mark.parametrize(
    "law",
    [
        SHARES,
        laws.Categorical(probs=SHARES),
        laws.OneHotCategorical(probs=SHARES),
        laws.RelaxedOneHotCategorical(torch.tensor(0.5), probs=SHARES),
        laws.Categorical(logits=SHARES.log() + 3),
    ],
    ids=lambda law: type(law).__name__,
)
def test_ten_normal_codes_and_a_category(law: Any) -> None:
    codes = {"z0": Normal(), "z1": Normal(), "z2": Normal(), "class": Categorical(4)}
    found = encoded({"z": (MEAN, LOG_VARIANCE), "class": law}, codes)
    assert list(found.columns) == list(codes)
    assert list(found.gaussians) == ["z0", "z1", "z2"]
    assert found.columns["class"].tolist() == SHARES.argmax(1).tolist()
    np.testing.assert_allclose(found.posteriors["class"], SHARES, atol=1e-6)


def test_lists_as_in_joint_vae() -> None:
    """A list of means and log variances, and a list that holds the only category's shares."""
    codes = {"cont 0": Normal(), "cont 1": Normal(), "cont 2": Normal(), "disc": Categorical(4)}
    found = encoded({"cont": [MEAN, LOG_VARIANCE], "disc": [SHARES]}, codes)
    assert list(found.columns) == list(codes)
    np.testing.assert_allclose(found.gaussians["cont 2"].log_variance, LOG_VARIANCE[:, 2])
    np.testing.assert_allclose(found.posteriors["disc"], SHARES, atol=1e-6)


def test_names_of_codes() -> None:
    value = (MEAN, LOG_VARIANCE)
    assert list(encoded(value, 3).gaussians) == ["z0", "z1", "z2"]
    assert list(encoded(value, 4).gaussians) == ["code 0", "code 1", "code 2"]
    assert list(encoded({"size": (MEAN[:, 0], LOG_VARIANCE[:, 0])}).gaussians) == ["size"]
    assert list(encoded({"z": value}).gaussians) == ["z 0", "z 1", "z 2"]
    law = laws.Categorical(probs=SHARES)
    assert list(encoded(law).posteriors) == ["code 0"]
    assert list(encoded(law, {"class": Categorical(4)}).posteriors) == ["class"]


def test_a_von_mises_law_is_its_mean_direction() -> None:
    angles = torch.linspace(-3, 3, N)
    found = encoded({"turn": laws.VonMises(angles, torch.ones(N))})
    np.testing.assert_allclose(found.columns["turn"], angles.remainder(2 * torch.pi), atol=1e-6)


def test_posteriors_are_kept_with_their_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infoeval.subjects.user_model, "CHUNK", 2)
    parts = zip(MEAN.split(2), LOG_VARIANCE.split(2), strict=True)
    reader = open_subject(lambda images: next(parts)).reader(IMAGES)
    rows = np.array([4, 1])
    reader.encode(IMAGES)
    mean, log_variance = reader.encode(IMAGES, rows).gaussians["code 2"]
    np.testing.assert_allclose(mean, MEAN[rows, 2])
    np.testing.assert_allclose(log_variance, LOG_VARIANCE[rows, 2])


def test_other_forms_for_other_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infoeval.subjects.user_model, "CHUNK", 3)
    values = iter([(MEAN[:3], LOG_VARIANCE[:3]), torch.zeros(3, 6)])
    reader = open_subject(lambda images: next(values)).reader(IMAGES)
    with pytest.raises(UserError, match="other codes for other images"):
        reader.encode(IMAGES)


MISTAKES: dict[str, tuple[Any, str]] = {
    "a pair of deviations": ((MEAN, DEVIATION), "above 0 for every image, .* {'mean': mean, 'std'"),
    "a named pair of deviations": ({"z": (MEAN, DEVIATION)}, "a pair for 'z' whose second"),
    "three of one shape": ((MEAN, MEAN, LOG_VARIANCE), r"shapes \(6, 3\), .*; return \(mean, log_"),
    "pair and category": ((MEAN, SHARES), r"tuple of shapes .* name codes: {'z': \(mean, log_var"),
    "deviation 0": ({"mean": MEAN, "std": 0 * MEAN}, "a std of 0, which must be above 0; if it"),
    "negative variance": ({"mu": MEAN, "var": LOG_VARIANCE}, r"a var of -.*return \(mean, log_"),
    "other shapes": (
        {"mean": MEAN, "std": DEVIATION[:, :1]},
        r"means \(6, 3\) and a spread \(6",
    ),
    "a code beside": (
        {"mean": MEAN, "logvar": LOG_VARIANCE, "class": SHARES},
        r"'class' beside 'mean' and 'logvar'; return a mapping from names",
    ),
    "dependent": (
        laws.MultivariateNormal(MEAN, covariance_matrix=torch.eye(D) + 0.5),
        r"a MultivariateNormal of dependent codes; return a Normal\(mean, deviation\)",
    ),
    "another law": (laws.Laplace(MEAN, DEVIATION), "a Laplace; return a Normal"),
    "not finite": ((MEAN, LOG_VARIANCE / 0), "numbers that are not finite"),
    "maps": (laws.Normal(PICTURES, 1.0), r"of shape \(6, 1, 4, 4\); return an array"),
    "other rows": ((MEAN[:4], LOG_VARIANCE[:4]), r"of shape \(4, 3\); return an array"),
    "a pair of words": (("a", "b"), "returned a tuple; return an array"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_what_is_ambiguous_or_no_posterior_is_one_line(case: str) -> None:
    value, message = MISTAKES[case]
    with pytest.raises(UserError, match=message) as caught:
        encoded(value)
    assert "\n" not in str(caught.value)


def test_codes_called_like_statistics_are_codes_without_their_counterpart() -> None:
    for names in (["scale", "x"], ["mean", "area"], ["loss", "sigma"]):
        found = encoded({name: MEAN[:, place] for place, name in enumerate(names)})
        assert list(found.columns) == names
        assert not found.gaussians


def test_a_large_log_variance_later_is_no_pair_of_deviations() -> None:
    """An encoder whose first images settle what the pair is may be unsure of a later one."""
    values = iter([(MEAN, LOG_VARIANCE), (MEAN[:1], LOG_VARIANCE[:1].abs())])
    reader = open_subject(lambda images: next(values)).reader(IMAGES)
    reader.encode(IMAGES)
    assert reader.columns(np.zeros((1, 1, 4, 4), np.uint8)).shape == (1, D)
