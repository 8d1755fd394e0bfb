"""An allowance shared by several processes and machines through Redis.

One script books a slot atomically, on the Redis server's own clock, so that neither races nor
clocks that differ can overdraw it. A request costs one round trip, and a second one only if it
had to wait.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from erp_common.errors import ERPSettingsError
from erp_common.http.addresses import parts_of
from erp_common.http.bucket import DAY_ZONE, MAX_PENALTY, Allowance, AllowanceUnreachable, DayUsedUp
from erp_common.http.clock import SYSTEM_CLOCK, SystemClock

if TYPE_CHECKING:
    import redis

_MICRO = 1_000_000
_TIMEOUT = 5.0
_DAY_USED_UP = -1

# Microseconds throughout, exact in a double until the year 2255. `next`, `until` and `lag` are
# those of LocalBucket.
_BEGIN = (
    f"local HOUR = {MAX_PENALTY * _MICRO:.0f}"
    """
local at = redis.call('TIME')
local now = at[1] * 1000000 + at[2]
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
local saved = redis.call('HMGET', KEYS[1], 'next', 'until', 'lag')
local function number(text)
  local value = tonumber(text)
  return value and value > -4e15 and value < 4e15 and value or 0
end
local next_, until_, lag = number(saved[1]), number(saved[2]), number(saved[3])
-- No penalty is longer than this: a value that says so is not ours.
local excess = until_ - now - HOUR
if excess > 0 then
  until_ = until_ - excess
  lag = lag - excess
end
local time = math.max(now, until_) - lag
-- Kept for ten minutes after it is full again, so that `lag` outlives those who still wait.
local function save()
  redis.call('HSET', KEYS[1], 'next', string.format('%.0f', next_),
    'until', string.format('%.0f', until_), 'lag', string.format('%.0f', lag))
  local full = math.max(next_ + lag, until_) - now
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', full / 1000 + 600000))
end
"""
)
_BOOK = (
    _BEGIN
    + """
local spacing, slack = tonumber(ARGV[1]), tonumber(ARGV[2])
local per_day, day_shift = tonumber(ARGV[3]), tonumber(ARGV[4])
-- Nor do so many wait in line.
if next_ > time + slack + 100000 * spacing + HOUR then next_ = time end
local day_key = KEYS[2] .. string.format('%.0f', math.floor((now + day_shift) / 86400000000))
local used = per_day > 0 and redis.pcall('GET', day_key)
if used and (type(used) ~= 'string' or not string.match(used, '^%d+$') or #used > 15) then
  redis.call('DEL', day_key)
  used = false
end
if per_day > 0 and number(used) >= per_day then return {'0', -1} end
local slot = math.max(time, next_ - slack)
local wait = math.max(slot + lag, until_, now) - now
next_ = math.max(slot, next_) + spacing
save()
if per_day > 0 then
  redis.call('INCR', day_key)
  redis.call('EXPIRE', day_key, 172800)
end
return {string.format('%.0f', slot), math.ceil(wait)}
"""
)
_LEFT = _BEGIN + "return math.ceil(math.max(tonumber(ARGV[1]) + lag, until_) - now)"
_PENALISE = (
    _BEGIN
    + """
local seconds, slack = tonumber(ARGV[1]), tonumber(ARGV[2])
local longer = now + seconds - math.max(now, until_)
if longer > 0 then
  next_ = math.max(next_, time + slack)
  lag = lag + longer
  until_ = now + seconds
  save()
end
return 0
"""
)


class RedisBucket:
    """The slots of an allowance, kept in Redis (5 or newer)."""

    def __init__(
        self, allowance: Allowance, url: str, *, owner: str, clock: SystemClock = SYSTEM_CLOCK
    ) -> None:
        """Prepare the connection; it is opened by the first request.

        Args:
            allowance: What is shared; processes with other limits share another one.
            url: `redis://` or `rediss://`, as rate_limit.storage_url.
            owner: The system and whom the ERP counts the requests for, such as its application
                key; only a hash of it reaches Redis.
            clock: Replaced in tests; only tells the offset of the day.

        Raises:
            ERPSettingsError: The address is none of Redis, or redis is not installed.
        """
        self._allowance = allowance
        self._clock = clock
        self._where = self._check(url)
        limits = (allowance.requests, allowance.interval, allowance.burst, allowance.per_day)
        digest = hashlib.sha256(repr((owner, limits)).encode()).hexdigest()[:32]
        # The braces keep both keys on one node of a cluster.
        self._keys = [f"erp-taps:{{{digest}}}:bucket", f"erp-taps:{{{digest}}}:day:"]
        self._client = self._connect(url)
        self._book = self._client.register_script(_BOOK)
        self._left = self._client.register_script(_LEFT)
        self._penalise = self._client.register_script(_PENALISE)
        self._spacing = allowance.spacing * _MICRO
        self._slack = allowance.slack * _MICRO

    def book(self, *, again: bool = False) -> tuple[float, float]:
        """Book the next free slot; see `Bucket`."""
        offset = datetime.fromtimestamp(self._clock.time(), DAY_ZONE).utcoffset()
        shift = 0.0 if offset is None else offset.total_seconds() * _MICRO
        per_day = 0 if again else self._allowance.per_day or 0
        slot, wait = self._ask(self._book, self._spacing, self._slack, per_day, shift)
        if wait == _DAY_USED_UP:
            raise DayUsedUp
        return float(slot), wait / _MICRO

    def left(self, slot: float) -> float:
        """Seconds until the time of a booked slot has come."""
        left: int = self._ask(self._left, f"{slot:.0f}")
        return left / _MICRO

    def penalise(self, seconds: float) -> None:
        """Let nobody through for `seconds`, in any process, and no burst thereafter."""
        seconds = min(seconds, MAX_PENALTY)
        self._ask(self._penalise, seconds * _MICRO, self._slack)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, script: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 -- a script's own answer
        import redis  # noqa: PLC0415

        try:
            return script(self._keys, arguments)
        except redis.RedisError as error:
            reason = type(error).__name__
        raise AllowanceUnreachable(
            f"The shared allowance at {self._where} cannot be reached ({reason}); start that Redis "
            "or correct or remove rate_limit.storage_url."
        )

    @staticmethod
    def _check(url: str) -> str:
        parts = parts_of(url)
        if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
            raise ERPSettingsError(
                "rate_limit.storage_url must begin with redis:// or rediss:// and name a host."
            )
        return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname

    def _connect(self, url: str) -> redis.Redis:
        try:
            # An extra, and slow to import.
            import redis  # noqa: PLC0415
            from redis.backoff import NoBackoff  # noqa: PLC0415
            from redis.retry import Retry  # noqa: PLC0415
        except ImportError:
            raise ERPSettingsError(
                "rate_limit.storage_url needs the redis package; install erp-common[redis] "
                "beside the tap or remove the setting."
            ) from None
        try:
            return redis.Redis.from_url(
                url,
                socket_timeout=_TIMEOUT,
                socket_connect_timeout=_TIMEOUT,
                # A kept connection may have been dropped; beyond that, the call's own rules apply.
                retry=Retry(NoBackoff(), 1),
            )
        except ValueError:
            pass
        raise ERPSettingsError(
            f"rate_limit.storage_url for {self._where} is not understood; write "
            "redis://[user:password@]host[:port][/database]."
        )
