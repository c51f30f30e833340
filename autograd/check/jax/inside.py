"""The culprit inside: each `custom_jvp` and `custom_vjp` of a jaxpr, alone, as it was called.

The jaxpr of a call is run step by step, into `jit`, `scan`, `cond` and `while_loop`, and what each
custom call was given is kept.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.asked import library
from autograd.check.jax.call import TreeCall

# Of a loop, so many turns are looked at.
_TURNS = 3


@dataclass
class Inner:
    """A custom call inside of another call.

    Attributes:
        name: of the function with the rule.
        where: where that function stands.
        function: calls it alone.
        inputs: what it was called with.
    """

    name: str
    where: str
    function: Callable[..., Any]
    inputs: Sequence[Any]


@dataclass
class TreeTrace:
    """What was seen in one call: custom calls from the inside out, and where a gradient ends."""

    inner: list[Inner] = field(default_factory=list[Inner])
    cuts: list[str] = field(default_factory=list[str])


def traced(call: TreeCall) -> TreeTrace:
    """Run a call step by step, and return what was called inside."""
    jax: Any = library("jax")
    trace = TreeTrace()
    leaves = call.leaves(call.point())
    closed = jax.make_jaxpr(call.run)(*leaves)
    try:
        _run(closed.jaxpr, closed.consts, leaves, trace)
    except Exception:  # an operation that cannot be run alone; what was seen so far is told
        return trace
    return trace


def _run(jaxpr: Any, consts: Sequence[Any], inputs: Sequence[Any], trace: TreeTrace) -> list[Any]:
    """Run a jaxpr and return its results."""
    values: dict[Any, Any] = {}
    values.update(zip(jaxpr.constvars, consts, strict=True))
    values.update(zip(jaxpr.invars, inputs, strict=True))

    def read(x: Any) -> Any:
        return x.val if hasattr(x, "val") else values[x]

    for equation in jaxpr.eqns:
        given = [read(x) for x in equation.invars]
        found = _step(equation, given, trace)
        values.update(zip(equation.outvars, found, strict=True))
    return [read(x) for x in jaxpr.outvars]


def _step(equation: Any, given: Sequence[Any], trace: TreeTrace) -> Sequence[Any]:
    """Return the results of one equation, with what is called inside of it in the trace."""
    name, params = str(equation.primitive), equation.params
    if name.startswith("custom_") and (body := _body(params)) is not None:
        found = _run(body.jaxpr, body.consts, given, trace)
        # Behind what it calls itself, so that the innermost comes first.
        trace.inner.append(_of(equation, body, given))
        return found
    if name == "stop_gradient":
        trace.cuts.append("stop_gradient")
    elif name == "scan":
        return _scanned(params, given, trace)
    elif name == "cond":
        branch = params["branches"][int(given[0])]
        return _run(branch.jaxpr, branch.consts, given[1:], trace)
    elif name == "while":
        return _looped(equation, given, trace)
    elif name in ("jit", "pjit", "closed_call", "remat", "remat2", "checkpoint", "core_call"):
        body = _body(params)
        if body is not None:
            return _run(body.jaxpr, body.consts, given, trace)
    return _alone(equation)(*given)


def _body(params: Any) -> Any:
    """Return the jaxpr that an equation calls, closed; None if it calls none."""
    core: Any = library("jax", "jax.extend.core")
    for name in ("call_jaxpr", "fun_jaxpr", "jaxpr"):
        body = params.get(name)
        if body is not None:
            return body if hasattr(body, "consts") else core.ClosedJaxpr(body, ())
    return None


def _alone(equation: Any) -> Callable[..., list[Any]]:
    """Return one equation as a function."""
    core: Any = library("jax", "jax.extend.core")
    invars = [x for x in equation.invars if not hasattr(x, "val")]
    distinct = list(dict.fromkeys(invars))
    with warnings.catch_warnings(action="ignore"):  # it has no names of arguments to show
        jaxpr = core.Jaxpr((), distinct, equation.outvars, [equation], effects=equation.effects)
    function = core.jaxpr_as_fun(core.ClosedJaxpr(jaxpr, ()))

    def run(*given: Any) -> list[Any]:
        values = [
            x for x, variable in zip(given, equation.invars, strict=True)
            if not hasattr(variable, "val")
        ]  # fmt: skip
        named = dict(zip(invars, values, strict=True))
        return function(*[named[variable] for variable in distinct])

    return run


def _of(equation: Any, body: Any, given: Sequence[Any]) -> Inner:
    told = getattr(body.jaxpr, "debug_info", None)
    source = str(getattr(told, "func_src_info", "") or "")
    name, _, place = source.partition(" at ")
    file = place.rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
    where = f"defined at {file}" if file else "a custom rule"
    return Inner(name or str(equation.primitive), where, _alone(equation), list(given))


def _scanned(params: Any, given: Sequence[Any], trace: TreeTrace) -> Sequence[Any]:
    jnp: Any = library("jax", "jax.numpy")
    body, consts, carried = params["jaxpr"], params["num_consts"], params["num_carry"]
    fixed, carry = list(given[:consts]), list(given[consts : consts + carried])
    rows = list(given[consts + carried :])
    turns = range(params["length"])
    stacks: list[list[Any]] = []
    for k in reversed(turns) if params["reverse"] else turns:
        quiet = trace if len(stacks) < _TURNS else TreeTrace()
        found = _run(body.jaxpr, body.consts, [*fixed, *carry, *[x[k] for x in rows]], quiet)
        carry = found[:carried]
        stacks.append(found[carried:])
    if params["reverse"]:
        stacks.reverse()
    columns = [jnp.stack(column) for column in zip(*stacks, strict=True)] if stacks else []
    return [*carry, *columns]


def _looped(equation: Any, given: Sequence[Any], trace: TreeTrace) -> Sequence[Any]:
    params = equation.params
    cond, body = params["cond_jaxpr"], params["body_jaxpr"]
    first, second = params["cond_nconsts"], params["body_nconsts"]
    asked, fixed = given[:first], given[first : first + second]
    carry = list(given[first + second :])
    for _ in range(_TURNS):
        if not bool(_run(cond.jaxpr, cond.consts, [*asked, *carry], trace)[0]):
            return carry
        carry = _run(body.jaxpr, body.consts, [*fixed, *carry], trace)
    # The rest of the turns at once.
    return _alone(equation)(*asked, *fixed, *carry)
