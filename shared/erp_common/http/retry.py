"""When a failed call is made again, and how long to wait before."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Generator
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from inspect import iscoroutinefunction
from typing import Annotated, Any, TypeVar

import backoff
import msgspec
from msgspec.structs import force_setattr

from erp_common.errors import (
    ERPAuthenticationError,
    ERPError,
    ERPSettingsError,
    ERPValidationError,
)
from erp_common.http.clock import SYSTEM_CLOCK, Closed, SystemClock
from erp_common.setting import Delay, Positive, setting

F = TypeVar("F", bound=Callable[..., Any])

_SECONDS = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?")

MAX_WAIT = 3600.0
"""Seconds that a run waits because a server says so; beyond that it ends, its state kept."""

_MAX_EXPONENT = 1000
"""2 to the power of more than 1023 is no float any more; every cap is reached long before."""


class RetryStrategy(str, Enum):
    """How the delay grows from one attempt to the next."""

    EXPONENTIAL = "exponential"
    LINEAR = "linear"
    FIXED = "fixed"


class RetryPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The setting `retry`: how often a call is tried and how long to wait in between."""

    max_attempts: Annotated[
        Positive, setting("Attempts", "Attempts for a request, the first included")
    ] = 3
    strategy: Annotated[RetryStrategy, setting("Strategy", "How the delay grows")] = (
        RetryStrategy.EXPONENTIAL
    )
    base_delay: Annotated[Delay, setting("Base delay", "Seconds of the first delay")] = 1.0
    max_delay: Annotated[Delay, setting("Longest delay", "Seconds of the longest delay")] = 30.0
    jitter: Annotated[bool, setting("Jitter", "Whether delays are spread by chance (0.5 to 1)")] = (
        True
    )

    def __post_init__(self) -> None:
        """Accept the strategy by its name.

        Raises:
            ERPSettingsError: A value makes no sense.
        """
        try:
            force_setattr(self, "strategy", RetryStrategy(self.strategy))
        except ValueError:
            names = ", ".join(strategy.value for strategy in RetryStrategy)
            raise ERPSettingsError(
                f"retry.strategy is {self.strategy!r}; set it to one of {names}."
            ) from None
        if type(self.max_attempts) is not int or self.max_attempts < 1:
            raise ERPSettingsError("retry.max_attempts must be a whole number of at least 1.")
        if not (0 <= self.base_delay < math.inf and 0 <= self.max_delay < math.inf):
            raise ERPSettingsError("retry.base_delay and retry.max_delay must not be negative.")

    def delay(self, n: int) -> float:
        """The seconds to wait after failed attempt `n` (from 0), before jitter."""
        growth = {
            RetryStrategy.EXPONENTIAL: 2.0 ** min(n, _MAX_EXPONENT),
            RetryStrategy.LINEAR: n + 1,
            RetryStrategy.FIXED: 1,
        }
        return min(self.base_delay * growth[self.strategy], self.max_delay)

    def wait(self, n: int, chance: float, retry_after: float | None = None) -> float:
        """The seconds to wait after failed attempt `n` (from 0).

        Args:
            n: Number of the attempt that failed, from 0.
            chance: A number from 0 up to 1 that spreads the delay, where `jitter` is on.
            retry_after: Seconds the server asked for; they win where they are longer, and the
                cap does not hold them: coming back sooner would only be refused again.
        """
        seconds = self.delay(n)
        if self.jitter:
            seconds *= 0.5 + chance / 2
        return max(seconds, retry_after or 0.0)


_USUAL = RetryPolicy()


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Read a `Retry-After` header.

    Args:
        value: Seconds or an HTTP date; None where there is no header.
        now: Seconds since the epoch, to measure a date against.

    Returns:
        Seconds, never negative; None for a missing or unreadable header.
    """
    if value is None:
        return None
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return max(0.0, float(text))
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return max(0.0, (date - datetime.fromtimestamp(now, timezone.utc)).total_seconds())


class TryAgain(Exception):  # noqa: N818 -- a signal between attempts, not an error
    """One attempt failed, and another may succeed."""

    def __init__(self, error: ERPError, *, wait: float | None = None, counted: bool = True) -> None:
        """Create the signal.

        Args:
            error: What to raise once no attempt is left.
            wait: Seconds the server asked for; a counted attempt waits at least its own delay.
            counted: Whether this uses up one of the attempts.
        """
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.counted = counted


def _is_final(error: Exception) -> bool:
    """Whether making the same call again cannot help."""
    if isinstance(error, (ERPAuthenticationError, ERPValidationError, Closed)):
        return True
    return bool(getattr(error.__cause__, "final", False))


def with_retry(
    max_attempts: int = _USUAL.max_attempts,
    strategy: RetryStrategy | str = _USUAL.strategy,
    base_delay: float = _USUAL.base_delay,
    max_delay: float = _USUAL.max_delay,
    jitter: bool = _USUAL.jitter,  # noqa: FBT001 -- part of the published signature
    *,
    retry_on: type[Exception] | tuple[type[Exception], ...] = Exception,
    clock: SystemClock = SYSTEM_CLOCK,
) -> Callable[[F], F]:
    """Make a plain or async function try again when it fails.

    Refused credentials, wrong answers and settings, and limits that no waiting lifts are final:
    they are raised at once.

    Args:
        max_attempts: How often the function is called in all.
        strategy: How the delay grows: exponential, linear or fixed.
        base_delay: Seconds; the first delay.
        max_delay: Seconds; no delay is longer, unless the server asks for it. Where it asks for
            more than an hour, the call is not made again.
        jitter: Whether each delay is multiplied by a random 0.5 to 1.0.
        retry_on: The exceptions after which the function is called again.
        clock: Replaced in tests.

    Returns:
        A decorator; the decorated function raises what the last attempt raised.

    Raises:
        ERPSettingsError: A value makes no sense.
    """
    policy = RetryPolicy(max_attempts, strategy, base_delay, max_delay, jitter)  # type: ignore[arg-type]
    return retrying(policy, retry_on=retry_on, clock=clock)


def retrying(
    policy: RetryPolicy,
    *,
    retry_on: type[Exception] | tuple[type[Exception], ...] = Exception,
    on_wait: Callable[[Exception, float, int], None] | None = None,
    stop: threading.Event | None = None,
    clock: SystemClock = SYSTEM_CLOCK,
) -> Callable[[F], F]:
    """As `with_retry`, by a policy.

    Before each wait `on_wait` is told the exception, the seconds and the number of attempts made;
    `stop` ends every wait of a plain function with `Closed` once it is set.
    """

    def waits(*, sleeps: bool) -> Generator[float, Exception, None]:
        """Decide after each failure; one generator lives as long as one call."""
        failed = 0
        error = yield 0.0
        while True:
            named = (
                error.wait if isinstance(error, TryAgain) else getattr(error, "retry_after", None)
            )
            if isinstance(error, TryAgain) and not error.counted:
                seconds = named or 0.0
            else:
                seconds = policy.wait(failed, clock.random(), named)
                failed += 1
            if failed >= policy.max_attempts or (named or 0.0) > MAX_WAIT:
                raise error
            if on_wait is not None:
                on_wait(error, seconds, failed)
            if sleeps:
                # Waited for here and not by backoff, whose sleep nothing could interrupt.
                clock.wait(seconds, stop)
                seconds = 0.0
            error = yield seconds

    def decorate(function: F) -> F:
        return backoff.on_exception(
            waits,
            retry_on,
            giveup=_is_final,
            jitter=None,
            logger=None,
            sleeps=not iscoroutinefunction(function),
        )(function)

    return decorate
