"""`explain`: one derivative as the sum over all paths, each a product of local derivatives.

That sum is what backpropagation computes without ever listing it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import chain, count, pairwise

from autograd import asked
from autograd.display.chain.latex import Latex, label_latex, number_latex
from autograd.display.chain.passes import Walk
from autograd.display.chain.paths import TIMES, Factor, Path, Paths, count_figure, ends_of
from autograd.display.chain.terms import (
    figure,
    ratio,
    ratio_latex,
    short,
    short_latex,
    signed,
)
from autograd.display.format import label_text, whole_number
from autograd.engine.backward import order
from autograd.engine.value import Value
from autograd.errors import StaleGraphError
from autograd.transforms.sweep import Edge

# Waists with no label are named only where there are few, as in a chain of four functions.
MOST_WAISTS = 6
# How many rules are written out below the paths.
MOST_RULES = 40


def explain(z: Value, x: Value, *, most: int = 10) -> Explanation:
    """Return why dz/dx is what it is: every path from z to x, and their sum.

    dz/dx is the sum over all paths from z down to x of the product of the local derivatives on the
    path. The paths with the largest |product| are shown first; there may be 2^20 of them, so they
    are counted, not listed, and the sum of the rest is the remainder. Beside a rule stands the one
    that books print, where that is another; see `steps`.

    Args:
        z: the result.
        x: a leaf or a node in between. If z does not depend on it, the explanation says so, and
            whether z and x are swapped.
        most: the largest number of paths to show.

    Raises:
        TypeError: if z or x is no Value, or `most` is no whole number.
        ValueError: if `most` is below 1.
        StaleGraphError: if a Value was given new data after something was computed from it.

    Source: F. L. Bauer, "Computational graphs and rounding error", SIAM Journal on Numerical
    Analysis 11, 1974: derivatives as sums over paths.

    >>> x, y = Value(1.0, "x"), Value(2.0, "y")
    >>> u = x**2 + x * y + y**2
    >>> u.label = "u"
    >>> z = u**2 + u
    >>> print(explain(z, x))
    dz/dx = 60
    every path goes through u: dz/dx = dz/du · du/dx = 15 · 4 = 60
    4 paths from z to x:
      ∂z/∂v5 · ∂v5/∂u · ∂u/∂v3 · ∂v3/∂v1 · ∂v1/∂x = 1 · 14 · 1 · 1 · 2 = 28
      ∂z/∂v5 · ∂v5/∂u · ∂u/∂v3 · ∂v3/∂v2 · ∂v2/∂x = 1 · 14 · 1 · 1 · 2 = 28
      ∂z/∂u · ∂u/∂v3 · ∂v3/∂v1 · ∂v1/∂x = 1 · 1 · 1 · 2 = 2
      ∂z/∂u · ∂u/∂v3 · ∂v3/∂v2 · ∂v2/∂x = 1 · 1 · 1 · 2 = 2
    sum: 28 + 28 + 2 + 2 = 60
    where
      v1 = x ** 2 = 1
      v2 = x * y = 2
      v3 = v1 + v2 = 3
      v4 = y ** 2 = 4
      u = v3 + v4 = 7
      v5 = u ** 2 = 49
      z = v5 + u = 56
      ∂v5/∂u = 2 * u = 14
      ∂v1/∂x = 2 * x = 2
      ∂v2/∂x = y = 2
    """
    if not isinstance(x, Value):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"expected a Value, got {type(x).__name__}: explain(z, x) takes a node")
    return Explanation(Walk(z), x, whole_number("most", most))


class Explanation:
    """A derivative as a sum over paths; notebooks show it as a formula.

    Attributes:
        z: the result.
        x: the node it is derived by.
        gradient: dz/dx, as the backward pass computes it.
        count: the number of paths, exact; 0 if z does not depend on x.
        paths: those with the largest |product|, in falling order.
        remainder: the sum of the paths not shown.
        waists: the nodes that every path goes through, from z to x.

    >>> from autograd import Value, explain
    >>> x = Value(3.0, "x")
    >>> explanation = explain(x * x + x, x)
    >>> explanation.gradient, explanation.count, [path.product for path in explanation.paths]
    (7.0, 3, [3.0, 3.0, 1.0])
    """

    def __init__(self, walk: Walk, x: Value, most: int) -> None:
        asked.instance("Explanation", walk, Walk, "the walk that explain makes")
        asked.instance("Explanation", x, Value, "a Value to derive by")
        self.z = walk.z
        self.x = x
        self._walk = walk
        end = walk.place.get(x)
        self._found = None if end is None else Paths(walk, end)
        self.gradient = 0.0 if end is None else walk.gradients[end]
        self.count = 0 if self._found is None else self._found.count
        best = iter(()) if self._found is None else self._found.best(most)
        self.paths = tuple(sorted(map(self._path, best), key=_falling))
        # Exactly 0 where nothing is left out: rounding is no path.
        shown = math.fsum(p.product for p in self.paths) if self._finite else math.nan
        self.remainder = 0.0 if len(self.paths) == self.count else self.gradient - shown
        waists = [] if self._found is None else self._found.waists()
        self.waists = tuple(walk.nodes[i] for i in waists)
        self._swapped = end is None and _depends(x, walk.z)

    @property
    def _finite(self) -> bool:
        return all(math.isfinite(p.product) for p in self.paths)

    def _path(self, edges: list[Edge]) -> Path:
        product = 1.0
        for edge in edges:
            product *= edge.partial
        if any(edge.is_closed for edge in edges):
            product = 0.0
        walk = self._walk
        nodes: list[Value] = [walk.z, *[walk.nodes[edge.operand] for edge in edges]]
        factors = [
            Factor(edge.partial, node, x, edge.position, walk)
            for edge, (node, x) in zip(edges, pairwise(nodes), strict=True)
        ]
        return Path(tuple(factors), product)

    # In words ---------------------------------------------------------------------------------

    @cached_property
    def _names(self) -> tuple[str, str]:
        walk = self._walk
        z = walk.name(len(walk.nodes) - 1)
        place = walk.place.get(self.x)
        return z, self._foreign_name() if place is None else walk.name(place)

    def _foreign_name(self) -> str:
        """Return a name for a node outside the graph that no node inside has."""
        taken = {self._walk.name(i) for i in range(len(self._walk.nodes))}
        label = label_text(self.x.label)
        first = [label] if label else ["z" if self._swapped else "x", "y", "w"]
        numbered = (f"{label} ({k})" if label else f"x{k}" for k in count(2))
        return next(name for name in chain(first, numbered) if name not in taken)

    def _chain(self) -> list[tuple[int, int, float]]:
        """Return dz/dx in factors between the nodes that every path goes through."""
        found = self._found
        if found is None:
            return []
        places = found.waists()
        inner = places[1:-1]
        labelled = [i for i in inner if self._walk.nodes[i].label]
        inner = labelled or (inner if len(inner) <= MOST_WAISTS else [])
        if len(inner) > MOST_WAISTS:
            inner = []
        if not inner:
            return []
        stops = [places[0], *inner, places[-1]]
        return [(a, b, found.between(a, b)) for a, b in pairwise(stops)]

    def __str__(self) -> str:
        z, x = self._names
        whole = ratio("d", z, x)
        head = f"{whole} = {figure(self.gradient)}"
        if self.count == 0:
            said = f"{head}: {z} does not depend on {x}, no path leads there"
            if self._swapped:
                said += f". {x} is computed from {z}: they are swapped, write explain({x}, {z})"
            elif x != label_text(self.x.label):
                said += f" ({x} stands for {self.x!r:.60}, which is not in the graph)"
            return said
        lines = [head]
        stations = self._chain()
        if stations and self.count > 1:
            name = self._walk.name
            stops = ", ".join([name(a) for a, _, _ in stations[1:]])
            names = " · ".join([ratio("d", name(a), name(b)) for a, b, _ in stations])
            numbers = " · ".join([signed(g) for _, _, g in stations])
            lines.append(
                f"every path goes through {stops}: {whole} = {names} = {numbers} "
                f"= {figure(self.gradient)}"
            )
        left_out = self.count - len(self.paths)
        paths = f"{count_figure(self.count)} path{'s' * (self.count != 1)} from {z} to {x}"
        lines.append(f"{paths}{f', the {len(self.paths)} largest' if left_out else ''}:")
        lines += [f"  {path}" for path in self.paths]
        if self.count > 1:
            terms = [figure(p.product) if i == 0 else signed(p.product)
                     for i, p in enumerate(self.paths)]  # fmt: skip
            if left_out:
                lines.append(
                    f"  the other {count_figure(left_out)} path{'s' * (left_out != 1)}: "
                    f"{figure(self.remainder)}"
                )
                terms.append(signed(self.remainder))
            lines.append(f"sum: {' + '.join(terms)} = {figure(self.gradient)}")
        where = [*self._nodes(), *self._rules()]
        if where:
            lines += ["where", *where]
        return "\n".join([*lines, *self._remarks()])

    def _remarks(self) -> list[str]:
        """Return remarks on derivatives that are a convention, or mean nothing."""
        walk = self._walk
        said: dict[str, None] = {}
        for i in self._named():
            data = walk.data[i]
            operands = [x.data if isinstance(x, Value) else x for x in walk.nodes[i].args]
            if math.isnan(data) and not any(map(math.isnan, operands)):
                written = short(walk.forward(i)[0].text.text)
                at = _placed(walk, i, operands)
                outside = f"{written} is nan {at}, outside of its domain"
                said[f"{outside}: a derivative means nothing there"] = None
        for factor in self._shown:
            i = walk.place[factor.node]
            operands = [x.data if isinstance(x, Value) else x for x in factor.node.args]
            found = special_point(factor.node, factor.position)
            if found:
                written = short(walk.forward(i)[0].text.text)
                said[f"{written} {found.format(at=_placed(walk, i, operands))}"] = None
        return list(said)

    @property
    def _shown(self) -> list[Factor]:
        return [f for p in self.paths for f in ends_of(p.factors)[0]]

    def _named(self) -> list[int]:
        """Return the places of the computed nodes that the paths and the rules name."""
        place = self._walk.place
        nodes = {x for f in self._shown for x in (f.node, *f.node.args) if isinstance(x, Value)}
        return sorted(place[node] for node in nodes if node.op is not None)

    def _nodes(self) -> list[str]:
        """Return how the nodes that are named are computed, and their values."""
        walk, named = self._walk, self._named()
        lines = [
            f"  {walk.name(i)} = {short(walk.forward(i)[0].text.text)} = {figure(walk.data[i])}"
            for i in named[-MOST_RULES:]
        ]
        left_out = len(named) - MOST_RULES
        return lines if left_out <= 0 else [f"  … {left_out:,} more", *lines]

    def _rules(self) -> list[str]:
        """Return how the local derivatives that are more than a number are computed."""
        shown = {f.name: f for f in self._shown}
        rules = [f"  {f.line}" for f in shown.values() if f.rule != figure(f.value)]
        left_out = len(rules) - MOST_RULES
        return rules if left_out <= 0 else [*rules[:MOST_RULES], f"  … {left_out:,} more"]

    def __repr__(self) -> str:
        return f"<Explanation: {str(self).splitlines()[0]}, {count_figure(self.count)} path(s)>"

    def latex(self) -> Latex:
        r"""Return the sum as aligned equations, one path a line, then the named nodes.

        >>> x = Value(3.0, "x")
        >>> print(explain(x**2 + x, x).latex())
        \begin{aligned}
        \frac{dz}{dx} &= \underbrace{...}_{1 \cdot 6 = 6} \\
        &\quad + \underbrace{\frac{\partial z}{\partial x}}_{1} \\
        &= 6 + 1 = 7 \\
        v_{1} &= x^{2} = 9 \\
        z &= v_{1} + x = 12
        \end{aligned}
        """
        walk = self._walk
        name = walk.name_latex
        z = name(len(walk.nodes) - 1)
        total = number_latex(self.gradient).text
        if self.count == 0:
            return Latex(f"{ratio_latex('d', z, label_latex(self._names[1]))} = 0")
        whole = ratio_latex("d", z, name(walk.place[self.x]))
        lines: list[str] = []
        stations = self._chain()
        if stations and self.count > 1:
            names = TIMES.join([ratio_latex("d", name(a), name(b)) for a, b, _ in stations])
            numbers = TIMES.join([f"{number_latex(g):2}" for _, _, g in stations])
            lines.append(f"{whole} &= {names} = {numbers} = {total}")
        plus = r"&\quad +"
        lines += [
            f"{plus if i else f'{whole} &='} {path.latex()}" for i, path in enumerate(self.paths)
        ]
        terms = [number_latex(p.product) for p in self.paths]
        if self.count > len(self.paths):
            rest = number_latex(self.remainder)
            left_out = count_figure(self.count - len(self.paths)).replace(",", "{,}")
            left_out = left_out.replace("^", r"\wedge ")
            lines.append(
                rf"&\quad + \underbrace{{\cdots}}_{{\mathrm{{{left_out}\ paths}}: {rest.text}}}"
            )
            terms.append(rest)
        if self.count > 1:
            written = " + ".join([f"{t:{1 if i == 0 else 2}}" for i, t in enumerate(terms)])
            lines.append(f"&= {written} = {total}")
        lines += [
            f"{name(i)} &= {short_latex(walk.forward(i)[0])} = {number_latex(walk.data[i]).text}"
            for i in self._named()[-MOST_RULES:]
        ]
        body = " \\\\\n".join(lines)
        return Latex(f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}")

    def _repr_latex_(self) -> str:
        return self.latex()._repr_latex_()  # pyright: ignore[reportPrivateUsage]


def _placed(walk: Walk, i: int, operands: Sequence[float]) -> str:
    """Return at which operands a node is, as in `at x = 0`."""
    named = [
        f"{walk.name(walk.place[v])} = {figure(x)}"
        for v, x in zip(walk.nodes[i].args, operands, strict=True)
        if isinstance(v, Value)
    ]
    return f"at {', '.join(dict.fromkeys(named))}"


def special_point(node: Value, position: int) -> str:
    """Return how the point where a node is derived is special; "" where it is not.

    Asked are the rows that declare kinks: whether the derivative by one operand, or the value,
    jumps between the floats on its two sides.

    >>> from autograd import relu
    >>> special_point(relu(Value(0.0)), 0)
    'has a kink {at}: from 0 to 1, the derivative is taken as 0'
    >>> special_point(relu(Value(1.0)), 0)
    ''
    """
    row = node.op
    operands = [x.data if isinstance(x, Value) else x for x in node.args]
    if row is None or not row.subgradients or not all(map(math.isfinite, operands)):
        return ""

    # All places of one operand move together: max(x, x) has no kink.
    places = [j for j, x in enumerate(node.args) if x is node.args[position]]

    def slope(value: float, at: Sequence[float]) -> float:
        return sum([float(row.partials(value, *at)[j]) for j in places])

    def beside(way: float) -> tuple[float, float]:
        moved = [math.nextafter(x, way) if j in places else x for j, x in enumerate(operands)]
        value = float(row.function(*moved))
        return value, slope(value, moved)

    (low, left), (high, right) = beside(-math.inf), beside(math.inf)
    here = slope(node.data, operands)
    taken = f"the derivative is taken as {figure(here)}"
    if abs(high - low) > 1e-6 * max(1.0, abs(high), abs(low)):
        return f"jumps {{at}} from {figure(low)} to {figure(high)}: {taken}"
    if math.isnan(left) is not math.isnan(right):
        return f"ends {{at}}: {taken}"
    if abs(right - left) > 1e-6 * max(1.0, abs(left), abs(right)):
        return f"has a kink {{at}}: from {figure(left)} to {figure(right)}, {taken}"
    return ""


def _depends(z: Value, x: Value) -> bool:
    """Tell whether z was computed from x; of a graph that was changed since nobody can."""
    try:
        return z.op is not None and x in set(order(z))
    except StaleGraphError:
        return False


def _falling(path: Path) -> float:
    size = abs(path.product)
    return -math.inf if size != size else -size
