"""The settings of every tap, declared once each.

A tap's own settings are a subclass in the tap, with the `Defaults` of its ERP; typed and checked
like these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, get_args

import msgspec

from erp_common.auth.handlers import KeyLocation
from erp_common.auth.oauth import GRANT_TYPES, GrantType
from erp_common.errors import ERPValidationError
from erp_common.http.addresses import Loopback, redirect_address
from erp_common.http.options import RateLimit, TransportSettings
from erp_common.languages import LANGUAGES, Language
from erp_common.ledger import normalize
from erp_common.ledger.filters import Filters
from erp_common.ledger.models import BRAZILIAN_REAL, AccountType, Company
from erp_common.ledger.periods import Periodicity
from erp_common.ledger.posting_kinds import ClosingEntries
from erp_common.ledger.rules import BalanceConvention, Rules
from erp_common.setting import Count, Positive, Seconds, setting

Api = Literal["reference", "public"]
Amounts = Literal["number", "decimal", "string"]
Objects = Literal["object", "json"]
_RULES = Rules()


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """What of the settings differs from ERP to ERP."""

    system: str
    base_url: str
    auth_types: tuple[str, ...]
    """The ways to authenticate, the usual one first."""
    rate: RateLimit
    token_url: str | None = None
    """`{base_url}` in it stands for that setting."""
    authorize_url: str | None = None
    """Where a user lets an application in, under every `api`; None if the ERP has no such page."""
    authorize_scope: str | None = None
    """What that page is asked for where `scope` is not set."""
    rate_scope: str = "account"
    api_key_settings: tuple[str, ...] = ("api_key",)
    """The settings that `auth_type: api_key` needs."""
    page_size: int | None = None
    """Where it is another than the tap's own settings say."""
    max_concurrency: int | None = None
    """Where it is another than that of every tap."""
    single_company: bool = False
    """Whether the credentials belong to exactly one company."""
    derived_under: str = ""
    """Said of the settings of derived ledgers, if only one of the ERP's APIs makes one."""
    public: Defaults | None = None
    """What differs under `api: public`; None if the tap does not speak the vendor's public API."""

    @property
    def apis(self) -> tuple[str, ...]:
        """The APIs that the tap speaks."""
        every: tuple[str, ...] = get_args(Api)
        return every if self.public else every[:1]

    def of(self, api: str) -> Defaults:
        """The defaults under this value of `api`."""
        return self.public if api == "public" and self.public else self

    def credentials(self, auth_type: str, grant_type: str = GRANT_TYPES[0]) -> tuple[str, ...]:
        """The settings that a way to authenticate needs."""
        if auth_type == "basic_auth":
            return ("username", "password")
        if auth_type == "bearer_token":
            return ("access_token",)
        if auth_type == "api_key":
            return self.api_key_settings
        if grant_type == "password":
            return ("username", "password", "token_url")
        return ("client_id", "client_secret", "token_url")

    def values(self) -> dict[str, Any]:
        """The settings that these defaults set, as a user would."""
        own = ("base_url", "token_url", "authorize_url", "max_concurrency", "page_size")
        values = {name: getattr(self, name) for name in own}
        values |= {"auth_type": self.auth_types[0], "rate_limit": msgspec.to_builtins(self.rate)}
        return {name: value for name, value in values.items() if value is not None}


class CompanySetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of `companies`."""

    id: Annotated[str, setting("Id", "Emitted as company_id; unique in the warehouse")]
    erp_id: Annotated[str | None, setting("ERP id", "What the ERP is asked for; default: id")] = (
        None
    )
    name: Annotated[str | None, setting("Name", "Emitted as company_name; default: id")] = None
    currency: Annotated[
        Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")],
        setting("Currency", "ISO code of the books' currency"),
    ] = BRAZILIAN_REAL


class Settings(TransportSettings, frozen=True, kw_only=True):
    """The settings of every tap, typed; their names are the users'."""

    defaults: ClassVar[Defaults]
    calls: ClassVar[bool] = True
    """Whether books are asked for, at an address and by who may; files are merely read."""
    needs_start_date: ClassVar[bool] = True
    """Whether nothing else says where the books begin."""

    # Which books are read, and how they are cut and checked

    base_url: Annotated[
        str, setting("Base URL", "Address of {system}'s API; must start with https://")
    ] = ""
    companies: Annotated[
        tuple[CompanySetting, ...],
        setting("Companies", "The companies whose books are read", group="required"),
    ] = ()
    api: Annotated[
        Api,
        setting("API", "The API to speak: the reference API, or the one the vendor publishes"),
    ] = "reference"
    start_date: Annotated[
        date | None,
        setting(
            "Start date",
            "First day to read (YYYY-MM-DD); its whole period is read",
            group="required",
        ),
    ] = None
    end_date: Annotated[
        date | None, setting("End date", "Last day to read (YYYY-MM-DD); default: today")
    ] = None
    period: Annotated[
        Periodicity,
        setting(
            "Period",
            "How the books are cut: whole calendar periods, or start to end as one (range)",
        ),
    ] = Periodicity.MONTH
    lookback_periods: Annotated[
        Count,
        setting(
            "Lookback periods",
            "Periods before the bookmark's that an incremental run reads again",
        ),
    ] = 1
    recheck_periods: Annotated[
        Count,
        setting(
            "Recheck periods",
            "Closed periods before those whose trial balance an incremental run asks for again, "
            "one listing each: what has changed is read again in full (reported ledgers; 0: none)",
        ),
    ] = 12
    periods_per_request: Annotated[
        Positive,
        setting(
            "Periods per request",
            "Closed periods in a row that one request for postings may span; the rows are the same "
            "whatever it is",
        ),
    ] = 12
    filters: Annotated[
        Filters, setting("Filters", "What is emitted, after the whole ledger has been checked")
    ] = Filters()
    subledger_accounts: Annotated[
        Literal["moved", "all"],
        setting(
            "Subledger accounts",
            "Whose postings are asked for: accounts that moved in the period, or all analytic ones",
        ),
    ] = "moved"
    validation: Annotated[
        Literal["warn", "strict", "off"],
        setting(
            "Validation",
            "warn: findings are reported; strict: an error fails the company; off: no checks",
            group="recommended",
        ),
    ] = "warn"
    tolerance: Annotated[
        Decimal, setting("Tolerance", "Largest absolute difference that still counts as equal")
    ] = _RULES.tolerance
    balance_convention: Annotated[
        BalanceConvention,
        setting(
            "Balance convention",
            "How the ERP states balances: debits positive, or each account on its natural side",
        ),
    ] = _RULES.balance_convention
    fiscal_year_start_month: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=12)],
        setting(
            "Fiscal year start month",
            "Month in which the fiscal year begins, 1 to 12",
            group="recommended",
        ),
    ] = _RULES.fiscal_year_start_month
    account_type_prefixes: Annotated[
        dict[str, Any],
        setting(
            "Account type prefixes",
            'Account types by code prefix, e.g. {"3": "REVENUE"}; the longest prefix wins, '
            "only letters and digits are compared",
            schema={"additionalProperties": {"type": ["string", "object"]}},
        ),
    ] = msgspec.field(default_factory=dict)

    closing_entries: Annotated[
        ClosingEntries,
        setting(
            "Closing entries",
            "Marks of postings that zero the result accounts, where the ERP does not say it",
        ),
    ] = _RULES.closing_entries

    # How the tap proves who it is

    auth_type: Annotated[str, setting("Authentication", "How the tap authenticates")] = ""
    client_id: Annotated[str | None, setting("Client id", "OAuth2: the application's id")] = None
    client_secret: Annotated[
        str | None, setting("Client secret", "OAuth2: the application's secret", secret=True)
    ] = None
    token_url: Annotated[
        str | None,
        setting("Token URL", "OAuth2: address of the token endpoint; must start with https://"),
    ] = None
    scope: Annotated[str | None, setting("Scope", "OAuth2: scope asked for")] = None
    grant_type: Annotated[
        GrantType,
        setting("Grant type", "OAuth2: how the token is obtained"),
    ] = GRANT_TYPES[0]
    authorize_url: Annotated[
        str | None,
        setting(
            "Authorization URL",
            "OAuth2: the page that --authorize sends the user to; must start with https://",
        ),
    ] = None
    redirect_uri: Annotated[
        str,
        setting(
            "Redirect URI",
            "OAuth2: where that page sends the user's browser, as registered for the application: "
            "an address of this machine, where --authorize listens, or an https address to paste",
        ),
    ] = "http://127.0.0.1:8765/callback"
    refresh_token: Annotated[
        str | None, setting("Refresh token", "OAuth2: the refresh token", secret=True)
    ] = None
    username: Annotated[
        str | None,
        setting("User name", "Basic authentication, or OAuth2 with grant type password"),
    ] = None
    password: Annotated[
        str | None,
        setting(
            "Password", "Basic authentication, or OAuth2 with grant type password", secret=True
        ),
    ] = None
    access_token: Annotated[
        str | None, setting("Access token", "Bearer token: the token", secret=True)
    ] = None
    token_expires_in: Annotated[
        Seconds | None,
        setting("Token expires in", "Seconds a token lives where the ERP does not say"),
    ] = None
    app_key: Annotated[
        str | None, setting("App key", "API key: the application's key", secret=True)
    ] = None
    app_secret: Annotated[
        str | None, setting("App secret", "API key: the application's secret", secret=True)
    ] = None
    api_key: Annotated[str | None, setting("API key", "API key: the key", secret=True)] = None
    api_key_location: Annotated[
        KeyLocation,
        setting("API key location", "API key: where the key is sent"),
    ] = "header"
    token_store: Annotated[
        str | None,
        setting(
            "Token store",
            "Path of a file (mode 0600) that keeps rotated refresh tokens; else they are lost",
            group="recommended",
        ),
    ] = None

    # How values are written

    amounts: Annotated[
        Amounts,
        setting(
            "Amounts",
            "How amounts are written: as JSON numbers; or, for loaders that turn numbers into "
            "floats, as strings declared decimal (38 digits, 9 behind the point) or plain strings",
        ),
    ] = "number"
    objects: Annotated[
        Objects,
        setting(
            "Objects",
            "How metadata and raw are written: objects, or JSON text for loaders that cannot take "
            "objects without known fields",
        ),
    ] = "object"

    language: Annotated[Language, setting("Language", "Language of the findings' messages")] = (
        LANGUAGES[0]
    )

    # How it calls, beside what every transport can be told

    rate_limit: Annotated[
        RateLimit,
        setting("Rate limit", "The allowance of {system}, per {account}", group="recommended"),
    ]
    health_check_timeout: Annotated[
        Seconds, setting("Health check timeout", "Seconds a health check may take in all")
    ] = 10
    debug: Annotated[
        bool, setting("Debug", "Debug logging and tracebacks; secrets stay masked")
    ] = False

    @classmethod
    def hidden(cls) -> frozenset[str]:
        """Settings that this ERP has no use for."""
        return frozenset(() if cls.defaults.authorize_url else ("authorize_url", "redirect_uri"))

    def problems(self) -> Iterator[str]:
        """What is wrong with the tap's own settings, in sentences."""
        yield from ()

    @property
    def usual(self) -> Defaults:
        """The defaults under the `api` that is set."""
        return self.defaults.of(self.api)

    @property
    def first_day(self) -> date:
        """`start_date`, where books are read."""
        if self.start_date is None:
            raise ERPValidationError("start_date is missing; set the first day to read")
        return self.start_date

    @property
    def openings_day(self) -> date | None:
        """The day from which openings are summed up, where the ledger is derived."""
        return None

    @property
    def closes_years(self) -> bool:
        """Whether a derived ledger moves its profit and loss balances at a fiscal year's start."""
        return False

    @property
    def redirect(self) -> Loopback | None:
        """Where `redirect_uri` wants to be listened to; None if it is not this machine's."""
        return redirect_address(self.redirect_uri)

    @property
    def watched_periods(self) -> int:
        """How many closed periods of a reported ledger are known by their digests."""
        if self.period is Periodicity.RANGE or not self.recheck_periods:
            return 0
        # The bookmark's own period may be closed as well.
        return self.recheck_periods + self.lookback_periods + 1

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


class BatchEncoding(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """How batch files are written."""

    format: Literal["jsonl", "parquet"]
    compression: Literal["gzip", "none"] | None = None


class BatchStorage(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Where batch files go."""

    root: str
    prefix: str | None = None
    params: dict[str, Any] = {}


class Batches(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`batch_config`."""

    encoding: BatchEncoding
    storage: BatchStorage
    batch_size: Positive | None = None


class BuiltIn(msgspec.Struct, omit_defaults=True):
    """The settings that the SDK adds to every tap and uses as they come."""

    stream_maps: dict[str, Any] = {}
    stream_map_config: dict[str, Any] = {}
    faker_config: dict[str, Any] = {}
    batch_config: Batches | None = None
    flattening_enabled: bool | None = None
    flattening_max_depth: int | None = None
    flattening_max_key_length: int | None = None
    flattening_separator: str | None = None


class DerivedSettings(Settings, frozen=True, kw_only=True):
    """The settings of the taps that sum the trial balance up from postings."""

    opening_balances_from: Annotated[
        date | None,
        setting(
            "Opening balances from",
            "Day (YYYY-MM-DD) whose and later postings are summed into the first opening "
            "balances{derived}",
            group="recommended",
        ),
    ] = None
    year_end_close: Annotated[
        bool,
        setting(
            "Year-end close",
            "Whether profit and loss balances move to RETAINED when a fiscal year begins{derived}",
        ),
    ] = False

    @property
    def openings_day(self) -> date | None:
        """See `Settings`."""
        return self.opening_balances_from

    @property
    def closes_years(self) -> bool:
        """See `Settings`."""
        return self.year_end_close


PageSize = Annotated[Positive, setting("Page size", "Rows asked for in a page")]
"""For the taps whose ERP pages: `page_size: PageSize = 100`."""


def _type(text: object) -> AccountType:
    found = normalize.account_type(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(
            f"account_type_prefixes has {text!r}, which is no account type; use "
            f"{', '.join(one.value for one in AccountType)}",
        )
    return found


def _flat(prefixes: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Prefixes in one level; Meltano splits a dotted key into nested objects."""
    for name, value in prefixes.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value
