"""The table of a report as a chart: a row for each pass, a panel for each column, as SVG.

Counts shrink by orders of magnitude, so their bars are logarithmic; seconds add up, so theirs are
not. Every bar has its number beside it. The colours are those of Okabe and Ito, told apart by the
colour-blind.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograd.compile.report import Stage

_NODES, _STATEMENTS, _OTHER = "#0072b2", "#d55e00", "#7f7f7f"
_NAMES, _PANEL, _BAR, _ROW, _HEAD = 78, 178, 92, 22, 44


def chart(stages: Sequence[Stage]) -> str:
    """Return the stages of a report as an SVG picture.

    >>> from autograd.compile.report import Stage
    >>> picture = chart(
    ...     [Stage("trace", 100, 0, 90, 720, 0.001), Stage("roll", 0, 3, 90, 24, 0.002)]
    ... )
    >>> picture.startswith("<svg"), picture.count("<rect")
    (True, 9)
    """
    panels: list[tuple[str, list[float], list[str], list[str]]] = [
        (
            "nodes, then statements",
            [_log(s.nodes or s.statements) for s in stages],
            [f"{s.nodes or s.statements:,}" for s in stages],
            [_NODES if s.nodes else _STATEMENTS for s in stages],
        ),
        (
            "flops for a sample",
            [_log(s.flops) for s in stages],
            [f"{s.flops:,}" for s in stages],
            [_OTHER] * len(stages),
        ),
        (
            "bytes for a sample",
            [_log(s.bytes) for s in stages],
            [f"{s.bytes:,}" for s in stages],
            [_OTHER] * len(stages),
        ),
        (
            "milliseconds (linear)",
            [s.seconds for s in stages],
            [f"{1e3 * s.seconds:,.1f}" for s in stages],
            [_OTHER] * len(stages),
        ),
    ]
    width = _NAMES + len(panels) * _PANEL + 8
    height = _HEAD + _ROW * len(stages) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        '<text x="8" y="18" font-weight="bold">What each pass left</text>',
    ]
    for row, stage in enumerate(stages):
        y = _HEAD + _ROW * row + 15
        parts.append(f'<text x="{_NAMES - 8}" y="{y}" text-anchor="end">{stage.name}</text>')
    for place, (title, lengths, texts, colours) in enumerate(panels):
        parts += _panel(_NAMES + place * _PANEL, title, lengths, texts, colours)
    legend = (
        f'<tspan fill="{_NODES}">■</tspan> nodes of the graph, '
        f'<tspan fill="{_STATEMENTS}">■</tspan> array statements; '
        "logarithmic bars unless said, from 1"
    )
    parts.append(f'<text x="{_NAMES}" y="{height - 10}" fill="#444">{legend}</text>')
    return "\n".join([*parts, "</svg>"])


def _panel(
    left: int,
    title: str,
    lengths: Sequence[float],
    texts: Sequence[str],
    colours: Sequence[str],
) -> list[str]:
    largest = max([*lengths, 0.0]) or 1.0
    parts = [f'<text x="{left}" y="{_HEAD - 6}" fill="#444">{title}</text>']
    for row, (length, text, colour) in enumerate(zip(lengths, texts, colours, strict=True)):
        y, bar = _HEAD + _ROW * row, _BAR * length / largest
        parts += [
            f'<rect x="{left}" y="{y + 3}" width="{bar:.1f}" height="{_ROW - 6}" fill="{colour}"/>',
            f'<text x="{left + bar + 4:.1f}" y="{y + 15}">{text}</text>',
        ]
    return parts


def _log(count: int) -> float:
    return math.log10(count) if count > 1 else 0.0
