"""Explanations: every path, the largest where there are many, and a sum that is the gradient."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import StaleGraphError, Value, explain, gradient, influence, where
from autograd.engine.symbolic import structural_zeros
from support.graphs import composite, neuron
from support.programs import programs


def every_product(z, x):
    """All products over paths, by walking each path: what `explain` must never do."""
    if z is x:
        return [1.0]
    products = []
    for k, (v, local) in enumerate(zip(z.args, ag.local_partials(z), strict=True)):
        if isinstance(v, Value):
            nothing = z.op is not None and k in structural_zeros(z.op)
            products += [0.0 if nothing else local * p for p in every_product(v, x)]
    return products


def ladder(layers, start=1.0):
    x = z = Value(start, "x")
    for _ in range(layers):
        z = z + z
    return z, x


def test_the_composite_of_the_first_source_is_derived_line_by_line():
    z, x, y = composite()
    assert (
        str(explain(z, x))
        == """\
dz/dx = 60
every path goes through f: dz/dx = dz/df · df/dx = 15 · 4 = 60
4 paths from z to x:
  ∂z/∂v5 · ∂v5/∂f · ∂f/∂v3 · ∂v3/∂v1 · ∂v1/∂x = 1 · 14 · 1 · 1 · 2 = 28
  ∂z/∂v5 · ∂v5/∂f · ∂f/∂v3 · ∂v3/∂v2 · ∂v2/∂x = 1 · 14 · 1 · 1 · 2 = 28
  ∂z/∂f · ∂f/∂v3 · ∂v3/∂v1 · ∂v1/∂x = 1 · 1 · 1 · 2 = 2
  ∂z/∂f · ∂f/∂v3 · ∂v3/∂v2 · ∂v2/∂x = 1 · 1 · 1 · 2 = 2
sum: 28 + 28 + 2 + 2 = 60
where
  v1 = x ** 2 = 1
  v2 = x * y = 2
  v3 = v1 + v2 = 3
  v4 = y ** 2 = 4
  f = v3 + v4 = 7
  v5 = f ** 2 = 49
  z = v5 + f = 56
  ∂v5/∂f = 2 * f = 14
  ∂v1/∂x = 2 * x = 2
  ∂v2/∂x = y = 2"""
    )
    assert "dz/dy = dz/df · df/dy = 15 · 5 = 75" in str(explain(z, y))


@pytest.mark.parametrize(
    ("point", "dx", "dy"),
    [((1.0, 2.0), 60.0, 75.0), ((0.5, -1.0), 0.0, -3.75), ((2.0, -1.0), 21.0, 0.0),
     ((-2.0, 3.0), -15.0, 60.0), ((0.0, 0.0), 0.0, 0.0)],
)  # fmt: skip
def test_the_sums_of_the_first_source_are_exact(point, dx, dy):
    z, x, y = composite(*point)
    for v, wanted in ((x, dx), (y, dy)):
        explanation = explain(z, v)
        assert explanation.gradient == wanted
        assert sum(path.product for path in explanation.paths) == wanted
        assert explanation.remainder == 0.0


def test_each_factor_of_the_neuron_of_the_last_source_has_its_line():
    loss = neuron()
    w1 = next(v for v in ag.order(loss) if v.label == "w1")
    explanation = explain(loss, w1)
    (path,) = explanation.paths
    factors = {factor.name: factor for factor in path.factors}
    assert factors["∂y/∂z"].rule == "y * sigmoid(-z)"
    assert factors["∂y/∂z"].value == pytest.approx(0.249376040, abs=5e-10)
    assert math.prod(f.value for f in path.factors) == path.product
    assert path.product == pytest.approx(-0.236917618, abs=5e-10)
    assert "∂y/∂z = y * sigmoid(-z) = 0.249376" in str(explanation)
    assert "= (-0.950042) · 1 · 0.249376 · 1 · 1 · 1 = -0.236918" in str(explanation)


@given(programs(), st.data())
def test_the_paths_are_those_that_an_enumeration_finds_and_add_up(program, data):
    leaves = [Value(x) for x in program.inputs]
    results = program.run(leaves)
    z = results[-1]
    if not isinstance(z, Value):
        return
    x = data.draw(st.sampled_from([v for v in results if isinstance(v, Value)]))
    if explain(z, x).count > 2_000:
        return
    products = every_product(z, x)
    explanation = explain(z, x, most=5_000)
    assert explanation.count == len(explanation.paths) == len(products)
    (wanted,) = gradient(z, [x])
    assert explanation.gradient == pytest.approx(wanted.data, nan_ok=True)
    if not all(map(math.isfinite, products)):
        return
    got = [path.product for path in explanation.paths]
    assert sorted(got) == pytest.approx(sorted(products))
    assert [abs(p) for p in got] == sorted(map(abs, got), reverse=True)
    size = sum(map(abs, products))
    assert math.fsum(got) == pytest.approx(wanted.data, rel=1e-9, abs=1e-12 * size)
    few = explain(z, x, most=3)
    assert [abs(p.product) for p in few.paths] == pytest.approx([abs(p) for p in got[:3]])
    total = math.fsum(p.product for p in few.paths) + few.remainder
    assert total == pytest.approx(wanted.data, rel=1e-9, abs=1e-12 * size)
    assert str(few)
    assert few.latex()


def test_a_million_paths_are_counted_and_not_listed():
    z, x = ladder(20)
    explanation = explain(z, x)
    assert explanation.count == 2**20
    assert len(explanation.paths) == 10
    assert explanation.gradient == 2.0**20
    assert explanation.remainder == 2.0**20 - 10
    assert "1,048,576 paths from z to x, the 10 largest:" in str(explanation)
    assert "the other 1,048,566 paths: 1048566" in str(explanation)


def test_more_paths_than_a_float_or_a_str_can_hold():
    z, x = ladder(20_000, 1e-3)
    explanation = explain(z, x)
    assert explanation.count == 2**20_000
    assert "about 10^6020 paths" in str(explanation)
    assert explanation.gradient == math.inf
    assert r"\infty" in explanation.latex()


def test_nearly_equal_paths_do_not_make_the_search_explode():
    x = z = Value(1.0, "x")
    for i in range(60):
        z = z * (0.5 + i * 1e-17) + z * (0.5 + 2e-16)
    explanation = explain(z, x, most=50)
    assert explanation.count == 2**60
    sizes = [path.product for path in explanation.paths]
    assert sizes == sorted(sizes, reverse=True)


def test_products_too_small_for_a_float_are_still_in_order():
    x = Value(1.0, "x")
    small = large = x
    for _ in range(400):
        small, large = small * 0.01, large * 0.1
    explanation = explain(small + large, x, most=1)
    assert all(factor.value in (1.0, 0.1) for factor in explanation.paths[0].factors)


def test_a_chain_of_a_hundred_thousand_is_one_path():
    x = z = Value(1.0, "x")
    for _ in range(100_000):
        z = z * 1.00001
    explanation = explain(z, x)
    assert explanation.count == 1
    assert len(explanation.paths[0].factors) == 100_000
    assert "(99,988 more)" in str(explanation)
    assert len(str(explanation)) < 2_000
    assert len(explanation.latex()) < 2_000


def test_what_it_does_not_depend_on_is_said_in_a_word():
    z, x, _ = composite()
    other = Value(1.0, "<w>")
    explanation = explain(z, other)
    assert str(explanation) == "d(z)/d(<w>) = 0: z does not depend on <w>, no path leads there"
    assert explanation.paths == ()
    assert explanation.count == explanation.gradient == 0
    assert "= 0" in explanation.latex()
    assert explain(x, z).count == 0


def test_of_itself_the_derivative_is_one():
    z, _, _ = composite()
    explanation = explain(z, z)
    assert explanation.gradient == explanation.count == 1
    assert explanation.paths[0].factors == ()
    assert "z itself: 1" in str(explanation)


def test_a_path_through_a_rule_that_is_zero_counts_nothing_even_beside_infinity():
    c, a = Value(1.0, "c"), Value(0.0, "a")
    z = where(c, a, 2.0).log()
    assert explain(z, c).paths[0].product == 0.0
    assert explain(z, c).gradient == 0.0
    assert explain(z, a).gradient == math.inf


def test_paths_with_nan_come_first():
    x = Value(0.0, "x")
    z = x * 3.0 + x.log() * 0.0
    first = explain(z, x).paths[0]
    assert math.isnan(first.product)
    assert "nan" in str(explain(z, x))


def test_bad_arguments_are_refused_with_a_word():
    z, x, _ = composite()
    with pytest.raises(TypeError, match="expected a Value, got str"):
        explain(z, "x")
    with pytest.raises(TypeError, match="expected a Value, got float"):
        explain(2.0, x)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        explain(z, x, most=0)
    with pytest.raises(TypeError, match="whole number"):
        explain(z, x, most=2.5)
    x.data = 3.0
    with pytest.raises(StaleGraphError):
        explain(z, x)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_labels_give_balanced_latex_and_text(one, two):
    x, y = Value(2.0, one), Value(3.0, two)
    explanation = explain(x * y + x, x)
    latex = explanation.latex().replace(r"\{", "").replace(r"\}", "")
    assert latex.count("{") == latex.count("}")
    assert "$" not in latex.replace(r"\$", "")
    assert explanation._repr_latex_().startswith("$")
    assert "sum: " in str(explanation)


def test_explaining_changes_no_gradient():
    z, x, _ = composite()
    explain(z, x)
    influence(z)
    assert all(v.grad is None for v in ag.order(z))


# Influence -------------------------------------------------------------------------------------


def test_leaves_are_ranked_by_gradient_times_value():
    x, w, b = Value(2.0, "x"), Value(3.0, "w"), Value(-1.0, "b")
    ranking = influence(w * x + b)
    assert [(one.name, one.amount) for one in ranking] == [("x", 6.0), ("w", 6.0), ("b", 1.0)]
    assert ranking[2].leaf is b
    assert len(ranking) == 3
    lines = str(ranking).splitlines()
    assert lines[1].split() == ["x", "2", "3", "6", "█" * 20]
    assert lines[3].split() == ["b", "-1", "1", "1", "███▍"]


def test_the_table_of_many_leaves_says_how_many_are_left_out():
    leaves = [Value(float(i), f"w{i}") for i in range(100)]
    ranking = influence(ag.sum(leaves), most=5)
    assert [one.name for one in ranking[:3]] == ["w99", "w98", "w97"]
    assert str(ranking).splitlines()[-1] == "and 95 more with less"
    assert len(str(ranking).splitlines()) == 7


def test_influence_of_nan_comes_first_and_zeros_have_no_bar():
    x, y = Value(math.nan, "x"), Value(0.0, "y")
    assert [one.name for one in influence(y + x)] == ["x", "y"]
    assert "█" not in str(influence(y + x))
    assert "█" not in str(influence(y * 1.0))


def test_labels_stay_text_in_the_markdown_table():
    table = influence(Value(1.0, "<b>|x") + 1.0)._repr_markdown_()
    assert "<b>" not in table
    assert table.splitlines()[-1].startswith("| &lt;b&gt;\\|x |")


# The challenge of the last source: a network of two layers ---------------------------------------


def test_the_larger_network_of_the_last_source_is_explained_weight_by_weight():
    w1 = [[Value(0.15, "w11"), Value(0.2, "w12")], [Value(0.25, "w13"), Value(0.3, "w14")]]
    w2 = [[Value(0.4, "w21"), Value(0.45, "w22")], [Value(0.5, "w23"), Value(0.55, "w24")]]
    x, t = (0.05, 0.1), (0.01, 0.99)
    hidden = [ag.sigmoid(a * x[0] + b * x[1] + 0.35) for a, b in w1]
    out = [ag.sigmoid(a * hidden[0] + b * hidden[1] + 0.6) for a, b in w2]
    loss = 0.5 * ((out[0] - t[0]) ** 2 + (out[1] - t[1]) ** 2)
    loss.label = "L"
    assert loss.data == pytest.approx(0.29837110876, abs=1e-11)
    wanted = {
        w1[0][0]: 0.000438568, w1[0][1]: 0.000877135, w1[1][0]: 0.000497713,
        w1[1][1]: 0.000995425, w2[0][0]: 0.082167041, w2[0][1]: 0.082667628,
        w2[1][0]: -0.022602540, w2[1][1]: -0.022740242,
    }  # fmt: skip
    for weight, gradient_of_it in wanted.items():
        explanation = explain(loss, weight)
        assert explanation.gradient == pytest.approx(gradient_of_it, abs=5e-10)
        # A weight of the first layer moves the loss through both outputs.
        assert explanation.count == (2 if weight in (*w1[0], *w1[1]) else 1)
        assert math.fsum(p.product for p in explanation.paths) == pytest.approx(
            explanation.gradient, rel=1e-12
        )


def test_a_node_outside_the_graph_gets_a_name_that_nobody_in_it_has():
    x = Value(3.0, "x")
    z = x * 2.0
    other = explain(z, Value(1.0))
    assert str(other) == (
        "dz/dy = 0: z does not depend on y, no path leads there "
        "(y stands for Value(1.0), which is not in the graph)"
    )
    assert other.latex() == r"\frac{dz}{dy} = 0"
    twin = explain(z, Value(1.0, "x"))
    assert str(twin).startswith("d(z)/d(x (2)) = 0: z does not depend on x (2), ")
    assert twin.latex() == r"\frac{dz}{d\mathrm{x\ (2)}} = 0"
    assert str(explain(z, Value(1.0, "w"))).endswith(
        "= 0: z does not depend on w, no path leads there"
    )


@pytest.mark.parametrize("label", ["", "loss"])
def test_swapped_arguments_are_told_with_what_to_write(label):
    x = Value(3.0, "x")
    z = x * 2.0
    z.label = label
    name = label or "z"
    swapped = explain(x, z)
    assert (swapped.gradient, swapped.count) == (0.0, 0)
    assert str(swapped).startswith(f"dx/d{name} = 0: x does not depend on {name}, ")
    assert str(swapped).endswith(f"they are swapped, write explain({name}, x)")
    x.data = 4.0  # now nobody can tell what z was computed from
    assert "swapped" not in str(explain(x, z))


def test_every_node_that_is_named_is_told_once_with_its_value():
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-1.5, "b")
    explanation = explain((w * x + b).tanh(), w)
    lines = str(explanation).splitlines()
    for line in ("  v1 = w * x = 1", "  v2 = v1 + b = -0.5", "  z = tanh(v2) = -0.462117"):
        assert lines.count(line) == 1
    for line in (r"v_{1} &= w \cdot x = 1 \\", r"v_{2} &= v_{1} + b = -0.5 \\"):
        assert explanation.latex().splitlines().count(line) == 1
    deep = x
    for _ in range(1_000):
        deep = deep.sin()
    assert len(str(explain(deep, x)).splitlines()) < 60


@pytest.mark.parametrize(
    ("record", "point", "said"),
    [
        (ag.log, -1.0, "log(x) is nan at x = -1, outside of its domain"),
        (ag.asin, 2.0, "asin(x) is nan at x = 2, outside of its domain"),
        (ag.abs, 0.0, "abs(x) has a kink at x = 0: from -1 to 1, the derivative is taken as 0"),
        (ag.relu, 0.0, "relu(x) has a kink at x = 0: from 0 to 1, the derivative is taken as 0"),
        (ag.sqrt, 0.0, "sqrt(x) ends at x = 0: the derivative is taken as inf"),
        (ag.step, 0.0, "step(x) jumps at x = 0 from 0 to 1: the derivative is taken as 0"),
        (
            lambda x: ag.maximum(x, 1.0),
            1.0,
            "maximum(x, 1) has a kink at x = 1: from 0 to 1, the derivative is taken as 0.5",
        ),
        (
            lambda x: ag.clip(x, 0.0, 1.0),
            1.0,
            "clip(x, 0, 1) has a kink at x = 1: from 1 to 0, the derivative is taken as 1",
        ),
    ],
)
def test_a_derivative_that_is_a_convention_or_means_nothing_is_told(record, point, said):
    x = Value(point, "x")
    assert str(explain(record(x), x)).splitlines()[-1].startswith(said)
    inside = str(explain(2.0 * record(x) + x, x)).splitlines()
    assert any(line.startswith(said) for line in inside)


@pytest.mark.parametrize(
    ("record", "point"),
    [
        (ag.log, 2.0),
        (ag.abs, -1e-300),
        (ag.sqrt, 4.0),
        (lambda x: ag.maximum(x, x), 1.0),
        (lambda x: x**2, 0.0),
    ],
)
def test_an_ordinary_point_is_passed_over(record, point):
    x = Value(point, "x")
    text = str(explain(record(x), x))
    assert not any(word in text for word in ("kink", "jumps", "ends", "outside"))


def test_only_the_node_that_made_a_nan_is_told():
    x = Value(-1.0, "x")
    text = str(explain(ag.exp(ag.log(x)) + 1.0, x))
    assert text.count("outside of its domain") == 1
