"""DOT text of a picture, built with the package graphviz; starts no program.

The same graph gives the same text in any process: names are positions, and nothing else depends
on addresses or on the order of a set.
"""

from typing import Any
from xml.sax.saxutils import escape

from autograd.display.picture import Arrow, Box, Picture
from autograd.display.words import FAINT, INK, TONES

FONT = "Helvetica,Arial,sans-serif"

# Fill and outline by kind. Leaves, what one may change, are tinted; results of operations white.
FILLS = {
    "leaf": ("#fdf3d8", "#8a6d1f"),
    "node": ("#ffffff", "#4b5563"),
    "copy": ("#f3f4f6", "#9ca3af"),
    "group": ("#eaf1f8", "#33577a"),
    "cut": ("#f3f4f6", "#9ca3af"),
}


def dot_source(picture: Picture) -> str:
    """Return the picture as DOT text."""
    graphviz = _graphviz()
    graph = graphviz.Digraph("chalkgrad")
    labelled = picture.labelled
    graph.attr(
        rankdir="LR",
        bgcolor="white",
        fontname=FONT,
        fontsize="10",
        fontcolor=FAINT,
        labelloc="b",
        nodesep="0.22",
        ranksep="0.35" if labelled else "1.4",
        pad="0.15",
        tooltip=" ",
        label=plain("\n".join(picture.notes)),
    )
    graph.attr(
        "node", shape="box", style="rounded,filled", fontname=FONT, fontsize="11",
        fontcolor=INK, margin="0.07,0.03", height="0.2", width="0.3",
    )  # fmt: skip
    graph.attr("edge", fontname=FONT, fontsize="10", arrowsize="0.7")
    for box in picture.boxes:
        graph.node(box.name, label=_table(box), tooltip=plain(box.tooltip), **_look(box))
    for arrow in picture.arrows:
        graph.edge(arrow.tail, arrow.head, **_arrow(arrow, labelled))
    return graph.source


def _graphviz() -> Any:
    import graphviz  # pyright: ignore[reportMissingTypeStubs]  # 30 ms that `import` can do without

    return graphviz


def plain(text: str) -> str:
    """Return any text as a DOT string that means just that text.

    Backslashes escape and ampersands begin entities in every DOT string, and `<` begins markup.
    """
    text = text.replace("&", "&amp;").replace("\\", "\\\\").replace("\n", "\\n")
    return _graphviz().nohtml(text)


def markup(text: str) -> str:
    """Return any text as the content of an HTML-like label that means just that text.

    Backslashes escape there too. A label that is only "]" is a syntax error in dot 2.43.
    """
    return escape(text).replace("\\", "\\\\").replace("]", "&#93;")


def _look(box: Box) -> dict[str, str]:
    fill, outline = FILLS[box.kind]
    look = {"fillcolor": fill, "color": outline}
    if box.result:
        look["penwidth"] = "2.2"
    if box.kind in ("copy", "cut"):
        look["style"] = "rounded,filled,dashed"
    return look


def _table(box: Box) -> str:
    """Return a box's content as an HTML-like label: a head, then a row for each number."""
    head = ""
    if box.title:
        head += f"<B>{markup(box.title)}</B>"
    if box.operation:
        operation = markup(box.operation)
        size = "14" if len(box.operation) == 1 else "11"
        gap = "   " if head else ""
        head += f'{gap}<FONT COLOR="{FAINT}" POINT-SIZE="{size}">{operation}</FONT>'
    rows = [f'<TR><TD COLSPAN="2">{head}</TD></TR>'] if head else []
    for name, text, tone in box.rows:
        colour = TONES.get(tone, INK)
        rows.append(
            f'<TR><TD ALIGN="LEFT"><FONT COLOR="{FAINT}" POINT-SIZE="10">{name}\u00a0</FONT></TD>'
            f'<TD ALIGN="RIGHT"><FONT COLOR="{colour}">{markup(text)}</FONT></TD></TR>'
        )
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">'
    return f"<{table}{''.join(rows)}</TABLE>>"


def _arrow(arrow: Arrow, labelled: bool) -> dict[str, str]:
    colour = TONES[arrow.tone]
    look = {"color": colour, "tooltip": plain(arrow.tooltip)}
    if arrow.text and labelled:
        # Spaces keep the text off its own line, which dot draws right beside it.
        look.update(label=plain(f" {arrow.text} "), fontcolor=colour)
    if arrow.amount is not None:
        look["penwidth"] = f"{0.8 + 2.6 * arrow.width:.2f}"
    if arrow.tone in ("unknown", "zero", "nan") and not arrow.text:
        look["style"] = "dashed"
    return look
