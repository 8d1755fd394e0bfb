"""tap-totvs: its settings and the books it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from erp_common.setup.parse import refusal
from erp_common.singer.tap import LedgerTap
from tap_totvs.client import TotvsDialect, site_headers
from tap_totvs.public.client import GenericQueryDialect
from tap_totvs.public.settings import public_problems
from tap_totvs.public.streams import GenericQueryBooks
from tap_totvs.settings import TotvsSettings
from tap_totvs.streams import TotvsBooks

if TYPE_CHECKING:
    from erp_common.setup.connection import Build


class TapTotvs(LedgerTap[TotvsSettings]):
    """Singer tap for the trial balance and the subledger of TOTVS Protheus."""

    name = "tap-totvs"
    settings_class = TotvsSettings
    source_class = TotvsBooks

    @classmethod
    def source(cls, config: TotvsSettings, build: Build) -> TotvsBooks | GenericQueryBooks:
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
    def _public(cls, config: TotvsSettings, build: Build) -> GenericQueryBooks:
        problems = list(public_problems(config))
        if problems:
            raise refusal(*problems)
        transport = build.transport(
            config,
            GenericQueryDialect(),
            auth=build.authenticator(config),
            account=f"{config.base_url} {config.tenant or ''}",
            headers=site_headers(None, config.environment),
        )
        return GenericQueryBooks(transport, config.tenant, config.page_size)
