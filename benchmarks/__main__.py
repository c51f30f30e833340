"""Print the table: `python -m benchmarks [--rounds N] [--seconds S] [--quick]`."""

import argparse
import os
import platform
import shutil
import statistics
import sys
from importlib import metadata

from benchmarks import work
from benchmarks.timing import Comparison, compare, shown

# What a row should reach, as the ratio of our time to the peer's.
REACH_README = 0.30
REACH_MLP = 1 / 20
REACH_DRAW = 1.2


def line(name: str, found: Comparison, reach: float | None) -> None:
    wanted = f"{reach:.3f}" if reach is not None else "-"
    print(
        f"{name:42} {shown(found.ours)} {shown(found.theirs)}  "
        f"{found.ratio:6.3f}  {found.spread:>13}  {wanted:>6}"
    )


def machine() -> None:
    """Say what the numbers were measured on."""
    names = ["chalkgrad", "numpy", "micrograd"]
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names if installed(name))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{platform.system()} {platform.machine()}, {cores} cores")
    print(f"{platform.python_implementation()} {platform.python_version()}; {versions}\n")


def installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def beside_micrograd(rounds: int, seconds: float) -> None:
    """Time what micrograd can do too, in turns with it."""
    import micrograd.engine
    import micrograd.nn

    from autograd import Value

    head = "eager, forward and backward"
    print(f"{head:42} {'ours':>10} {'micrograd':>10}   ratio    middle half   reach")
    theirs = micrograd.engine.Value
    found = compare(work.readme(Value), work.readme(theirs), rounds=rounds, seconds=seconds)
    line("README expression, 33 nodes", found, REACH_README)
    samples = work.ours_mlp(), work.scalar_mlp(micrograd.nn)
    found = compare(*samples, rounds=rounds, seconds=seconds)
    line("one sample, MLP [2, 16, 16, 1]", found, REACH_MLP)


def chains(lengths: list[int], rounds: int) -> None:
    """Time chains of growing length: what they take for each node should not grow."""
    print(f"\n{'chain, for each node':42} {'build':>10} {'backward':>10} {'free':>10}")
    for length in lengths:
        runs = [work.chain_seconds(length) for _ in range(rounds)]
        build, back, free = (statistics.median(part) / length for part in zip(*runs, strict=True))
        print(f"{length:<42,} {shown(build)} {shown(back)} {shown(free)}")
    length = lengths[-2]
    size = work.chain_bytes(length)
    print(f"\nbytes a node after backward, {length:,} nodes: {size:.0f} (reach: 200)")


def drawings(counts: list[int], rounds: int) -> None:
    """Time pictures beside `dot` alone on the same text."""
    if shutil.which("dot") is None:
        print("\nGraphviz's dot is not installed: no pictures are timed")
        return
    print(f"\n{'picture':42} {'draw':>10} {'dot alone':>10}   ratio    middle half   reach")
    for count in counts:
        ours, dot_alone, boxes = work.drawing(work.network(count))
        found = compare(ours, dot_alone, rounds=rounds, seconds=0.1)
        line(f"{boxes:,} boxes", found, REACH_DRAW)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="batches of each program")
    parser.add_argument("--seconds", type=float, default=0.2, help="what a batch takes")
    parser.add_argument("--quick", action="store_true", help="little of all, to see that it works")
    options = parser.parse_args(arguments)
    rounds, seconds = (2, 0.001) if options.quick else (options.rounds, options.seconds)
    machine()
    if installed("micrograd"):
        beside_micrograd(rounds, seconds)
    else:
        print("micrograd is not installed: pip install 'chalkgrad[bench]' (or run make bench)")
    chains([100, 1_000, 2_000] if options.quick else [10_000, 100_000, 1_000_000], min(rounds, 3))
    drawings([10, 100] if options.quick else [10, 1_000], min(rounds, 5))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
