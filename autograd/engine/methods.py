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
import numbers
import weakref
from collections.abc import Callable, Sequence
from operator import itemgetter
from textwrap import indent
from typing import Any, Protocol, TypeVar, cast

import numpy as np

from autograd.engine.modes import is_cut, tracer, watching
from autograd.engine.numeric import number, over
from autograd.engine.primitives import TABLE, Primitive
from autograd.engine.symbolic import partial_texts


class Node(Protocol):
    """A recorded number, as the engine sees a `Value`, whose class is made with what is here."""

    _number: float
    _kind: "Kind"
    _label: str
    _x: Any
    _y: Any
    grad: float | None
    birth: int

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


class Kind:
    """A kind of node: a row, with operands of which certain ones are Values.

    Attributes:
        row: the primitive, None for a leaf.
        pull: adds the node's gradient times each partial to the gradient of each Value operand.
    """

    __slots__ = ("pull", "row")

    def __init__(self, row: Primitive | None, pull: Pull) -> None:
        self.row = row
        self.pull = pull

    def __reduce__(self) -> Any:
        raise TypeError("a Kind belongs to the table and is not copied")


LEAF = Kind(None, lambda node: None)

tick = itertools.count(1).__next__


class Newest:
    """The births of the youngest changes to what may have been computed with before.

    Attributes:
        data: when a Value was last given new data; value.py sets it.
        rule: when a row last had its rule changed; `remake` sets it.
    """

    __slots__ = ("data", "rule")

    def __init__(self) -> None:
        self.data = 0
        self.rule = 0


newest = Newest()

# The leaves that the transforms now running differentiate by, of all threads; they enter them. A
# copy that forgets where it came from would lose the derivative there: `serialization.py` asks.
differentiated: set[Any] = set()


def watched(node: Any) -> Any:
    """Finish a node that was made while a mode is open somewhere."""
    if is_cut(node):
        node._kind = LEAF
        node._x = node._y = None
    return node


# The globals of the texts that are compiled here; `Value` is entered when the class exists.
_globals: dict[str, Any] = {
    "__name__": __name__,
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
    lines = [f"def make({', '.join(bound)}):"]
    lines += [f"    {line}" for line in text.strip().splitlines()]
    lines.append(f"    return {name}")
    source = "\n".join(lines)
    file = f"<autograd {title}>"
    while file in linecache.cache:
        # Another row of the same name, as while a check applies one that is not in the table.
        file = f"{file[:-1]}'>"
    scope: dict[str, Any] = {}
    exec(compile(source, file, "exec"), _globals, scope)
    function = scope["make"](**bound)
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    weakref.finalize(function, linecache.cache.pop, file, None).atexit = False
    return function


def _functions(row: Primitive) -> dict[str, Any]:
    """Return the float functions that the row's texts may name."""
    functions = {name: other.function for name, other in TABLE.items()}
    return functions | {row.name: row.function, "partials": row.partials}


def _used(texts: list[str], functions: dict[str, Any]) -> dict[str, Any]:
    joined = " ".join(texts)
    return {name: f for name, f in functions.items() if f"{name}(" in joined}


def make_pull(row: Primitive, letters: str) -> Pull:
    """Return the step of the chain rule for nodes of `row`.

    Args:
        row: a primitive of one or two operands.
        letters: `v` for a Value and `c` for a constant, one per operand.

    This text is the chain rule of `backward`: x.grad += z.grad * dz/dx, for every operand x.

    >>> import inspect
    >>> print(inspect.getsource(make_pull(TABLE["mul"], "vv")))
        def pull(node):
            x_node = node._x
            x = x_node._number
            y_node = node._y
            y = y_node._number
            g = node.grad
            x_node.grad += g * y
            y_node.grad += g * x
    <BLANKLINE>
    """
    texts = partial_texts(row)
    # A partial that is 0 by the rule, as that of `step`, passes nothing on, not even 0 * inf.
    wanted = [texts[i] for i, letter in enumerate(letters) if letter == "v" and texts[i] != "0.0"]
    lines = ["def pull(node):"]
    symbols = {word for text in wanted for word in ("x", "y", "z") if _mentions(text, word)}
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
    for name, letter, text in zip("xy", letters, texts, strict=False):
        if letter == "v" and text != "0.0" and row.chooses:
            lines.append(f"    partial = {text}")
            lines.append(f"    if partial != 0.0: {name}_node.grad += g * partial")
        elif letter == "v" and text != "0.0":
            step = {"1.0": "g", "-1.0": "-g"}.get(text, f"g * {text}")
            if text in ("reciprocal(x)", "reciprocal(y)"):
                step = f"over(g, {text[-2]})"
            lines.append(f"    {name}_node.grad += {step}")
    functions = _functions(row) | {"over": over}
    title = f"pull of {row.name}, {letters}"
    return _compiled("\n".join(lines), "pull", title, **_used(lines, functions))


def _mentions(text: str, word: str) -> bool:
    names_in_text = compile(text, "<partials>", "eval").co_names
    return word in names_in_text


def _pull_many(row: Primitive, letters: str) -> Pull:
    """Return the step of the chain rule for nodes of `row` with three or any number of operands.

    Args:
        row: the primitive.
        letters: "v" if all operands are Values, else "m".
    """
    partials: Any = row.partials
    zeros, chooses = structural_zeros(row), row.chooses

    def pull_values(node: Node) -> None:
        operands = node._x
        g: Any = node.grad
        which = _bare_partials(row, len(operands)) if row.arity is None else None
        if which is not None:
            # Partials that are operands themselves, as those of a dot, need no list of numbers.
            for x, y in zip(operands, which(operands), strict=True):
                x.grad += g * y._number
            return
        data = [x._number for x in operands]
        for x, partial in zip(operands, partials(node._number, *data), strict=True):
            x.grad += g * partial

    def pull_mixed(node: Node) -> None:
        value = node.__class__
        operands = node._x
        g: Any = node.grad
        data = [x._number if x.__class__ is value else x for x in operands]
        for i, (x, partial) in enumerate(zip(operands, partials(node._number, *data), strict=True)):
            if x.__class__ is value and i not in zeros and not (chooses and partial == 0.0):
                x.grad += g * partial

    return pull_values if letters == "v" and not zeros and not chooses else pull_mixed


class _Unwritten:
    """An operand that is told from others by identity; what a rule makes of it is another one."""

    __slots__ = ()

    @staticmethod
    def __apply__(row: Primitive, operands: tuple[Any, ...]) -> "_Unwritten":
        return _Unwritten()

    def _made(self, other: object = None) -> "_Unwritten":
        return _Unwritten()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _made


_bare: dict[tuple[Primitive, int], Callable[[Any], Any] | None] = {}


def _bare_partials(row: Primitive, count: int) -> Callable[[Any], Any] | None:
    """Return what picks the partials of a row from its operands, if each partial is one of them."""
    key = row, count
    if key not in _bare:
        operands, partials = _unwritten_partials(row, count)
        place: dict[Any, int] = {x: i for i, x in enumerate(operands)}
        found = [place.get(d) for d in partials]
        bare = count > 1 and len(found) == count and None not in found
        _bare[key] = itemgetter(*cast(Any, found)) if bare else None
    return _bare[key]


def _unwritten_partials(row: Primitive, count: int) -> tuple[list[Any], list[Any]]:
    """Return operands without texts and the partials of a row at them, none if its rule cannot run.

    Not blanks: the text of one partial of n operands may be as long as n, and there are n.
    """
    operands: list[Any] = [_Unwritten() for _ in range(count)]
    rule: Any = row.partials
    try:
        return operands, list(rule(_Unwritten(), *operands))
    except (TypeError, AttributeError, ValueError):
        return operands, []


_zeros: dict[Primitive, frozenset[int]] = {}


def structural_zeros(row: Primitive) -> frozenset[int]:
    """Return the operands whose partial is 0 by the rule, whatever the data: nothing flows there.

    >>> from autograd import lookup
    >>> structural_zeros(lookup("where"))
    frozenset({0})
    """
    known = _zeros.get(row)
    if known is None:
        if row.arity is not None:
            known = frozenset(i for i, text in enumerate(partial_texts(row)) if text == "0.0")
        else:
            # Some of the first may be so however many there are, as the index of `select`.
            few, more = (_unwritten_partials(row, count)[1] for count in (4, 6))
            known = frozenset(
                i
                for i, pair in enumerate(zip(few, more, strict=False))
                if all(d.__class__ is float and d == 0.0 for d in pair)
            )
        _zeros[row] = known
    return known


_reciprocals: dict[Primitive, dict[int, int]] = {}


def reciprocals(row: Primitive) -> dict[int, int]:
    """Return the operands whose partial is 1 over an operand, each with the place of that one.

    What flows there is g / y, which may be finite where 1 / y overflows: where y is subnormal.

    >>> from autograd import lookup
    >>> reciprocals(lookup("div")), reciprocals(lookup("log"))
    ({0: 1}, {0: 0})
    """
    known = _reciprocals.get(row)
    if known is None:
        texts = partial_texts(row) if row.arity in (1, 2) else []
        place = {f"reciprocal({name})": i for i, name in enumerate("xy")}
        known = {i: place[text] for i, text in enumerate(texts) if text in place}
        _reciprocals[row] = known
    return known


def closed(row: Primitive, partials: Sequence[Any]) -> frozenset[int]:
    """Return the operands that nothing flows to: by the rule, or because they were not chosen.

    Args:
        row: the primitive.
        partials: what its rule gives for a node, in floats or Values.

    >>> from autograd import lookup
    >>> sorted(closed(lookup("where"), (0.0, 1.0, 0.0)))
    [0, 2]
    """
    zeros = _zeros.get(row)
    if zeros is None:
        zeros = structural_zeros(row)
    if not row.chooses:
        return zeros
    return zeros.union([i for i, partial in enumerate(partials) if _is_none(partial)])


def _is_none(partial: Any) -> bool:
    if isinstance(partial, float):
        return partial == 0.0
    # Where a parameter decides, a program chooses anew in each run.
    return getattr(partial, "_number", None) == 0.0 and not tracer.decides(partial)


# By the row and not its name: a check may apply a row of the same name that is not in the table.
_kinds: dict[tuple[Primitive, str], Kind] = {}


def kind_of(row: Primitive, letters: str) -> Kind:
    """Return the kind of node that `row` makes of operands that are Values or not; made on need.

    Args:
        row: the primitive.
        letters: for one or two operands, v for a Value and c for a constant, one for each; for
            others v if all are Values, else m.
    """
    key = row, letters
    found = _kinds.get(key)
    if found is None:
        found = _kinds[key] = Kind(row, _pull(row, letters))
    return found


def _pull(row: Primitive, letters: str) -> Pull:
    return make_pull(row, letters) if row.arity in (1, 2) else _pull_many(row, letters)


def forget(row: Primitive) -> None:
    """Drop what was made from a row that is no longer in the table."""
    _forget_rule(row)
    for key in [key for key in _kinds if key[0] is row]:
        del _kinds[key]


def remake(row: Primitive) -> None:
    """Make anew, in place, what was made from a row whose rule has changed.

    Nodes and methods hold the row's kinds, so graphs that are there already follow the new rule
    too; compiled programs are built again when they are next used.
    """
    _forget_rule(row)
    for (known, letters), kind in _kinds.items():
        if known is row:
            kind.pull = _pull(row, letters)
    newest.rule = tick()


def _forget_rule(row: Primitive) -> None:
    _zeros.pop(row, None)
    _reciprocals.pop(row, None)
    for key in [key for key in _bare if key[0] is row]:
        del _bare[key]


def _forward(row: Primitive, *operands: str) -> tuple[str, dict[str, Any]]:
    if row.is_operator:
        return row.operation(*operands), {}
    return f"function({', '.join(operands)})", {"function": row.function}


unary_methods: dict[Primitive, Callable[[Any], Any]] = {}


def unary_method(row: Primitive) -> Callable[[N], N]:
    """Return the method of `Value` that applies a row of one operand."""
    forward, bound = _forward(row, "self._number")
    text = f"""
def {row.name}(self):
    node = new(Value)
    node._number = {forward}
    node._kind = kind_v
{_finished("self", "None")}
"""
    method = _compiled(text, row.name, f"Value.{row.name}", kind_v=kind_of(row, "v"), **bound)
    method.__doc__ = f"Return {row.name} of this value: {row.text([_NAMED['x']])}."
    unary_methods[row] = method
    return method


def _finished(x: str, y: str) -> str:
    """Return the end of a method's text: what every node is given, whatever its number is."""
    return f"""\
    node.grad = None
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


def binary_method(row: Primitive, constant: Primitive | None = None) -> Callable[[N, Any], N]:
    """Return the method of `Value` for a row of two operands, the Value first.

    Args:
        row: the primitive.
        constant: the row to use in its place where the second operand is a plain number.
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
{_finished("self", "other")}
"""
    bound |= {"kind_vv": kind_of(row, "vv"), "kind_vc": kind_of(constant, "vc")}
    method = _compiled(text, row.name, f"Value.{row.name}", combine=combine, **bound)
    binary_rows[method] = row, constant, False
    method.__doc__ = f"Return {row.text([_NAMED['x'], _NAMED['y']])}, recorded."
    return method


def reflected_method(row: Primitive, constant: Primitive | None = None) -> Callable[[N, Any], N]:
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
{_finished("other", "self")}
"""
    bound["kind_cv"] = kind_of(row, "cv")
    method = _compiled(text, name, f"Value.{name}", combine=combine, **bound)
    binary_rows[method] = row, constant or row, True
    return method


class _Name:
    """A variable's name as an operand of a notation."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __format__(self, needed: str) -> str:
        return self.text


_NAMED: dict[str, Any] = {name: _Name(name) for name in ("x", "y")}


def combine(method: Callable[[Any, Any], Any], value: Node, other: Any) -> Any:
    """Apply a method of `value` to an operand that is neither a Value nor a float nor an int.

    Other real numbers are converted and arrays taken element by element. An object with
    arithmetic of its own is asked next, by Python. Everything else is told what to write.
    """
    kind = cast(type, type(cast(object, other)))
    if hasattr(kind, "__apply__"):
        return NotImplemented
    if isinstance(other, np.ndarray):
        elements = np.frompyfunc(lambda x: method(value, x), 1, 1)  # pyright: ignore[reportUnknownLambdaType]
        with np.errstate(all="ignore"):
            return elements(cast(Any, other).astype(object))
    if hasattr(kind, "__radd__") and not isinstance(
        other, float | np.generic | numbers.Number | str | bytes | list | tuple
    ):
        return NotImplemented
    return method(value, number(cast(object, other)))
