"""Two charts of the results as SVG: the peers beside us, and how compile time grows.

The text of the files is the same for the same results. They stand on a card of their own, light or
dark as the reader's system is, and can be read on any page.
"""

import re
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmarks.bounds import Results
from benchmarks.peers import OURS
from nn.plots import svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# In the order of the legend. Okabe and Ito's colours, with a lighter blue, without the yellow and
# the black, each of which vanishes on one of the cards.
PEERS = {
    "NumPy by hand": ("#3d8fd1", "o"),
    "JAX jit": ("#e69f00", "s"),
    "JAX jit, never waited for": ("#009e73", "D"),
    "PyTorch": ("#cc79a7", "^"),
    "MyGrad": ("#56b4e9", "v"),
    "HIPS autograd": ("#d55e00", "P"),
    "micrograd": ("#8c8c8c", "*"),
}
INK, PAPER, LINE = "#24292f", "#fefefe", "#d0d7de"
DARK = {INK: "#e6edf3", PAPER: "#161b22", LINE: "#444c56"}


def figure(width: float, height: float) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained", facecolor=PAPER)
    axes = made.add_subplot(facecolor=PAPER)
    axes.tick_params(which="both", colors=INK)
    axes.spines[:].set_visible(False)
    axes.grid(True, which="major", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    axes.title.set_color(INK)
    return made, axes


def text(made: "Figure", name: str) -> str:
    """The figure as SVG that turns dark where the reader's system is."""
    drawn = svg(made, name)
    rules = "".join(
        f'#{name} [style*="{part}: {light}"]{{{part}:{dark}}}'
        for light, dark in DARK.items()
        for part in ("fill", "stroke")
    ).replace("}", " !important}")
    style = f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>"
    head, _, rest = drawn.partition(">")
    return f"{head}>\n{style}{rest}"


def named(name: str) -> str:
    """A row's name on lines short enough to stand beside it, sizes unbroken."""
    whole = re.sub(r"\[[^]]*\]", lambda sizes: sizes[0].replace(" ", "\u00a0"), name)
    # textwrap breaks at plain spaces only.
    return "\n".join(textwrap.wrap(whole, 30))


def height(line: int, peer: str, ratios: Mapping[str, Any]) -> float:
    """Where a peer stands: the peers of a line one below the other, around it."""
    there = [name for name in PEERS if name in ratios]
    return line + 0.14 * (there.index(peer) - (len(there) - 1) / 2)


def beside(results: Results, threads: int = 1) -> str:
    """Each peer's time over ours, a line for each row; right of 1 the peer is slower."""
    rows: list[dict[str, Any]] = [
        row for row in results["rows"] if row["threads"] == threads and row["ratios"]
    ]
    made, axes = figure(9.0, 1.6 + 0.58 * max(len(rows), 1))
    axes.axvline(1.0, color=INK, linewidth=1.2)
    for peer, (colour, marker) in PEERS.items():
        found = [(j, row["ratios"][peer]) for j, row in enumerate(rows) if peer in row["ratios"]]
        if not found:
            continue
        heights = [height(j, peer, rows[j]["ratios"]) for j, _ in found]
        # Our time over theirs is turned over: its low end is the high end of theirs over ours.
        ends = [[1.0 / x for x in reversed(ratio)] for _, ratio in found]
        middle = [m for _, m, _ in ends]
        bars = [[m - low for low, m, _ in ends], [high - m for _, m, high in ends]]
        axes.errorbar(
            middle, heights, xerr=bars, fmt=marker, color=colour, label=peer,
            markersize=6, elinewidth=1.5, capsize=0,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}×")
    axes.set_yticks(range(len(rows)), [named(row["name"]) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(f"time of the peer, {OURS} = 1× (median and middle half, one thread)")
    if rows:
        made.legend(loc="outside upper center", ncols=4, frameon=False, labelcolor=INK)
    return text(made, "benchmarks")


def growth(results: Results) -> str:
    """Seconds to compile over the number of nodes, on logarithmic axes, beside a straight line."""
    made, axes = figure(6.5, 4.0)
    nodes = [e["nodes"] for e in results["growth"]]
    seconds = [e["seconds"] for e in results["growth"]]
    # Growth in proportion, laid through the largest.
    straight = [seconds[-1] * n / nodes[-1] for n in nodes]
    axes.plot(nodes, straight, color="#d55e00", linestyle="--", linewidth=1.2,
              label="in proportion to the nodes")  # fmt: skip
    axes.plot(nodes, seconds, color="#3d8fd1", marker="o", label="measured")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:g} s")
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    axes.set_xlabel("nodes of plain scalar products and sums")
    axes.set_ylabel("from the function to its first gradient")
    axes.legend(frameon=False, labelcolor=INK)
    return text(made, "growth")
