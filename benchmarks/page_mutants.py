"""Hostile metrics.json files: wrong types, absurd numbers, text that would be markup or code."""

import copy
import json
import os
import random
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from checkpoint_mutants import RESUMED, tiny_images, tiny_trainer
from mutants import Mutant, Target, damaged, paths, replaced

from infoeval.evaluation import pages
from infoeval.training.run import train

__all__ = ["page_target"]

TEXTS = (
    '<script>alert("HOSTILE")</script>',
    '"><img src=x onerror=alert("HOSTILE")>',
    "</style></script><script>alert('HOSTILE')</script>",
    "javascript:alert('HOSTILE')",
    "' onmouseover='HOSTILE' x=",
    "{{7*7}}{% include '/etc/passwd' %}",
    "<base href=//x><iframe srcdoc='HOSTILE'><svg onload=HOSTILE>",
    *("\u202e\u2066reversed", "\0\x1b[31m", "\ud800", "]]><x>", "a" * 200_000, "&lt;", "\n\n# x"),
    *("=cmd|' /C calc'!A0", "[x](javascript:HOSTILE)", "`|a|b|", "%s%n{0}", "é" * 1000, "../x", ""),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, -(10**30), 1e308, 5e-324, -1e308, 0.5),
    *([], {}, [[]], [None], {"a": None}, [[1], [1, 2]], "x", [1] * 10_000, [{}] * 1000),
)
FILES = (
    *("../../../etc/passwd", "/etc/passwd", "link", "loop", "fifo", "dir", "/dev/zero", "..", "."),
    *("", "a/b", "C:\\x", "gal\0lery", "a" * 300, "é" * 200, "metrics.json", "\n", "missing.png"),
)
NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999", "-0", "1" * 5000, "0.1e-400", "1E+2", "0x10")
ALLOWED = ("#", "data:image/")


def page_target(folder: Path) -> Target:
    """Return mutants of the metrics.json of a report, which are shown again in all formats."""
    run = folder / "run"
    checkpoint = train(tiny_trainer(), tiny_images(), run, RESUMED)
    made = folder / "made"
    pages.report(str(checkpoint), made / "r.html", metrics=["mi-own"], samples=200, replicates=0)
    files = made / "r_files"
    text = (files / "metrics.json").read_text(encoding="utf-8")
    document = json.loads(text)
    _add_odd_files(files)
    places = paths(document)
    words = [place for place in places if isinstance(_at(document, place), str)]

    def mutate(numbers: random.Random) -> Mutant:
        how = numbers.randrange(7)
        changed = document
        if how == 0:
            for _ in range(numbers.choice((1, 1, 3))):
                changed = replaced(changed, numbers.choice(places), numbers.choice(VALUES))
            return Mutant("values", _written(changed))
        if how == 1:
            for _ in range(numbers.choice((1, 3, 10))):
                changed = replaced(changed, numbers.choice(words), numbers.choice(TEXTS))
            return Mutant("text", _written(changed))
        if how == 2:
            named = [place for place in words if place[-1] == "file"]
            changed = replaced(document, numbers.choice(named), numbers.choice(FILES))
            return Mutant("files", _written(changed))
        if how == 3:
            return Mutant("keys", _written(_other_keys(document, numbers.choice(places), numbers)))
        if how == 4:
            depth = numbers.choice((50, 400, 990, 5000, 200_000))
            nest = numbers.choice(("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth))
            changed = replaced(document, numbers.choice(places), "@nest@")
            return Mutant("depth", json.dumps(changed).replace('"@nest@"', nest).encode())
        if how == 5:
            found = numbers.choice(list(re.finditer(r"(?<=: )-?\d+(\.\d+)?", text)))
            forged = text[: found.start()] + numbers.choice(NUMBERS) + text[found.end() :]
            return Mutant("numbers", forged.encode())
        return Mutant("bytes", damaged(text.encode(), numbers))

    def use(path: Path, same: bool) -> None:
        del same
        again = path.parent / f"{path.stem}-again"
        shutil.copytree(files, again / "r_files", symlinks=True, copy_function=os.link)
        os.unlink(again / "r_files" / "metrics.json")
        os.mkfifo(again / "r_files" / "fifo")
        path.rename(again / "r_files" / "metrics.json")
        out = again / "again.html"
        pages.report(str(again / "r_files/metrics.json"), out, formats=["html", "csv", "md"])
        _check(out.read_text(encoding="utf-8"))

    return Target(".json", text.encode(), mutate, use)


def _add_odd_files(files: Path) -> None:
    (files / "metrics.json").chmod(0o644)
    (files / "link").symlink_to("/etc/passwd")
    (files / "loop").symlink_to("loop")
    (files / "dir").mkdir()


def _written(document: Any) -> bytes:
    return json.dumps(document).encode("utf-8", "surrogatepass")


def _at(data: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        data = data[key]
    return data


def _other_keys(document: Any, place: tuple[Any, ...], numbers: random.Random) -> Any:
    """Return the document without a part, or with a part under another key, or twice."""
    changed = copy.deepcopy(document)
    around = _at(changed, place[:-1])
    part = around.pop(place[-1])
    if isinstance(around, dict) and numbers.random() < 0.6:
        around[numbers.choice(TEXTS)] = part
    elif isinstance(around, list):
        around += [part] * numbers.choice((0, 2, 500))
    return changed


class _Markup(HTMLParser):
    """Collects what a page would run, load or send."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("iframe", "object", "embed", "base", "form", "link", "x"):
            self.found.append(tag)
        for name, value in attributes:
            points = name in ("href", "src", "xlink:href", "srcset")
            outside = points and value is not None and not value.startswith(ALLOWED)
            if name.startswith("on") or name in ("srcdoc", "formaction", "action") or outside:
                self.found.append(f"{tag} {name}={value}"[:100])


def _check(page: str) -> None:
    """Raise AssertionError where a page would run or load anything but its own script."""
    markup = _Markup()
    markup.feed(page)
    assert not markup.found, f"the page has {markup.found[:3]}"
    assert 'alert("HOSTILE")</script>' not in page
    assert "root:x:0" not in page
