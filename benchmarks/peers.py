"""The other engines: which of them can be imported here, and why the others cannot.

HIPS's autograd lives in an environment inside this one, which `benchmarks.install` makes; a worker
process of its Python answers for it.
"""

import importlib
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.timing import Clock

OURS = "chalkgrad"
HIPS = "HIPS autograd"

# What a peer is called here, and what is imported for it.
MODULES = {
    "micrograd": "micrograd.nn",
    "PyTorch": "torch",
    "JAX": "jax",
    "MyGrad": "mygrad",
}
DISTRIBUTIONS = {"micrograd": "micrograd", "PyTorch": "torch", "JAX": "jax", "MyGrad": "mygrad"}


def hips_python() -> Path:
    """The Python that has HIPS's autograd, whether it is there or not."""
    folder = Path(sys.prefix) / "hips"
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text:.160}" if text else type(error).__name__


def imported(threads: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Import the peers; return the module of each, and why the missing ones are missing."""
    found: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name, module in MODULES.items():
        try:
            found[name] = importlib.import_module(module)
        except ModuleNotFoundError as error:
            missing[name] = f"not installed ({error.name})"
        except Exception as error:  # a broken library raises what it likes
            missing[name] = f"cannot be imported: {one_line(error)}"
    if "PyTorch" in found:
        found["PyTorch"].set_num_threads(threads)
    if "JAX" in found:
        found["JAX"].config.update("jax_enable_x64", True)
    return found, missing


def installed(distribution: str) -> str | None:
    """The version of a distribution, None if it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def versions() -> dict[str, str]:
    """The version of each peer that is installed."""
    asked = {name: installed(distribution) for name, distribution in DISTRIBUTIONS.items()}
    found = {name: version for name, version in asked.items() if version is not None}
    ask = "from importlib import metadata; print(metadata.version('autograd'))"
    if hips_python().exists():
        done = subprocess.run(
            [hips_python(), "-I", "-c", ask], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            found[HIPS] = done.stdout.strip()
    return found


class HipsWorker:
    """A process that times HIPS's autograd; see hips.py.

    Raises:
        FileNotFoundError: if its environment is not there.
        RuntimeError: if it ended without an answer.
    """

    def __init__(self) -> None:
        if not hips_python().exists():
            raise FileNotFoundError("not installed (its own environment is missing)")
        script = Path(__file__).with_name("hips.py")
        # -I: with neither PYTHONPATH nor this folder on its path, it cannot import our package.
        self._process = subprocess.Popen(
            [hips_python(), "-I", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _ask(self, line: str) -> Any:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass
        answer = process.stdout.readline()
        if not answer:
            last = process.communicate()[1].strip().splitlines()[-1:]
            raise RuntimeError(f"its process ended: {''.join(last):.160}")
        return json.loads(answer)

    def numbers(self) -> list[float]:
        """The expression's value and its two slopes."""
        return self._ask("numbers")

    @property
    def clock(self) -> Clock:
        return lambda calls: float(self._ask(str(calls)))

    def __enter__(self) -> "HipsWorker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()
