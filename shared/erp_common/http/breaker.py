"""The circuit breaker: after several calls in a row that failed for good, no more are made.

The states are those of the usual pattern (closed, open, half-open). Calls run outside of the lock,
side by side; an outcome counts only in the round of states in which its call was admitted.
"""

from __future__ import annotations

import logging
import math
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from erp_common.errors import ERPConnectionError, ERPSettingsError
from erp_common.http.clock import SYSTEM_CLOCK, Closed, SystemClock
from erp_common.setting import Delay, Positive, setting

if TYPE_CHECKING:
    from typing_extensions import Self

logger = logging.getLogger(__name__)

_ENTERED: ContextVar[tuple[int, ...]] = ContextVar("entered", default=())
"""The rounds of the `with` blocks around the running code, one stack a thread or task."""


class BreakerPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The setting `circuit_breaker`."""

    failure_threshold: Annotated[
        Positive,
        setting("Failure threshold", "Calls in a row that failed for good until the breaker opens"),
    ] = 5
    recovery_timeout: Annotated[
        Delay, setting("Recovery timeout", "Seconds until one trial call")
    ] = 60


_USUAL = BreakerPolicy()


class CircuitBreaker:
    """Stops calling an ERP that does not answer; usable as `with` and `async with`.

    Closed, every call is let through. After `failure_threshold` failures in a row it opens, and
    every call fails at once. After `recovery_timeout` seconds one trial call is let through; its
    outcome closes the circuit or opens it again.
    """

    def __init__(
        self,
        failure_threshold: int = _USUAL.failure_threshold,
        recovery_timeout: float = _USUAL.recovery_timeout,
        expected_exception: type[BaseException] | tuple[type[BaseException], ...] = Exception,
        *,
        name: str = "The ERP",
        clock: SystemClock = SYSTEM_CLOCK,
    ) -> None:
        """Create a closed circuit.

        Args:
            failure_threshold: Failures in a row that open it.
            recovery_timeout: Seconds it stays open before the trial call.
            expected_exception: What counts as a failure; any other exception shows that the
                other side answered, and counts as a success.
            name: The system in the messages.
            clock: Replaced in tests.

        Raises:
            ERPSettingsError: A number makes no sense.
        """
        if not (failure_threshold >= 1 and 0 <= recovery_timeout < math.inf):
            raise ERPSettingsError(
                "circuit_breaker.failure_threshold must be at least 1, and "
                "circuit_breaker.recovery_timeout seconds that are not negative."
            )
        self.failure_threshold = failure_threshold
        self.recovery_timeout = recovery_timeout
        self.expected_exception = expected_exception
        self.name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._state: Literal["closed", "open", "half-open"] = "closed"
        self._failures = 0
        self._opened_at = 0.0
        self._trial_runs = False
        self._round = 0

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open`."""
        return self._state

    def admit(self) -> int:
        """Ask for leave to call.

        Returns:
            The round to hand to `still_admits`, `succeeded`, `failed` or `abandoned`.

        Raises:
            ERPConnectionError: The circuit is open, or its trial call is still under way.
        """
        with self._lock:
            if self._state == "closed":
                return self._round
            if self._state == "open" and self._left() <= 0:
                self._move_to("half-open", "one trial call is made")
            if self._state == "half-open" and not self._trial_runs:
                self._trial_runs = True
                return self._round
            raise self._refusal()

    def still_admits(self, admitted: int) -> None:
        """Check before another attempt of a call that the circuit has not opened meanwhile.

        Raises:
            ERPConnectionError: It has.
        """
        with self._lock:
            if admitted != self._round and self._state != "closed":
                raise self._refusal()

    def succeeded(self, admitted: int) -> None:
        """Record that a call was answered."""
        with self._lock:
            if admitted != self._round:
                return  # a call from before the state changed says nothing about now
            self._failures = 0
            if self._state == "half-open":
                self._move_to("closed", "it answers again")

    def failed(self, admitted: int) -> None:
        """Record that a call failed for good."""
        with self._lock:
            if admitted != self._round:
                return
            self._failures += 1
            if self._state == "half-open" or self._failures >= self.failure_threshold:
                self._opened_at = self._clock.monotonic()
                self._move_to("open", f"{self.failure_threshold} calls in a row failed")

    def abandoned(self, admitted: int) -> None:
        """Record that a call ended without an outcome, so that another may be the trial."""
        with self._lock:
            if admitted == self._round:
                self._trial_runs = False

    def settle(self, admitted: int, error: BaseException | None) -> None:
        """Record the outcome that `error`, or its absence, stands for."""
        if error is None:
            self.succeeded(admitted)
        elif isinstance(error, Closed) or not isinstance(error, Exception):
            self.abandoned(admitted)
        elif isinstance(error, self.expected_exception):
            self.failed(admitted)
        else:
            self.succeeded(admitted)

    def _left(self) -> float:
        """Seconds until a trial call may be made."""
        return self._opened_at + self.recovery_timeout - self._clock.monotonic()

    def _move_to(self, state: Literal["closed", "open", "half-open"], why: str) -> None:
        """Begin a new round and log it; called with the lock held."""
        self._state = state
        self._round += 1
        self._failures = 0
        self._trial_runs = False
        level = logging.WARNING if state == "open" else logging.INFO
        logger.log(level, "%s: circuit breaker is %s, %s.", self.name, state, why)

    def _refusal(self) -> ERPConnectionError:
        seconds = max(1, math.ceil(self._left()))
        return ERPConnectionError(
            f"{self.name} did not answer {self.failure_threshold} calls in a row, so no more are "
            f"made for now; try again in {seconds} s."
        )

    def __enter__(self) -> Self:
        """Ask for leave to call.

        Raises:
            ERPConnectionError: The circuit is open.
        """
        _ENTERED.set((*_ENTERED.get(), self.admit()))
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Record the outcome; the exception, if any, goes on."""
        *outer, admitted = _ENTERED.get()
        _ENTERED.set(tuple(outer))
        self.settle(admitted, error)

    async def __aenter__(self) -> Self:
        """As `with`: nothing here waits."""
        return self.__enter__()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """As `with`."""
        self.__exit__(kind, error, trace)
