"""What the numbers say, in plain sentences; nothing here is more certain than its number."""

import math
from dataclasses import dataclass

from infoeval.report.document import Code, Document, Result, Run
from infoeval.report.numbers import interval, nats, percent, share

__all__ = ["Finding", "about_clusters", "about_codes", "about_runs", "model_name"]

OWN_BOUND = "mi-own"
CLUSTER_ACCURACY = "cluster-acc"


@dataclass(frozen=True)
class Finding:
    """A sentence or two about one thing; ``topic`` is the code it is about."""

    topic: str
    text: str


def model_name(run: Run, *, twin: bool) -> str:
    """Say which of the two models a number belongs to: "this run, λ = 1"."""
    weight = run.subject.information_weight
    name = "twin" if twin else "this run"
    return name if weight is None else f"{name}, λ = {weight:g}"


def about_codes(document: Document) -> list[Finding]:
    """Say for each code how much of it the checkpoint's own Q reads back, here and in the twin."""
    return [Finding(code.name, _about_code(code, document)) for code in document.codes]


def about_clusters(document: Document) -> list[Finding]:
    """Say for each labelled categorical code how real images cluster to their classes."""
    return [
        Finding(result.target or "", _about_cluster(result, document))
        for result in document.run.results
        if result.metric == CLUSTER_ACCURACY and result.value is not None
    ]


def about_runs(document: Document) -> list[str]:
    """Say how many runs and seeds the page rests on, and how like the twin is."""
    subject = document.run.subject
    seed = "" if subject.seed is None else f" (seed {subject.seed})"
    sentences = [
        f"One run, one seed{seed}: another seed of the same trainer can come out very differently, "
        "and nothing on this page measures that spread."
    ]
    if document.baseline is None:
        sentences.append("There is no λ = 0 twin beside it to compare with.")
        return sentences
    twin = document.baseline.subject
    unlike = [
        f"{name} {theirs} instead of {ours}"
        for name, ours, theirs in (
            ("trainer", subject.trainer, twin.trainer),
            ("variant", subject.variant, twin.variant),
            ("seed", subject.seed, twin.seed),
            ("step", subject.step, twin.step),
        )
        if ours != theirs
    ]
    name = model_name(document.baseline, twin=True)
    if unlike:
        sentences.append(f"The {name}, differs in more than λ: {', '.join(unlike)}.")
    else:
        sentences.append(f"The {name}, has the same trainer, variant, seed and step.")
    return sentences


def _about_code(code: Code, document: Document) -> str:
    result = document.run.find(OWN_BOUND, code.name)
    if result is None or result.value is None:
        return "what the checkpoint's own Q reads back was not measured."
    text = (
        f"{_amount(code, result.value)} are read back by the checkpoint's own Q: "
        f"{_judgement(code, result.value)}"
    )
    if document.baseline is not None:
        twin = document.baseline.find(OWN_BOUND, code.name)
        name = model_name(document.baseline, twin=True)
        if twin is None or twin.value is None:
            text += f" Not measured in the {name}."
        else:
            text += f" In the {name}: {_amount(code, twin.value)}."
    return text


def _amount(code: Code, value: float) -> str:
    """Write "2.30 of 2.30 nats (100 %)"; H(c) is no ceiling for a continuous code."""
    if code.kind == "continuous" or code.entropy <= 0:
        return f"{nats(value)} nats"
    return f"{nats(value)} of {nats(code.entropy)} nats ({share(value / code.entropy)})"


def _judgement(code: Code, value: float) -> str:
    if value <= 0:
        return "nothing. A lower bound at or below zero shows no information about the code."
    if code.kind == "continuous":
        if value < 0.1:
            return "almost nothing. " + _EITHER
        ranges = f"{math.exp(value):.1f}" if value < 5 else f"{math.exp(min(value, 20)):,.0f}"
        return f"as much as telling {ranges} equally likely ranges of its value apart."
    known = value / code.entropy if code.entropy > 0 else 0.0
    if known >= 0.95:
        return "the generator writes this code into its images, and Q can tell."
    if known >= 0.5:
        return "the larger part of the code, not all of it."
    if known >= 0.1:
        return "a smaller part of the code. " + _EITHER
    return "almost nothing. " + _EITHER


_EITHER = "Either the generator leaves it unused, or Q has not learnt to read it."


def _about_cluster(result: Result, document: Document) -> str:
    value = result.value or 0.0
    images = "real images" if result.n is None else f"{result.n:,} real images"
    data = document.data
    source = " ".join(str(part) for part in (data["name"], data["split"]) if part)
    text = f"{percent(1 - value)} error on {images} ({source}"
    if result.low is not None and result.high is not None:
        level = "" if result.level is None else f"{100 * result.level:g} % "
        bounds = interval(100 * (1 - result.high), 100 * (1 - result.low), 1)
        text += f"; {level}interval {bounds} %"
    text += f"): {percent(value)} are given the code that is matched to their class."
    clusters = result.clustering
    if clusters is not None:
        fitted = f" on {clusters.fit_n:,} other images" if clusters.fit_n else ""
        text += f" The matching is one-to-one (Hungarian), fitted{fitted}."
    twin = document.baseline and document.baseline.find(CLUSTER_ACCURACY, result.target or "")
    if document.baseline and twin and twin.value is not None:
        name = model_name(document.baseline, twin=True)
        text += f" In the {name}: {percent(1 - twin.value)} error."
    return text
