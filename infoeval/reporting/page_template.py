"""Templates of self-contained HTML pages, their scripts, and what such pages may load and run."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jinja2
from markupsafe import Markup

from infoeval import content


def page_template(name: str, filters: Mapping[str, Callable[..., Any]]) -> jinja2.Template:
    """Return a template of `reports`, which escapes all values, with these filters."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(content.folder("reports")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment.get_template(name)


def own_script(name: str) -> Markup:
    """Return a script of `reports`, which is no user's text."""
    return Markup((content.folder("reports") / name).read_text(encoding="utf-8"))


def source_of(script: str) -> str:
    """Return what allows a page to run this script and no other, by its SHA-256."""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def security_policy(script: str, more_sources: Sequence[str] = ()) -> str:
    """Return the Content-Security-Policy of a page that loads and runs only what it contains.

    Its `script` may be empty; `more_sources` are those of further scripts.
    """
    sources = [*([source_of(script)] if script else []), *more_sources]
    rules = ["default-src 'none'", "style-src 'unsafe-inline'", "img-src data:"]
    if sources:
        rules.append(f"script-src {' '.join(sources)}")
    return "; ".join([*rules, "base-uri 'none'", "form-action 'none'"])
