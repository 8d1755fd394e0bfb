"""How an ERP is called: the numbers and addresses of a transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from erp_common.errors import ERPValidationError
from erp_common.http.addresses import require_https
from erp_common.http.bucket import Allowance
from erp_common.http.retry import RetryPolicy

NETWORK_JITTER = 0.25
"""Seconds; see `Allowance.margin`: what busy machines and networks delay one request more."""


@dataclass(frozen=True)
class TransportOptions:
    """How an ERP is called; times are in seconds.

    Attributes:
        base_url: What paths are appended to; https.
        timeout: For one request.
        extract_timeout: For one request that extracts a ledger.
        retry: How often and when a failed attempt is made again.
        retry_on_timeout: Whether running out of time counts as worth another attempt.
        failure_threshold: Calls in a row that fail for good and open the circuit.
        recovery_timeout: How long it stays open.
        requests: Requests an interval.
        interval: The interval.
        burst: Requests at once after a pause.
        per_day: Requests a day; None for no such limit.
        storage_url: A Redis through which processes share the allowance; None for this process.
        account: Whom the ERP counts requests for, such as the application key: those with the
            same one share the allowance. Only a hash of it is used.
        max_concurrency: Requests in flight at once.
        ca_bundle: A private certificate authority.
        user_agent: Sent with every request.
        headers: Sent with every request too.
    """

    base_url: str
    timeout: float = 30.0
    extract_timeout: float = 120.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    retry_on_timeout: bool = True
    failure_threshold: int = 5
    recovery_timeout: float = 60.0
    requests: float = 60.0
    interval: float = 60.0
    burst: int = 5
    per_day: int | None = None
    storage_url: str | None = field(default=None, repr=False)
    account: str = field(default="", repr=False)
    max_concurrency: int = 4
    ca_bundle: str | None = None
    user_agent: str = "erp-taps"
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what no other part checks.

        Raises:
            ERPValidationError: The address is no https, or a number makes no sense.
        """
        require_https(self.base_url, "base_url")
        if self.max_concurrency < 1:
            raise ERPValidationError("max_concurrency must be at least 1.")
        if self.timeout <= 0 or self.extract_timeout <= 0:
            raise ERPValidationError("timeout and extract_timeout must be above 0.")
        if self.failure_threshold < 1 or self.recovery_timeout < 0:
            raise ERPValidationError(
                "circuit_breaker.failure_threshold must be at least 1 and recovery_timeout not "
                "negative."
            )
        _ = self.allowance

    @property
    def allowance(self) -> Allowance:
        """What the ERP permits, with a margin for the network."""
        return Allowance(
            self.requests, self.interval, self.burst, self.per_day, margin=NETWORK_JITTER
        )
