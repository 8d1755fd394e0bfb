"""The settings as typed values; what does not fit is told in sentences without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from singer_sdk.exceptions import ConfigValidationError

from erp_common.errors import ERPValidationError
from erp_common.http.addresses import Loopback, redirect_address
from erp_common.ledger import normalize
from erp_common.ledger.filters import Filters
from erp_common.ledger.models import AccountType, Company
from erp_common.ledger.periods import Cut
from erp_common.singer.settings import REDIRECT_URI, Defaults
from erp_common.singer.wrong_setting import sentence

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


class CompanySetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of `companies`."""

    id: str
    erp_id: str | None = None
    name: str | None = None
    currency: str = "BRL"


class RateSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`rate_limit`; what is not set is the ERP's default."""

    requests: Positive | None = None
    interval: Seconds | None = None
    burst: Positive | None = None
    per_day: Positive | None = None
    storage_url: str | None = None


class RetrySetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`retry`."""

    max_attempts: Positive = 3
    strategy: Literal["exponential", "linear", "fixed"] = "exponential"
    base_delay: Annotated[float, Meta(ge=0)] = 1.0
    max_delay: Annotated[float, Meta(ge=0)] = 30.0
    jitter: bool = True


class BreakerSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`circuit_breaker`."""

    failure_threshold: Positive = 5
    recovery_timeout: Annotated[float, Meta(ge=0)] = 60.0


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of a tap, typed and with their defaults; names are the settings'."""

    base_url: str = ""
    companies: tuple[CompanySetting, ...] = ()
    api: Literal["reference", "public"] = "reference"
    start_date: str | None = None
    end_date: str | None = None
    period: Cut = Cut.MONTH
    lookback_periods: Count = 1
    filters: dict[str, Any] = {}
    subledger_accounts: Literal["moved", "all"] = "moved"
    validation: Literal["warn", "strict", "off"] = "warn"
    tolerance: Decimal = Decimal("0.01")
    balance_convention: Literal["auto", "debit_positive", "natural"] = "auto"
    fiscal_year_start_month: Annotated[int, Meta(ge=1, le=12)] = 1
    account_type_prefixes: dict[str, Any] = {}
    auth_type: str = ""
    client_id: str | None = None
    client_secret: str | None = None
    token_url: str | None = None
    authorize_url: str | None = None
    redirect_uri: str = REDIRECT_URI
    scope: str | None = None
    grant_type: Literal["client_credentials", "password", "refresh_token"] = "client_credentials"
    refresh_token: str | None = None
    username: str | None = None
    password: str | None = None
    access_token: str | None = None
    token_expires_in: Seconds | None = None
    app_key: str | None = None
    app_secret: str | None = None
    api_key: str | None = None
    api_key_location: Literal["header", "query"] = "header"
    token_store: str | None = None
    rate_limit: RateSetting = RateSetting()
    retry: RetrySetting = RetrySetting()
    retry_on_timeout: bool = True
    circuit_breaker: BreakerSetting = BreakerSetting()
    max_concurrency: Positive = 4
    timeout: Seconds = 30.0
    extract_timeout: Seconds = 120.0
    health_check_timeout: Seconds = 10.0
    ca_bundle: str | None = None
    debug: bool = False
    tenant: str | None = None
    environment: str | None = None
    summary_class: Literal["1", "2"] = "2"
    api_version: Literal["v2", "v3"] = "v3"
    opening_balances_from: str | None = None
    year_end_close: bool = False
    page_size: Positive | None = None

    @property
    def first_day(self) -> date:
        """`start_date` as a date."""
        return _day("start_date", self.start_date or "")

    @property
    def last_day(self) -> date | None:
        """`end_date` as a date, if set."""
        return None if self.end_date is None else _day("end_date", self.end_date)

    @property
    def openings_day(self) -> date | None:
        """`opening_balances_from` as a date, if set."""
        text = self.opening_balances_from
        return None if text is None else _day("opening_balances_from", text)

    @property
    def redirect(self) -> Loopback | None:
        """Where `redirect_uri` wants to be listened to; None if it is not this machine's."""
        return redirect_address(self.redirect_uri)

    @property
    def company_list(self) -> list[Company]:
        """`companies` with what is not set filled in."""
        return [
            Company(one.id, one.erp_id or one.id, one.name or one.id, one.currency)
            for one in self.companies
        ]

    @property
    def type_prefixes(self) -> dict[str, AccountType]:
        """`account_type_prefixes`, flat and with the types understood."""
        return {prefix: _type(text) for prefix, text in _flat(self.account_type_prefixes)}

    @property
    def ledger_filters(self) -> Filters:
        """`filters`, understood."""
        return Filters.parse(self.filters)


def parse(
    raw: Mapping[str, Any],
    defaults: Defaults,
    *,
    books: bool = True,
) -> Config:
    """Read the settings.

    Args:
        raw: The settings as the SDK, the environment or a caller hands them over.
        defaults: What differs from ERP to ERP.
        books: Whether `companies` and `start_date` are needed.

    Raises:
        ConfigValidationError: If a setting is missing or wrong; its text names the setting.
    """
    given = {name: _without_nulls(value) for name, value in raw.items() if value is not None}
    for name in (
        "companies",
        "filters",
        "rate_limit",
        "retry",
        "circuit_breaker",
        "account_type_prefixes",
    ):
        if isinstance(given.get(name), str):
            given[name] = _json(name, given[name])
    if "summary_class" in given:
        given["summary_class"] = str(given["summary_class"])
    for name in ("tolerance",):
        if name in given:
            given[name] = _decimal(name, given[name])
    usual = defaults.of(str(given.get("api")))
    given.setdefault("base_url", usual.base_url)
    given.setdefault("auth_type", usual.auth_types[0])
    given.setdefault("max_concurrency", usual.max_concurrency)
    if usual.token_url:
        address = str(given["base_url"]).rstrip("/")
        given.setdefault("token_url", usual.token_url.replace("{base_url}", address))
    if usual.page_size:
        given.setdefault("page_size", usual.page_size)
    try:
        config = msgspec.convert(given, Config, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong(sentence(str(error), Config)) from None
    problems = list(_problems(config, defaults, books=books))
    if problems:
        raise _wrong(*problems)
    return config


def _problems(config: Config, defaults: Defaults, *, books: bool) -> Any:  # noqa: ANN401
    for name in ("base_url", "token_url", "authorize_url"):
        url = getattr(config, name)
        if url is not None and not re.match(r"https://[^/?#@\s]+", url):
            yield f"{name} must start with https:// and name a host; books never go in the clear"
    if config.ca_bundle is not None and not Path(config.ca_bundle).is_file():
        yield f"ca_bundle is {config.ca_bundle!r}, where there is no file; correct the path"
    if config.api not in defaults.apis:
        yield (
            f"api is {config.api}, which this version of the tap does not speak; "
            f"set it to {' or '.join(defaults.apis)}"
        )
    defaults = defaults.of(config.api)
    if config.auth_type not in defaults.auth_types:
        yield (
            f"auth_type must be one of {', '.join(defaults.auth_types)} for {defaults.system}, "
            f"not {config.auth_type!r}"
        )
    else:
        yield from _missing_credentials(config, defaults)
    if config.tolerance < 0:
        yield "tolerance must not be negative"
    for read in ("type_prefixes", "ledger_filters", "openings_day", "redirect"):
        try:
            getattr(config, read)
        except (ValueError, ERPValidationError) as error:
            yield str(error)
    if books:
        yield from _book_problems(config, single_company=defaults.single_company)


def _book_problems(config: Config, *, single_company: bool) -> Any:  # noqa: ANN401
    if not config.companies:
        yield 'companies is missing; name at least one company, e.g. [{"id": "ACME"}]'
    ids = [one.id for one in config.companies]
    if any(not one.strip() for one in ids):
        yield "companies holds a company without an id; give each an id of its own"
    doubled = sorted({one for one in ids if ids.count(one) > 1})
    if doubled:
        yield f"companies names {', '.join(doubled)} more than once; each id must be unique"
    if single_company and len(ids) > 1:
        yield (
            f"companies names {len(ids)} companies, but these credentials belong to one company; "
            "configure one tap per company"
        )
    if config.start_date is None:
        yield "start_date is missing; set the first day to read as YYYY-MM-DD"
    try:
        first = config.first_day if config.start_date is not None else None
        last = config.last_day
        if first and last and last < first:
            yield f"end_date ({last}) lies before start_date ({first})"
        openings = config.openings_day
        if first and openings and openings > first:
            yield f"opening_balances_from ({openings}) lies after start_date ({first})"
    except ValueError as error:
        yield str(error)


def _missing_credentials(config: Config, defaults: Defaults) -> Any:  # noqa: ANN401
    needed: tuple[str, ...] = defaults.api_key_settings
    if config.auth_type == "basic_auth":
        needed = ("username", "password")
    elif config.auth_type == "bearer_token":
        needed = ("access_token",)
    elif config.auth_type == "oauth2":
        needed = {
            "client_credentials": ("client_id", "client_secret", "token_url"),
            "password": ("username", "password", "token_url"),
            "refresh_token": (
                "client_id",
                "client_secret",
                "token_url",
                *(() if config.token_store else ("refresh_token",)),
            ),
        }[config.grant_type]
    missing = [name for name in needed if not (getattr(config, name) or "").strip()]
    if missing:
        yield f"{' and '.join(missing)} must be set for auth_type {config.auth_type}"


def _wrong(*sentences: str) -> ConfigValidationError:
    return ConfigValidationError("; ".join(sentences), errors=list(sentences), schema={})


def _without_nulls(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, (list, tuple)):
        return [_without_nulls(one) for one in value]
    return value


def _json(name: str, text: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text)
    except ValueError:
        raise _wrong(f"{name} is a text that is no JSON; write it as JSON") from None


def _decimal(name: str, value: object) -> Decimal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise _wrong(f"{name} must be a number") from None
    if not number.is_finite():
        raise _wrong(f"{name} must be a number")
    return number


def _day(name: str, text: str) -> date:
    found = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?", text.strip())
    try:
        day = date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 2200:  # noqa: PLR2004 - the books of this era
        raise ValueError(f"{name} is {text!r}, which is no date; write YYYY-MM-DD")
    return day


def _type(text: object) -> AccountType:
    found = normalize.account_type(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(
            f"{text!r} is no account type; use {', '.join(one.value for one in AccountType)}",
        )
    return found


def _flat(prefixes: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Prefixes in one level; Meltano splits a dotted key into nested objects."""
    flat: list[tuple[str, Any]] = []
    for name, value in prefixes.items():
        if isinstance(value, dict):
            flat.extend(_flat(value, f"{before}{name}."))
        else:
            flat.append((before + name, value))
    return flat
