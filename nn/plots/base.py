"""For all pictures: figures without pyplot, colours, and SVG that repeats byte for byte.

matplotlib takes most of a second to import, so that waits for the first picture.
"""

# pyright: reportUnknownMemberType=false
# matplotlib's own annotations leave keyword arguments open.

import functools
import io
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from nn.validation import instance, is_interrupted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

K = TypeVar("K")

# Okabe and Ito, "Color Universal Design", 2008; blue and orange first, black last.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#000000")
MARKERS = "osD^vP*X"


@contextmanager
def importing_matplotlib() -> Generator[None]:
    """Say what to install where matplotlib is missing, and let Ctrl-C be Ctrl-C.

    Parts of matplotlib and NumPy that are written in C turn any error met while they are imported
    into an ImportError, also that one.
    """
    try:
        yield
    except ImportError as error:
        if is_interrupted(error):
            raise KeyboardInterrupt from error
        if not isinstance(error, ModuleNotFoundError) or "matplotlib" not in (error.name or ""):
            raise  # it is there, and says itself what is wrong with it
        raise ImportError(
            'pictures need matplotlib, which is not installed: pip install "chalkgrad[plots]"'
        ) from error


@functools.cache
def _figure_class() -> "type[Figure]":
    """Return the class of figures that a notebook shows; defined on first use."""
    with importing_matplotlib():
        from matplotlib.figure import Figure

    class NotebookFigure(Figure):
        """A figure that shows itself in a notebook without pyplot."""

        def _repr_svg_(self) -> str:
            return svg(self)

    return NotebookFigure


def empty_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of a size in inches."""
    return _figure_class()(figsize=(width, height), layout="constrained", facecolor="white")


def svg(figure: "Figure", name: str = "figure") -> str:
    """Return a figure as SVG text, the same for the same figure.

    Args:
        figure: any matplotlib figure.
        name: put before every id in it, so that several pictures can stand in one page; letters,
            digits, - and _.

    Returns:
        One `<svg>` element with its namespaces: to embed in a page, or to save as a file.

    Raises:
        ValueError: if name holds other characters.

    >>> from nn import EpochRecord, History
    >>> from nn.plots import curves
    >>> picture = curves(History([EpochRecord(1, 0.5, 0.75, None, None, 0.01, 7)], "accuracy"))
    >>> svg(picture).startswith("<svg ")
    True
    """
    instance("svg", name, str, "a name that is a str")
    if not callable(getattr(figure, "savefig", None)):
        raise TypeError(f"svg takes a figure of matplotlib's, got {figure!r:.60}")
    if not re.fullmatch(r"[A-Za-z][\w-]*", name, re.ASCII):
        raise ValueError(f"name is the start of ids, such as 'curves'; got {name!r}")
    text = io.StringIO()
    metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    # The writer of SVG is imported when it is first used.
    with importing_matplotlib():
        import matplotlib

        # Text stays text: smaller, searchable, and read aloud. The salt makes ids repeat.
        with matplotlib.rc_context({"svg.hashsalt": "chalkgrad", "svg.fonttype": "none"}):
            figure.savefig(text, format="svg", metadata=metadata)
    drawing = text.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", drawing)
    # matplotlib's one style rule is for everything, which in a page means the page.
    drawing = drawing.replace("*{stroke-linejoin", f"#{name} *{{stroke-linejoin", 1)
    return drawing.replace("<svg ", f'<svg id="{name}" role="img" ', 1)


def pair_of_names(names: Any) -> tuple[str, str]:
    """Return the names of two axes, or say that it takes two words.

    >>> pair_of_names("xy")
    Traceback (most recent call last):
        ...
    TypeError: names are two words, such as ("x", "loss"); got 'xy'
    """
    if not isinstance(names, tuple | list) or len(cast(Any, names)) != 2:
        raise TypeError(f'names are two words, such as ("x", "loss"); got {names!r:.60}')
    first, second = cast(Any, names)
    return str(first), str(second)


def plain(axes: "Axes", *, grid: bool = True) -> None:
    """Take away all that is not data, and draw a faint grid."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if grid:
        axes.grid(visible=True, alpha=0.25)
    axes.set_axisbelow(True)


def named(what: str, table: Mapping[K, Any]) -> Mapping[K, Any]:
    """Return a table of named things to draw, or say that there is nothing in it.

    >>> named("path", {})
    Traceback (most recent call last):
        ...
    ValueError: there is nothing to draw: give at least one path, as in {"a name": path}
    """
    if not isinstance(table, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"expected a dict that names each {what}, got {type(table).__name__}: "
            f'write {{"a name": {what.split()[0]}}}'
        )
    if not table:
        raise ValueError(
            f"there is nothing to draw: give at least one {what}, as in "
            f'{{"a name": {what.split()[0]}}}'
        )
    return table
