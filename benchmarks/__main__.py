"""Measure everything beside the peers: `python -m benchmarks [--quick] [--write FOLDER]`.

Rows are printed as they are found, the figures to reach at the end. With --write, the page, the
results as JSON and the charts go to a folder.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.alone import ask
from benchmarks.bounds import Results
from benchmarks.page import machine_line, page, terminal, versions_line
from benchmarks.peers import DISTRIBUTIONS, OURS, installed
from benchmarks.programs.table import BATCHES, table
from benchmarks.steps import JAX
from benchmarks.timed import COUNT, ROUNDS, SECONDS
from benchmarks.tried import TRIED

ROOT = Path(__file__).parents[1]
# From 1e3 to 1e6 nodes.
NETWORKS = ("320,1,10", "784,2,10", "784,8,10", "784,32,10", "784,128,10", "784,512,10")
HURRIED = ("16,2,2", "16,8,2")


def timed(threads: int, settings: dict[str, Any]) -> dict[str, Any]:
    """The rows of a process with so many threads."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "rows.json"
        command = [sys.executable, "-m", "benchmarks.timed", "--threads", str(threads)]
        command += ["--to", str(found), "--rounds", str(settings["rounds"])]
        command += ["--seconds", str(settings["seconds"]), "--count", str(settings["count"])]
        environment = machine.environment(threads)
        subprocess.run(command, env=environment, cwd=ROOT, check=True)
        return json.loads(found.read_text(encoding="utf-8"))


def compiling(networks: Sequence[str], repeats: int, *flags: str) -> list[dict[str, Any]]:
    """For each network the medians of several processes."""
    found: list[dict[str, Any]] = []
    for sizes in networks:
        runs = [ask("compile", sizes, *flags) for _ in range(repeats)]
        medians = {
            key: None if runs[0][key] is None else statistics.median(run[key] for run in runs)
            for key in ("seconds", "megabytes")
        }
        found.append({**runs[0], **medians})
    return found


def depths(lengths: Sequence[int]) -> dict[str, Any]:
    """How long a chain the peers go backward through, of those lengths."""
    found: dict[str, Any] = {}
    for peer in ("micrograd", "MyGrad", "PyTorch"):
        distribution = DISTRIBUTIONS[peer]
        if installed(distribution) is None:
            continue
        found[peer] = {"reached": 0, "then": "longer ones were not tried"}
        for length in lengths:
            try:
                ask("depth", distribution, str(length))
            except RuntimeError as error:
                found[peer]["then"] = f"at {length:,}: {error}"
                break
            found[peer]["reached"] = length
    return found


def firsts(quick: bool) -> list[dict[str, Any]]:
    """For each program the medians to the first gradient, of ours and of JAX's, on a batch."""
    found: list[dict[str, Any]] = []
    names = [name for name in table({}) if name.endswith(f"batch {BATCHES[1]}")]
    engines = (OURS, JAX) if installed("jax") else (OURS,)
    for name in names[:1] if quick else names:
        for engine in engines:
            runs = [ask("first", name, engine) for _ in range(1 if quick else 3)]
            seconds = statistics.median(run["seconds"] for run in runs)
            found.append({**runs[0], "seconds": seconds})
    return found


def alone(quick: bool) -> Results:
    """What has processes of its own."""
    lengths = (100, 1_000) if quick else (10_000, 100_000, 1_000_000)
    counts = (10,) if quick else (10, 1_000)
    rounds = "1" if quick else "7"
    return {
        "compiling": compiling(["784,50,10"], 1 if quick else 5),
        "growth": compiling(HURRIED if quick else NETWORKS, 1 if quick else 3, "--plain"),
        "first": firsts(quick),
        "chains": [ask("chain", str(length)) for length in lengths],
        "depths": depths((100,) if quick else (100, 1_000, 10_000, 100_000)),
        "pictures": [ask("picture", str(n), "--rounds", rounds) for n in counts],
    }


def measure(settings: dict[str, Any]) -> Results:
    """Measure all; what is found is printed as it is found."""
    start = time.perf_counter()
    results: Results = {
        "machine": machine.machine(),
        "versions": machine.versions(),
        "settings": settings,
        "missing": {},
        "rows": [],
        "products": [],
    }
    print(f"{machine_line(results)}\n{versions_line(results)}")
    for threads in settings["threads"]:
        if threads > results["machine"]["cores"]:
            print(f"\n{threads} threads are not measured: the cores do not suffice")
            continue
        print(f"\n{threads} thread{'s' if threads > 1 else ''}\n", flush=True)
        found = timed(threads, settings)
        results["rows"] += found["rows"]
        results["missing"] |= found["missing"]
        results["products"].append(found["products"])
    print("\nCompiling, chains and pictures, one thread\n", flush=True)
    results |= alone(settings["quick"])
    settings["took"] = time.perf_counter() - start
    return results


def write(folder: Path, results: Results) -> None:
    """Write the page, the numbers and, where matplotlib is, the charts."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "benchmarks.md": page(results, TRIED),
        "benchmarks.json": json.dumps(results, indent=1, ensure_ascii=False) + "\n",
    }
    if installed("matplotlib") is None:
        print("matplotlib is not installed: no charts are drawn")
    else:
        from benchmarks import chart

        files["benchmarks.svg"] = chart.beside(results)
        files["benchmarks-growth.svg"] = chart.growth(results)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="batches of each program")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="what a batch takes")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="of the libraries")
    parser.add_argument("--quick", action="store_true", help="little of all, to see that it works")
    parser.add_argument("--read", type=Path, metavar="FILE", help="measure nothing: take this JSON")
    parser.add_argument(
        "--write", type=Path, metavar="FOLDER", help="page, JSON and charts go here"
    )
    given = parser.parse_args(arguments)
    if given.read is not None:
        results = json.loads(given.read.read_text(encoding="utf-8"))
    else:
        results = measure(
            {
                "quick": given.quick,
                "threads": given.threads,
                "rounds": 2 if given.quick else given.rounds,
                "seconds": 0.001 if given.quick else given.seconds,
                "count": 640 if given.quick else COUNT,
            }
        )
    print(f"\n{terminal(results)}")
    if given.write is not None:
        write(given.write, results)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
