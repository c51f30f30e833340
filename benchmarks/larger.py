"""Training on more data than memory: 10 GB of samples, and the memory that it takes over time.

    python -m benchmarks.larger [--gigabytes 10] [--folder FOLDER] [--source yielded|mapped]

Samples are made by a rule, batch by batch. A function yields them, or they are written to a file
and mapped; a network learns the rule for an epoch. Memory is that of the process: what it holds
itself, and with it the pages of files that the system keeps for it while it can.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from benchmarks import machine
from nn import MLP, SGD, History, fit

ROOT = Path(__file__).parents[1]
WIDTH, CLASSES, BLOCK = 784, 10, 4096
# Of a sample in float32.
BYTES = 4 * WIDTH
# Seconds between two looks at the memory, and lines that are printed.
PAUSE, LINES = 0.2, 12
# Of what a process may hold itself, in megabytes: it is refused more.
LIMIT = 1000

Pair: TypeAlias = tuple[Any, Any]
Sizes: TypeAlias = tuple[float, float]


def block(number: int, rows: int = BLOCK) -> Pair:
    """Samples and their labels, by a rule: the place of the largest of some sums."""
    rule = np.random.default_rng(0).normal(size=(WIDTH, CLASSES)).astype(np.float32)
    X = np.random.default_rng([1, number]).random((rows, WIDTH), dtype=np.float32) - np.float32(0.5)
    return X, (X @ rule).argmax(axis=1).astype(np.uint8)


def blocks(count: int) -> Iterator[Pair]:
    """All samples, some thousands at a time."""
    for number, first in enumerate(range(0, count, BLOCK)):
        yield block(number, min(BLOCK, count - first))


def yielded(count: int, batch: int) -> Callable[[int], Iterator[Pair]]:
    """A function of the epoch that yields all samples in batches."""

    def batches(epoch: int) -> Iterator[Pair]:
        for X, y in blocks(count):
            for i in range(0, len(X), batch):
                yield X[i : i + batch], y[i : i + batch]

    return batches


def written(count: int, folder: Path) -> Pair:
    """All samples in two files, mapped."""
    paths = folder / "X.npy", folder / "y.npy"
    heads: list[dict[str, Any]] = [
        {"descr": "<f4", "fortran_order": False, "shape": (count, WIDTH)},
        {"descr": "|u1", "fortran_order": False, "shape": (count,)},
    ]
    with paths[0].open("wb") as X_file, paths[1].open("wb") as y_file:
        for file, head in zip((X_file, y_file), heads, strict=True):
            np.lib.format.write_array_header_1_0(file, head)
        for X, y in blocks(count):
            X.tofile(X_file)
            y.tofile(y_file)
    X, y = (np.load(path, mmap_mode="r") for path in paths)
    return X, y


class Watching:
    """Looks at the memory of this process until it is left.

    Attributes:
        seen: seconds, the megabytes that the process holds itself, and those with mapped files.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[float, float, float]] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._began = time.perf_counter()

    def _look(self) -> None:
        while True:
            self.seen.append((time.perf_counter() - self._began, *memory()))
            if self._is_over.wait(PAUSE):
                break

    def __enter__(self) -> "Watching":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._thread.join()
        self.seen.append((time.perf_counter() - self._began, *memory()))


def memory() -> Sizes:
    """The megabytes that this process holds itself, and those with the pages of mapped files.

    Where the system does not tell them apart, the most that it has held so far stands for both.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        own, all_of = (int(lines[key].split()[0]) / 1024 for key in ("RssAnon", "VmRSS"))
        return own, all_of
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return most, most


def trained(X: Any, y: Any, batch: int, engine: str, validation: Any) -> History:
    """An epoch of descent."""
    model = MLP([WIDTH, 32, CLASSES], seed=0)
    return fit(
        model, X, y, loss="cross_entropy", optimizer=SGD(model.parameters(), lr=0.1), epochs=1,
        batch_size=batch, validation=validation, engine=engine, progress=False,
    )  # fmt: skip


def told(name: str, count: int, history: History, watching: Watching) -> None:
    """Print the memory over time, and what was learned."""
    seen = watching.seen
    gigabytes = count * BYTES / 1e9
    print(f"\n{name}: {gigabytes:.3g} GB, {count:,} samples, engine {history.engine}")
    print("  seconds  own MB  with mapped files MB")
    for seconds, own, all_of in seen[:: max(1, len(seen) // LINES)]:
        print(f"  {seconds:7.1f}  {own:6.0f}  {all_of:20.0f}")
    most = [max(x) for x in zip(*[sizes for _, *sizes in seen], strict=True)]
    print(f"  at most  {most[0]:6.0f}  {most[1]:20.0f}")
    print(f"  {seen[-1][0]:.0f} s; {history!r}")


def main(arguments: list[str] | None = None) -> int:
    """Train on either source and print the memory that it takes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.larger", description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=10.0, help="of samples in float32")
    parser.add_argument("--folder", type=Path, help="where the file is written, and deleted")
    parser.add_argument("--source", choices=("yielded", "mapped", "both"), default="both")
    parser.add_argument("--batch", type=int, default=128, help="samples in a step")
    parser.add_argument("--engine", default="auto")
    asked = sys.argv[1:] if arguments is None else arguments
    parser.add_argument("--limit", type=int, help="megabytes that the process may hold itself")
    given = parser.parse_args(asked)
    if given.source == "both":
        # Each in a process of its own, with one thread, so that neither holds what the other left.
        command = [sys.executable, "-m", "benchmarks.larger", *asked, "--source"]
        for source in ("yielded", "mapped"):
            subprocess.run(
                [*command, source, "--limit", str(LIMIT)],
                env=machine.environment(1),
                cwd=ROOT,
                check=True,
            )
        return 0
    if given.limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (given.limit * 2**20,) * 2)
    count = max(2, int(given.gigabytes * 1e9) // BYTES)
    if given.source == "yielded":
        held = block(count)  # none of those that are trained on
        with Watching() as watching:
            history = trained(yielded(count, given.batch), None, given.batch, given.engine, held)
        told("yielded by a function", count, history, watching)
    else:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            X, y = written(count, Path(folder))
            with Watching() as watching:
                history = trained(X, y, given.batch, given.engine, 0.1)
            told("mapped from a file", count, history, watching)
            del X, y
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
