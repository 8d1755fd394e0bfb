"""How far a run is: rows a second, and the time left, from the calls that are still due."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec

from erp_common.extract.books import CallsDue

TELL_EVERY: Final = 5.0
"""Seconds between one word on it and the next."""


class Progress(msgspec.Struct):
    """Says now and then how fast a run is and how long it will take.

    Attributes:
        due: How many calls were made, and how many are still due.
        calls_a_second: What the allowance permits.
        clock: Seconds.
        began: When the run did, by that clock.
        told: When it was said last.
        rows: Rows so far.
    """

    due: Callable[[], CallsDue]
    calls_a_second: float
    clock: Callable[[], float] = time.monotonic
    began: float = 0.0
    told: float = 0.0
    rows: int = 0

    def __post_init__(self) -> None:
        """Begin to measure."""
        self.began = self.told = self.clock()

    def say(self, rows: int) -> str:
        """Count rows in; in words what they make of the run, or nothing if that was just said."""
        self.rows += rows
        now = self.clock()
        if now - self.told < TELL_EVERY:
            return ""
        self.told = now
        return self.words()

    def words(self) -> str:
        """What the rows so far make of the run."""
        took = self.clock() - self.began
        if not took:
            return ""
        due = self.due()
        words = f"; {self.rows / took:,.0f} rows a second"
        if due.left and due.made:
            # The allowance is the bound, unless the ERP is slower than it lets us be.
            left = due.left * max(1 / self.calls_a_second, took / due.made)
            words += f", {in_words(left)} left"
        return words


def in_words(seconds: float) -> str:
    """A time as people say it: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:  # noqa: PLR2004 - a minute and a half
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:  # noqa: PLR2004 - an hour and a half
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
