"""`ax=`: every picture draws into axes that it is given, and into no others."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nn import MLP, EpochRecord, History, confusion, datasets, plots

figures = pytest.importorskip("matplotlib.figure", reason="matplotlib is not installed")

RECORDS = [EpochRecord(n, 1.0 / n, 1 - 0.5 / n, 1.2 / n, 1 - 0.6 / n, 0.1, 0) for n in (1, 2, 3)]
X, Y = datasets.moons(40, seed=0)
MODEL = MLP([2, 4, 1], seed=1)
PATHS = {"a": [[2.0, 1.0], [1.0, 0.5]], "b": [[2.0, 1.0], [0.1, 0.5]]}


def square(x: float) -> float:
    return x * x


# A picture that is told its axes, and how many it takes.
PICTURES: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "backprop_cost": (1, lambda ax: plots.backprop_cost([1, 2], {"naive": [3, 7]}, ax=ax)),
    "batch_noise": (1, lambda ax: plots.batch_noise([1, 4], [2, 1], spread=2.0, count=20, ax=ax)),
    "boundary": (1, lambda ax: plots.boundary(MODEL, X, Y, steps=20, ax=ax)),
    "confusion_matrix": (1, lambda ax: plots.confusion_matrix(confusion([0], [1], 2), ax=ax)),
    "curves": (2, lambda ax: plots.curves(History(RECORDS, "accuracy"), ax=ax)),
    "descent_paths": (2, lambda ax: plots.descent_paths(lambda a, b: a * b, PATHS, ax=ax)),
    "difference_errors": (1, lambda ax: plots.difference_errors([0.1], {"d": [1.0]}, ax=ax)),
    "images": (3, lambda ax: plots.images(datasets.digits()[0][:3], ["a", "b", "c"], ax=ax)),
    "learning_rates": (2, lambda ax: plots.learning_rates(square, {0.1: [3], 1.1: [3]}, ax=ax)),
    "perturbation": (1, lambda ax: plots.perturbation(square, 1.0, 2.0, ax=ax)),
    "rate_search": (1, lambda ax: plots.rate_search([0.1, 1.0], [2.0, 1.0], ax=ax)),
    "saturation": (3, lambda ax: plots.saturation({"raw": [-80.0], "scaled": [1.0]}, ax=ax)),
    "symmetry": (2, lambda ax: plots.symmetry({"a": [[1, 1]], "b": [[1, 2]]}, ax=ax)),
    "History.plot": (1, lambda ax: History([EpochRecord(1, 1.0, *[None] * 3, 1, 7)]).plot(ax=ax)),
}


def contents(axes: Any) -> tuple[Any, ...]:
    """What is in some axes, whichever figure they stand in."""
    return (
        axes.get_title(),
        axes.get_xlabel(),
        [(line.get_label(), line.get_xydata().tolist()) for line in axes.lines],
        [[path.vertices.tolist() for path in c.get_paths()] for c in axes.collections],
        [image.get_array().tolist() for image in axes.images],
        len(axes.patches),
        np.round(axes.get_xlim(), 9).tolist(),  # a last digit depends on the size of the figure
        np.round(axes.get_ylim(), 9).tolist(),
    )


def test_every_picture_is_here() -> None:
    assert {*PICTURES} - {"History.plot"} == {*plots.__all__} - {"svg"}


@pytest.mark.parametrize("name", PICTURES)
def test_it_draws_what_it_draws_alone_into_the_axes_it_is_given(name: str) -> None:
    count, draw = PICTURES[name]
    whole = figures.Figure(figsize=(20, 5), layout="constrained")
    left, right = whole.subfigures(1, 2)
    given = left.subplots(1, count, squeeze=False)[0]
    right.subplots()
    before = list(whole.axes)
    assert draw(given if count > 1 else given[0]) is whole
    assert whole.axes == before
    assert not whole.axes[-1].lines
    alone = draw(None)
    assert list(map(contents, given)) == list(map(contents, alone.axes))
    legends = [axes.get_legend() for axes in given if axes.get_legend()]
    assert bool(legends) == bool(alone.legends or [a for a in alone.axes if a.get_legend()])
    assert whole.legends == left.legends == []
    assert plots.svg(whole).startswith("<svg ")


@pytest.mark.parametrize("name", PICTURES)
def test_other_axes_are_refused_with_how_many_it_takes(name: str) -> None:
    count, draw = PICTURES[name]
    figure = figures.Figure()
    axes = list(figure.subplots(1, count + 1))
    wanted = "one Axes, as plt.subplots" if count == 1 else f"give ax= {count} Axes, as plt.sub"
    with pytest.raises(ValueError, match=rf"{wanted}.*; got {count + 1}$"):
        draw(np.array(axes))
    for bad in (figure, "axes", 3, (figure, axes[0]), [None] * count):
        with pytest.raises(TypeError, match=rf"{wanted}.*; got "):
            draw(bad)
    with pytest.raises(ValueError, match=rf"{wanted}.*; got 0$"):
        draw([])
    if count > 1:
        with pytest.raises(ValueError, match=rf"{wanted}.*; got 1$"):
            draw(axes[0])
        with pytest.raises(ValueError, match=r"; got one of them twice$"):
            draw(axes[:1] * count)
    polar = figures.Figure().subplots(1, count, subplot_kw={"projection": "polar"}, squeeze=False)
    axes[0].remove()
    for odd in (polar[0], axes[:count]):
        with pytest.raises(ValueError, match=r", plain and in a figure; got <"):
            draw(odd)
    assert all(not a.lines and not a.collections for a in [*axes, *polar.flat])


def test_it_says_which_panels_there_are_and_takes_a_grid_of_axes() -> None:
    history = History(RECORDS, "accuracy")
    figure = figures.Figure()
    with pytest.raises(ValueError, match=r"curves draws 2 panels here, loss, accuracy: give ax= 2"):
        history.plot(ax=figure.subplots())
    grid = figures.Figure().subplots(2, 1)
    history.plot(ax=grid.reshape(2, 1))
    assert [axes.get_title() for axes in grid] == ["loss", "accuracy"]
