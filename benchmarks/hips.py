"""The worker that HIPS's autograd is timed in, run by the Python of an environment of its own.

Its import name is that of the package measured here, so the two cannot share one. It answers lines
on its standard input: "numbers" with the value and the slopes, a number with the seconds that so
many calls take, timed by a loop in here. It imports nothing of this project.
"""

import gc
import json
import runpy
import sys
from pathlib import Path
from time import perf_counter

import autograd.numpy as np
from autograd import value_and_grad

given = runpy.run_path(str(Path(__file__).with_name("expression.py")))
with_slopes = value_and_grad(
    lambda a, b: given["expression"](a, b, lambda x: np.maximum(x, 0.0)), argnum=(0, 1)
)


def seconds_for(calls):
    gc.collect()
    start = perf_counter()
    for _ in range(calls):
        with_slopes(*given["AT"])
    return perf_counter() - start


for line in sys.stdin:
    if line.strip() == "numbers":
        value, slopes = with_slopes(*given["AT"])
        answer = [float(x) for x in (value, *slopes)]
    else:
        answer = seconds_for(int(line))
    print(json.dumps(answer), flush=True)
