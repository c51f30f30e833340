"""A page read as HTML, and what must not be in one that needs nothing but itself."""

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """Reads a page and checks that every element is closed where it should be."""

    VOID = frozenset({"meta", "link", "br", "hr", "img"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.places: list[tuple[str, list[str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.places.append((tag, [*self.open]))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data.strip()))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


def check_alone(text: str) -> None:
    """Assert that a page has no script, and that nothing in it asks for anything."""
    page = Page(text)
    names = {name for name, _ in page.elements}
    assert not names & {"script", "iframe", "object", "embed", "base"}
    for _, attributes in page.elements:
        for key, value in attributes.items():
            if key in ("href", "src", "xlink:href", "srcset", "data", "action"):
                assert value is not None
                assert value.startswith(("#", "data:")), value
            assert not key.startswith("on")
    assert set(re.findall(r"url\(([^)]{2})", text)) <= {"#" + c for c in "abcdefghijklmnoprstuvw"}
    assert "@import" not in text
    # Addresses only as the names of XML's vocabularies.
    assert set(re.findall(r"\bhttps?://[^\s\"'<>)]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
