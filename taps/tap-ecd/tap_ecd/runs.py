"""Where in a file the entries of each month stand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tap_ecd.region import Region
from tap_ecd.values import day_or_none

Month = tuple[int, int]
"""Year and month."""

NOWHEN: Final[Month] = (0, 0)
"""The month of entries whose date cannot be read."""

MOST_RUNS: Final = 100_000
"""Stretches that are told apart; a journal in no order at all is read whole for each month."""


class Runs:
    """The stretches of a journal by month, in bounded memory."""

    def __init__(self) -> None:
        """Begin with no entries."""
        self.key: list[bytes] | None = None
        """The date of the entry before, as it is written."""
        self._by_month: dict[Month, list[Region]] = {}
        self._month: Month | None = None
        self._began = 0
        self._line = 0
        self._count = 0

    def turn(self, key: list[bytes], at: int, line: int) -> None:
        """An entry of another date begins here."""
        self.key = key
        month = month_of(key[0].decode("latin-1") if key else "")
        if month != self._month:
            self.close(at)
            self.key, self._month, self._began, self._line = key, month, at, line

    def close(self, at: int) -> None:
        """The stretch ends here."""
        if self._month is not None:
            runs = self._by_month.setdefault(self._month, [])
            run = Region(self._began, at, self._line)
            if self._count < MOST_RUNS or not runs:
                runs.append(run)
                self._count += 1
            else:
                runs[-1] = Region(runs[-1].begins, at, runs[-1].line)
        self.key = self._month = None

    @property
    def months(self) -> Iterable[Month]:
        """The months that have entries."""
        return self._by_month.keys()

    def of(self, months: Iterable[Month]) -> list[Region]:
        """The stretches that hold all entries of these months, in the order of the file.

        They may hold entries of other months too.
        """
        found = sorted(run for month in months for run in self._by_month.get(month, ()))
        joined: list[Region] = []
        for run in found:
            if joined and run.begins <= joined[-1].until:
                last = joined[-1]
                joined[-1] = Region(last.begins, max(last.until, run.until), last.line)
            else:
                joined.append(run)
        return joined


def month_of(written: str) -> Month:
    """The month of a date as an entry writes it."""
    day = day_or_none(written)
    return NOWHEN if day is None else (day.year, day.month)
