"""How an ERP is called: the numbers and addresses of a transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from erp_common.errors import ERPSettingsError
from erp_common.http.addresses import require_https
from erp_common.http.breaker import BreakerPolicy
from erp_common.http.bucket import Allowance
from erp_common.http.retry import RetryPolicy
from erp_common.setting import Positive, Seconds, setting

NETWORK_JITTER = 0.25
"""Seconds; see `Allowance.margin`: what busy machines and networks delay one request more."""


class RateLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The setting `rate_limit`; each ERP has its own defaults."""

    requests: Annotated[Positive, setting("Requests", "Requests allowed in an interval")]
    interval: Annotated[Seconds, setting("Interval", "Seconds of an interval")]
    burst: Annotated[Positive, setting("Burst", "Requests allowed at once")]
    per_day: Annotated[
        Positive | None, setting("Per day", "Requests allowed in a day; default: no limit")
    ] = None
    storage_url: Annotated[
        str | None,
        setting(
            "Storage URL",
            "redis://… shares the allowance between processes and machines",
            secret=True,
        ),
    ] = None


class TransportSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that say how an ERP is called, whichever it is."""

    retry: Annotated[RetryPolicy, setting("Retry", "How failed requests are tried again")] = (
        RetryPolicy()
    )
    retry_on_timeout: Annotated[
        bool, setting("Retry on timeout", "Whether timeouts are tried again")
    ] = True
    circuit_breaker: Annotated[
        BreakerPolicy,
        setting("Circuit breaker", "When the tap stops calling an ERP that is down"),
    ] = BreakerPolicy()
    max_concurrency: Annotated[Positive, setting("Concurrency", "Requests in flight at once")] = 4
    timeout: Annotated[Seconds, setting("Timeout", "Seconds a request may take")] = 30
    extract_timeout: Annotated[
        Seconds, setting("Extract timeout", "Seconds a ledger request may take")
    ] = 120
    ca_bundle: Annotated[
        str | None,
        setting("CA bundle", "Path of a private certificate authority's certificate (PEM)"),
    ] = None


class TransportOptions(TransportSettings, frozen=True):
    """How one ERP is called; times are in seconds.

    Attributes:
        base_url: What paths are appended to; https.
        rate_limit: How many requests are allowed.
        account: Whom the ERP counts requests for, such as the application key: those with the
            same one share the allowance. Only a hash of it is used.
        user_agent: Sent with every request.
        headers: Sent with every request too.
    """

    base_url: str
    rate_limit: RateLimit = RateLimit(requests=60, interval=60, burst=5)
    account: str = ""
    user_agent: str = "erp-taps"
    headers: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        """Check what makes a call wait for ever, or go astray, where nobody has read settings.

        Raises:
            ERPSettingsError: The address is no https, or a number makes no sense.
        """
        address = require_https(self.base_url, "base_url")
        if "?" in address or "#" in address:
            raise ERPSettingsError(
                "base_url must end with its path: what an ERP is asked for is added to it; remove "
                "the ? or # and what follows."
            )
        if self.max_concurrency < 1:
            raise ERPSettingsError("max_concurrency must be at least 1.")
        if self.timeout <= 0 or self.extract_timeout <= 0:
            raise ERPSettingsError("timeout and extract_timeout must be above 0.")

    def __repr__(self) -> str:
        """Without the secrets among them."""
        return f"TransportOptions({self.base_url!r})"

    @property
    def allowance(self) -> Allowance:
        """What the ERP permits, with a margin for the network."""
        limit = self.rate_limit
        return Allowance(
            limit.requests, limit.interval, limit.burst, limit.per_day, margin=NETWORK_JITTER
        )
