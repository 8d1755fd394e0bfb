"""Whether an ERP answers, found out within a fixed time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum

from erp_common.errors import (
    ERPAuthenticationError,
    ERPConnectionError,
    ERPError,
    ERPRateLimitError,
    ERPValidationError,
)
from erp_common.http.dialect import NoRecords, Refusal


class ConnectionStatus(str, Enum):
    """What a health check found."""

    CONNECTED = "connected"
    AUTHENTICATION_FAILED = "authentication_failed"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    ERROR = "error"


@dataclass(frozen=True)
class HealthCheckResult:
    """What a health check found.

    Attributes:
        status: In one word.
        latency_ms: Milliseconds that the check took, tokens and waits included.
        error_message: What is wrong and what to do; None where nothing is.
        checked_at: When, in UTC.
    """

    status: ConnectionStatus
    latency_ms: float
    error_message: str | None
    checked_at: datetime


def check(probe: Callable[[float], object], timeout: float) -> HealthCheckResult:
    """Run a probe and say what it found, after `timeout` seconds at the latest.

    The probe runs on a thread of its own: neither a name server nor a server that sends one byte
    at a time can hold this call for longer.

    Args:
        probe: Makes the cheapest call, given the seconds it may take, and raises its errors.
        timeout: Seconds.
    """
    outcome: list[BaseException | None] = []

    def run() -> None:
        try:
            probe(timeout)
        except BaseException as error:  # noqa: BLE001 -- reported, whatever it is
            outcome.append(error)
        else:
            outcome.append(None)

    checked_at = datetime.now(timezone.utc)
    begun = time.monotonic()
    thread = threading.Thread(target=run, name="health-check", daemon=True)
    thread.start()
    thread.join(timeout)
    latency_ms = round((time.monotonic() - begun) * 1000, 1)
    if not outcome:
        status: ConnectionStatus = ConnectionStatus.UNREACHABLE
        message: str | None = (
            f"There was no answer within {timeout:g} s; check the address and the network, or "
            "raise health_check_timeout."
        )
    else:
        status, message = _judge(outcome[0])
    return HealthCheckResult(status, latency_ms, message, checked_at)


def _judge(error: BaseException | None) -> tuple[ConnectionStatus, str | None]:
    """The status that an error, or its absence, stands for."""
    if error is None or isinstance(error, NoRecords) or is_business_fault(error):
        return ConnectionStatus.CONNECTED, None
    for kind, status in _STATUSES.items():
        if isinstance(error, kind):
            return status, str(error)
    return ConnectionStatus.ERROR, f"The health check failed ({type(error).__name__})."


def is_business_fault(error: BaseException) -> bool:
    """Whether the ERP understood a call and refused it, which shows that it works.

    A body of another shape, or a redirect, is also an ERPValidationError, but shows nothing.
    """
    cause = error.__cause__
    return (
        isinstance(error, ERPValidationError)
        and isinstance(cause, Refusal)
        and cause.fault.well_formed
    )


_STATUSES: dict[type[ERPError], ConnectionStatus] = {
    ERPAuthenticationError: ConnectionStatus.AUTHENTICATION_FAILED,
    ERPRateLimitError: ConnectionStatus.RATE_LIMITED,
    ERPConnectionError: ConnectionStatus.UNREACHABLE,
    ERPError: ConnectionStatus.ERROR,
}
