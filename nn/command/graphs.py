"""The commands that look at an expression: `chalkgrad draw`, `explain` and `walk`; and `play`.

An expression comes with a value for each of its names, as in ``"tanh(w*x + b)" w=0.5 x=2 b=-1``.
It is parsed, never evaluated as Python, and an error points at the character.
"""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from autograd import (
    Drawing,
    ExpressionError,
    Value,
    draw,
    explain,
    order,
    parse,
    playground,
    walkthrough,
)
from nn.command.subcommand import Option, Refusal, Subcommand

_DRAWN = (".svg", ".dot", ".gv", ".mmd", ".tex", ".txt", ".png", ".pdf")


def with_minus(words: Sequence[str]) -> list[str]:
    """Return the words of the command, an expression that begins with a minus made known as one.

    `argparse` takes a word that begins with a minus for an option, unless a space stands before.

    >>> with_minus(["explain", "-x**2", "x=3", "--by", "x"])
    ['explain', ' -x**2', 'x=3', '--by', 'x']
    >>> with_minus(["draw", "-o", "a.svg", "--", "-x"])
    ['draw', '-o', 'a.svg', '--', '-x']
    >>> with_minus(["draw", "-x", "-o", "-x.svg"])
    ['draw', ' -x', '-o-x.svg']
    """
    if not words or words[0] not in LOOKING:
        return list(words)
    known: list[str] = []
    for i, word in enumerate(words):
        if word == "--":
            return [*known, *words[i:]]
        meant = word.startswith("-") and not _OPTION.fullmatch(word)
        if meant and known[-1] in _WITH_VALUE:
            # Joined to its option, as argparse wants a value that begins with a minus.
            known[-1] += word if known[-1] == "-o" else f"={word}"
        else:
            known.append(f" {word}" if meant else word)
    return known


def also_values(options: argparse.Namespace, rest: Sequence[str]) -> list[str]:
    """Take the values that stand behind an option, which `argparse` leaves over; return the rest.

    >>> options = argparse.Namespace(values=["x=2"])
    >>> also_values(options, ["b=-1", "--qiuz"]), options.values
    (['--qiuz'], ['x=2', 'b=-1'])
    """
    if not hasattr(options, "values"):
        return list(rest)
    options.values += [word for word in rest if "=" in word and not word.startswith("-")]
    return [word for word in rest if word not in options.values]


def values_of(words: Sequence[str]) -> dict[str, float]:
    """Return the values in words such as w=0.5; one may be an expression of numbers.

    Raises:
        Refusal: for a word that is none.

    >>> values_of(["w=0.5", "b=-1/4", "c=2*pi"])
    {'w': 0.5, 'b': -0.25, 'c': 6.283185307179586}
    """
    values: dict[str, float] = {}
    for word in words:
        name, sign, number = (part.strip() for part in word.partition("="))
        if not sign or not name.isidentifier():
            raise Refusal(f"expected NAME=VALUE, such as w=0.5, got {word.strip()!r:.60}")
        if name in values:
            raise Refusal(f"{name} is given twice")
        try:
            values[name] = float(number)
        except ValueError:
            values[name] = _computed(name, number)
    return values


def _computed(name: str, written: str) -> float:
    """Return the number that an expression of numbers is, such as 1/2 or pi."""
    try:
        return parse(written).data
    except ExpressionError as error:
        raise Refusal(
            f"the value of {name} is no number: {written!r:.60} ({error.reason})"
        ) from None


def _graph(options: argparse.Namespace) -> tuple[Value, dict[str, Value]]:
    """Return the result and the names of the expression."""
    leaves = {name: Value(x, name) for name, x in values_of(options.values).items()}
    return parse(options.expression.strip(), **leaves), leaves


def _draw(options: argparse.Namespace) -> str:
    z, _ = _graph(options)
    z.backward()
    picture: Drawing = draw(
        z, highlight=options.highlight, around=options.around, depth=options.depth
    )
    if options.output is None:
        return str(picture)
    path = picture.save(options.output)
    return f"{_result(z)} Picture: {path}"


def _explain(options: argparse.Namespace) -> str:
    z, leaves = _graph(options)
    named = leaves | {v.label: v for v in order(z) if v.label and v is not z}
    wanted: Sequence[str] = options.by or list(leaves)
    for name in wanted:
        if name not in named:
            known = ", ".join(named) or "none"
            raise Refusal(f"there is no {name} to derive by; the names are: {known}")
    if not wanted:
        raise Refusal("there is no name to derive by: give one a value, as in x=2")
    found = [explain(z, named[name], most=options.most) for name in wanted]
    return "\n\n".join([str(one.latex()) if options.latex else str(one) for one in found])


def _walk(options: argparse.Namespace) -> str:
    z, _ = _graph(options)
    path = walkthrough(z, quiz=options.quiz).save(options.output or "walk.html")
    return f"{_result(z)} Page: {path}"


def play_expression(expression: str, values: Sequence[str], output: str) -> str:
    """Write the page to type expressions in, and say where it is."""
    try:
        page = playground(expression.strip(), **values_of(values))
        return f"Page: {page.save(output)}"
    except (ExpressionError, OSError, ValueError) as error:
        raise Refusal(str(error)) from None


def _result(z: Value) -> str:
    return f"{z.label or 'z'} = {z.data:.6g}."


# The commands -----------------------------------------------------------------------------------


def _command(about: str, look: Callable[[argparse.Namespace], str], *options: Option) -> Subcommand:
    """Return the command that prints what a function finds at an expression."""

    def run(asked: argparse.Namespace) -> str:
        try:
            return look(asked)
        except (ExpressionError, OSError, RuntimeError, ValueError) as error:
            raise Refusal(str(error)) from None

    return Subcommand(about, run, [_EXPRESSION, VALUES, *options])


_EXPRESSION: Option = (
    ["expression"],
    {"help": 'such as "tanh(w*x + b)"; parts may be named: "u = x**2 + y; u**2 + u"'},
)
VALUES: Option = (
    ["values"],
    {
        "nargs": "*",
        "metavar": "NAME=VALUE",
        "help": "a value for each name in it, as in w=0.5",
    },
)
_WHERE = f"where to, ending in {', '.join(_DRAWN)}; without it, the picture is printed as text"
LOOKING: Mapping[str, Subcommand] = MappingProxyType(
    {
        "draw": _command(
            "draw the graph of an expression, with values, gradients and local derivatives",
            _draw,
            (["--output", "-o"], {"metavar": "FILE", "help": _WHERE}),
            (
                ["--highlight"],
                {
                    "action": "append",
                    "metavar": "NAME",
                    "help": "light up every path to a name; again for another",
                },
            ),
            (
                ["--around"],
                {
                    "metavar": "NAME",
                    "help": "draw only what is near a name, one arrow away or --depth",
                },
            ),
            (
                ["--depth"],
                {
                    "type": int,
                    "metavar": "N",
                    "help": "draw what is at most N arrows from the result",
                },
            ),
        ),
        "explain": _command(
            "explain a derivative: every path, its product, and the sum",
            _explain,
            (
                ["--by"],
                {
                    "action": "append",
                    "metavar": "NAME",
                    "help": "the name to derive by; again for another (default: all of them)",
                },
            ),
            (
                ["--most"],
                {
                    "type": int,
                    "default": 10,
                    "metavar": "N",
                    "help": "how many paths to show (default: 10)",
                },
            ),
            (["--latex"], {"action": "store_true", "help": "as LaTeX"}),
        ),
        "walk": _command(
            "write a page to walk through the forward and the backward pass",
            _walk,
            (
                ["--output", "-o"],
                {"metavar": "PAGE", "help": "where to, ending in .html (default: walk.html)"},
            ),
            (["--quiz"], {"action": "store_true", "help": "begin with the quiz on"}),
        ),
    }
)
_OPTIONS = [option for command in LOOKING.values() for option in command.options]
# Words of an option that takes a value.
_WITH_VALUE = {
    word for words, meaning in _OPTIONS for word in words if word[0] == "-" and "metavar" in meaning
}
# The words after one of the commands that begin with a minus and are options, or are meant to be:
# of one letter, with a file's name behind it, of two minuses, or a value as in -y=2.
_OPTION = re.compile(
    r"-[ho]|-o[\w./~\\:][\w./~\\: -]*|--|--[A-Za-z][\w-]*(=.*)?|-\w+=.*|-("
    + "|".join([word[2:] for words, _ in _OPTIONS for word in words if word.startswith("--")])
    + ")",
    re.DOTALL,
)
