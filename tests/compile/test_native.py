"""Programs that run as C: their text, what is told of them, and everything that may go wrong."""

import copy
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_compile_programs

from autograd import Value, compile, dot, log, sin, tanh
from autograd import sum as total
from autograd.compile.backends.native import choice, compiler
from autograd.compile.backends.native.choice import SWITCH
from autograd.compile.backends.native.lines import lines_of
from autograd.compile.graph.periods import Segment, nodes_of, pieces, segments
from autograd.compile.program import Program
from autograd.compile.tracing.trace import trace
from autograd.engine.primitives import Primitive, apply
from support.compilers import as_c, needs_compiler
from support.places import ROOT
from support.rows import each_row

RNG = np.random.default_rng(0)


def kalman(p: Any, ys: Any) -> Any:
    """The negative log-likelihood of a filter of one number, by its three parameters."""
    a, q, r = p
    m, variance, paid = 0.0, 1.0, 0.0
    for y in ys:
        m, variance = a * m, a * a * variance + q
        spread, error = variance + r, y - m
        gain = variance / spread
        m, variance = m + gain * error, (1.0 - gain) * variance
        paid = paid + 0.5 * (log(spread) + error * error / spread)
    return paid


def pendulum(steps: int, constants: Any = None) -> Callable[..., Any]:
    """A pendulum pushed at each step by the numbers of the program, if there are any."""

    def f(x: Any, v: Any) -> Any:
        for k in range(steps):
            push = constants[k] if constants is not None else 0.0
            v = v - 0.05 * sin(x + 0.025 * v) + push
            x = x + 0.05 * v
        return x * x + v

    return f


def data(batch: int, steps: int) -> tuple[Any, Any]:
    return RNG.uniform(0.3, 0.9, (batch, 3)), RNG.normal(size=(batch, steps))


def assert_same(program: Program, *columns: Any, rel: float = 1e-11) -> None:
    """Ask that a program has the numbers of NumPy's calls, values and gradients."""
    plain = Program(
        program._f, parameters=program.parameters, argnum=0, dtype="float64", shapes=None,
        native=False,
    )  # fmt: skip
    np.testing.assert_allclose(program(*columns), plain(*columns), rtol=rel)
    for found, wanted in zip(
        program.value_and_grad(*columns), plain.value_and_grad(*columns), strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=rel, atol=1e-13)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of the test's own, and nothing loaded yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(SWITCH, "")
    monkeypatch.setattr(compiler, "_loaded", {})
    return tmp_path / "cache" / "chalkgrad" / "native"


# What is printed ------------------------------------------------------------------------------


def test_steps_of_a_recurrence_are_one_loop_however_many_there_are() -> None:
    lengths: set[tuple[int, int]] = set()
    for steps in (60, 1_000):
        program = compile(kalman, shapes=[(3,), (steps,)], native=False)
        graph = program._known().derivatives.plain
        lines = lines_of(graph)
        loops = [s.times for s in segments(nodes_of(graph)) if s.times > 1]
        assert loops == [steps - 2, steps - 3]
        lengths.add((lines.count, lines.text.count("\n")))
    assert len(lengths) == 1


def test_steps_of_a_layer_of_loops_are_one_loop_each_way() -> None:
    """A step has many blocks that are alike, and is a block itself."""
    W = [[Value(x) for x in row] for row in RNG.normal(size=(6, 8)).tolist()]

    def f(sequence: Any) -> Any:
        h = [0.0] * 6
        for x in sequence:
            h = [tanh(sum(w * v for w, v in zip(row, [*x, *h], strict=True))) for row in W]
        return total(h)

    program = compile(f, parameters=[w for row in W for w in row], shapes=[(70, 2)], native=False)
    found = segments(nodes_of(program._known().derivatives.plain))
    assert [s.times for s in found if s.times > 20] == [69, 67]


def test_segments_cover_all_nodes_in_order() -> None:
    graph = trace(pendulum(40), [(), ()])
    found = segments(nodes_of(graph))
    assert found[0].begin == 0
    assert [s.end for s in found[:-1]] == [s.begin for s in found[1:]]
    assert found[-1].end == len(nodes_of(graph))
    cut = [s for piece in pieces(found, 5) for s in piece]
    assert [s.begin for s in cut] == sorted({s.begin for s in cut})
    assert sum(s.size * s.times for s in cut) == found[-1].end


def test_blocks_whose_operands_move_unevenly_are_no_loop() -> None:
    places = [0, 3, 1, 4, 2, 6, 5, 9, 7, 8] * 4

    def f(xs: Any) -> Any:
        y = xs[0]
        for i in places:
            y = tanh(y * xs[i]) + 0.5
        return y

    assert segments(nodes_of(trace(f, [(10,)]))) == [Segment(0, 120)]


@needs_compiler
def test_numbers_of_the_program_that_differ_from_step_to_step() -> None:
    pushes = RNG.normal(size=300).tolist()
    program = compile(pendulum(300, pushes), native=True)
    assert_same(program, RNG.normal(size=5), RNG.normal(size=5))


@needs_compiler
def test_a_program_longer_than_a_function_is_cut_into_several() -> None:
    weights = RNG.normal(size=1_500).tolist()
    kinds = RNG.integers(0, 4, size=1_500).tolist()

    def f(x: Any) -> Any:
        for w, kind in zip(weights, kinds, strict=True):
            x = [x + w, x * w, tanh(x), sin(x) - w][kind]
        return x

    program = compile(f, native=True)
    assert_same(program, RNG.normal(size=3))
    built = program._known()
    text = built.native.text("gradient", built)
    assert text is not None
    assert len(text.calls) > 3


@needs_compiler
@pytest.mark.parametrize("batch", [1, 3, 4, 9])
def test_filters_and_integrators_have_the_numbers_of_numpy(batch: int) -> None:
    assert_same(compile(kalman, native=True), *data(batch, 40))
    x = RNG.normal(size=(2, batch))
    assert_same(compile(pendulum(60), native=True), *x)


@needs_compiler
def test_many_samples_after_one_have_a_library_of_their_own_if_it_can_be(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, many = data(1, 40), data(9, 40)
    program = compile(kalman, native=True)
    program(*one)
    assert len([*cache.iterdir()]) == 1
    assert_same(program, *many)
    assert len([*cache.iterdir()]) == 3
    first = compile(kalman, native=True)
    wanted = first(*one)
    monkeypatch.setenv("CC", "nowhere-cc")
    np.testing.assert_allclose(first(*many), program(*many), rtol=1e-12)
    assert np.array_equal(first(*one), wanted)


@needs_compiler
@pytest.mark.parametrize("form", ["lines", "statements"])
def test_recurrent_weights_and_every_sample_s_gradient(
    form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    W = [[Value(x) for x in row] for row in RNG.normal(size=(4, 7)).tolist()]
    flat = [w for row in W for w in row]

    def f(sequence: Any) -> Any:
        h = [0.1] * 4
        for x in sequence:
            h = [tanh(dot(row[:3], x) + dot(row[3:], h)) for row in W]
        return total([z * z for z in h]) + 0.1 * total([w * w for w in flat])

    X = RNG.normal(size=(6, 5, 3))
    plain = compile(f, parameters=flat, native=False)
    with monkeypatch.context() as patch:
        as_c(patch, form, tmp_path / "cache")
        program = compile(f, parameters=flat, native=True)
        assert_same(program, X, rel=1e-12)
        each = program.value_and_grad(X, per_sample=True)
    for found, wanted in zip(each, plain.value_and_grad(X, per_sample=True), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


@needs_compiler
@pytest.mark.parametrize("abreast", [1, 4])
@each_row
def test_every_row_at_the_edges_of_the_floats(
    row: Primitive, abreast: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    as_c(monkeypatch, "lines", tmp_path / "cache")
    monkeypatch.setattr(choice, "lanes", lambda kind, batch: abreast)
    test_compile_programs.test_every_row_at_the_edges_of_the_floats(row)


@needs_compiler
def test_a_row_of_ones_own_is_made_of_others_or_refused_by_name() -> None:
    cube = Primitive("cube", lambda x: x * x * x, lambda z, x: (3.0 * x * x,))
    wave = Primitive("wave", lambda x: float(np.sin(x)), lambda z, x: (float(np.cos(x)),))
    program = compile(lambda x: apply(cube, (x,)) + 1.0, native=True)
    assert_same(program, RNG.normal(size=3))
    refused = compile(lambda x: apply(wave, (x,)), native=True)
    with pytest.raises(RuntimeError, match=r"native=True asks for C, and there is no C for wave"):
        refused(np.ones(2))


# What is chosen -------------------------------------------------------------------------------


@needs_compiler
def test_auto_takes_c_where_numpy_s_calls_are_the_cost() -> None:
    deep = compile(kalman, shapes=[(3,), (100,)])
    assert deep.report().ran.startswith("C, compiled by ")
    assert_same(deep, *data(3, 100))
    small = compile(lambda x: x * x, shapes=[()])
    assert small.report().ran.startswith("NumPy: it has no long chain of small steps")
    assert "runs as NumPy: " in str(small.report())
    never = compile(kalman, shapes=[(3,), (100,)], native=False)
    assert never.report().ran == "NumPy: native=False"


def test_the_environment_switches_auto_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "0")
    program = compile(kalman, shapes=[(3,), (100,)])
    assert program.report().ran == f"NumPy: {SWITCH} is 0 in the environment"


@pytest.mark.parametrize("word", ["yes", 1, None, "True", np.zeros(2)])
def test_another_word_is_refused(word: Any) -> None:
    with pytest.raises(ValueError, match=r"native is 'auto', True or False, got .* True asks for"):
        compile(kalman, native=word)


# A compiler that does not do its work -----------------------------------------------------------


def script(folder: Path, body: str) -> Path:
    path = folder / "fake-cc"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def falls_back(reason: str) -> None:
    """Ask that "auto" runs NumPy for a reason, with its numbers, and that True is an error."""
    columns = data(2, 60)
    program = compile(kalman)
    found = program.value_and_grad(*columns)
    wanted = compile(kalman, native=False).value_and_grad(*columns)
    assert [x.tolist() for x in found] == [x.tolist() for x in wanted]
    assert reason in program.report().ran
    assert program.report().ran.startswith("NumPy: ")
    with pytest.raises(RuntimeError, match=r"native=True asks for C, and .* write native='auto'"):
        compile(kalman, native=True)(*columns)


def test_without_a_compiler_it_is_numpy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    falls_back("no C compiler was found")
    monkeypatch.setenv("CC", "nowhere-cc -m64")
    falls_back("there is no C compiler nowhere-cc, which CC names")
    monkeypatch.setattr(sys, "platform", "emscripten")
    falls_back("no program can be started here")


@pytest.mark.skipif(os.name != "posix", reason="the fakes are shell scripts")
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo fake 1.0; [ $1 = --version ] && exit 0; echo error: no >&2; exit 1", "error: no"),
        ("echo fake 1.0", "wrote no library"),
        ("exit 3", "failed: status 3"),
        (
            "echo fake 1.0; [ $1 = --version ] && exit 0\n"
            'while [ $1 != -o ]; do shift; done; echo junk > "$2"',
            "cannot be loaded",
        ),
    ],
)
def test_a_compiler_that_fails(
    body: str, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CC", str(script(tmp_path, body)))
    falls_back(reason)


@pytest.mark.skipif(os.name != "posix", reason="the fake is a shell script")
def test_a_compiler_that_hangs_is_ended_with_all_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    body = (
        f"echo fake 1.0; [ $1 = --version ] && exit 0; sleep 600 & echo $! >> {tmp_path}/pids; wait"
    )
    monkeypatch.setenv("CC", str(script(tmp_path, body)))
    monkeypatch.setattr(compiler, "LIMIT", 0.5)
    falls_back("took longer than 0.5 seconds")
    for pid in (tmp_path / "pids").read_text().split():
        state = Path(f"/proc/{pid}/stat")
        assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


# The cache ------------------------------------------------------------------------------------


def run(text: str = "float") -> list[Any]:
    """Run a program as C and return its numbers."""
    program = compile(pendulum(50), native=True)
    values, slopes = program.value_and_grad(np.array([0.5, 1.0]), np.array([0.0, 1.0]))
    return [values.tolist(), slopes.tolist()]


@needs_compiler
def test_what_was_compiled_is_not_compiled_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run()
    (file,) = cache.iterdir()
    assert cache.stat().st_mode & 0o777 == 0o700

    def never(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(compiler, "_compiled", never)
    monkeypatch.setattr(compiler, "_loaded", {})
    assert run() == first
    assert [*cache.iterdir()] == [file]


@needs_compiler
@pytest.mark.parametrize("keep", [0, 100, -1])
def test_a_damaged_file_is_compiled_anew(
    keep: int, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run()
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    # Another file: this one is loaded, and what is loaded may not change.
    file.unlink()
    file.write_bytes(whole[:keep] if keep >= 0 else whole[:-1] + b"\xff")
    monkeypatch.setattr(compiler, "_loaded", {})
    assert run() == first
    (again,) = cache.iterdir()
    assert compiler._hash(again.read_bytes()) == again.stem.split("-")[1]


@needs_compiler
@pytest.mark.parametrize("kind", ["a file is in the way", "everybody writes there", "no home"])
def test_where_nothing_can_be_kept_a_folder_of_the_process_serves(
    kind: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "a file is in the way":
        cache.parent.parent.write_text("")
    elif kind == "everybody writes there":
        cache.mkdir(parents=True)
        cache.chmod(0o777)
    else:
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", "/dev/null/nobody")
    assert run()
    assert not cache.is_dir() or [*cache.iterdir()] == []


@needs_compiler
def test_the_cache_drops_what_was_not_used_for_longest(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "_FILES", 2)
    for k, steps in enumerate((50, 60, 70)):
        compile(pendulum(steps), native=True)(np.ones(1), np.ones(1))
        for path in cache.iterdir():
            os.utime(path, (k, k))
        kept = sorted(cache.iterdir())
    assert len(kept) == 2


PROCESS = """
import numpy as np
from autograd import compile, sin
def f(x):
    for _ in range(200):
        x = x - 0.05 * sin(x)
    return x
print(compile(f, native=True).value_and_grad(np.array([0.5, 1.0])))
"""


@needs_compiler
def test_two_processes_at_once_do_no_harm(cache: Path) -> None:
    command = [sys.executable, "-c", PROCESS]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
        for _ in range(2)
    ]
    said = {process.communicate(timeout=100)[0] for process in both}
    assert len(said) == 1
    assert said.pop().startswith("(array(")
    assert all(path.suffix == ".so" for path in cache.iterdir())


# Beside other calls ---------------------------------------------------------------------------


@needs_compiler
def test_threads_call_one_program_at_the_same_time() -> None:
    program = compile(pendulum(200), native=True)
    columns = [RNG.normal(size=(2, 50)) for _ in range(4)]
    wanted = [compile(pendulum(200), native=False)(*c) for c in columns]
    found: list[Any] = [None] * 4

    def call(k: int) -> None:
        for _ in range(20):
            found[k] = program(*columns[k])

    threads = [threading.Thread(target=call, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


SCALE = Value(3.0)


def scaled(x: Any) -> Any:
    return SCALE * x * x


@pytest.mark.parametrize("native", [False, pytest.param(True, marks=needs_compiler)])
def test_a_copy_of_a_program_that_has_run_runs_by_itself(native: bool) -> None:
    program = compile(scaled, parameters=[SCALE], native=native)
    x = np.array([1.0, 2.0, 3.0])
    first = program.value_and_grad(x), program(2.0)
    for other in (copy.deepcopy(program), pickle.loads(pickle.dumps(program))):
        other.theta[:] = 5.0
        assert other.value_and_grad(x)[0] == pytest.approx(70.0 / 3.0)
        assert other(2.0) == 20.0
        assert (program.value_and_grad(x), program(2.0)) == first


@needs_compiler
def test_gradients_are_the_caller_s_own() -> None:
    program = compile(scaled, parameters=[SCALE], native=True)
    _, kept = program.value_and_grad(np.array([1.0, 2.0]))
    before = kept.tolist()
    program.value_and_grad(np.array([5.0, 6.0]))
    assert kept.tolist() == before
