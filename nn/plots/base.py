"""For all pictures: figures without pyplot, colours, and SVG that repeats byte for byte.

matplotlib takes most of a second to import, so that waits for the first picture.
"""

# pyright: reportUnknownMemberType=false
# matplotlib's own annotations leave keyword arguments open.

import functools
import hashlib
import io
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from autograd import asked, display
from nn.validation import instance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

K = TypeVar("K")

# Okabe and Ito, "Color Universal Design", 2008; blue and orange first, black last.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#000000")
MARKERS = "osD^vP*X"
# What its own colours become on a dark page, and how black lines are seen where it is not known.
_INK, _PAPER = "#ece9e2", "#1b1f23"
_GREY = (107, 114, 128)
_DARK = {"#ffffff": _PAPER, "#0072b2": "#56a5dd"}
_RULES = (
    ".ground path{fill:none!important}",
    f'[style*="stroke: #000000"]{{stroke:light-dark(#6b7280,{_INK})!important}}',
    f"text:not([style*=fill]){{fill:light-dark(#000000,{_INK});paint-order:stroke;"
    "stroke:light-dark(#ffffff,transparent);stroke-width:3px;stroke-linejoin:round}",
)


@contextmanager
def importing_matplotlib() -> Generator[None]:
    """Say what to install where matplotlib is missing, and let Ctrl-C be Ctrl-C.

    Parts of matplotlib and NumPy that are written in C turn any error met while they are imported
    into an ImportError, also that one.
    """
    try:
        yield
    except ImportError as error:
        if asked.is_interrupted(error):
            raise KeyboardInterrupt from error
        if not isinstance(error, ModuleNotFoundError) or "matplotlib" not in (error.name or ""):
            raise  # it is there, and says itself what is wrong with it
        raise ImportError(
            'pictures need matplotlib, which is not installed: pip install "chalkgrad[plots]"'
        ) from error


def _for_a_page(drawing: str) -> str:
    """Return the SVG of a figure for a page where it meets others, with few ids of its own.

    Pictures in one page must not share ids, by which parts of them are cut out.
    """
    name = "p" + hashlib.sha256(drawing.encode()).hexdigest()[:6]
    asked_for = dict.fromkeys(re.findall(r'(?:href="#|url\(#)([\w.-]+)', drawing))
    short = {long: f"{name}{i}" for i, long in enumerate(asked_for)}
    drawing = drawing.replace('id="figure-patch_1"', 'class="ground"')

    def own(found: re.Match[str]) -> str:
        return f' id="{short[found[1]]}"' if found[1] in short else ""

    drawing = re.sub(r' id="([^"]*)"', own, drawing)
    drawing = re.sub(r'(?:xlink:)?(href="#|url\(#)([\w.-]+)', lambda x: x[1] + short[x[2]], drawing)
    return drawing.replace("#figure *", ".chalk-plot *")


def _small_png(figure: "Figure") -> bytes:
    """Return the figure as a PNG for pages that may be dark: around its panels just grey words.

    With no more than 256 colours, where it would be large.
    """
    from PIL import Image  # matplotlib writes its PNGs with it

    image = np.array(Image.open(io.BytesIO(_saved(figure, "png"))).convert("RGBA"))
    height, width = image.shape[:2]
    around = np.ones((height, width), bool)
    for axes in figure.axes:
        (left, bottom), (right, top) = (axes.get_position().get_points() * (width, height)).round()
        around[int(height - top) : int(height - bottom), int(left) : int(right)] = False
    colours = image[..., :3].astype(int)
    around &= colours.max(-1) - colours.min(-1) < 24
    image[around] = [(*_GREY, 255 - light) for light in colours[around].mean(-1).astype(int)]
    shown = Image.fromarray(image)
    content = io.BytesIO()
    shown.save(content, "PNG")
    if display.shown.encoded(content.getvalue()) > display.shown.MOST_BYTES:
        content = io.BytesIO()
        shown.quantize(256, method=Image.Quantize.FASTOCTREE).save(content, "PNG")
    return content.getvalue()


@functools.cache
def _figure_class() -> "type[Figure]":
    """Return the class of figures that a notebook shows; defined on first use."""
    with importing_matplotlib():
        from matplotlib.figure import Figure

    class NotebookFigure(Figure):
        """A figure that shows itself in a notebook without pyplot."""

        def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
            words = f"A plot of {_words(self) or 'numbers'}"
            if display.shown.picture_format() == "svg":
                drawing = display.shown.themed(_for_a_page(svg(self)), _DARK, _RULES, "chalk-plot")
                pdfs = (_saved(self, form) for form in ("pdf",))
                shown = display.shown.bundle(drawing, words, words, pdfs)
                if "application/pdf" in shown:
                    return shown  # else a PNG alone, which is small and shown by all readers
            return {"text/plain": words, "image/png": _small_png(self)}

    return NotebookFigure


def _words(figure: "Figure") -> str:
    """Return the titles of a figure's panels, or the names of their axes."""
    return ", ".join(
        [
            axes.get_title() or " over ".join(filter(None, (axes.get_ylabel(), axes.get_xlabel())))
            for axes in figure.axes
            if axes.get_label() != "<colorbar>"
        ]
    )


def _saved(figure: "Figure", format: str) -> bytes:
    """Return the figure as a file."""
    content = io.BytesIO()
    with importing_matplotlib():
        dated = {"CreationDate": None} if format == "pdf" else {}
        figure.savefig(content, format=format, dpi=100, metadata=dated)
    return content.getvalue()


def empty_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of a size in inches."""
    return _figure_class()(figsize=(width, height), layout="constrained", facecolor="white")


def panels(
    asker: str,
    names: Sequence[str],
    size: tuple[float, float],
    ax: Any = None,
    *,
    columns: int | None = None,
    share: Sequence[str] = (),
) -> "tuple[Figure, list[Axes]]":
    """Return the figure of a picture and the axes of its panels: its own, or those that are given.

    Args:
        asker: the function that draws.
        names: of the panels, in order; there are as many axes.
        size: of its own figure, in inches.
        ax: the axes to draw into; None for a figure of its own.
        columns: of the panels in its own figure; all in a row if left out.
        share: "x" and "y" for axes that are the same in all panels of its own figure.

    Raises:
        TypeError: if `ax` is no Axes, nor several where there are several panels.
        ValueError: if there are not as many as panels, or one stands there twice.
    """
    if ax is None:
        figure = empty_figure(*size)
        columns = columns or len(names)
        rows, own = -(-len(names) // columns), list["Axes"]()
        for i in range(len(names)):
            shared = {f"share{which}": own[0] for which in share} if own else {}
            own.append(figure.add_subplot(rows, columns, i + 1, **shared))
        return figure, own
    given = _axes_of(asker, names, ax)
    figure: Any = given[0].figure
    return figure.figure, given  # a part of a figure has the whole one there


def _axes_of(asker: str, names: Sequence[str], ax: Any) -> "list[Axes]":
    """Return the axes to draw into, one for each panel, or say how many it takes."""
    from matplotlib.axes import Axes

    count = len(names)
    wanted = (
        f"{asker} draws into one Axes, as plt.subplots()[1] gives"
        if count == 1
        else f"{asker} draws {count} panels here, {', '.join(names):.80}: give ax= {count} Axes, "
        f"as plt.subplots(1, {count})[1] gives"
    )
    several = getattr(ax, "flat", ax)  # an array of several rows, too
    single = isinstance(ax, Axes | str) or not hasattr(several, "__iter__")
    axes: list[Any] = [ax] if single else list(several)
    for x in axes:
        if not isinstance(x, Axes):
            raise TypeError(f"{wanted}; got {x!r:.60}")
    if len(axes) != count:
        raise ValueError(f"{wanted}; got {len(axes)}")
    if len(set(axes)) < count:
        raise ValueError(f"{wanted}; got one of them twice")
    if odd := [x for x in axes if x.name != "rectilinear" or x.figure is None]:
        raise ValueError(f"{wanted}, plain and in a figure; got {odd[0]!r:.60}")
    return axes


def legend(figure: "Figure", axes: "Axes", ax: Any, loc: Any, **options: Any) -> None:
    """Draw a legend for all panels: where `loc` says in a figure of its own, else in the axes."""
    handles = axes.get_legend_handles_labels()
    if ax is None:
        figure.legend(*handles, loc=loc, **options)
    else:
        axes.legend(*handles, fontsize=8, frameon=options.get("frameon"))


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
    drawing = _shorter(drawing[drawing.index("<svg") :])
    drawing = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", drawing)
    # matplotlib's one style rule is for everything, which in a page means the page.
    drawing = drawing.replace("*{stroke-linejoin", f"#{name} *{{stroke-linejoin", 1)
    return drawing.replace("<svg ", f'<svg id="{name}" role="img" ', 1)


def _shorter(drawing: str) -> str:
    """Return matplotlib's SVG without spaces between its elements, its numbers to a hundredth."""

    def tag(found: re.Match[str]) -> str:
        text = re.sub(r"\s+", " ", found[0])
        text = re.sub(r"-?\d+\.\d{3,}", lambda x: f"{round(float(x[0]), 2) + 0.0:.8g}", text)
        return re.sub(r"font-family: 'DejaVu Sans', [^;\"]*", "font-family: 'DejaVu Sans'", text)

    def marks(found: re.Match[str]) -> str:
        styles = set(re.findall(r' style="[^"]*"', found[2]))
        if len(styles) != 1 or "style" in found[1]:
            return found[0]
        (style,) = styles
        return f"{found[1][:-1]}{style}>\n{found[2].replace(style, '')}</g>"

    drawing = re.sub(r"<[^>]*>", tag, re.sub(r">\s+<", ">\n<", drawing))
    return re.sub(r"(<g[^>]*>)\n((?:<use [^>]*>\n)+)</g>", marks, drawing)


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
