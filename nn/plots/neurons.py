"""Pictures of neurons at work: a small push, saturation, and starting out equal."""

# pyright: reportUnknownMemberType=false
# matplotlib's own annotations leave keyword arguments open.

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd as ag
from nn.plots.base import COLOURS, named, pair_of_names, panels, plain
from nn.validation import Floats, function, numeric, real

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def perturbation(
    f: Callable[[float], float],
    x: float,
    slope: float,
    *,
    push: float = 0.5,
    names: tuple[str, str] = ("x", "loss"),
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw the effect of a small push: the curve, the line of the slope, and the gap between them.

    Args:
        f: takes a float and returns the number that answers.
        x: where the push starts.
        slope: the derivative of f there.
        push: how far; not 0.
        names: what x and f are called.
        ax: the matplotlib Axes to draw into; a figure of its own if left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if something is not finite, or the push is 0.

    >>> figure = perturbation(lambda x: x * x, 1.0, 2.0, push=0.5)
    >>> print(figure.axes[0].get_title())
    a push of 0.5: 1.25, and 1 by the slope
    """
    function("perturbation", f)
    names = pair_of_names(names)
    x, slope, push = real("x", x), real("slope", slope), real("push", push)
    if push == 0.0:
        raise ValueError("push must not be 0: nothing would move")
    xs = np.linspace(x - 2.0 * abs(push), x + 2.0 * abs(push), 161)
    ys = numeric("f", [f(t) for t in xs.tolist()]).astype(np.float64)
    before, after = f(x), f(x + push)
    told = before + slope * push
    figure, (axes,) = panels("perturbation", ["the push"], (5.4, 3.8), ax)
    axes.plot(xs, ys, color=COLOURS[0], label=names[1])
    line = before + slope * (xs - x)
    axes.plot(xs, line, "--", color=COLOURS[1], label=f"slope {slope:.4g}")
    axes.plot(x, before, "o", color="black", label=f"before: {before:.4g}")
    axes.plot(x + push, after, "s", color=COLOURS[0], label=f"after: {after:.4g}")
    axes.plot(x + push, told, "D", color=COLOURS[1], label=f"by the slope: {told:.4g}")
    axes.plot([x + push] * 2, [told, after], ":", color="black")
    axes.set_title(f"a push of {push:g}: {after - before:.4g}, and {slope * push:.4g} by the slope")
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    plain(axes)
    axes.legend(frameon=False)
    return figure


def saturation(
    sums: Mapping[str, Any] | None = None,
    *,
    activation: Callable[[Any], Any] = ag.sigmoid,
    cut: float = 0.01,
    reach: float = 10.0,
    ax: Any = None,
) -> "Figure":
    """Draw an activation with its slope, and where the weighted sums of neurons lie on it.

    A neuron whose slope is all but 0 passes all but nothing back: it is saturated, and does not
    learn. Its share is told in words for each set of sums.

    Args:
        sums: what to call each set of weighted sums z, and its numbers; none for the curve alone.
        activation: a function of autograd, of one operand.
        cut: below which slope a neuron counts as saturated.
        reach: the curve is drawn from -reach to reach.
        ax: the matplotlib Axes to draw into, one for the curve and one for each set; a figure of
            its own if left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if a set is empty, something is not finite, or reach is not positive.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010.

    >>> figure = saturation({"raw": [-80.0, 60.0, 2.0, 70.0], "scaled": [-1.0, 0.5]})
    >>> [axes.get_title().splitlines()[0] for axes in figure.axes[1:]]
    ['raw: 75.0 % saturated', 'scaled: 0.0 % saturated']
    """
    reach, cut = real("reach", reach, at_least=1e-6), real("cut", cut, at_least=0.0)
    program = ag.compile(activation)
    zs = np.linspace(-reach, reach, 401)
    values, slopes = program.value_and_grad(zs)
    sets: Mapping[str, Any] = {} if sums is None else named("set of sums", sums)
    name = getattr(activation, "__name__", "activation")
    size = 4.4 + 3.3 * len(sets), 3.6
    figure, (axes, *others) = panels("saturation", [name, *map(str, sets)], size, ax)
    axes.plot(zs, values, color=COLOURS[0], label=name)
    axes.plot(zs, slopes, "--", color=COLOURS[5], label="its slope")
    flat = np.abs(slopes) < cut
    axes.fill_between(
        zs, 0.0, 1.0, where=flat, transform=axes.get_xaxis_transform(), color="0.9",
        label=f"slope below {cut:g}",
    )  # fmt: skip
    axes.set_xlabel("weighted sum z")
    axes.set_ylabel("value")
    axes.set_title(name)
    plain(axes)
    # Below, and not over the grey.
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=3, fontsize=8)
    for axes, (name, numbers) in zip(others, sets.items(), strict=True):
        _sums(axes, name, numbers, program, cut)
    return figure


def _sums(axes: "Axes", name: str, numbers: Any, program: Any, cut: float) -> None:
    z: Floats = numeric(f"{name!r}", numbers).astype(np.float64).ravel()
    if not len(z):
        raise ValueError(f"{name!r} is empty: there are no sums to draw")
    slopes = np.abs(program.value_and_grad(z)[1])
    middle, half = (float(z.max()) + float(z.min())) / 2, float(np.ptp(z)) / 2 + 1e-9
    edges: list[float] = np.linspace(middle - half, middle + half, 41).tolist()
    flat = slopes < cut
    axes.hist(
        [z[~flat], z[flat]],
        edges,
        stacked=True,
        color=[COLOURS[0], "0.75"],
        label=["awake", "saturated"],
    )
    told = f"spread {z.std():.3g}, mean slope {slopes.mean():.3g}"
    axes.set_title(f"{name}: {100 * flat.mean():.1f} % saturated\n{told}", fontsize=10)
    axes.set_xlabel("weighted sum z")
    axes.set_ylabel("neurons")
    plain(axes)
    axes.legend(frameon=False, fontsize=8)


def symmetry(
    runs: Mapping[str, Any],
    *,
    weight: str = "a weight of each neuron",
    time: str = "step",
    ax: Any = None,
) -> "Figure":
    """Draw one weight of every neuron of a layer over the steps of training, a panel for each run.

    Neurons that start equal get equal gradients and stay equal for ever: their lines lie on one
    another. Lines are drawn thinner from neuron to neuron, so that those below can be seen.

    Args:
        runs: what to call each run, and its weights, of shape (steps + 1, neurons).
        weight: what is drawn.
        time: what passes from one row of weights to the next.
        ax: the matplotlib Axes to draw into, one for each run; a figure of its own if left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if there is no run, or one is not of that shape.

    Source: Rumelhart, Hinton and Williams, "Learning internal representations by error
    propagation", 1986, on breaking the symmetry.

    >>> figure = symmetry({"equal": [[0.5, 0.5], [0.4, 0.4]], "random": [[0.1, 0.9], [0.3, 0.7]]})
    >>> [axes.get_title() for axes in figure.axes]
    ['equal: the neurons differ by 0', 'random: the neurons differ by 0.4']
    """
    size = 4.2 * len(named("run", runs)), 3.6
    figure, drawn = panels("symmetry", [*map(str, runs)], size, ax, share="y")
    for axes, (name, run) in zip(drawn, runs.items(), strict=True):
        lines = numeric(f"the run {name!r}", run).astype(np.float64)
        if lines.ndim != 2 or not lines.size:
            raise ValueError(
                f"the run {name!r} must be of shape (steps + 1, neurons); got {lines.shape}"
            )
        count = lines.shape[1]
        for k in range(count):
            width = 6.0 - 5.0 * k / max(1, count - 1)
            colour, style = COLOURS[k % len(COLOURS)], ("-", "--", "-.", ":")[k % 4]
            axes.plot(lines[:, k], style, color=colour, linewidth=width, label=f"neuron {k}")
        apart = float(np.ptp(lines[-1]))
        axes.set_title(f"{name}: the neurons differ by {apart:.3g}")
        axes.set_xlabel(time)
        axes.set_ylabel(weight)
        plain(axes)
        axes.legend(frameon=False)
    # One scale in all panels, so that they can be compared, also in axes that do not share it.
    reached = [(0.0, float(y)) for axes in drawn for y in axes.dataLim.intervaly]
    for axes in drawn:
        axes.update_datalim(reached, updatex=False)
        axes.autoscale_view()
    return figure
