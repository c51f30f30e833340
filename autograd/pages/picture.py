"""The picture of a graph in JavaScript: the small layout, and the lengths and colours it draws by.

A page whose graph is typed in it has no picture from Python, so `layout.js` and `picture.js` make
the one that `autograd/display` would.
"""

from __future__ import annotations

import re
from typing import Any

from autograd.compile.backends.javascript import Script
from autograd.display.chain.latex import GREEK, label_latex
from autograd.display.chain.mathml import mathml
from autograd.display.format import FAINT, INK, LABEL_LENGTH, TONES
from autograd.display.picture import picture
from autograd.display.picture.boxes import SIGNS
from autograd.display.picture.style import FILLS, FONT, PAPER
from autograd.display.writers import layout, measure, places
from autograd.engine.primitive import TABLE, Operand, Primitive
from autograd.escaping import script_json
from autograd.pages.rows import MOST_OPERANDS, counts, without_comments

_TAG = re.compile("<[^<>]+>")


def picture_script(most: int = MOST_OPERANDS) -> Script:
    """Return the script of `pictureOf(graph, names, numbers)` and `svgOf(boxes, arrows)`.

    Args:
        most: how many operands a row of any number of them may have in the page.
    """
    data = [
        f"const MEASURES = {script_json(_measures())};",
        f"const SHOWN = {script_json({row.name: _shown(row, most) for row in TABLE.values()})};",
    ]
    parts = [without_comments(name).rstrip() for name in ("figures.js", "layout.js", "picture.js")]
    return Script("svgOf", "\n".join([*data, *parts]))


def _measures() -> dict[str, Any]:
    return {
        "narrow": "".join(sorted(measure.NARROW)),
        "wide": "".join(sorted(measure.WIDE)),
        "line": measure.LINE,
        "pad": measure.PAD,
        "numbers": measure.NUMBERS,
        "longTitle": measure.LONG_TITLE,
        "longestLabel": LABEL_LENGTH,
        "gap": layout.GAP,
        "labelGap": layout.LABEL_GAP,
        "sweeps": layout.SWEEPS,
        "mostDummies": layout.MOST_DUMMIES,
        "layerGap": places.LAYER_GAP,
        "margin": places.MARGIN,
        "span": picture.SPAN,
        "mostLabelled": picture.MOST_LABELLED,
        "ink": INK,
        "faint": FAINT,
        "paper": PAPER,
        "font": FONT,
        "tones": TONES,
        "fills": FILLS,
        "greek": [(name, _TAG.sub("", mathml(label_latex(name)))) for name in sorted(GREEK)],
    }


class _Place(Operand):
    """An operand that writes down where it stands in a notation, and what is asked of it there."""

    def __init__(self, place: int) -> None:
        super().__init__(str(place), 0)

    def __format__(self, needed: str) -> str:
        return f"{{{self.text}:{needed or 0}}}"


def _shown(row: Primitive, most: int) -> dict[str, Any]:
    """Return how a row is written on a box: by a sign, and as text for a number of operands."""
    texts = {n: row.text(list(map(_Place, range(n)))) for n in counts(row, most)}
    return {"sign": row.operator.translate(SIGNS) or row.name, "texts": texts}
