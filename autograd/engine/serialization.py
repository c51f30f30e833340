"""Graphs that outlive the process: copying, pickling, JSON.

A graph is written as the list of its nodes, operands before results, with operations by name: no
code is stored, nothing recurses, and what is read back can be differentiated again.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

import copy
import json
import math
import sys
import threading
import weakref
from collections.abc import Callable, Container
from operator import attrgetter
from typing import Any, cast

from autograd import asked
from autograd.engine.backward import check_fresh
from autograd.engine.custom.given import Given
from autograd.engine.methods import LEAF, kind_of, tick
from autograd.engine.primitives import TABLE
from autograd.engine.value import Value, letters_of
from autograd.errors import GraphFormatError

FORMAT = "chalkgrad graph"
VERSION = 1

# The leaves that the transforms now running differentiate by, of all threads; they enter them. A
# copy that forgets where it came from would lose the derivative there.
differentiated: set[Value] = set()


def restore(
    op: str | Given,
    args: tuple[Any, ...],
    data: float,
    grad: float | None,
    label: str,
    kind: type[Value] = Value,
    own: dict[str, Any] | None = None,
) -> Value:
    """Return a node with these contents and a fresh birth number.

    Args:
        op: the name of its primitive, what a custom node was given, or "" for a leaf.
        args: its operands.
        data: its number.
        grad: its gradient.
        label: its name.
        kind: its class.
        own: the attributes that a program gave it, of a class whose objects may have any.
    """
    node = object.__new__(kind)
    node._number = data
    node.grad = grad
    node.label = label
    node.birth = tick()
    if own:
        vars(node).update(own)
    if isinstance(op, Given):
        node._kind, node._x, node._y = op, args, None
        return node
    if not op:
        node._kind = LEAF
        node._x = node._y = None
        return node
    if op not in TABLE:
        raise KeyError(f"no primitive is called {op!r}: register it before reading the graph")
    row = TABLE[op]
    if row.arity in (1, 2):
        node._x, node._y = args if row.arity == 2 else (args[0], None)
    else:
        node._x, node._y = args, None
    node._kind = kind_of(row, letters_of(row, args))
    return node


def _contents(node: Value) -> tuple[Any, ...]:
    op: Any = node.op.name if node.op is not None else ""
    if isinstance(node._kind, Given):
        op = node._kind
    rest = (node.__class__, {**vars(node)}) if node.__class__ is not Value else ()
    return op, node.args, node._number, node.grad, node.label, *rest


def shallow(node: Value) -> Value:
    """Return a copy of one node that shares its operands.

    It is as old as the node, so the copy of a stale result is as stale. A leaf that a running
    transform differentiates by is copied as itself times 1, which keeps the way back.
    """
    op, args, *rest = _contents(node)
    if node in differentiated:
        return restore("mul", (node, 1.0), *rest)
    copied = restore(op, args, *rest)
    if node.op is not None:
        copied.birth = node.birth
    return copied


def deep(node: Value, memo: dict[int, Any]) -> Value:
    """Return a copy of a whole graph, without recursion, for `copy.deepcopy`."""
    for old in _missing(node, memo):
        op, args, *rest = _contents(old)
        copied = tuple([memo[id(x)] if isinstance(x, Value) else x for x in args])
        memo[id(old)] = new = restore(copy.copy(op), copied, *rest)
        if rest[3:]:
            vars(new).update(copy.deepcopy(rest[4], memo))
    return memo[id(node)]


def _missing(node: Value, known: Container[int]) -> list[Value]:
    """Return what a node was computed from, and itself, without what is known and lies behind that.

    Copying all nodes of a graph, one after the other, so meets each of them once.

    Args:
        node: the node to copy or write.
        known: the `id` of each Value that is copied or written already.

    Raises:
        StaleGraphError: as for `order`.
        TypeError: if the node depends on what a running transform differentiates by.
    """
    seen, nodes = {node}, [] if id(node) in known else [node]
    for found in nodes:
        for x in found.args:
            if isinstance(x, Value) and x not in seen and id(x) not in known:
                seen.add(x)
                nodes.append(x)
    nodes.sort(key=attrgetter("birth"))
    check_fresh(nodes)
    if not differentiated.isdisjoint(nodes):
        lost = next(x for x in nodes if x in differentiated)
        raise TypeError(
            f"{lost.label or 'a Value'} = {lost.data} is what grad or another transform "
            "differentiates by, and a deep copy, a pickle and JSON lose the way back to it: use "
            "the Value itself or copy.copy(v), or v.detach() for its number alone"
        )
    return nodes


# Pickle visits objects recursively. So a node is written behind a list of what its graph has and
# this pickle has not, operands before results: every node written finds its operands known to the
# pickler. Which pickler is at work nobody tells. But what it has written it keeps alive, and does
# not ask for again. So a list is written behind the list before it: if that is not asked for, this
# pickler has written it, and with it all nodes of the lists before; if it is, none is known.


class _List:
    """What the graph of a node has, operands before results, that was not written before.

    Attributes:
        node: the node, which is written next.
        before: the last list that this thread has written.
        written: the `id` of each node that this pickler has written, when this list is.
        listed: the `id` of each node in this list.
        lost: whether a pickler asked for this list after it was written: it is another one.
    """

    def __init__(self, node: Value, before: "_List | None") -> None:
        self.node = node
        self.before = before
        self.written: set[int] = set()
        self.listed: frozenset[int] | None = None
        self.lost = False

    def __reduce__(self) -> Any:
        if self.listed is not None:
            self.lost = True
            return tuple, ()
        if self.before is not None and not self.before.lost:
            self.written = self.before.written
        self.before = None
        nodes = _missing(self.node, self.written)
        self.listed = frozenset(map(id, nodes))
        end = _ListEnd(self, _underway.now)
        _underway.now = weakref.ref(self)
        return tuple, ((*[x for x in nodes if x is not self.node], end),)


class _ListEnd:
    """Written after the last node of a list, when what stands before it is done."""

    def __init__(self, ended: _List, around: "Callable[[], _List | None]") -> None:
        self.ended = ended
        self.around = around

    def __reduce__(self) -> Any:
        self.ended.written |= self.ended.listed or frozenset()
        _underway.now, _underway.last = self.around, weakref.ref(self.ended)
        return tuple, ()


def _no_list() -> _List | None:
    return None


class _Underway(threading.local):
    """The list that this thread is writing, and the last one it wrote; a pickler holds them."""

    now: Callable[[], _List | None] = staticmethod(_no_list)
    last: Callable[[], _List | None] = staticmethod(_no_list)


_underway = _Underway()


def _restore_behind(before: Any, listed: Any, *contents: Any) -> Value:
    return restore(*contents)


def _restore_last(listed: Any, *contents: Any) -> Value:  # pyright: ignore[reportUnusedFunction]
    """Return a node of a pickle that was written by version 0.1.0, which names this function."""
    return restore(*contents)


def reduced(node: Value) -> Any:
    """Return what pickle needs to write a node."""
    now = _underway.now()
    if now is not None and now.listed is not None and id(node) in now.listed:
        return restore, _contents(node)
    if node.op is None and node not in differentiated:
        return restore, _contents(node)
    before = _underway.last()
    return _restore_behind, (before, _List(node, before), *_contents(node))


def to_json(z: Value) -> str:
    """Return the graph of z as JSON text, with labels and gradients.

    nan and infinities are written as the strings "nan", "inf" and "-inf", since JSON has no
    numbers for them.

    Raises:
        StaleGraphError: as for `order`.
        TypeError: if z depends on what a running transform differentiates by.

    >>> x = Value(3.0, "x")
    >>> from_json(to_json(x * x))
    Value(9.0)
    """
    if not isinstance(cast(object, z), Value):
        raise TypeError(f"to_json writes the graph of a Value, got {type(z).__name__}")
    nodes = _missing(z, ())
    place = {node: i for i, node in enumerate(nodes)}
    records: list[dict[str, Any]] = []
    for node in nodes:
        record: dict[str, Any] = {"data": _out(node.data)}
        if isinstance(node._kind, Given):
            raise TypeError(
                f"{node._kind.name} is a custom node, and JSON keeps primitives, which it can look "
                "up and compute again: pickle the graph, or make a primitive of it"
            )
        if node.op is not None:
            record["op"] = node.op.name
            record["args"] = [
                place[x] if isinstance(x, Value) else {"constant": _out(x)} for x in node.args
            ]
        if node.grad is not None:
            record["grad"] = _out(node.grad)
        if node.label:
            record["label"] = node.label
        records.append(record)
    return json.dumps({"format": FORMAT, "version": VERSION, "nodes": records})


def _out(x: float) -> float | str:
    return x if x - x == 0.0 else repr(x)


def from_json(text: str) -> Value:
    """Return the result node of a graph written by `to_json`; no code is run.

    Raises:
        GraphFormatError: if the text is cut short, malformed, of a newer version, or names a
            primitive that is not in the table; if a node's number is not what its operation
            gives for its operands.

    >>> x = Value(3.0, "x")
    >>> z = from_json(to_json(x * x))
    >>> z.backward()
    >>> z.data, z.args[0].label, z.args[0].grad
    (9.0, 'x', 6.0)
    """
    asked.instance("from_json", text, str, "the text that to_json wrote")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise GraphFormatError(f"not JSON, or cut short: {error}") from None
    if not isinstance(document, dict):
        raise GraphFormatError("not a chalkgrad graph: expected a JSON object")
    fields = cast(dict[str, Any], document)
    if "format" not in fields or fields["format"] != FORMAT:
        found = repr(fields["format"]) if "format" in fields else "missing"
        raise GraphFormatError(f"not a chalkgrad graph: the key 'format' is {found}")
    if fields.get("version") != VERSION:
        raise GraphFormatError(
            f"the graph has format version {fields.get('version')!r}, this chalkgrad reads "
            f"version {VERSION}: upgrade chalkgrad"
        )
    records = fields.get("nodes")
    if not isinstance(records, list) or not records:
        raise GraphFormatError("'nodes' must be a list of at least one node")
    nodes: list[Value] = []
    for i, record in enumerate(cast(list[Any], records)):
        nodes.append(_read_node(i, record, nodes))
    return nodes[-1]


def _read_node(i: int, record: Any, nodes: list[Value]) -> Value:
    if not isinstance(record, dict):
        raise GraphFormatError(f"node {i}: expected an object, got {record!r:.60}")
    fields = cast(dict[str, Any], record)
    unknown = fields.keys() - {"data", "op", "args", "grad", "label"}
    if unknown:
        raise GraphFormatError(f"node {i}: unknown key {min(unknown)!r}")
    data = _in(fields.get("data"), f"node {i}: data")
    grad = _in(fields["grad"], f"node {i}: grad") if "grad" in fields else None
    label = fields.get("label", "")
    if not isinstance(label, str):
        raise GraphFormatError(f"node {i}: the label is not a string")
    if "op" not in fields:
        if "args" in fields:
            raise GraphFormatError(f"node {i}: operands without an operation")
        return restore("", (), data, grad, label)
    name = fields["op"]
    if not isinstance(name, str) or name not in TABLE:
        raise GraphFormatError(f"node {i}: no primitive is called {name!r}: register it first")
    listed = fields.get("args")
    if not isinstance(listed, list):
        raise GraphFormatError(f"node {i}: 'args' must be a list")
    args = tuple([_read_arg(i, x, nodes) for x in cast(list[Any], listed)])
    row = TABLE[name]
    if row.arity is not None and len(args) != row.arity:
        raise GraphFormatError(f"node {i}: {name} takes {row.arity} operand(s), got {len(args)}")
    if row.paired and len(args) % 2:
        raise GraphFormatError(
            f"node {i}: {name} takes an even number of operands, got {len(args)}"
        )
    if not any(isinstance(x, Value) for x in args):
        raise GraphFormatError(f"node {i}: {name} has no operand that is a node")
    if row.constants and any(isinstance(x, Value) for x in args[-row.constants :]):
        raise GraphFormatError(f"node {i}: the last {row.constants} operands must be constants")
    # Another platform's libm may round differently, by a few ulp; more than that is another graph.
    operands = [x.data if isinstance(x, Value) else x for x in args]
    try:
        wanted = row.function(*operands)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise GraphFormatError(f"node {i}: {name} of {operands!r:.60} failed: {error}") from error
    if not (math.isclose(data, wanted, rel_tol=1e-9) or (data != data and wanted != wanted)):
        raise GraphFormatError(
            f"node {i}: data is {data!r}, but {name} of its operands is {wanted!r}"
        )
    return restore(name, args, data, grad, label)


def _read_arg(i: int, x: Any, nodes: list[Value]) -> Value | float:
    if isinstance(x, dict):
        fields = cast(dict[str, Any], x)
        if fields.keys() == {"constant"}:
            return _in(fields["constant"], f"node {i}: a constant")
    elif isinstance(x, int) and not isinstance(x, bool) and 0 <= x < len(nodes):
        return nodes[x]
    raise GraphFormatError(
        f"node {i}: an operand must be an earlier node's index or a constant, got {x!r:.60}"
    )


def _in(x: Any, what: str) -> float:
    if isinstance(x, int | float) and not isinstance(x, bool) and abs(x) <= sys.float_info.max:
        return float(x)
    if x in ("nan", "inf", "-inf"):
        return float(x)
    raise GraphFormatError(f"{what} must be a number, got {x!r:.60}")
