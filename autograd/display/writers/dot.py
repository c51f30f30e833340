"""DOT text of a picture; starts no program.

The package graphviz makes the graph and its attributes. The lines of boxes and arrows are written
here: it quotes each attribute anew, which took as long as all the rest of drawing 1,000 nodes. The
same graph gives the same text in any process: names are positions, and nothing else depends on
addresses or on the order of a set.
"""

from typing import Any

from autograd.display.format import FAINT, INK, PALE, TONES
from autograd.display.picture.boxes import Arrow, Box
from autograd.display.picture.picture import Picture
from autograd.display.picture.style import (
    FONT,
    MOST_HIGH,
    MOST_WIDE,
    arrow_look,
    box_look,
    swatch_look,
)
from autograd.display.writers.measure import HeadPart, head_lines, text_width
from autograd.escaping import markup as html_text

# Inches between layers, for a picture that runs downwards or not, with numbers on arrows or not.
_RANKSEP = {
    (False, True): "0.35",
    (False, False): "1.4",
    (True, True): "0.25",
    (True, False): "0.7",
}


def dot_source(picture: Picture) -> str:
    """Return the picture as DOT text."""
    graph = _graphviz().Digraph("chalkgrad")
    labelled = picture.labelled
    graph.attr(
        rankdir="TB" if picture.down else "LR",
        bgcolor="white",
        fontname=FONT,
        fontsize="10",
        fontcolor=FAINT,
        labelloc="b",
        labeljust="l",
        nodesep="0.22",
        ranksep=_RANKSEP[picture.down, labelled],
        pad="0.15",
        tooltip=" ",
    )
    if picture.fitted:  # A larger picture is made smaller, a smaller one is left as it is.
        graph.attr(size=f"{MOST_WIDE / 96:.3f},{MOST_HIGH / 96:.3f}")
    graph.attr(
        "node", shape="box", style="rounded,filled", fontname=FONT, fontsize="11",
        fontcolor=INK, margin="0.07,0.03", height="0.2", width="0.3",
    )  # fmt: skip
    graph.attr("edge", fontname=FONT, fontsize="10", arrowsize="0.7")
    graph.body.append(f"\tlabel={_below(picture)}\n")
    roomy = not picture.is_large
    graph.body += [_node(box, roomy) for box in picture.boxes]
    graph.body += [
        _edge(arrow, numbers, picture.down, roomy)
        for arrow, numbers in zip(picture.arrows, picture.numbers, strict=True)
    ]
    return graph.source


def _graphviz() -> Any:
    import graphviz  # pyright: ignore[reportMissingTypeStubs]  # 30 ms that `import` can do without

    return graphviz


def quoted(text: str) -> str:
    r"""Return any text as a quoted DOT string that means just that text.

    Backslashes escape and ampersands begin entities in every DOT string.

    >>> print(quoted('say "a & b"'))
    "say \"a &amp; b\""
    """
    text = text.replace("&", "&amp;").replace("\\", "\\\\").replace("\n", "\\n")
    return '"' + text.replace('"', '\\"') + '"'


def markup(text: str) -> str:
    """Return any text as the content of an HTML-like label that means just that text.

    Backslashes escape there too. A label that is only "]" is a syntax error in dot 2.43.
    """
    return html_text(text).replace("\\", "\\\\").replace("]", "&#93;")


def _node(box: Box, roomy: bool) -> str:
    look = box_look(box.kind, box.shade, result=box.result)
    more = f" penwidth={look.width}" if look.width != 1.0 else ""
    if look.dashed:
        more += ' style="rounded,filled,dashed"'
    return (
        f"\t{box.name} [label={_table(box, roomy)} tooltip={quoted(box.tooltip)} "
        f'fillcolor="{look.fill}" color="{look.outline}"{more}]\n'
    )


def _table(box: Box, roomy: bool) -> str:
    """Return a box's content as an HTML-like label: a head, then a row for each number.

    Roomy cells are as wide as their text is in any font: what shows it may not have dot's.
    """
    faded = box.shade == "faded"
    faint = PALE if faded else FAINT
    lines = ["   ".join([_head(part, faded) for part in line]) for line in head_lines(box)]
    head = "<BR/>".join(lines)

    def room(width: float) -> str:
        return f' WIDTH="{width:.0f}"' if roomy else ""

    wide = max([1.1 * sum([text_width(x.text, x.size) for x in line]) for line in head_lines(box)],
               default=0.0)  # fmt: skip
    rows = [f'<TR><TD COLSPAN="2"{room(wide)}>{head}</TD></TR>'] if head else []
    for name, text, tone in box.rows:
        colour = PALE if faded else TONES.get(tone, INK)
        rows.append(
            f'<TR><TD ALIGN="LEFT"{room(text_width(name, 10.0) + 8.0)}>'
            f'<FONT COLOR="{faint}" POINT-SIZE="10">{name}\u00a0</FONT></TD>'
            f'<TD ALIGN="RIGHT"{room(text_width(text, 11.0))}>'
            f'<FONT COLOR="{colour}">{markup(text)}</FONT></TD></TR>'
        )
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">'
    return f"<{table}{''.join(rows)}</TABLE>>"


def _head(part: HeadPart, faded: bool) -> str:
    """Return a part of a line above the numbers; titles have the size that the graph gives."""
    text = markup(part.text)
    if part.weight == "bold":
        return f'<FONT COLOR="{PALE}"><B>{text}</B></FONT>' if faded else f"<B>{text}</B>"
    colour = PALE if faded else part.colour
    return f'<FONT COLOR="{colour}" POINT-SIZE="{part.size:g}">{text}</FONT>'


def _edge(arrow: Arrow, numbers: str, down: bool, roomy: bool) -> str:
    colour, width, dashed = arrow_look(arrow)
    look = f'color="{colour}" tooltip={quoted(arrow.tooltip)}'
    if numbers:
        # Spaces make room for wider fonts, and keep the text off its own line: right beside that
        # dot writes it where the line runs downwards.
        lines = [line.join([" " * (1 + roomy * (down + len(line) // 8))] * 2)
                 for line in numbers.split("\n")]  # fmt: skip
        look += f' label={quoted(chr(10).join(lines))} fontcolor="{colour}"'
    if arrow.amount is not None:
        look += f" penwidth={width:.2f}"
    if dashed:
        look += " style=dashed"
    return f"\t{arrow.tail} -> {arrow.head} [{look}]\n"


def _below(picture: Picture) -> str:
    """Return the lines below the picture: its legend, then a line for each note."""
    swatches = "".join([_swatch(kind, words) for kind, words in picture.legend])
    legend = f'<TABLE BORDER="0" CELLSPACING="5" CELLPADDING="2"><TR>{swatches}</TR></TABLE>'
    rows = [legend] * bool(swatches) + [markup(line) for line in picture.lines]
    if not rows:
        return '""'
    cells = "".join([f'<TR><TD ALIGN="LEFT">{row}</TD></TR>' for row in rows])
    wide = max([text_width(line, 10.0) for line in picture.lines], default=0.0)
    table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1" WIDTH="{wide:.0f}">'
    return f"<{table}{cells}</TABLE>>"


def _swatch(kind: str, words: str) -> str:
    """Return a cell that looks like a box of a kind."""
    look = swatch_look(kind)
    style = ' STYLE="DASHED"' if look.dashed else ""
    return (
        f'<TD BORDER="{round(look.width)}" COLOR="{look.outline}" BGCOLOR="{look.fill}"{style} '
        f'WIDTH="{text_width(words, 10.0) + 8.0:.0f}">'
        f'<FONT COLOR="{PALE if kind == "faded" else INK}">{words}</FONT></TD>'
    )
