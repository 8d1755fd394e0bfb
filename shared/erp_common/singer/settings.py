"""The settings of every tap, as the SDK describes settings.

They are the same in all taps; a tap states its defaults and adds the few its ERP alone has.
"""

from __future__ import annotations

from typing import Any

import msgspec
from singer_sdk import typing as th

REDIRECT_URI = "http://127.0.0.1:8765/callback"


class Rate(msgspec.Struct, frozen=True):
    """What an ERP allows: `requests` in `interval` seconds, `burst` of them at once."""

    requests: int
    interval: float
    burst: int
    per_day: int | None = None


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """What of the settings differs from ERP to ERP."""

    system: str
    base_url: str
    auth_types: tuple[str, ...]
    rate: Rate
    token_url: str | None = None
    authorize_url: str | None = None
    """Where a user lets an application in, under every `api`; None if the ERP has no such page."""
    authorize_scope: str | None = None
    """What that page is asked for where `scope` is not set."""
    rate_scope: str = "account"
    api_key_settings: tuple[str, ...] = ("api_key",)
    """The settings that `auth_type: api_key` needs."""
    page_size: int | None = None
    max_concurrency: int = 4
    single_company: bool = False
    """Whether the credentials belong to exactly one company."""
    public: Defaults | None = None
    """What differs under `api: public`; None if the tap does not speak the vendor's public API."""

    @property
    def apis(self) -> tuple[str, ...]:
        """The APIs that the tap speaks."""
        return ("reference", "public") if self.public else ("reference",)

    def of(self, api: str) -> Defaults:
        """The defaults under this value of `api`."""
        return self.public if api == "public" and self.public else self


def _text(name: str, title: str, description: str, **more: Any) -> th.Property[str]:  # noqa: ANN401
    return th.Property(name, th.StringType, title=title, description=description, **more)


def _date(name: str, title: str, description: str, **more: Any) -> th.Property[str]:  # noqa: ANN401
    return th.Property(name, th.DateType, title=title, description=description, **more)


def _integer(name: str, title: str, description: str, **more: Any) -> th.Property[int]:  # noqa: ANN401
    return th.Property(name, th.IntegerType, title=title, description=description, **more)


def _number(name: str, title: str, description: str, **more: Any) -> th.Property[float]:  # noqa: ANN401
    return th.Property(name, th.NumberType, title=title, description=description, **more)


def _flag(name: str, title: str, description: str, **more: Any) -> th.Property[bool]:  # noqa: ANN401
    return th.Property(name, th.BooleanType, title=title, description=description, **more)


def _secret(name: str, title: str, description: str) -> th.Property[str]:
    return _text(name, title, description, secret=True)


def books(defaults: Defaults) -> list[th.Property[Any]]:
    """Which books are read, and how they are cut and checked."""
    return [
        _text(
            "base_url",
            "Base URL",
            f"Address of {defaults.system}'s API; must start with https://",
            default=defaults.base_url,
        ),
        th.Property(
            "companies",
            th.ArrayType(
                th.ObjectType(
                    _text(
                        "id", "Id", "Emitted as company_id; unique in the warehouse", required=True
                    ),
                    _text("erp_id", "ERP id", "What the ERP is asked for; default: id"),
                    _text("name", "Name", "Emitted as company_name; default: id"),
                    _text("currency", "Currency", "ISO code of the books' currency; default: BRL"),
                ),
            ),
            required=True,
            title="Companies",
            description="The companies whose books are read",
        ),
        _text(
            "api",
            "API",
            "The API to speak: the reference API, or the one the vendor publishes",
            default="reference",
            allowed_values=list(defaults.apis),
        ),
        _date(
            "start_date",
            "Start date",
            "First day to read (YYYY-MM-DD); its whole period is read",
            required=True,
        ),
        _date("end_date", "End date", "Last day to read (YYYY-MM-DD); default: today"),
        _text(
            "period",
            "Period",
            "How the books are cut: whole calendar periods, or start to end as one (range)",
            default="month",
            allowed_values=["month", "quarter", "year", "range"],
        ),
        _integer(
            "lookback_periods",
            "Lookback periods",
            "Periods before the bookmark's that an incremental run reads again",
            default=1,
        ),
        th.Property(
            "filters",
            th.ObjectType(
                th.Property(
                    "account_types",
                    th.ArrayType(th.StringType),
                    title="Account types",
                    description="Only accounts of these types (trial_balance)",
                ),
                _flag(
                    "include_zero_balances",
                    "Include zero balances",
                    "Whether accounts without balance and movement are emitted (trial_balance)",
                    default=True,
                ),
                _integer(
                    "level",
                    "Level",
                    "Only accounts of this level, 1 being the root (trial_balance)",
                ),
                th.Property(
                    "document_types",
                    th.ArrayType(th.StringType),
                    title="Document types",
                    description="Only postings of these document types (subledger)",
                ),
                _text(
                    "cost_center", "Cost center", "Only postings of this cost center (subledger)"
                ),
            ),
            title="Filters",
            description="What is emitted, after the whole ledger has been checked",
        ),
        _text(
            "subledger_accounts",
            "Subledger accounts",
            "Whose postings are asked for: accounts that moved in the period, or all analytic ones",
            default="moved",
            allowed_values=["moved", "all"],
        ),
        _text(
            "validation",
            "Validation",
            "warn: findings are reported; strict: an error fails the company; off: no checks",
            default="warn",
            allowed_values=["warn", "strict", "off"],
        ),
        _number(
            "tolerance",
            "Tolerance",
            "Largest absolute difference that still counts as equal",
            default=0.01,
        ),
        _text(
            "balance_convention",
            "Balance convention",
            "How the ERP states balances: debits positive, or each account on its natural side",
            default="auto",
            allowed_values=["auto", "debit_positive", "natural"],
        ),
        _integer(
            "fiscal_year_start_month",
            "Fiscal year start month",
            "Month in which the fiscal year begins, 1 to 12",
            default=1,
        ),
        th.Property(
            "account_type_prefixes",
            th.ObjectType(additional_properties=th.CustomType({"type": ["string", "object"]})),
            title="Account type prefixes",
            description=(
                'Account types by code prefix, e.g. {"3": "REVENUE"}; the longest prefix wins, '
                "only letters and digits are compared"
            ),
        ),
    ]


def authentication(defaults: Defaults) -> list[th.Property[Any]]:
    """How the tap proves who it is."""
    return [
        _text(
            "auth_type",
            "Authentication",
            "How the tap authenticates",
            default=defaults.auth_types[0],
            allowed_values=list(defaults.auth_types),
        ),
        _text("client_id", "Client id", "OAuth2: the application's id"),
        _secret("client_secret", "Client secret", "OAuth2: the application's secret"),
        _text(
            "token_url",
            "Token URL",
            "OAuth2: address of the token endpoint; must start with https://",
            **({"default": defaults.token_url} if defaults.token_url else {}),
        ),
        _text("scope", "Scope", "OAuth2: scope asked for"),
        _text(
            "grant_type",
            "Grant type",
            "OAuth2: how the token is obtained",
            default="client_credentials",
            allowed_values=["client_credentials", "password", "refresh_token"],
        ),
        *(_authorization(defaults.authorize_url) if defaults.authorize_url else ()),
        _secret("refresh_token", "Refresh token", "OAuth2: the refresh token"),
        _text("username", "User name", "Basic authentication, or OAuth2 with grant type password"),
        _secret("password", "Password", "Basic authentication, or OAuth2 with grant type password"),
        _secret("access_token", "Access token", "Bearer token: the token"),
        _number(
            "token_expires_in",
            "Token expires in",
            "Seconds a token lives where the ERP does not say",
        ),
        _secret("app_key", "App key", "API key: the application's key"),
        _secret("app_secret", "App secret", "API key: the application's secret"),
        _secret("api_key", "API key", "API key: the key"),
        _text(
            "api_key_location",
            "API key location",
            "API key: where the key is sent",
            default="header",
            allowed_values=["header", "query"],
        ),
        _text(
            "token_store",
            "Token store",
            "Path of a file (mode 0600) that keeps rotated refresh tokens; else they are lost",
        ),
    ]


def _authorization(page: str) -> list[th.Property[Any]]:
    """How a user lets the application in, for the ERPs that have a page for that."""
    return [
        _text(
            "authorize_url",
            "Authorization URL",
            "OAuth2: the page that --authorize sends the user to; must start with https://",
            default=page,
        ),
        _text(
            "redirect_uri",
            "Redirect URI",
            "OAuth2: where that page sends the user's browser, as registered for the application: "
            "an address of this machine, where --authorize listens, or an https address to paste",
            default=REDIRECT_URI,
        ),
    ]


def transport(defaults: Defaults) -> list[th.Property[Any]]:
    """How the tap calls: allowance, retries, breaker, time limits."""
    rate = defaults.rate
    return [
        th.Property(
            "rate_limit",
            th.ObjectType(
                _integer(
                    "requests", "Requests", "Requests allowed in an interval", default=rate.requests
                ),
                _number("interval", "Interval", "Seconds of an interval", default=rate.interval),
                _integer("burst", "Burst", "Requests allowed at once", default=rate.burst),
                _integer("per_day", "Per day", "Requests allowed in a day; default: no limit"),
                _text(
                    "storage_url",
                    "Storage URL",
                    "redis://… shares the allowance between processes and machines",
                    secret=True,
                ),
            ),
            title="Rate limit",
            description=f"The allowance of {defaults.system}, per {defaults.rate_scope}",
        ),
        th.Property(
            "retry",
            th.ObjectType(
                _integer(
                    "max_attempts",
                    "Attempts",
                    "Attempts for a request, the first included",
                    default=3,
                ),
                _text(
                    "strategy",
                    "Strategy",
                    "How the delay grows",
                    default="exponential",
                    allowed_values=["exponential", "linear", "fixed"],
                ),
                _number("base_delay", "Base delay", "Seconds of the first delay", default=1.0),
                _number("max_delay", "Longest delay", "Seconds of the longest delay", default=30.0),
                _flag(
                    "jitter",
                    "Jitter",
                    "Whether delays are spread by chance (0.5 to 1)",
                    default=True,
                ),
            ),
            title="Retry",
            description="How failed requests are tried again",
        ),
        _flag(
            "retry_on_timeout", "Retry on timeout", "Whether timeouts are tried again", default=True
        ),
        th.Property(
            "circuit_breaker",
            th.ObjectType(
                _integer(
                    "failure_threshold",
                    "Failure threshold",
                    "Calls in a row that failed for good until the breaker opens",
                    default=5,
                ),
                _number(
                    "recovery_timeout",
                    "Recovery timeout",
                    "Seconds until one trial call",
                    default=60,
                ),
            ),
            title="Circuit breaker",
            description="When the tap stops calling an ERP that is down",
        ),
        _integer(
            "max_concurrency",
            "Concurrency",
            "Requests in flight at once",
            default=defaults.max_concurrency,
        ),
        _number("timeout", "Timeout", "Seconds a request may take", default=30),
        _number(
            "extract_timeout", "Extract timeout", "Seconds a ledger request may take", default=120
        ),
        _number(
            "health_check_timeout",
            "Health check timeout",
            "Seconds a health check may take in all",
            default=10,
        ),
        _text(
            "ca_bundle", "CA bundle", "Path of a private certificate authority's certificate (PEM)"
        ),
        _flag("debug", "Debug", "Debug logging and tracebacks; secrets stay masked", default=False),
    ]


def page_size(default: int) -> th.Property[int]:
    """Rows asked for in a page, for the ERPs that page."""
    return _integer("page_size", "Page size", "Rows asked for in a page", default=default)


def schema(defaults: Defaults, *own: th.Property[Any]) -> dict[str, Any]:
    """The settings of a tap: those of every tap, and its own."""
    paged = [page_size(defaults.page_size)] if defaults.page_size else []
    return th.PropertiesList(
        *books(defaults),
        *own,
        *paged,
        *authentication(defaults),
        *transport(defaults),
    ).to_dict()


def derived_settings(where: str = "") -> list[th.Property[Any]]:
    """The settings of the taps that sum the trial balance up from postings.

    Args:
        where: Said last, if only one of the ERP's APIs serves no trial balance.
    """
    return [
        _date(
            "opening_balances_from",
            "Opening balances from",
            "Day (YYYY-MM-DD) whose and later postings are summed into the first opening balances"
            f"{where}",
        ),
        _flag(
            "year_end_close",
            "Year-end close",
            f"Whether profit and loss balances move to RETAINED when a fiscal year begins{where}",
            default=False,
        ),
    ]
