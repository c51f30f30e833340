"""Time gradient checkers on one function, each library in a process of its own.

    python -m benchmarks.checkers --torch PYTHON --hips PYTHON

The arguments are interpreters that have torch, and HIPS's autograd, installed: the latter shares
its import name with ours, so it cannot stand in one environment with it. Rounds go in turns.
"""

import argparse
import inspect
import json
import statistics
import subprocess
import sys

from benchmarks.expression import expression

FUNCTION = f"""
{inspect.getsource(expression)}
import json, statistics, sys, time

def readme(a, b):
    return expression(a, b, relu)

def report(**checks):
    times = {{}}
    for name, check in checks.items():
        check()
        rounds = []
        for _ in range(9):
            start = time.perf_counter()
            for _ in range(10):
                check()
            rounds.append((time.perf_counter() - start) / 10)
        times[name] = 1e3 * statistics.median(rounds)
    print(json.dumps(times))
"""

CHECKERS = {
    "chalkgrad": """
from autograd import relu
from autograd.check import assert_gradients
report(
    first=lambda: assert_gradients(readme, -4.0, 2.0, order=1),
    both=lambda: assert_gradients(readme, -4.0, 2.0),
)
""",
    "torch": """
import torch
from torch.autograd import gradcheck, gradgradcheck
torch.set_num_threads(1)
relu = torch.relu
at = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (-4.0, 2.0)]
report(
    first=lambda: gradcheck(readme, at),
    both=lambda: (gradcheck(readme, at), gradgradcheck(readme, at)),
)
""",
    "HIPS autograd": """
import autograd.numpy as np
from autograd.test_util import check_grads
relu = lambda x: np.maximum(x, 0.0)
report(
    first=lambda: check_grads(readme, order=1)(-4.0, 2.0),
    both=lambda: check_grads(readme)(-4.0, 2.0),
)
""",
}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch", help="a Python with torch", metavar="PYTHON")
    parser.add_argument("--hips", help="a Python with HIPS's autograd", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args(argv)
    pythons = {"chalkgrad": sys.executable, "torch": given.torch, "HIPS autograd": given.hips}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CHECKERS}
    for _ in range(given.rounds):
        for name, text in CHECKERS.items():
            if pythons[name] is None:
                continue
            # In an empty place: `python -c` puts the working folder on the path.
            command = [pythons[name], "-P", "-c", FUNCTION + text]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[name].append(json.loads(done.stdout))
    print(f"{'checker, 33 nodes':20} {'order 1, ms':>12} {'orders 1 and 2, ms':>20}")
    for name, rounds in found.items():
        if rounds:
            first, both = (statistics.median(r[key] for r in rounds) for key in ("first", "both"))
            print(f"{name:20} {first:12.2f} {both:20.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
