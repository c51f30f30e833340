"""A small layered layout: places for boxes and arrows where no Graphviz is found, the last resort.

K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system
structures", IEEE Transactions on Systems, Man, and Cybernetics 11, 1981: layers by longest path,
dummies on long arrows, barycentre sweeps, then places by least squares within the order. An
arrow's numbers have a layer of their own between two layers of boxes, so they meet no box. A
picture that runs downwards is laid out as if it lay on its side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from autograd.display.picture.boxes import Arrow, Box
from autograd.display.picture.picture import Picture
from autograd.display.writers.measure import box_size, numbers_size
from autograd.display.writers.settle import settle

GAP, LABEL_GAP = 16.0, 6.0
SWEEPS = 8
MOST_DUMMIES = 6_000  # A thousand nodes with a thousand long arrows would make a million.


@dataclass(slots=True, eq=False)
class Item:
    """A box, an arrow's numbers, or a bend of a long arrow.

    Width and y are measured as in a picture that runs to the right: along the arrows, and across.
    """

    layer: int
    width: float = 0.0
    height: float = 4.0
    gap: float = LABEL_GAP
    y: float = 0.0
    left: list["Item"] = field(default_factory=list["Item"])
    right: list["Item"] = field(default_factory=list["Item"])
    box: Box | None = None


def arrange(picture: Picture) -> tuple[list[list[Item]], list[list[Item]]]:
    """Return the layers in the direction of the arrows, and the route of each from box to box."""
    layer = layers_of(picture)
    down = picture.down
    items = {
        box.name: Item(2 * layer[box.name], *_turned(box_size(box), down), gap=GAP, box=box)
        for box in picture.boxes
    }
    everything = list(items.values())
    routes: list[list[Item]] = []
    for arrow, text in zip(picture.arrows, picture.numbers, strict=True):
        room = _turned(numbers_size(text), down) if text else None
        routes.append(_route(arrow, items, everything, room))
    rows: list[list[Item]] = [[] for _ in range(1 + max(item.layer for item in everything))]
    for item in everything:
        rows[item.layer].append(item)
    _order(rows)
    _place(rows)
    return rows, routes


def _turned(size: tuple[float, float], down: bool) -> tuple[float, float]:
    """Return the lengths along the arrows and across them."""
    return (size[1], size[0]) if down else size


def layers_of(picture: Picture) -> dict[str, int]:
    """Return the layer of each box: after its operands, and leaves just before their first use."""
    layer = {box.name: 0 for box in picture.boxes}
    into: dict[str, list[str]] = {}
    first: dict[str, int] = {}
    for arrow in picture.arrows:
        into.setdefault(arrow.head, []).append(arrow.tail)
    for box in picture.boxes:
        layer[box.name] = 1 + max((layer[tail] for tail in into.get(box.name, ())), default=-1)
    for arrow in picture.arrows:
        first[arrow.tail] = min(first.get(arrow.tail, layer[arrow.head]), layer[arrow.head])
    for name, at in first.items():
        if name not in into:
            layer[name] = at - 1
    return layer


def _route(
    arrow: Arrow,
    items: dict[str, Item],
    everything: list[Item],
    room: tuple[float, float] | None,
) -> list[Item]:
    """Return the items an arrow runs through, and enter those that stand between its ends.

    Args:
        arrow: the arrow.
        items: the boxes by name.
        everything: all items, to which those of this arrow are added.
        room: the room for its numbers, along it and across; None where none are shown.
    """
    tail, head = items[arrow.tail], items[arrow.head]
    route = [tail]
    between = list(range(tail.layer + 1, head.layer))
    if len(between) + len(everything) > MOST_DUMMIES:
        between = between[-1:]
    for at in between:
        item = Item(at)
        if at == between[-1] and room is not None:
            item.width, item.height = room
        everything.append(item)
        route.append(item)
    route.append(head)
    for a, b in pairwise(route):
        a.right.append(b)
        b.left.append(a)
    return route


def _order(rows: list[list[Item]]) -> None:
    """Order each layer by the mean position of the neighbours, sweeping forth and back."""
    position: dict[Item, float] = {}
    for row in rows:
        position.update({item: i for i, item in enumerate(row)})
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        for row in rows if forth else reversed(rows):
            keys = {
                item: _mean([position[n] for n in (item.left if forth else item.right)])
                for item in row
            }
            row.sort(key=lambda item: position[item] if (k := keys[item]) is None else k)
            position.update({item: i for i, item in enumerate(row)})


def _place(rows: list[list[Item]]) -> None:
    """Give each item its height: as near to its neighbours as the order allows.

    The last sweep looks at the left neighbours alone: a box that has one is level with it.
    """
    for row in rows:
        settle(row, [0.0] * len(row))
    for sweep in range(2 * SWEEPS + 1):
        both = sweep < 2 * SWEEPS
        for row in rows if sweep % 2 == 0 else reversed(rows):
            near = [[*item.left, *item.right] if both else item.left for item in row]
            wanted = [_mean([n.y for n in items]) for items in near]
            settle(row, [item.y if w is None else w for item, w in zip(row, wanted, strict=True)])


def _mean(numbers: Sequence[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None
