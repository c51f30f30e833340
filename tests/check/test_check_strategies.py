"""The public strategies, what they shrink to, and the engine's gradients over them."""

import builtins
import copy
import importlib
import math
import pickle
import statistics
import sys
from random import Random

import hypothesis
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from autograd import Primitive, Value, gradient, register, unregister
from autograd.check import GradientError, assert_gradients, check_against, check_gradients
from autograd.check.strategies import networks, points, programs, register_profiles, values
from autograd.check.testing.mutation import planted
from autograd.check.testing.networks import Network
from autograd.check.testing.program import Instruction, RandomProgram
from autograd.check.testing.programs import random_program
from autograd.engine.primitive import TABLE, lookup


@given(programs())
def test_the_engines_derivatives_are_right_on_every_program(program):
    assert_gradients(program, *program.point)


@given(networks())
def test_and_on_every_network(network):
    assert_gradients(network, *network.point, order=1)


@given(programs(max_ops=12))
def test_a_program_runs_alike_on_numbers_on_values_and_as_its_source(program):
    value = program(*program.point)
    recorded = program(*map(Value, program.point))
    scope: dict[str, object] = {}
    # The last line is the call: an expression, evaluated in what the rest defines.
    *definition, call = program.source.splitlines()
    exec("\n".join(definition), scope)
    pasted = eval(call, scope)
    for other in (recorded.data if isinstance(recorded, Value) else recorded, pasted):
        assert other == value or (math.isnan(other) and math.isnan(value))


@given(networks())
def test_a_network_runs_alike_as_its_source(network):
    scope: dict[str, object] = {}
    *definition, call = network.source.splitlines()
    exec("\n".join(definition), scope)
    assert eval(call, scope) == network(*network.point)


@given(st.data())
def test_points_lie_inside_the_domain(data):
    row = data.draw(st.sampled_from(list(TABLE.values())))
    point = data.draw(points(row))
    domain = row.domain if row.arity is not None else row.domain * len(point)
    assert all(low <= x <= high for x, (low, high) in zip(point, domain, strict=True))


@given(values(-1.0, 3.0))
def test_values_are_finite_leaves(value):
    assert -1.0 <= value.data <= 3.0
    assert value.op is None
    assert value.data == 0.0 or abs(value.data) >= sys.float_info.min


def test_programs_use_only_the_rows_asked_for():
    for seed in range(50):
        program = random_program(seed, 8, ["add", "sin", "mul"])
        assert set(program.primitives) <= {"add", "sin", "mul"}
    found = find(
        programs(primitives=["tanh"]), lambda p: len(p.instructions) == 1, random=Random(0)
    )
    assert found.primitives == ("tanh",)


def test_a_row_of_ones_own_can_be_asked_for():
    cube = Primitive("cube", lambda x: x * x * x, lambda z, x: (3.0 * x * x,))
    program = find(
        programs(primitives=[cube]), lambda p: len(p.instructions) == 1, random=Random(0)
    )
    assert program.primitives == () or program.instructions[0].row is cube
    assert_gradients(program, *program.point)


def test_the_source_imports_only_what_the_engine_exports():
    own = Primitive("mine", lambda x: x + 1.0, lambda z, x: (1.0,))
    program = RandomProgram((0.5,), (Instruction(own, (0,)), Instruction(lookup("exp"), (1,))))
    head = program.source.splitlines()[:3]
    assert head == ["from autograd import exp", "# mine is a primitive of your own", ""]
    scope = {"mine": own.function}
    *text, call = program.source.splitlines()
    exec("\n".join(text), scope)
    assert eval(call, scope) == program(*program.point)


def test_nodes_are_shared_and_rows_of_the_whole_table_come():
    found = [random_program(seed) for seed in range(400)]
    uses = [x for p in found for i in p.instructions for x in set(i.operands) if isinstance(x, int)]
    shared = sum(
        len([i for i in p.instructions if x in i.operands]) > 1
        for p in found
        for x in range(len(p.point) + len(p.instructions))
    )
    assert shared > 0.1 * len(uses)
    assert {name for p in found for name in p.primitives} == set(TABLE)


def engine_gradient(program):
    leaves = [Value(x) for x in program.point]
    z = program(*leaves)
    return [g.data for g in gradient(z, leaves)] if isinstance(z, Value) else [0.0] * len(leaves)


def operands_of(program, name):
    """The numbers that the rows of a name are called with."""
    numbers = list(program.point)
    for instruction in program.instructions:
        operands = [numbers[x] if isinstance(x, int) else x for x in instruction.operands]
        if instruction.row.name == name:
            yield operands
        numbers.append(instruction.row.function(*operands))


def cancels(terms):
    return len(terms) > 2 and 0.0 < abs(math.fsum(terms)) < 0.05 * max(map(abs, terms))


def products(operands):
    half = len(operands) // 2
    return [x * y for x, y in zip(operands[:half], operands[half:], strict=True)]


def drawn_by_hypothesis(count, seed=0, **columns):
    found = []

    # The numbers that it tries depend on the modules that are loaded, whatever the seed is.
    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(programs(**columns))
    def draw(program):
        found.append(program)

    draw()
    return found


@pytest.fixture(scope="module", params=["seeds", "Hypothesis"])
def of_tanh(request):
    """Programs in each of which there is a tanh."""
    if request.param == "seeds":
        return [random_program(seed, 8, using=lookup("tanh")) for seed in range(400)]
    return drawn_by_hypothesis(400, using=lookup("tanh"))


@pytest.fixture(scope="module", params=["seeds", "Hypothesis"])
def many(request):
    if request.param == "seeds":
        return [random_program(seed, 12) for seed in range(1_000)]
    return drawn_by_hypothesis(1_000) + drawn_by_hypothesis(1_000, seed=1)


def test_programs_have_one_to_eight_inputs_three_in_the_middle(many):
    counts = [len(program.point) for program in many]
    assert set(counts) == set(range(1, 9))
    assert statistics.median(counts) == 3


def test_every_input_is_used_by_the_result(many):
    for program in many:
        needed = {len(program.point) + len(program.instructions) - 1}
        for i in range(len(program.instructions) - 1, -1, -1):
            if len(program.point) + i in needed:
                operands = program.instructions[i].operands
                needed.update(x for x in operands if isinstance(x, int))
        assert needed == set(range(len(program.point) + len(program.instructions)))


def test_few_programs_come_twice_and_few_have_no_gradient(many):
    runs = [list(map(repr, many[i : i + 1_000])) for i in range(0, len(many), 1_000)]
    assert sum(len(set(run)) for run in runs) > 0.95 * len(many)
    gradients = [engine_gradient(program) for program in many]
    assert sum(not any(g) for g in gradients) < 0.05 * len(many)
    entries = [x for g in gradients for x in g]
    assert sum(x == 0.0 for x in entries) < 0.25 * len(entries)
    # A gradient that reads the same backwards hides that it is in reverse order.
    several = [g for g in gradients if len(g) > 1]
    # Fewer than 8 %, and three deviations for a draw of this many: Hypothesis also draws from the
    # constants of whatever modules are loaded, so a seed alone does not pin it.
    most = 0.08 * len(several)
    assert sum(g == g[::-1] for g in several) < most + 3.0 * math.sqrt(most)


def test_numbers_come_by_magnitude_so_that_tails_and_small_inputs_are_not_rare(many):
    sizes = [abs(x) for program in many for x in program.point]
    for bound, share in ((1e-1, 0.3), (1e-2, 0.2), (1e-4, 0.12), (1e-6, 0.04)):
        assert sum(x < bound for x in sizes) > share * len(sizes), bound
    assert sum(x > 2.0 for x in sizes) > 0.15 * len(sizes)


def test_operands_reach_into_tails_and_close_to_0(of_tanh):
    at = [abs(x) for program in of_tanh for (x,) in operands_of(program, "tanh")]
    assert len(at) >= 400
    assert sum(x > 5.0 for x in at) > 0.15 * len(at)
    assert sum(x < 1e-2 for x in at) > 0.1 * len(at)


def with_cancelling(programs):
    return [
        program
        for program in programs
        if any(map(cancels, operands_of(program, "sum")))
        or any(cancels(products(xs)) for xs in operands_of(program, "dot"))
    ]


def test_sums_whose_terms_cancel_come(many):
    assert len(with_cancelling(many)) > 0.02 * len(many)


@pytest.mark.parametrize("source", ["seeds", "Hypothesis"])
def test_what_a_sum_has_lost_is_squared_divided_by_and_under_logarithms_and_roots(source):
    # Of few rows, so that each comes often behind such a sum.
    shows = ["square", "div", "log", "sqrt", "reciprocal"]
    rows = ["sum", "dot", *shows]
    if source == "seeds":
        drawn = [random_program(seed, 12, rows) for seed in range(300)]
    else:
        drawn = drawn_by_hypothesis(300, primitives=rows)
    assert {name for p in with_cancelling(drawn) for name in p.primitives} >= set(shows)


def test_rows_that_choose_one_of_their_operands_join_several_inputs_where_there_are_no_others():
    for rows in (["maximum", "sin"], ["where"], ["sum"], ["atan2", "sign"]):
        drawn = [random_program(seed, 8, rows) for seed in range(60)]
        assert statistics.median(len(program.point) for program in drawn) >= 2
        assert {name for program in drawn for name in program.primitives} <= {*rows, "mul"}
    assert {len(random_program(seed, 8, ["tanh"]).point) for seed in range(20)} == {1}


def test_a_gradient_in_reverse_order_is_caught():
    asked = 0
    for seed in range(120):
        program = random_program(seed)
        claims = engine_gradient(program)[::-1]
        if len(claims) > 1:
            asked += check_against(program, lambda *_, g=claims: g, *program.point).ok
    assert asked <= 3


def test_a_row_is_in_each_program_if_it_is_asked_for():
    cube = Primitive("cube", lambda x: x * x * x, lambda z, x: (3.0 * x * x,))
    for columns in (
        {"using": cube},
        {"using": "sign"},
        {"using": cube, "primitives": ["add", "sin"]},
        {"using": cube, "primitives": ["tanh"]},
        {"using": "where", "max_ops": 1},
    ):
        wanted = columns["using"]
        row = lookup(wanted) if isinstance(wanted, str) else wanted
        drawn = [random_program(seed, **{"max_ops": 6, **columns}) for seed in range(60)]
        for program in [*drawn, *drawn_by_hypothesis(60, **columns)]:
            assert row in [instruction.row for instruction in program.instructions]
    # It is no dead branch: where the rule is wrong most programs show it.
    wrong = Primitive("cube", cube.function, lambda z, x: (x * x,))
    drawn = [random_program(seed, 6, using=wrong) for seed in range(60)]
    seen = [not check_gradients(p, *p.point, order=1).ok for p in drawn]
    assert sum(seen) > 50
    shrunk = find(programs(using=cube), lambda p: True, random=Random(0))
    assert shrunk.source.count("= cube(") == 1
    assert len(shrunk.instructions) <= 2


def test_a_program_prints_as_a_test_that_fails_and_passes_alike():
    for seed in range(20):
        program = random_program(seed, 5)
        with planted(lookup("tanh"), lambda z, x: (1.001 * (1.0 - z * z),)):
            assert (
                passes(program.as_test(order=1))
                is check_gradients(program, *program.point, order=1).ok
            )
    program = random_program(3, 5, using="tanh")
    assert passes(program.as_test())
    with planted(lookup("tanh"), lambda z, x: (0.5 * (1.0 - z * z),)):
        assert not passes(program.as_test())


def passes(text):
    """Whether the pasted text of a test passes."""
    scope = {}
    exec(text, scope)
    try:
        scope["test_program"]()
    except GradientError:
        return False
    return True


def test_rows_of_ones_own_print_pickle_and_are_listed_by_whether_they_are_registered():
    cube = Primitive("cube", lambda x: x * x * x, lambda z, x: (3.0 * x * x,))
    program = RandomProgram((2.0,), (Instruction(cube, (0,)), Instruction(lookup("exp"), (1,))))
    assert program.unregistered == ("cube",)
    with pytest.raises(pickle.PicklingError, match="uses cube, which the table does not hold"):
        pickle.dumps(program)
    assert copy.deepcopy(program) == copy.copy(program) == program
    assert "# cube is a primitive of your own" in program.as_test()
    register(cube)
    try:
        assert program.unregistered == ()
        assert pickle.loads(pickle.dumps(program)) == program
        assert passes(program.as_test())
        scope: dict[str, object] = {}
        *text, call = program.source.splitlines()
        exec("\n".join(text), scope)
        assert eval(call, scope) == program(*program.point) == math.exp(8.0)
    finally:
        unregister("cube")


def test_a_row_that_only_shares_a_name_is_not_taken_for_the_tables():
    """It runs by itself, is listed, and is not silently replaced when pickled or pasted."""
    other = Primitive("mul", lambda x, y: x * y + 1.0, lambda z, x, y: (y, x), arity=2)
    program = RandomProgram((2.0, 3.0), (Instruction(other, (0, 1)),))
    assert program(2.0, 3.0) == 7.0
    assert program.unregistered == ("mul",)
    assert "# mul is a primitive of your own" in program.source
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(program)


def test_every_random_program_pickles():
    for seed in range(50):
        program = random_program(seed)
        assert pickle.loads(pickle.dumps(program)) == program


def test_infinite_numbers_and_minus_zero_print_as_what_they_are():
    add = lookup("add")
    program = RandomProgram(
        (-0.0, math.inf), (Instruction(add, (0, -math.inf)), Instruction(add, (2, 1)))
    )
    scope: dict[str, object] = {}
    *text, call = program.source.splitlines()
    exec("\n".join(text), scope)
    assert math.isnan(eval(call, scope))
    kept = RandomProgram((-0.0,), (Instruction(lookup("power"), (0, 3.0)),))
    *text, call = kept.source.splitlines()
    exec("\n".join(text), scope)
    assert math.copysign(1.0, eval(call, scope)) == -1.0


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="no primitive is called 'sinus'"):
        random_program(0, 3, ["sinus"])
    with pytest.raises(ValueError, match="max_ops must be at least 1; got 0"):
        random_program(0, 0)
    with pytest.raises(ValueError, match="primitives is empty"):
        random_program(0, 3, [])
    with pytest.raises(TypeError, match="takes 1 inputs, got 2"):
        RandomProgram((1.0,), ())(1.0, 2.0)
    with pytest.raises(TypeError, match=r"write \['sin'\]"):
        random_program(0, 3, "sin")
    with pytest.raises(TypeError, match="a row is a Primitive or the name of one"):
        random_program(0, 3, using=math.sin)
    with pytest.raises(ValueError, match="no primitive is called 'sinus'"):
        random_program(0, 3, using="sinus")


def test_a_wrong_rule_is_caught_shrunk_and_blamed():
    notes = []
    for number in range(4):

        @hypothesis.seed(number)
        @given(programs())
        @settings(max_examples=500, deadline=None, database=None)
        def check(program):
            assert_gradients(program, *program.point, order=1)

        with (
            planted(lookup("tanh"), lambda z, x: (1.001 * (1.0 - z * z),)),
            pytest.raises(GradientError) as caught,
        ):
            check()
        assert caught.value.report.blamed == ("tanh",)
        notes.append("\n".join(caught.value.__notes__))
    # Of up to sixteen instructions two at most are left, on a number as simple as can be. What is
    # drawn depends on the modules that are loaded, and one search of some stops a little before.
    note = min(notes, key=len)
    assert "= tanh(v" in note
    assert "program(0.0)" in note
    assert "v3" not in note


def test_profiles_have_no_deadline_and_are_not_loaded():
    before = settings.default
    register_profiles()
    assert settings.get_profile("gradients").deadline is None
    assert settings.get_profile("gradients-long").max_examples == 5_000
    assert settings.default is before


def test_without_hypothesis_the_checker_works_and_the_strategies_say_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.partition(".")[0] == "hypothesis":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "autograd.check.strategies")
    with pytest.raises(ModuleNotFoundError, match="pip install hypothesis"):
        importlib.import_module("autograd.check.strategies")
    assert assert_gradients(lambda x: x * x, 2.0).certain


def test_networks_are_of_the_sizes_asked_for():
    net = find(
        networks(max_layers=2), lambda n: len(n.weights) == 2 and len(n.x) == 2, random=Random(0)
    )
    assert isinstance(net, Network)
    assert [len(matrix) for matrix in net.weights] == [len(b) for b in net.biases]
