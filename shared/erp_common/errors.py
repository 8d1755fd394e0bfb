"""The errors of every tap and connector.

Each message is one sentence for the person who runs the tap: what happened and what to do. It never
holds a secret.
"""

from __future__ import annotations


class ERPError(Exception):
    """Base of all errors of an ERP connection."""

    ends_run = False
    """Whether the other companies of the run would fail the same way and must not be tried."""

    def __init__(self, message: str, *, ends_run: bool | None = None) -> None:
        """Create the error.

        Args:
            message: One sentence: what happened and what to do.
            ends_run: Overrules the class's `ends_run`.
        """
        super().__init__(message)
        if ends_run is not None:
            self.ends_run = ends_run


class ERPConnectionError(ERPError):
    """The ERP cannot be reached: TLS, DNS, timeouts, 5xx, an open circuit breaker."""


class ERPAuthenticationError(ERPError):
    """The ERP refuses the credentials: 401, 403, faults for a bad key."""


class ERPRateLimitError(ERPError):
    """The ERP's allowance is used up for good: 425, 429 after its retries, daily limits."""

    ends_run = True


class ERPValidationError(ERPError):
    """The answer or a value is not what it must be: shapes, business faults, strict findings."""


class ERPSettingsError(ERPValidationError, ValueError):
    """A setting, or the state given, is missing or wrong, such as a plain http address.

    A command says so by the SDK's name, `ConfigValidationError`.
    """
