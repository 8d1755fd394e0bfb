"""What the erp-taps share, and the Python interface to the books of an ERP.

    from erp_common import create_connector

    with create_connector("omie", "api_key", {"app_key": "…", "app_secret": "…"}) as erp:
        balance = erp.get_trial_balance("123", date(2024, 1, 1), date(2024, 12, 31))

Names are imported when they are first used, so that a tap's start costs nothing for them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from erp_common.auth.handlers import APIKeyHandler, BasicAuthHandler, BearerTokenHandler
    from erp_common.auth.oauth import OAuth2Handler
    from erp_common.connector.connector import Connector
    from erp_common.connector.factory import (
        ConnectorFactory,
        create_connector,
        create_connector_for_company,
    )
    from erp_common.connector.models import AuthType, SubledgerEntry, TrialBalance
    from erp_common.errors import (
        ERPAuthenticationError,
        ERPConnectionError,
        ERPError,
        ERPRateLimitError,
        ERPValidationError,
    )
    from erp_common.http.breaker import CircuitBreaker
    from erp_common.http.health import ConnectionStatus, HealthCheckResult
    from erp_common.http.retry import RetryStrategy, with_retry
    from erp_common.http.throttle import TokenBucketRateLimiter
    from erp_common.ledger.models import AccountBalance, AccountType
    from erp_common.ledger.validators import (
        validate_account_code,
        validate_account_type,
        validate_amount,
        validate_date,
        validate_trial_balance,
    )

    PORTFOLIO_COMPANY_ERP_MAPPING: dict[str, str]

_HOMES = {
    "auth.handlers": ("APIKeyHandler", "BasicAuthHandler", "BearerTokenHandler"),
    "auth.oauth": ("OAuth2Handler",),
    "connector.connector": ("Connector",),
    "connector.factory": ("ConnectorFactory", "create_connector", "create_connector_for_company"),
    "connector.models": ("AuthType", "SubledgerEntry", "TrialBalance"),
    "http.breaker": ("CircuitBreaker",),
    "http.health": ("ConnectionStatus", "HealthCheckResult"),
    "http.retry": ("RetryStrategy", "with_retry"),
    "http.throttle": ("TokenBucketRateLimiter",),
    "ledger.models": ("AccountBalance", "AccountType"),
}
"""Where a name is, unless it is an error or a validator."""
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "PORTFOLIO_COMPANY_ERP_MAPPING",
    "APIKeyHandler",
    "AccountBalance",
    "AccountType",
    "AuthType",
    "BasicAuthHandler",
    "BearerTokenHandler",
    "CircuitBreaker",
    "ConnectionStatus",
    "Connector",
    "ConnectorFactory",
    "ERPAuthenticationError",
    "ERPConnectionError",
    "ERPError",
    "ERPRateLimitError",
    "ERPValidationError",
    "HealthCheckResult",
    "OAuth2Handler",
    "RetryStrategy",
    "SubledgerEntry",
    "TokenBucketRateLimiter",
    "TrialBalance",
    "create_connector",
    "create_connector_for_company",
    "validate_account_code",
    "validate_account_type",
    "validate_amount",
    "validate_date",
    "validate_trial_balance",
    "with_retry",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name == "PORTFOLIO_COMPANY_ERP_MAPPING":
        return dict(import_module("erp_common.connector.portfolio").load())
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    usual = "errors" if name.startswith("ERP") else "ledger.validators"
    return getattr(import_module(f"{__name__}.{_HOME_OF.get(name, usual)}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
