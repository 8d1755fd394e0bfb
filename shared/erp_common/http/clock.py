"""Time, waiting and chance, in one place so that tests can replace them."""

from __future__ import annotations

import asyncio
import threading
import time
from random import SystemRandom

from erp_common.errors import ERPConnectionError

_chance = SystemRandom()
"""Without a state: no seed sets it, no fork shares it, no thread takes another's numbers."""


class Closed(ERPConnectionError):  # noqa: N818 -- tells what happened
    """The connection was closed while a call waited or before it was made."""

    ends_run = True

    def __init__(self) -> None:
        """Create the error."""
        super().__init__("The connection was closed while a call was waiting; connect again.")


class SystemClock:
    """The machine's own clock; what waits, measures and rolls the dice."""

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since the epoch, for dates that a server or a file names."""
        return time.time()

    def random(self) -> float:
        """A number from 0 up to 1."""
        return _chance.random()

    def wait(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Wait for `seconds`, or until `stop` is set.

        Raises:
            Closed: `stop` was set, before or meanwhile.
        """
        event = stop or threading.Event()
        if event.wait(max(0.0, min(seconds, threading.TIMEOUT_MAX))):
            raise Closed

    async def pause(self, seconds: float) -> None:
        """Wait for `seconds` without blocking the event loop."""
        await asyncio.sleep(max(0.0, seconds))


SYSTEM_CLOCK = SystemClock()
