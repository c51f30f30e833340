"""How boxes and arrows look, the same whoever draws them, and the legend that explains it."""

from typing import Final, NamedTuple

from autograd.display.format import FAINT, INK, PALE, TONES
from autograd.display.picture.boxes import Arrow
from autograd.display.picture.picture import Picture

FONT: Final = "Helvetica,Arial,sans-serif"

# The largest size of a picture that fits where it is shown, in CSS pixels: the cell of a notebook
# is about 1,000 wide, and a screen rarely 1,400 high. Text stays above 9 pixels.
MOST_WIDE: Final = 1_000
MOST_HIGH: Final = 1_400
LEAST_TEXT: Final = 9.0


def shrunk(width: float, height: float) -> float:
    """Return the scale at which a picture of a size in pixels fits, 1 where it fits as it is.

    >>> shrunk(500.0, 700.0), shrunk(2_000.0, 700.0)
    (1.0, 0.5)
    """
    return min(1.0, MOST_WIDE / width, MOST_HIGH / max(height, 1.0))


# Fill and outline by kind. Leaves, which one may change, are tinted; results of operations white.
FILLS: Final = {
    "leaf": ("#fdf3d8", "#8a6d1f"),
    "node": ("#ffffff", "#4b5563"),
    "copy": ("#f3f4f6", "#9ca3af"),
    "group": ("#eaf1f8", "#33577a"),
    "cut": ("#f3f4f6", "#9ca3af"),
}
PAPER: Final = "#ffffff"

# What each colour becomes on a dark page; text keeps a contrast of 4.5 to its ground, and what
# stands back one of 3.
DARK: Final = {
    INK: "#ece9e2",
    FAINT: "#b3bac2",
    PALE: "#7d858e",
    TONES["positive"]: "#7cc4ef",
    TONES["negative"]: "#f2a266",
    TONES["nan"]: "#f39ad3",
    TONES["zero"]: "#b3bac2",
    PAPER: "#1b1f23",
    FILLS["leaf"][0]: "#37301c",
    FILLS["leaf"][1]: "#cdb064",
    FILLS["copy"][0]: "#262c33",
    FILLS["copy"][1]: "#8f98a3",
    FILLS["group"][0]: "#1e2f40",
    FILLS["group"][1]: "#86aed6",
}


class Look(NamedTuple):
    """How a box looks: its fill, the colour and width of its outline, and whether it is dashed."""

    fill: str
    outline: str
    width: float
    dashed: bool


def box_look(kind: str, shade: str = "", *, result: bool = False) -> Look:
    """Return the look of a box.

    Args:
        kind: the box's kind.
        shade: the box's shade.
        result: whether the box is the result.

    >>> box_look("leaf").outline != box_look("leaf", "lit").outline
    True
    """
    fill, outline = FILLS[kind]
    width = 1.0
    if shade == "faded":
        fill, outline = FILLS["node"][0], PALE
    elif shade == "lit":
        outline, width = INK, 2.6
    return Look(fill, outline, 2.2 if result and shade != "lit" else width, kind in ("copy", "cut"))


def swatch_look(kind: str) -> Look:
    """Return the look of a box in the legend, which may stand for any kind."""
    if kind in FILLS:
        return box_look(kind)
    return box_look("node", kind if kind in ("lit", "faded") else "", result=kind == "result")


class ArrowLook(NamedTuple):
    """How an arrow looks: its colour, which its numbers have too, its width, and whether dashed."""

    colour: str
    width: float
    dashed: bool


def arrow_look(arrow: Arrow) -> ArrowLook:
    """Return the look of an arrow; not every writer can dash a line."""
    if arrow.shade == "faded":
        colour = PALE
    else:
        lit = arrow.shade == "lit" and arrow.amount is None
        colour = INK if lit else TONES[arrow.tone]
    width = 0.8 + 2.6 * arrow.width if arrow.amount is not None else 1.0
    return ArrowLook(colour, width, arrow.tone in ("unknown", "zero", "nan") and not arrow.text)


_WORDS = {
    "leaf": "leaf",
    "node": "computed",
    "group": "group of nodes",
    "copy": "drawn again",
    "cut": "not drawn",
    "result": "result",
    "lit": "highlighted",
}


def legend_of(picture: Picture) -> list[tuple[str, str]]:
    """Return kind and words for each look of a box that is in the picture.

    Args:
        picture: the picture to explain.

    >>> from autograd import Value, draw
    >>> legend_of(draw(Value(2.0, "x") * 3.0).picture)
    [('leaf', 'leaf'), ('node', 'computed'), ('result', 'result')]
    """
    kinds = {box.kind for box in picture.boxes}
    if any(box.result for box in picture.boxes):
        kinds.add("result")
    kinds |= {box.shade for box in picture.boxes}
    if kinds >= {"copy", "cut"}:  # they look the same
        kinds.remove("cut")
        words = _WORDS | {"copy": "drawn again, or not drawn"}
    else:
        words = _WORDS
    return [(kind, words[kind]) for kind in words if kind in kinds]
