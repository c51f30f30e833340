"""Graphs that outlive the process: copying, pickling, JSON.

A graph is written as the list of its nodes, operands before results, with operations by name: no
code is stored, nothing recurses, and what is read back can be differentiated again.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

import json
import math
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any, cast

from autograd import asked
from autograd.backward import order
from autograd.errors import GraphFormatError
from autograd.primitives import TABLE
from autograd.recording import LEAF, kinds_of, names, tick, use_of
from autograd.value import Value

FORMAT = "chalkgrad graph"
VERSION = 1


def restore(op: str, args: tuple[Any, ...], data: float, grad: float | None, label: str) -> Value:
    """Return a node with these contents and a fresh birth number; a leaf if op is empty."""
    node = cast(Value, names["new"](Value))
    node._number = data
    node.grad = grad
    node.label = label
    node.birth = tick()
    if not op:
        node._use = LEAF
        node._x = node._y = None
        return node
    if op not in TABLE:
        raise KeyError(f"no primitive is called {op!r}: register it before reading the graph")
    row = TABLE[op]
    if row.arity in (1, 2):
        node._x, node._y = args if row.arity == 2 else (args[0], None)
    else:
        node._x, node._y = args, None
    node._use = use_of(row, kinds_of(row, args))
    return node


def _contents(node: Value) -> tuple[str, tuple[Any, ...], float, float | None, str]:
    name = node.op.name if node.op is not None else ""
    return name, node.args, node.data, node.grad, node.label


def shallow(node: Value) -> Value:
    """Return a copy of one node that shares its operands."""
    return restore(*_contents(node))


def deep(node: Value, memo: dict[int, Any]) -> Value:
    """Return a copy of a whole graph, without recursion, for `copy.deepcopy`."""
    for old in order(node):
        if id(old) not in memo:
            op, args, data, grad, label = _contents(old)
            copied = tuple([memo[id(x)] if isinstance(x, Value) else x for x in args])
            memo[id(old)] = restore(op, copied, data, grad, label)
    return memo[id(node)]


# Pickle visits objects recursively. The node pickled first therefore lists its whole graph,
# operands before results, so that every node written finds its operands already known to the
# pickler. A marker at the end of the list holds the nodes so listed until it is written itself.
# Only the pickler holds the marker: where writing fails midway, it is gone with the list.


class _ListEnd:
    """Written after the last node of a list, when what stands before it is done."""

    def __init__(self, nodes: Sequence[Value], before: "_ListEnd | None") -> None:
        self.nodes = frozenset(nodes)
        self.before = before

    def __reduce__(self) -> Any:
        _underway.end = weakref.ref(self.before) if self.before is not None else _no_list
        return tuple, ()


def _no_list() -> _ListEnd | None:
    return None


class _Underway(threading.local):
    end: Callable[[], _ListEnd | None] = staticmethod(_no_list)


_underway = _Underway()


def _restore_last(listed: Sequence[Any], *contents: Any) -> Value:
    return restore(*contents)


def reduced(node: Value) -> Any:
    """Return what pickle needs to write a node."""
    contents = _contents(node)
    before = _underway.end()
    if not contents[1] or (before is not None and node in before.nodes):
        return restore, contents
    nodes = order(node)[:-1]
    end = _ListEnd(nodes, before)
    _underway.end = weakref.ref(end)
    return _restore_last, ((*nodes, end), *contents)


def to_json(z: Value) -> str:
    """Return the graph of z as JSON text, with labels and gradients.

    nan and infinities are written as the strings "nan", "inf" and "-inf", since JSON has no
    numbers for them.

    >>> x = Value(3.0, "x")
    >>> from_json(to_json(x * x))
    Value(9.0)
    """
    nodes = order(z)
    place = {node: i for i, node in enumerate(nodes)}
    records: list[dict[str, Any]] = []
    for node in nodes:
        record: dict[str, Any] = {"data": _out(node.data)}
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
    if name == "dot" and len(args) % 2:
        raise GraphFormatError(f"node {i}: dot takes an even number of operands, got {len(args)}")
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
