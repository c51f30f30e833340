"""Turning DOT text into files with Graphviz: the only module that starts a program.

Order: the program `dot`; then the Graphviz libraries inside pygraphviz (the extra `render`), in a
process of its own, because they cannot be interrupted while they lay out. Both have a time limit.
"""

import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec

TIME_LIMIT = 20.0

# nslimit bounds the network simplex: without it one shared node feeding a chain of 200 took dot
# more than two minutes.
OPTIONS = ("-Gnslimit=1", "-Gnslimit1=1")

INSTALL = (
    "install Graphviz (apt install graphviz, brew install graphviz) "
    'or pip install "chalkgrad[render]"'
)

_CHILD = """
import sys, pygraphviz
text = sys.stdin.buffer.read().decode()
graph = pygraphviz.AGraph(string=text)
graph.graph_attr.update(nslimit="1", nslimit1="1")
sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))
"""


class RenderError(RuntimeError):
    """A picture could not be made in the form that was asked for; the message says why.

    >>> raise RenderError("neither dot nor pygraphviz is here to draw pdf")
    Traceback (most recent call last):
        ...
    autograd.display.writers.graphviz.RenderError: neither dot nor pygraphviz is here to draw pdf
    """


@dataclass(frozen=True, slots=True)
class Rendered:
    """The file that a program drew, or the reason why none did.

    Attributes:
        content: the file's bytes, None if no program drew it.
        engine: "dot" or "pygraphviz", empty if neither.
        reason: why a program that comes first did not draw it.
        timed_out: whether it was stopped because it took too long.
    """

    content: bytes | None
    engine: str
    reason: str = ""
    timed_out: bool = False


def available() -> list[str]:
    """Return the names of the engines found here, best first."""
    found = ["dot"] if shutil.which("dot") else []
    return [*found, "pygraphviz"] if find_spec("pygraphviz") is not None else found


def render(source: str, form: str, limit: float = TIME_LIMIT) -> Rendered:
    """Return DOT text rendered as svg, png or pdf by the first engine that can.

    Args:
        source: DOT text.
        form: the output format.
        limit: seconds each engine may take.
    """
    done = Rendered(None, "", "no Graphviz here")
    for engine in available():
        if engine == "dot":
            command = [shutil.which("dot") or "dot", f"-T{form}", *OPTIONS]
        else:
            command = [sys.executable, "-P", "-c", _CHILD, form]
        done = _run(engine, command, source, limit)
        # Both engines are the same program: where one is too slow the second would be, too.
        if done.content is not None or done.timed_out:
            break
    return done


def _run(engine: str, command: list[str], source: str, limit: float) -> Rendered:
    """Return the output of a command that is given `source`, or why there is none."""
    import subprocess

    try:
        done = subprocess.run(
            command,
            input=source.encode(),
            capture_output=True,
            timeout=limit,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # no console on Windows
        )
    except subprocess.TimeoutExpired:
        return Rendered(None, "", f"{engine} was stopped after {limit:g} seconds", timed_out=True)
    except OSError as error:
        return Rendered(None, "", f"{engine} could not be started: {error.strerror}")
    if done.returncode or not done.stdout:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        said = lines[-1] if lines else f"code {done.returncode}"
        return Rendered(None, "", f"{engine} failed: {said}")
    return Rendered(done.stdout, engine)


def with_scale(source: str, scale: float) -> str:
    """Return DOT text whose PNG has so many times as many pixels along each side."""
    return source.replace("{", f"{{\n\tdpi={96 * scale:g}", 1)


def small_png(source: str, scale: float, most: int) -> bytes | None:
    """Return DOT text as a PNG that fits into a notebook, or the smallest there is; None for none.

    Args:
        source: DOT text.
        scale: how many times as many pixels it has along each side; less, if 1 is too large.
        most: its bytes.
    """
    content = None
    for smaller in (1.0, 0.75, 0.6, 0.5) if scale == 1.0 else (1.0,):
        # With 256 colours it takes a third of the bytes; not every Graphviz can do that.
        for form in ("png", "png:cairo:gd"):
            made = render(with_scale(source, smaller * scale), form).content
            content = made or content
            if made is not None and len(made) <= most:
                return made
    return content
