"""The token bucket of an allowance: when the next request may be made.

It is a token bucket in its continuous form (a virtual scheduling GCRA): each caller books the next
free slot at once, under one lock, and then sleeps until that time. Slots are given in the order of
asking, and no caller polls.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from erp_common.errors import ERPConnectionError, ERPSettingsError
from erp_common.http.clock import SYSTEM_CLOCK, SystemClock

DAY_ZONE = ZoneInfo("America/Sao_Paulo")
"""Daily limits of Brazilian ERPs begin anew at midnight there."""


MAX_PENALTY = 3600.0
"""Seconds for which nobody is let through, at most, because the ERP said no."""
_SCHEDULER_DELAY = 0.02
"""Seconds by which the operating system may wake a thread too late; no reason to book again."""


class DayUsedUp(Exception):  # noqa: N818 -- a signal from a bucket to its limiter
    """The day's allowance has no slot left."""


@dataclass(frozen=True)
class Allowance:
    """What an ERP permits.

    Attributes:
        requests: Requests an interval.
        interval: Seconds.
        burst: Requests that may be made at once after a pause.
        per_day: Requests a calendar day (America/Sao_Paulo); None for no such limit.
        margin: Seconds by which requests may reach the server closer together than they were
            let through, because one is delayed more than the next. The burst is shortened by it
            (at most by half), so that the server's own bucket is never overdrawn; the rate stays
            whole. Only where there is no burst to shorten is the rate lowered, by 4 % at most.
    """

    requests: float
    interval: float = 1.0
    burst: int = 1
    per_day: int | None = None
    margin: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ERPSettingsError: A number is not positive, or no number at all.
        """
        if not (0 < self.requests < math.inf and 0 < self.interval < math.inf):
            raise ERPSettingsError("rate_limit.requests and rate_limit.interval must be above 0.")
        if self.burst < 1 or (self.per_day is not None and self.per_day < 1):
            raise ERPSettingsError("rate_limit.burst and rate_limit.per_day must be at least 1.")

    @property
    def spacing(self) -> float:
        """Seconds between two requests at the full rate."""
        return self._even + self._reserve if self.burst == 1 else self._even

    @property
    def slack(self) -> float:
        """Seconds that a request may be early, against the full rate, after a pause."""
        return 0.0 if self.burst == 1 else (self.burst - 1) * self._even - self._reserve

    @property
    def tolerance(self) -> float:
        """Seconds by which a request may come late without adding up to a burst with the next."""
        return max(self._reserve / 2, _SCHEDULER_DELAY)

    @property
    def _even(self) -> float:
        """Seconds between two requests if nothing is kept back."""
        return self.interval / self.requests

    @property
    def _reserve(self) -> float:
        """Seconds that are kept back, since clocks and networks are not even."""
        most = self._even / 25 if self.burst == 1 else (self.burst - 1) * self._even / 2
        return min(self.margin, most)


class AllowanceUnreachable(ERPConnectionError):  # noqa: N818 -- tells what happened
    """The store that an allowance is shared through does not answer."""


class Bucket(Protocol):
    """Where the slots are booked: in this process or in a store shared with others."""

    def book(self, *, again: bool = False) -> tuple[float, float]:
        """Book the next free slot.

        Args:
            again: Whether it is for a request whose slot has passed: it is one request of the day.

        Returns:
            The slot, for `left`, and the seconds until its time.

        Raises:
            DayUsedUp: No slot is left today.
            AllowanceUnreachable: The store does not answer; so with the other methods.
        """

    def left(self, slot: float) -> float:
        """Seconds until the time of a booked slot has come, penalties included."""

    def penalise(self, seconds: float) -> None:
        """Let nobody through for `seconds`, an hour at most, and no burst thereafter."""


class LocalBucket:
    """The slots of one process.

    Slots are kept in a time that stands still during a penalty, so that those already booked
    move back with it and stay as far apart as they were.
    """

    def __init__(self, allowance: Allowance, clock: SystemClock = SYSTEM_CLOCK) -> None:
        """Create a full bucket."""
        self._allowance = allowance
        self._clock = clock
        self._lock = threading.Lock()
        self._next = float("-inf")  # when the bucket would be full again
        self._until = float("-inf")  # the end of the penalty
        self._lag = 0.0  # seconds of penalties so far
        self._day = ""
        self._used = 0

    def book(self, *, again: bool = False) -> tuple[float, float]:
        """Book the next free slot; see `Bucket`."""
        with self._lock:
            if not again:
                self._count_for_the_day()
            now = self._time()
            slot = max(now, self._next - self._allowance.slack)
            self._next = max(slot, self._next) + self._allowance.spacing
            return slot, self._wait(slot)

    def left(self, slot: float) -> float:
        """Seconds until the time of a booked slot has come."""
        with self._lock:
            return self._wait(slot)

    def penalise(self, seconds: float) -> None:
        """Let nobody through for `seconds`, and no burst thereafter."""
        seconds = min(seconds, MAX_PENALTY)
        with self._lock:
            now = self._clock.monotonic()
            longer = now + seconds - max(now, self._until)
            if longer > 0:
                self._next = max(self._next, self._time() + self._allowance.slack)
                self._lag += longer
                self._until = now + seconds

    def _time(self) -> float:
        return max(self._clock.monotonic(), self._until) - self._lag

    def _wait(self, slot: float) -> float:
        return max(slot + self._lag, self._until) - self._clock.monotonic()

    def _count_for_the_day(self) -> None:
        if self._allowance.per_day is None:
            return
        day = datetime.fromtimestamp(self._clock.time(), DAY_ZONE).date().isoformat()
        if day != self._day:
            self._day, self._used = day, 0
        if self._used >= self._allowance.per_day:
            raise DayUsedUp
        self._used += 1
