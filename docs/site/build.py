"""What `make docs` does: build the site, without a network; a warning or a dead link is an error.

The sources are the guides as they lie in the repository, and pages made from the package.
"""

import argparse
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from reference import pages

ROOT = Path(__file__).resolve().parents[2]
GUIDES = {
    "Start": ("five-minutes", "install", "data", "trainers", "your-model", "report", "automation"),
    "Notebooks": (
        "notebooks/score_your_codes",
        "notebooks/score_your_vae",
        "notebooks/what_varies_in_my_pictures",
        "notebooks/the_paper_in_an_afternoon",
    ),
    "Measures": ("scores", "metrics", "references", "information", "directions"),
    "Measured": ("results", "figures", "gallery", "reliability", "performance", "by-hand"),
}
PROJECT = ("CHANGELOG", "CONTRIBUTING", "ARCHITECTURE", "SECURITY")
CODE = ("infoeval", "trainers", "reports", "tests", "benchmarks", "LICENSE", "CITATION.cff")
"""What guides lead to beside guides."""


def stage(folder: Path) -> None:
    """Lay out the sources: guides and code as in the repository, generated pages, examples."""
    shutil.rmtree(folder, ignore_errors=True)
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        text = _as_hosted(path.read_text(encoding="utf-8"))
        if path.name == "README.md":
            _write(folder / "index.md", text + _contents())
        else:
            _write(folder / path.relative_to(ROOT), text)
    for name, text in pages().items():
        _write(folder / name, text)
    shutil.copytree(ROOT / "docs" / "notebooks", folder / "docs" / "notebooks")
    for name in ("docs/images", "docs/results", "docs/results.schema.json", *CODE):
        (folder / name).symlink_to(ROOT / name)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _as_hosted(text: str) -> str:
    """Return a guide whose links open reports, which Sphinx would download, and no folders."""
    text = re.sub(r"\[`?([^\]`]*)`?\]\([./]*trainers/?\)", r"`\1`", text)
    link = r"(?<!!)\[((?:!\[[^\]]*\]\([^)]*\)|[^\[\]])*)\]\(([\w/]*examples/\w+\.html)\)"
    return re.sub(link, r'<a href="\2">\1</a>', text)


def _contents() -> str:
    blocks = {heading: [f"docs/{name}" for name in names] for heading, names in GUIDES.items()}
    blocks |= {"Reference": ["reference/index"], "Project": list(PROJECT)}
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n" + "\n".join(names) + "\n```\n"
        for heading, names in blocks.items()
    )


class _Links(HTMLParser):
    """The addresses that a page leads to or loads, and the places in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: set[str] = set()
        self.loaded: set[str] = set()
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if key in ("id", "name") and value:
                self.places.add(value)
            elif key in ("href", "src") and value:
                (self.addresses if tag == "a" else self.loaded).add(value)


def dead_links(site: Path) -> list[str]:
    """Return a line for each link to a place that is not there, and each file from elsewhere."""
    found = {
        path: _Links(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
        if "examples" not in path.parts  # reports, which are tested as such
    }
    lines = []
    for page, links in found.items():
        for address in sorted(links.addresses | links.loaded):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if address in links.loaded and parts.scheme != "data":
                    lines.append(f"{page.relative_to(site)} loads {address}")
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            known = found[target].places if target in found else None
            if not target.exists() or (
                known is not None and unquote(parts.fragment) not in {*known, ""}
            ):
                lines.append(f"{page.relative_to(site)}: nothing at {address}")
    return lines


def main() -> None:
    """Build the site and check its links."""
    from sphinx.cmd.build import build_main

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site")
    folder = parser.parse_args().out.resolve()
    sources, site = folder / "source", folder / "html"
    shutil.rmtree(site, ignore_errors=True)
    stage(sources)
    words = ["-b", "html", "-q", "-E", "-W", "--keep-going", "-c", str(Path(__file__).parent)]
    code = build_main([*words, "-d", str(folder / "doctrees"), str(sources), str(site)])
    shutil.copytree(ROOT / "docs" / "examples", site / "docs" / "examples")
    lines = [] if code else dead_links(site)
    print(*lines, sep="\n", end="")
    if not code and not lines:
        print(f"site: {site / 'index.html'}")
    sys.exit(code or bool(lines))


if __name__ == "__main__":
    main()
