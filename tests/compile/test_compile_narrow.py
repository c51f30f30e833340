"""Deep and narrow graphs: node by node over the samples, with the numbers of any other way."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, compile, gradient, maximum, sum, tanh
from autograd.check.strategies import RandomProgram, programs
from autograd.compile import lowered
from autograd.compile.backends.lanes import Lanes, Narrow
from autograd.compile.graph.graph import INPUT
from autograd.compile.tracing.trace import trace
from support.roundings import agree, room


@pytest.fixture(autouse=True)
def _everything_is_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowered, "is_narrow", lambda graph: True)


def pasted(program: Any, *arguments: Any) -> Any:
    scope: dict[str, Any] = {}
    exec(program.source, scope)
    with np.errstate(all="ignore"):
        return scope["value_and_grad"](*arguments)


@given(program=programs(), batch=st.integers(1, 100))
def test_any_graph_has_the_same_numbers_node_by_node(program: RandomProgram, batch: int) -> None:
    count = len(program.point)
    compiled = compile(program, argnum=tuple(range(count)))
    shrink = np.linspace(1.0, 0.5, batch)
    columns = [x * shrink for x in program.point]
    values, slopes = compiled.value_and_grad(*columns)
    assert np.array_equal(values, compiled(*columns), equal_nan=True)
    written, *derivatives = pasted(compiled, *columns)
    graph = trace(program, [()] * count)
    for k in {0, batch - 1}:
        point = [float(c[k]) for c in columns]
        leaves = [Value(x) for x in point]
        z = program(*leaves)
        wanted = gradient(z, leaves) if isinstance(z, Value) else [0.0] * count
        allowed = room(graph, point)
        for value in (values[k], written[k]):
            assert agree(float(value), z, allowed.value)
        for i in range(count):
            off = allowed.slopes[INPUT, i]
            assert agree(float(slopes[i][k]), wanted[i], off)
            # Text cannot run again with care: where the number is nan, 0 times it is, too.
            if not np.isnan(values[k]):
                assert agree(float(derivatives[i][k]), wanted[i], off)


@given(batch=st.integers(1, 300))
def test_means_over_any_number_of_samples(batch: int) -> None:
    w, v = Value(0.5, "w"), Value(-1.5, "v")

    def f(x: Any, y: Any) -> Any:
        return tanh(w * x + v) * y[1] + maximum(x, y[0], w) + v * v

    compiled = compile(f, parameters=[w, v])
    x, y = np.linspace(-1.0, 2.0, batch), np.linspace(0.0, 1.0, 2 * batch).reshape(batch, 2)
    mean, slopes = compiled.value_and_grad(x, y)
    total = sum([f(*sample) for sample in zip(x.tolist(), y.tolist(), strict=True)]) / batch
    assert mean == pytest.approx(total.data, rel=1e-13)
    wanted = [g.data for g in gradient(total, [w, v])]
    assert slopes == pytest.approx(wanted, rel=1e-12)
    again, written = pasted(compiled, compiled.theta, x, y)
    assert again == pytest.approx(mean, rel=1e-13)
    assert written == pytest.approx(slopes, rel=1e-12)
    each, rows = compiled.value_and_grad(x, y, per_sample=True)
    assert each.mean() == pytest.approx(mean, rel=1e-13)
    assert rows.shape == (batch, 2)
    assert rows.mean(axis=0) == pytest.approx(slopes, rel=1e-12)
    values = compiled(x, y)
    assert values == pytest.approx(each, rel=1e-14)
    assert values[0] == pytest.approx(f(float(x[0]), y[0].tolist()).data, rel=1e-13)


def test_samples_are_run_in_blocks_and_the_rest_of_a_block_is_left_out() -> None:
    graph = trace(lambda x, y: [x + y, y, 3.0], [(), ()])
    for batch in (1, 63, 64, 65, 1000):
        lanes = Lanes(graph, [3], [1, 1], np.zeros(0), batch)
        lanes.inputs[0][:, 0] = np.arange(batch)
        lanes.inputs[1][:, 0] = 0.5
        lanes.run()
        assert lanes.results[0].tolist() == [[k + 0.5, 0.5, 3.0] for k in range(batch)]


def test_a_list_of_results_and_a_number_for_result() -> None:
    assert compile(lambda x: [x * x, x])(np.array([2.0, 3.0])).tolist() == [[4.0, 2.0], [9.0, 3.0]]
    constant = compile(lambda x: 5.0)
    assert constant(np.array([1.0, 2.0])).tolist() == [5.0, 5.0]
    values, slopes = constant.value_and_grad(np.array([1.0, 2.0]))
    assert (values.tolist(), slopes.tolist()) == ([5.0, 5.0], [0.0, 0.0])


def test_a_deep_chain_is_narrow_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    def chain(x: Any, y: Any) -> Any:
        for _ in range(50_000):
            x = x * y
            x = x + 1.0
        return x

    compiled = compile(chain, argnum=(0, 1))
    x, y = np.array([3.0, -2.0, 0.5]), np.array([0.5, 0.25, -0.5])
    values, slopes = compiled.value_and_grad(x, y)
    # x -> x y + 1 comes to rest at 1 / (1 - y), with the slope 1 / (1 - y)^2 by y.
    assert values == pytest.approx(1.0 / (1.0 - y), rel=1e-14)
    assert slopes[0].tolist() == [0.0, 0.0, 0.0]
    assert slopes[1] == pytest.approx(1.0 / (1.0 - y) ** 2, rel=1e-13)
    rolled = compiled._known().rolled  # pyright: ignore[reportPrivateUsage]
    assert isinstance(rolled, Narrow)
    report = compiled.report()
    assert [stage.name for stage in report.stages][-1] == "gradient"
    assert "node by node" in report.unrolled[0]
