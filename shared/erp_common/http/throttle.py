"""The allowance: how many requests an ERP permits, shared by all threads that call it."""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from erp_common.errors import ERPRateLimitError
from erp_common.http.bucket import MAX_PENALTY, Allowance, Bucket, DayUsedUp, LocalBucket
from erp_common.http.clock import SYSTEM_CLOCK, SystemClock

if TYPE_CHECKING:
    from typing_extensions import Self


logger = logging.getLogger(__name__)

_CONNECT_AHEAD = 1.0
"""Seconds before its turn at which a request begins to connect."""
LONG_WAIT = 5.0
"""Seconds of waiting that are worth a line in the log."""
_LONGEST_WAIT = 3600.0
"""Seconds that a run waits for its turn, beside what the ERP said no for."""
_MAX_REBOOKINGS = 3
"""Turns booked in place of missed ones before a machine is too busy to be on time."""


@dataclass(frozen=True)
class Turn:
    """A booked turn in the queue.

    Attributes:
        slot: Its time, as the bucket counts it.
        asked_at: When it was asked for, on the clock that does not jump.
        wait: Seconds from then.
    """

    slot: float
    asked_at: float
    wait: float


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
        clock: SystemClock = SYSTEM_CLOCK,
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
        self._told_at = float("-inf")
        self._clock = clock
        self._bucket = bucket or LocalBucket(self.allowance, clock)

    def acquire(self, *, stop: threading.Event | None = None) -> None:
        """Wait for a token.

        Args:
            stop: Ends the wait once it is set.

        Raises:
            ERPRateLimitError: The day's allowance is used up.
            Closed: `stop` was set.
        """
        self._await(self.book(), stop)

    async def acquire_async(self) -> None:
        """Wait for a token without blocking the event loop.

        Raises:
            ERPRateLimitError: The day's allowance is used up.
        """
        turn = await asyncio.to_thread(self.book)
        wait = turn.wait
        while wait > 0:
            await self._clock.pause(wait)
            wait = await asyncio.to_thread(self._bucket.left, turn.slot)

    def book(self, *, again: bool = False) -> Turn:
        """Take a place in the queue, to be used by `wait_until_near` and `take`.

        Args:
            again: Whether it is in place of a turn that has passed.

        Raises:
            ERPRateLimitError: The day's allowance is used up, or a turn is hours away.
        """
        asked_at = self._clock.monotonic()
        try:
            slot, wait = self._bucket.book(again=again)
        except DayUsedUp:
            raise ERPRateLimitError(
                f"{self.name}: the {self.allowance.per_day} requests allowed a day are used up; "
                "run again tomorrow or raise rate_limit.per_day."
            ) from None
        if wait > MAX_PENALTY + _LONGEST_WAIT:
            raise ERPRateLimitError(
                f"{self.name}: the allowance of requests has no room for {wait:.0f} s; run again "
                "then, or raise rate_limit if the ERP allows more."
            )
        self._tell(wait)
        return Turn(slot, asked_at, wait)

    def wait_until_near(self, turn: Turn, stop: threading.Event | None = None) -> None:
        """Wait until it is nearly time: what is left is for getting a connection ready.

        Raises:
            Closed: `stop` was set.
        """
        if turn.wait > _CONNECT_AHEAD:
            self._clock.wait(turn.wait - _CONNECT_AHEAD, stop)

    def take(self, turn: Turn, stop: threading.Event | None = None) -> None:
        """Wait for a booked turn, or for another if that one has passed.

        A turn used late comes too close to the one after it, and many of them add up to a burst
        that the server does not allow.

        Raises:
            ERPRateLimitError: The day's allowance is used up.
            Closed: `stop` was set.
        """
        for _ in range(_MAX_REBOOKINGS):
            if self._await(turn, stop) <= self.allowance.tolerance:
                return
            turn = self.book(again=True)
        self._await(turn, stop)

    def _await(self, turn: Turn, stop: threading.Event | None) -> float:
        """Wait for a turn; gives the seconds by which it is late."""
        late = self._clock.monotonic() - turn.asked_at - turn.wait
        if turn.wait <= 0:
            return late
        left = -late
        while True:
            if left > 0:
                self._clock.wait(left, stop)
            # Asked again, since penalties may have moved the turn.
            left = self._bucket.left(turn.slot)
            if left <= 0:
                return -left
            self._tell(left)

    def _tell(self, wait: float) -> None:
        """Log a long wait; those that follow soon after are part of it."""
        now = self._clock.monotonic()
        if wait > LONG_WAIT and now >= self._told_at + LONG_WAIT:
            self._told_at = now + wait
            logger.info("%s: waiting %.0f s for the allowance of requests.", self.name, wait)

    def penalise(self, seconds: float) -> None:
        """Slow everyone down after the ERP said no: no token before `seconds` have passed."""
        self._bucket.penalise(seconds)

    def __enter__(self) -> Self:
        """Wait for a token."""
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is given back."""

    async def __aenter__(self) -> Self:
        """Wait for a token without blocking the event loop."""
        await self.acquire_async()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is given back."""
