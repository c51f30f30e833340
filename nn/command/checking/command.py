"""The command `chalkgrad check`: is the gradient of a function in a file right, wrong or neither.

The file is imported in a child process, since it is somebody's program: what it prints is shown,
and what it does to modules, generators or modes ends with it.
"""

import argparse
import ast
import contextlib
import json
import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from autograd import asked
from nn.command.subcommand import CUT_OFF, OK, Option, Refusal, Subcommand, say

# The kinds of numbers that inputs are drawn in.
DTYPES = ("float64", "float32", "float16", "bfloat16")
# Of a wrong gradient, and of one that cannot be told with --strict.
WRONG_GRADIENT, UNKNOWN_GRADIENT = 1, 2
_MOST = 2**27
_LEFT = 30.0


def checking() -> Subcommand:
    """Return the command."""
    described = (
        "Check the gradient of a function in a file: chalkgrad check layers.py::my_layer --inputs "
        '"(3, 4), (4,)". The function is one of this engine, unless --torch or --jax says that it '
        "takes tensors or arrays of JAX, or --gradient names the function that gives its gradient, "
        "written by hand with NumPy; a module or a Function of PyTorch is known as one. Exit code "
        "0 if nothing is wrong, 1 if something is, and with --strict 2 if it cannot be told."
    )
    return Subcommand(
        "check the gradient of a function in a file", _check, _options(), (), described
    )


def _options() -> Sequence[Option]:
    shapes = (
        'the shapes of its inputs, such as "(3, 4), (4,)"; () is a number, int10(4) are four whole '
        "numbers below 10 for PyTorch or JAX, such as labels"
    )
    return [
        (["function"], {"metavar": "FILE.py::NAME", "help": "a function, layer or object in it"}),
        (["--inputs"], {"metavar": "SHAPES", "required": True, "help": shapes}),
        (["--torch"], {"action": "store_true", "help": "it takes tensors of PyTorch"}),
        (["--jax"], {"action": "store_true", "help": "it takes arrays of JAX"}),
        (
            ["--gradient"],
            {
                "metavar": "NAME",
                "help": "for NumPy: the function of the same file that gives its gradient; takes "
                "the inputs, and weights of the outputs if there are several",
            },
        ),
        (["--order"], {"type": int, "default": 1, "help": "2: second derivatives too (default 1)"}),
        (
            ["--strict"],
            {"action": "store_true", "help": "exit code 2 where it cannot be told"},
        ),
        (
            ["--seed"],
            {"type": int, "default": 0, "help": "of the inputs, and of weights drawn (default 0)"},
        ),
        (
            ["--dtype"],
            {"metavar": "KIND", "help": f"of the inputs: {', '.join(DTYPES)} (default float64)"},
        ),
        (["--seconds"], {"type": float, "help": "say what could be told in that time"}),
    ]


def _check(options: argparse.Namespace) -> int:
    request = _request(options)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        request["answer"] = str(answer)
        code = _run(request, options.seconds)
        text = answer.read_text(encoding="utf-8") if answer.is_file() else ""
    if not text:
        raise Refusal(f"{request['file']} ended the process that checked it, {_ending(code)}")
    told: dict[str, Any] = json.loads(text)
    if "refusal" in told:
        raise Refusal(told["refusal"])
    with contextlib.suppress(BrokenPipeError):
        say(told["report"])
        if told["wrong"]:
            return WRONG_GRADIENT
        return UNKNOWN_GRADIENT if options.strict and not told["certain"] else OK
    return CUT_OFF


def _request(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the child is asked, all that can be wrong in the words of the command said."""
    file, colons, name = options.function.partition("::")
    if not colons or not name:
        raise Refusal(
            f"expected FILE.py::NAME, such as layers.py::my_layer, got {options.function!r:.80}"
        )
    if not Path(file).is_file():
        raise Refusal(f"there is no file {file}")
    if Path(file).suffix != ".py":
        raise Refusal(f"{file} is no file of Python: its name must end in .py")
    if options.torch and options.jax:
        raise Refusal("--torch and --jax: write one of them")
    if options.gradient and (options.torch or options.jax):
        raise Refusal("--gradient is for functions of NumPy: PyTorch and JAX have a gradient")
    if options.gradient and options.order == 2:
        raise Refusal(
            "--order 2 is not for --gradient: check the second derivatives as the gradient of a "
            "function that returns the first"
        )
    dtype = options.dtype or "float64"
    if dtype not in DTYPES:
        near = asked.near(dtype, DTYPES)
        meant = f": is {near[0]} meant?" if near else ""
        raise Refusal(f"--dtype is one of {', '.join(DTYPES)}, got {dtype!r:.40}{meant}")
    if options.dtype and not (options.torch or options.jax or options.gradient):
        raise Refusal("--dtype is for --torch, --jax and --gradient: Values are float64")
    if options.seconds is not None and not 0.0 < options.seconds < math.inf:
        raise Refusal(f"--seconds must be more than 0, got {options.seconds:g}")
    if options.order not in (1, 2):
        raise Refusal(f"--order is 1 or 2, got {options.order}")
    if options.seed < 0:
        raise Refusal(f"--seed must be at least 0, got {options.seed}")
    return {
        "file": file,
        "name": name,
        "inputs": inputs_of(options.inputs),
        "kind": "torch" if options.torch else "jax" if options.jax else "",
        "gradient": options.gradient or "",
        "order": options.order,
        "seed": options.seed,
        "dtype": dtype,
        "seconds": options.seconds,
    }


def inputs_of(text: str) -> list[tuple[tuple[int, ...], int]]:
    """Return the shapes in a text, each with what whole numbers stay below; 0 for floats.

    Raises:
        Refusal: saying what to write instead.

    >>> inputs_of("(3, 4), (4,)"), inputs_of("()"), inputs_of("2")
    ([((3, 4), 0), ((4,), 0)], [((), 0)], [((2,), 0)])
    >>> inputs_of("(4, 3), int3(4)"), inputs_of("int(2, 5)")
    ([((4, 3), 0), ((4,), 3)], [((2, 5), 2)])
    """
    wanted = (
        'write the shapes of the inputs as "(3, 4), (4,)"; () is a number, int10(4) are four whole '
        "numbers below 10"
    )
    try:
        parts = ast.parse(f"[{text.strip()}]", mode="eval").body
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise Refusal(f"{text!r:.60} is no list of shapes: {wanted}") from None
    found = [_input(part, wanted) for part in cast(ast.List, parts).elts]
    if not found:
        raise Refusal(f"--inputs is empty: {wanted}")
    if (count := sum(math.prod(shape) for shape, _ in found)) > _MOST:
        raise Refusal(f"the inputs would hold {count:,} numbers: take smaller shapes")
    return found


def _input(part: ast.expr, wanted: str) -> tuple[tuple[int, ...], int]:
    """Return the shape that an expression stands for, and what its whole numbers stay below."""
    below, lengths = 0, [part]
    if isinstance(part, ast.Call) and not part.keywords and isinstance(part.func, ast.Name):
        kind = re.fullmatch(r"int([1-9]\d{0,8})?", part.func.id)
        # Whatever it is, it has two classes or rows.
        below, lengths = (int(kind[1] or 2) if kind else 0), part.args
        if not kind:
            raise Refusal(f"{ast.unparse(part)!s:.60} is no shape: {wanted}")
        if len(lengths) == 1 and isinstance(lengths[0], ast.Tuple | ast.List):
            lengths = lengths[0].elts
    elif isinstance(part, ast.Tuple | ast.List):
        lengths = part.elts
    shape: list[int] = []
    for length in lengths:
        n = length.value if isinstance(length, ast.Constant) else None
        if not isinstance(n, int) or isinstance(n, bool) or n < 1:
            raise Refusal(f"{ast.unparse(part)!s:.60} is no shape: {wanted}")
        shape.append(n)
    return tuple(shape), below


def _run(request: dict[str, Any], seconds: float | None) -> int:
    """Let a child do it, and return its exit code."""
    command = [sys.executable, "-m", "nn.command.checking.child"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    # A file that never ends its import: longer than the check itself was given.
    limit = None if seconds is None else seconds + max(_LEFT, seconds)
    try:
        process.communicate(json.dumps(request).encode(), timeout=limit)
    except subprocess.TimeoutExpired:
        raise Refusal(
            f"{request['file']} was not done within {limit:.0f} s: is it a program of its own? Put "
            'its work under if __name__ == "__main__":'
        ) from None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return process.returncode


def _ending(code: int) -> str:
    if code < 0:
        return f"by signal {-code}"
    return f"with exit code {code}: does it call exit() when it is imported?"
