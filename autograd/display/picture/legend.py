"""The legend of a picture: what the looks of its boxes mean, those that are in it."""

from autograd.display.picture.picture import Picture

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
        picture: what to explain.

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
