"""Draw what the simulated month measured, as SVG without a library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from tests.support.month.score import Score

WIDTH, HEIGHT, MARGIN = 720, 360, 48  # pixels
TICKS = (0.25, 1, 3, 6, 12, 24, 72, 168)  # hours
LEAST_HOURS, MOST_HOURS = 0.1, 400.0  # ends of the logarithmic axis


def write_plot(score: Score, path: Path) -> None:
    """Draw the share of articles and edits, of those found, that were captured within so many hours."""
    captured = [hours for some in score.captured.values() for hours in some]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *(tick(hours) for hours in TICKS),
        curve("articles, after publication", captured, "#1b6ca8", 20),
        curve("edits, after the change", score.delays, "#c44e1b", 36),
        "</svg>",
    ]
    path.write_text("\n".join(lines) + "\n")


def across(hours: float) -> float:
    part = math.log(max(hours, LEAST_HOURS) / LEAST_HOURS) / math.log(MOST_HOURS / LEAST_HOURS)
    return MARGIN + min(part, 1.0) * (WIDTH - 2 * MARGIN)


def tick(hours: float) -> str:
    at = across(hours)
    line = f'<line x1="{at:.0f}" x2="{at:.0f}" y1="{MARGIN}" y2="{HEIGHT - MARGIN}" stroke="#ddd"/>'
    return line + f'<text x="{at:.0f}" y="{HEIGHT - MARGIN + 16}" text-anchor="middle">{hours:g} h</text>'


def curve(name: str, values: Sequence[float], colour: str, row: int) -> str:
    """Draw one cumulative line with its name."""
    count = max(1, len(values))
    points = [
        f"{across(hours):.1f},{HEIGHT - MARGIN - (number / count) * (HEIGHT - 2 * MARGIN):.1f}"
        for number, hours in enumerate(sorted(values), 1)
    ]
    line = f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(points)}"/>'
    return line + f'<text x="{MARGIN}" y="{row}" fill="{colour}">{escape(name)} ({len(values)})</text>'
