"""tap-contaazul: its settings and the books it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from erp_common.http.options import RateLimit
from erp_common.ledger.cash import final_day, first_day
from erp_common.ledger.periods import today
from erp_common.setup.parse import refusal
from erp_common.setup.settings import Defaults, DerivedSettings, PageSize
from erp_common.singer.tap import LedgerTap
from tap_contaazul.client import ContaAzulDialect
from tap_contaazul.public.calls import SIZES, CashDialect
from tap_contaazul.public.plan import Plan
from tap_contaazul.public.streams import ContaAzulCashBooks
from tap_contaazul.streams import ContaAzulBooks

if TYPE_CHECKING:
    from erp_common.setup.connection import Build

BASE_URL_PUBLIC = "https://api-v2.contaazul.com"


class ContaAzulSettings(DerivedSettings, frozen=True, kw_only=True):
    """ContaAzul's settings."""

    defaults: ClassVar[Defaults] = Defaults(
        system="ContaAzul",
        base_url="https://api.contaazul.com/v1",
        auth_types=("oauth2", "bearer_token"),
        token_url="https://api.contaazul.com/oauth/token",  # noqa: S106 - an address
        authorize_url="https://login.contaazul.com/#/oauth/authorize",
        authorize_scope="openid profile aws.cognito.signin.user.admin",
        rate=RateLimit(requests=60, interval=60, burst=5),
        rate_scope="OAuth application",
        single_company=True,
        public=Defaults(
            system="Conta Azul",
            base_url=BASE_URL_PUBLIC,
            auth_types=("oauth2", "bearer_token"),
            token_url=f"{BASE_URL_PUBLIC}/oauth/token",
            # 600 a minute and no more than 10 in any second: a burst would break the second rule.
            rate=RateLimit(requests=600, interval=60, burst=1),
            rate_scope="connected company",
            single_company=True,
        ),
    )
    page_size: PageSize = 100


class TapContaAzul(LedgerTap[ContaAzulSettings]):
    """Singer tap for the trial balance and the subledger of ContaAzul."""

    name = "tap-contaazul"
    settings_class = ContaAzulSettings
    source_class = ContaAzulBooks

    @classmethod
    def source(cls, config: ContaAzulSettings, build: Build) -> ContaAzulBooks | ContaAzulCashBooks:
        """The books that the token opens.

        Raises:
            ConfigValidationError: If the public API is to be called in a way it does not know.
        """
        if config.api == "public":
            return cls.cash_books(config, build)
        transport = build.transport(
            config,
            ContaAzulDialect(),
            auth=build.authenticator(config),
            account=config.client_id or config.access_token or "",
        )
        return ContaAzulBooks(transport, config.page_size)

    @classmethod
    def cash_books(cls, config: ContaAzulSettings, build: Build) -> ContaAzulCashBooks:
        """The books under the public API, which knows refresh tokens and some page sizes alone.

        Raises:
            ConfigValidationError: If there is no refresh token, or the page size is another.
        """
        wrong = None
        size = config.page_size
        if size not in SIZES:
            wrong = f"page_size must be one of {', '.join(map(str, SIZES))} for api public"
        elif config.auth_type == "oauth2" and not (config.refresh_token or config.token_store):
            wrong = "refresh_token must be set for api public, or token_store that holds one"
        if wrong:
            raise refusal(wrong)
        config = msgspec.structs.replace(config, grant_type="refresh_token")
        auth = (
            build.oauth2(config, client_auth="basic")
            if config.auth_type == "oauth2"
            else build.authenticator(config)
        )
        account = config.client_id or config.access_token or ""
        transport = build.transport(config, CashDialect(), auth=auth, account=account)
        start, now = config.start_date, today()
        plan = Plan(
            size=size,
            threads=config.max_concurrency,
            today=now,
            first_day=first_day(start, config.openings_day, config.period),
            last_day=final_day(config.end_date, config.period, now) if start else None,
            openings_known=config.openings_day is not None,
            proves=config.validation != "off",
        )
        return ContaAzulCashBooks(transport, plan, config.tolerance)
