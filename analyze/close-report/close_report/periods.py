"""Accounting periods: which there are, and whether they are over."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from close_report.errors import CloseReportError
from close_report.text import harmless

_MONTHS_OF_A_QUARTER = 3
_MONTHS_OF_A_YEAR = 12


class Period(NamedTuple):
    """A span of days, both included."""

    start: date
    end: date

    @property
    def months(self) -> int | None:
        """How many whole calendar months it has; none if it does not begin and end with one."""
        if self.start.day != 1 or (self.end + timedelta(days=1)).day != 1:
            return None
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month + 1

    @property
    def is_month(self) -> bool:
        """Whether it is a calendar month."""
        return self.months == 1

    @property
    def quarter(self) -> int | None:
        """Which quarter of the calendar year it is, if it is one."""
        if self.months != _MONTHS_OF_A_QUARTER or self.end.month % _MONTHS_OF_A_QUARTER:
            return None
        return self.end.month // _MONTHS_OF_A_QUARTER

    @property
    def is_year(self) -> bool:
        """Whether it is a calendar year."""
        return self.months == _MONTHS_OF_A_YEAR and self.start.month == 1


def today() -> date:
    """The day it is in São Paulo, which decides whether a period is over."""
    return datetime.now(ZoneInfo("America/Sao_Paulo")).date()


def is_open(end: date, on: date) -> bool:
    """Whether a period that ends on `end` is not over on the day `on`."""
    return end >= on


def a_day(text: str) -> date:
    """The day that is written `2024-03-31`.

    Raises:
        CloseReportError: It is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CloseReportError(
            f"--as-of is '{harmless(text, 40)}': write a day, such as 2024-03-31."
        ) from None


def last_day(text: str) -> date:
    """The last day of a month written `2024-03`, or the day itself if one is written out.

    Raises:
        CloseReportError: It is neither.
    """
    try:
        if re.fullmatch(r"\d{4}-\d{2}", text):
            year, month = int(text[:4]), int(text[5:])
            return date(year, month, monthrange(year, month)[1])
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise CloseReportError(
        f"--period is '{harmless(text, 40)}': write a month, such as 2024-03, or the period's last "
        "day."
    )
