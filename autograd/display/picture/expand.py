"""The parts of a collapsed graph to be shown one by one, looked up by name, node or model."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from autograd.asked import near
from autograd.display.format import label_text
from autograd.display.picture.grouping import Group, inputs, layer_of, layers
from autograd.engine.value import Value

_WORDS = {"layer": "layers", "neuron": "neurons"}


def chosen(parts: Any, neurons: Sequence[Group], nodes: Sequence[Value]) -> set[Group]:
    """Return the neurons that are named.

    Args:
        parts: a name such as "layers.1" or "layer 1", a node, a model, or a list of these.
        neurons: all neurons of the graph.
        nodes: the graph in topological order.

    Raises:
        TypeError: if it is nothing of the kind.
        ValueError: if the graph has none of that name; it says which names there are.
    """
    if isinstance(parts, list | tuple | set | frozenset):
        found: set[Group] = set()
        for part in parts:  # pyright: ignore[reportUnknownVariableType]
            found |= chosen(part, neurons, nodes)
        return found
    if isinstance(parts, str):
        return _named(parts, neurons)
    if isinstance(parts, Value):
        if parts not in set(nodes):
            name = label_text(parts.label) or repr(parts)
            raise ValueError(f"{name} cannot be expanded: it is not in the graph to draw")
        return {group for group in neurons if parts in (*group.members, *group.parameters)}
    parameters: Callable[[], Any] | None = getattr(parts, "parameters", None)
    if callable(parameters) and not isinstance(parts, type):
        own = set(parameters())
        found = {group for group in neurons if not own.isdisjoint(group.parameters)}
        if not found:
            raise ValueError(f"no parameter of this {type(parts).__name__} is in the graph to draw")
        return found
    raise TypeError(
        'expand is True, False, "layers", "neurons", a name such as "layers.1", a node, a model, '
        f"or a list of these; got {parts!r:.60}"
    )


def _named(name: str, neurons: Sequence[Group]) -> set[Group]:
    """Return the neurons of a name, in which "layer 1 neuron 2" may stand for its dotted form."""
    words = re.split(r"[\s.]+", name.strip()) if len(name) <= 1_000 else [name]
    dotted = ".".join(_WORDS.get(word.lower(), word) for word in words)
    found = {g for g in neurons if g.title == dotted or g.title.startswith(f"{dotted}.")}
    if found:
        return found
    known = list(dict.fromkeys(layer_of(group.title) or group.title for group in neurons))
    every = [*known, *[group.title for group in neurons[:1_000]]]
    close = near(dotted, every) if len(dotted) <= 1_000 else []
    some = ", ".join(map(label_text, known[:10])) + (", …" if len(known) > 10 else "")
    raise ValueError(
        f"there is no {label_text(name)!r} to expand; "
        + (f"this graph has {some}" if known else "no parameter of this graph has a label such as "
           "layers.0.neurons.2.bias, so it has neither neurons nor layers")
        + (f"; did you mean {label_text(close[0])!r}?" if close else "")
    )  # fmt: skip


def mixed(
    wanted: set[Group],
    neurons: Sequence[Group],
    nodes: Sequence[Value],
    *,
    by_node: bool,
    by_depth: bool,
) -> list[Group]:
    """Return layers, but neurons, or with `by_node` nothing, for those that are wanted."""
    others = [group for group in neurons if group not in wanted]
    rest = layers(others, nodes, by_depth=by_depth)
    kept = rest if by_node else [*(g for g in neurons if g in wanted), *rest]
    return [*kept, *inputs(kept, nodes)]
