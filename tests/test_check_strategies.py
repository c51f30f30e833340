"""The public strategies, what they shrink to, and the engine's gradients over them."""

import builtins
import importlib
import math
import subprocess
import sys
import textwrap

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from autograd import Primitive, Value
from autograd.check import GradientError, assert_gradients
from autograd.check.faults import planted
from autograd.check.networks import Network
from autograd.check.programs import Instruction, Program, random_program
from autograd.check.strategies import networks, points, programs, register_profiles, values
from autograd.row import TABLE, lookup


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
    found = find(programs(primitives=["tanh"]), lambda p: len(p.instructions) == 1)
    assert found.primitives == ("tanh",)


def test_a_row_of_ones_own_can_be_asked_for():
    cube = Primitive("cube", lambda x: x * x * x, lambda z, x: (3.0 * x * x,))
    program = find(programs(primitives=[cube]), lambda p: len(p.instructions) == 1)
    assert program.primitives == () or program.instructions[0].row is cube
    assert_gradients(program, *program.point)


def test_the_source_imports_only_what_the_engine_exports():
    own = Primitive("mine", lambda x: x + 1.0, lambda z, x: (1.0,))
    program = Program((0.5,), (Instruction(own, (0,)), Instruction(lookup("exp"), (1,))))
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


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="no primitive is called 'sinus'"):
        random_program(0, 3, ["sinus"])
    with pytest.raises(ValueError, match="max_ops is 0"):
        random_program(0, 0)
    with pytest.raises(ValueError, match="primitives is empty"):
        random_program(0, 3, [])
    with pytest.raises(TypeError, match="takes 1 inputs, got 2"):
        Program((1.0,), ())(1.0, 2.0)


def test_a_wrong_rule_is_caught_shrunk_and_blamed():
    @given(programs())
    @settings(max_examples=500, deadline=None, database=None, derandomize=True)
    def check(program):
        assert_gradients(program, *program.point, order=1)

    with (
        planted(lookup("tanh"), lambda z, x: (1.001 * (1.0 - z * z),)),
        pytest.raises(GradientError) as caught,
    ):
        check()
    report = caught.value.report
    assert report.blamed == ("tanh",)
    note = "\n".join(caught.value.__notes__)
    # Of up to sixteen instructions two at most are left, on a number as simple as can be.
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
    net = find(networks(max_layers=2), lambda n: len(n.weights) == 2 and len(n.x) == 2)
    assert isinstance(net, Network)
    assert [len(matrix) for matrix in net.weights] == [len(b) for b in net.biases]


# The pytest plugin ------------------------------------------------------------------------------


def test_the_fixture_is_there_and_prints_the_report(tmp_path):
    (tmp_path / "test_it.py").write_text(
        textwrap.dedent(
            """
            from autograd import sin
            from autograd.check import check_against

            def test_right(gradcheck):
                assert gradcheck(sin, 1.0).certain

            def test_open(gradcheck):
                gradcheck(abs, 0.0, strict=True)

            def test_wrong():
                check_against(sin, sin, 1.0).raise_if_wrong()
            """
        )
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", tmp_path],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert "2 failed, 1 passed" in run.stdout, run.stdout + run.stderr
    assert "gradient check" in run.stdout
    assert "the given gradient is another one" in run.stdout
    assert "Slope from below -1, from above 1" in run.stdout
