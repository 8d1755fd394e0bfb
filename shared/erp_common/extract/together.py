"""Which periods a listing is asked for together, where each period takes its own rows from it."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from erp_common.ledger.periods import Period, Periodicity, containing, year_from

_DAY = timedelta(days=1)


class Together(msgspec.Struct):
    """How many of a run's closed periods are asked for together, and which those are.

    Periods are read side by side: a thread that comes early must not begin a window of its own. So
    they are planned in their order, and whichever is asked for first belongs to the same window.

    Attributes:
        periodicity: How the books are cut into periods.
        periods: The most of them.
        last_day: The last day of the run's last closed period; None if each period is asked for
            alone.
        windows: The window of each period that has been planned.
    """

    periodicity: Periodicity
    periods: int
    last_day: date | None
    windows: dict[Period, list[Period]] = {}

    @classmethod
    def of(
        cls,
        periodicity: Periodicity,
        periods: int,
        start: date | None,
        end: date | None,
        today: date,
    ) -> Together:
        """How a run asks from a day to another; without a first day it is no run.

        Args:
            periodicity: How the books are cut into periods.
            periods: The setting `periods_per_request`.
            start: The setting `start_date`.
            end: The setting `end_date`; None for today.
            today: Today's date where the company is.
        """
        if periodicity is Periodicity.RANGE or start is None:
            return cls(periodicity, 1, None)
        last = containing(min(end or today, today), periodicity)
        return cls(periodicity, periods, last.start - _DAY if last.is_open(today) else last.end)

    def window(self, period: Period, days: int | None = None) -> list[Period]:
        """A period and the closed ones after it that are asked for with it, a year at most.

        Args:
            period: The first of them.
            days: More days than these are not asked for at once.
        """
        found = [period]
        if self.last_day is None or period != containing(period.start, self.periodicity):
            return found
        latest = min(self.last_day, year_from(period.start))
        if days is not None:
            latest = min(latest, period.start + timedelta(days=days - 1))
        while len(found) < self.periods and found[-1].end < latest:
            following = containing(found[-1].end + _DAY, self.periodicity)
            if following.end > latest:
                break
            found.append(following)
        return found

    def plan(self, period: Period) -> None:
        """Take the next period; they are planned in their order, before any is asked for."""
        if period not in self.windows:
            window = self.window(period)
            for one in window:
                self.windows.setdefault(one, window)
