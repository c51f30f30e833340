"""A picture as plain text, for terminals and for notebooks without images."""

from autograd.display.picture.boxes import Arrow, Box
from autograd.display.picture.picture import Picture

MOST_LINES = 200


def outline(picture: Picture, most: int = MOST_LINES) -> str:
    """Return a line for each box, operands first, with a line below it for each arrow into it.

    Args:
        picture: the boxes and arrows to write.
        most: the largest number of lines; the boxes nearest to the result are kept.
    """
    into: dict[str, list[Arrow]] = {}
    for arrow in picture.arrows:
        into.setdefault(arrow.head, []).append(arrow)
    names = {box.name: box.called or box.title or box.name for box in picture.boxes}
    cuts = {box.name for box in picture.boxes if box.kind == "cut"}
    further = {arrow.tail for arrow in picture.arrows if arrow.head in cuts}
    lines: list[str] = []
    for box in picture.boxes:
        if box.name in cuts:
            continue
        operation = f" = {box.operation}" if box.operation else ""
        shown = [f"{row} {text}" for row, text, _ in box.rows]
        lines.append(_lit(box, "  ".join([f"{names[box.name]}{operation}", *shown])))
        for arrow in into.get(box.name, ()):
            if arrow.text:
                lines.append(_lit(arrow, f"    from {names[arrow.tail]}: {arrow.text}"))
            else:
                lines.append("    from nodes not drawn")
        if box.name in further:
            lines.append("    used further on by nodes not drawn")
    if len(lines) > most:
        left_out = len(lines) - most
        lines = [f"({left_out:,} more lines above)", *lines[left_out:]]
    return "\n".join([*lines, *filter(None, [picture.key]), *picture.notes])


def _lit(shown: Box | Arrow, line: str) -> str:
    return f"{line}  *" if shown.shade == "lit" else line
