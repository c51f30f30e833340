r"""MathML from the LaTeX that the rows of the table are written in.

Browsers show MathML by themselves, where KaTeX would be 0.6 MB in every page. This reads the LaTeX
of this room and of users' own rows: fractions, roots, scripts, brackets, cases and names. A command
it does not know is shown by its name: nothing in a label or a row can fail here or become markup.
"""

from __future__ import annotations

import re

from autograd.escaping import markup

_TOKEN = re.compile(r"\\([A-Za-z]+)|\\(.)|(\d+(?:\.\d+)?)|(\s+)|(.)", re.DOTALL)

_OPERATORS = {
    "cdot": "·",
    "times": "×",
    "lt": "&lt;",
    "gt": "&gt;",
    "le": "≤",
    "ge": "≥",
    "neq": "≠",
    "wedge": "^",
    "sim": "~",
    "backslash": "\\",
    "leftarrow": "←",
    "to": "→",
    "pm": "±",
    "div": "÷",
    "mid": "|",
}
_SIGNS = {
    "infty": "∞",
    "partial": "∂",
    "dots": "…",
    "cdots": "⋯",
    "vdots": "⋮",
}
_LETTERS = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho varsigma
    sigma tau upsilon phi chi psi omega
"""
_GREEK = {name: chr(0x3B1 + i) for i, name in enumerate(_LETTERS.split())} | {
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
    "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
_SPACES = {"quad": "1em", ",": "0.17em", ";": "0.28em", "!": "-0.17em", " ": "0.33em"}
_UPRIGHT = frozenset({"operatorname", "mathrm", "text", "mathbf", "mathit"})
# Nesting deeper than this is shown as text: no input may run out of stack.
_DEEPEST = 60


def mathml(latex: str) -> str:
    r"""Return the inside of a `math` element for some LaTeX.

    >>> mathml(r"\frac{1}{x}")
    '<mfrac><mn>1</mn><mi>x</mi></mfrac>'
    >>> mathml(r"w_{1}^{2} \cdot \mathrm{a\_<b}")
    '<msubsup><mi>w</mi><mn>1</mn><mn>2</mn></msubsup><mo>·</mo><mi>a_&lt;b</mi>'
    """
    return "".join(_Reader(latex).row(None, 0))


def _grouped(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"


class _Reader:
    def __init__(self, latex: str) -> None:
        self.tokens = [match.groups() for match in _TOKEN.finditer(latex)]
        self.at = 0

    def peek(self) -> str:
        """Return the next token: a command with its backslash, a number or a character."""
        while self.at < len(self.tokens) and self.tokens[self.at][3]:
            self.at += 1
        if self.at >= len(self.tokens):
            return ""
        word, sign, number, _, character = self.tokens[self.at]
        return f"\\{word or sign}" if word or sign else number or character or ""

    def next(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def row(self, end: str | None, depth: int) -> list[str]:
        """Return the items before `end`, or before the end of all."""
        parts: list[str] = []
        while (token := self.peek()) and token != end:
            if token == "}" and end != "}":
                self.at += 1  # unbalanced
                continue
            parts.append(self.scripted(depth))
        self.at += 1
        return parts

    def scripted(self, depth: int) -> str:
        """Return one item with the scripts that follow it."""
        base = "<mrow></mrow>" if self.peek() in ("^", "_") else self.item(depth)
        lower = upper = ""
        while (token := self.peek()) in ("^", "_"):
            self.at += 1
            script = self.item(depth + 1)
            if token == "^":
                upper = script
            else:
                lower = script
        if lower and upper:
            return f"<msubsup>{base}{lower}{upper}</msubsup>"
        if lower:
            return f"<msub>{base}{lower}</msub>"
        return f"<msup>{base}{upper}</msup>" if upper else base

    def item(self, depth: int) -> str:
        """Return a group, a command with its arguments, a number or a character."""
        token = self.next()
        if depth > _DEEPEST:
            return f"<mtext>{markup(token)}</mtext>"
        if token == "{":
            return _grouped(self.row("}", depth + 1))
        if token.startswith("\\") and len(token) > 1:
            return self.command(token[1:], depth)
        if token[:1].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha() or token == "…":
            return f"<mi>{markup(token)}</mi>"
        if not token:
            return "<mrow></mrow>"
        return f"<mo>{'−' if token == '-' else markup(token)}</mo>"

    def command(self, name: str, depth: int) -> str:
        if name == "frac":
            return f"<mfrac>{self.item(depth + 1)}{self.item(depth + 1)}</mfrac>"
        if name == "sqrt":
            return f"<msqrt>{self.item(depth + 1)}</msqrt>"
        if name == "underbrace":
            return f'<munder>{self.item(depth + 1)}<mo stretchy="true">⏟</mo></munder>'
        if name == "left":
            opening = self.fence("prefix")
            inside = "".join(self.row("\\right", depth + 1))
            return f"<mrow>{opening}{inside}{self.fence('postfix')}</mrow>"
        if name == "begin":
            return self.table(depth)
        if name in _UPRIGHT:
            return self.upright()
        if name in _SPACES:
            return f'<mspace width="{_SPACES[name]}"/>'
        if name in _OPERATORS:
            return f"<mo>{_OPERATORS[name]}</mo>"
        if name in _SIGNS or name in _GREEK:
            return f"<mi>{_SIGNS.get(name) or _GREEK[name]}</mi>"
        if len(name) == 1 and not name.isalpha():
            return f"<mo>{markup(name)}</mo>"  # an escaped character
        return f"<mi>{markup(name)}</mi>"  # sin, max, ... and all that is not known

    def fence(self, form: str) -> str:
        """Return the bracket that comes next; none for a full stop."""
        mark = self.next().removeprefix("\\")
        if mark in ("", "."):
            return ""
        # Brackets are fences by themselves, a bar may be anything.
        return (
            f'<mo fence="true" form="{form}">|</mo>' if mark == "|" else f"<mo>{markup(mark)}</mo>"
        )

    def table(self, depth: int) -> str:
        """Return the table in an environment: rows split by two backslashes, cells by &."""
        kind = self.words()
        rows: list[list[list[str]]] = [[[]]]
        while token := self.peek():
            if token == "\\end":
                self.at += 1
                self.words()
                break
            if token == "&":
                self.at += 1
                rows[-1].append([])
            elif token == "\\\\":
                self.at += 1
                rows.append([[]])
            else:
                rows[-1][-1].append(self.scripted(depth + 1))
        body = "".join(
            f"<mtr>{''.join(f'<mtd>{_grouped(cell)}</mtd>' for cell in row)}</mtr>" for row in rows
        )
        table = f'<mtable columnalign="left">{body}</mtable>'
        brace = '<mo fence="true" form="prefix">{</mo>'
        return f"<mrow>{brace}{table}</mrow>" if kind == "cases" else table

    def upright(self) -> str:
        text = self.words()
        return f"<mi>{markup(text)}</mi>" if text else "<mrow></mrow>"

    def words(self) -> str:
        """Return the text of a group, its escapes undone."""
        if self.peek() != "{":
            return self.next().removeprefix("\\")
        self.at += 1
        depth, parts = 1, list[str]()
        while self.at < len(self.tokens):
            word, sign, number, space, character = self.tokens[self.at]
            self.at += 1
            if character == "{":
                depth += 1
            elif character == "}":
                depth -= 1
                if depth == 0:
                    break
            elif word:
                plain = {"lt": "<", "gt": ">"}.get(word) or _OPERATORS.get(word, word)
                parts.append(plain)
                self._skip_space()
            else:
                parts.append(
                    "\u00a0" if space or sign == " " else sign or number or character or ""
                )
        return "".join(parts)

    def _skip_space(self) -> None:
        """Skip the space that ends a command's name."""
        if self.at < len(self.tokens) and self.tokens[self.at][3]:
            self.at += 1
