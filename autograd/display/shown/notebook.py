"""The forms in which a notebook is given a picture, and where they are set.

HTML with an image comes first: it is shown where a notebook is not trusted, and where it is, the
image makes way for the SVG in it, whose tooltips then work. Beside it lie PDF, for LaTeX, and SVG,
as long as all together is small.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from autograd.escaping import image_source, markup

# The most that a picture adds to the file of a notebook, in bytes.
MOST_BYTES: Final = 60_000

_FORMATS = ("svg", "png")
_state = {"format": "svg"}

# An attribute and no script element: the text of that is shown by readers that drop scripts.
_LIVE: Final = (
    "const s=new DOMParser().parseFromString(decodeURIComponent(this.src.replace(/^[^,]*,/,'')),"
    "'image/svg+xml').documentElement;s.setAttribute('role','img');"
    "s.setAttribute('aria-label',this.alt);s.setAttribute('style',this.getAttribute('style'));"
    "this.replaceWith(document.importNode(s,true))"
)


class PictureFormat:
    """The form of pictures that is set; at the end of a `with` that before is set again."""

    def __init__(self, format: str, before: str) -> None:
        self.format = format
        self._before = before

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        _state["format"] = self._before

    def __repr__(self) -> str:
        return f"<notebooks show pictures and plots as {self.format}>"


def set_picture_format(format: str) -> PictureFormat:
    """Set the form in which notebooks are given pictures of graphs, and plots, from now on.

    "svg", as at the start, is an image in HTML, which is shown whether a notebook is trusted or
    not, follows a dark page, and has tooltips where the notebook is trusted. Beside it lie a PDF,
    for LaTeX, and the SVG, as long as all of it takes at most 60 kB. "png" is a PNG and nothing
    else but text, for readers that show no other image.

    The form holds in the whole process, for pictures that were made before, too. Files and pictures
    that were asked for in a form, as by ``draw(z, format="txt")``, keep theirs. A `with` ends it:
    ``with set_picture_format("png"): ...``.

    A PNG of a graph is made by Graphviz; where that is missing the SVG is shown, and says so.

    Args:
        format: "svg" or "png".

    Raises:
        TypeError: if format is no str.
        ValueError: if it is another one.

    >>> set_picture_format("png")
    <notebooks show pictures and plots as png>
    >>> with set_picture_format("svg"):
    ...     picture_format()
    'svg'
    >>> picture_format()
    'png'
    >>> _ = set_picture_format("svg")
    """
    if not isinstance(format, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f'format is "svg" or "png", got {format!r:.60}')
    if format not in _FORMATS:
        raise ValueError(f'format is "svg" or "png", got {format!r:.60}')
    before, _state["format"] = _state["format"], format
    return PictureFormat(format, before)


def picture_format() -> str:
    """Return the form that is set: "svg" or "png"."""
    return _state["format"]


def bundle(
    svg: str,
    text: str,
    alt: str,
    pdfs: Iterable[bytes | None],
    note: str = "",
    *,
    fits: bool = True,
) -> dict[str, Any]:
    """Return a picture as a notebook is given it: in HTML, as text, and as there is room for more.

    Args:
        svg: the picture.
        text: its content in words.
        alt: the name of the image, for those who do not see it.
        pdfs: the picture for print, the best first; None where none can be made here.
        note: a line below the image.
        fits: whether it is made smaller in a narrow page; a large one keeps its size and scrolls.
    """
    html = _html(svg, alt, note, fits)
    if stored(html) + stored(text) > MOST_BYTES:  # an image alone shows no tooltips anyway
        html = _html(re.sub(r"<title>[^<]*</title>", "", svg), alt, note, fits)
    made: dict[str, Any] = {"text/html": html, "text/plain": text}
    room = MOST_BYTES - stored(html) - stored(text) - 500  # the names of the forms
    for pdf in pdfs if room > 0 else ():
        if pdf is not None and encoded(pdf) > room:
            continue
        if pdf is not None:
            made["application/pdf"] = pdf
            room -= encoded(pdf)
        # Without a PDF beside it nbconvert has SVG made into one by a program that few have, and
        # stops where it is missing; without either it writes the text.
        if stored(svg) < room:
            made["image/svg+xml"] = svg
        break
    return made


def _html(svg: str, alt: str, note: str, fits: bool) -> str:
    """Return an image that a script, where one may run, replaces by the SVG itself."""
    name = markup(alt).replace('"', "&quot;")
    below = f"<p>{markup(note)}</p>" if note else ""
    wide = "max-width:100%;height:auto" if fits else "max-width:none"
    return (
        f'<div style="overflow-x:auto"><img alt="{name}" style="{wide}" '
        f'src="{image_source(svg)}" onload="{_LIVE}">{below}</div>'
    )


def stored(text: str) -> int:
    """Return how many bytes the file of a notebook takes for a text.

    >>> stored('a "b"')
    9
    """
    # Its lines stand there one by one, each after six spaces and between quotes.
    return len(text.encode()) + text.count('"') + text.count("\\") + 12 * text.count("\n") + 2


def encoded(content: bytes) -> int:
    """Return how many bytes the file of a notebook takes for what is no text, as base64.

    >>> encoded(b"four")
    8
    """
    return -(-len(content) // 3) * 4
