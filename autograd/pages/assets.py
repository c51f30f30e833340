"""The files that pages are made of, and scripts made short: a notebook holds each of its pages."""

from __future__ import annotations

import re
from importlib.resources import files


def asset(name: str) -> str:
    """Return the text of a file in this room."""
    return files("autograd.pages").joinpath(name).read_text(encoding="utf-8")


def squeezed(script: str) -> str:
    """Return a script without comments at the margin and what else only its reader needs."""
    script = re.sub(r"^ *//.*\n|^ +", "", script, flags=re.MULTILINE)
    found = re.search(r"const USE = [^}]*", script)
    for name, place in re.findall(r"(\w+): (\d+)", found[0] if found else ""):
        script = re.sub(rf"\bUSE\.{name}\b", place, script)
    script = re.sub(r"const USE[^;]*;\n", "", script)
    script = _SPACED.sub(lambda found: found["kept"] or found["sign"] or found["between"], script)
    return re.sub(r"(?<=[;,{(&|?:=+>])\n(?=.)|\n(?=[}?:.&|)])", "", script)


# Strings, templates and regular expressions, which begin with no space as a division does; signs
# that hold words apart by themselves; and operators, of which two would be another one.
_SPACED = re.compile(
    r'(?P<kept>"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`'
    r"|/(?! )(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/)"
    r"| ?(?P<sign>[=<>*%?:;,(){}\[\]&|!]+) ?"
    r"|(?<=[\w)\]]) (?P<between>[-+/]) (?=[\w(])"
)
