"""Expressions as people type them, made into graphs: parsed here, never evaluated as Python.

The command line takes expressions from anywhere, so there is a grammar of numbers, names, the
operators of Python, calls of the table's functions, and lists for those that take one. Whatever is
not in it is an error that points at the character.

    statements:  statement {";" statement}
    statement:   [name "="] sum
    sum:         product {("+" | "-") product}
    product:     signed {("*" | "/") signed}
    signed:      {"+" | "-"} power
    power:       atom ["**" signed]
    atom:        number | name | name "(" arguments ")" | "(" sum ")" | "[" arguments "]"
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, NoReturn

from autograd.engine.number import number
from autograd.engine.primitive import TABLE, apply, lookup
from autograd.engine.value import Value
from autograd.vocabulary import (
    CONSTANTS,
    DEEPEST,
    HINTS,
    LONGEST,
    PLAIN,
    SAID,
    SUPERSCRIPTS,
    WINDOW,
    fits,
    function_of,
    instead,
    said_by,
    takes_lists,
    written,
)

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>\*\*|[-+*/()\[\],;=−×·÷])"
)
_ROWS = {row.operator: row for row in TABLE.values() if row.operator and row.arity == 2}


class ExpressionError(ValueError):
    """Something about an expression is wrong.

    Attributes:
        reason: the fault, in a sentence.
        text: the expression.
        position: the place of the character in it, from 0; None if it is about no place.

    >>> try:
    ...     parse("2*(x + 1", x=1.0)
    ... except ExpressionError as error:
    ...     print(error.position)
    ...     print(error)
    8
    expected ')' for the '(' at character 3, found the end
        2*(x + 1
                ^
    """

    def __init__(self, reason: str, text: str, position: int | None = None) -> None:
        super().__init__(reason, text, position)
        self.reason = reason
        self.text = text
        self.position = position

    def __str__(self) -> str:
        if self.position is None:
            return self.reason
        begin = self.text.rfind("\n", 0, self.position) + 1
        line = self.text[begin:].split("\n", 1)[0]
        column = self.position - begin
        first = max(0, column - WINDOW)
        shown = line[first : column + WINDOW]
        shown = "".join([c if c.isprintable() else " " for c in shown])
        dots = "…" if first else ""
        return f"{self.reason}\n    {dots}{shown}\n    {' ' * (len(dots) + column - first)}^"


def parse(text: str, /, **values: Any) -> Value:
    """Return the graph of an expression, its names being leaves with the given values.

    Operators are those of Python, functions those of the table (`tanh`, `exp`, `maximum`, ...);
    `pi` and `e` are numbers unless they are given. Parts may be named, and are labelled so:
    ``"u = x**2 + x*y; u**2 + u"``; all parts but the last have a name.

    Args:
        text: the expression.
        values: a number, or a Value to use as it is, for every name in it.

    Raises:
        ExpressionError: for a text that is no expression, a name without a value and a value
            without a name; it points at the character.
        TypeError: if the text is no str or a value is no number.

    >>> z = parse("tanh(w*x + b)", w=0.5, x=2, b=-1)
    >>> z.data, z.op
    (0.0, <primitive tanh>)
    >>> parse("tanh(w*y + b)", w=0.5, x=2, b=-1)
    Traceback (most recent call last):
        ...
    autograd.expression.ExpressionError: y has no value: give it one, as in y=0.5
        tanh(w*y + b)
               ^
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"an expression is a str, got {type(text).__name__}")
    return parse_from(text, values)


def parse_from(text: str, values: dict[str, Any], first: float | None = None) -> Value:
    """Return the graph of an expression, names without a value being leaves that begin at a number.

    Args:
        text: the expression.
        values: as those of `parse`.
        first: the number; if left out, a name without a value is an error.

    >>> parse_from("w*x", {"x": 3.0}, 0.5).data
    1.5
    """
    parser = _Parser(text, values, first)
    z = parser.program()
    unused = [name for name in values if name not in parser.leaves]
    if unused:
        raise ExpressionError(SAID["unused"].format(name=unused[0], text=f"{text!r:.60}"), text)
    return z


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


class _Parser:
    def __init__(self, text: str, values: dict[str, Any], first: float | None) -> None:
        self.text = text
        self.values = values
        self.first = first
        self.leaves: dict[str, Any] = {}  # the names met so far, given or defined
        self.at = 0
        self.depth = 0
        self.tokens = self._tokens()

    def fail(self, fault: str, position: int, **parts: Any) -> NoReturn:
        """Raise the error that is said of a fault, its parts being put into the words."""
        raise ExpressionError(SAID[fault].format(**parts), self.text, position)

    def _tokens(self) -> list[_Token]:
        text = self.text
        if len(text) > LONGEST:
            reason = SAID["long"].format(most=f"{LONGEST:,}", got=f"{len(text):,}")
            raise ExpressionError(reason, text[:60])
        tokens: list[_Token] = []
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                hint = HINTS.get(text[at])
                fault = "sign" if hint is None else "hinted"
                self.fail(fault, at, sign=repr(text[at]), hint=hint)
            kind = str(found.lastgroup)
            for i, character in enumerate(found.group(), at):
                if character in SUPERSCRIPTS:
                    power = SUPERSCRIPTS[character]
                    self.fail("superscript", i, sign=repr(character), power=power)
            if kind != "space":
                piece = found.group()
                tokens.append(_Token(kind, PLAIN.get(piece, piece), at))
            at = found.end()
        tokens.append(_Token("end", "", len(text.rstrip())))
        return tokens

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def take(self, *signs: str) -> _Token | None:
        """Return the next token and go on if it is one of the signs."""
        token = self.token
        if token.kind == "sign" and token.text in signs:
            self.at += 1
            return token
        return None

    def expect(self, sign: str, opened: _Token) -> None:
        if not self.take(sign):
            self._expect_no_hint()
            token = self.token
            found = SAID["end"] if token.kind == "end" else repr(token.text)
            self.fail(
                "open",
                token.position,
                sign=repr(sign),
                opened=repr(opened.text),
                at=opened.position + 1,
                found=found,
            )

    # Statements ---------------------------------------------------------------------------------

    def program(self) -> Value:
        """Return the value of the last statement."""
        result: Any = None
        unnamed: int | None = None  # where the part before begins, if nothing can use it
        while self.token.kind != "end":
            begin, named = self.token.position, self._is_definition()
            result = self.statement()
            if unnamed is not None:
                self.fail("unnamed", unnamed)
            unnamed = None if named else begin
            if not self.take(";") and self.token.kind != "end":
                self._fail_after()
        if result is None:
            raise ExpressionError(SAID["empty"], self.text)
        return result if isinstance(result, Value) else Value(result)

    def _is_definition(self) -> bool:
        return self.token.kind == "name" and self.tokens[self.at + 1].text == "="

    def _expect_no_hint(self) -> None:
        """Say what to write in place of signs that stand elsewhere in Python, or in numbers."""
        token = self.token
        if token.text == ",":
            self.fail("comma", token.position)
        if token.text == "=" and self.tokens[self.at + 1].text == "=":
            self.fail("equality", token.position)

    def _fail_after(self) -> NoReturn:
        self._expect_no_hint()
        token = self.token
        if token.kind in ("name", "number") or token.text in ("(", "["):
            before = self.tokens[self.at - 1].text
            self.fail("operator", token.position, before=repr(before), after=repr(token.text))
        self.fail("unexpected", token.position, sign=repr(token.text))

    def statement(self) -> Any:
        name = self.token
        if not self._is_definition():
            return self._single(self.sum())
        if self.tokens[self.at + 2].text == "=":
            self.fail("equality", self.tokens[self.at + 1].position)
        if name.text in self.values or name.text in self.leaves:
            self.fail("taken", name.position, name=name.text)
        self.at += 2
        result = self._single(self.sum())
        if not isinstance(result, Value):
            result = Value(result, name.text)
        elif result.op is not None and not result.label:
            result.label = name.text
        self.leaves[name.text] = result
        return result

    def _single(self, result: Any) -> Any:
        if isinstance(result, list):
            self.fail("list", self._last())
        return result

    def _last(self) -> int:
        return self.tokens[max(self.at - 1, 0)].position

    # Operators ----------------------------------------------------------------------------------

    def sum(self) -> Any:
        result = self.product()
        while sign := self.take("+", "-"):
            result = self.combine(sign, result, self.product())
        return result

    def product(self) -> Any:
        result = self.signed()
        while sign := self.take("*", "/"):
            result = self.combine(sign, result, self.signed())
        return result

    def signed(self) -> Any:
        minus = 0
        first: _Token | None = None
        while sign := self.take("+", "-"):
            first = first or sign
            minus += sign.text == "-"
        result: Any = self.power()
        if first and isinstance(result, list):
            self.fail("signed", first.position)
        return -result if minus % 2 else result

    def power(self) -> Any:
        self.deeper()
        result = self.atom()
        if sign := self.take("**"):
            result = self.combine(sign, result, self.signed())
        self.depth -= 1
        return result

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail("deep", self.token.position, most=DEEPEST)

    def combine(self, sign: _Token, left: Any, right: Any) -> Any:
        if isinstance(left, list) or isinstance(right, list):
            self.fail("beside", sign.position, sign=repr(sign.text))
        if sign.text == "**":
            if isinstance(left, Value) or isinstance(right, Value):
                return left**right
            return lookup("power").function(left, right)
        # Through the rows: 1/0 is inf, as it is between Values, and no error.
        return apply(_ROWS[sign.text], (left, right))

    # Atoms --------------------------------------------------------------------------------------

    def atom(self) -> Any:
        token = self.token
        self.at += 1
        if token.kind == "end":
            self.fail("ends", token.position)
        if token.kind == "sign" and token.text not in ("(", "["):
            if token.text == self.tokens[self.at - 2].text == "/":
                self.fail("division", token.position)
            self.fail("atom", token.position, sign=repr(token.text))
        if token.kind == "number":
            return float(token.text)
        if token.kind == "name":
            return self.call(token) if self.token.text == "(" else self.named(token)
        if token.text == "[":
            return self.arguments("]", token)
        result = self.sum()
        self.expect(")", token)
        return result

    def arguments(self, end: str, opened: _Token) -> list[Any]:
        """Return the elements between brackets, the first of which is taken already."""
        found: list[Any] = []
        while self.token.text != end:
            found.append(self.sum())
            if not self.take(","):
                break
        self.expect(end, opened)
        return found

    def named(self, token: _Token) -> Any:
        name = token.text
        if name not in self.leaves and name in self.values:
            given = self.values[name]
            if not isinstance(given, Value):
                given = Value(number(given), name)
            self.leaves[name] = given
        if name not in self.leaves:
            if name in CONSTANTS:
                return CONSTANTS[name]
            if function_of(name) is not None:
                self.fail("function", token.position, name=name)
            if self.first is None:
                self.fail("value", token.position, name=name)
            self.leaves[name] = Value(self.first, name)
        return self.leaves[name]

    def call(self, token: _Token) -> Any:
        name = token.text
        function = function_of(name)
        if function is None:
            if name in self.values or name in self.leaves:
                self.fail("called", token.position, name=name)
            self.fail("unknown", token.position, name=name, instead=instead(name))
        opened = self.token
        self.at += 1
        operands = self.arguments(")", opened)
        row = TABLE.get(name)
        if row is not None and row.arity is not None and len(operands) != row.arity:
            fault = "operand" if row.arity == 1 else "operands"
            self.fail(fault, token.position, name=name, takes=row.arity, got=len(operands))
        if takes_lists(name, function) and not fits(function, operands):
            self.fail("sequence", token.position, name=name, written=written(name))
        try:
            return function(*operands)
        except (TypeError, ValueError, OverflowError) as error:
            raise ExpressionError(said_by(name, error), self.text, token.position) from None
