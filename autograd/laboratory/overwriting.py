"""Overwrite instead of add: the classic `=` where `+=` belongs."""

from autograd.display.chain.passes import Use, Walk
from autograd.display.chain.terms import figure, signed
from autograd.engine.value import Value
from autograd.laboratory.trial import BackwardPass, Line, Slip, Trial, side_by_side, slip_at


class OverwriteTrial(Trial):
    """A trial whose wrong sums have one term."""

    def _wrong_sum(self, use: Use) -> str:
        return f"{figure(use.upstream)} × {signed(use.local)} = {figure(use.after)}"


def overwrite(z: Value) -> Trial:
    """Run the backward pass of z with `=` in place of `+=`, beside the right one.

    A node that is used n times gets n contributions, and the chain rule is their sum; overwriting
    keeps the last of them. Where every node is used once no number goes wrong, which is how the
    mistake survives a first test.

    Args:
        z: the result. Neither its graph nor any `grad` is changed.

    Raises:
        TypeError: if z is no Value.
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> x, y = Value(1.0, "x"), Value(2.0, "y")
    >>> u = x + y
    >>> u.label = "u"
    >>> print(overwrite(u**2 + u))
    overwrite instead of add
    right: x.grad += z.grad * ∂z/∂x
    wrong: x.grad = z.grad * ∂z/∂x
    <BLANKLINE>
    step  edge    right: before + upstream × local  wrong
       1  z → v1  0 + 1 × 1 = 1                     1 × 1 = 1
       2  z → u   0 + 1 × 1 = 1                     1 × 1 = 1
       3  v1 → u  1 + 1 × 6 = 7                     1 × 6 = 6  ✗
       4  u → x   0 + 7 × 1 = 7                     6 × 1 = 6  ✗
       5  u → y   0 + 7 × 1 = 7                     6 × 1 = 6  ✗
    <BLANKLINE>
    first wrong number: step 3, v1 → u: the running sum is 6, right is 7
    why: u is used 2 times; the 1 that was there already is thrown away
    <BLANKLINE>
    node  value  dz/d· right  wrong
    z        12            1      1
    v1        9            1      1
    u         3            7      6  ✗
    y         2            7      6  ✗
    x         1            7      6  ✗
    """
    walk = Walk(z)
    wrong = BackwardPass(walk)
    for i in range(len(walk.nodes) - 1, -1, -1):
        wrong.feed_all(i, overwrite=True)
    lines = side_by_side(walk.uses, wrong.uses)
    rules = "x.grad += z.grad * ∂z/∂x", "x.grad = z.grad * ∂z/∂x"
    harmless = "every node is used once, or had received nothing but 0 before its last use"
    return OverwriteTrial(
        "overwrite instead of add",
        rules,
        walk,
        walk.gradients,
        wrong.gradients,
        _slip(walk, lines),
        lines,
        harmless,
    )


def _slip(walk: Walk, lines: list[Line]) -> Slip | None:
    for number, line in enumerate(lines, 1):
        if line.differs and line.right is not None:
            mine, other = line.right, line.wrong
            times = sum(use.operand == mine.operand for use in walk.uses)
            why = (
                f"{walk.name(mine.operand)} is used {times} times; the {figure(mine.before)} that "
                "was there already is thrown away"
            )
            return slip_at(walk, number, mine, "running sum", mine.after, other.after, why)
    return None
