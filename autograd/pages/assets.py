"""What all pages share: files, colours, scripts made short, the page around a content, saving it.

A notebook holds each of its pages, so their scripts are squeezed.
"""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path

from autograd.files import with_ending, write_whole

# A page asks the network for nothing, and may not.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

# The colours of pages, light and dark. Text has a contrast of at least 4.5 to its ground.
COLOURS = {
    "paper": ("#ffffff", "#1b1f23"),
    "raised": ("#f3f4f6", "#262c33"),
    "ink": ("#111827", "#ece9e2"),
    "quiet": ("#4b5563", "#b3bac2"),
    "line": ("#c9ced6", "#454d57"),
    "accent": ("#7a2e9d", "#dba6f5"),
    "wrong": ("#a8290f", "#ff9d87"),
}


def asset(name: str) -> str:
    """Return the text of a file in this room."""
    return files("autograd.pages").joinpath(name).read_text(encoding="utf-8")


def whole_page(title: str, kind: str, content: str) -> str:
    """Return the page around a content, as a file of its own.

    Args:
        title: of the page, as markup.
        kind: the class of the page's body.
        content: what stands in it, as markup.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n"
        f'</head>\n<body class="{kind}">\n<main>\n{content}\n</main>\n</body>\n</html>\n'
    )


def saved_page(path: str | os.PathLike[str], page: str, noun: str) -> Path:
    """Write a page to a file, whole or not at all, and return the file's path.

    Args:
        path: ending in .html or .htm; a name without an ending gets .html.
        page: its text.
        noun: what the page is, with its article.

    Raises:
        ValueError: for another ending.
        OSError: if the path is a folder, or its folder is missing or cannot be written.
    """
    path = with_ending(path, "html")
    if path.suffix.lower() not in ("", ".html", ".htm"):
        raise ValueError(f"cannot save as {path.name!r}: {noun} is a page, write .html")
    write_whole(path, page)
    return path


def squeezed(script: str) -> str:
    """Return a script without comments at the margin and what else only its reader needs."""
    script = re.sub(r"^ *//.*\n|^ +", "", script, flags=re.MULTILINE)
    found = re.search(r"const USE = [^}]*", script)
    for name, place in re.findall(r"(\w+): (\d+)", found[0] if found else ""):
        script = re.sub(rf"\bUSE\.{name}\b", place, script)
    script = re.sub(r"const USE[^;]*;\n", "", script)
    script = _SPACED.sub(
        lambda found: found["kept"] or found["sign"] or found["between"] or "let", script
    )
    return re.sub(r"(?<=[;,{(&|?:=+>])\n(?=.)|\n(?=[}?:.&|)])", "", script)


# Strings, templates and regular expressions, which begin with no space as a division does; signs
# that hold words apart by themselves; `const`, for which the shorter `let` does; and operators, of
# which two would be another one.
_SPACED = re.compile(
    r'(?P<kept>"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`'
    r"|/(?! )(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/)"
    r"| ?(?P<sign>(?:[-+](?==))?[=<>*%?:;,(){}\[\]&|!]+) ?"
    r"|\bconst(?= ?[\w[{])"
    r"|(?<=[^\s+-]) (?P<between>[-+/]) (?=[^\s+/-])"
)
