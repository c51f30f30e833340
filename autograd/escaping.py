"""Anybody's text made harmless: for XML, which does not hold every character, and for Markdown.

A label may be any str at all, with control characters, lone surrogates, markup or a megabyte of
text. Pictures, tables and formulas pass it through here once; markup is escaped by each writer.
"""

import json
import re
from html import escape
from typing import Any, Final

LONGEST: Final = 2_000

# Characters that XML 1.0 does not allow, not even escaped (section 2.2), and lone surrogates, which
# UTF-8 does not allow.
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Those that turn the direction of all text behind them, numbers too.
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Words in a script that runs from right to left, of one name: letters after them may be any, and
# digits, but a power is none of the name's.
_RIGHT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_WORD = f"[{_RIGHT}](?:(?![\u00b2\u00b3\u00b9\u2070-\u2079])[\\w{_RIGHT}])*"
_LEFTWARDS: Final = re.compile(f"{_WORD}(?: {_WORD})*")

_MARKDOWN: Final = str.maketrans(
    {c: f"\\{c}" for c in "\\`*_{}[]()#+-.!|~$^"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)

# What means something in the address of an image or in an attribute of HTML; no more, for the size.
# For the same reason attributes within stand between single quotes.
_CODED: Final = {ord(c): f"%{ord(c):02X}" for c in '%#<>&"\n\t'}
_TAG: Final = re.compile("<[^<>]+>")


def clean(text: str, length: int = LONGEST) -> str:
    """Return `text` without characters that harm what is around it, and not longer than that.

    >>> clean("a" + chr(0) + "b")
    'a�b'
    >>> clean("a very long name", 10)
    'a very…ame'
    """
    if len(text) > length:
        kept = length - 1
        head = kept * 2 // 3
        text = f"{text[:head]}…{text[len(text) - (kept - head) :]}"
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", _TURNING.sub("", text))


def apart(text: str) -> str:
    """Return `text` with words that run from right to left set apart from what is around them.

    A number or a sign behind such a name would otherwise stand before it. The characters that set
    apart (Unicode's isolates, UAX 9) are not seen.

    >>> apart("x * 2"), apart("\u05d0 ** 2") == "\u2068\u05d0\u2069 ** 2"
    ('x * 2', True)
    """
    return _LEFTWARDS.sub("\u2068\\g<0>\u2069", text)


def markup(text: str) -> str:
    """Return `text` as the content of an element of XML or HTML.

    Not by `xml.sax.saxutils`, whose import loads `urllib` and half of the network.

    >>> markup('a < b & "c"')
    'a &lt; b &amp; "c"'
    """
    return escape(text, quote=False)


def image_source(svg: str) -> str:
    """Return an SVG as the address of an image, ready for an attribute between double quotes.

    >>> image_source('<svg id="a">"</svg>')
    "data:image/svg+xml;charset=utf-8,%3Csvg id='a'%3E%22%3C/svg%3E"
    """
    svg = svg.replace("'", "&#39;").replace(">\n<", "><")
    coded = _TAG.sub(lambda tag: tag[0].replace('"', "'"), svg).translate(_CODED)
    return f"data:image/svg+xml;charset=utf-8,{coded}"


def markdown_text(text: str) -> str:
    r"""Return any text as Markdown that shows just that text.

    >>> print(markdown_text("w_1 < 2"))
    w\_1 &lt; 2
    """
    return text.translate(_MARKDOWN)


def script_json(data: Any) -> str:
    r"""Return JSON that cannot end the script element it stands in, nor begin a comment there.

    >>> script_json("</script>")
    '"<\\/script>"'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    text = text.replace("</", "<\\/").replace("<!", "\\u003c!").replace("<s", "\\u003cs")
    text = text.replace("<S", "\\u003cS")
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
