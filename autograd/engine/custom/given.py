"""The kind of a node that was given its local derivatives as numbers, and the row that it shows.

Rooms above the engine ask a node for its row: its name, how it is written, its partials. A custom
node has a row of its own that answers with the numbers it was given. It is made when it is asked
for, and stands in no table: without a rule it can be neither computed anew, nor compiled, nor
differentiated twice, and says so.
"""

# pyright: reportPrivateUsage=false, reportIncompatibleVariableOverride=false
# The rooms of the engine share the slots of a node; the properties over them are for users. A row
# has its columns in slots, and this one answers some of them from its class.

from __future__ import annotations

from typing import Any

from autograd.engine.methods import Kind
from autograd.engine.primitive import Notation, Primitive, apply, call_notation, latex_call
from autograd.engine.symbolic import Symbol

_NOT_TWICE = (
    "cannot be differentiated twice: its local derivatives were given as numbers, which have none "
    "of their own. Write it with autograd's functions, or make a primitive of it "
    "(autograd.primitive)"
)


class Given(Kind):
    """The kind of one node, which knows its local derivatives.

    Attributes:
        name: what pictures and messages call the operation.
        local: the local derivatives, one for each operand; None where they have none, as the local
            derivatives themselves.
    """

    __slots__ = ("local", "name")

    def __init__(self, name: str, local: tuple[float, ...] | None) -> None:
        self.name = name
        self.local = local

    @property
    def row(self) -> Primitive:
        """The row that this node alone has."""
        return CustomRow(self)

    def pull(self, node: Any) -> None:
        """Add the node's gradient times each local derivative to the gradient of each operand."""
        g = node.grad
        for x, partial in zip(node._x, self.numbers(), strict=True):
            if x.__class__ is not float:
                x.grad += g * partial

    def numbers(self) -> tuple[float, ...]:
        """Return the local derivatives, one for each operand.

        Raises:
            TypeError: where they are not known.
        """
        if self.local is None:
            raise TypeError(self.once_only)
        return self.local

    @property
    def once_only(self) -> str:
        """The message on a second derivative."""
        return f"{self.name} {_NOT_TWICE}"

    def function(self, *operands: float) -> float:
        """Refuse: what the node is elsewhere nobody knows."""
        raise TypeError(
            f"{self.name} is a custom node: its number and its local derivatives are known where "
            "it was made, and nowhere else"
        )

    def __reduce__(self) -> Any:
        return Given, (self.name, self.local)


class _Slope(Given):
    """The kind of a local derivative of a custom node, as a node of the same operands."""

    __slots__ = ("number",)

    def __init__(self, name: str, number: float) -> None:
        super().__init__(name, None)
        self.number = number

    def function(self, *operands: float) -> float:
        """Return the number, where the custom node was made."""
        return self.number

    def __reduce__(self) -> Any:
        return _Slope, (self.name, self.number)


class CustomRow(Primitive):
    """The row of one custom node: it stands in no table, and has numbers in place of a rule."""

    __slots__ = ("given",)

    given: Given

    # Of any number of operands, so that no fast road asks for a rule in one or two.
    arity = None
    domain = ((-2.0, 2.0),)
    subgradients = ()
    constants = 0
    operator = ""
    precise = shown = textbook = neutral = None
    chooses = commutes = paired = unsigned = False

    def __init__(self, given: Given) -> None:
        object.__setattr__(self, "given", given)

    @property
    def name(self) -> str:
        """The name that it was given."""
        return self.given.name

    @property
    def text(self) -> Notation:
        """How it is written in Python: as a call."""
        return call_notation(self.name)

    @property
    def latex(self) -> Notation:
        """How it is written in LaTeX: as a call."""
        kept = [c for c in self.name if c.isalnum() or c in " _+-*/()<>=.,"]
        escaped = "".join(kept).replace("_", r"\_") or "custom"
        return latex_call(rf"\operatorname{{{escaped}}}")

    def function(self, *operands: float) -> float:
        """Return the number, where it is known; see `Given.function`."""
        return self.given.function(*operands)

    array = function

    def partials(self, z: Any, *operands: Any) -> tuple[Any, ...]:
        """Return the local derivatives: as numbers, or as nodes where operands are."""
        numbers = self.given.numbers()
        if any(isinstance(x, Symbol) for x in operands):
            raise TypeError(f"{self.name} has numbers in place of a rule")
        if all(isinstance(x, float) for x in operands):
            return numbers
        return tuple([apply(CustomRow(_Slope(self.name, d)), operands) for d in numbers])

    def __repr__(self) -> str:
        return f"<custom node {self.name}>"

    def __reduce__(self) -> Any:
        return CustomRow, (self.given,)
