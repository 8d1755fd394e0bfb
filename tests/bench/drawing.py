"""Curves over time as SVG, by hand: a picture of a few lines needs no library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, GAP = 420, 260, 46, 34, 44, 24
COLOURS = ("#7a7f87", "#0b6e4f", "#c8553d")
Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """A named line through points of seconds and calls."""

    name: str
    points: Sequence[Point]
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """Curves on one pair of axes."""

    title: str
    curves: Sequence[Curve]


def draw(title: str, panels: Sequence[Panel]) -> str:
    """The panels, two in a row."""
    rows = ceil(len(panels) / 2)
    width, height = 2 * WIDTH, rows * HEIGHT + TOP
    attributes = f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{width / 2}" y="24" text-anchor="middle" font-size="15">{escape(title)}</text>',
    ]
    for number, panel in enumerate(panels):
        x, y = number % 2 * WIDTH, number // 2 * HEIGHT + TOP
        parts += [f'<g transform="translate({x} {y})">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel) -> list[str]:
    right = max(x for curve in panel.curves for x, _ in curve.points)
    upper = max(y for curve in panel.curves for _, y in curve.points)
    wide, high = WIDTH - LEFT - GAP, HEIGHT - BOTTOM - GAP

    def place(point: Point) -> str:
        x, y = point
        return f"{LEFT + x / right * wide:.1f},{GAP + high - y / upper * high:.1f}"

    axis = f"M{LEFT},{GAP}V{GAP + high}H{LEFT + wide}"
    parts = [
        f'<text x="{LEFT}" y="14" font-weight="bold">{escape(panel.title)}</text>',
        f'<path d="{axis}" fill="none" stroke="#333"/>',
        f'<text x="{LEFT + wide}" y="{HEIGHT - 12}" text-anchor="end">{right:.0f} s</text>',
        f'<text x="{LEFT - 4}" y="{GAP + 8}" text-anchor="end">{upper:.0f}</text>',
        f'<text x="{LEFT - 4}" y="{GAP + high}" text-anchor="end">0</text>',
    ]
    for number, curve in enumerate(panel.curves):
        colour = COLOURS[number]
        dashes = ' stroke-dasharray="5 4"' if curve.dashed else ""
        line = " ".join(place(point) for point in curve.points)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"{dashes}/>'
        )
        parts.append(
            f'<text x="{LEFT + 10}" y="{GAP + 14 + 15 * number}" fill="{colour}">'
            f"{escape(curve.name)}</text>"
        )
    return parts
