"""One call of a function with leaves in place of its arguments, as every transform makes it.

Which arguments to differentiate by, what the function may return, whether the numbers of the result
are Values, and how results get the nesting of the arguments is settled here.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import index
from typing import Any, NamedTuple, cast

from autograd.engine.backward import first_birth, ordered
from autograd.engine.methods import tick
from autograd.engine.modes import recording_anyway, tracer
from autograd.engine.number import number
from autograd.engine.serialization import differentiated
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.transforms.gradient import gradient_numbers, gradient_values, is_node
from autograd.transforms.trees import flat, holds, mapped, nesting, rebuilt

Function = Callable[..., Any]
Argnum = int | tuple[int, ...]


class Call(NamedTuple):
    """One call of a function with some of its arguments made into fresh leaves.

    Attributes:
        output: what the function returned: Values and numbers, nested. Inside a trace, what is
            known only when the program runs is a placeholder.
        leaves: a Value, or a placeholder, for each number of the arguments to differentiate by.
        args: the arguments as they were given.
        argnum: which of them to differentiate by.
        as_graph: whether all numbers of the result are Values.
        nodes: the order of the output where f may return but one; None where it was not walked.
    """

    output: Any
    leaves: list[Value]
    args: tuple[Any, ...]
    argnum: Argnum
    as_graph: bool
    nodes: list[Value] | None

    def shaped(self, slopes: Sequence[Any]) -> Any:
        """Return one result per leaf in the nesting of the arguments differentiated by."""
        rest = iter(slopes)
        by_position = {i: rebuilt(self.args[i], rest) for i in self._positions()}
        if isinstance(self.argnum, int):
            return by_position[self.argnum % len(self.args)]
        return tuple([by_position[i % len(self.args)] for i in self.argnum])

    def _positions(self) -> list[int]:
        return sorted(_positions(self.argnum, len(self.args)))

    def slopes(self, output: Any) -> list[Any]:
        """Return the derivatives of one output with respect to the leaves."""
        if not is_node(output):
            return [self.plain(0.0) for _ in self.leaves]
        nodes = self.nodes if output is self.output else None
        if self.as_graph:
            return [*gradient_values(output, self.leaves, nodes)]
        return [*gradient_numbers(output, self.leaves, nodes)]

    def plain(self, output: Any) -> Any:
        """Return a number or a Value as what all numbers of this result are."""
        if is_node(output):
            return output if self.as_graph else output.data
        return Value(output) if self.as_graph else output


def checked_argnum(argnum: object) -> Argnum:
    """Return which argument to differentiate by: an int, or a tuple of them.

    Raises:
        TypeError: for anything else.

    >>> checked_argnum(0), checked_argnum((0, 2)), checked_argnum([1])
    (0, (0, 2), (1,))
    """
    try:
        if isinstance(argnum, tuple | list):
            return tuple([index(i) for i in cast(Sequence[Any], argnum)])
        return index(cast(Any, argnum))
    except TypeError:
        raise TypeError(
            f"argnum is {argnum!r:.60}, but arguments go by their places, counted from 0: "
            "write argnum=0, or argnum=(0, 1) for two of them; a point stands in a second call, "
            "grad(f)(2.0)"
        ) from None


def _positions(argnum: Argnum, count: int) -> set[int]:
    chosen = (argnum,) if isinstance(argnum, int) else argnum
    for i in chosen:
        if not -count <= i < count:
            raise ValueError(f"argnum is {i}, but the function was called with {count} argument(s)")
    return {i % count for i in chosen}


def called(
    f: Function,
    args: tuple[Any, ...],
    argnum: Argnum,
    keywords: dict[str, Any],
    *,
    vector: Any = (),
    several: bool = False,
) -> Call:
    """Call f with a fresh leaf for every number in the arguments of argnum.

    A Value becomes itself times 1: a node of its own, so that the inner derivative is taken with
    respect to this argument alone, whatever else the function does with the same Value.

    Args:
        f: the function.
        args: its arguments.
        argnum: which to differentiate by.
        keywords: its keyword arguments.
        vector: what else is given: the direction of a product.
        several: whether f may return more than one number.
    """
    since = tick()
    leaves: list[Value] = []

    given = False

    def lift(x: Any) -> Value:
        nonlocal given
        if is_node(x):
            given = True
            leaves.append(x * 1.0)
        else:
            leaves.append(Value(x if x.__class__ is float else _number(x, _ARGUMENT)))
        return leaves[-1]

    wanted = _positions(argnum, len(args))
    lifted = [mapped(lift, x) if i in wanted else x for i, x in enumerate(args)]
    try:
        differentiated.update(leaves)
        output = f(*lifted, **keywords)
    finally:
        differentiated.difference_update(leaves)
    output = mapped(lambda z: _result(z, _SEVERAL), output) if several else _result(output, _ONE)
    results = [z for z in flat(output) if is_node(z)] if several else [output]
    recorded = [z for z in results if isinstance(z, Value)]
    nodes = ordered(recorded)
    rest = [x for i, x in enumerate(args) if i not in wanted]
    given = given or holds((rest, keywords, vector), is_node)
    # A placeholder's number is there when the program runs: it is read from outside.
    given = given or any(is_node(z) and z.__class__ is not Value for z in results)
    as_graph = given or first_birth(nodes, since) < since
    return Call(output, leaves, args, argnum, as_graph, None if several else nodes)


def _result(z: Any, expected: str) -> Any:
    return tracer.stands(z) if is_node(z) else _number(z, expected)


_NESTED = "a nested list, tuple, dict or array"
_ARGUMENT = f"an argument to differentiate by is a number, or {_NESTED} of numbers"
_ONE = "the function must return one Value or number (for several results write jacobian)"
_SEVERAL = f"the function must return a Value or number, or {_NESTED} of them"


def _number(x: object, expected: str) -> float:
    """Return what is no Value as a float, or say what was expected and what to write."""
    try:
        return number(x)
    except TraceError:
        raise
    except TypeError as error:
        raise TypeError(f"{expected}: {_instead(x) or error}") from None


def _instead(x: object) -> str:
    """Return what to write in place of something that holds numbers but has no place for each."""
    if isinstance(x, list | tuple | dict):
        return f"got a {type(cast(object, x)).__name__}"
    if not isinstance(x, Iterable) or isinstance(x, str | bytes):
        return ""
    if hasattr(cast(object, x), "tolist"):
        return f"got a {type(cast(object, x)).__name__}: write x.tolist()"
    function = "list" if isinstance(x, Sequence | Iterator) else "sorted"
    return f"got a {type(cast(object, x)).__name__}: write {function}(x)"


def recorded(function: Function) -> Function:
    """Make a transform's function record its graph whatever mode it is called in.

    In `no_grad` its result is cut from that graph: numbers.
    """

    def wrapped(*args: Any, **keywords: Any) -> Any:
        with recording_anyway() as paused:
            result = function(*args, **keywords)
            return mapped(_cut, result) if paused else result

    return wrapped


def _cut(x: Any) -> Any:
    if not is_node(x):
        return x
    return x.detach() if tracer.decides(x) else x.data


def called_along(
    f: Function,
    args: tuple[Any, ...],
    argnum: Argnum,
    keywords: dict[str, Any],
    *,
    several: bool = False,
) -> tuple[Call, list[Any]]:
    """Call f as `called` does, with all but the last of the arguments.

    Returns:
        The call, and the numbers of the last argument, a vector, in the order of the leaves.
    """
    if len(args) < 2:
        raise TypeError("give the function's arguments and then the vector: hvp(f)(x, v)")
    *primals, v = args
    call = called(f, tuple(primals), argnum, keywords, vector=v, several=several)
    return call, _vector(call, v)


def _vector(call: Call, v: Any) -> list[Any]:
    """Return the numbers of v in the order of the leaves; v must have the arguments' nesting."""
    positions = (call.argnum,) if isinstance(call.argnum, int) else call.argnum
    parts = (v,) if isinstance(call.argnum, int) else cast(tuple[Any, ...], v)
    if not isinstance(cast(object, parts), list | tuple):
        raise TypeError(f"the vector for several arguments is a tuple of as many, got {v!r:.60}")
    if len(parts) != len(positions):
        raise ValueError(f"argnum names {len(positions)} arguments, the vector {len(parts)}")
    by_position: dict[int, list[Any]] = {}
    for i, part in zip(positions, parts, strict=True):
        argument = call.args[i % len(call.args)]
        if nesting(part) != nesting(argument):
            raise ValueError(
                f"the vector must have the nesting of the argument: got {part!r:.60} "
                f"for {argument!r:.60}"
            )
        by_position[i % len(call.args)] = flat(part)
    return [x if is_node(x) else number(x) for i in sorted(by_position) for x in by_position[i]]
