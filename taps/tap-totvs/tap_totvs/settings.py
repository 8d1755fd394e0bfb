"""The settings of tap-totvs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from erp_common.http.options import RateLimit
from erp_common.setting import Positive, setting
from erp_common.setup.settings import Defaults, Settings


class TotvsSettings(Settings, frozen=True, kw_only=True):
    """TOTVS Protheus' settings."""

    defaults: ClassVar[Defaults] = Defaults(
        system="TOTVS Protheus",
        base_url="https://api.totvs.com.br/protheus",
        auth_types=("oauth2", "basic_auth", "bearer_token"),
        token_url="https://api.totvs.com.br/oauth/token",  # noqa: S106 - an address
        rate=RateLimit(requests=100, interval=60, burst=10),
        rate_scope="tenant",
        public=Defaults(
            system="TOTVS Protheus",
            base_url="",
            auth_types=("basic_auth", "bearer_token", "oauth2"),
            token_url="{base_url}/api/oauth2/v1/token",  # noqa: S106 - an address
            rate=RateLimit(requests=100, interval=60, burst=10),
            rate_scope="tenant",
            max_concurrency=2,
        ),
    )
    tenant: Annotated[
        str | None,
        setting(
            "Tenant",
            "Sent as header tenantId: company group and branch, e.g. 01,010101",
            group="recommended",
        ),
    ] = None
    environment: Annotated[str | None, setting("Environment", "Sent as header environment")] = None
    summary_class: Annotated[
        Literal["1", "2"],
        setting(
            "Summary class",
            "The CTI_CLASSE of summary (synthetic) accounts; the other one is analytic",
        ),
    ] = "2"
    page_size: Annotated[
        Positive, setting("Page size", "Rows asked for in a page (api: public)")
    ] = 2000
    """Protheus' own default of 10 would ask a month's books to pieces."""
