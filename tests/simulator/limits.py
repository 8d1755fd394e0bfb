"""Rate and concurrency limits as the vendors enforce them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Final, Literal

Reason = Literal["rate", "concurrency", "day"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A token bucket, refilled continuously, and what else a vendor counts.

    Attributes:
        requests: Tokens that come back in `interval`.
        interval: Seconds.
        burst: Tokens that a full bucket holds.
        concurrency: Requests in flight at once, None for any number.
        per_day: Requests since the limits were set, None for any number.
        leeway: Seconds by which a request may be early: a client that keeps the limit exactly
            is never turned down for the jitter of the network.
    """

    requests: int
    interval: float = 60
    burst: int = 1
    concurrency: int | None = None
    per_day: int | None = None
    leeway: float = 0.25


REAL: Final = {
    "totvs": Limit(100, 60, 10),
    "totvs_public": Limit(100, 60, 10),
    "contaazul": Limit(60, 60, 5),
    # 600 a minute and 10 a second: no burst fits into both.
    "contaazul_public": Limit(600, 60, 1),
    "omie": Limit(300, 60, 20, concurrency=4),
    # One call in flight for each key and method.
    "omie_public": Limit(240, 60, 4, concurrency=1),
    "bling": Limit(100, 60, 10, per_day=120_000),
    "bling_public": Limit(3, 1, 3, per_day=120_000),
    "bling_v2": Limit(100, 60, 10, per_day=120_000),
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a request was turned down, and in how many seconds it would not be."""

    reason: Reason
    limit: Limit
    retry_after: float


class Limits:
    """The limits of each ERP, none at first; they may be set while requests come in."""

    def __init__(self) -> None:
        """Start without limits."""
        self._lock = Lock()
        self._limits: dict[str, Limit] = {}
        self._earliest: dict[tuple[str, str], float] = {}
        self._in_flight: Counter[tuple[str, str]] = Counter()
        self._today: Counter[tuple[str, str]] = Counter()
        self._rejected: Counter[str] = Counter()
        self.retry_after = False
        """Whether rejections carry a Retry-After header; the vendors promise none."""

    def real(self) -> None:
        """Enforce the vendors' own limits."""
        for erp, limit in REAL.items():
            self[erp] = limit

    def off(self) -> None:
        """Enforce nothing."""
        with self._lock:
            self._limits.clear()

    def __setitem__(self, erp: str, limit: Limit) -> None:
        """Enforce a limit, starting with a full bucket."""
        with self._lock:
            self._limits[erp] = limit
            for known in (self._earliest, self._today):
                for key in [key for key in known if key[0] == erp]:
                    del known[key]

    def __getitem__(self, erp: str) -> Limit | None:
        """Return the limit in force."""
        return self._limits.get(erp)

    def rejected(self, erp: str | None = None) -> int:
        """Return how many requests were turned down."""
        with self._lock:
            return sum(self._rejected.values()) if erp is None else self._rejected[erp]

    def enter(self, erp: str, key: str, lane: str) -> Rejection | None:
        """Count a request in, or turn it down.

        Args:
            erp: The ERP.
            key: Who is limited: the app key, tenant, token.
            lane: What at most `concurrency` requests may be in at once.
        """
        with self._lock:
            limit = self._limits.get(erp)
            rejection = None if limit is None else self._check(limit, erp, key, lane)
            if rejection is not None:
                self._rejected[erp] += 1
                return rejection
            self._in_flight[erp, lane] += 1
            return None

    def leave(self, erp: str, lane: str) -> None:
        """Count a request out that was not turned down."""
        with self._lock:
            self._in_flight[erp, lane] -= 1

    def _check(self, limit: Limit, erp: str, key: str, lane: str) -> Rejection | None:
        if limit.per_day is not None and self._today[erp, key] >= limit.per_day:
            return Rejection("day", limit, 3600)
        if limit.concurrency is not None and self._in_flight[erp, lane] >= limit.concurrency:
            return Rejection("concurrency", limit, 1)
        # The generic cell rate algorithm: a token bucket in continuous form.
        now = monotonic()
        step = limit.interval / limit.requests
        due = max(self._earliest.get((erp, key), now), now)
        early = due - now - step * (limit.burst - 1)
        if early > limit.leeway:
            return Rejection("rate", limit, early)
        self._earliest[erp, key] = due + step
        self._today[erp, key] += 1
        return None
