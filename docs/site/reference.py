"""Pages of the site that are made from the package: the reference, the metrics, the commands."""

import importlib
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import click

from infoeval.cli import main
from infoeval.metrics import all_metrics
from infoeval.metrics.registry import Metric

MODULES = {
    "infoeval": "what one import gives: scores, reports, trainings, codes, models",
    "infoeval.evaluation": "scoring, comparing, encoding, directions",
    "infoeval.evaluation.pages": "reports",
    "infoeval.information": "information between codes and images",
    "infoeval.data": "data sets",
    "infoeval.training.choosing": "finding a trainer",
    "infoeval.training.run": "training",
    "infoeval.sweep": "many runs",
    "infoeval.integrations": "scores and loggers while a model is trained",
    "infoeval.results": "the results, as they are written and read",
    "infoeval.viewer": "one page over a folder",
}
"""Modules of the reference, and what each is about."""
OF_MODULE = {
    "infoeval.evaluation.pages": ("report", "compare"),
    "infoeval.training.choosing": ("load_trainer",),
    "infoeval.training.run": ("train",),
    "infoeval.sweep": ("train_many", "StoppedSweepError"),
}
"""Names of modules that have no `__all__`, or repeat names of others there."""


def pages() -> dict[str, str]:
    """Return the generated pages: their Markdown by their paths in the site."""
    metrics = all_metrics()
    made = {f"reference/{name}.md": _module_page(name) for name in MODULES}
    made |= {f"reference/metrics/{metric.name}.md": _metric_page(metric) for metric in metrics}
    made["reference/infoeval.metrics.md"] = _metrics_page(metrics)
    made["reference/commands.md"] = _commands_page()
    made["reference/index.md"] = _index_page()
    return made


def public_names(module: str) -> Sequence[str]:
    """Return the public names of a module that have something to document."""
    found = importlib.import_module(module)
    names = OF_MODULE.get(module) or found.__all__
    return [name for name in names if callable(getattr(found, name))]


def _index_page() -> str:
    rows = [f"- [`{name}`]({name}.md): {about}" for name, about in MODULES.items()]
    entries = [*MODULES, "infoeval.metrics", "commands"]
    return f"""# Reference

{chr(10).join(rows)}
- [`infoeval.metrics`](infoeval.metrics.md): every metric, with a page for each
- [Commands](commands.md): the help of each command

{_contents(entries)}"""


def _module_page(module: str) -> str:
    about = MODULES[module]
    entries = (_entry(importlib.import_module(module), name) for name in public_names(module))
    return f"# `{module}`: {about}\n\n" + "\n".join(entries)


def _metrics_page(metrics: Sequence[Metric]) -> str:
    """Return a table of all metrics, with links to their pages, and what is not a metric."""
    package = importlib.import_module("infoeval.metrics")
    rows = [
        f"| [`{name}`](metrics/{name}.md) | {each.needs} | {each.range} | {each.summary} |"
        for name, each in ((each.name, each) for each in metrics)
    ]
    functions = {metric.function for metric in metrics}
    others = [
        _entry(package, name)
        for name in public_names("infoeval.metrics")
        if getattr(package, name) not in functions
    ]
    return f"""# `infoeval.metrics`: every metric

Scores of codes of known meaning, and which metric to use when: [metrics](../docs/metrics.md).

| metric | needs | range | what it measures |
|---|---|---|---|
{chr(10).join(rows)}

## The registry

{chr(10).join(others)}
{_contents([f"metrics/{metric.name}" for metric in metrics])}"""


def _metric_page(metric: Metric) -> str:
    """Return the page of a metric: its facts, its definition and its worked example."""
    settings = ", ".join(f"`{name}={value}`" for name, value in metric.settings.items())
    facts = {
        "needs": metric.needs,
        "range": metric.range,
        "use it for": metric.use,
        "pitfalls": metric.pitfalls,
        "settings": settings or "none",
    }
    name, package = metric.function.__name__, importlib.import_module("infoeval.metrics")
    home = (
        package if name in package.__all__ else importlib.import_module(metric.function.__module__)
    )
    rows = "\n".join(f"- **{key}**: {text}" for key, text in facts.items() if text)
    return f"""# `{metric.name}`

{metric.summary[:1].upper()}{metric.summary[1:]}.

{rows}

{_entry(home, name)}"""


def _commands_page() -> str:
    blocks = [
        f"## `{shown.command_path}`\n\n```text\n{shown.get_help()}\n```\n"
        for shown in _contexts(main, "infoeval")
    ]
    return "# Commands\n\n" + "\n".join(blocks)


def _contexts(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """Yield a context of a command, which can tell its help, and of those below it."""
    width: dict[str, Any] = {"terminal_width": 100, "max_content_width": 100}
    context = click.Context(command, parent, name, **width, **command.context_settings)
    yield context
    for below, each in getattr(command, "commands", {}).items():
        yield from _contexts(each, below, context)


def _entry(home: ModuleType, name: str) -> str:
    """Return the directive that documents a name from its docstring."""
    if not isinstance(getattr(home, name), type):
        return f"```{{eval-rst}}\n.. autofunction:: {home.__name__}.{name}\n```\n"
    elsewhere = (public_names(module) for module in MODULES if module != "infoeval")
    again = home.__name__ == "infoeval" and any(name in names for names in elsewhere)
    option = "   :no-index:\n" if again else ""
    return f"```{{eval-rst}}\n.. autoclass:: {home.__name__}.{name}\n{option}```\n"


def _contents(names: Sequence[str]) -> str:
    """Return a table of contents that only the navigation shows."""
    return "```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```\n"
