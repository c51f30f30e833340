"""`custom_node`: a node made of a number and of local derivatives that somebody else computed."""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

from collections.abc import Sequence
from typing import Any

from autograd import asked
from autograd.engine.custom.given import Given
from autograd.engine.methods import Kind, tick, watched
from autograd.engine.modes import user_line, watching
from autograd.engine.number import number
from autograd.engine.value import Value
from autograd.errors import TraceError


@asked.own_keywords()
def custom_node(
    data: float,
    operands: Sequence[Any],
    local_gradients: Sequence[float],
    *,
    name: str = "custom",
) -> Any:
    """Return a node that is given its number and its local derivatives, as numbers.

    For what has no row in the table and is computed elsewhere: by another program, from a table of
    measurements. The backward pass multiplies and adds as it does everywhere; pictures, steps and
    explanations show the numbers. They hold at this point alone, so the node has no second
    derivative and cannot be compiled; where you can write the rule down, make a primitive of it
    (`autograd.primitive`).

    Args:
        data: the number of the node.
        operands: what it was computed from, Values and plain numbers.
        local_gradients: the derivative of the node by each operand, as numbers.
        name: what pictures and messages call the operation.

    Returns:
        A Value; the plain number where no operand is a Value.

    Raises:
        TypeError: if something is no number, or the local gradients are Values.
        ValueError: if there are no operands, or not one local gradient for each.
        TraceError: if an operand is a number that a compiled program has yet to compute.

    >>> from autograd import Value
    >>> import math
    >>> x = Value(0.5, "x")
    >>> y = custom_node(math.gamma(x.data), [x], [-3.4802309], name="gamma")
    >>> y.backward()
    >>> x.grad
    -3.4802309
    """
    asked.instance("custom_node", name, str, "a str as name")
    given = asked.iterable("custom_node", operands, "a list of operands")
    slopes = asked.iterable("custom_node", local_gradients, "a list of local gradients")
    if not given:
        raise ValueError(f"{name} has no operands: write Value(data) for a number with no history")
    taken = tuple([operand(name, x) for x in given])
    local = local_numbers(name, taken, slopes)
    kinds = {x.__class__ for x in taken if x.__class__ is not float}
    if not kinds:
        return number(data)
    # A class of another dialect, as micrograd's, stands before Value.
    kind = next((kind for kind in kinds if kind is not Value), Value)
    return recorded(object.__new__(kind), number(data), Given(name or "custom", local), taken)


def recorded(node: Any, data: float, kind: Kind, operands: tuple[Any, ...]) -> Any:
    """Fill a new node in, which keeps its operands as a tuple however many there are."""
    node._number = data
    node._kind = kind
    node._x = operands
    node._y = None
    node.grad = node._unreached
    node.birth = tick()
    node._label = ""
    return watched(node) if watching else node


def operand(name: str, x: Any) -> Any:
    """Return an operand of a custom node, a Value as it is and numbers as floats.

    Raises:
        TraceError: for a number that a compiled program has yet to compute.
        TypeError: for what is no number.
    """
    if isinstance(x, Value) or x.__class__ is float:
        return x
    if hasattr(x.__class__, "__number__"):
        raise TraceError(f"{where_asked()} {refusal(name)}")
    return number(x)


def where_asked() -> str:
    """Return the file and line of the innermost frame outside this distribution."""
    file, _, line = user_line("autograd", "nn").rpartition(":")
    return f"line {line} of {file}"


def refusal(name: str) -> str:
    """Return why a custom node cannot be compiled, and what to write."""
    return (
        f"uses {name} while it is compiled, a custom node: its number and its local derivatives "
        "were computed outside the graph, for one point, and a program needs its rule. Write it "
        "with autograd's functions (softmax, maximum, select and their like), or make a primitive "
        "of it (autograd.primitive)"
    )


def local_numbers(name: str, operands: Sequence[Any], given: Sequence[Any]) -> tuple[float, ...]:
    """Return local derivatives as floats.

    Raises:
        TypeError: if one is no number.
        ValueError: if there is not one for each operand.
    """
    if len(given) != len(operands):
        raise ValueError(
            f"{name} has {len(operands)} operand(s) and {len(given)} local gradient(s): "
            "give the derivative by each operand, 0.0 where nothing flows"
        )
    for d in given:
        if isinstance(d, Value):
            raise TypeError(
                f"the local gradients of {name} are numbers, and one is a Value: write d.data. The "
                "node then has no second derivative; an operation of Values has"
            )
    return tuple([d if d.__class__ is float else number(d) for d in given])
