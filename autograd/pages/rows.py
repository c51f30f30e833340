"""The rows' functions in JavaScript, `rows.js` as text: which there are, and what each needs.

A page carries the functions that its programs call, and those that these call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from autograd.compile.arrays.chain import chain_of
from autograd.compile.backends.javascript import Script, chain_script, row_script
from autograd.engine import primitives
from autograd.engine.primitive import TABLE, Primitive
from autograd.engine.symbolic import reciprocals, structural_zeros
from autograd.engine.value import Value
from autograd.pages.assets import asset

# How many operands a row of any number of them may have in a page that knows no graph before, and
# what is said of one that has more, or that cannot be computed there.
MOST_OPERANDS = 12
MANY = "a page computes {row} of at most {most} operands"
ABSENT = "there is no JavaScript for {row}: it cannot be computed in a page"

_DEFINITION = re.compile(r"^(?:function (\w+)(?s:.*?)^}|const (\w+) (?s:.*?);)$", re.MULTILINE)


@cache
def definitions() -> dict[str, str]:
    """Return the definitions of `rows.js`, without comments, by their names and in their order.

    >>> print(definitions()["square"])
    function square(x) {
      return x * x;
    }
    """
    text = without_comments("rows.js")
    return {found[1] or found[2]: found[0] for found in _DEFINITION.finditer(text)}


def without_comments(name: str) -> str:
    """Return the text of a script of this room without its comments."""
    return re.sub(r"^ *//.*\n", "", asset(name), flags=re.MULTILINE).lstrip()


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


def chain_of_any(most: int = MOST_OPERANDS) -> Script:
    """Return the script of the chain rule over a graph that is not known before, in `chain.js`.

    Its function takes the nodes and the numbers of the leaves, and gives the lists of `script_of`.

    Args:
        most: how many operands a row of any number of them may have, a pair counted once.
    """
    scripts: list[Script] = []
    entries: list[str] = []
    for row in TABLE.values():
        own = {n: row_script(row, n, is_spelt) for n in counts(row, most)}
        if any(script.missing for script in own.values()):
            continue
        scripts += own.values()
        facts = {
            "closed": f"[{', '.join(map(str, sorted(structural_zeros(row))))}]",
            "over": _object({k: str(place) for k, place in reciprocals(row).items()}),
            "chooses": "true" if row.chooses else "false",
            "at": _object({n: script.name for n, script in own.items()}),
        }
        entries.append(f"  {row.name}: {_object(facts)},")
    table = "\n".join(["const ROWS = {", *entries, "};"])
    calls = sorted({name for script in scripts for name in script.calls})
    texts = [*[script.text for script in scripts], table, without_comments("chain.js").rstrip()]
    return Script("chain", "\n".join(texts), tuple(calls))


def counts(row: Primitive, most: int) -> Iterable[int]:
    """Return the numbers of operands that a row may have, a pair counted once."""
    if row.arity is not None:
        return [row.arity]
    # An operand that chooses among the others is none without them.
    least = 1 + len(structural_zeros(row))
    return range(2, 2 * most + 1, 2) if row.paired else range(least, most + least)


def refusal(row: Primitive, count: int) -> str:
    """Return why a page that knows no graph before refuses a row; "" if it does not.

    >>> from autograd import lookup
    >>> refusal(lookup("maximum"), 13), refusal(lookup("tanh"), 1)
    ('a page computes maximum of at most 12 operands', '')
    """
    if count not in counts(row, MOST_OPERANDS):
        return MANY.format(row=row.name, most=MOST_OPERANDS)
    return ABSENT.format(row=row.name) if row_script(row, count, is_spelt).missing else ""


def _object(entries: Mapping[Any, str]) -> str:
    return "{" + ", ".join([f"{key}: {text}" for key, text in entries.items()]) + "}"
