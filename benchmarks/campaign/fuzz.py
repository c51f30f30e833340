"""Call every public name with a hundred kinds of bad values, and count what happens.

`python -m benchmarks.campaign fuzz [--calls N | --seconds S] [--seed K]`. A good call is spoiled
in one place, or in two once every single one has been made. It may work, or raise a sentence of
ours; an AttributeError, IndexError, KeyError, RecursionError and their like is a fault, and so
are a hang, a mode that is left on and a row that is left in the table.
"""

import argparse
import ast
import collections
import contextlib
import dataclasses
import functools
import inspect
import io
import itertools
import multiprocessing
import opcode
import os
import random
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from autograd import unregister
from autograd.engine.primitive import TABLE
from benchmarks.campaign import values
from benchmarks.campaign.calls import CALLS, HELPERS
from benchmarks.campaign.values import BAD

FULL = 75_000
# A call of the fuzz takes a few milliseconds: what takes so long on a busy machine hangs.
HANGS = 60.0
MEMORY = 8 * 2**30
OURS = tuple(
    str(Path(values.ag.__file__).parents[1] / room) + os.sep for room in ("autograd", "nn")
)
HERE = str(Path(__file__).parent) + os.sep
# What no wrong argument may end in, whoever raises it.
LEAKS = (
    *(AttributeError, LookupError, RecursionError, AssertionError, NameError, SystemError),
    *(StopIteration, StopAsyncIteration, MemoryError),
)
# What only a sentence of ours may say.
PLAIN = (ArithmeticError, RuntimeError, UnicodeError, EOFError, BufferError)


@dataclasses.dataclass(frozen=True)
class Case:
    """One call, as text."""

    call: str

    @property
    def program(self) -> str:
        return f"from benchmarks.campaign.values import *\n{self.call}"


def _spoilt(call: str) -> list[tuple[ast.expr, Any]]:
    """Every place of a good call that takes a bad value, as (tree, how to put one there)."""
    tree = ast.parse(call, mode="eval").body
    places: list[Any] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or ast.unparse(node.func) in HELPERS:
            continue
        places += [(node.args, i) for i in range(len(node.args)) if _is_ours(node, i)]
        places += [(node.keywords, i) for i in range(len(node.keywords))]
        places += [(node, name) for name in _left_out(node)]
    return [(tree, place) for place in places]


def _is_ours(node: ast.Call, i: int) -> bool:
    """Whether a place is given to us: NumPy's own functions and operators keep their Value."""
    function = ast.unparse(node.func)
    if function == "applied" or function.startswith("np."):
        return i >= (function == "applied") and ast.unparse(node.args[i]) != "leaf()"
    if function == "assigned":
        return i == 2 and ast.unparse(node.args[1]) != "'grad'"
    return True


def _left_out(node: ast.Call) -> list[str]:
    """The parameters of a call's function that the call does not give."""
    if ast.unparse(node.func).startswith(("np.", "applied")):
        return []
    try:
        function = eval(ast.unparse(node.func), dict(vars(values)))
        if function is values.trained:
            function = values.nn.fit
        bound = inspect.signature(function)
        given = bound.bind_partial(*node.args, **{k.arg or "": 0 for k in node.keywords})
    except (TypeError, ValueError):
        return []
    left = [p for p in bound.parameters.values() if p.name not in given.arguments]
    return [p.name for p in left if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _filled(tree: ast.expr, places: Sequence[Any], bad: Sequence[str]) -> str:
    """The call with bad values in some places; the tree is as before afterwards."""
    undo: list[Any] = []
    for (node, where), text in zip(places, bad, strict=True):
        value = ast.Name(f"({text})")
        if isinstance(where, str):
            node.keywords.append(ast.keyword(where, value))
            undo.append(functools.partial(node.keywords.pop))
        elif isinstance(node[where], ast.keyword):
            undo.append(functools.partial(setattr, node[where], "value", node[where].value))
            node[where].value = value
        else:
            undo.append(functools.partial(node.__setitem__, where, node[where]))
            node[where] = value
    call = ast.unparse(tree)
    for back in reversed(undo):
        back()
    return call


def cases(seed: int) -> Iterator[Case]:
    """Every good call spoiled once, in an order drawn from the seed; then twice, without end."""
    rng = random.Random(seed)
    calls = {call: _spoilt(call) for call in CALLS}
    singles = [(*place, bad) for places in calls.values() for place in places for bad in BAD]
    rng.shuffle(singles)
    for tree, place, bad in singles:
        yield Case(_filled(tree, [place], [bad]))
    several = [places for places in calls.values() if len(places) > 1]
    while True:
        places = rng.sample(rng.choice(several), 2)
        tree = places[0][0]
        yield Case(_filled(tree, [place for _, place in places], rng.choices(BAD, k=2)))


def count_of_singles() -> int:
    """How many calls it takes to spoil every place with every value."""
    return len(BAD) * sum(len(_spoilt(call)) for call in CALLS)


def verdict(error: BaseException) -> str:
    """What an error counts as: a sentence, the caller's own, Python's words, or a fault."""
    trace = error.__traceback__
    frames: list[Any] = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    code = frames[-1].tb_frame.f_code
    file = code.co_filename
    if file.startswith((HERE, "<fuzz>")) and len(frames) > 2:
        return "the caller's own error"
    raised = code.co_code[frames[-1].tb_lasti] == opcode.opmap["RAISE_VARARGS"]
    sentence = raised and file.startswith(OURS)
    if not any(frame.tb_frame.f_code.co_filename.startswith(OURS) for frame in frames):
        return "Python's words"
    # A name that begins with assert_ raises nothing else.
    meant = isinstance(error, LookupError) or any(
        isinstance(error, AssertionError) and frame.tb_frame.f_code.co_name.startswith("assert_")
        for frame in frames
    )
    if isinstance(error, LEAKS) and not (sentence and meant):
        return "fault"
    if sentence:
        return "a sentence"
    return "fault" if isinstance(error, PLAIN) else "Python's words"


def state() -> tuple[Any, ...]:
    """What a call may not change: that operations are recorded, and the table."""
    recorded = (values.leaf() * 3.0).op is not None
    return recorded, tuple(TABLE.values())


def outcome(case: Case) -> tuple[str, str]:
    """Make a call; what it counts as, and the details of a fault."""
    before = state()
    scope = dict(vars(values))
    said = ""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            eval(compile(case.call, "<fuzz>", "eval"), scope)
        kind = "works"
    except (Exception, SystemExit) as error:
        kind = verdict(error)
        last = traceback.extract_tb(error.__traceback__)[-1]
        words = "".join(traceback.format_exception_only(error)).strip()
        said = f"{words:.240} ({last.filename}:{last.lineno})"
    if kind == "works":
        for name in [row.name for row in TABLE.values() if row not in before[1]]:
            unregister(name)
    if (after := state()) != before:
        return "fault", f"left on or behind: {set(after) ^ set(before)}; {said}"
    return kind, said


def _limited() -> None:
    """Let a call that asks for all memory fail, rather than the machine."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))


def _work(pipe: Any, seed: int, start: int, calls: int) -> None:
    """Make the calls from `start` on and send what each came to."""
    _limited()
    # Its lock is one of the operating system's otherwise, which a killed process leaves behind.
    tqdm.set_lock(threading.RLock())
    warnings.simplefilter("ignore")
    os.environ["MPLBACKEND"] = "Agg"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for case in itertools.islice(cases(seed), start, calls):
            pipe.send((case, *outcome(case)))
            if "matplotlib.pyplot" in sys.modules:
                sys.modules["matplotlib.pyplot"].close("all")
        os.chdir("/")


def search(calls: int, seed: int, seconds: float | None = None) -> Iterator[tuple[Case, str, str]]:
    """Make calls in a process of their own, and start another where one hangs."""
    end = None if seconds is None else time.monotonic() + seconds
    spawn = multiprocessing.get_context("spawn")
    done = 0
    while done < calls:
        ours, theirs = spawn.Pipe(False)
        worker = spawn.Process(target=_work, args=(theirs, seed, done, calls), daemon=True)
        worker.start()
        theirs.close()
        try:
            while done < calls:
                if end is not None and time.monotonic() > end:
                    return
                if not ours.poll(HANGS):
                    yield next(itertools.islice(cases(seed), done, None)), "fault", "it hangs"
                    done += 1
                    break
                try:
                    found = ours.recv()
                except EOFError:
                    yield next(itertools.islice(cases(seed), done, None)), "fault", "it crashes"
                    done += 1
                    break
                yield found
                done += 1
        finally:
            worker.kill()
            worker.join()
            ours.close()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaign fuzz", description=__doc__)
    parser.add_argument("--calls", type=int, default=FULL, help=f"how many; {FULL:,} by default")
    parser.add_argument("--seconds", type=float, help="stop after so long")
    parser.add_argument("--seed", type=int, default=0, help="of the order and of the pairs")
    parser.add_argument("--words", action="store_true", help="list what Python's own words say too")
    given = parser.parse_args(arguments)
    print(f"seed {given.seed}; {count_of_singles():,} calls spoil one place, the others two; "
          f"{FULL:,} calls take two to five minutes on one core")  # fmt: skip
    counts: collections.Counter[str] = collections.Counter()
    start = time.monotonic()
    for case, kind, said in search(given.calls, given.seed, given.seconds):
        counts[kind] += 1
        if kind == "fault" or (given.words and kind == "Python's words"):
            print(f"\n{case.program}\n# {said}", flush=True)
    print(f"\n{counts.total():,} calls in {time.monotonic() - start:.0f} s")
    for kind, count in counts.most_common():
        print(f"{count:7,} {kind}")
    return 1 if counts["fault"] else 0
