"""Codes of planted generators are named after what they change, and dead ones are not."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import Angle, Categorical, CodeSpace, Uniform, evaluation
from infoeval.data.sprites import draw_sprites
from infoeval.errors import UserError
from infoeval.reporting.changed_statistics import changed_by

LOW, HIGH = np.array([0, 0.5, 0, 0, 0]), np.array([3, 1, 2 * np.pi, 1, 1])


class Sprites:
    """Codes of position, size, both at once and orientation; one that is dead, one of dirt."""

    codes = CodeSpace(
        left=Uniform(-1, 1),
        scale=Uniform(-1, 1),
        kind=Categorical(3),
        turn=Angle(),
        both=Uniform(-1, 1),
        dead=Uniform(-1, 1),
        dirt=Uniform(-1, 1),
        noise=5,
    )

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        share = torch.special.ndtr(noise).double().numpy() * 0.999
        for column, name in ((1, "scale"), (3, "left")):
            share[:, column] = 0.3 * share[:, column] + 0.35 * (codes[name].numpy() + 1) * 0.99
        both = (codes["both"].numpy() + 1) / 2
        share[:, 4] = 0.4 * share[:, 4] + 0.599 * both
        share[:, 2] = codes["turn"].numpy() / 6.2832
        share[:, 0] = codes["kind"].numpy() / 3
        images = torch.from_numpy(draw_sprites(LOW + (HIGH - LOW) * share)).float() / 255
        images *= torch.from_numpy(0.4 + 0.6 * both)[:, None, None, None].float()
        images[:, :, 0, :2] += 0.01 * (1 + codes["dirt"][:, None, None])
        return images.clamp(max=1)


@pytest.fixture(scope="module")
def document() -> Any:
    return evaluation.score(Sprites(), metrics=["image-effects"], device="cpu")


def test_codes_have_the_names_of_what_they_change(document: Any) -> None:
    found = {name: changed_by(document, name) for name in Sprites.codes}
    names = {name: changed.names for name, changed in found.items() if changed}
    assert names["left"] == ("centroid x",)
    assert names["scale"] == ("size",)
    assert "centroid y" in names["both"]
    assert not names.keys() & {"dead", "dirt", "kind"}


def test_results_are_one_a_code_and_repeat(document: Any) -> None:
    assert [result.details["code"] for result in document.results] == list(Sprites.codes)
    assert document.results[0].target == "left × centroid x"
    again = evaluation.score(Sprites(), metrics=["image-effects"], device="cpu")
    assert [r.value for r in again.results] == [r.value for r in document.results]
    for result in document.results:
        assert result.n == 60
        assert result.details["statistics"].keys() >= {"slant", "size", "brightness"}


def test_nothing_is_named_in_two_hundred_dead_codes() -> None:
    class Dead:
        """Noise draws everything; a code changes a grey level or two, here and there."""

        codes = CodeSpace(**{f"c{k}": Uniform(-1, 1) for k in range(200)}, noise=5)

        def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
            images = noise[:, :1, None, None].sigmoid() * torch.ones(len(noise), 1, 8, 8)
            images[:, 0, 4:, 4:] *= noise[:, 1:2, None].sigmoid()
            every = torch.stack([codes[name] for name in codes], 1)
            return images + 0.004 * torch.tanh(every[:, :64] * noise[:, 2:3]).reshape(-1, 1, 8, 8)

    unasked = evaluation.score(Dead(), device="cpu")
    reasons = {skipped.metric: skipped.reason for skipped in unasked.skipped}
    assert "for each of 200 codes: ask for it" in reasons["image-effects"]
    document = evaluation.score(Dead(), metrics=["image-effects:traversals=20"], device="cpu")
    assert len(document.results) == 200
    assert document.results[0].settings["own"] == {"traversals": 20}
    assert all(changed_by(document, code) is None for code in Dead.codes)


def test_settings_that_cannot_be() -> None:
    with pytest.raises(UserError, match="traversals must be a whole number from 4 up, not 3"):
        evaluation.score(Sprites(), metrics=["image-effects:traversals=3"], device="cpu")
