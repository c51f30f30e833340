r"""Anybody's text as LaTeX that shows just that text, in pdfLaTeX, XeLaTeX and LuaLaTeX.

What is written is ASCII: pdfLaTeX knows few other signs, and stops at the rest. Accents, Greek
letters and signs of mathematics become commands. Any other sign becomes its code, U+1F680, and
under XeLaTeX and LuaLaTeX the sign itself, if it is in the font.
"""

import re
import unicodedata
from typing import Final

from autograd.escaping import clean

_SPECIAL: Final = {
    "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_", "^": r"\^{}", "~": r"\~{}",
    "`": r"\`{}", '"': r"\textquotedblright{}",
    "\N{NO-BREAK SPACE}": "~", "–": r"\textendash{}", "—": r"\textemdash{}",
    "‘": r"\textquoteleft{}", "’": r"\textquoteright{}", "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}", "…": r"\dots{}", "¡": r"\textexclamdown{}",
    "¿": r"\textquestiondown{}", "§": r"\S{}", "¶": r"\P{}", "©": r"\textcopyright{}",
    "£": r"\pounds{}", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}",
    "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}", "ȷ": r"\j{}",
}  # fmt: skip

_MATHEMATICS: Final = {
    "\\": r"\backslash", "{": r"\{", "}": r"\}", "<": "<", ">": ">", "|": "|",
    "−": "-", "×": r"\times", "÷": r"\div", "·": r"\cdot", "±": r"\pm", "°": r"^\circ",
    "∂": r"\partial", "∇": r"\nabla", "∑": r"\textstyle\sum", "∏": r"\textstyle\prod",
    "√": r"\surd", "∞": r"\infty", "∫": r"\smallint", "∈": r"\in", "≤": r"\leq", "≥": r"\geq",
    "≠": r"\neq", "≈": r"\approx", "≡": r"\equiv", "∼": r"\sim", "∝": r"\propto",
    "←": r"\leftarrow", "→": r"\rightarrow", "↑": r"\uparrow", "↓": r"\downarrow",
    "↔": r"\leftrightarrow",
    "⇒": r"\Rightarrow", "⊙": r"\odot", "⊕": r"\oplus", "⊗": r"\otimes", "∘": r"\circ",
    "•": r"\bullet", "‖": r"\Vert", "′": r"'", "⟨": r"\langle", "⟩": r"\rangle", "ℓ": r"\ell",
    "¬": r"\neg", "∧": r"\wedge", "∨": r"\vee", "▲": r"\bigtriangleup", "▼": r"\bigtriangledown",
    "½": r"\frac{1}{2}", "¼": r"\frac{1}{4}", "¾": r"\frac{3}{4}", "µ": r"\mu", "ϵ": r"\epsilon",
    "ϕ": r"\phi", "ϑ": r"\vartheta", "ς": r"\varsigma",
}  # fmt: skip

_GREEK: Final = dict(
    zip(
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
        ["alpha", "beta", "gamma", "delta", "varepsilon", "zeta", "eta", "theta", "iota", "kappa",
        "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "varphi", "chi",
        "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon",
        "Phi", "Psi", "Omega"],
        strict=True,
    )
)  # fmt: skip
_RAISED: Final = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵀ", "0123456789+-nT", strict=True))
_LOWERED: Final = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-", strict=True))

_WRITTEN: Final = {
    **_SPECIAL,
    **{sign: f"${command}$" for sign, command in _MATHEMATICS.items()},
    **{sign: rf"$\{name}$" for sign, name in _GREEK.items()},
    **{sign: f"$^{{{digit}}}$" for sign, digit in _RAISED.items()},
    **{sign: f"$_{{{digit}}}$" for sign, digit in _LOWERED.items()},
}

_ACCENTS: Final = dict(
    zip(map(chr, (0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x307, 0x308, 0x30A, 0x30B, 0x30C,
                  0x323, 0x327, 0x331)),
        ["`", "'", "^", "~", "=", "u", ".", '"', "r", "H", "v", "d", "c", "b"], strict=True)
)  # fmt: skip

# Around the code of a sign that LaTeX has no command for; no text that was cleaned holds it.
_MARK: Final = "\x00"
_CODE_OR_SIGN: Final = re.compile(f"{_MARK}([0-9A-F]+){_MARK}|(.)")
_LIGATURE: Final = re.compile(r"([-',])(?=\1)")  # Two of them would be a dash or a quotation mark.


def spelled(text: str) -> str:
    """Return any text as one line of signs that LaTeX has commands for, others by their codes.

    The result is about as wide as what `tex` makes of it will be.
    """
    text = unicodedata.normalize("NFC", clean(text))
    return "".join([c if c in _WRITTEN or " " <= c <= "~" else _other(c) for c in text])


def tex(text: str) -> str:
    r"""Return spelled text as the source of LaTeX's text mode that shows just that text.

    >>> print(tex(spelled("50% of x_1 → ∂é")))
    50\% of x\_1 $\rightarrow$ $\partial$\'{e}
    """
    written = [_coded(code) if code else _sign(c) for code, c in _CODE_OR_SIGN.findall(text)]
    return _LIGATURE.sub(r"\1{}", "".join(written))


def _other(c: str) -> str:
    if c.isspace():
        return " "
    if unicodedata.category(c) == "Cf" or 0xFE00 <= ord(c) <= 0xFE0F:
        return ""  # it has no look of its own, as the marks for the direction of writing
    return c if _accented(c) else f"{_MARK}{ord(c):X}{_MARK}"


def _accented(c: str) -> str:
    """Return a Latin letter with one accent as a command, "" where it is none."""
    letter, *accents = unicodedata.normalize("NFD", c)
    if (
        len(accents) != 1
        or accents[0] not in _ACCENTS
        or not (letter.isascii() and letter.isalpha())
    ):
        return ""
    return rf"\{_ACCENTS[accents[0]]}{{{letter}}}"


def _sign(c: str) -> str:
    return _WRITTEN.get(c) or _accented(c) or c


def _coded(code: str) -> str:
    # Only XeTeX and LuaTeX have \Uchar. In decimal, since babel gives the quotation mark a meaning.
    at, name = int(code, 16), f"U+{int(code, 16):04X}"
    return rf"\ifdefined\Uchar\iffontchar\font {at} \char{at} \else {name}\fi\else {name}\fi{{}}"
