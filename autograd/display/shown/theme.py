"""SVG that is light on a light page and dark on a dark one, inside the page and as an image.

The colours stay in the attributes, for programs that read no style sheet; a small one beside them
says what each becomes in the dark. An image follows the page that shows it, where that says which
it is, and else is taken to be light; a picture inside a page follows the page, whose ways to say
that it is dark are listed here. Where light may be wrong nothing is lost: the ground is the page's
own, and text outside of boxes has a rim, which keeps it apart from lines, too.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from autograd.display.picture.style import DARK, PAPER

# JupyterLab and its exports, VS Code, documentation (furo, PyData), Colab.
_DARK_PAGES: Final = (
    '[data-jp-theme-light="false"]',
    ".vscode-dark",
    ".vscode-high-contrast:not(.vscode-high-contrast-light)",
    '[data-theme="dark"]',
    'html[theme="dark"]',
)

# A text beside a rectangle stands on it.
_RIM: Final = (
    ":not(.node)>text:not(rect+text){paint-order:stroke;stroke-width:3px;stroke-linejoin:round;"
    f"stroke:light-dark({PAPER},{DARK[PAPER]})}}"
)


def themed(svg: str, dark: Mapping[str, str], more: Iterable[str], name: str) -> str:
    """Return the SVG of a picture with a style sheet for dark pages.

    Args:
        svg: the picture.
        dark: what each colour becomes in the dark.
        more: further rules, each for something within the picture.
        name: the class of all pictures with these rules; a style sheet holds in the whole page.

    >>> print(themed('<svg><path fill="#ffffff"/></svg>', {}, [], "chalk-a")[:21])
    <svg class="chalk-a">
    """
    colours = sorted(set(re.findall(r'(fill|stroke)(="|: ?)(#\w{6})', svg)))
    rules = [
        f'[{kind}="{colour}"]{{{kind}:light-dark({colour},{dark[colour]})}}'
        if said == '="'
        else f'[style*="{kind}{said}{colour}"]'
        f"{{{kind}:light-dark({colour},{dark[colour]})!important}}"
        for kind, said, colour in colours
        if colour in dark
    ]
    within = ",".join([f"{page} .{name}" for page in _DARK_PAGES])
    style = (
        # Readers of SVG that know no `light-dark` skip the block and stay light.
        "<style>@supports (color:light-dark(red,red)){"
        f"svg.{name}:root{{color-scheme:light dark}}{within}{{color-scheme:dark}}"
        f'@media (prefers-color-scheme:dark){{[data-theme="auto"] .{name}{{color-scheme:dark}}}}'
        f"{''.join([f'.{name} {rule}' for rule in [*rules, *more]])}}}</style>"
    )
    svg = svg.replace("<svg", f'<svg class="{name}"', 1)
    head = svg.index(">") + 1
    return f"{svg[:head]}{style}{svg[head:]}"


def adapting(svg: str) -> str:
    """Return the SVG of a picture of a graph, which adapts to the page that shows it.

    >>> 'class="ground"' in adapting('<svg><rect fill="#ffffff"/></svg>')
    True
    """
    ground = re.sub(rf'<(rect|polygon)(?=[^>]*fill="{PAPER}")', r'<\1 class="ground"', svg, count=1)
    return themed(ground, DARK, (".ground{fill:none}", _RIM), "chalk-graph")
