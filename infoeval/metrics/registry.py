"""Registry of metrics: their names, modules, inputs, ranges, uses and pitfalls.

A metric is registered where it is defined, with :func:`metric`. A new one is one module
and one line in `HOMES`. Modules are imported when they are first used.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

from infoeval.errors import UserError, unknown

Kind = Literal[
    "labels",
    "table",
    "interventions",
    "codes",
    "models",
    "posterior",
    "gaussian",
    "generator",
    "recognition",
    "samples",
    "changes",
    "traversals",
]
"""What a metric is called with.

"labels": one categorical code and labels, ``(codes, labels)``. "table": ``(codes, factors)``.
"interventions": the same, or a function of factors in place of the codes. "codes": ``(codes)``
alone. "models": the codes of several models. "posterior": q(c|x) of real images as ``(n, K)`` rows,
and labels where the function has an argument of this name. "gaussian": means and log variances of
q(z|x), ``(n, D)``, and factors or priors, as the function has arguments. "generator": codes of
known priors and a function that renders them. "recognition": the same, with the model's own Q.
"samples": features of real images and of generated ones, ``(n, D)`` each. "changes": generated
images, the same after one code has changed, and others, ``(n, channels, height, width)`` each.
"traversals": statistics of images along traversals of a code, and of random images.
"""

NEEDS: dict[Kind, str] = {
    "labels": "a categorical code and labels",
    "table": "codes and factors",
    "interventions": "codes and two or more factors",
    "codes": "codes",
    "models": "codes of several models",
    "posterior": "an infoeval checkpoint with a categorical code, and images",
    "gaussian": "an encoder that returns a mean and a log variance",
    "generator": "a generator and the priors of its codes",
    "recognition": "an infoeval checkpoint",
    "samples": "a generator, and images",
    "changes": "a generator with codes",
    "traversals": "a generator with codes",
}

HOMES: dict[str, str] = {
    "mi": "infoeval.information.post_hoc",
    "mi-own": "infoeval.information.checkpoint_information",
    "cluster-acc": "infoeval.metrics._cluster_accuracy",
    "cluster-nmi": "infoeval.metrics._cluster_nmi",
    "cluster-ari": "infoeval.metrics._cluster_ari",
    "real-sorting": "infoeval.metrics._real_sorting",
    "real-label-information": "infoeval.metrics._real_label_information",
    "code-factors": "infoeval.metrics._code_factors",
    "mcc": "infoeval.metrics._mcc",
    "mig": "infoeval.metrics._mig",
    "mig-sup": "infoeval.metrics._mig_sup",
    "jemmig": "infoeval.metrics._jemmig",
    "dcimig": "infoeval.metrics._dcimig",
    "modularity": "infoeval.metrics._modularity",
    "sap": "infoeval.metrics._sap",
    "dci": "infoeval.metrics._dci",
    "dci-es": "infoeval.metrics._dci_es",
    "med": "infoeval.metrics._med",
    "infomec": "infoeval.metrics._infomec",
    "minimality": "infoeval.metrics._minimality",
    "explicitness": "infoeval.metrics._explicitness",
    "tad": "infoeval.metrics._tad",
    "downstream-accuracy": "infoeval.metrics._downstream_accuracy",
    "irs": "infoeval.metrics._irs",
    "omes": "infoeval.metrics._omes",
    "beta-vae": "infoeval.metrics._beta_vae",
    "factor-vae": "infoeval.metrics._factor_vae",
    "z-max-var": "infoeval.metrics._z_max_var",
    "kl": "infoeval.metrics._kl",
    "active-units": "infoeval.metrics._active_units",
    "mig-chen": "infoeval.metrics._mig_chen",
    "total-correlation": "infoeval.metrics._total_correlation",
    "wasserstein-correlation": "infoeval.metrics._wasserstein_correlation",
    "code-information": "infoeval.metrics._code_information",
    "udr": "infoeval.metrics._udr",
    "consistency": "infoeval.metrics._consistency",
    "quality": "infoeval.metrics._quality",
    "region-changes": "infoeval.metrics._region_changes",
    "image-effects": "infoeval.metrics._image_effects",
}
"""The module that defines each metric, in the order of results.

In this package a module has one metric, and module and function have the metric's name with
underscores, except `cluster_accuracy`.
"""

Function = TypeVar("Function", bound=Callable[..., Any])

_registered: dict[str, "Metric"] = {}


@dataclass(frozen=True)
class Metric:
    """A metric: its function, kind and documentation.

    ``range`` is its range of values, ``summary`` what it measures in one line, ``use`` when to use
    it, and ``pitfalls`` where it misleads. ``evaluated`` are settings of the evaluation of a model
    in addition to the function's arguments. ``costly``: with its default settings, 10,000 rows of
    ten codes and ten factors take it more than 1.5 s without an interval.
    """

    name: str
    function: Callable[..., Any]
    kind: Kind
    range: str
    summary: str
    use: str
    pitfalls: str
    evaluated: Mapping[str, Any] = field(default_factory=dict)
    costly: bool = False

    @property
    def needs(self) -> str:
        """Inputs of the metric, in words."""
        more = " with labels" if self.kind == "posterior" and self.needs_labels else ""
        more += ", and factors" if self.kind == "gaussian" and self.needs_factors else ""
        return NEEDS[self.kind] + more

    @property
    def needs_labels(self) -> bool:
        """Whether the function has an argument ``labels``."""
        return "labels" in inspect.signature(self.function).parameters

    @property
    def needs_factors(self) -> bool:
        """Whether the function has an argument ``factors``."""
        return "factors" in inspect.signature(self.function).parameters

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """The function's keyword-only arguments with their defaults."""
        parameters = inspect.signature(self.function).parameters.values()
        return {item.name: item.default for item in parameters if item.kind is item.KEYWORD_ONLY}

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the metric by name, with their defaults."""
        settings = {}
        if self.kind in ("table", "interventions", "codes", "models", "gaussian", "changes"):
            settings = {name: value for name, value in self.arguments.items() if name != "test"}
        simulate = {"simulate": False} if self.kind == "interventions" else {}
        return {**settings, **self.evaluated, **simulate}

    @property
    def definition(self) -> str:
        """The function's documentation, without its examples: equations, settings, papers."""
        return (inspect.getdoc(self.function) or "").partition(">>>")[0].rstrip()

    def describe(self) -> dict[str, Any]:
        """Return the documentation and settings of the metric as plain data."""
        return {
            "name": self.name,
            "needs": self.needs,
            "range": self.range,
            "description": self.summary,
            "use": self.use,
            "pitfalls": self.pitfalls,
            "settings": self.settings,
        }


def metric(
    name: str,
    *,
    kind: Kind,
    range: str,
    summary: str,
    use: str,
    pitfalls: str,
    evaluated: Mapping[str, Any] | None = None,
    costly: bool = False,
) -> Callable[[Function], Function]:
    """Decorator that registers a function as a metric and returns it unchanged.

    The arguments are those of :class:`Metric`. ``find`` imports the module by `HOMES`.
    """

    def register(function: Function) -> Function:
        _registered[name] = Metric(
            name, function, kind, range, summary, use, pitfalls, evaluated or {}, costly
        )
        return function

    return register


def find(name: str) -> Metric:
    """Metric of this name; only its module is imported.

    Raises UserError, listing the names, if there is none.

    >>> find("cluster-acc").needs
    'a categorical code and labels'
    """
    if name not in HOMES:
        raise UserError(unknown("no metric", name, HOMES))
    importlib.import_module(HOMES[name])
    return _registered[name]


def summary_of(result: str) -> str:
    """What the metric measures that a result is of, in one line; "" if it is not one of ours.

    >>> summary_of("dci-completeness") == find("dci").summary, summary_of("direction-change")
    (True, '')
    """
    homes = [name for name in HOMES if f"{result}-".startswith(f"{name}-")]
    return find(max(homes, key=len)).summary if homes else ""


def names() -> list[str]:
    """Names of all metrics, in the order of results, without importing them."""
    return list(HOMES)


def all_metrics(*kinds: Kind) -> list[Metric]:
    """All metrics, or those of some kinds, in the order of results; imports them all.

    >>> [item.name for item in all_metrics("labels")]
    ['cluster-acc', 'cluster-nmi', 'cluster-ari']
    """
    return [item for item in map(find, HOMES) if not kinds or item.kind in kinds]


def markdown_table(metrics: Sequence[Metric]) -> list[str]:
    """Lines of a Markdown table of metrics: name, needs, range, use, pitfalls, settings."""
    columns = ("metric", "needs", "range", "what it measures", "use it for", "pitfalls", "settings")
    rows = [
        (
            f"`{item.name}`",
            item.needs,
            item.range,
            item.summary,
            item.use,
            item.pitfalls,
            ", ".join(f"`{name}={value}`" for name, value in item.settings.items()),
        )
        for item in metrics
    ]
    return [f"| {' | '.join(row)} |" for row in (columns, ("---",) * len(columns), *rows)]
