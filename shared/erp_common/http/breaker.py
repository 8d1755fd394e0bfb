"""The circuit breaker: after several calls in a row that failed for good, no more are made.

`pybreaker` keeps the states and the count. Two things are done here instead: a call runs outside
of its lock, which would let one request through at a time, and the time since the circuit opened
is taken from a clock that does not jump.
"""

from __future__ import annotations

import logging
import math
import threading
from contextlib import suppress
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING

from erp_common.errors import ERPConnectionError
from erp_common.http.clock import SYSTEM_CLOCK, Clock, Closed

if TYPE_CHECKING:
    import pybreaker
    from typing_extensions import Self

logger = logging.getLogger(__name__)

_ENTERED: ContextVar[tuple[int, ...]] = ContextVar("entered", default=())
"""The rounds of the `with` blocks around the running code, one stack a thread or task."""


class CircuitBreaker:
    """Stops calling an ERP that does not answer; usable as `with` and `async with`.

    Closed, every call is let through. After `failure_threshold` failures in a row it opens, and
    every call fails at once. After `recovery_timeout` seconds one trial call is let through; its
    outcome closes the circuit or opens it again.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        recovery_timeout: float = 60,
        expected_exception: type[BaseException] | tuple[type[BaseException], ...] = Exception,
        *,
        name: str = "The ERP",
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Create a closed circuit.

        Args:
            failure_threshold: Failures in a row that open it.
            recovery_timeout: Seconds it stays open before the trial call.
            expected_exception: What counts as a failure; any other exception shows that the
                other side answered, and counts as a success.
            name: The system in the messages.
            clock: Replaced in tests.
        """
        self.failure_threshold = failure_threshold
        self.recovery_timeout = recovery_timeout
        self.expected_exception = expected_exception
        self.name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._machine: pybreaker.CircuitBreaker | None = None
        self._opened_at = 0.0
        self._trial_runs = False
        self._round = 0

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open`."""
        return "closed" if self._machine is None else self._machine.current_state

    def admit(self) -> int:
        """Ask for leave to call.

        Returns:
            The round to hand to `still_admits`, `succeeded`, `failed` or `abandoned`.

        Raises:
            ERPConnectionError: The circuit is open, or its trial call is still under way.
        """
        with self._lock:
            if self._machine is None or self.state == "closed":
                return self._round
            left = self._opened_at + self.recovery_timeout - self._clock.monotonic()
            if self.state == "open" and left <= 0:
                self._machine.half_open()
                self._moved("one trial call is made")
                self._trial_runs = True
                return self._round
            if self.state == "half-open" and not self._trial_runs:
                self._trial_runs = True
                return self._round
            raise self._refusal(left)

    def still_admits(self, admitted: int) -> None:
        """Check before another attempt of a call that the circuit has not opened meanwhile.

        Raises:
            ERPConnectionError: It has.
        """
        with self._lock:
            if admitted != self._round and self.state != "closed":
                left = self._opened_at + self.recovery_timeout - self._clock.monotonic()
                raise self._refusal(left)

    def succeeded(self, admitted: int) -> None:
        """Record that a call was answered."""
        with self._lock:
            if self._machine is None or admitted != self._round:
                return  # a call from before the circuit moved says nothing about now
            was = self.state
            self._trial_runs = False
            self._machine.call(lambda: None)
            if self.state != was:
                self._moved("it answers again")

    def failed(self, admitted: int) -> None:
        """Record that a call failed for good."""
        with self._lock:
            if admitted != self._round:
                return
            self._trial_runs = False
            machine = self._machine = self._machine or self._new_machine()
            with suppress(_Failed):
                # Not the error itself, whose traceback would go through here.
                machine.call(_fail)
            if self.state == "open":
                self._opened_at = self._clock.monotonic()
                self._moved(f"{self.failure_threshold} calls in a row failed")

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

    def _new_machine(self) -> pybreaker.CircuitBreaker:
        """Import pybreaker at the first failure only.

        It imports redis wherever that is installed: a quarter of a second at each start.
        """
        import pybreaker  # noqa: PLC0415

        return pybreaker.CircuitBreaker(
            fail_max=self.failure_threshold,
            reset_timeout=self.recovery_timeout,
            throw_new_error_on_trip=False,
        )

    def _moved(self, why: str) -> None:
        """Begin a new round and say so; called with the lock held."""
        self._round += 1
        level = logging.WARNING if self.state == "open" else logging.INFO
        logger.log(level, "%s: circuit breaker is %s, %s.", self.name, self.state, why)

    def _refusal(self, left: float) -> ERPConnectionError:
        seconds = max(1, math.ceil(left))
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Record the outcome; the exception, if any, goes on."""
        *outer, admitted = _ENTERED.get()
        _ENTERED.set(tuple(outer))
        self.settle(admitted, error)

    async def __aenter__(self) -> Self:
        """As `with`: nothing here waits."""
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """As `with`."""
        self.__exit__(kind, error, trace)


class _Failed(Exception):  # noqa: N818 -- never seen outside
    """What pybreaker is told of a failure."""


def _fail() -> None:
    raise _Failed
