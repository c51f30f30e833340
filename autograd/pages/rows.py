"""The rows' functions in JavaScript, `rows.js` as text: which there are, and what each needs.

A page carries the functions that its programs call, and those that these call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from autograd.compile.arrays.chain import chain_of
from autograd.compile.backends.javascript import Script, chain_script
from autograd.engine import primitives
from autograd.engine.primitive import TABLE, Primitive
from autograd.engine.value import Value

_DEFINITION = re.compile(r"^(?:function (\w+)(?s:.*?)^}|const (\w+) (?s:.*?);)$", re.MULTILINE)


@cache
def definitions() -> dict[str, str]:
    """Return the definitions of `rows.js`, without comments, by their names and in their order.

    >>> print(definitions()["square"])
    function square(x) {
      return x * x;
    }
    """
    text = files("autograd.pages").joinpath("rows.js").read_text(encoding="utf-8")
    text = re.sub(r"^ *//.*\n", "", text, flags=re.MULTILINE)
    return {found[1] or found[2]: found[0] for found in _DEFINITION.finditer(text)}


def is_spelt(row: Primitive) -> bool:
    """Return whether a row of the table that ships is an operator or a function in JavaScript.

    A row of a user's is not, whatever its name.

    >>> from autograd import lookup
    >>> is_spelt(lookup("add")), is_spelt(lookup("erf"))
    (True, True)
    >>> is_spelt(Primitive("erf", abs, lambda z, x: (1.0,)))
    False
    """
    ships = TABLE.get(row.name) is row and hasattr(primitives, row.name)
    return ships and bool(row.operator or definitions().get(row.name))


def functions_for(names: Iterable[str]) -> str:
    """Return the definitions that some functions need, their own among them.

    >>> print(functions_for(["silu"]))
    function sigmoid(x) {
      if (x >= 0) return 1 / (1 + Math.exp(-x));
      const e = Math.exp(x);
      return e / (1 + e);
    }
    function silu(x) {
      return x === -Infinity ? 0 : x * sigmoid(x);
    }
    """
    known = definitions()
    needed = dict.fromkeys(names)
    open_ends = list(needed)
    for name in open_ends:
        for word in re.findall(r"(?<!\.)\b\w+\b", known[name]):
            if word in known and word not in needed:
                needed[word] = None
                open_ends.append(word)
    return "\n".join([text for name, text in known.items() if name in needed])


def standing_alone(*scripts: Script) -> str:
    """Return scripts with the functions they call, as one expression that gives their functions.

    One script gives its function, several give a list of theirs.

    >>> print(standing_alone(Script("f", "function f(x) { return square(x); }", ("square",))))
    (() => {
    "use strict";
    function square(x) {
      return x * x;
    }
    function f(x) { return square(x); }
    return f;
    })()
    """
    names = [script.name for script in scripts]
    functions = functions_for(name for script in scripts for name in script.calls)
    texts = [text for text in (functions, *[script.text for script in scripts]) if text]
    returned = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
    return "\n".join(["(() => {", '"use strict";', *texts, f"return {returned};", "})()"])


def script_of(z: Value) -> Script:
    """Return the script of all numbers of the chain rule over the graph of a Value.

    Raises:
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> script = script_of(Value(3.0).tanh())
    >>> script.calls, script.missing
    (('sech_squared', 'tanh'), ())
    """
    return chain_script(chain_of(z), is_spelt)
