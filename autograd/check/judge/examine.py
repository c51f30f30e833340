"""One point of a subject, examined: its derivatives by the engine beside those by the oracles.

`Examination` records the function, asks the engine for every derivative up to an order, and judges
each against the chain of oracle slopes over the recorded graph.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from autograd.check.judge.analytic import by_backward, scalars
from autograd.check.judge.chain import (
    Fault,
    Slopes,
    Sweep,
    TapeEdge,
    carried,
    partials_of,
    rules_off,
    sweep,
)
from autograd.check.judge.one_sided import motion, side_slopes, steep
from autograd.check.judge.report import Outcome, Verdict
from autograd.check.oracles import complex_step, differences, high_precision, row_slope
from autograd.check.oracles.estimate import Estimate, troubled
from autograd.check.oracles.tape import Tape
from autograd.engine.value import Value

# What underflow may hide matters where it is more than this part of a derivative, and no nothing.
_MATTERS = 1e-9
_NOTHING = 1e-270
# How far a correct derivative may lie off where its own bound is beyond floats.
_BEYOND = 2.0**-40


class Examination:
    """All derivatives up to an order at one point, by the engine and by the oracles.

    Args:
        z: the recorded result.
        leaves: the inputs.
        highest: the highest order.
        names: of the inputs.
    """

    def __init__(
        self, z: Value | float, leaves: Sequence[Value], highest: int, names: Sequence[str]
    ) -> None:
        self.names = names
        self.value = z.data if isinstance(z, Value) else z
        self.backward = by_backward(z, leaves)
        self.scalars = scalars(z, leaves, highest, names)
        nodes = [s.node for s in self.scalars if isinstance(s.node, Value)]
        self.tape = Tape(nodes, leaves)
        # The function's own graph, to compare with other recordings of it.
        self.graph = None
        if isinstance(z, Value):
            self.graph = self.tape if len(nodes) == 1 else Tape([z], leaves)
        places = iter(self.tape.roots)
        self.roots = [next(places) if isinstance(s.node, Value) else -1 for s in self.scalars]
        self._slopes: Slopes | None = None
        self._sweeps: dict[int, Sweep] = {}
        self._faults: dict[int, tuple[list[Fault], Sweep]] = {}

    @property
    def slopes(self) -> Slopes:
        """The oracle slopes on all edges, found on first need."""
        if self._slopes is None:
            self._slopes = Slopes(self.tape)
        return self._slopes

    def swept(self, s: int) -> Sweep:
        """The oracle adjoints of scalar s."""
        if s not in self._sweeps:
            with np.errstate(all="ignore"):
                self._sweeps[s] = sweep(self.slopes, self.roots[s])
        return self._sweeps[s]

    def faults(self, s: int) -> tuple[list[Fault], Sweep]:
        """The faulty rules that scalar s was made with, and its adjoints with bounds by edge."""
        if s not in self._faults:
            with np.errstate(all="ignore"):
                faults, allowed = rules_off(self.slopes, self.swept(s), self.roots[s])
            swept = sweep(self.slopes, self.roots[s], allowed) if allowed else self.swept(s)
            self._faults[s] = faults, swept
        return self._faults[s]

    def noise(self, s: int) -> float:
        """The size of the rounding error in the value of scalar s; infinite if it is not known."""
        root = self.roots[s]
        if root < 0:
            return 0.0
        self.swept(s)
        spread = self.slopes.spread
        edges = zip(self.slopes.found, self.tape.operands, strict=True)
        for found, operands in itertools.islice(edges, root + 1):
            for estimate, j in zip(found, operands, strict=False):
                if estimate is not None and 0.0 < spread[j] < math.inf and steep(estimate):
                    return math.inf
        return spread[root]

    def entry(self, s: int, i: int) -> str:
        """The name of a derivative, as in d2f/dx dy."""
        scalar, name = self.scalars[s], self.names[i]
        if scalar.order == 1:
            return f"df/d{name}"
        if scalar.by == name and len(self.names) == 1:
            return f"d{scalar.order}f/d{name}{scalar.order}"
        return f"d{scalar.order}f/{'d' + scalar.by + ' ' if scalar.by else ''}d{name}"

    def judge(self, s: int, i: int, analytic: float | None = None, slack: float = 0.0) -> Verdict:
        """Return the verdict on the derivative of scalar s by input i.

        Args:
            s: the number of the scalar.
            i: the number of the input.
            analytic: somebody else's derivative, to judge in place of the engine's.
            slack: the relative error to allow it beyond rounding.
        """
        foreign = analytic is not None
        place, root = self.tape.inputs[i], self.roots[s]
        own = self.scalars[s].analytic[i]
        claims = [analytic] if analytic is not None else [own]
        if not foreign and self.scalars[s].order == 1:
            claims = [self.backward[i], own]
        if root < 0 or place < 0 or place > root:
            return self._verdict(s, i, claims, 0.0, 0.0, "the result does not depend on it")
        swept = self.swept(s)
        numeric, bound, edge = swept.adjoint[place], swept.bound[place], swept.trouble[place]
        if not math.isfinite(self.tape.data[root]):
            reason = f"the value is {self.tape.data[root]}{self._first()}"
            return self._unknown(s, i, claims[0], reason)
        if edge is not None:
            return self._in_doubt(s, i, claims, edge, slack, foreign)
        if not (math.isfinite(numeric) and math.isfinite(bound)):
            return self._beyond(s, i, claims, slack, foreign)
        size = max(abs(numeric), *map(abs, claims))
        if swept.hidden[place] > max(_MATTERS * size, _NOTHING):
            return self._beyond(s, i, claims, slack, foreign)
        if foreign:
            bound = 64.0 * bound + slack * abs(numeric)
            if not abs(claims[0] - numeric) <= bound:
                bound += self._carried(s, place)
        elif not all(abs(claim - numeric) <= bound for claim in claims):
            bound = self.faults(s)[1].bound[place]
            reason = self._at_infinity(s, i, claims)
            if reason:
                return self._unknown(s, i, claims[0], reason)
        if self._blurred(claims, numeric, bound, swept.blur[place]):
            return self._unknown(s, i, claims[0], _blurred_reason(swept.blur[place]))
        if foreign and _hidden(claims[0], numeric, bound, swept.largest[place]):
            reason = f"noise: rounding hides all of the derivative but ± {bound:.2g}"
            return self._unknown(s, i, claims[0], reason)
        return self._verdict(s, i, claims, numeric, bound, "", foreign)

    def _beyond(
        self, s: int, i: int, claims: Sequence[float], slack: float, foreign: bool
    ) -> Verdict:
        """Judge a derivative on whose way numbers are too large or too small for floats.

        At high precision, where every number has its place, the graph tells what it is.
        """
        place, root = self.tape.inputs[i], self.roots[s]
        swept = self.swept(s)
        at = self._lost(root, place)
        fits = math.isfinite(swept.adjoint[place]) and math.isfinite(swept.bound[place])
        if fits:
            reason = f"underflow on the way back{at}"
            unseen = f"{reason}: what it hides may come to ± {swept.hidden[place]:.2g}"
        else:
            reason = unseen = f"the derivative overflows{self._first() or at}"
        found = troubled(high_precision.ORACLE, "")
        if high_precision.context() is not None:
            with np.errstate(all="ignore"):
                found = side_slopes(self.tape, root, i, self.noise(s))
        if not found.sound or found.oracle != high_precision.ORACLE:
            return self._unknown(s, i, claims[0], unseen)
        bound = swept.bound[place] - swept.hidden[place] if fits else 0.0
        bound = max(bound, _BEYOND * abs(found.value)) + found.error + slack * abs(found.value)
        if foreign:
            bound *= 64.0
        off = [claim for claim in claims if not abs(claim - found.value) <= bound]
        if off and all(abs(claim - found.value) <= row_slope.FLOOR for claim in off):
            return self._unknown(s, i, claims[0], unseen)
        if off and not foreign and not all(map(math.isfinite, off)):
            return self._unknown(s, i, claims[0], unseen)
        fault = self.culprit(s, i) if off and not foreign else None
        if fault is not None:
            return self._verdict(s, i, claims, found.value, bound, "", foreign)
        why = f"{reason}: at high precision the graph has the slope {found.value:.9g}"
        return self._verdict(s, i, claims, found.value, bound, why, foreign, settled=True)

    def _lost(self, root: int, place: int) -> str:
        """Return where on the way back to an input the adjoint leaves the floats."""
        tape, s = self.tape, self.roots.index(root)
        adjoint = self.swept(s).adjoint
        bits = tape.depends[place]
        for j in range(root, -1, -1):
            row = tape.rows[j]
            if row is None or not tape.depends[j] & bits or not adjoint[j]:
                continue
            for estimate, k in zip(self.slopes.found[j], tape.operands[j], strict=True):
                if estimate is None or not tape.depends[k] & bits:
                    continue
                part = adjoint[j] * estimate.value
                tiny = abs(part) < 2.0**-1022 and (estimate.value or estimate.error)
                if tiny or not math.isfinite(part):
                    return f" at {tape.written(j)}"
        return ""

    def _carried(self, s: int, place: int) -> float:
        """How far the roundings of a graph carry its own derivative from that of its formula.

        sin(acos x) at 0 is recorded with a rounded half circle, where cos is 6e-17; the derivative
        that somebody found on paper is 0.
        """
        with np.errstate(all="ignore"):
            tolerances = carried(self.slopes, self.roots[s])
            bound = sweep(self.slopes, self.roots[s], tolerances).bound[place]
        return bound if math.isfinite(bound) else 0.0

    def _at_infinity(self, s: int, i: int, claims: Sequence[float]) -> str:
        """Return why nan is left open where the row that gives it has an infinite operand."""
        fault = self.culprit(s, i) if any(map(math.isnan, claims)) else None
        if fault is None or not math.isnan(fault.partial):
            return ""
        place = fault.edge.place
        if not any(map(math.isinf, self.tape.taken(place))):
            return ""
        return (
            f"edge of the domain: an operand is infinite at {self.tape.written(place)}; the rule "
            f"gives nan there, the function's slope is {fault.slope.value:.9g}"
        )

    def _blurred(self, claims: Sequence[float], numeric: float, bound: float, blur: float) -> bool:
        """Whether the numbers agree only because the oracle sees the slope too badly."""
        if differences.ORACLE not in self.slopes.oracles:
            return False
        size = max(abs(numeric), *map(abs, claims))
        return (
            blur > 1e-5 * size
            and blur > 0.5 * bound
            and all(abs(claim - numeric) <= bound for claim in claims)
        )

    def _verdict(
        self,
        s: int,
        i: int,
        claims: Sequence[float],
        numeric: float,
        bound: float,
        reason: str,
        foreign: bool = False,
        blamed: str = "",
        settled: bool = False,
    ) -> Verdict:
        off = [claim for claim in claims if not abs(claim - numeric) <= bound]
        outcome, analytic, primitive = Outcome.RIGHT, claims[0], ""
        if off:
            outcome, analytic, primitive = Outcome.WRONG, off[0], blamed
            if not (blamed or settled):
                reason, primitive = self._blame(s, i, claims, off, foreign)
        return Verdict(
            input=self.names[i],
            order=self.scalars[s].order,
            outcome=outcome,
            analytic=analytic,
            numeric=numeric,
            bound=bound,
            step=self._step(),
            oracle=self._oracles(),
            reason=reason or "within rounding",
            primitive=primitive,
            entry=self.entry(s, i),
        )

    def _step(self) -> float:
        """The relative step of the oracle that answered most edges."""
        steps = {complex_step.ORACLE: complex_step.STEP, high_precision.ORACLE: high_precision.STEP}
        return next((steps.get(oracle, 0.0) for oracle in self.slopes.used()), 0.0)

    def _oracles(self) -> str:
        return " + ".join(self.slopes.used()) or "none"

    def _blame(
        self, s: int, i: int, claims: Sequence[float], off: Sequence[float], foreign: bool
    ) -> tuple[str, str]:
        """Return why a derivative is wrong, and the name of the row at fault."""
        if foreign:
            return "the given gradient is another one", ""
        if self.roots[s] < 0:
            return "the result does not depend on it, yet its derivative is not 0", ""
        fault = self.culprit(s, i)
        if fault is None:
            if len(off) < len(claims):
                which = "backward()" if off[0] == claims[0] else "gradient()"
                return f"every rule agrees with its function here, but {which} does not", ""
            return "every rule agrees with its function here: the rules are chained wrongly", ""
        written = self.tape.written(fault.edge.place)
        reason = (
            f"at {written} the rule says {fault.partial:.9g} for operand {fault.edge.k + 1}, "
            f"the function's slope is {fault.slope.value:.9g}"
        )
        return reason, fault.row.name

    def culprit(self, s: int, i: int) -> Fault | None:
        """Return the faulty rule that most of the error along input i comes from."""
        tape = self.tape
        for fault in self.faults(s)[0]:
            operand = tape.operands[fault.edge.place][fault.edge.k]
            if tape.depends[operand] >> i & 1:
                return fault
        return None

    def _in_doubt(
        self, s: int, i: int, claims: Sequence[float], edge: TapeEdge, slack: float, foreign: bool
    ) -> Verdict:
        """Judge a derivative on whose way some edge has no slope that can be told."""
        estimate = self.slopes.found[edge.place][edge.k]
        trouble = estimate.trouble if estimate is not None else ""
        reason = f"{trouble or 'overflow'}, at {self.tape.written(edge.place)}"
        place, root = self.tape.inputs[i], self.roots[s]
        if trouble == high_precision.NOISE and estimate is not None:
            reason += f" (from {estimate.left:.3g} to {estimate.right:.3g})"
        else:
            with np.errstate(all="ignore"):
                moved = motion(self.slopes, root, i)
            if math.isfinite(moved.slope):
                bound = self._doubtful_bound(s, place, moved.slope, slack) + 4.0 * moved.error
                if self._blurred(claims, moved.slope, bound, 4.0 * moved.error):
                    return self._unknown(s, i, claims[0], _blurred_reason(moved.error))
                why = (
                    "kinks and ties on the way are none of the result's"
                    if moved.fault is None
                    else f"at {self.tape.written(moved.fault)} the rule gives {moved.rule:.9g} "
                    f"as its operands move, the function's slope is {moved.function:.9g}"
                )
                row = self.tape.rows[moved.fault] if moved.fault is not None else None
                return self._verdict(
                    s, i, claims, moved.slope, bound, why, foreign, row.name if row else ""
                )
        with np.errstate(all="ignore"):
            found = side_slopes(self.tape, root, i, self.noise(s))
        if trouble != high_precision.NOISE:
            if found.sound:
                bound = self._doubtful_bound(s, place, found.value, slack) + 2.0 * found.error
                if self._vague(found, claims, root):
                    return self._unknown(s, i, claims[0], _blurred_reason(found.error))
                if all(abs(claim - found.value) <= bound for claim in claims):
                    why = "kinks on the way are none of the result's"
                    return self._verdict(s, i, claims, found.value, bound, why, foreign)
            reason = self._open_reason(root, i, claims[0], edge, found)
        if not foreign and self.culprit(s, i) is not None:
            return self._verdict(s, i, claims, math.nan, math.inf, "", foreign)
        low, high = min(found.left, found.right), max(found.left, found.right)
        if not found.sound and low <= claims[0] <= high:
            reason += "; the value taken lies between the two slopes"
        left, right = (found.value,) * 2 if found.sound else (found.left, found.right)
        return self._unknown(s, i, claims[0], reason, left, right, found.step)

    def _vague(self, found: Estimate, claims: Sequence[float], root: int) -> bool:
        """Whether differences of floats show a result's slope too badly to agree with a claim."""
        if found.oracle != differences.ORACLE:
            return False
        size = max(abs(found.value), *map(abs, claims))
        # Of a slope that is 0 the result's value is the measure.
        return found.error > (1e-5 * size or 1e-6 * abs(self.tape.data[root]))

    def _open_reason(self, root: int, i: int, claim: float, edge: TapeEdge, found: Estimate) -> str:
        """Return why a derivative is left open, given the result's own slopes on the two sides."""
        estimate = self.slopes.found[edge.place][edge.k]
        trouble = estimate.trouble if estimate is not None else ""
        at = self.tape.written(edge.place)
        if found.trouble == differences.KINK:
            # The result's own kink says more than what the row does at its operands.
            trouble = found.trouble
        reason = f"{trouble or 'overflow'}, at {at}"
        if found.sound:
            kind = (trouble or "overflow").partition(":")[0]
            reason = f"{kind} at {at}, none of the result's: it has the slope {found.value:.9g}"
            reason += " on both sides"
        if math.isnan(claim):
            steep = self._steep(root, i)
            if steep is not None:
                return f"{reason}; the infinite slope of {steep} times a slope of 0 is nan"
        elif found.sound:
            reason += ", but the conventions at kinks do not add up to it"
        return reason

    def _steep(self, root: int, i: int) -> str | None:
        """Return the last entry on the way to input i whose rule gives an infinite slope."""
        tape = self.tape
        for j in range(root, -1, -1):
            row = tape.rows[j]
            if row is None or not tape.depends[j] >> i & 1:
                continue
            partials = partials_of(row, tape.data[j], tape.taken(j))
            for d, k in zip(partials, tape.operands[j], strict=True):
                if math.isinf(d) and tape.depends[k] >> i & 1:
                    return tape.written(j)
        return None

    def _doubtful_bound(self, s: int, place: int, numeric: float, slack: float) -> float:
        """How far a correct derivative may lie off where some edges stand on their own rules."""
        bound = self.faults(s)[1].bound[place]
        if not math.isfinite(bound):
            bound = 1e-9 * abs(numeric)
        return bound + slack * abs(numeric)

    def _first(self) -> str:
        place = self.tape.first_not_finite()
        return f", first at {self.tape.written(place)}" if place is not None else ""

    def _unknown(
        self,
        s: int,
        i: int,
        analytic: float,
        reason: str,
        left: float = math.nan,
        right: float = math.nan,
        step: float = 0.0,
    ) -> Verdict:
        return Verdict(
            input=self.names[i],
            order=self.scalars[s].order,
            outcome=Outcome.UNKNOWN,
            analytic=analytic,
            numeric=math.nan,
            bound=math.inf,
            step=step,
            oracle=self._oracles(),
            reason=reason,
            left=left,
            right=right,
            entry=self.entry(s, i),
        )


def _blurred_reason(blur: float) -> str:
    return (
        f"noise: differences of floats show the slope to ± {blur:.2g} only; "
        "with mpmath, and a formula in its terms for every row, it can be told"
    )


def _hidden(claim: float, numeric: float, bound: float, largest: float) -> bool:
    """Whether a claim is only within the bound because rounding is larger than the derivative.

    What cancels to 0 has no digits left to compare, and 0 is right within the rounding of what
    cancelled.
    """
    apart = abs(claim - numeric)
    if apart > bound or apart <= 1e-6 * max(abs(claim), abs(numeric)):
        return False
    return bool(claim) or bound > 1e-6 * largest
