"""Streams of codes and images: the same whenever drawn, and nothing but what was asked for."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace, Uniform
from infoeval.errors import UserError
from infoeval.information import streams
from infoeval.information.post_hoc import estimate
from infoeval.information.streams import CHUNK, Source, Stream

SPACE = CodeSpace(digit=Categorical(5), slant=Uniform(-1, 1), noise=0)


def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
    """Two pixels: a code in each, under some noise."""
    pixels = torch.stack([codes["digit"] / 5, (codes["slant"] + 1) / 2], 1)
    noisy = 0.9 * pixels + 0.1 * torch.rand(pixels.shape, generator=generator)
    return noisy[:, None, None, :]


def same(first: tuple[dict[str, Tensor], Tensor], second: tuple[dict[str, Tensor], Tensor]) -> bool:
    codes = all(torch.equal(first[0][name], second[0][name]) for name in SPACE)
    return codes and torch.equal(first[1], second[1])


def test_a_chunk_is_codes_and_eight_bit_images() -> None:
    codes, images = Source(SPACE, render, 0).chunk(Stream.TRAIN, 3)
    assert list(codes) == list(SPACE)
    assert codes["digit"].shape == codes["slant"].shape == (CHUNK,)
    assert images.shape == (CHUNK, 1, 1, 2)
    assert images.dtype == torch.uint8


def test_a_chunk_is_the_same_whenever_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Source(SPACE, render, 7), Source(SPACE, render, 7)
    places = [(stream, number) for stream in Stream for number in (0, 1, 5)]
    drawn = {place: first.chunk(*place) for place in places}
    torch.manual_seed(123)
    for place in reversed(places):
        assert same(drawn[place], second.chunk(*place))
        assert same(drawn[place], first.chunk(*place))
    monkeypatch.setattr(streams, "CACHE_BYTES", 0)
    uncached = Source(SPACE, render, 7)
    for place in places:
        assert same(drawn[place], uncached.chunk(*place))
        assert same(drawn[place], uncached.chunk(*place))
    assert not uncached._cache


def test_streams_chunks_and_seeds_differ() -> None:
    seen = set()
    for seed in (0, 1, 2**62):
        source = Source(SPACE, render, seed)
        for stream in Stream:
            for number in (0, 1):
                codes, images = source.chunk(stream, number)
                seen.add(tuple(codes["slant"][:5].tolist()))
                seen.add(tuple(images[:50].flatten().tolist()))
    assert len(seen) == 2 * 3 * 5 * 2


def test_codes_follow_the_prior() -> None:
    codes, _ = Source(SPACE, render, 0).chunk(Stream.TEST, 0)
    shares = torch.bincount(codes["digit"], minlength=5) / CHUNK
    assert (shares - 0.2).abs().max() < 0.04
    assert -1 <= codes["slant"].min() < -0.98
    assert 0.98 < codes["slant"].max() <= 1


def test_bytes_and_floats_of_the_same_picture_are_the_same_chunk() -> None:
    def bytes_(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        return (255 * render(codes, generator)).round().to(torch.uint8)

    expected = Source(SPACE, bytes_, 0).chunk(Stream.TEST, 0)
    for kind in (torch.float32, torch.float64):

        def floats(
            codes: Mapping[str, Tensor], generator: torch.Generator, kind: torch.dtype = kind
        ) -> Tensor:
            return bytes_(codes, generator).to(kind) / 255

        assert same(expected, Source(SPACE, floats, 0).chunk(Stream.TEST, 0))
    assert same(expected, Source(SPACE, render, 0).chunk(Stream.TEST, 0))


def test_all_bytes_survive_as_floats() -> None:
    every = torch.arange(256).repeat(CHUNK, 1)[:, None, None, :]
    source = Source(SPACE, lambda codes, generator: every / 255, 0)
    assert torch.equal(source.example[0, 0, 0], torch.arange(256, dtype=torch.uint8))


def test_rounding_errors_beyond_the_ends_are_cut() -> None:
    image = torch.tensor([-5e-5, 1 + 5e-5]).repeat(CHUNK, 1)[:, None, None, :]
    source = Source(SPACE, lambda codes, generator: image, 0)
    assert source.example[0].flatten().tolist() == [0, 255]


def made_of(value: float) -> Callable[..., Tensor]:
    def bad(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        images = render(codes, generator)
        images[3, 0, 0, 1] = value
        return images

    return bad


def changed(change: Callable[[Tensor], Any]) -> Callable[..., Any]:
    return lambda codes, generator: change(render(codes, generator))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (made_of(float("nan")), "not finite"),
        (made_of(float("inf")), "not finite"),
        (made_of(float("-inf")), "not finite"),
        (made_of(1.01), r"floats from .* to 1\.01"),
        (made_of(-0.01), r"floats from -0\.01 to"),
        (changed(lambda images: 255 * images), "floats from"),
        (changed(lambda images: 2 * images - 1), "floats from"),
        (changed(lambda images: images[:-1]), f"{CHUNK - 1} images for {CHUNK} codes"),
        (changed(lambda images: images[:1]), f"1 images for {CHUNK} codes"),
        (changed(lambda images: images[:, 0]), "shape"),
        (changed(lambda images: images[None]), "shape"),
        (changed(lambda images: images[:, :, :0]), "shape"),
        (changed(lambda images: images.flatten()), "shape"),
        (changed(lambda images: images.sum()), "shape"),
        (changed(lambda images: (255 * images).long()), "int64"),
        (changed(lambda images: (255 * images).to(torch.int8)), "int8"),
        (changed(lambda images: images > 0.5), "bool"),
        (changed(lambda images: images.to(torch.complex64)), "complex64"),
        (changed(lambda images: images.numpy()), "ndarray"),
        (changed(lambda images: None), "NoneType"),
        (changed(lambda images: (images, images)), "tuple"),
        (changed(lambda images: images.to("meta")), "a tensor without values"),
        (changed(lambda images: torch.rand(images.shape)), "gave different images"),
        (changed(lambda images: torch.randint(256, images.shape).byte()), "gave different images"),
    ],
)
def test_a_bad_render_is_named(bad: Callable[..., Tensor], words: str) -> None:
    with pytest.raises(UserError, match=words):
        Source(SPACE, bad, 0)


def growing(sizes: Iterator[int]) -> Callable[..., Tensor]:
    return lambda codes, generator: render(codes, generator).expand(-1, -1, next(sizes), -1)


def test_images_have_to_keep_their_size() -> None:
    with pytest.raises(UserError, match=r"changed the size .* \(1, 1, 2\) to \(1, 2, 2\)"):
        Source(SPACE, growing(iter([1, 2])), 0)
    source = Source(SPACE, growing(iter([1, 1, 1, 3])), 0)
    source.chunk(Stream.TRAIN, 0)
    with pytest.raises(UserError, match=r"changed the size .* \(1, 1, 2\) to \(1, 3, 2\)"):
        source.chunk(Stream.TRAIN, 1)


def test_a_later_bad_chunk_is_named_too() -> None:
    calls = iter(range(100))

    def late(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        return render(codes, generator) * (float("nan") if next(calls) == 2 else 1)

    source = Source(SPACE, late, 0)
    with pytest.raises(UserError, match="not finite"):
        source.chunk(Stream.TEST, 0)


def test_a_render_may_spoil_the_codes_it_is_given() -> None:
    def spoil(codes: dict[str, Tensor], generator: torch.Generator) -> Tensor:
        images = render(codes, generator)
        codes["digit"].zero_()
        codes["slant"].fill_(float("nan"))
        del codes["digit"]
        return images

    first, second = Source(SPACE, spoil, 0), Source(SPACE, render, 0)
    for place in [(Stream.TRAIN, 0), (Stream.TEST, 1), (Stream.TRAIN, 0)]:
        assert same(first.chunk(*place), second.chunk(*place))


def test_a_render_may_use_its_memory_again() -> None:
    memory = torch.empty(CHUNK, 1, 1, 2, dtype=torch.uint8)

    def reuse(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        return memory.copy_((255 * render(codes, generator)).round())

    first, second = Source(SPACE, reuse, 0), Source(SPACE, render, 0)
    first.chunk(Stream.TRAIN, 0)
    first.chunk(Stream.TRAIN, 1)
    assert same(first.chunk(Stream.TRAIN, 0), second.chunk(Stream.TRAIN, 0))


def test_reused_memory_does_not_hide_that_the_generator_is_ignored() -> None:
    memory = torch.empty(CHUNK, 1, 1, 2, dtype=torch.uint8)
    with pytest.raises(UserError, match="gave different images"):
        Source(SPACE, lambda codes, generator: memory.random_(256), 0)


def test_gradients_are_not_cache() -> None:
    scale = torch.ones(1, requires_grad=True)
    source = Source(SPACE, lambda codes, generator: render(codes, generator) * scale, 0)
    assert not source.chunk(Stream.TEST, 0)[1].requires_grad


def test_training_images_may_be_drawn_in_another_way() -> None:
    def rough(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        return 1 - render(codes, generator)

    source = Source(SPACE, render, 0, training_render=rough)
    plain = Source(SPACE, render, 0)
    for stream in Stream:
        trained_on = stream in (Stream.TRAIN, Stream.VALIDATION)
        assert same(source.chunk(stream, 2), plain.chunk(stream, 2)) != trained_on


@pytest.mark.parametrize("space", [{}, {"digit": 5}, None, [Categorical(3)], Categorical(3)])
def test_codes_that_are_no_code_space(space: Any) -> None:
    with pytest.raises(UserError, match="CodeSpace"):
        Source(space, render, 0)
    with pytest.raises(UserError, match="CodeSpace"):
        estimate(space, render)


@pytest.mark.parametrize("seed", [-1, 2**63, float("nan"), 0.5, "0", None])
def test_seeds_that_are_none(seed: Any) -> None:
    with pytest.raises(UserError, match="seed"):
        Source(SPACE, render, seed)


def test_shuffled_codes_have_nothing_to_do_with_the_images() -> None:
    source = Source(SPACE, render, 0)
    null = source.shuffled()
    for stream in (Stream.TRAIN, Stream.TEST):
        codes, images = null.chunk(stream, 1)
        true, same_images = source.chunk(stream, 1)
        assert torch.equal(images, same_images)
        assert list(codes) == list(SPACE)
        pixels = images[:, 0, 0].double().numpy()
        for column, name in enumerate(SPACE):
            assert np.corrcoef(pixels[:, column], true[name].numpy())[0, 1] > 0.9
            for other in (pixels[:, column], true[name].numpy()):
                correlation = np.corrcoef(other, codes[name].numpy())[0, 1]
                assert abs(correlation) < 4 / np.sqrt(CHUNK)
        again, _ = source.shuffled().chunk(stream, 1)
        assert all(torch.equal(codes[name], again[name]) for name in SPACE)
    first, second = null.chunk(Stream.TRAIN, 0)[0], null.chunk(Stream.TRAIN, 1)[0]
    assert not torch.equal(first["slant"], second["slant"])


def test_drawing_leaves_the_global_random_state_alone() -> None:
    state = torch.get_rng_state()
    Source(SPACE, render, 0).chunk(Stream.TRAIN, 0)
    assert torch.equal(state, torch.get_rng_state())
