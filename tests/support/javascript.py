"""JavaScript that runs in a test: by node, and in Chromium, many functions in one go.

Numbers travel as texts, for JSON has neither infinities nor nan, and JavaScript drops the sign of a
zero when it writes one.
"""

import json
import math
import shutil
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

import pytest

NODE = shutil.which("node")

# A function's text, and the arguments to call it with, each a list of numbers.
Job = tuple[str, Sequence[Sequence[float]]]
Run = Callable[[Sequence[Job]], list[list[Any]]]

_ALL = """(jobs) => {
  const written = (x) =>
    typeof x === "number" ? (Object.is(x, -0) ? "-0" : String(x))
      : Array.isArray(x) ? x.map(written)
        : Object.fromEntries(Object.entries(x).map(([key, part]) => [key, written(part)]));
  return jobs.map(([text, points]) => {
    const f = (0, eval)(text);
    return points.map((point) => written(f(point.map(Number))));
  });
}"""


def number(x: float) -> str:
    if math.isfinite(x):
        return repr(x)
    return "NaN" if x != x else "Infinity" if x > 0.0 else "-Infinity"


def read(found: Any) -> Any:
    """Return the numbers that texts are, in lists and objects."""
    if isinstance(found, dict):
        return {key: read(part) for key, part in found.items()}
    return [read(x) for x in found] if isinstance(found, list) else float(found)


def _told(jobs: Sequence[Job]) -> Any:
    return [[text, [[number(x) for x in point] for point in points]] for text, points in jobs]


def by_node(jobs: Sequence[Job]) -> list[list[Any]]:
    """Return what each function gives for each of its arguments, as node computes it."""
    script = f"process.stdout.write(JSON.stringify(({_ALL})({json.dumps(_told(jobs))})))"
    return read(json.loads(node(script)))


def node(script: str) -> str:
    """Return what a script writes when node runs it."""
    if NODE is None:
        pytest.skip("node is not installed: apt-get install nodejs")
    done = subprocess.run(
        [NODE, "-"], input=script, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_chromium(browser: Any) -> Run:
    """Return what does the same in a page of Chromium."""

    def run(jobs: Sequence[Job]) -> list[list[Any]]:
        page = browser.new_page()
        try:
            return read(page.evaluate(_ALL, _told(jobs)))
        finally:
            page.close()

    return run


engines = pytest.mark.parametrize(
    "engine", ["node", pytest.param("chromium", marks=pytest.mark.browser)]
)


def runner(engine: str, request: pytest.FixtureRequest) -> Run:
    """Return what runs JavaScript in an engine."""
    return by_node if engine == "node" else in_chromium(request.getfixturevalue("browser"))
