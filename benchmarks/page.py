"""The results as text: tables for the terminal, and the page docs/benchmarks.md."""

from collections.abc import Sequence
from typing import Any

from autograd.table import Table
from benchmarks.bounds import BOUNDS, Bound, Results
from benchmarks.rows import from_json
from benchmarks.timed import ROUNDS, SECONDS
from benchmarks.timing import shown, three_digits

MET = {True: "yes", False: "**no**", None: "-"}


def machine_line(results: Results) -> str:
    machine = results["machine"]
    load = "" if machine["load"] is None else f", load {machine['load']} before"
    return f"{machine['processor']}, {machine['cores']} cores, {machine['system']}{load}"


def versions_line(results: Results) -> str:
    return ", ".join(f"{name} {version}" for name, version in results["versions"].items())


def missing_lines(results: Results) -> list[str]:
    return [f"{peer}: {why}" for peer, why in results["missing"].items()]


def limits_lines(results: Results) -> list[str]:
    """What the machine's matrix products allow the large step."""
    return [
        f"{found['threads']} thread{'s' if found['threads'] > 1 else ''}: the five matrix products "
        f"of the step [784, 512, 10] batch 128 float32 alone take {shown(found['times'][1])} "
        f"({shown(found['times'][0])} to {shown(found['times'][2])}), "
        f"{three_digits(found['gigaflops'])} Gflop/s"
        for found in results["products"]
    ]


def chain_lines(results: Results) -> list[str]:
    lines = [
        f"{e['length']:,} nodes: build {shown(e['build'])}, backward {shown(e['backward'])}, "
        f"free {shown(e['free'])}; {e['bytes a node']:.0f} bytes a node"
        for e in results["chains"]
    ]
    return lines + [
        f"{peer}: goes backward through {d['reached']:,} nodes; {d['then']}"
        for peer, d in results["depths"].items()
    ]


def picture_lines(results: Results) -> list[str]:
    lines: list[str] = []
    for e in results["pictures"]:
        if "missing" in e:
            lines.append(f"{e['count']:,} nodes: {e['missing']}")
            continue
        ours, alone = (e["times"][name][1] for name in ("chalkgrad", "dot alone"))
        lines.append(
            f"{e['count']:,} nodes ({e['boxes']:,} boxes): {shown(ours)}, dot alone {shown(alone)}"
        )
    return lines


def growth_rows(results: Results) -> list[tuple[str, ...]]:
    return [
        (
            str(e["sizes"]),
            f"{e['nodes']:,}",
            shown(e["seconds"]),
            f"{e['seconds'] / e['nodes'] * 1e6:.2f} µs",
            f"{e['megabytes']:.0f} MB" if e["megabytes"] else "-",
        )
        for e in results["growth"]
    ]


def first_rows(results: Results) -> list[tuple[str, ...]]:
    return [
        (
            e["name"],
            e["engine"],
            shown(e["seconds"]),
            f"{e['megabytes']:.0f} MB" if e["megabytes"] is not None else "-",
            f"{e['statements']:,}" if e["statements"] is not None else "-",
        )
        for e in results.get("first", ())
    ]


FIRST_HEAD = ("work", "program", "to the first gradient", "memory grown", "statements")
GROWTH_HEAD = ("network", "nodes", "compile", "a node", "peak memory")
BOUND_HEAD = ("work", "figure", "to reach", "measured", "met")


def bound_rows(results: Results) -> list[tuple[str, ...]]:
    return [(b.work, b.what, b.asked, b.measured(results), MET[b.is_met(results)]) for b in BOUNDS]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    return Table(head, rows, "<" * len(head))


def terminal(results: Results) -> str:
    """What `make bench` prints below the rows, which it printed as it found them."""
    rows = [[cell.replace("*", "") for cell in row] for row in bound_rows(results)]
    parts = [
        str(table(GROWTH_HEAD, growth_rows(results))),
        str(table(FIRST_HEAD, first_rows(results))),
        "\n".join(chain_lines(results) + picture_lines(results) + limits_lines(results)),
        "\n".join(f"left out: {line}" for line in missing_lines(results)),
        str(table(BOUND_HEAD, rows)),
        f"{machine_line(results)}\n{versions_line(results)}",
    ]
    return "\n\n".join(part for part in parts if part)


def timed_table(results: Results, threads: int) -> str:
    lines: list[tuple[str, ...]] = []
    for kept in results["rows"]:
        row = from_json(kept)
        if row.threads != threads:
            continue
        for i, (program, (low, median, high)) in enumerate(row.times.items()):
            ratio = "1"
            if program in row.ratios:
                a, b, c = (three_digits(x) for x in row.ratios[program])
                ratio = f"{b} ({a} to {c})"
            half = f"{shown(low)} to {shown(high)}"
            lines.append(("" if i else row.name, program, shown(median), half, ratio))
        lines += [("", peer, "left out", why, "-") for peer, why in row.missing.items()]
    head = ("work", "program", "median", "middle half", "ours is of it")
    return table(head, lines).markdown(escaped=False)


def not_reached(results: Results) -> str:
    """Each bound that is not met, in a sentence."""
    missed = [b for b in BOUNDS if b.is_met(results) is False]
    unknown = [b for b in BOUNDS if b.is_met(results) is None]

    def sentence(b: Bound, so: str) -> str:
        return f"- {b.work}, {b.what}: {b.asked} is {so}; {b.measured(results)}."

    lines = [sentence(b, "not reached") for b in missed]
    lines += [sentence(b, "open") for b in unknown]
    return "\n".join(lines) or "Every figure is reached."


def bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def command(settings: dict[str, Any]) -> str:
    """What made the page: the options that are not the usual ones, and where it goes."""
    options: list[str] = ["--quick"] if settings["quick"] else []
    if not settings["quick"]:
        for name, usual in (("rounds", ROUNDS), ("seconds", SECONDS)):
            options += [f"--{name} {settings[name]}"] if settings[name] != usual else []
    return f'make bench ARGS="{" ".join([*options, "--write docs"])}"'


def method(results: Results) -> str:
    """How it was measured, and which peers were left out."""
    settings: dict[str, Any] = results["settings"]
    missing = missing_lines(results)
    left_out = f"\n\nLeft out in this run:\n\n{bullets(missing)}" if missing else ""
    return f"""## How it is measured

- The programs of a row run in one process, in turns: {settings["rounds"]} rounds, each program in
  batches of about {settings["seconds"]} s, starting with another one each round. A ratio is taken
  round by round, because a machine drifts by tens of percent within a minute. Numbers are medians;
  in parentheses stands the middle half (of fewer than four rounds: the least and the greatest).
- Before anything is timed, losses, slopes and weights after three steps are compared. A peer whose
  numbers differ (by 1e-12 in scalar rows, 1e-10 for steps in float64, 1e-9 for the programs of
  `benchmarks/programs`, 1e-4 in float32) is left out.
- Each thread count has its own process, whose BLAS, OpenMP, PyTorch and XLA get that many. What
  is compiled is compiled beforehand; the collector stays on.
- HIPS's autograd is in an environment of its own, because of its import name, and answers from a
  worker process, which times a loop of its own in its turn.
- Each peer is written as it is quickest: JAX jits the whole step, with donated buffers, and is
  waited for after each; *never waited for* waits at the end of a batch only, and so lets the next
  call begin while another core computes. PyTorch updates without an optimiser's bookkeeping. All
  hand back the loss.
- The images are random numbers in the shape of MNIST's, cut into batches beforehand.
- Compiling, chains and pictures are measured in processes of their own, one thread. Compiling is
  the median of several processes, from the function to its first gradient on a batch of 128; peak
  memory is the whole process's, interpreter and parameters included.{left_out}
"""


def page(results: Results, tried: str) -> str:
    """The page docs/benchmarks.md; `tried` is a section on what was measured and not kept."""
    settings: dict[str, Any] = results["settings"]
    warning = ""
    if (results["machine"]["load"] or 0.0) > results["machine"]["cores"] / 2:
        warning = "\n\n**Others were using the machine: times are too long, and ratios uncertain.**"
    if settings["quick"]:
        warning = "\n\n**A hurried run, to see that the command works: its numbers mean nothing.**"
    threads = sorted({row["threads"] for row in results["rows"]})
    tables = "\n\n".join(
        f"### {n} thread{'s' if n > 1 else ''}\n\n{timed_table(results, n)}" for n in threads
    )
    return f"""# Speed and size

Made by

    {command(settings)}

on {machine_line(results)}, with {versions_line(results)},
in {settings["took"]:.0f} s.{warning}

![Time of the peers over that of chalkgrad, for each row](benchmarks.svg)

## What is to be reached

{table(BOUND_HEAD, bound_rows(results)).markdown(escaped=False)}

One thread unless said. Ratios are our time over the peer's: smaller is better.

## What is not reached

{not_reached(results)}

{method(results)}
## All programs

{tables}

## The limit of the large step

{bullets(limits_lines(results))}

## Compiling, from a thousand nodes to a million

Networks written as plain `*` and `+`, sigmoid, half squared error, float32.

{table(GROWTH_HEAD, growth_rows(results)).markdown(escaped=False)}

![Compile time over the number of nodes](benchmarks-growth.svg)

## To the first gradient

From the function to the end of its first piece of work, in a process of its own, engines imported
beforehand; the memory is what the process's peak grew by meanwhile.

{table(FIRST_HEAD, first_rows(results)).markdown(escaped=False)}

## Chains

{bullets(chain_lines(results))}

## Pictures

{bullets(picture_lines(results))}

{tried}"""
