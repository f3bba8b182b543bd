"""Methods that find directions, where the answer is known; files of directions, also odd ones."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from infoeval import Categorical, CodeSpace, UserError
from infoeval.latent.direction_set import DirectionSet, direction_set, read_directions
from infoeval.latent.finding import find_directions
from infoeval.subjects.latent_space import LatentSpace, latent_space
from infoeval.subjects.opening import open_subject

WIDTH = 6
STRENGTHS = torch.tensor([5.0, 3.0, 2.0, 1.0, 0.5, 0.1])


class Drawer:
    """A generator that draws by a function of its input, which may use torch modules."""

    def __init__(self, draw: Callable[[Tensor], Tensor], codes: CodeSpace | None = None) -> None:
        self.draw, self.codes = draw, codes or CodeSpace(noise=WIDTH)

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        return self.draw(self.codes.encode(codes, noise)).sigmoid().reshape(len(noise), 1, 2, -1)


def basis(seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(WIDTH, WIDTH, generator=random))[0]


def known_weight(outputs: int = 8) -> Tensor:
    """A matrix (outputs, 6) whose right singular vectors are the rows of `basis()`."""
    left = torch.linalg.qr(torch.randn(outputs, WIDTH, generator=torch.Generator().manual_seed(1)))
    return left[0] @ (STRENGTHS[:, None] * basis())


def linear(weight: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight = nn.Parameter(weight)
    return layer


def opened(generator: Any) -> LatentSpace:
    subject = open_subject(generator)
    assert subject.generator is not None
    return latent_space(subject.generator)


def assert_same_up_to_sign(found: np.ndarray, truth: Tensor, error: float = 1e-3) -> None:
    cosines = np.abs((found * truth.numpy()).sum(axis=1))
    assert cosines == pytest.approx(np.ones(len(found)), abs=error)


def test_the_first_layer_s_singular_vectors() -> None:
    layer = linear(known_weight())
    found = find_directions(opened(Drawer(lambda z: layer(z))), "first-layer", count=4)
    assert_same_up_to_sign(found.vectors, basis()[:4])
    assert found.about.startswith("right singular vectors of the first layer, Linear 8 × 6")
    assert (found.method, found.space, found.names[0]) == ("first-layer", "z", "direction_1")


def test_a_first_layer_of_kernels() -> None:
    layer = nn.ConvTranspose2d(WIDTH, 2, 2, bias=False)
    layer.weight = nn.Parameter(known_weight().T.reshape(WIDTH, 2, 2, 2))
    drawer = Drawer(lambda z: layer(z[:, :, None, None]))
    found = find_directions(opened(drawer), "first-layer", count=WIDTH)
    assert_same_up_to_sign(found.vectors, basis())


def test_a_first_layer_that_takes_a_category_beside() -> None:
    labels = torch.randn(8, 3, generator=torch.Generator().manual_seed(2))
    layer, table = linear(torch.cat([known_weight(), labels], dim=1)), nn.Embedding(3, 3)
    codes = CodeSpace(kind=Categorical(3), noise=WIDTH)

    def draw(inputs: Tensor) -> Tensor:
        kind = table(inputs[:, WIDTH:].argmax(1))
        return layer(torch.cat([inputs[:, :WIDTH], kind], dim=1))  # type: ignore[no-any-return]

    assert_same_up_to_sign(
        find_directions(opened(Drawer(draw, codes)), "first-layer", count=4).vectors, basis()[:4]
    )


def test_a_point_of_length_one_reaches_the_first_layer_almost_linearly() -> None:
    layer = linear(known_weight())
    drawer = Drawer(lambda z: layer(z / z.norm(dim=1, keepdim=True)))
    found = find_directions(opened(drawer), "first-layer", count=2, seed=1)
    assert_same_up_to_sign(found.vectors, basis()[:2], 0.05)


def test_a_first_layer_that_the_point_reaches_far_from_linearly() -> None:
    layer = linear(known_weight())
    with pytest.raises(UserError, match=r"far from linearly \(R² 0\.\d\d\)"):
        find_directions(opened(Drawer(lambda z: layer(z.square()))), "first-layer")


def test_directions_of_activations() -> None:
    """Two strong directions before a layer that rotates them away."""
    first, second = linear(known_weight()), nn.Linear(8, 8)
    drawer = Drawer(lambda z: second(torch.tanh(0.05 * first(z))))
    found = find_directions(opened(drawer), "activations", count=3)
    assert_same_up_to_sign(found.vectors, basis()[:3], 0.02)
    assert "what the second layer, Linear 8 × 8, is given" in found.about
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(3), atol=1e-9)


def test_a_narrow_layer_has_no_more_directions_than_values() -> None:
    first, second = linear(known_weight()[:2]), nn.Linear(2, 8)
    found = find_directions(opened(Drawer(lambda z: second(first(z)))), "activations", count=5)
    rows = torch.linalg.qr(known_weight()[:2].T)[0].numpy()
    assert len(found) == 2
    assert np.linalg.norm(found.vectors @ rows, axis=1) == pytest.approx(1, abs=0.02)


def test_directions_of_w_are_its_principal_components() -> None:
    class TwoSteps:
        noise = WIDTH

        def latent(self, noise: Tensor) -> Tensor:
            return (noise * STRENGTHS) @ basis() + 7

        def synthesize(self, w: Tensor) -> Tensor:
            return w.sigmoid()[:, None, None]

    found = find_directions(opened(TwoSteps()), "activations", count=3)
    assert_same_up_to_sign(found.vectors, basis()[:3], 0.02)
    assert found.space == "w"


def test_random_directions_are_orthogonal_and_differ_by_seed() -> None:
    latent = opened(Drawer(lambda z: z))
    first, again, other = (
        find_directions(latent, "random", seed=seed).vectors for seed in (0, 0, 1)
    )
    np.testing.assert_allclose(first @ first.T, np.eye(WIDTH), atol=1e-12)
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


@pytest.mark.parametrize("method", ["first-layer", "activations"])
def test_a_generator_that_hides_its_layers(method: str) -> None:
    with pytest.raises(UserError, match=r"no torch layer was seen .* give --method random"):
        find_directions(opened(Drawer(lambda z: z)), method)


def test_a_layer_that_is_used_twice() -> None:
    layer = linear(known_weight(WIDTH))
    drawer = Drawer(lambda z: layer(layer(z)))
    with pytest.raises(UserError, match="Linear 6 × 6 is used several times an image"):
        find_directions(opened(drawer), "first-layer")


def test_directions_can_be_written_and_read_again(tmp_path: Path) -> None:
    latent = opened(Drawer(lambda z: z))
    found = find_directions(latent, "random", count=3, seed=4, model="ab" * 32)
    found.save(tmp_path / "found.npz")
    read = read_directions(tmp_path / "found.npz")
    np.testing.assert_allclose(read.vectors, found.vectors, rtol=1e-14)
    for name in ("names", "method", "space", "model", "about"):
        assert getattr(read, name) == getattr(found, name)
    again = find_directions(latent, str(tmp_path / "found.npz"), count=2)
    assert again.names == ("direction_1", "direction_2")
    np.save(tmp_path / "plain.npy", 5 * found.vectors)
    plain = find_directions(latent, tmp_path / "plain.npy")
    np.testing.assert_allclose(plain.vectors, found.vectors)
    assert (plain.method, plain.space) == ("plain.npy", "z")
    with pytest.raises(UserError, match=r"saved as \.npz"):
        found.save(tmp_path / "found.csv")


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.full((2, 6), np.nan), "not finite"),
        ([[1, 0, 0, 0, 0, np.inf]], "not finite"),
        (np.zeros((2, 6)), "direction 1 is all zeros"),
        ([[1, 0, 0, 0, 0, 0], [0] * 6], "direction 2 is all zeros"),
        (np.ones((2, 3, 6)), r"shape \(2, 3, 6\)"),
        (np.ones((0, 6)), r"shape \(0, 6\)"),
        (np.array([["a"] * 6]), "give numbers"),
        (np.ones((101, 6)), "101 directions; at most 100"),
        (np.ones((2, 5)), "directions have 5 numbers, and z of this generator has 6"),
        ({"a": 1}, "directions: "),
        (3.0, "give numbers"),
    ],
)
def test_arrays_that_are_no_directions(vectors: Any, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        find_directions(opened(Drawer(lambda z: z)), vectors)
    assert "\n" not in str(error.value)


def test_lengths_beyond_the_range_of_squares() -> None:
    huge, tiny = direction_set([[1e300, 1e300], [1e-300, 0]], method="given").vectors
    assert huge == pytest.approx([0.5**0.5] * 2)
    assert tiny.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"codes": np.ones((2, 6))}, "no array called directions, but codes"),
        ({"directions": np.ones((2, 6)), "names": np.array(["a"])}, "as many different names"),
        ({"directions": np.ones((2, 6)), "names": np.array(["a", "a"])}, "as many different names"),
        ({"directions": np.ones((1, 6)), "names": np.array(["noise"])}, "can be called noise"),
        ({"directions": np.ones((1, 6)), "names": np.array([3])}, "names must be words, not int64"),
        ({"directions": np.array([None] * 6)}, "directions"),
    ],
)
def test_files_that_are_no_directions(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    np.savez(tmp_path / "odd.npz", **arrays)
    with pytest.raises(UserError, match=message):
        read_directions(tmp_path / "odd.npz")


def test_missing_and_damaged_files(tmp_path: Path) -> None:
    (tmp_path / "odd.npz").write_bytes(b"no zip")
    for name in ("odd.npz", "none.npz", "none.npy"):
        with pytest.raises(UserError, match=name):
            read_directions(tmp_path / name)


def test_methods_and_counts_that_there_are_not() -> None:
    latent = opened(Drawer(lambda z: z))
    with pytest.raises(UserError, match=r"no method 'sefa'.*; a file is \.npy or \.npz"):
        find_directions(latent, "sefa")
    for count in (0, 7):
        with pytest.raises(UserError, match=f"count is {count}: z has 6 dimensions; give 1 to 6"):
            find_directions(latent, "random", count=count)
    given = DirectionSet(np.eye(6), tuple("abcdef"), "mine", space="w")
    with pytest.raises(UserError, match="mine: directions of w, not of z"):
        find_directions(latent, given)
    with pytest.raises(UserError, match="count is 7: mine has 6 directions"):
        find_directions(latent, DirectionSet(np.eye(6), tuple("abcdef"), "mine"), count=7)
