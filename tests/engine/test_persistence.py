"""Graphs that are copied, pickled and written as JSON: the same numbers, still differentiable."""

import base64
import contextlib
import copy
import io
import json
import math
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    GraphFormatError,
    Value,
    compile,
    derivative,
    from_json,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    order,
    to_json,
)
from autograd.check.strategies import RandomProgram, programs
from autograd.engine.primitives import TABLE

DOORS: dict[str, Callable[[Value], Value]] = {
    "pickle": lambda z: pickle.loads(pickle.dumps(z)),
    "pickle, oldest": lambda z: pickle.loads(pickle.dumps(z, 0)),
    "pickle in Python": lambda z: pickle._loads(_python_pickled(z)),
    "deepcopy": copy.deepcopy,
    "JSON": lambda z: from_json(to_json(z)),
}
each_door = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


def _python_pickled(z: Value) -> bytes:
    file = io.BytesIO()
    pickle._Pickler(file).dump(z)
    return file.getvalue()


def chain(length: int) -> Value:
    """x, then x * 0.5 + 1 again and again."""
    z = Value(1.0, "x")
    for _ in range(length // 2):
        z = z * 0.5 + 1.0
    return z


def described(z: Value) -> list[tuple[Any, ...]]:
    """Everything a graph is, but its births."""
    nodes = order(z)
    place = {v: i for i, v in enumerate(nodes)}
    return [
        (
            str(v.op),
            tuple([place[x] if isinstance(x, Value) else repr(x) for x in v.args]),
            repr(v.data),
            repr(v.grad),
            v.label,
        )
        for v in nodes
    ]


# The same graph ------------------------------------------------------------------------------


@each_door
@given(program=programs(), backward_first=st.booleans())
def test_a_graph_comes_back_the_same_and_goes_backward_the_same(
    door: Callable[[Value], Value], program: RandomProgram, backward_first: bool
) -> None:
    leaves = [Value(x, f"x{i}") for i, x in enumerate(program.point)]
    z = program.run(leaves)[-1]
    if backward_first:
        z.backward()
    twin = door(z)
    assert described(twin) == described(z)
    assert set(order(twin)).isdisjoint(order(z))
    for v in order(twin):
        assert all(x.birth < v.birth for x in v.args if isinstance(x, Value))
    z.backward()
    twin.backward()
    assert described(twin) == described(z)
    more = twin * 2.0
    assert more.birth > twin.birth


@each_door
def test_special_numbers_and_labels_survive(door: Callable[[Value], Value]) -> None:
    x = Value(math.inf, 'a "label" \\ of {many} \u2202 kinds\n')
    x.grad = math.nan
    y = Value(-0.0)
    z = x * -math.inf + y * math.nan + 5e-324
    twin = door(z)
    assert described(twin) == described(z)
    assert math.copysign(1.0, order(twin)[1].data) == -1.0


@each_door
def test_a_leaf_comes_back_as_a_leaf(door: Callable[[Value], Value]) -> None:
    x = Value(2.5, "w")
    x.grad = 1.5
    twin = door(x)
    assert (twin.data, twin.grad, twin.label, twin.op) == (2.5, 1.5, "w", None)


@each_door
def test_a_graph_that_was_rewritten_below_is_refused(door: Callable[[Value], Value]) -> None:
    x = Value(2.0, "x")
    z = (x * x).exp()
    x.data = 3.0
    with pytest.raises(autograd.StaleGraphError):
        door(z)


@each_door
def test_a_deep_graph_needs_no_recursion(door: Callable[[Value], Value]) -> None:
    length = 100_000 if door is not DOORS["pickle in Python"] else 20_000
    z = chain(length)
    twin = door(z)
    z.backward()
    twin.backward()
    assert len(order(twin)) == length + 1
    assert order(twin)[0].grad == order(z)[0].grad
    # The nesting deepens by one for every Value that is not the first operand, too.
    other = Value(1.0)
    for _ in range(length // 10):
        other = 2.0 - other
    assert door(other).data == other.data


# Several graphs in one -----------------------------------------------------------------------


@pytest.mark.parametrize("door", [DOORS["pickle"], DOORS["pickle, oldest"], copy.deepcopy])
@pytest.mark.parametrize("names", ["xuzw", "zuxw", "wzux", "zw"])
def test_values_kept_together_go_on_sharing(door: Callable[[Any], Any], names: str) -> None:
    x = Value(2.0, "x")
    u = (x * x).exp()
    held = {"x": x, "u": u, "z": u.log() * u, "w": u + 1.0}
    twin = door([{name: [held[name]]} for name in names])
    found = {name: kept[name][0] for name, kept in zip(names, twin, strict=True)}
    shared = found["w"].args[0]
    assert found["z"].args[1] is shared
    assert found.get("u", shared) is shared
    assert found.get("x", order(shared)[0]) is order(shared)[0]


def test_deep_graphs_that_share_in_one_pickle() -> None:
    shared = chain(50_000)
    p = q = shared
    for _ in range(20_000):
        p, q = p * 0.5, q + 1.0
    p2, q2, shared2 = pickle.loads(pickle.dumps([p, q, shared]))
    assert shared2 in set(order(p2)) & set(order(q2))
    assert len(order(p2)) == len(order(p))


def test_pickling_and_copying_all_nodes_of_a_graph_is_linear() -> None:
    sizes, counts = [], []
    for length in (1_000, 4_000):
        nodes = order(chain(length))
        sizes.append(len(pickle.dumps(nodes)))
        counts.append(_calls(lambda nodes=nodes: copy.deepcopy(nodes)))
        for kept in (nodes, tuple(reversed(nodes)), dict(enumerate(nodes[::7]))):
            twin = pickle.loads(pickle.dumps(kept))
            held = list(twin.values()) if isinstance(twin, dict) else list(twin)
            assert set(held) <= set(order(max(held, key=lambda v: v.birth)))
    assert sizes[1] < 4.4 * sizes[0]
    assert counts[1] < 4.4 * counts[0]
    assert sizes[1] < 300_000


def _calls(work: Callable[[], object]) -> int:
    """How often functions are called: a measure of time that does not depend on the machine."""
    count = 0

    def counted(*event: Any) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("made", [pickle.Pickler, pickle._Pickler])
def test_picklers_that_take_turns_do_not_count_on_each_other(made: Any) -> None:
    z = chain(400)
    more = [z, z * 2.0, z * 3.0, (z * 2.0) * (z + 1.0)]
    files = [io.BytesIO(), io.BytesIO()]
    picklers = [made(file) for file in files]
    for v in more:
        for pickler in picklers:
            pickler.dump(v)
    picklers[0].clear_memo()
    picklers[0].dump(more[-1])
    for file in files:
        file.seek(0)
        unpickler = pickle.Unpickler(file)
        read = [unpickler.load() for _ in more]
        assert [described(v) for v in read] == [described(v) for v in more]
        assert read[1].args[0] is read[0]
    assert described(unpickler.load() if files[0] is file else pickle.loads(pickle.dumps(more[-1])))


# Copies inside a function that is differentiated ---------------------------------------------

SHALLOW: dict[str, Callable[[Any], Any]] = {
    "leaf": copy.copy,
    "twice": lambda x: copy.copy(copy.copy(x)),
    "node": lambda x: copy.copy(x * 1.0),
    "list": lambda x: copy.copy([x])[0],
}
DEEP: dict[str, Callable[[Any], Any]] = {
    "deepcopy": copy.deepcopy,
    "deepcopy of a node": lambda x: copy.deepcopy(x * x),
    "deepcopy of a list": lambda x: copy.deepcopy([1.0, {"a": x * x}]),
    "pickle": pickle.dumps,
    "pickle, oldest": lambda x: pickle.dumps(x, 0),
    "pickle in Python": _python_pickled,
    "pickle of a list": lambda x: pickle.dumps([{"a": x * x}]),
    "JSON": lambda x: to_json(x * x),
}


@pytest.mark.parametrize("copied", SHALLOW.values(), ids=SHALLOW)
def test_a_copy_inside_a_function_keeps_the_way_back(copied: Callable[[Any], Any]) -> None:
    def f(x: Any) -> Any:
        return copied(x) * x

    assert grad(f)(3.0) == jvp(f)(3.0, 1.0) == derivative(f)(3.0) == hvp(f)(1.0, 3.0) == 6.0
    assert grad(f)(Value(3.0)).data == grad(grad(lambda x: x * f(x)))(1.0) == 6.0
    assert compile(f).value_and_grad(3.0) == (9.0, 6.0)
    assert compile(f).value_and_grad(np.array([3.0, 4.0]))[1].tolist() == [6.0, 8.0]
    # An inner function copies what the outer one is differentiated by, in another thread.
    found: list[Any] = []

    def outer(x: Any) -> Any:
        thread = threading.Thread(target=lambda: found.append(grad(lambda y: copied(x) * y)(1.0)))
        thread.start()
        thread.join()
        return found[-1] * x

    assert grad(outer)(3.0) == 6.0


def test_a_copy_has_the_label_and_the_gradient() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        x.label, x.grad = "x", 2.0
        with autograd.no_grad():
            kept.append(copy.copy(x))
        return kept[-1] * x

    assert grad(f)(3.0) == 6.0
    assert (kept[0].data, kept[0].label, kept[0].grad) == (3.0, "x", 2.0)


@pytest.mark.parametrize("deep", DEEP.values(), ids=DEEP)
def test_a_deep_copy_inside_a_function_is_refused(deep: Callable[[Any], Any]) -> None:
    def f(x: Any) -> Any:
        deep(x)
        return x * x

    for transform in (grad, derivative, jacobian, hessian):
        with pytest.raises(TypeError, match=r"copy\.copy\(v\)"):
            transform(f)(3.0)
        with pytest.raises(TypeError, match=r"x = 3.0 .* v\.detach\(\)"):
            transform(lambda x: f(named(x)))(Value(3.0))
    with pytest.raises(TypeError):
        compile(f)(3.0)
    # What does not hang on it, and what is kept for later, is copied as ever.
    w, kept = Value(2.0), []

    def other(x: Any) -> Any:
        kept.extend([deep(w), x])
        return x * x

    assert grad(other)(3.0) == 6.0
    assert deep(kept[1]) is not None


def named(x: Value) -> Value:
    x.label = "x"
    return x


def test_a_copy_of_a_stale_result_is_stale() -> None:
    x = Value(3.0, "x")
    z = x * x
    fresh = copy.copy(z)
    x.data = 5.0
    for copied in (fresh, copy.copy(z), copy.copy(copy.copy(z))):
        with pytest.raises(autograd.StaleGraphError, match=r"x = 5.0 was given new data after mul"):
            copied.backward()
    z.data = 7.0
    assert copy.copy(z).data == 7.0
    assert copy.copy(z).op is None


# Failures ------------------------------------------------------------------------------------


class Full(io.RawIOBase):
    """A file on a full disk."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, data: Any) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise OSError("no space left")
        return len(data)


def test_a_pickle_that_fails_midway_leaves_nothing_behind() -> None:
    z = chain(100_000)
    for room in (0, 100_000, 1_000_000):
        with pytest.raises(OSError, match="no space left"):
            pickle.dump(z, Full(room))
    inner = order(z)[-2]
    assert len(order(pickle.loads(pickle.dumps(inner)))) == 100_000
    assert len(order(pickle.loads(pickle.dumps(z)))) == 100_001


def test_threads_pickle_side_by_side() -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                z = chain(4000)
                assert described(pickle.loads(pickle.dumps(z))) == described(z)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_a_pickle_is_read_by_another_process() -> None:
    x = Value(3.0, "x")
    z = (x * x + x.tanh()).exp()
    z.backward()
    script = (
        "import pickle, sys; z = pickle.load(sys.stdin.buffer); z.backward();"
        "from autograd import order; x = order(z)[0];"
        "print(repr(z.data), repr(x.grad), x.label)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps(z), capture_output=True, check=True
    )
    assert x.grad is not None
    assert done.stdout.decode().split() == [repr(z.data), repr(2.0 * x.grad), "x"]


# JSON ----------------------------------------------------------------------------------------


def document(*nodes: Any, **changed: Any) -> str:
    whole = {"format": "chalkgrad graph", "version": 1, "nodes": list(nodes)} | changed
    return json.dumps(whole)


def test_json_is_plain_and_the_same_each_time() -> None:
    x = Value(3.0, "x")
    z = x * x + 1
    assert json.loads(to_json(z)) == {
        "format": "chalkgrad graph",
        "version": 1,
        "nodes": [
            {"data": 3.0, "label": "x"},
            {"data": 9.0, "op": "mul", "args": [0, 0]},
            {"data": 10.0, "op": "add", "args": [1, {"constant": 1.0}]},
        ],
    }
    assert to_json(z) == to_json(z) == to_json(from_json(to_json(z)))
    for word in ("NaN", "Infinity"):
        assert word not in to_json(Value(math.nan) * math.inf)


LEAF = {"data": 1.0}
BAD = {
    "nothing": "",
    "cut short": document(LEAF)[:-5],
    "no object": "[1]",
    "another file": '{"format": "chalkgrad model"}',
    "a newer version": document(LEAF, version=2),
    "no nodes": document(),
    "nodes of another kind": document(LEAF, nodes={"0": LEAF}),
    "a node of another kind": document(3),
    "no data": document({"label": "x"}),
    "data of another kind": document({"data": "3"}),
    "a bool": document({"data": True}),
    "a number beyond the floats": document({"data": 10**400}),
    "digits beyond Python's limit": document(LEAF).replace("1.0", "1" * 5000),
    "nested without end": "[" * 100_000,
    "nested without end inside": document(LEAF).replace("1.0", "[" * 900 + "]" * 900),
    "a label of another kind": document({"data": 1.0, "label": 3}),
    "a key nobody knows": document({"data": 1.0, "code": "import os"}),
    "an unknown row": document(LEAF, {"data": 1.0, "op": "system", "args": [0]}),
    "a row of another kind": document(LEAF, {"data": 1.0, "op": ["mul"], "args": [0]}),
    "a method of the table": document(LEAF, {"data": 1.0, "op": "__class__", "args": [0]}),
    "operands without a row": document(LEAF, {"data": 1.0, "args": [0]}),
    "no operands": document(LEAF, {"data": 1.0, "op": "exp"}),
    "too few operands": document(LEAF, {"data": 1.0, "op": "mul", "args": [0]}),
    "too many operands": document(LEAF, {"data": 1.0, "op": "exp", "args": [0, 0]}),
    "an odd dot": document(LEAF, {"data": 1.0, "op": "dot", "args": [0, 0, 0]}),
    "an operand that comes later": document({"data": 1.0, "op": "exp", "args": [1]}, LEAF),
    "itself as operand": document(LEAF, {"data": 1.0, "op": "exp", "args": [1]}),
    "an operand from the end": document(LEAF, {"data": 1.0, "op": "exp", "args": [-1]}),
    "an operand that is a bool": document(LEAF, LEAF, {"data": 1.0, "op": "exp", "args": [True]}),
    "an operand that is no index": document(LEAF, {"data": 1.0, "op": "exp", "args": [0.0]}),
    "only constants": document({"data": 1.0, "op": "exp", "args": [{"constant": 1.0}]}),
    "a Value for a constant": document(LEAF, {"data": 1.0, "op": "power", "args": [0, 0]}),
    "a number that is not the result": document(LEAF, {"data": 2.0, "op": "mul", "args": [0, 0]}),
    "a number selected from elsewhere": document(
        LEAF, {"data": 1.0, "op": "select", "args": [0, {"constant": 7.0}]}
    ),
    "a gradient of another kind": document({"data": 1.0, "grad": None}),
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_what_is_no_graph_is_refused_with_one_error(text: str) -> None:
    with pytest.raises(GraphFormatError) as caught:
        from_json(text)
    assert len(str(caught.value)) < 400


def mutations() -> st.SearchStrategy[Any]:
    """JSON values of every kind, and near misses of what a graph holds."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers(-3, 9)
        | st.floats()
        | st.sampled_from(["nan", "inf", "mul", "dot", "clip", "exp", "power", "sum", ""])
        | st.sampled_from([10**400, -(10**400), 1e400])
    )
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["constant", "op", "args", "data"]), inner, max_size=2
            )
        ),
        max_leaves=6,
    )


def replaced(whole: Any, path: list[int], new: Any) -> Any:
    """A copy of a document with the part at `path` replaced."""
    if not isinstance(whole, dict | list) or not whole or not path:
        return new
    keys = list(whole) if isinstance(whole, dict) else list(range(len(whole)))
    key = keys[path[0] % len(keys)]
    twin = whole.copy()
    twin[key] = replaced(whole[key], path[1:], new)
    return twin


@given(
    program=programs(max_ops=4),
    changes=st.lists(st.tuples(st.lists(st.integers(0, 50), max_size=5), mutations()), min_size=1),
)
def test_any_mutation_of_a_document_is_read_or_refused(
    program: RandomProgram, changes: Any
) -> None:
    whole = json.loads(to_json(program.run([Value(x) for x in program.point])[-1]))
    for path, new in changes:
        whole = replaced(whole, path, new)
    try:
        z = from_json(json.dumps(whole))
    except GraphFormatError:
        return
    z.backward()
    assert described(from_json(to_json(z))) == described(z)
    assert all(v.op is None or v.op is TABLE[v.op.name] for v in order(z))


@given(program=programs(max_ops=3), data=st.data())
def test_any_cut_or_flipped_character_is_read_or_refused(
    program: RandomProgram, data: st.DataObject
) -> None:
    text = to_json(program.run([Value(x) for x in program.point])[-1])
    at = data.draw(st.integers(0, len(text) - 1))
    new = data.draw(st.sampled_from(["", '"', "{", "}", "]", ",", "9", "-", "e", "\\", "\x00"]))
    rest = data.draw(st.sampled_from([text[at + 1 :], ""]))
    with contextlib.suppress(GraphFormatError):
        from_json(text[:at] + new + rest).backward()


# x = Value(3.0, "x"); (x * x).tanh() + x
WRITTEN_BEFORE = """
gASVxAAAAAAAAACMFGF1dG9ncmFkLnBlcnNpc3RlbmNllIwNX3Jlc3RvcmVfbGFzdJSTlCgoaACMB3Jlc3Rv
cmWUk5QojACUKUdACAAAAAAAAE6MAXiUdJRSlGgEKIwDbXVslGgIaAiGlEdAIgAAAAAAAE5oBXSUUpRoBCiM
BHRhbmiUaAyFlEc/7///76WdeE5oBXSUUpSMCGJ1aWx0aW5zlIwFdHVwbGWUk5QpUpR0lIwDYWRklGgQaAiG
lEdAD///++lnXk5oBXSUUpQu
"""


def test_a_pickle_of_version_0_1_0_is_read() -> None:
    z = pickle.loads(base64.b64decode(WRITTEN_BEFORE))
    (x,) = [v for v in order(z) if v.label == "x"]
    z.backward()
    assert (z.data, x.data) == (3.0 + math.tanh(9.0), 3.0)
    assert x.grad == pytest.approx(1.0 + 6.0 / math.cosh(9.0) ** 2, rel=1e-14)
