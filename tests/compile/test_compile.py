"""compile and its program: shapes, dtypes, parameters, errors with lines, texts that run."""

import importlib
import math
import sys
import threading
from xml.etree import ElementTree

import numpy as np
import pytest

import autograd
from autograd import (
    StaleGraphError,
    Value,
    compile,
    dot,
    exp,
    grad,
    gradient,
    log,
    maximum,
    primitive,
    select,
    sigmoid,
    sum,
    tanh,
    unregister,
)
from autograd.compile.graph.passes import PASSES
from autograd.engine.primitives import Primitive, apply
from nn import MLP, half_squared_error

RNG = np.random.default_rng(0)


def test_the_name_is_the_function_and_the_package_stays_importable():
    assert autograd.compile is compile
    module = importlib.import_module("autograd.compile")
    assert module is sys.modules["autograd.compile"]
    assert module.compile is compile
    importlib.import_module("autograd.compile.tracing.trace")
    assert autograd.compile is compile


# Calling --------------------------------------------------------------------------------------


def test_numbers_and_lists_are_one_sample_and_arrays_are_many():
    program = compile(lambda xs, y: sum([x * x for x in xs]) + y)
    assert program([1.0, 2.0], 3.0) == 8.0
    assert program([1, 2], 3) == 8.0
    found = program(np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([3, 4]))
    assert found.tolist() == [8.0, 5.0]


def test_a_list_of_values_gives_a_list_or_columns():
    program = compile(lambda x, y: [x + y, x * y, 3.0])
    assert program(2.0, 5.0) == [7.0, 10.0, 3.0]
    found = program(np.array([2.0, 1.0]), np.array([5.0, 1.0]))
    assert found.tolist() == [[7.0, 10.0, 3.0], [2.0, 1.0, 3.0]]
    with pytest.raises(ValueError, match="returns a list of 3"):
        program.value_and_grad(2.0, 5.0)


def test_slopes_have_the_nesting_of_the_argument():
    def f(x, table):
        return x * sum([sum(row) for row in table]) + table[1][2] ** 2

    table = RNG.normal(size=(5, 2, 3))
    x = RNG.normal(size=5)
    _, slopes = compile(f, argnum=1).value_and_grad(x, table)
    assert slopes.shape == (5, 2, 3)
    _, both = compile(f, argnum=(1, 0)).value_and_grad(x, table)
    assert np.array_equal(both[0], slopes)
    assert both[1] == pytest.approx(table.sum((1, 2)))
    _, nested = compile(f, argnum=1).value_and_grad(float(x[0]), table[0].tolist())
    assert nested == [pytest.approx(row) for row in slopes[0].tolist()]


def test_results_are_not_overwritten_by_the_next_call():
    w = Value(2.0)
    program = compile(lambda x: w * x, parameters=[w])
    x = np.array([1.0, 2.0])
    first, (_, slope) = program(x), program.value_and_grad(x)
    kept = first.tolist(), slope.tolist()
    program(x + 10.0), program.value_and_grad(x + 10.0)
    assert (first.tolist(), slope.tolist()) == kept


def test_an_argument_that_is_not_used_has_slope_0_and_one_used_twice_the_sum():
    program = compile(lambda x, y: x * x + x, argnum=(0, 1))
    _, (dx, dy) = program.value_and_grad(np.array([3.0]), np.array([1.0]))
    assert (dx.tolist(), dy.tolist()) == ([7.0], [0.0])
    assert program.value_and_grad(3.0, 1.0) == (12.0, (7.0, 0.0))


def test_a_result_that_is_an_argument_or_a_number():
    assert compile(lambda x: x)(np.array([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert compile(lambda x: 5.0)(np.array([1.0, 2.0])).tolist() == [5.0, 5.0]
    values, slopes = compile(lambda x: x).value_and_grad(np.array([1.0, 2.0]))
    assert (values.tolist(), slopes.tolist()) == ([1.0, 2.0], [1.0, 1.0])


# Parameters -----------------------------------------------------------------------------------


def test_theta_is_a_copy_that_loads_and_stores():
    model = MLP([2, 3, 1], seed=0)
    program = compile(lambda x: model(x)[0], parameters=model)
    x = RNG.normal(size=(4, 2))
    before = program(x)
    program.theta[:] *= 2.0
    assert not np.allclose(program(x), before)
    assert model.parameters()[0].data * 2.0 == program.theta[0]
    program.store()
    assert [p.data for p in model.parameters()] == program.theta.tolist()
    assert program(x) == pytest.approx([model(row)[0].data for row in x.tolist()])
    model.parameters()[0].data = 0.25
    program.load()
    assert program.theta[0] == 0.25
    program.theta = np.zeros(13)
    assert program(x).tolist() == [0.0] * 4
    with pytest.raises(ValueError, match=r"theta has shape \(13,\)"):
        program.theta = np.zeros(12)


def test_other_values_are_constants_and_what_is_made_of_parameters_follows_them():
    w, c = Value(3.0, "w"), Value(10.0, "c")
    program = compile(lambda x: (w * w + c) * x, parameters=[w])
    assert program(2.0) == 38.0
    program.theta[0] = 1.0
    assert program(2.0) == 22.0
    mean, slope = program.value_and_grad(np.array([2.0, 4.0]))
    assert (mean, slope.tolist()) == (33.0, [6.0])


def test_a_penalty_on_the_parameters_is_computed_once_for_the_batch():
    model = MLP([3, 4, 1], seed=0)
    decay = 0.1

    def loss(x, y):
        penalty = sum([p * p for p in model.parameters()])
        return half_squared_error(model(x), y) + decay * penalty

    program = compile(loss, parameters=model)
    X, Y = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 1))
    mean, slopes = program.value_and_grad(X, Y)
    parts = [loss(x, y) for x, y in zip(X.tolist(), Y.tolist(), strict=True)]
    total = sum(parts) * (1.0 / 6.0)
    assert mean == pytest.approx(total.data, rel=1e-14)
    wanted = [g.data for g in gradient(total, model.parameters())]
    assert slopes == pytest.approx(wanted, rel=1e-12, abs=1e-15)


def test_gradients_by_the_parameters_for_each_sample():
    model = MLP([3, 4, 2], seed=0)
    program = compile(lambda x, y: half_squared_error(model(x), y), parameters=model)
    X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
    values, gradients = program.value_and_grad(X, Y, per_sample=True)
    mean, slopes = program.value_and_grad(X, Y)
    assert (values.shape, gradients.shape) == ((5,), (5, 26))
    assert values.mean() == pytest.approx(mean, rel=1e-13)
    assert gradients.mean(axis=0) == pytest.approx(slopes, rel=1e-12, abs=1e-15)
    for i in range(5):
        alone = program.value_and_grad(X[i : i + 1], Y[i : i + 1])
        assert gradients[i] == pytest.approx(alone[1], rel=1e-13, abs=1e-15)
    with pytest.raises(ValueError, match="per_sample=True is for a batch"):
        compile(lambda x: x * x).value_and_grad(np.zeros(3), per_sample=True)


def test_a_large_batch_runs_in_blocks_with_the_same_numbers():
    def f(x, y):
        for _ in range(40):
            x = tanh(x * y + 0.1)
        return x

    program = compile(f, argnum=(0, 1))
    x, y = RNG.normal(size=(2, 30_001))
    values, slopes = program.value_and_grad(x, y)
    assert values.shape == slopes[0].shape == (30_001,)
    for at in (slice(0, 3), slice(29_990, 30_001)):
        some, few = program.value_and_grad(x[at], y[at])
        assert values[at] == pytest.approx(some, rel=1e-14)
        assert slopes[1][at] == pytest.approx(few[1], rel=1e-13, abs=1e-300)


# Structures that roll -------------------------------------------------------------------------


def compared(f, parameters, *columns):
    """The program, after its numbers were compared with eager ones."""
    program = compile(f, parameters=parameters)
    mean, slopes = program.value_and_grad(*columns)
    samples = list(zip(*[c.tolist() for c in columns], strict=True))
    total = sum([f(*sample) for sample in samples]) * (1.0 / len(samples))
    assert mean == pytest.approx(total.data, rel=1e-12)
    wanted = [g.data for g in gradient(total, parameters)]
    assert slopes == pytest.approx(wanted, rel=1e-10, abs=1e-13)
    return program


def values(*shape):
    flat = [Value(x) for x in RNG.normal(size=math.prod(shape)).tolist()]
    return (
        flat if len(shape) == 1 else [flat[i : i + shape[1]] for i in range(0, len(flat), shape[1])]
    )


def test_recurrent_weights_are_one_matrix_at_every_step():
    W, U, b = values(4, 2), values(4, 4), values(4)

    def f(sequence):
        h = [0.1] * 4
        for x in sequence:
            h = [tanh(dot(W[i], x) + dot(U[i], h) + b[i]) for i in range(4)]
        return sum([z * z for z in h])

    flat = [w for table in (W, U) for row in table for w in row] + b
    program = compared(f, flat, RNG.normal(size=(3, 5, 2)))
    assert program.source.count("@") <= 2 * (5 * 2) + 5 * 4
    assert not program.report().unrolled


def test_a_convolution_written_by_hand_is_one_product():
    kernels, bias = values(3, 4), values(3)

    def f(signal):
        maps = [
            (dot(kernels[k], signal[i : i + 4]) + bias[k]).relu()
            for i in range(9)
            for k in range(3)
        ]
        return sum(maps) * 0.5

    program = compared(f, [w for row in kernels for w in row] + bias, RNG.normal(size=(5, 12)))
    value = program.source.split("def value_and_grad")[0]
    assert value.count("@") == 1
    assert not program.report().unrolled


def test_skipped_connections_and_shared_weights_roll():
    W, b = values(3, 3), values(3)

    def f(x):
        h = x
        for _ in range(3):
            h = [z + tanh(dot(row, h) + c) for z, row, c in zip(h, W, b, strict=True)]
        return maximum(*h)

    program = compared(f, [w for row in W for w in row] + b, RNG.normal(size=(4, 3)))
    assert not program.report().unrolled


def test_sparse_sums_are_gathered_and_said_to_be():
    weights = values(20, 3)
    places = RNG.integers(0, 30, size=(20, 3)).tolist()

    def f(x):
        return sum(
            [
                tanh(sum([w * x[i] for w, i in zip(row, at, strict=True)]))
                for row, at in zip(weights, places, strict=True)
            ]
        )

    program = compared(f, [w for row in weights for w in row], RNG.normal(size=(4, 30)))
    assert program.report().unrolled == (
        "level 1, 20 dot nodes: they share neither operands nor weights, so both are gathered",
    )


def test_weights_in_disorder_are_gathered_and_the_neurons_named_that_they_belong_to():
    W = values(20, 3)
    flat = [w for row in W for w in row]
    mixed = [flat[i] for i in RNG.permutation(60).tolist()]

    def f(x):
        hidden = [dot(row, x) for row in W]
        for i, h in enumerate(hidden):
            h.label = f"hidden {i}"
        return sum([tanh(h) for h in hidden])

    report = compared(f, mixed, RNG.normal(size=(4, 3))).report()
    (reason,) = {*report.unrolled}
    assert reason.startswith("level 1, 20 dot nodes (hidden 0 to hidden 19): 20 x 1 of their wei")
    assert reason.endswith("neuron by neuron, each in the order of its inputs")
    assert str(report).count("not rolled: ") == 1


def test_weights_in_any_layout_give_the_same_numbers():
    for order in ("rows", "columns", "shuffled", "biases last"):
        W, b = values(3, 4), values(3)
        flat = {
            "rows": [w for row, c in zip(W, b, strict=True) for w in (*row, c)],
            "columns": [row[i] for i in range(4) for row in W] + b,
            "biases last": [w for row in W for w in row] + b,
        }
        everything = flat["rows"]
        mixed = [everything[i] for i in RNG.permutation(15).tolist()]

        def f(x, W=W, b=b):
            return sum([sigmoid(dot(row, x) + c) for row, c in zip(W, b, strict=True)])

        compared(f, flat.get(order, mixed), RNG.normal(size=(4, 4)))


# Tracing ---------------------------------------------------------------------------------------


def test_other_threads_read_values_while_one_traces():
    W, seen = Value(2.0, "w"), []

    def f(x):
        reader = threading.Thread(target=lambda: seen.append((W.data, W > 1.0)))
        reader.start()
        reader.join()
        return W * x

    assert compile(f, parameters=[W])(3.0) == 6.0
    assert seen == [(2.0, True)]


def test_an_index_that_is_an_argument_selects():
    program = compile(lambda xs, i: exp(select(i, xs)))
    X = RNG.normal(size=(6, 4))
    labels = RNG.integers(0, 4, size=6)
    values, slopes = program.value_and_grad(X, labels)
    assert values == pytest.approx(np.exp(X[range(6), labels]))
    assert np.count_nonzero(slopes) == 6


# Rows of one's own ----------------------------------------------------------------------------


def test_a_primitive_of_ones_own_compiles_with_its_own_rule():
    @primitive(partials=lambda z, x: (3.0 * x * x,))
    def cubed(x):
        return x * x * x

    # Not in the table, whose door asks for rules that run on Values as well as on numbers.
    sine = Primitive("sine", math.sin, lambda z, x: (math.cos(x),))
    try:
        program = compile(lambda x: cubed(x) + apply(sine, (x,)))
        values, slopes = program.value_and_grad(np.array([0.5, 0.25]))
        assert values == pytest.approx([0.125 + math.sin(0.5), 0.25**3 + math.sin(0.25)])
        assert slopes == pytest.approx([0.75 + math.cos(0.5), 3 / 16 + math.cos(0.25)])
        assert program.value_and_grad(0.5)[1] == pytest.approx(slopes[0])
    finally:
        unregister("cubed")


# Texts ----------------------------------------------------------------------------------------


def test_the_source_runs_when_pasted_and_gives_the_same_numbers():
    model = MLP([3, 4, 2], activation="sigmoid", seed=0)

    def loss(x, y):
        return half_squared_error(model(x), y) + log(1.0 + maximum(*x) ** 2)

    program = compile(loss, parameters=model)
    X, Y = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 2))
    mean, slopes = program.value_and_grad(X, Y)
    scope = {}
    exec(program.source, scope)
    again, pasted = scope["value_and_grad"](program.theta, X, Y)
    assert again == pytest.approx(mean, rel=1e-14)
    assert pasted == pytest.approx(slopes, rel=1e-13, abs=1e-16)
    assert scope["value"](program.theta, X, Y) == pytest.approx(program(X, Y), rel=1e-14)
    assert "layers.0" in program.source
    assert program.source == compile(loss, parameters=model, shapes=[(3,), (2,)]).source


def test_the_report_counts_nodes_and_statements():
    model = MLP([3, 4, 2], seed=0)
    program = compile(lambda x: sum(model(x)), parameters=model, shapes=[(3,)])
    report = program.report()
    names = [stage.name for stage in report.stages]
    assert names == ["trace", *[done.name for done in PASSES], "roll", "reverse"]
    assert report.stages[-1].statements > report.stages[-2].statements > 0
    assert str(report).splitlines()[0].split()[:2] == ["pass", "nodes"]


def test_the_report_is_drawn_as_a_table_and_a_chart(tmp_path):
    W = values(3, 2)
    program = compile(
        lambda x: sum([dot(row, x) for row in W]),
        parameters=[w for row in W for w in row],
        shapes=[(2,)],
    )
    report = program.report()
    shown = report._repr_mimebundle_()
    assert shown["text/plain"] == str(report)
    for stage in report.stages:
        assert f">{stage.name}</td>" in shown["text/html"]
        assert f">{stage.name}</text>" in report.svg
        assert f"{stage.flops:,}</text>" in report.svg
    ElementTree.fromstring(report.svg)
    path = report.save(tmp_path / "report.svg")
    assert path.read_text() == report.svg
    with pytest.raises(ValueError, match=r"ends in \.svg"):
        report.save(tmp_path / "report.png")


# Depth ----------------------------------------------------------------------------------------


def test_a_chain_of_a_hundred_thousand_needs_no_recursion():
    def chain(x):
        for _ in range(50_000):
            x = x * 0.5
            x = x + 1.0
        return x

    value, slope = compile(chain).value_and_grad(3.0)
    assert (value, slope) == (2.0, 0.0)


def test_a_long_sum_becomes_one_statement():
    def total(xs):
        z = 0.0
        for x in xs:
            z = z + x * x
        return z

    program = compile(total)
    x = RNG.normal(size=(2, 20_000))
    values, slopes = program.value_and_grad(x)
    assert values == pytest.approx((x * x).sum(1))
    assert slopes == pytest.approx(2.0 * x)
    assert len(program.source.splitlines()) < 40


def test_weights_on_constants_alone_have_gradients_over_a_batch() -> None:
    w, v = Value(0.5), Value(-2.0)
    program = compile(lambda x: (w * 1.0 + v * 3.0) * x, parameters=[w, v])
    mean, slopes = program.value_and_grad(np.array([1.0, 2.0, 6.0]))
    assert mean == -16.5
    assert slopes.tolist() == [3.0, 9.0]
    scope: dict[str, object] = {}
    exec(program.source, scope)
    run = scope["value_and_grad"]
    assert callable(run)
    again = run(np.array([0.5, -2.0]), np.array([[1.0], [2.0], [6.0]]))
    assert np.ravel(again[-1]).tolist() == [3.0, 9.0]


def test_a_weight_times_two_constants_in_one_sum_beside_a_weight_of_the_sample() -> None:
    w, v = Value(0.5), Value(-2.0)

    def f(x):
        u = v * 2.0
        return w * x + u * 3.0 + u

    mean, slopes = compile(f, parameters=[w, v]).value_and_grad(np.array([1.0, 2.0, 6.0]))
    assert mean == -14.5
    assert slopes.tolist() == [3.0, 8.0]


def test_results_of_the_parameters_alone_are_spread_over_the_samples():
    w = Value(3.0)
    one = compile(lambda t: w * 2.0, parameters=[w])
    assert one(np.ones(3)).tolist() == [6.0, 6.0, 6.0]
    assert one(1.0) == 6.0
    value, gradient = one.value_and_grad(np.ones(4))
    assert (value, gradient.tolist()) == (6.0, [2.0])
    two = compile(lambda t: [w * 2.0, w + 1.0], parameters=[w])
    assert two(np.ones(3)).tolist() == [[6.0, 4.0]] * 3


def test_a_constant_zero_is_a_factor_like_any_other():
    """Times infinity it is nan, in gradients too, where a partial that is 0 by the rule is 0."""

    def f(t, b):
        return (b * 0.0 + t + 1.0).sqrt()

    wanted = grad(f, 1)(-1.0, 2.0)
    program = compile(f, argnum=1)
    assert np.isnan([wanted, program.value_and_grad(-1.0, 2.0)[1]]).all()
    assert np.isnan(program.value_and_grad(np.array([-1.0]), np.array([2.0]))[1]).all()


def test_new_data_of_a_parameter_is_followed_and_nothing_else_is_dropped():
    a, b = Value(3.0, "a"), Value(1.0, "b")
    program = compile(lambda x: a * x + b, parameters=[a, b])
    x = np.array([1.0, 2.0])
    assert program(x).tolist() == [4.0, 7.0]
    program.theta[1] = 5.0
    a.data = 2.0
    assert program(x).tolist() == [7.0, 9.0]
    assert program(1.0) == 7.0
    b.data = 0.0
    assert program.theta.tolist() == [2.0, 0.0]
    program.theta[...] = 8.0
    program.store()
    assert (a.data, b.data) == (8.0, 8.0)
    assert program.value_and_grad(x)[0] == 20.0


@pytest.mark.parametrize("argument", [2.0, np.array([2.0])])
def test_new_data_of_a_constant_is_refused(argument):
    c, other = Value(3.0, "c"), Value(1.0)
    program = compile(lambda x: c * x)
    assert program.value_and_grad(argument) == (6.0, 3.0)
    other.data = 2.0
    assert program.value_and_grad(argument) == (6.0, 3.0)
    c.data = 4.0
    for _ in range(2):
        with pytest.raises(StaleGraphError, match=r"c = 4.0 .* took 3.0 .* parameters=\[\.\.\.\]"):
            program.value_and_grad(argument)
    with pytest.raises(StaleGraphError, match="new data after the program"):
        program(argument)
