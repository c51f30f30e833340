"""What stands between the docstrings of this project and reStructuredText.

The docstrings are plain text with code in backticks: `|x|`, `a * b` and `x_` mean what they say,
and the text below `Returns:` is a sentence and not a type. Both are told to Sphinx here, so that
nobody has to write backslashes into a docstring.
"""

import re

_CODE = re.compile(r"(``.+?``|`[^`]+`)")
_MARKUP = re.compile(r"(?<!\\)[*|]|(?<=\w)_(?!\w)")
_RETURNS = ("Returns:", "Yields:")


def without_types(what: str, lines: list[str]) -> list[str]:
    """Return a docstring in which no sentence can be taken for a type; for before Napoleon.

    >>> without_types("property", ["The sign: -1, 0 or 1."])
    [': The sign: -1, 0 or 1.']
    >>> without_types("function", ["Draw.", "", "Returns:", "    A pair: x and y."])
    ['Draw.', '', 'Returns:', '    : A pair: x and y.']
    """
    lines = list(lines)
    starts = [i + 1 for i, line in enumerate(lines[:-1]) if line.strip() in _RETURNS]
    if what in ("property", "attribute"):
        starts.append(0)
    for i in starts:
        text = lines[i].lstrip()
        lines[i] = f"{lines[i][: len(lines[i]) - len(text)]}: {text}"
    return lines


def escaped(lines: list[str]) -> list[str]:
    r"""Return reStructuredText in which stars, bars and last underscores outside of code are that.

    >>> escaped(["|g * w| of `a * b`", "w_ of `w_`", ">>> 2 * 3"])
    ['\\|g \\* w\\| of `a * b`', 'w\\_ of `w_`', '>>> 2 * 3']
    """
    found: list[str] = []
    example = False
    for line in lines:
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if not example:
            parts = _CODE.split(line)
            parts[::2] = [_MARKUP.sub(r"\\\g<0>", part) for part in parts[::2]]
            line = "".join(parts)
        found.append(line)
    return found
