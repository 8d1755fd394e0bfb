"""tap-bling: its settings and the books it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec

from erp_common.extract.together import Together
from erp_common.http.options import RateLimit
from erp_common.ledger.periods import today
from erp_common.setting import setting
from erp_common.setup.parse import refusal
from erp_common.setup.settings import Defaults, DerivedSettings, PageSize
from erp_common.singer.tap import LedgerTap
from tap_bling.client import BlingDialect, BlingV2Dialect, CashDialect, api_key
from tap_bling.public.streams import BlingCashBooks
from tap_bling.streams import BlingBooks, BlingV2Books, BlingV3Books

if TYPE_CHECKING:
    from erp_common.http.credentials import Credentials
    from erp_common.setup.connection import Build

BASE_URL = "https://bling.com.br/Api/v3"
BASE_URL_V2 = "https://bling.com.br/Api/v2"
BASE_URL_PUBLIC = "https://api.bling.com.br/Api/v3"
AUTHORIZE_URL = "https://www.bling.com.br/Api/v3/oauth/authorize"
"""The page where a user consents; links to it in use have `www`, whatever the API's address."""


class BlingSettings(DerivedSettings, frozen=True, kw_only=True):
    """Bling's settings."""

    defaults: ClassVar[Defaults] = Defaults(
        system="Bling",
        base_url=BASE_URL,
        auth_types=("api_key", "oauth2", "bearer_token"),
        token_url=f"{BASE_URL}/oauth/token",
        authorize_url=AUTHORIZE_URL,
        rate=RateLimit(requests=100, interval=60, burst=10),
        rate_scope="API key",
        single_company=True,
        public=Defaults(
            system="Bling",
            base_url=BASE_URL_PUBLIC,
            auth_types=("oauth2", "bearer_token"),
            token_url=f"{BASE_URL_PUBLIC}/oauth/token",
            rate=RateLimit(requests=3, interval=1, burst=3, per_day=120_000),
            rate_scope="Bling account",
            max_concurrency=3,
            single_company=True,
        ),
    )
    page_size: PageSize = 100
    api_version: Annotated[
        Literal["v3", "v2"],
        setting(
            "API version",
            f"v3 (JSON), or v2 (XML, with an API key only; base_url is then {BASE_URL_V2} "
            "unless it is set)",
        ),
    ] = "v3"


class TapBling(LedgerTap[BlingSettings]):
    """Singer tap for the trial balance and the subledger of Bling."""

    name = "tap-bling"
    settings_class = BlingSettings
    source_class = BlingBooks

    @classmethod
    def source(cls, config: BlingSettings, build: Build) -> BlingBooks | BlingCashBooks:
        """The books that the key opens.

        Raises:
            ConfigValidationError: If v2 is to be called with anything but an API key, or the
                public API without a refresh token.
        """
        if config.api == "public":
            return cls.cash_books(config, build)
        auth = cls.authenticator(config, build)
        account = config.api_key or config.client_id or config.access_token or ""
        if config.api_version == "v3":
            transport = build.transport(config, BlingDialect(), auth=auth, account=account)
            return BlingV3Books(transport, config.page_size)
        if config.auth_type != "api_key":
            sentence = "api_version v2 takes an API key only; set auth_type to api_key"
            raise refusal(sentence)
        if config.base_url == BASE_URL:
            config = msgspec.structs.replace(config, base_url=BASE_URL_V2)
        return BlingV2Books(build.transport(config, BlingV2Dialect(), auth=auth, account=account))

    @classmethod
    def cash_books(cls, config: BlingSettings, build: Build) -> BlingCashBooks:
        """The books under the public API, which knows refresh tokens and v3 alone.

        Raises:
            ConfigValidationError: If there is no refresh token, or v2 is asked for.
        """
        wrong = None
        if config.api_version != "v3":
            wrong = "api public is Bling's v3; leave api_version out"
        elif config.auth_type == "oauth2" and not (config.refresh_token or config.token_store):
            wrong = "refresh_token must be set for api public, or token_store that holds one"
        if wrong:
            raise refusal(wrong)
        config = msgspec.structs.replace(config, grant_type="refresh_token")
        transport = build.transport(
            config,
            CashDialect(),
            auth=cls.authenticator(config, build),
            account=config.client_id or config.access_token or "",
            # Asks for tokens of the kind that stays; the other is being given up.
            headers={"enable-jwt": "1"},
        )
        span = (config.start_date, config.end_date)
        together = Together.of(config.period, config.periods_per_request, *span, today())
        return BlingCashBooks(transport, config.page_size, together)

    @classmethod
    def authenticator(cls, config: BlingSettings, build: Build) -> Credentials:
        """Bling's key, or a token; its token endpoint knows applications by HTTP Basic."""
        if config.auth_type == "api_key":
            return api_key(config.api_key or "", config.api_version, config.api_key_location)
        if config.auth_type == "oauth2":
            return build.oauth2(config, client_auth="basic")
        return build.authenticator(config)
