"""What pages compute: random programs in JavaScript give Python's numbers, all of them."""

import json
import math
import random
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from autograd import Primitive, Value, dot, log, maximum, order, relu, sqrt, where
from autograd.check.register import primitive, unregister
from autograd.check.strategies import RandomProgram
from autograd.check.testing.programs import random_program
from autograd.compile.arrays.chain import chain_of
from autograd.compile.backends.javascript import Script, gradient_script, value_script
from autograd.compile.graph.graph import Graph
from autograd.compile.graph.passes import simplified
from autograd.compile.tracing.trace import trace
from autograd.display.chain.passes import Walk
from autograd.engine.primitives import apply
from autograd.pages.rows import chain_of_any, is_spelt, script_of, standing_alone
from nn import MLP, binary_cross_entropy
from support.chains import compare
from support.chosen_profile import PROFILE
from support.javascript import Job, by_node, engines, node, runner

PROGRAMS = 2_000 if PROFILE == "long" else 150
# Numbers to put in a leaf's place, beside those near by.
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    math.inf,
    -math.inf,
    math.nan,
    1e308,
    -1e308,
    5e-324,
    1e-200,
    710.0,
]


def changes(point: tuple[float, ...], generator: random.Random) -> list[list[float]]:
    """Return a point, and what a reader may make of it: near, further, and at the ends."""
    found = [list(point)]
    found += [[x * generator.uniform(0.9, 1.1) for x in point] for _ in range(2)]
    found += [[x + generator.gauss(0.0, 1.0) for x in point] for _ in range(2)]
    for _ in range(2):
        odd = list(point)
        odd[generator.randrange(len(odd))] = generator.choice(SPECIAL)
        found.append(odd)
    return found


def walk_of(program: RandomProgram, point: list[float]) -> tuple[Walk, list[int]]:
    """Return the numbers of Python, and which inputs are the leaves, in their order."""
    inputs = [Value(x) for x in point]
    walk = Walk(program.run(inputs)[-1])
    return walk, [inputs.index(v) for v in walk.nodes if v.op is None]


@cache
def cases() -> list[tuple[list[list[float]], list[Walk]]]:
    """Return for each program the numbers of its leaves, and Python's numbers of the whole."""
    found: list[tuple[list[list[float]], list[Walk]]] = []
    for seed in range(PROGRAMS):
        program = random_program(seed)
        points = changes(program.point, random.Random(seed))
        _, used = walk_of(program, points[0])
        walks = [walk_of(program, point)[0] for point in points]
        found.append(([[x[i] for i in used] for x in points], walks))
    return found


def printed() -> list[str]:
    """Each program as a function that was printed for it."""
    scripts = [script_of(walks[0].z) for _, walks in cases()]
    assert {script.missing for script in scripts} == {()}
    return list(map(standing_alone, scripts))


def typed() -> list[str]:
    """Each program as nodes, for the function that takes any."""
    texts: list[str] = []
    for _, (walk, *_) in cases():
        nodes = [
            node.op and {"row": node.op.name, "operands": [
                walk.place[x] if isinstance(x, Value) else [x] for x in node.args
            ]}
            for node in walk.nodes
        ]  # fmt: skip
        texts.append(f"(x) => chain({json.dumps(nodes)}, x)")
    return texts


@engines
@pytest.mark.parametrize("written", [printed, typed])
def test_random_programs_give_all_numbers_of_python_after_changes_of_leaves(
    engine: str, written: Callable[[], list[str]], request: pytest.FixtureRequest
) -> None:
    first: Job = f"globalThis.chain = {standing_alone(chain_of_any())}", []
    jobs = [(text, points) for text, (points, _) in zip(written(), cases(), strict=True)]
    results = runner(engine, request)([first, *jobs])[1:]
    wrong = [
        f"seed {seed}, change {k}: {fault}"
        for seed, (found, (_, walks)) in enumerate(zip(results, cases(), strict=True))
        for k, (numbers, walk) in enumerate(zip(found, walks, strict=True))
        for fault in compare(walk, numbers)
    ]
    assert wrong == []


def numbers_of(z: Value, *points: list[float]) -> list[dict[str, list[float]]]:
    """Return all numbers of the graph of z for some leaves."""
    return _run(standing_alone(script_of(z)), *points)


def _run(text: str, *points: list[float]) -> list[Any]:
    return by_node([(text, points)])[0]


def test_what_was_not_chosen_passes_nothing_not_even_0_times_infinity() -> None:
    x = Value(-1.0)
    z = log(relu(x)) + where(Value(0.0), sqrt(x), 3.0 * x)
    (at, further) = numbers_of(z, [-1.0, 0.0], [4.0, 1.0])
    walk = Walk(z)
    assert compare(walk, at) == []
    assert at["gradients"][0] == 3.0
    assert further["gradients"][0] == 0.25 + 0.25


def test_constants_of_the_program_stay_and_leaves_move() -> None:
    x = Value(2.0)
    z = (x * 3.0 + math.pi) ** 2
    (found,) = numbers_of(z, [5.0])
    assert found["values"] == [5.0, 15.0, 15.0 + math.pi, (15.0 + math.pi) ** 2]


def test_a_leaf_alone_and_a_leaf_used_twice_in_one_operation() -> None:
    (found,) = numbers_of(Value(3.0), [4.0])
    assert (found["values"], found["gradients"], found["partials"]) == ([4.0], [1.0], [])
    x = Value(3.0)
    (found,) = numbers_of(maximum(x, x) * x, [2.0])
    assert (found["gradients"], found["partials"]) == ([4.0, 2.0, 1.0], [2.0, 2.0, 0.5, 0.5])


def test_uses_stand_in_the_order_of_the_backward_pass() -> None:
    x, y = Value(3.0), Value(4.0)
    z = dot([x, y, x], [y, x, x]) + x.tanh()
    walk = Walk(z)
    assert chain_of(z).uses == tuple((use.node, use.position) for use in walk.uses)


# Rows of users ---------------------------------------------------------------------------------


@pytest.fixture
def cube() -> Any:
    @primitive(partials=lambda z, x: (3.0 * x * x,))
    def cube(x: float) -> float:
        return x * x * x

    yield cube
    unregister("cube")


def test_a_row_of_a_users_is_computed_by_its_composition(cube: Any) -> None:
    x = Value(2.0)
    (found,) = numbers_of(cube(cube(x)) + x, [1.5])
    assert found["values"][-1] == 1.5**9 + 1.5
    assert found["gradients"][0] == pytest.approx(9.0 * 1.5**8 + 1.0, rel=1e-15)


def test_a_rule_may_use_rows_of_a_users(cube: Any) -> None:
    sixth = Primitive("sixth", lambda x: cube(x) * cube(x), lambda z, x: (6.0 * x * x * cube(x),))
    (found,) = numbers_of(apply(sixth, (Value(2.0),)), [1.5])
    assert found["values"] == [1.5, 1.5**6]
    assert found["gradients"][0] == pytest.approx(6.0 * 1.5**5, rel=1e-15)


def test_a_row_that_pages_cannot_compute_is_named() -> None:
    squash = Primitive("squash", math.tanh, lambda z, x: (1.0 - z * z,))
    tilted = Primitive("tilted", lambda x: x, lambda z, x: (math.cos(x),))
    branchy = Primitive("branchy", lambda x: x if x > 0 else 0.0, lambda z, x: (1.0,))
    x = Value(0.5)
    z = apply(squash, (x,)) + apply(tilted, (x,)) * apply(branchy, (x,))
    script = script_of(z)
    assert script.text == ""
    assert sorted(script.missing) == ["branchy", "squash", "tilted"]


def test_a_composition_that_gives_other_numbers_than_its_row_is_none() -> None:
    """A function that looks at the kind of thing it is given."""
    sly = Primitive("sly", lambda x: x * 2.0 if isinstance(x, float) else x, lambda z, x: (2.0,))
    assert script_of(apply(sly, (Value(1.0),))).missing == ("sly",)


def test_an_array_function_serves_where_the_float_function_cannot() -> None:
    squash = Primitive("squash", math.tanh, lambda z, x: (1.0 - z * z,), array=np.tanh)
    (found,) = numbers_of(apply(squash, (Value(0.5),)), [0.25])
    assert found["values"][1] == pytest.approx(math.tanh(0.25), rel=1e-15)


# Training --------------------------------------------------------------------------------------


def network(sizes: list[int], activation: Any) -> tuple[MLP, Graph, list[Value]]:
    model = MLP(sizes, activation=activation)
    weights = list(model.parameters())

    def loss(x: list[Any], y: Any) -> Any:
        return binary_cross_entropy(model(x)[0], y)

    return model, simplified(trace(loss, [(sizes[0],), ()], weights)), weights


@pytest.mark.parametrize("sizes", [[2, 8, 8, 1], [3, 30, 20, 1]])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_network_gives_the_loss_and_adds_up_the_gradient(
    sizes: list[int], activation: str
) -> None:
    model, graph, weights = network(sizes, activation)
    script = gradient_script(graph, len(weights), is_spelt)
    predict = value_script(
        simplified(trace(lambda x: model(x), [(sizes[0],)], weights)), is_spelt, "predict"
    )
    generator = random.Random(3)
    samples = [
        [*[generator.gauss(0.0, 1.0) for _ in range(sizes[0])], float(i % 2)] for i in range(5)
    ]
    theta = json.dumps([w.data for w in weights])
    found = json.loads(
        node(
            f"const [program, predict] = {standing_alone(script, predict)};\n"
            f"const w = {theta}, g = new Float64Array(w.length);\n"
            f"const losses = {json.dumps(samples)}.map((x) => [program(w, x, g), predict(w, x)]);\n"
            "process.stdout.write(JSON.stringify([losses, Array.from(g)]));"
        )
    )
    losses = [binary_cross_entropy(model(x[:-1])[0], x[-1]) for x in samples]
    for z in losses:
        z.backward()
    outputs = [model(x[:-1])[0].data for x in samples]
    assert [loss for loss, _ in found[0]] == pytest.approx([z.data for z in losses], rel=1e-13)
    assert [output for _, (output,) in found[0]] == pytest.approx(outputs, rel=1e-13)
    wanted = [w.grad for w in weights]
    assert found[1] == pytest.approx(wanted, rel=1e-12, abs=1e-14)


def test_a_long_program_is_cut_into_functions_that_browsers_optimise() -> None:
    _, graph, weights = network([3, 30, 20, 1], "tanh")
    text = gradient_script(graph, len(weights), is_spelt).text
    functions = text.split("\nfunction ")[1:]
    assert len(functions) > 3
    assert max(map(len, functions)) < 15_000


def test_a_chosen_loser_passes_nothing_in_training_either() -> None:
    w = Value(2.0)
    graph = simplified(trace(lambda x: log(relu(w * x)), [()], [w]))
    script = gradient_script(graph, 1, is_spelt)
    text = f"((f) => (x) => {{ const g = [0]; f([2], x, g); return g; }})({standing_alone(script)})"
    assert _run(text, [-1.0], [1.0]) == [[0.0], [0.5]]


def test_scripts_of_the_sizes_that_pages_carry() -> None:
    """micrograd's README expression, and a small network for training."""
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c = c + c + 1.0
    c = c + 1.0 + c + -a
    d = d + d * 2.0 + (b + a).relu()
    d = d + 3.0 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g = g + 10.0 / f
    assert len(order(g)) == 27
    assert len(script_of(g).text) < 3_000
    _, graph, weights = network([2, 8, 8, 1], "tanh")
    script: Script = gradient_script(graph, len(weights), is_spelt)
    assert len(script.text) < 10_500
