"""The months that a run covers."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date


def months(start: date, end: date) -> Iterator[dict[str, str]]:
    """The months from `start` to `end`, as the two fields that name a period."""
    first = start.replace(day=1)
    while first <= end:
        last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
        yield {"period_start": first.isoformat(), "period_end": last.isoformat()}
        first = date.fromordinal(last.toordinal() + 1)
