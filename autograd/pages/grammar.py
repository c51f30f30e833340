"""The grammar of expressions in JavaScript, and the words of Python's own for it, as data.

`grammar.js` parses as `autograd.parse` does. The functions are asked what they take, and what they
say of operands that they refuse, so none of these words is written twice.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from autograd import vocabulary
from autograd.asked import MOST
from autograd.compile.backends.javascript import Script
from autograd.engine.number import number
from autograd.engine.primitive import TABLE
from autograd.engine.value import Value
from autograd.escaping import script_json
from autograd.pages.rows import ABSENT, MANY, MOST_OPERANDS, chain_of_any, without_comments
from autograd.spellings import MATHEMATICS
from autograd.vocabulary import OF_LISTS

_PARTS = ("numbers.js", "grammar.js", "calls.js")
# Numbers that no message has in it for another reason.
_LOW, _HIGH = 1234.5, 6789.5


def grammar_script(most: int = MOST_OPERANDS) -> Script:
    """Return the script of `parse(text, values)`, with `chain` for the graphs that it makes.

    Args:
        most: how many operands a row of any number of them may have in the page.
    """
    rows = chain_of_any(most)
    words = f"const WORDS = {script_json(_words(most))};"
    texts = [rows.text, words, *[without_comments(name).rstrip() for name in _PARTS]]
    return Script("parse", "\n".join(texts), rows.calls)


def _words(most: int) -> dict[str, Any]:
    x = Value(1.0)
    names = [*TABLE, *OF_LISTS]
    return {
        "said": vocabulary.SAID,
        "hints": vocabulary.HINTS,
        "plain": vocabulary.PLAIN,
        "superscripts": vocabulary.SUPERSCRIPTS,
        "constants": vocabulary.CONSTANTS,
        "deepest": vocabulary.DEEPEST,
        "longest": vocabulary.LONGEST,
        "window": vocabulary.WINDOW,
        "names": names,
        "instead": {name: vocabulary.instead(name) for name in MATHEMATICS},
        "functions": {name: _function(name) for name in names},
        "operators": {
            row.operator: row.name for row in TABLE.values() if row.operator and row.arity == 2
        },
        "negation": str((-x).op),
        "powers": {"constant": str((x**2.0).op), "general": str((x**x).op)},
        "most": most,
        "listed": _said(partial(number, [])),
        "many": MANY,
        "absent": ABSENT,
    }


def _function(name: str) -> dict[str, Any]:
    """Return what a function takes, and what it says of what it refuses."""
    function: Any = vocabulary.function_of(name)
    row = TABLE.get(name)
    facts: dict[str, Any] = {"arity": None if row is None else row.arity}
    if vocabulary.takes_lists(name, function):
        return facts | {"written": vocabulary.written(name)} | _of_lists(name, function)
    if row is None or row.arity is None:
        return facts | {
            "nothing": _said(function),
            "alone": _said(partial(function, [_LOW])),
            "refused": {},
        }
    last = range(row.arity - row.constants, row.arity)

    def called(value: object, at: int) -> Any:
        return function(*[value if k == at else 0.5 for k in range(last.stop)])

    facts["refused"] = {k: _said(partial(called, Value(1.0), k)) for k in last}
    falling = partial(function, *[0.5] * last.start, *[_HIGH, _LOW][: len(last)])
    crossed = _said(falling, {str(_HIGH): "{low}", str(_LOW): "{high}"})
    return facts | ({"crossed": crossed} if isinstance(crossed, str) else {})


def _of_lists(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    parameters = list(inspect.signature(function).parameters.values())
    lists = [k for k, p in enumerate(parameters) if "Iterable" in str(p.annotation)]
    least = sum([p.default is p.empty for p in parameters])

    def called(*given: object) -> Any:
        rest = iter(given)
        return function(*[next(rest) if k in lists else 0.0 for k in range(least)])

    count = len(lists)
    facts: dict[str, Any] = {
        "lists": lists,
        "least": least,
        "most": len(parameters),
        "nothing": _said(partial(called, *[[]] * count)),
        "single": _said(partial(called, *[Value(1.0)] * count)),
        "number": _said(partial(called, *[_LOW] * count), {str(_LOW): "{given}"}),
    }
    if count > 1:
        marks = {"1 and 2": "{n} and {m}"}
        facts["unequal"] = _said(partial(called, [_LOW], [_LOW, _LOW]), marks)
    if name in OF_LISTS:
        marks = {"at least 1": "at least {least}", "got 0": "got {n}"}
        facts["few"] = _said(partial(function, []), marks)
        facts["alone"] = _said(partial(function, [[_LOW]]))
    if len(parameters) > least:  # a whole number behind the list
        for fault, x in (("whole", _LOW), ("below", -1.0), ("above", 1e15)):
            given = str(x if fault == "whole" else int(x))
            facts[fault] = _said(partial(function, [_LOW], x), {f"got {given}": "got {given}"})
        facts["largest"] = MOST
    return facts


def _said(function: Callable[[], object], marks: Mapping[str, str] | None = None) -> Any:
    """Return what a call gives, or what it says, with marks in place of what it was given."""
    try:
        return function()
    except (TypeError, ValueError, OverflowError) as error:
        text = str(error)
    for given, mark in (marks or {}).items():
        text = text.replace(given, mark)
    return text
