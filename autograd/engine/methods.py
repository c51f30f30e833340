"""Makes `Value`'s methods, and how each kind of node passes its gradient on, from the rows.

Every method is Python text with the row's arithmetic written into it, compiled once on import.
Measured on micrograd's README expression: 0.27 of micrograd's time, against 0.36 when a general
method calls the row's function and rule. The text comes from the row itself: calling its
`partials` on blanks that write down what happens to them gives the expressions. It can be read
where it is used: `inspect.getsource`, tracebacks and debuggers find it.

A node keeps a `Kind` in place of its bare row: the row together with which operands are Values,
so that neither the forward nor the backward pass has to ask again.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

import itertools
import linecache
import math
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import indent
from typing import Any, ClassVar, Protocol, TypeVar, cast

from autograd.engine import symbolic
from autograd.engine.modes import is_cut, tracer, watching
from autograd.engine.number import combine, number
from autograd.engine.numeric import over
from autograd.engine.primitive import ATOM, Operand
from autograd.engine.primitives import TABLE, Primitive


class Node(Protocol):
    """A recorded number, as the engine sees a `Value`, whose class is made with what is here."""

    _number: float
    _kind: "Kind"
    _label: str
    _x: Any
    _y: Any
    grad: float | None
    birth: int
    _unreached: ClassVar[float | None]

    @property
    def op(self) -> Primitive | None:
        """The row, None for a leaf."""
        ...

    @property
    def args(self) -> tuple[Any, ...]:
        """The operands, nodes and floats."""
        ...


N = TypeVar("N", bound=Node)
C = TypeVar("C", bound=type)
Pull = Callable[[Any], None]


@dataclass(slots=True, eq=False)
class Kind:
    """A kind of node: a row, with operands of which certain ones are Values.

    Attributes:
        row: the primitive, None for a leaf.
        pull: adds the node's gradient times each partial to the gradient of each Value operand.
    """

    row: Primitive | None
    pull: Pull

    def __reduce__(self) -> Any:
        raise TypeError("a Kind belongs to the table and is not copied")


LEAF = Kind(None, lambda node: None)

tick = itertools.count(1).__next__


@dataclass(slots=True)
class Newest:
    """The births of the youngest changes to what may have been computed with before.

    Attributes:
        data: when a Value was last given new data; value.py sets it.
        rule: when a row last had its rule changed; `remake` sets it.
    """

    data: int = 0
    rule: int = 0


newest = Newest()


def watched(node: Any) -> Any:
    """Finish a node that was made while a mode is open somewhere."""
    if is_cut(node):
        if (stand_in := tracer.cut(node)) is not None:
            return stand_in
        node._kind = LEAF
        node._x = node._y = None
    return node


# The globals of the texts that are compiled here; `Value` is entered when the class exists.
_globals: dict[str, Any] = {
    "__name__": __name__,
    "combine": combine,
    "inf": math.inf,
    "nan": math.nan,
    "new": object.__new__,
    "number": number,
    "tick": tick,
    "watched": watched,
    "watching": watching,
}


def node_class(value: C) -> C:
    """Let the compiled texts know the class of nodes, as `Value`: a decorator for that class."""
    _globals["Value"] = value
    return value


def _compiled(text: str, name: str, title: str, **bound: Any) -> Any:
    """Compile the one function `name` in `text`, with `bound` in its closure.

    Its source is found under a file name of its own, made of `title`, while the function lives.
    """
    source = f"def make({', '.join(bound)}):\n{indent(text.strip(), '    ')}\n    return {name}\n"
    file = f"<autograd {title}>"
    while file in linecache.cache:  # of another row of the same name, as one that a check applies
        file = f"{file[:-1]}'>"
    scope: dict[str, Any] = {}
    exec(compile(source, file, "exec"), _globals, scope)
    function = scope["make"](**bound)
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    weakref.finalize(function, linecache.cache.pop, file, None).atexit = False
    return function


def _named_in(text: str, row: Primitive) -> dict[str, Any]:
    """Return the functions that a text of the row's arithmetic calls, by their names there."""
    functions = {name: other.function for name, other in TABLE.items()}
    functions |= {row.name: row.function, "partials": row.partials, "over": over}
    return {name: f for name, f in functions.items() if f"{name}(" in text}


def make_pull(row: Primitive, letters: str) -> Pull:
    """Return the step of the chain rule for nodes of `row`.

    Args:
        row: a primitive of one or two operands.
        letters: `v` for a Value and `c` for a constant, one per operand.

    This text is the chain rule of `backward`: x.grad += z.grad * dz/dx, for every operand x.

    >>> import inspect
    >>> print(inspect.getsource(make_pull(TABLE["mul"], "vv")), end="")
        def pull(node):
            x_node = node._x
            x = x_node._number
            y_node = node._y
            y = y_node._number
            g = node.grad
            x_node.grad += g * y
            y_node.grad += g * x
    """
    texts, inverse = symbolic.partial_texts(row), symbolic.reciprocals(row)
    # A partial that is 0 by the rule, as that of `step`, passes nothing on, not even 0 * inf.
    zeros = symbolic.structural_zeros(row)
    passed = [i for i, letter in enumerate(letters) if letter == "v" and i not in zeros]
    lines = ["def pull(node):"]
    symbols = {name for i in passed for name in compile(texts[i], "", "eval").co_names}
    if "z" in symbols:
        lines.append("    z = node._number")
    for name, letter in zip("xy", letters, strict=False):
        if letter == "v":
            lines.append(f"    {name}_node = node._{name}")
            if name in symbols:
                lines.append(f"    {name} = {name}_node._number")
        elif name in symbols:
            lines.append(f"    {name} = node._{name}")
    lines.append("    g = node.grad")
    for i in passed:
        name, text = "xy"[i], texts[i]
        if row.chooses:
            lines.append(f"    partial = {text}")
            lines.append(f"    if partial != 0.0: {name}_node.grad += g * partial")
            continue
        step = {"1.0": "g", "-1.0": "-g"}.get(text, f"g * {text}")
        step = f"over(g, {'xy'[inverse[i]]})" if i in inverse else step
        lines.append(f"    {name}_node.grad += {step}")
    text = "\n".join(lines)
    return _compiled(text, "pull", f"pull of {row.name}, {letters}", **_named_in(text, row))


def _pull_many(row: Primitive, letters: str) -> Pull:
    """Return the step of the chain rule for nodes of three or any number of operands.

    The letters are "v" if all of them are Values, else "m".
    """
    partials: Any = row.partials
    zeros, chooses = symbolic.structural_zeros(row), row.chooses

    def pull_values(node: Node) -> None:
        operands = node._x
        g: Any = node.grad
        which = symbolic.picked_partials(row, len(operands)) if row.arity is None else None
        if which is not None:
            # Partials that are operands themselves, as those of a dot, need no list of numbers.
            for x, y in zip(operands, which(operands), strict=True):
                x.grad += g * y._number
            return
        data = [x._number for x in operands]
        for x, partial in zip(operands, partials(node._number, *data), strict=True):
            x.grad += g * partial

    def pull_mixed(node: Node) -> None:
        operands = node._x
        g: Any = node.grad
        data = [x if x.__class__ is float else x._number for x in operands]
        for i, (x, partial) in enumerate(zip(operands, partials(node._number, *data), strict=True)):
            if x.__class__ is not float and i not in zeros and not (chooses and partial == 0.0):
                x.grad += g * partial

    return pull_values if letters == "v" and not zeros and not chooses else pull_mixed


# By the row and not its name: a check may apply a row of the same name that is not in the table.
_kinds: dict[tuple[Primitive, str], Kind] = {}


def kind_of(row: Primitive, letters: str) -> Kind:
    """Return the kind of node that `row` makes of operands that are Values or not; made on need.

    Args:
        row: the primitive.
        letters: for one or two operands, v for a Value and c for a constant, one for each; for
            others v if all are Values, else m.
    """
    if row.__class__ is not Primitive:
        return cast(Any, row).given  # the row of one node, made of its kind: see custom
    key = row, letters
    found = _kinds.get(key)
    if found is None:
        found = _kinds[key] = Kind(row, _pull(row, letters))
    return found


def _pull(row: Primitive, letters: str) -> Pull:
    return make_pull(row, letters) if row.arity in (1, 2) else _pull_many(row, letters)


def forget(row: Primitive) -> None:
    """Drop what was made from a row that is no longer in the table."""
    symbolic.forget_rule(row)
    for key in [key for key in _kinds if key[0] is row]:
        del _kinds[key]


def remake(row: Primitive) -> None:
    """Make anew, in place, what was made from a row whose rule has changed.

    Nodes and methods hold the row's kinds, so graphs that are there already follow the new rule
    too; compiled programs are built again when they are next used.
    """
    symbolic.forget_rule(row)
    for (known, letters), kind in _kinds.items():
        if known is row:
            kind.pull = _pull(row, letters)
    newest.rule = tick()


def _forward(row: Primitive, *operands: str) -> tuple[str, dict[str, Any]]:
    if row.is_operator:
        return row.operation(*operands), {}
    return f"function({', '.join(operands)})", {"function": row.function}


unary_methods: dict[Primitive, Callable[[Any], Any]] = {}


def unary_method(row: Primitive, **dialect: Any) -> Callable[[N], N]:
    """Return the method of `Value`, or of the class of a dialect, that applies a row to itself.

    A dialect binds names of the text anew: its class as Value, and its `combine`. Its nodes begin
    with a gradient of 0.
    """
    forward, bound = _forward(row, "self._number")
    text = f"""
def {row.name}(self):
    node = new(Value)
    node._number = {forward}
    node._kind = kind_v
{_finished("self", "None", dialect)}
"""
    bound |= {"kind_v": kind_of(row, "v"), **dialect}
    method = _compiled(text, row.name, f"Value.{row.name}", **bound)
    method.__doc__ = f"Return {row.name} of this value: {row.text([Operand('x', ATOM)])}."
    if not dialect:
        unary_methods[row] = method
    return method


def _finished(x: str, y: str, dialect: dict[str, Any]) -> str:
    """Return the end of a method's text: what every node is given, whatever its number is."""
    return f"""\
    node.grad = {0.0 if dialect else None}
    node._x = {x}
    node._y = {y}
    node.birth = tick()
    node._label = ""
    return watched(node) if watching else node"""


def _converted(name: str) -> str:
    """Return the text that makes a float of an operand that is no Value, or hands it to others."""
    return f"""\
    if kind is not float:
        if kind is not int:
            return combine({name}, self, other)
        try:
            other = float(other)
        except OverflowError:
            number(other)"""


# Of each method of two operands: its row, the one for a plain number in the second place, and
# whether it is the reflected one. Placeholders take their operators from here.
binary_rows: dict[Any, tuple[Primitive, Primitive, bool]] = {}


def binary_method(
    row: Primitive, constant: Primitive | None = None, **dialect: Any
) -> Callable[[N, Any], N]:
    """Return the method of `Value` for a row of two operands, the Value first.

    Args:
        row: the primitive.
        constant: the row to use in its place where the second operand is a plain number.
        dialect: see `unary_method`.
    """
    constant = constant or row
    both, bound = _forward(row, "self._number", "other._number")
    right, _ = _forward(constant, "self._number", "other")
    text = f"""
def {row.name}(self, other):
    node = new(Value)
    kind = other.__class__
    if kind is Value:
        node._number = {both}
        node._kind = kind_vv
    else:
{indent(_converted(row.name), "    ")}
        node._number = {right}
        node._kind = kind_vc
{_finished("self", "other", dialect)}
"""
    bound |= {"kind_vv": kind_of(row, "vv"), "kind_vc": kind_of(constant, "vc"), **dialect}
    method = _compiled(text, row.name, f"Value.{row.name}", **bound)
    binary_rows[method] = row, constant, False
    method.__doc__ = f"Return {row.text([Operand(x, ATOM) for x in 'xy'])}, recorded."
    return method


def reflected_method(
    row: Primitive, constant: Primitive | None = None, **dialect: Any
) -> Callable[[N, Any], N]:
    """Return the method of `Value` for a row of two operands, a plain number first.

    The arguments are those of `binary_method`.
    """
    name = f"reflected_{row.name}"
    left, bound = _forward(row, "other", "self._number")
    text = f"""
def {name}(self, other):
    kind = other.__class__
{_converted(name)}
    node = new(Value)
    node._number = {left}
    node._kind = kind_cv
{_finished("other", "self", dialect)}
"""
    bound |= {"kind_cv": kind_of(row, "cv"), **dialect}
    method = _compiled(text, name, f"Value.{name}", **bound)
    binary_rows[method] = row, constant or row, True
    return method
