"""Numbers, labels and colours as pictures show them.

A number has few digits there, a label one short line, and the sign of a number its colour.
"""

import math
from typing import Final

from autograd.escaping import clean

# The longest label in a line of text, and in a box.
LABEL_LENGTH: Final = 32
TITLE_LENGTH: Final = 24

# Blue for + and orange for -, which all common forms of colour blindness tell apart, in steps
# dark enough for text on white (contrast above 4.5). M. Okabe and K. Ito, "Color universal
# design", 2008.
TONES: Final = {
    "positive": "#0063a6",
    "negative": "#b34700",
    "zero": "#5f6774",
    "unknown": "#5f6774",
    "nan": "#a3006e",
}
INK: Final = "#111827"
FAINT: Final = "#4b5563"
# For all that stands back where something is highlighted; it can still be read, at a contrast of 3.
PALE: Final = "#949494"


def number_text(x: float) -> str:
    """Return x with four significant digits; whole numbers below a million in full.

    >>> [number_text(x) for x in (0.1 + 0.2, -1234567.0, 24685.0, 1e-300, -0.0, math.nan)]
    ['0.3', '-1.235e+06', '24685', '1e-300', '-0', 'nan']
    """
    if abs(x) < 1e6 and x == math.floor(x):
        return f"{x:.0f}"
    return f"{x:.4g}"


def tone(x: float | None) -> str:
    """Return the name of the colour for a number: by its sign, or that there is none.

    >>> tone(-2.0), tone(0.0), tone(None)
    ('negative', 'zero', 'unknown')
    """
    if x is None:
        return "unknown"
    if x != x:
        return "nan"
    return "positive" if x > 0 else "negative" if x < 0 else "zero"


def label_text(label: str, length: int = LABEL_LENGTH) -> str:
    """Return a label as it stands in a line of text: one line of at most `length` characters.

    >>> label_text("layers.0.neurons.2.weights.3")
    'layers.0.neurons.2.weights.3'
    >>> label_text("layers.0.neurons.2.weights.3", TITLE_LENGTH)
    'layers.0.neur….2.weig….3'
    """
    if len(label) <= length and label.isascii() and label.isprintable() and " " not in label:
        return label  # as almost all are, of a model's 100,000 too
    if len(label) > 4 * length:  # White space is not looked for in a megabyte of label.
        label = label[: 2 * length] + label[-2 * length :]
    return clean(_abbreviated(" ".join(label.split()), length), length)


def _abbreviated(label: str, length: int) -> str:
    """Return a label cut to a length: words of a dotted one, if that suffices, else its middle."""
    parts = label.split(".")
    while len(label) > length and len(parts) > 1:
        words = [part for part in parts if len(part) > 4]
        if not words:
            break
        i = parts.index(max(reversed(words), key=len))
        stem = parts[i].removesuffix("…")
        parts[i] = f"{stem[:-1] if stem != parts[i] else stem[:-2]}…"
        label = ".".join(parts)
    return label


def count_text(n: int, noun: str) -> str:
    """Return a number of things in words.

    >>> count_text(1, "weight"), count_text(1234, "node")
    ('1 weight', '1,234 nodes')
    """
    plural = {"bias": "biases", "box": "boxes", "leaf": "leaves"}.get(noun, noun + "s")
    return f"{n:,} {noun if n == 1 else plural}"


def range_text(numbers: list[float]) -> str:
    """Return the range of some numbers, or the number if there is one.

    >>> range_text([0.25, -1.0, 3.0]), range_text([2.0]), range_text([1.0, math.nan])
    ('-1 to 3', '2', '1, some nan')
    """
    known = [x for x in numbers if x == x]
    if not known:
        return "nan"
    low, high = number_text(min(known)), number_text(max(known))
    text = low if low == high else f"{low} to {high}"
    return text if len(known) == len(numbers) else f"{text}, some nan"


def whole_number(name: str, n: object, least: int = 1, most: int | None = None) -> int:
    """Return a whole number that is neither too small nor too large, or say which are allowed."""
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"{name} is a whole number, got {n!r:.60}")
    if n < least:
        raise ValueError(f"{name} must be at least {least}, got {n}")
    if most is not None and n > most:
        raise ValueError(f"{name} must be at most {most:,}")
    return n
