"""Accounting periods: how a span of dates is cut, and which period a date falls in."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

import msgspec

BUSINESS_ZONE = ZoneInfo("America/Sao_Paulo")


class Periodicity(str, Enum):
    """How the books are cut into periods."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    RANGE = "range"

    @property
    def months(self) -> int:
        """Calendar months in one period of this periodicity (`range` has none)."""
        return {"month": 1, "quarter": 3, "year": 12}[self.value]


class Period(msgspec.Struct, frozen=True, order=True):
    """One accounting period, both days included."""

    start: date
    end: date

    def __contains__(self, day: date) -> bool:
        """Whether the day lies in the period."""
        return self.start <= day <= self.end

    def __str__(self) -> str:
        """The period as people write it: `2024-01-01..2024-01-31`."""
        return f"{self.start}..{self.end}"

    def is_open(self, today: date) -> bool:
        """Whether postings may still come in: the period ends today or later."""
        return self.end >= today


def today(now: datetime | None = None) -> date:
    """Today's date where the companies are (America/Sao_Paulo)."""
    return (now or datetime.now(BUSINESS_ZONE)).astimezone(BUSINESS_ZONE).date()


def containing(day: date, periodicity: Periodicity) -> Period:
    """The calendar period of this periodicity that contains the day; `range` has no calendar."""
    first_month = (day.month - 1) // periodicity.months * periodicity.months + 1
    last_month = first_month + periodicity.months - 1
    last_day = monthrange(day.year, last_month)[1]
    return Period(date(day.year, first_month, 1), date(day.year, last_month, last_day))


def before(period: Period, count: int, periodicity: Periodicity) -> Period:
    """The calendar period that lies `count` periods before this one.

    A period before year 1 does not exist; the first one that does is returned instead.
    """
    months = period.start.year * 12 + period.start.month - 1 - count * periodicity.months
    year, month = divmod(months, 12)
    return containing(date(year, month + 1, 1) if year >= 1 else date.min, periodicity)


def periods_touching(start: date, end: date, periodicity: Periodicity) -> Iterator[Period]:
    """The whole periods that touch the span, in order; for `range` the span itself.

    Raises:
        ValueError: If the span ends before it starts.
    """
    if end < start:
        raise ValueError(f"the span ends on {end}, before it starts on {start}")
    if periodicity is Periodicity.RANGE:
        yield Period(start, end)
        return
    period = containing(start, periodicity)
    while period.start <= end:
        yield period
        if period.end == date.max:
            return
        period = containing(period.end + timedelta(days=1), periodicity)


def year_from(day: date) -> date:
    """The last day of the year that begins on a day."""
    try:
        return day.replace(year=day.year + 1) - timedelta(days=1)
    except ValueError:  # a 29th of February, or the calendar's last year
        return min(day, date.max - timedelta(days=365)) + timedelta(days=365)


def starts_fiscal_year(period: Period, first_month: int) -> bool:
    """Whether a fiscal year that begins in `first_month` begins with this period."""
    return period.start.month == first_month and period.start.day == 1


def fiscal_year(day: date, first_month: int) -> int:
    """The calendar year in which the fiscal year that the day lies in ends."""
    return day.year + (1 < first_month <= day.month)
