"""Graphviz's SVG made small, so that notebooks hold it, and fit to stand beside others in a page.

Half of what dot writes repeats: a font for every text, an arrow's tooltip for its line and again
for its numbers, a rounded box as a path of 25 points. It is read as XML and written again without
that, and without ids, which a page with two pictures would hold twice. Texts in a box hold to its
middle or its right side, since the font that shows them may be wider than the one dot knew.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from autograd.display.format import INK
from autograd.display.picture.style import FONT
from autograd.escaping import markup

# What is said once for all, and attributes that repeat that or a default.
_ALL: Final = {"font-family": FONT, "font-size": "11", "fill": INK}
_SAID: Final = {
    *_ALL.items(),
    ("text-anchor", "start"),
    ("font-weight", "normal"),
    ("stroke-width", "1"),
}
_COLOURS: Final = {"transparent": "none", "white": "#ffffff"}
_NUMBERS: Final = {"points", "d", "x", "y", "font-size"}
_HUNDREDTHS: Final = re.compile(r"\.00|(?<=\.\d)\d+")
_SPECIAL: Final = re.compile('[&<>"]')
_TOOLTIP: Final = "{http://www.w3.org/1999/xlink}title"
_NEVER: Final = {"id", _TOOLTIP, _TOOLTIP.replace("title", "href")}


class _Box(NamedTuple):
    """Where a box lies."""

    left: float
    top: float
    right: float
    bottom: float


class _Text(NamedTuple):
    """A text, its attributes, and the box that it stands in."""

    text: str
    kept: dict[str, str]
    box: _Box | None

    @property
    def is_name(self) -> bool:
        """Whether it is the name of a number, which follows."""
        return self.text.endswith("\N{NO-BREAK SPACE}")

    def goes_on_with(self, other: "_Text") -> bool:
        """Tell whether another text stands in the same line of the same box."""
        same = self.box is not None and self.box == other.box
        return same and (self.is_name or self.kept["y"] == other.kept["y"])


def inline_svg(content: bytes) -> str:
    """Return an SVG file of Graphviz as an element that can stand inside a page.

    A tooltip is the title of its node or arrow; the titles that Graphviz makes of names go.

    >>> print(inline_svg(b'<?xml version="1.0"?><!-- a --><svg id="b"><title>n1</title></svg>'))
    <svg xmlns="http://www.w3.org/2000/svg">
    </svg>
    """
    from xml.etree.ElementTree import fromstring  # 10 ms that `import` can do without

    root = fromstring(content)
    said = {"xmlns": "http://www.w3.org/2000/svg"}
    return "\n".join([_opened("svg", said | _kept(root)), *_lines(root), "</svg>"])


def quick_svg(content: bytes) -> str:
    """Return an SVG file of Graphviz as `inline_svg` does, as it is but for ids and names.

    A large picture takes a fifth of the time so.

    >>> quick_svg(b'<?xml version="1.0"?><!-- a --><svg id="b"><title>n1</title></svg>')
    '<svg></svg>'
    """
    text = content.decode()
    text = text[text.index("<svg") :].rstrip()
    for useless in (r"(?s)<!--.*?-->\n?", r"<title>[^<]*</title>\n?", r'(?<=[a-z]) id="[^"]*"'):
        text = re.sub(useless, "", text)
    return text.replace('fill="white"', 'fill="#ffffff"')


def _lines(element: Any) -> list[str]:
    """Return the lines of all that is in an element, the texts of a line in a box as one."""
    out: list[str] = []
    line: list[_Text] = []
    for piece in _pieces(element, None):
        if isinstance(piece, _Text) and line and line[-1].goes_on_with(piece):
            line.append(piece)
            continue
        out += _written(line)
        line = [piece] if isinstance(piece, _Text) else []
        out += [piece] if isinstance(piece, str) else []
    return out + _written(line)


def _pieces(element: Any, box: _Box | None) -> Iterator[str | _Text]:
    """Yield all that is in an element: shapes and groups as they are written, and texts."""
    for child in element:
        tag = child.tag.rpartition("}")[2]
        if tag == "title":
            continue
        if tag == "a":
            yield from _pieces(child, box)
            continue
        kept = _kept(child)
        if tag == "text":
            inside = box is not None and box.top <= float(kept["y"]) <= box.bottom
            yield _Text(child.text or "", kept, box if inside else None)
        elif tag == "g":
            grouped = {name: text for name, text in kept.items() if name in ("class", "transform")}
            if grouped:
                yield _group(child, grouped)
            else:
                yield from _pieces(child, box)
        else:
            line, box = _shape(tag, kept)
            yield line


def _group(group: Any, kept: dict[str, str]) -> str:
    """Return a group, which is a node, an arrow or the whole graph."""
    links = (child for child in group.iter() if child.get(_TOOLTIP, "").strip())
    tooltip = next((link.get(_TOOLTIP) for link in links), "")
    if kept.get("class") == "graph":
        kept, tooltip = {"transform": kept["transform"]} | _ALL, ""
    title = f"<title>{markup(tooltip).replace(chr(10), '&#10;')}</title>" if tooltip else ""
    return "\n".join([f"{_opened('g', kept)}{title}", *_lines(group), "</g>"])


def _written(texts: list[_Text]) -> list[str]:
    """Return the texts of one line."""
    box = texts[0].box if texts else None
    if box is None:
        return [_text(text.kept, markup(text.text)) for text in texts]
    first = texts[0]
    if len(texts) == 2 and first.is_name:
        # As far from its side as the name is from the other.
        end = box.right - (float(first.kept["x"]) - box.left)
        told = {"x": f"{end:.6g}", "text-anchor": "end"}
        return [
            _text(first.kept, markup(first.text[:-1])),
            _text(texts[1].kept | told, markup(texts[1].text)),
        ]
    told = {"x": f"{(box.left + box.right) / 2:.6g}", "text-anchor": "middle"}
    if len(texts) == 1:
        return [_text(first.kept | told, markup(first.text))]
    parts = [
        f"{_opened('tspan', {k: v for k, v in text.kept.items() if k not in ('x', 'y')})}"
        f"{markup(text.text)}</tspan>"
        for text in texts
    ]
    return [_text({"y": first.kept["y"]} | told, "".join(parts))]


def _text(kept: dict[str, str], content: str) -> str:
    return f"{_opened('text', kept)}{content}</text>"


def _kept(element: Any) -> dict[str, str]:
    """Return the attributes that say something, of their numbers no more than a tenth."""
    kept: dict[str, str] = {}
    attributes: dict[str, str] = element.attrib
    for name, text in attributes.items():
        if name in _NUMBERS:
            text = _HUNDREDTHS.sub("", text)
        elif text in _COLOURS:
            text = _COLOURS[text]
        if name not in _NEVER and (name, text) not in _SAID:
            kept[name] = text
    return kept


def _shape(tag: str, kept: dict[str, str]) -> tuple[str, _Box | None]:
    """Return a line or an area, and where it lies if it is a box, which is written as a rect."""
    numbers = re.findall(r"-?[\d.]+", kept.get("points", kept.get("d", "")))
    rounded = tag == "path" and len(numbers) == 50
    if rounded or (tag == "polygon" and len(numbers) == 10):
        xs, ys = (sorted(map(float, numbers[i::2])) for i in (0, 1))
        box = _Box(xs[0], ys[0], xs[-1], ys[-1])
        if rounded or ({*xs} == {box.left, box.right} and {*ys} == {box.top, box.bottom}):
            sizes = {"width": box.right - box.left, "height": box.bottom - box.top}
            at = {"x": box.left, "y": box.top} | sizes
            placed = {name: f"{x:.6g}" for name, x in at.items()}
            placed |= {"rx": "10"} if rounded else {}
            rest = {name: text for name, text in kept.items() if name not in ("points", "d")}
            return f"{_opened('rect', placed | rest)[:-1]}/>", box
    return f"{_opened(tag, kept)[:-1]}/>", None


def _opened(tag: str, attributes: dict[str, str]) -> str:
    said = ""
    for name, text in attributes.items():
        if _SPECIAL.search(text):
            text = markup(text).replace('"', "&quot;")
        said += f' {name}="{text}"'
    return f"<{tag}{said}>"
