"""The evidence for the numbers: self-test, convergence, seeds and intervals, in short lines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from infoeval.reporting.aligned_codes import pairing
from infoeval.reporting.wording import (
    between,
    count_of,
    decimals,
    grouped,
    in_brackets,
    in_words,
    listed,
    nats,
)
from infoeval.results import Document, ModelResults, Result
from infoeval.results.model_results import differing_readings
from infoeval.results.result_details import INFORMATION, OWN_BOUND, CheckDetails

_TOLERANCE = 0.01
"""Largest error above the truth, nats, with which a self-test passes."""
_SHORTFALL = 0.03
"""Least error below the truth of a known channel, nats, that is reported as too low."""
_CONVERGED = 0.01
"""Gain, nats, below which a Q has converged."""
_WEIGHT = "information_weight"
_TOO_FEW = "too few rows for some metrics"
_ASSUMED = "some metrics assume what the model does not say"
_SAMPLED = "some metrics of a part of the rows"


@dataclass(frozen=True)
class Reason:
    """A reason to trust the numbers, or, where ``good`` is False, not to; None: neither.

    ``short`` says it in a few words.
    """

    topic: str
    good: bool | None
    text: str
    short: str


def reasons(document: Document) -> list[Reason]:
    """Return the reasons to trust the verdict or not, the most important first."""
    candidates = [
        _convergence(document),
        _self_test(document),
        *_said(document, "Too few rows", _TOO_FEW, lambda result: result.typed.sparse),
        *_said(document, "Assumed", _ASSUMED, lambda result: result.typed.assumed),
        *_said(document, "Rows", _SAMPLED, lambda result: result.typed.sampled, good=None),
        _readings(document),
        _seeds(document),
        _alignment(document),
    ]
    candidates += [_unlike(document, model) for model in document.baselines[:1]]
    candidates.append(_intervals(document))
    return [reason for reason in candidates if reason is not None]


def _convergence(document: Document) -> Reason | None:
    by_model = {model.label: _not_converged(document, model) for model in document.all_models}
    open_codes = {name: codes for name, codes in by_model.items() if codes}
    found = (document.information(code.name) for code in document.all_codes)
    measured = [result for result in found if result is not None]
    if not measured:
        text = "Not measured: --information quick adds what each code carries."
        short = "information not measured"
        return Reason("Information", None, text, short) if document.all_codes else None
    if all(result.metric == OWN_BOUND for result in measured):
        return Reason(
            "Lower bounds",
            None,
            "Each amount is what the model's own Q reads from the images. It is a lower bound: a Q "
            "trained afterwards may find more.",
            "lower bounds, by the model's own Q",
        )
    if not open_codes:
        several = "all models" if len(document.all_models) > 1 else "every code"
        return Reason(
            "Convergence",
            True,
            f"Q converged for {several}: a larger Q, another input and more training could each "
            f"gain less than {_CONVERGED:g} nats. What no Q of ours can read is not found by any "
            "of them.",
            f"Q converged for {several}",
        )
    return Reason(
        "Convergence",
        False,
        f"Q had not converged for {_where(open_codes, document)}: a larger Q, another input or "
        f"more training may still gain {_CONVERGED:g} nats or more.",
        "Q had not converged everywhere",
    )


def _readings(document: Document) -> Reason | None:
    """Return which batch-norm statistics the models were read with, where that differs."""
    models = document.all_models
    text = differing_readings({model.label: model.identity.batch_norm for model in models})
    said = f"{text[:1].upper()}{text[1:]}."
    return Reason("Batch norm", False, said, "read in different ways") if text else None


def _said(
    document: Document,
    heading: str,
    short: str,
    sentence_of: Callable[[Result], str],
    *,
    good: bool | None = False,
) -> list[Reason]:
    """Return each sentence of a kind in the results, with the metrics that have it.

    Of several models that say it of the same metrics, the first one's sentence stands for all.
    """
    results = [result for model in document.all_models for result in model.results]
    pairs = ((sentence_of(result), result.name) for result in results)
    warned = grouped(pair for pair in pairs if pair[0])
    first = {tuple(names): sentence for sentence, names in reversed(warned.items())}
    return [
        Reason(heading, good, f"{listed(names)}: {sentence}", short)
        for sentence, names in warned.items()
        if first[tuple(names)] == sentence or len(document.all_models) == 1
    ]


def _where(open_codes: Mapping[str, tuple[str, ...]], document: Document) -> str:
    """Return "digit and slant", "every code in seed 1 and seed 2", "slant in all six models"."""
    models = len(document.all_models)
    places = []
    for codes in dict.fromkeys(open_codes.values()):
        which = "every code" if len(codes) == len(document.all_codes) else listed(codes)
        names = [name for name, theirs in open_codes.items() if theirs == codes]
        if models > 1:
            every = "both models" if models == 2 else f"all {in_words(models)} models"
            which += f" in {every if len(names) == models else listed(names)}"
        places.append(which)
    return listed(places)


def _not_converged(document: Document, model: ModelResults) -> tuple[str, ...]:
    found = {code.name: model.find(INFORMATION, code.name) for code in document.all_codes}
    known = {name: result.convergence for name, result in found.items() if result}
    return tuple(name for name, details in known.items() if details and not details.converged)


def _self_test(model: ModelResults) -> Reason | None:
    whole = model.joint_information()
    test = whole.information.self_test if whole and whole.information else None
    if test is None or not (test.null or test.known):
        return None
    null = max(test.null, key=_above, default=None)
    known = max(test.known, key=_above, default=None)
    short = max(test.known, key=_below, default=None)
    failed = any(_above(check) > _TOLERANCE for check in (*test.null, *test.known))
    too_low = short is not None and _below(short) > _SHORTFALL
    parts = [f"{_found(null)} in shuffled codes"] if null else []
    parts += [_of_channel(known if failed else short)] if known and short else []
    findings = f"the same estimate finds {' and '.join(parts)}."
    if failed:
        text = f"Failed, so no amount on this page can be trusted: {findings}"
        return Reason("Self-test", False, text, "self-test failed: trust no amount here")
    if too_low:
        text = f"Amounts may be too low: {findings}"
        return Reason("Self-test", False, text, "amounts may be too low")
    return Reason("Self-test", True, f"Passed: {findings}", "self-test passed")


def _of_channel(check: CheckDetails) -> str:
    ends = in_brackets(between(check.low, check.high, nats))
    of = f"{nats(check.value)} of the {nats(check.truth)} nats"
    return f"{of}{ends} in a channel of known information"


def _above(check: CheckDetails) -> float:
    """Return by how much even the lower end of an estimate exceeds the truth, nats."""
    return (check.value if check.low is None else check.low) - check.truth


def _below(check: CheckDetails) -> float:
    """Return by how much even the upper end of an estimate falls short of the truth, nats."""
    return check.truth - (check.value if check.high is None else check.high)


def _found(check: CheckDetails) -> str:
    ends = between(check.low, check.high, partial(decimals, digits=3))
    return f"{nats(check.value)} nats{in_brackets(ends)}"


def _seeds(document: Document) -> Reason:
    peers = document.peers
    if document.arrangement == "seeds" and len(peers) > 1:
        count = count_of(len(peers), "seed")
        text = f"{count.capitalize()}, all of them on this page. Shown first: {document.label}"
        reason = f" ({document.reason})" if document.reason else ""
        blind = ", chosen without labels" if "without labels" in (document.reason or "") else ""
        short = f"{count}; {document.label} shown{blind}"
        return Reason("Seeds", None, f"{text}{reason}.", short)
    if document.arrangement == "comparison":
        return Reason(
            "Seeds",
            None,
            "One checkpoint of each model: differences are between these checkpoints, and other "
            "seeds may differ in the opposite direction.",
            "one seed of each model",
        )
    if document.identity.codes is not None:
        text = "One table of codes: those of another seed of the model can be very different."
        return Reason("Seeds", None, text, "one table of codes")
    seed = document.identity.seed
    which = "" if seed is None else f" ({seed})"
    text = f"One seed{which}: other seeds can give very different results."
    return Reason("Seeds", None, text, f"one seed{which}")


def _alignment(document: Document) -> Reason | None:
    text = pairing(document)
    rows = "images" if document.identity.codes is None else "rows"
    return Reason("Pairing", None, text, f"codes paired on the same {rows}") if text else None


def _unlike(document: Document, baseline: ModelResults) -> Reason | None:
    mine, theirs = document.identity, baseline.identity
    unlike = [
        f"{name} {getattr(theirs, name)} instead of {getattr(mine, name)}"
        for name in ("trainer", "seed", "step")
        if getattr(mine, name) != getattr(theirs, name)
    ]
    unlike += _settings_unlike(document, baseline)
    if not unlike or len(document.peers) > 1:
        return None
    text = f"Differs from the model in more than λ: {', '.join(unlike)}."
    return Reason("Baseline", False, text, "the baseline differs in more than λ")


def _settings_unlike(model: ModelResults, baseline: ModelResults) -> list[str]:
    """Return the trainer settings, other than λ, that differ; else the variants, where these do.

    Variants have different names even where they differ in λ alone.
    """
    mine, theirs = model.training.config, baseline.training.config
    if isinstance(mine, dict) and isinstance(theirs, dict):
        names = sorted((mine.keys() | theirs.keys()) - {_WEIGHT, "name", "variant"})
        return [name for name in names if mine.get(name) != theirs.get(name)]
    own, other = model.identity.variant, baseline.identity.variant
    return [] if own == other else [f"variant {other} instead of {own}"]


def _intervals(document: Document) -> Reason | None:
    levels = (result.level for result in document.results if result.low is not None)
    level = next((level for level in levels if level is not None), None)
    if level is None:
        return None
    rows = "images" if document.identity.codes is None else "rows"
    return Reason(
        "Intervals",
        None,
        f"{100 * level:g} %, over the sampled {rows} alone: they do not cover the choice of seed, "
        "data set or settings.",
        f"{100 * level:g} % intervals, over {rows} alone",
    )
