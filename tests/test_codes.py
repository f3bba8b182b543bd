"""Latent codes: priors, layouts, posteriors against torch.distributions, and bounds on L_I."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor, distributions

from infoeval import Categorical, CodeSpace, Uniform, UserError
from infoeval.codes import Code

SPACES = [
    CodeSpace(digit=Categorical(10), noise=0),
    CodeSpace(slant=Uniform(-1, 1), noise=62),
    CodeSpace(digit=Categorical(10), a=Uniform(-1, 1), b=Uniform(-1, 1), noise=62),
    CodeSpace(a=Uniform(0, 5, sigma=0.5), k=Categorical(2), b=Uniform(-3, -1), noise=1),
]

categoricals = st.builds(Categorical, st.integers(2, 7))
uniforms = st.builds(
    lambda low, width, sigma: Uniform(low, low + width, sigma),
    st.floats(-5, 5),
    st.floats(0.1, 5),
    st.none() | st.floats(0.1, 2),
)
spaces = st.builds(
    lambda noise, codes: CodeSpace(
        noise=noise, **{f"code_{k}": code for k, code in enumerate(codes)}
    ),
    st.integers(0, 4),
    st.lists(categoricals | uniforms, min_size=1, max_size=4),
)


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def one_line(message: object) -> bool:
    return "\n" not in str(message).strip() and len(str(message)) > 10


@pytest.mark.parametrize(
    ("code", "nats"),
    [
        (Categorical(2), 0.6931471805599453),
        (Categorical(10), 2.302585092994046),
        (Categorical(100_000), 11.512925464970229),
        (Uniform(-1, 1), 0.6931471805599453),
        (Uniform(3, 4), 0.0),
        (Uniform(0, 0.5, sigma=0.1), -0.6931471805599453),
    ],
)
def test_entropy(code: Code, nats: float) -> None:
    assert code.entropy == pytest.approx(nats, abs=1e-12)


def test_entropy_of_a_space() -> None:
    space = CodeSpace(digit=Categorical(10), slant=Uniform(-1, 1), noise=62)
    assert space.entropy == {"digit": math.log(10), "slant": math.log(2)}


def test_categories_are_drawn_equally_often() -> None:
    values = Categorical(10).sample(5000, stream())
    assert values.dtype == torch.int64
    counts = np.bincount(values.numpy(), minlength=10)
    assert len(counts) == 10
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (2.0, 7.0), (-0.3, -0.1)])
def test_uniform_codes_are_uniform_on_their_support(low: float, high: float) -> None:
    values = Uniform(low, high).sample(5000, stream())
    assert values.dtype == torch.float32
    assert values.shape == (5000,)
    assert low <= float(values.min())
    assert float(values.max()) <= high
    assert stats.kstest(values.numpy(), "uniform", (low, high - low)).pvalue > 1e-3


def test_noise_is_standard_normal() -> None:
    noise = CodeSpace(k=Categorical(2), noise=7).sample_noise(1000, stream())
    assert noise.shape == (1000, 7)
    assert stats.kstest(noise.numpy().ravel(), "norm").pvalue > 1e-3


@pytest.mark.parametrize("space", SPACES)
def test_sampling_is_a_function_of_the_seed(space: CodeSpace) -> None:
    def draw(seed: int) -> list[Tensor]:
        generator = stream(seed)
        codes = space.sample(50, generator)
        assert list(codes) == list(space)
        return [*codes.values(), space.sample_noise(50, generator)]

    torch.manual_seed(1)
    first = draw(3)
    torch.manual_seed(2)
    assert all(torch.equal(a, b) for a, b in zip(first, draw(3), strict=True))
    other = draw(4)
    assert all(not torch.equal(a, b) for a, b in zip(first, other, strict=True) if a.numel())


def test_codes_and_noise_are_drawn_independently() -> None:
    space, generator = SPACES[2], stream()
    codes = space.sample(2000, generator)
    noise = space.sample_noise(2000, generator)[:, :2].T
    columns = torch.stack([*(value.double() for value in codes.values()), *noise.double()])
    correlation = torch.corrcoef(columns) - torch.eye(len(columns))
    assert float(correlation.abs().max()) < 0.1


def test_categories_are_encoded_one_hot() -> None:
    encoded = Categorical(4).encode(torch.tensor([2, 0, 3]))
    assert encoded.dtype == torch.float32
    assert encoded.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]


def test_layout_of_the_generator_input() -> None:
    space = CodeSpace(a=Uniform(-1, 1), k=Categorical(3), noise=2)
    codes = {"k": torch.tensor([1, 2]), "a": torch.tensor([0.5, -0.5])}
    encoded = space.encode(codes, torch.tensor([[7.0, 8.0], [9.0, 10.0]]))
    assert encoded.tolist() == [[7, 8, 0.5, 0, 1, 0], [9, 10, -0.5, 0, 0, 1]]
    assert (space.input_width, space.posterior_width) == (6, 5)


def test_layout_of_the_posterior() -> None:
    space = CodeSpace(a=Uniform(-1, 1), k=Categorical(3), b=Uniform(0, 1, sigma=1), noise=2)
    parts = space.split(torch.arange(12.0).reshape(2, 6))
    assert list(parts) == ["a", "k", "b"]
    assert parts["a"].tolist() == [[0, 1], [6, 7]]
    assert parts["k"].tolist() == [[2, 3, 4], [8, 9, 10]]
    assert parts["b"].tolist() == [[5], [11]]


@settings(deadline=None, max_examples=25)
@given(space=spaces, count=st.integers(1, 6), seed=st.integers(0, 99))
def test_every_code_can_be_read_back_from_the_input(
    space: CodeSpace, count: int, seed: int
) -> None:
    generator = stream(seed)
    codes, noise = space.sample(count, generator), space.sample_noise(count, generator)
    encoded = space.encode(codes, noise)
    assert encoded.shape == (count, space.input_width)
    assert torch.equal(encoded[:, : space.noise], noise)
    columns = torch.split(
        encoded[:, space.noise :], [code.input_width for code in space.values()], dim=1
    )
    for (name, code), part in zip(space.items(), columns, strict=True):
        read = part.argmax(1) if isinstance(code, Categorical) else part[:, 0]
        assert torch.equal(read, codes[name])
    posterior = torch.randn(count, space.posterior_width, generator=generator)
    assert torch.equal(torch.cat(list(space.split(posterior).values()), dim=1), posterior)


def test_categorical_log_likelihood_is_that_of_torch_distributions() -> None:
    logits, values = 5 * torch.randn(50, 7, generator=stream()), torch.arange(50) % 7
    expected = distributions.Categorical(logits=logits).log_prob(values)
    torch.testing.assert_close(Categorical(7).log_likelihood(logits, values), expected)


def test_gaussian_log_likelihood_is_that_of_torch_distributions() -> None:
    generator = stream()
    mean = torch.randn(50, generator=generator)
    log_sigma = torch.linspace(-3.9, 0.9, 50)
    values = torch.rand(50, generator=generator) * 2 - 1
    expected = distributions.Normal(mean, log_sigma.exp()).log_prob(values)
    found = Uniform(-1, 1).log_likelihood(torch.stack([mean, log_sigma], 1), values)
    torch.testing.assert_close(found, expected)


def test_log_likelihood_under_a_fixed_sigma() -> None:
    mean = torch.randn(50, generator=stream())
    values = torch.linspace(-1, 1, 50)
    expected = distributions.Normal(mean, 0.3).log_prob(values)
    found = Uniform(-1, 1, sigma=0.3).log_likelihood(mean[:, None], values)
    torch.testing.assert_close(found, expected)


def test_expectations() -> None:
    logits = torch.randn(5, 3, generator=stream())
    torch.testing.assert_close(Categorical(3).expectation(logits), logits.softmax(1))
    assert torch.equal(Uniform(-1, 1).expectation(logits[:, :2]), logits[:, 0])


def test_half_precision_posteriors_are_scored_in_float32() -> None:
    space = CodeSpace(k=Categorical(10), a=Uniform(-1, 1), noise=0)
    codes = space.sample(64, stream())
    posterior = torch.randn(64, 12, generator=stream()).bfloat16()
    found = space.lower_bound(posterior, codes)
    for name, expected in space.lower_bound(posterior.float(), codes).items():
        assert found[name].dtype == torch.float32
        torch.testing.assert_close(found[name], expected)


def test_a_perfect_q_reaches_exactly_the_entropy() -> None:
    values = torch.arange(40) % 10
    logits = 200.0 * torch.eye(10)[values]
    bound = CodeSpace(k=Categorical(10), noise=0).lower_bound(logits, {"k": values})["k"]
    assert float(bound) == pytest.approx(math.log(10), abs=1e-6)


def test_a_q_that_says_nothing_has_exactly_zero() -> None:
    values = torch.arange(40) % 10
    bound = CodeSpace(k=Categorical(10), noise=0).lower_bound(torch.zeros(40, 10), {"k": values})
    assert float(bound["k"]) == pytest.approx(0, abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(2, 5),
    st.integers(1, 6),
    st.integers(0, 10_000),
    st.floats(0, 30, allow_nan=False),
)
def test_the_bound_is_at_most_the_information_and_at_most_the_entropy(
    categories: int, images: int, seed: int, scale: float
) -> None:
    """By enumeration: every (code, image) cell as often as it occurs under a uniform prior."""
    random = np.random.default_rng(seed)
    counts = random.multinomial(12, random.dirichlet(np.ones(images)), size=categories)
    rows, columns = np.indices(counts.shape)
    codes = torch.from_numpy(np.repeat(rows.ravel(), counts.ravel()))
    seen = torch.from_numpy(np.repeat(columns.ravel(), counts.ravel()))
    joint = counts / counts.sum()
    outer = joint.sum(1, keepdims=True) * joint.sum(0)
    information = float(np.sum(joint[joint > 0] * np.log(joint[joint > 0] / outer[joint > 0])))

    def bound(logits: np.ndarray) -> float:
        posterior = torch.from_numpy(logits.T).float()[seen]
        space = CodeSpace(k=Categorical(categories), noise=0)
        return float(space.lower_bound(posterior, {"k": codes})["k"])

    assert information <= math.log(categories) + 1e-9
    assert bound(np.log(joint + 1e-30)) == pytest.approx(information, abs=1e-5)
    assert bound(scale * random.normal(size=counts.shape)) <= information + 1e-5


def test_bound_of_a_continuous_code_at_fixed_sigma_one() -> None:
    """A perfect mean gives log 2 − ½ log 2π = −0.226 nats; the prior's mean loses 1/6 more."""
    space = CodeSpace(a=Uniform(-1, 1, sigma=1), noise=0)
    values = torch.linspace(-1, 1, 2001)
    perfect = space.lower_bound(values[:, None], {"a": values})["a"]
    blind = space.lower_bound(torch.zeros(2001, 1), {"a": values})["a"]
    assert float(perfect) == pytest.approx(-0.2257914, abs=1e-6)
    assert float(blind) == pytest.approx(-0.2257914 - 1 / 6, abs=1e-3)


@pytest.mark.parametrize("size", [30.0, 1e10, 1e38])
def test_no_log_sigma_makes_the_bound_unbounded(size: float) -> None:
    """The best that the clamp allows: log 2 + 4 − ½ log 2π, with a perfect mean."""
    space, values = CodeSpace(a=Uniform(-1, 1), noise=0), torch.linspace(-1, 1, 9)
    for sign in (-1, 1):
        for mean in (values, values + 3):
            posterior = torch.stack([mean, torch.full((9,), sign * size)], 1).requires_grad_()
            bound = space.lower_bound(posterior, {"a": values})["a"]
            bound.backward()
            assert math.isfinite(bound.item())
            assert bound.item() <= math.log(2) + 4 - 0.5 * math.log(2 * math.pi) + 1e-5
            assert posterior.grad is not None
            assert bool(posterior.grad.isfinite().all())


def test_extreme_logits_of_a_categorical_code_stay_finite() -> None:
    values = torch.tensor([0, 1])
    logits = torch.tensor([[-1e30, 1e30], [1e30, 1e30]], requires_grad=True)
    bound = CodeSpace(k=Categorical(2), noise=0).lower_bound(logits, {"k": values})["k"]
    bound.backward()
    assert math.isfinite(bound.item())
    assert logits.grad is not None
    assert bool(logits.grad.isfinite().all())


def test_the_order_of_codes_changes_the_layout_and_nothing_else() -> None:
    codes: dict[str, Code] = {"k": Categorical(3), "a": Uniform(-1, 1), "b": Uniform(0, 2, 0.5)}
    space, turned = CodeSpace(noise=2, **codes), CodeSpace(noise=2, **dict(reversed(codes.items())))
    values, noise = space.sample(20, stream()), space.sample_noise(20, stream(1))
    posterior = torch.randn(20, space.posterior_width, generator=stream(2))
    parts = space.split(posterior)
    turned_posterior = torch.cat([parts[name] for name in turned], 1)
    found = turned.lower_bound(turned_posterior, values)
    assert list(found) == ["b", "a", "k"]
    for name, expected in space.lower_bound(posterior, values).items():
        assert torch.equal(found[name], expected)
    # noise, k k k, a, b  ->  noise, b, a, k k k
    columns = [0, 1, 6, 5, 2, 3, 4]
    assert torch.equal(turned.encode(values, noise), space.encode(values, noise)[:, columns])
    assert turned != space


def test_traversal_of_categories_is_every_one_in_turn() -> None:
    assert Categorical(5).traversal().tolist() == [0, 1, 2, 3, 4]
    assert Categorical(5).traversal(3, stretch=2).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("code", "count", "stretch", "expected"),
    [
        (Uniform(-1, 1), 5, 1.0, [-1, -0.5, 0, 0.5, 1]),
        (Uniform(-1, 1), 5, 2.0, [-2, -1, 0, 1, 2]),
        (Uniform(2, 6), 3, 1.0, [2, 4, 6]),
        (Uniform(2, 6), 3, 2.0, [0, 4, 8]),
        (Uniform(2, 6, sigma=1), 2, 0.5, [3, 5]),
    ],
)
def test_traversal_of_a_continuous_code(
    code: Uniform, count: int, stretch: float, expected: list[float]
) -> None:
    assert code.traversal(count, stretch).tolist() == pytest.approx(expected)


def test_traversal_has_ten_values_unless_told() -> None:
    assert Uniform(-1, 1).traversal().shape == (10,)


@settings(deadline=None, max_examples=25)
@given(spaces)
def test_plain_data_round_trip(space: CodeSpace) -> None:
    data = space.to_dict()
    again = CodeSpace.from_dict(json.loads(json.dumps(data)))
    assert again == space
    assert hash(again) == hash(space)
    assert list(again) == list(space)


@pytest.mark.parametrize("space", SPACES)
def test_representation_builds_the_space_again(space: CodeSpace) -> None:
    names = {"CodeSpace": CodeSpace, "Categorical": Categorical, "Uniform": Uniform}
    assert eval(repr(space), names) == space


GOOD: dict[str, Any] = {"name": "k", "kind": "categorical", "size": 3}


@pytest.mark.parametrize(
    "data",
    [
        None,
        5,
        "codes",
        [],
        {},
        {"noise": 3},
        {"codes": [GOOD]},
        {"noise": 3, "codes": []},
        {"noise": 3, "codes": 5},
        {"noise": 3, "codes": "abc"},
        {"noise": 3, "codes": [None]},
        {"noise": 3, "codes": [[]]},
        {"noise": -1, "codes": [GOOD]},
        {"noise": 1.5, "codes": [GOOD]},
        {"noise": "3", "codes": [GOOD]},
        {"noise": None, "codes": [GOOD]},
        {"noise": 3, "codes": [{**GOOD, "kind": "laplace"}]},
        {"noise": 3, "codes": [{**GOOD, "kind": []}]},
        {"noise": 3, "codes": [{**GOOD, "kind": None}]},
        {"noise": 3, "codes": [{**GOOD, "size": "3"}]},
        {"noise": 3, "codes": [{**GOOD, "size": 1}]},
        {"noise": 3, "codes": [{**GOOD, "size": 10**9}]},
        {"noise": 3, "codes": [{**GOOD, "low": 0}]},
        {"noise": 3, "codes": [{"kind": "categorical", "size": 3}]},
        {"noise": 3, "codes": [{"name": "k", "kind": "categorical"}]},
        {"noise": 3, "codes": [{**GOOD, "name": "noise"}]},
        {"noise": 3, "codes": [{"name": "a", "kind": "continuous", "low": "0", "high": 1}]},
        {"noise": 3, "codes": [{"name": "a", "kind": "continuous", "low": 1, "high": 0}]},
        {"noise": 3, "codes": [{"name": "a", "kind": "continuous", "low": 0, "high": 1e999}]},
        {"noise": 3, "codes": [{"name": "a", "kind": "continuous", "low": 0, "high": 10**400}]},
        {
            "noise": 3,
            "codes": [{"name": "a", "kind": "continuous", "low": 0, "high": 1, "sigma": 0}],
        },
    ],
)
def test_hostile_data_is_refused_in_one_line(data: Any) -> None:
    with pytest.raises(UserError) as caught:
        CodeSpace.from_dict(data)
    assert one_line(caught.value)


def test_two_codes_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="k"):
        CodeSpace.from_dict({"noise": 3, "codes": [GOOD, {**GOOD, "size": 4}]})


@pytest.mark.parametrize("size", [1, 0, -3, 2.0, "10", None, True, 100_001])
def test_bad_numbers_of_categories(size: Any) -> None:
    with pytest.raises(UserError, match="categor"):
        Categorical(size)


@pytest.mark.parametrize(
    "arguments",
    [(1, 1), (1, -1), (math.nan, 1), (0, math.inf), (-1, 1, 0.0), (-1, 1, -1.0), (-1, 1, math.nan)],
)
def test_bad_supports_and_sigmas(arguments: tuple[float, ...]) -> None:
    with pytest.raises(UserError):
        Uniform(*arguments)


@pytest.mark.parametrize("noise", [-1, 1.0, "1", None])
def test_bad_noise(noise: Any) -> None:
    with pytest.raises(UserError, match="noise"):
        CodeSpace(k=Categorical(2), noise=noise)


def test_a_space_has_a_code_or_noise() -> None:
    with pytest.raises(UserError, match="at least one code, or noise"):
        CodeSpace(noise=0)
    alone = CodeSpace(noise=3)
    noise = alone.sample_noise(2, torch.Generator().manual_seed(0))
    assert (len(alone), alone.input_width, alone.posterior_width) == (0, 3, 0)
    assert torch.equal(alone.encode({}, noise), noise)
    with pytest.raises(UserError, match="needs at least one code"):
        CodeSpace.from_dict(alone.to_dict())


@pytest.mark.parametrize("name", ["", " ", "a" * 101, "a\nb", "\x1b[2J", "\u202eevil", "\ud800"])
def test_a_name_that_a_terminal_obeys_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="a code's name is text of 1 to 100 characters") as caught:
        CodeSpace(noise=3, **{name: Categorical(2)})
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["größe", "pos x (px)", "数字", "-", "../x", "a" * 100])
def test_other_names_are_kept(name: str) -> None:
    assert list(CodeSpace(noise=3, **{name: Categorical(2)})) == [name]


def test_a_space_has_bounds() -> None:
    CodeSpace(noise=30_000, k=Categorical(100_000))
    CodeSpace(noise=0, **{f"c{i}": Uniform(-1, 1) for i in range(4096)})
    for noise, codes in (
        (2**17 - 999, {"k": Categorical(1000)}),
        (2**40, {"k": Categorical(2)}),
        (0, {"j": Categorical(100_000), "k": Categorical(100_000)}),
        (0, {f"c{i}": Uniform(-1, 1) for i in range(4097)}),
    ):
        with pytest.raises(UserError, match="at most 4,096 codes and 131,072 columns"):
            CodeSpace(noise=noise, **codes)


def test_a_code_may_be_called_as_an_argument_of_python() -> None:
    space = CodeSpace.from_dict({"noise": 3, "codes": [{**GOOD, "name": "self"}]})
    assert list(space) == ["self"]
    assert CodeSpace.from_dict(space.to_dict()).to_dict() == space.to_dict()
