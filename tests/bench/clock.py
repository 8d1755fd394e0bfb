"""How long calls take at an ERP's allowance, by a simulated clock: hours are not waited for."""

from __future__ import annotations

import heapq


def simulated(calls: int, *, rate: float, burst: int, latency: float, at_once: int) -> float:
    """Seconds from the first call to the last answer.

    Each call takes a token of the bucket and a place among those in flight, and is made as soon as
    there are both.

    Args:
        calls: How many.
        rate: Tokens a second.
        burst: Tokens at the beginning.
        latency: Seconds that an answer takes.
        at_once: Calls in flight at once.
    """
    places = [0.0] * at_once
    end = 0.0
    for number in range(calls):
        token = max(0.0, (number + 1 - burst) / rate)
        end = max(token, heapq.heappop(places)) + latency
        heapq.heappush(places, end)
    return end


def told(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
