"""tap-totvs: its settings and the books it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk import typing as th
from singer_sdk.exceptions import ConfigValidationError

from erp_common.singer import settings
from erp_common.singer.tap import LedgerTap
from tap_totvs.client import TotvsDialect, site_headers
from tap_totvs.public.client import GenericQueryDialect
from tap_totvs.public.settings import PAGE_SIZE, public_problems
from tap_totvs.public.streams import GenericQueryBooks
from tap_totvs.streams import TotvsBooks

if TYPE_CHECKING:
    from erp_common.singer.config import Config
    from erp_common.singer.connection import Build


class TapTotvs(LedgerTap):
    """Singer tap for the trial balance and the subledger of TOTVS Protheus."""

    name = "tap-totvs"
    defaults = settings.Defaults(
        system="TOTVS Protheus",
        base_url="https://api.totvs.com.br/protheus",
        auth_types=("oauth2", "basic_auth", "bearer_token"),
        token_url="https://api.totvs.com.br/oauth/token",  # noqa: S106 - an address
        rate=settings.Rate(requests=100, interval=60, burst=10),
        rate_scope="tenant",
        public=settings.Defaults(
            system="TOTVS Protheus",
            base_url="",
            auth_types=("basic_auth", "bearer_token", "oauth2"),
            token_url="{base_url}/api/oauth2/v1/token",  # noqa: S106 - an address
            rate=settings.Rate(requests=100, interval=60, burst=10),
            rate_scope="tenant",
            max_concurrency=2,
            page_size=PAGE_SIZE,
        ),
    )
    config_jsonschema = settings.schema(
        defaults,
        th.Property(
            "tenant",
            th.StringType,
            title="Tenant",
            description="Sent as header tenantId: company group and branch, e.g. 01,010101",
        ),
        th.Property(
            "environment",
            th.StringType,
            title="Environment",
            description="Sent as header environment",
        ),
        th.Property(
            "summary_class",
            th.StringType,
            title="Summary class",
            description="The CTI_CLASSE of summary (synthetic) accounts; the other one is analytic",
            default="2",
            allowed_values=["1", "2"],
        ),
        th.Property(
            "page_size",
            th.IntegerType,
            title="Page size",
            description="Rows asked for in a page (api: public)",
            default=PAGE_SIZE,
        ),
    )
    source_class = TotvsBooks

    @classmethod
    def source(cls, config: Config, build: Build) -> TotvsBooks | GenericQueryBooks:
        """The books of a Protheus site, by the API that the settings name."""
        if config.api == "public":
            return cls._public(config, build)
        transport = build.transport(
            config,
            TotvsDialect(),
            auth=build.authenticator(config),
            # The same tenant's name at another site is another tenant.
            account=f"{config.base_url} {config.tenant or ''}",
            headers=site_headers(config.tenant, config.environment),
        )
        return TotvsBooks(transport, config.summary_class)

    @classmethod
    def _public(cls, config: Config, build: Build) -> GenericQueryBooks:
        problems = list(public_problems(config))
        if problems:
            raise ConfigValidationError("; ".join(problems), errors=problems, schema={})
        transport = build.transport(
            config,
            GenericQueryDialect(),
            auth=build.authenticator(config),
            account=f"{config.base_url} {config.tenant or ''}",
            headers=site_headers(None, config.environment),
        )
        return GenericQueryBooks(transport, config.tenant, config.page_size or PAGE_SIZE)
