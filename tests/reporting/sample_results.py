"""The results of the sample document: invented, and in line with one another."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.reporting.sample_pictures import CODES, MATCHING

LOG_TEN = float(np.log(10))
LOG_TWO = float(np.log(2))
ENTROPIES = dict(zip(CODES, (LOG_TEN, LOG_TWO, LOG_TWO), strict=True))
FACTORS = ("class", "slant", "stroke width", "height")
Document = dict[str, Any]


def results(bounds: tuple[float, ...], error: float) -> list[Document]:
    """Return every kind of result of a model whose own Q reads so much, and errs so often."""
    return [
        *_own_bounds(bounds),
        *_clusters(error),
        *_information(bounds),
        *_associations(bounds),
        *_of_factors(bounds),
    ]


def confusion(error: float) -> list[list[int]]:
    """Return counts whose matched share is 1 − ``error`` of 10,000 images."""
    counts = np.full((10, 10), round(1000 * error / 9))
    for code, cls in enumerate(MATCHING):
        counts[code, cls] = 1000 - counts[0, 0] * 9
    return [[int(count) for count in row] for row in counts]


def _own_bounds(bounds: tuple[float, ...]) -> list[Document]:
    return [
        _result("mi-own", name, bound, 0.004, unit="nats", entropy=ENTROPIES[name])
        for name, bound in zip(CODES, bounds, strict=True)
    ]


def _clusters(error: float) -> list[Document]:
    found = {
        "matching": MATCHING,
        "confusion": confusion(error),
        "class_names": [str(cls) for cls in range(10)],
        "many_to_one": 1 - 0.9 * error,
        "many_to_one_low": 1 - 0.9 * error - 0.0046,
        "many_to_one_high": 1 - 0.9 * error + 0.0046,
        "error": error,
        "fit_n": 60000,
        "base_rate": 0.1,
        "matching_fitted_on": "separate rows",
    }
    accuracy = _result("cluster-acc", "digit", 1 - error, 0.0046, **found)
    accuracy |= {"low": 1 - error - 0.0047, "high": 1 - error + 0.0045}
    return [
        accuracy,
        _result("cluster-nmi", "digit", 0.9461 - error, 0.0072),
        _result("cluster-ari", "digit", 0.9349 - error, 0.0089, unit="index"),
    ]


def _information(bounds: tuple[float, ...]) -> list[Document]:
    """Return the information by a Q trained afterwards; that of "width" has not converged."""
    found = []
    for name, own in zip(CODES, bounds, strict=True):
        value = max(own + 0.002, 0.0) if name == "digit" else max(own + 0.3, 0.0)
        result = _result("mi", name, value, 0.008, unit="nats", **_trained(name, value))
        if name == "width":
            # Its Q has not converged: above, a continuous code has no limit.
            result["high"] = None
        found.append(result)
    whole = sum(result["value"] for result in found)
    more = _trained("all codes", whole) | {"self_test": _self_test(), "leakage": _leakage(found)}
    joint = _result("mi", "all codes", whole, 0.02, unit="nats", **more)
    return [*found, joint]


def _trained(name: str, value: float) -> Document:
    rounds = [
        {
            "steps": 100 * 2**k,
            "rate": 0.006,
            "width": 8 if k < 2 else 16,
            "value": value * (1 - 0.4 ** (k + 1)),
            "gain": value * 0.4**k * 0.6 if k else None,
        }
        for k in range(6)
    ]
    radius = 0.03
    noise = [
        {
            "deviation": d,
            "value": (1 - d) * value,
            "low": (1 - d) * value - radius,
            "high": (1 - d) * value + radius,
        }
        for d in (1 / 128, 1 / 32, 1 / 8, 1 / 4, 1 / 2)
    ]
    return {
        "entropy": ENTROPIES.get(name, sum(ENTROPIES.values())),
        "converged": name != "width",
        "missed": 0.31 if name == "width" else 0.006,
        "certified": value - 0.05,
        "family": "softmax" if name == "digit" else "truncated gaussian",
        "curve": rounds,
        "noise": noise,
    }


def _self_test() -> Document:
    def check(name: str, truth: float, error: float) -> Document:
        value = truth + error
        return {
            "name": name,
            "truth": truth,
            "value": value,
            "low": value - 0.01,
            "high": value + 0.01,
            "error": error,
        }

    return {
        "channel": "symmetric noise 0.1 beside blob, gaussian noise 0.1",
        "null": [check(name, 0.0, -0.0003) for name in (*CODES, "all codes")],
        "known": [check("category", 1.7578, -0.021), check("position", 1.6671, -0.0279)],
    }


def _leakage(information: list[Document]) -> Document:
    matrix = [[0.0002, 0.004, 0.0005], [0.003, 0.0004, 0.151], [0.0, 0.148, 0.0]]
    for place, result in enumerate(information):
        matrix[place][place] = result["value"]
    chance = [[0.0006, 0.0007, 0.0007], [0.0007, 0.0009, 0.0009], [0.0007, 0.0009, 0.001]]
    return {"names": list(CODES), "matrix": matrix, "chance": chance, "n": 20000}


def _associations(bounds: tuple[float, ...]) -> list[Document]:
    """Return ``code-factors`` on real and on generated images."""
    random = np.random.default_rng(3)
    found = []
    for own in (None, {"images": "generated"}):
        values = random.uniform(0, 0.3, (len(CODES), len(FACTORS)))
        for place, bound in enumerate(bounds):
            values[place, place] = 0.9 * min(max(bound, 0.0) / ENTROPIES[CODES[place]], 1.0)
        mean = float(np.mean(np.diag(values)))
        results = [_result("code-factors", None, mean, 0.02, **_above_chance(mean, 0.02, 0.02))]
        for place, value in np.ndenumerate(values):
            code, factor = CODES[place[0]], FACTORS[place[1]]
            measure = "NMI" if code == "digit" or factor == "class" else "|Spearman|"
            pair = {"code": code, "factor": factor, "paired": place[0] == place[1]}
            details = {**pair, "measure": measure, "p": 5e-4, **_above_chance(value, 0.02, 0.01)}
            target = f"{code} × {factor}"
            results.append(_result("code-factors", target, float(value), 0.02, **details))
        for result in results:
            result["settings"] |= {} if own is None else {"own": own}
        found += results
    return found


def _of_factors(bounds: tuple[float, ...]) -> list[Document]:
    """Return other metrics: with and without settings and a null, in other units."""
    learned = max(bounds[0], 0.0) / LOG_TEN
    gap, other = 0.05 + 0.36 * learned, 0.04 + 0.33 * learned
    mig = _result("mig", None, gap, 0.02, **_above_chance(gap, 0.02, 0.021))
    ksg = _result("mig", None, other, 0.02, **_above_chance(other, 0.02, 0.018))
    ksg["settings"]["own"] = {"estimator": "ksg"}
    jemmig = _result("jemmig", None, 3.1 - learned, 0.05, unit="nats", null=_null(4.2))
    dci = _result("dci", None, 0.1 + 0.5 * learned, 0.03, no_null="takes minutes a table")
    return [mig, ksg, dci, jemmig]


def _above_chance(value: float, radius: float, chance: float) -> Document:
    """Return what chance scores, and a value of a metric from 0 to 1 above that."""
    ends = {"value": value, "low": value - radius, "high": value + radius}
    adjusted = {name: float((end - chance) / (1 - chance)) for name, end in ends.items()}
    return {"null": _null(chance), "adjusted": adjusted}


def _null(mean: float) -> Document:
    return {"mean": mean, "low": 0.4 * mean, "high": 1.7 * mean, "tables": 20}


def _result(
    metric: str,
    target: str | None,
    value: float,
    radius: float,
    unit: str = "fraction",
    **details: Any,
) -> Document:
    return {
        "metric": metric,
        "target": target,
        "value": value,
        "low": value - radius,
        "high": value + radius,
        "level": 0.95,
        "n": 10000,
        "unit": unit,
        "higher_is_better": True,
        "settings": {"seed": 0, "resamples": 1000},
        "seconds": 1.25,
        "reference": "Chen et al. 2016, equation 4" if metric == "mi-own" else "Hungarian matching",
        "details": details,
    }
