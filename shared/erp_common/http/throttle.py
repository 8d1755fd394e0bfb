"""The allowance: how many requests an ERP permits, shared by all threads.

A token bucket in its continuous form: each caller books the next free place at once, under one
lock, and then sleeps until its time has come. Places are given in the order of asking, nobody
polls, and no crowd wakes up for one token.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from typing_extensions import Self

from erp_common.errors import ERPRateLimitError, ERPValidationError
from erp_common.http.clock import SYSTEM_CLOCK, Clock, Closed

L = TypeVar("L", bound="TokenBucketRateLimiter")

DAY_ZONE = ZoneInfo("America/Sao_Paulo")
"""Daily limits of Brazilian ERPs begin anew at midnight there."""


class DayUsedUp(Exception):  # noqa: N818 -- a signal from a bucket to its limiter
    """The day's allowance has no place left."""


@dataclass(frozen=True)
class Allowance:
    """What an ERP permits.

    Attributes:
        requests: Requests an interval.
        interval: Seconds.
        burst: Requests that may be made at once after a pause.
        per_day: Requests a calendar day (America/Sao_Paulo); None for no such limit.
        margin: Seconds by which requests may reach the server closer together than they were
            sent, because the network delays one more than the next. The burst is shortened by
            it (at most by half), so that the server's own bucket is never overdrawn; the rate
            stays whole.
    """

    requests: float
    interval: float = 1.0
    burst: int = 1
    per_day: int | None = None
    margin: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ERPValidationError: A number is not positive.
        """
        if self.requests <= 0 or self.interval <= 0:
            raise ERPValidationError("rate_limit.requests and rate_limit.interval must be above 0.")
        if self.burst < 1 or (self.per_day is not None and self.per_day < 1):
            raise ERPValidationError("rate_limit.burst and rate_limit.per_day must be at least 1.")

    @property
    def spacing(self) -> float:
        """Seconds between two requests at the full rate."""
        return self.interval / self.requests

    @property
    def slack(self) -> float:
        """Seconds that a request may be early, against the full rate, after a pause."""
        slack = (self.burst - 1) * self.spacing
        return slack - min(self.margin, slack / 2)


class Bucket(Protocol):
    """Where the places are booked: in this process or in a store shared with others."""

    def book(self, patience: float | None) -> tuple[float, float] | None:
        """Book the next free place.

        Args:
            patience: Seconds; where the place is further away, nothing is booked.

        Returns:
            The place, for `left`, and the seconds until its time; None where it is too far.

        Raises:
            DayUsedUp: No place is left today.
        """

    def left(self, place: float) -> float:
        """Seconds until the time of a booked place has come, penalties included."""

    def penalise(self, seconds: float) -> None:
        """Let nobody through for `seconds`, and no burst thereafter."""


class LocalBucket:
    """The places of one process.

    Places are kept in a time that stands still during a penalty, so that those already booked
    move back with it and stay as far apart as they were.
    """

    def __init__(self, allowance: Allowance, clock: Clock = SYSTEM_CLOCK) -> None:
        """Create a full bucket."""
        self._allowance = allowance
        self._clock = clock
        self._lock = threading.Lock()
        self._next = float("-inf")  # when the bucket would be full again
        self._until = float("-inf")  # the end of the penalty
        self._lag = 0.0  # seconds of penalties so far
        self._day = ""
        self._used = 0

    def book(self, patience: float | None) -> tuple[float, float] | None:
        """Book the next free place; see `Bucket`."""
        with self._lock:
            self._check_day()
            now = self._time()
            place = max(now, self._next - self._allowance.slack)
            wait = self._wait(place)
            if patience is not None and wait > patience:
                return None
            self._next = max(place, self._next) + self._allowance.spacing
            self._used += 1
            return place, wait

    def left(self, place: float) -> float:
        """Seconds until the time of a booked place has come."""
        with self._lock:
            return self._wait(place)

    def penalise(self, seconds: float) -> None:
        """Let nobody through for `seconds`, and no burst thereafter."""
        with self._lock:
            now = self._clock.monotonic()
            longer = now + seconds - max(now, self._until)
            if longer > 0:
                self._next = max(self._next, self._time() + self._allowance.slack)
                self._lag += longer
                self._until = now + seconds

    def _time(self) -> float:
        return max(self._clock.monotonic(), self._until) - self._lag

    def _wait(self, place: float) -> float:
        return max(place + self._lag, self._until) - self._clock.monotonic()

    def _check_day(self) -> None:
        if self._allowance.per_day is None:
            return
        day = datetime.fromtimestamp(self._clock.time(), DAY_ZONE).date().isoformat()
        if day != self._day:
            self._day, self._used = day, 0
        if self._used >= self._allowance.per_day:
            raise DayUsedUp


class TokenBucketRateLimiter:
    """Lets `rate` requests through every `interval` seconds; usable as `with` and `async with`.

    The bucket holds `burst` tokens and refills continuously. Callers wait in the order in which
    they asked. Leaving the block gives nothing back.
    """

    def __init__(
        self,
        rate: float,
        interval: float = 1.0,
        burst: int = 1,
        *,
        per_day: int | None = None,
        margin: float = 0.0,
        bucket: Bucket | None = None,
        name: str = "The ERP",
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Create a limiter with a full bucket.

        Args:
            rate: Requests an interval.
            interval: Seconds.
            burst: Requests that may be made at once after a pause.
            per_day: Requests a day; None for no such limit.
            margin: See `Allowance`.
            bucket: A store shared with other processes; None for one of this process.
            name: The system in the messages.
            clock: Replaced in tests.
        """
        self.allowance = Allowance(rate, interval, burst, per_day, margin)
        self.name = name
        self._clock = clock
        self._bucket = bucket or LocalBucket(self.allowance, clock)

    def acquire(
        self, *, patience: float | None = None, stop: threading.Event | None = None
    ) -> None:
        """Wait for a token.

        Args:
            patience: Seconds to wait at most; None for any time.
            stop: Ends the wait once it is set.

        Raises:
            ERPRateLimitError: The day's allowance is used up, or `patience` is too short.
            Closed: `stop` was set.
        """
        place, wait = self._book(patience)
        while wait > 0:
            self._clock.wait(wait, stop)
            wait = self._bucket.left(place)

    async def acquire_async(self) -> None:
        """Wait for a token without blocking the event loop.

        Raises:
            ERPRateLimitError: The day's allowance is used up.
        """
        place, wait = await asyncio.to_thread(self._book, None)
        while wait > 0:
            await self._clock.pause(wait)
            wait = await asyncio.to_thread(self._bucket.left, place)

    def penalise(self, seconds: float) -> None:
        """Slow everyone down after the ERP said no: no token before `seconds` have passed."""
        self._bucket.penalise(seconds)

    def _book(self, patience: float | None) -> tuple[float, float]:
        try:
            booked = self._bucket.book(patience)
        except DayUsedUp:
            raise ERPRateLimitError(
                f"{self.name}: the {self.allowance.per_day} requests allowed a day are used up; "
                "run again tomorrow or raise rate_limit.per_day."
            ) from None
        if booked is None:
            raise ERPRateLimitError(
                f"{self.name}: no request is allowed within the next {patience:g} s; try again "
                "later or raise rate_limit."
            )
        return booked

    def __enter__(self) -> Self:
        """Wait for a token."""
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is given back."""

    async def __aenter__(self) -> Self:
        """Wait for a token without blocking the event loop."""
        await self.acquire_async()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is given back."""


class Gate:
    """At most `width` requests in flight at once; closing it wakes everyone who waits."""

    def __init__(self, width: int) -> None:
        """Create an open gate."""
        self._free = threading.Semaphore(width)
        self._closed = False

    def __enter__(self) -> None:
        """Wait for a free place.

        Raises:
            Closed: The gate was closed.
        """
        self._free.acquire()
        if self._closed:
            self._free.release()  # wakes the next one who waits
            raise Closed

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Free the place."""
        self._free.release()

    def close(self) -> None:
        """Refuse everyone from now on, those who wait already too."""
        self._closed = True
        self._free.release()
