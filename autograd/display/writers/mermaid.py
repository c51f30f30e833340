"""A picture as Mermaid text, which code hosts and notebooks show by themselves.

Mermaid reads text between quotes, decodes `#35;` to the character of that number, and shows the
rest as HTML: so every sign that could mean something to either is written as its number.

Source: the grammar of flowcharts, https://mermaid.js.org/syntax/flowchart.html.
"""

from autograd.display.format import INK, PALE, TONES
from autograd.display.picture.boxes import Arrow, Box
from autograd.display.picture.picture import Picture
from autograd.display.picture.style import arrow_look, box_look
from autograd.escaping import clean

_PLAIN = frozenset(" .,:()+-−×÷·=…∂▲▼→²³ ")
# Lines are seen on light and on dark pages, of which this text knows nothing.
_STROKES = {
    TONES["positive"]: "#2f7fbf",
    TONES["negative"]: "#c4602a",
    TONES["zero"]: "#7a828e",
    TONES["nan"]: "#c2468f",
    INK: "#7a828e",
}
# Boxes have round corners where one may change the number, and two sides where there are many.
_SHAPES = {"leaf": ("(", ")"), "group": ("[[", "]]")}


def mermaid_source(picture: Picture) -> str:
    """Return the picture as the text of a Mermaid flowchart; notes are comments in it."""
    labelled = picture.labelled
    lines = ["flowchart TB" if picture.down else "flowchart LR"]
    lines += [f"  %% {quoted(line)}" for line in picture.lines]
    lines += [_node(box) for box in picture.boxes]
    lines += [_link(arrow, labelled) for arrow in picture.arrows]
    lines += [_looks(box) for box in picture.boxes]
    lines += [_link_looks(i, arrow) for i, arrow in enumerate(picture.arrows)]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Return any text as the content of a quoted string of Mermaid that shows just that text.

    >>> print(quoted('a "b" <c> #1; `d`'))
    a #34;b#34; #60;c#62; #35;1#59; #96;d#96;
    """
    signs = clean(text).replace("\n", " ")
    return "".join([c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in signs])


def _node(box: Box) -> str:
    head = "   ".join([quoted(part) for part in (box.title, box.operation) if part])
    rows = [head] if head else []
    faded = box.shade == "faded"
    for name, text, tone in box.rows:
        colour = PALE if faded else TONES.get(tone, INK)
        rows.append(f"{quoted(name)} <span style='color:{colour}'>{quoted(text)}</span>")
    left, right = _SHAPES.get(box.kind, ("[", "]"))
    return f'  {box.name}{left}"{"<br/>".join(rows) or " "}"{right}'


def _link(arrow: Arrow, labelled: bool) -> str:
    line = "-.->" if arrow_look(arrow).dashed else "-->"
    text = f'|"{quoted(arrow.text)}"|' if arrow.text and labelled else ""
    return f"  {arrow.tail} {line}{text} {arrow.head}"


def _looks(box: Box) -> str:
    look = box_look(box.kind, box.shade, result=box.result)
    dashed = ",stroke-dasharray:4 3" if look.dashed else ""
    return (
        f"  style {box.name} fill:{look.fill},stroke:{look.outline},"
        f"stroke-width:{look.width}px,color:{INK}{dashed}"
    )


def _link_looks(i: int, arrow: Arrow) -> str:
    colour, width, _ = arrow_look(arrow)
    return f"  linkStyle {i} stroke:{_STROKES.get(colour, colour)},stroke-width:{width:.2f}px"
