"""A page as a test reads it: its elements in order, and the text that a person sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "hr", "input", "link", "source", "path", "use", "rect"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    parts: list[str] = field(default_factory=list)

    @cached_property
    def text(self) -> str:
        return "".join(self.parts)


@dataclass
class Reading(HTMLParser):
    """Elements in the order they open; ``text`` of each holds all that is inside it."""

    html: str
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[Element] = []
        self.feed(self.html)
        self.close()
        assert not self.open, f"never closed: {[element.tag for element in self.open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.parts.append(data)

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]

    @property
    def text(self) -> str:
        """What a person reads, blanks made single, style left out."""
        (body,) = self.all("body")
        return " ".join(body.text.split())


@lru_cache(maxsize=4)
def read(page: str) -> Reading:
    """The page, parsed once for the tests that look at the same one; they change nothing in it."""
    return Reading(page)
