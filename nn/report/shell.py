"""What the pages of this room have in common: their frame and style, sections, figures and tables.

A page is one HTML file that needs nothing else, no network and no scripts. No time, date, path or
address goes in, so that the same numbers give the same bytes.
"""

from collections.abc import Mapping
from html import escape
from importlib import resources

from nn.report.folder import MARK


def document(title: str, header: str, main: str, footer: str) -> str:
    """Return a whole page.

    Args:
        title: its name, as text.
        header: the content of its header, as HTML like the rest.
        main: its sections.
        footer: a last word.

    >>> page = document("a < b", "<h1>Runs</h1>", section("Results", "<p>.95</p>"), "")
    >>> "<title>a &lt; b</title>" in page
    True
    """
    style = resources.files("nn.report").joinpath("page.css").read_text(encoding="utf-8")
    return (
        "<!doctype html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{MARK}\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        # An empty icon: without one a browser asks for /favicon.ico.
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n"
        f"<style>\n{style}</style>\n</head>\n<body>\n"
        f"<header>\n{header}</header>\n<main>\n{main}</main>\n"
        f"<footer><p>{footer}</p></footer>\n</body>\n</html>\n"
    )


def section(title: str, *content: str) -> str:
    """Return a section under a title, all of it HTML."""
    return f"<section>\n<h2>{title}</h2>\n{''.join(content)}</section>\n"


def numbers(found: Mapping[str, str]) -> str:
    """Return the numbers at the top of a page, by what they are; both are HTML."""
    shown = "".join(f"<div><dt>{name}</dt><dd>{x}</dd></div>" for name, x in found.items())
    return f'<dl class="numbers">{shown}</dl>\n'


def figure(drawing: str, caption: str = "", *, kind: str = "", scrolls: bool = False) -> str:
    """Return a picture with a line below it.

    Args:
        drawing: the picture as an SVG element.
        caption: the line, as HTML; none if left out.
        kind: a class that the style knows.
        scrolls: whether it scrolls sideways by itself where the window is narrow.
    """
    shown = f'<div class="{f"picture {kind}".strip()}">{drawing}</div>'
    if scrolls:
        shown = scrolling("Scrolls sideways on a narrow screen", shown).rstrip("\n")
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure>{shown}{below}</figure>\n"


def scrolling(label: str, content: str) -> str:
    """Return a table or picture that scrolls sideways by itself where the window is narrow.

    Args:
        label: what is in it, as text.
        content: it, as HTML.
    """
    named = f'tabindex="0" role="group" aria-label="{escape(label)}"'
    return f'<div class="scroll" {named}>{content}</div>\n'


def folded(summary: str, content: str) -> str:
    """Return something that unfolds when asked for, all of it HTML."""
    return f"<details><summary>{summary}</summary>{content}</details>\n"
