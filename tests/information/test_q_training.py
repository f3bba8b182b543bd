"""Training the post hoc Q: sizes, rounds and their batches, and the stopping rule."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from benchmarks.known_channels import independent, merged
from infoeval import Categorical, CodeSpace, Uniform
from infoeval.information.budgets import TOLERANCE, Budget
from infoeval.information.channels import (
    Channel,
    blob_with_gaussian_noise,
    channel_of_one,
    side_by_side,
    symmetric_noise,
)
from infoeval.information.lower_bound import Values, family_log_ratios
from infoeval.information.posteriors import CONTINUOUS, MOST_CODES
from infoeval.information.q_training import (
    BEHIND,
    JOINT,
    LEAST_WEIGHT,
    Fit,
    Kept,
    _batches,
    _gains,
    _missed,
    _rate_factor,
    _WeightedFamilies,
    best_values,
    ceilings,
    chunks_of_round,
    fit,
    new_network,
    possible_gain,
    promising,
    remaining_gain,
    train_round,
)
from infoeval.information.recognition_network import Conditional, RecognitionNetwork
from infoeval.information.streams import CHUNK, Source, Stream

CPU = torch.device("cpu")
TINY = Budget("tiny", (4,), (10, 15), 64, 2, 2_000, 2_000, 2_000, 2_000, 5, 5)


def fitted(channel: Channel, budget: Budget, seed: int = 0) -> Fit:
    source = Source(channel.space, channel.render, seed)
    return fit(source, budget, CPU, lambda text, share: None)


def validated(network: RecognitionNetwork, source: Source) -> Values:
    chunks = source.chunks(Stream.VALIDATION, 2_000)
    return best_values(source.space, family_log_ratios(network, source.space, chunks))


def mixed() -> Channel:
    return side_by_side(
        symmetric_noise(0.1, categories=4, size=8), blob_with_gaussian_noise(0.1, size=8)
    )


def test_the_same_seed_gives_the_same_curve() -> None:
    curves = []
    for state in (1, 2):
        torch.manual_seed(state)
        before = torch.get_rng_state()
        result = fitted(mixed(), TINY, seed=5)
        assert torch.equal(before, torch.get_rng_state())
        curves.append(result.curve)
        assert not result.network.training
    assert curves[0] == curves[1]
    assert fitted(mixed(), TINY, seed=6).curve != curves[0]


def test_the_curve_has_a_point_for_every_round_and_size() -> None:
    budget = replace(TINY, widths=(2, 4, 8), rounds=(10, 15, 30))
    reports: list[tuple[str, float]] = []
    channel = mixed()
    source = Source(channel.space, channel.render, 0)
    result = fit(source, budget, CPU, lambda text, share: reports.append((text, share)))
    assert set(result.curve) == set(result.missed) == {"category", "position", JOINT}
    for points in result.curve.values():
        first = [point for point in points if point.steps == 10]
        later = [point for point in points if point.steps > 10]
        assert [point.width for point in first] == [2, 2, 4, 8][: len(first)]
        assert [point.rate for point in first[:2]] == list(budget.rates)
        assert {point.rate for point in points[2:]} == {result.rate}
        assert [point.steps for point in later] == [25, 55][: len(later)]
        assert [point.gain is None for point in points] == [True] + [False] * (len(points) - 1)
    shares = [share for _, share in reports]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert shares[0] > 0


def test_each_code_and_all_together_are_validated_on_the_same_samples() -> None:
    channel = mixed()
    source = Source(channel.space, channel.render, 0)
    result = fit(source, TINY, CPU, lambda text, share: None)
    values = validated(result.network, source)
    for name, ratios in values.items():
        assert ratios.shape == (2_000,)
        assert result.curve[name][-1].value == pytest.approx(float(ratios.mean()), abs=1e-9)


@pytest.mark.parametrize(
    "channel",
    [merged(4, categories=4, size=8), independent(Categorical(4), size=8), mixed()],
    ids=lambda channel: channel.name,
)
def test_nothing_is_missed_beyond_the_entropy(channel: Channel) -> None:
    result = fitted(channel, TINY)
    for name, missed in result.missed.items():
        best = max(point.value for point in result.curve[name])
        assert missed >= 0
        ceiling = ceilings(channel.space)[name]
        assert missed <= ceiling - min(point.value for point in result.curve[name])
        if math.isinf(ceiling):
            assert missed == math.inf  # there was only one size
        else:
            assert best <= ceiling + 1e-6
        assert result.converged(name) == (missed < TOLERANCE)


def test_an_easy_channel_ends_before_the_budget() -> None:
    budget = replace(TINY, rounds=(60, 60, 120, 240, 480, 960))
    result = fitted(merged(2, categories=2, size=8), budget)
    steps = [point.steps for point in result.curve["category"]]
    assert steps[-1] <= 480
    assert result.converged("category")
    assert result.converged(JOINT)
    assert result.curve["category"][-1].value == pytest.approx(math.log(2), abs=TOLERANCE)


def test_a_larger_size_that_gains_nothing_is_dropped() -> None:
    budget = replace(TINY, widths=(2, 4, 8, 16), rounds=(80, 80))
    result = fitted(independent(Categorical(3), size=8), budget)
    widths = [point.width for point in result.curve["code"] if point.steps == 80]
    assert widths == [2, 2, 4]
    assert result.network.trunk.width == 8 * 2
    assert abs(result.curve["code"][-1].value) < 0.02


def test_a_round_that_spoils_the_network_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    from infoeval.information import q_training

    channel = symmetric_noise(0.1, categories=3, size=8)
    source = Source(channel.space, channel.render, 0)
    honest, rounds = q_training.train_round, []

    def spoil(network: torch.nn.Module, *rest: object, rate: float, kept: Kept | None) -> None:
        honest(network, *rest, rate=rate, kept=kept)  # type: ignore[arg-type]
        rounds.append(rest)
        if len(rounds) > len(TINY.rates):
            for parameter in network.heads.parameters():  # type: ignore[union-attr]
                parameter.data.normal_()

    monkeypatch.setattr(q_training, "train_round", spoil)
    result = fit(source, replace(TINY, rounds=(100, 10)), CPU, lambda text, share: None)
    points = result.curve["category"]
    values = validated(result.network, source)
    kept = max(point.value for point in points[:-1])
    assert points[-1].value < kept
    assert float(values["category"].mean()) == pytest.approx(kept, abs=1e-9)


def test_a_code_that_the_last_round_spoiled_has_not_converged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from infoeval.information import q_training

    # Nothing can be read, so the larger size gains nothing and what is missed is seen in training.
    channel = independent(Categorical(3), size=8)
    source = Source(channel.space, channel.render, 0)
    budget = replace(TINY, widths=(2, 4), rounds=(80, 80))
    honest = q_training.train_round

    def spoil(network: RecognitionNetwork, *rest: object, rate: float, kept: Kept | None) -> None:
        honest(network, *rest, rate=rate, kept=kept)  # type: ignore[arg-type]
        if rate not in budget.rates:
            for weights in network.heads.parameters():
                weights.data += torch.linspace(-0.2, 0.2, weights.numel()).view_as(weights)

    assert fit(source, budget, CPU, lambda text, share: None).converged("code")
    monkeypatch.setattr(q_training, "train_round", spoil)
    result = fit(source, budget, CPU, lambda text, share: None)
    for name in ("code", JOINT):
        points = result.curve[name]
        fall = max(point.value for point in points) - points[-1].value
        assert TOLERANCE < result.missed[name] < fall
        assert result.missed[name] == -(points[-1].gain or 0)
        assert not result.converged(name)


def test_only_a_significant_fall_is_missed() -> None:
    generator = np.random.default_rng(0)
    before = generator.normal(size=5_000)
    for lost, significant in ((0.001, False), (0.1, True)):
        change = generator.normal(-lost, 0.2, size=5_000)
        gain = _gains({"a": before + change}, {"a": before})["a"]
        least = stats.ttest_1samp(-change, 0).confidence_interval(0.9).low
        missing = possible_gain(gain, 1_000, 2_000)
        assert missing == pytest.approx(
            least if significant else remaining_gain(gain, 1_000, 2_000), abs=1e-5
        )
        assert (least > 0) == significant


@pytest.mark.parametrize("power", [1 / 3, 1 / 2, 1])
@pytest.mark.parametrize("rounds", [(400, 1_200), (1_200, 2_400), (2_000, 6_000)])
def test_what_is_still_missing_is_seen_in_the_last_gain(
    power: float, rounds: tuple[int, int]
) -> None:
    before, after = (0.5 * steps**-power for steps in rounds)
    expected = remaining_gain(before - after, *rounds)
    assert expected >= after * (1 - 1e-9)
    if power == 1 / 3:
        assert expected == pytest.approx(after)


def test_a_weak_signal_that_is_learned_slowly_has_not_converged() -> None:
    # Gains of less than the tolerance, but many of them.
    gain = 0.6 * TOLERANCE
    assert remaining_gain(gain, 1_000, 2_000) > TOLERANCE
    space = CodeSpace(a=Categorical(2), noise=0)
    network = RecognitionNetwork(space, torch.zeros(2, 1, 8, 8, dtype=torch.uint8), 2)
    result = Fit(network, 1e-3, {}, {"a": 1.01 * TOLERANCE, "b": 0.99 * TOLERANCE})
    assert not result.converged("a")
    assert result.converged("b")


def test_gains_are_upper_limits_of_paired_differences() -> None:
    generator = np.random.default_rng(0)
    before = generator.normal(size=5_000)
    gained = generator.normal(0.01, 0.2, size=5_000)
    limit = _gains({"a": before + gained}, {"a": before})["a"]
    sided = stats.ttest_1samp(gained, 0).confidence_interval(0.9).high
    assert limit == pytest.approx(sided, abs=1e-5)
    assert _gains({"a": before}, {"a": before})["a"] == 0


def test_missed_is_the_larger_gain_and_not_more_than_is_left() -> None:
    space = CodeSpace(a=Categorical(2), b=Uniform(0, 1), noise=0)
    values = {"a": np.full(9, 0.6), "b": np.full(9, 5.0), JOINT: np.full(9, 5.6)}

    def missed(training: float, size: float) -> dict[str, float]:
        return _missed(space, values, dict.fromkeys(values, training), dict.fromkeys(values, size))

    left = math.log(2) - 0.6
    assert missed(0.01, 0.02) == pytest.approx({"a": 0.02, "b": 0.02, JOINT: 0.02})
    assert missed(1, 0.02) == pytest.approx({"a": left, "b": 1, JOINT: 1})
    assert missed(-1, -2) == {"a": 0, "b": 0, JOINT: 0}
    assert missed(-1, math.inf) == pytest.approx({"a": left, "b": math.inf, JOINT: math.inf})
    assert ceilings(space) == {"a": math.log(2), "b": math.inf, JOINT: math.inf}


def test_every_round_has_half_the_learning_rate_of_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from infoeval.information import q_training

    honest, rates = q_training.train_round, []

    def watch(*arguments: object, rate: float, kept: Kept | None) -> None:
        rates.append(rate)
        honest(*arguments, rate=rate, kept=kept)  # type: ignore[arg-type]

    monkeypatch.setattr(q_training, "train_round", watch)
    monkeypatch.setattr(q_training, "TOLERANCE", 0)  # no round is spared
    # The first rate learns nothing, so the second one is kept and halved.
    budget = replace(TINY, rates=(1e-7, 8e-3), rounds=(10, 5, 5, 5))
    result = fitted(mixed(), budget)
    assert result.rate == 8e-3
    assert rates == [1e-7, 8e-3, 4e-3, 2e-3, 1e-3]


def test_rounds_use_fresh_samples() -> None:
    seen: list[int] = []

    class Watched(Source):
        def chunk(self, stream: Stream, number: int) -> tuple[dict[str, Tensor], Tensor]:
            if stream is Stream.TRAIN:
                seen.append(number)
            assert stream is not Stream.TEST
            assert stream is not Stream.CALIBRATION
            return super().chunk(stream, number)

    channel = blob_with_gaussian_noise(0.1, size=8)
    source = Watched(channel.space, channel.render, 0)
    # A chunk is two and a half batches.
    budget = replace(TINY, widths=(2, 2), rounds=(6, 9, 9), passes=1, batch=800)
    result = fit(source, budget, CPU, lambda text, share: None)
    assert result.curve[JOINT][-1].steps == 24
    often = [seen.count(number) for number in range(3 + 4 + 4)]
    assert often[0] == 3  # by both sizes, and the first at both rates
    assert often[3:] == [1] * 8
    assert max(seen) == 10


def test_fresh_weights_depend_on_seed_and_size_only() -> None:
    channel = symmetric_noise(0.1, categories=3, size=8)
    source = Source(channel.space, channel.render, 0)
    torch.manual_seed(4)
    first = new_network(source, 4, CPU).state_dict()
    torch.manual_seed(5)
    state = torch.get_rng_state()
    second = new_network(Source(channel.space, channel.render, 0), 4, CPU).state_dict()
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    other = new_network(Source(channel.space, channel.render, 1), 4, CPU).state_dict()
    assert not torch.equal(first["trunk.pixels.weight"], other["trunk.pixels.weight"])


@pytest.mark.parametrize(("steps", "passes"), [(7, 1), (100, 1), (100, 3), (400, 2)])
def test_batches_use_every_sample_equally_often(steps: int, passes: int) -> None:
    space = CodeSpace(a=Uniform(0, 1), noise=0)
    source = Source(space, lambda codes, _: codes["a"].view(-1, 1, 1, 1), 0)
    budget = replace(TINY, passes=passes)
    chunks = chunks_of_round(budget, steps)
    assert chunks == math.ceil(steps * 64 / passes / CHUNK)
    batches = list(_batches(source, 3, steps, budget, torch.Generator().manual_seed(0), CPU))
    assert len(batches) == steps
    codes = torch.cat([values["a"] for values, _ in batches])
    images = torch.cat([batch for _, batch in batches]).flatten()
    assert torch.equal((codes * 255).round(), images.float())
    drawn = torch.cat([source.chunk(Stream.TRAIN, 3 + n)[0]["a"] for n in range(chunks)])
    assert np.isin(codes.numpy(), drawn.numpy()).all()
    often = np.unique(codes.numpy(), return_counts=True)[1]
    assert often.max() <= passes + 1 + 1  # equal floats occur
    assert len(codes) > 0.95 * 64 * steps


def test_the_rate_warms_up_and_decays() -> None:
    for steps in (1, 3, 20, 1000):
        rates = [_rate_factor(step, steps) for step in range(steps)]
        peak = int(np.argmax(rates))
        assert all(rate > 0 for rate in rates)
        assert rates[: peak + 1] == sorted(rates[: peak + 1])
        assert rates[peak:] == sorted(rates[peak:], reverse=True)
        if steps >= 20:
            assert rates[-1] < 0.02 * rates[peak]


def test_families_count_by_how_little_they_are_behind() -> None:
    weighted = _WeightedFamilies()
    means = torch.tensor([1.0, 1.0 - BEHIND, -5.0], requires_grad=True)
    target = Conditional("c")
    weighted.sum(target, means[:, None].expand(-1, 4)).backward()  # type: ignore[no-untyped-call]
    expected = torch.tensor([1.0, math.exp(-1), LEAST_WEIGHT])
    torch.testing.assert_close(means.grad, expected)
    for _ in range(200):  # what a family read long ago is forgotten
        total = weighted.sum(target, torch.tensor([[0.0], [2.0], [2.0]]))
    assert float(total) == pytest.approx(4)
    total = weighted.sum(target, torch.tensor([[2.0], [0.0], [0.0]]))  # one batch changes little
    assert float(total) == pytest.approx(2 * LEAST_WEIGHT)
    assert float(weighted.sum(Conditional("d"), torch.tensor([[3.0]]))) == 3, (
        "a single one is whole"
    )


def test_families_that_are_behind_are_not_trained_any_more() -> None:
    space = CodeSpace(a=Categorical(2), b=Uniform(0, 1), noise=0)
    alone, given = Conditional("b"), Conditional("b", ("a",))
    means = {Conditional("a"): [0.1], alone: [0.6, 0.56, 0.54, 0.62, 0.9], given: [0.0] * 5}
    ratios = {
        target: np.array(values)[:, None] + np.array([[-1.0, 1.0]])
        for target, values in means.items()
    }
    kept = promising(space, ratios)
    assert [family.name for family in CONTINUOUS][3:] == ["wrapped boxes", "gaussian"]
    assert kept == {Conditional("a"): (0,), alone: (0, 3, 4), given: (0, 1, 2, 3, 4)}
    channel = blob_with_gaussian_noise(0.1, size=8)
    source = Source(channel.space, channel.render, 0)
    network = new_network(source, 2, CPU)
    only = {Conditional("position"): (0, 4)}
    train_round(network, source, 0, 5, TINY, lambda step: None, rate=6e-3, kept=only)
    trained = []
    for weights in torch.split(network.heads.alone.weight, [f.width for f in CONTINUOUS]):
        trained.append(bool((weights != 0).any()))
    assert trained == [True, False, False, False, True]


def test_families_are_dropped_from_the_third_round_on_and_by_no_round_that_is_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from infoeval.information import q_training

    trained_on: list[Kept | None] = []
    honest = q_training.train_round

    def watch(network: RecognitionNetwork, *rest: object, rate: float, kept: Kept | None) -> None:
        trained_on.append(kept)
        honest(network, *rest, rate=rate, kept=kept)  # type: ignore[arg-type]
        if len(trained_on) == 4:
            for weights in network.heads.parameters():
                weights.data.normal_()

    monkeypatch.setattr(q_training, "train_round", watch)
    monkeypatch.setattr(q_training, "TOLERANCE", 0)  # no round is spared
    fitted(mixed(), replace(TINY, rounds=(30, 60, 5, 5)))
    two_rates_and_the_second_round, spoiled, last = trained_on[:3], trained_on[3], trained_on[4]
    assert two_rates_and_the_second_round == [None] * 3
    assert spoiled is not None
    assert last is spoiled


def test_of_many_codes_none_has_converged_before_all_have() -> None:
    def missed(count: int) -> dict[str, float]:
        space = CodeSpace(**{f"c{number}": Uniform(0, 1) for number in range(count)}, noise=0)
        values = {name: np.zeros(9) for name in [*space, JOINT]}
        gains = dict.fromkeys(values, 0.001) | {JOINT: 0.5}
        return _missed(space, values, gains, dict.fromkeys(values, 0.0))

    assert missed(MOST_CODES)["c0"] == 0.001
    assert set(missed(MOST_CODES + 1).values()) == {0.5}


def test_families_far_behind_still_learn() -> None:
    """Adam's steps do not depend on the scale of a loss: each family comes to know the code."""
    channel = symmetric_noise(0.0, categories=2, size=8)
    shown = channel_of_one(
        "halves",
        "place",
        Uniform(0, 1),
        lambda codes, generator: channel.render(
            {"category": (codes["place"] > 0.5).long()}, generator
        ),
        math.log(2),
    )
    source = Source(shown.space, shown.render, 0)
    network = new_network(source, 8, CPU)
    train_round(network, source, 0, 100, TINY, lambda step: None, rate=6e-3)
    chunks = source.chunks(Stream.VALIDATION, 1_000)
    (ratios,) = family_log_ratios(network, shown.space, chunks).values()
    reached = dict(zip((f.name for f in CONTINUOUS), ratios.mean(1), strict=True))
    assert reached["bins"] == pytest.approx(math.log(2), abs=0.05)
    assert reached["truncated gaussian"] > 0.3
    assert reached["gaussian"] > 0.1
