"""Small charts as SVG: bars for what happens in a period, a line for what stands at its end."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from markupsafe import Markup

WIDTH: Final = 120
HEIGHT: Final = 28
_PAD: Final = 2


def bars(values: Sequence[Decimal | None], label: str) -> Markup:
    """Bars up from and down to a line of zero; where there is no value there is no bar."""
    known = [value for value in values if value is not None]
    if not known:
        return Markup()
    top, bottom = max(Decimal(0), *known), min(Decimal(0), *known)
    span = float(top - bottom) or 1.0
    step = WIDTH / len(values)
    zero = _PAD + float(top) / span * (HEIGHT - 2 * _PAD)
    shapes = [f'<line class="axis" x1="0" x2="{WIDTH}" y1="{zero:.1f}" y2="{zero:.1f}"/>']
    for place, value in enumerate(values):
        if value is None:
            continue
        height = max(abs(float(value)) / span * (HEIGHT - 2 * _PAD), 0.75)
        y = zero - height if value > 0 else zero
        kind = "up" if value >= 0 else "down"
        shapes.append(
            f'<rect class="{kind}" x="{place * step + step * 0.15:.1f}" y="{y:.1f}" '
            f'width="{step * 0.7:.1f}" height="{height:.1f}"/>'
        )
    return _drawn(shapes, label)


def line(values: Sequence[Decimal | None], label: str) -> Markup:
    """A line through the values, with a dot at the last."""
    points = [(place, value) for place, value in enumerate(values) if value is not None]
    if not points:
        return Markup()
    amounts = [value for _, value in points]
    top, bottom = max(amounts), min(amounts)
    span = float(top - bottom) or 1.0
    step = (WIDTH - 2 * _PAD) / max(len(values) - 1, 1)
    drawn = [
        (_PAD + place * step, _PAD + float(top - value) / span * (HEIGHT - 2 * _PAD))
        for place, value in points
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in drawn)
    x, y = drawn[-1]
    return _drawn(
        [
            f'<polyline class="line" points="{path}"/>',
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2"/>',
        ],
        label,
    )


def _drawn(shapes: Sequence[str], label: str) -> Markup:
    opened = Markup(
        '<svg class="spark" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">'
    ).format(label, WIDTH, HEIGHT, WIDTH, HEIGHT)
    # What is drawn are numbers and names of classes from above, no text from anywhere.
    return opened + Markup("".join(shapes)) + Markup("</svg>")  # noqa: S704
