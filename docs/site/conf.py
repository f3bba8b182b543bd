"""How Sphinx makes the site: guides and notebooks by MyST, the reference from docstrings."""

import re
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import infoeval  # noqa: E402

project = "infoeval"
author = "The infoeval authors"
release = version = infoeval.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# Notebooks are shown as they were run; `make notebooks` runs them.
nb_execution_mode = "off"
html_theme = "furo"
html_title = f"infoeval {version}"
html_show_sourcelink = html_show_copyright = html_copy_source = False
highlight_language = "text"
default_role = "code"
myst_heading_anchors = 4
myst_linkify_fuzzy_links = False
# Types of arrays, written out, would fill a screen for each function.
autodoc_typehints = "none"
maximum_signature_line_length = 90
autodoc_default_options = {
    "members": True,
    "member-order": "bysource",
    "exclude-members": "progress",
}
# A page opened from its file may not read others, for lines around what was found.
html_show_search_summary = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False


def plain_signs(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape what docstrings mean as it is, and reStructuredText would read as markup.

    To a class of options their help is added.
    """
    if what == "class" and is_dataclass(obj):
        helped = [(entry.name, entry.metadata.get("help")) for entry in fields(obj)]
        lines += ["", *(f":param {name}: {help}" for name, help in helped if help)]
    for at, line in enumerate(lines):
        parts = re.split(r"(``.*?``|`.*?`|^\s*>>>.*|\*\b[^*]+\b\*)", line)
        parts[::2] = [
            re.sub(r"((?<!\\)[|*]|(?<=\w)_(?=\W|$))", r"\\\1", part) for part in parts[::2]
        ]
        # What follows a literal at once has to be set off from it.
        parts[2::2] = [re.sub(r"^(?=[\w²³])", r"\\ ", part) for part in parts[2::2]]
        lines[at] = "".join(parts)


def plain_defaults(
    app: Any, what: str, name: str, obj: Any, options: Any, signature: str | None, returned: Any
) -> tuple[str | None, Any]:
    """Return a signature whose defaults are expressions: functions by their names."""
    return signature and re.sub(r"<function (\w+)>", r"\1", signature), returned


def setup(app: Any) -> None:
    """Register what is above."""
    app.connect("autodoc-process-docstring", plain_signs)
    app.connect("autodoc-process-signature", plain_defaults)
