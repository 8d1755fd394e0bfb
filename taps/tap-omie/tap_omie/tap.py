"""tap-omie: its settings and the books it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from erp_common.ledger.cash import first_day, last_day
from erp_common.ledger.periods import today
from erp_common.singer import settings
from erp_common.singer.tap import LedgerTap
from tap_omie.client import Keys, OmieDialect
from tap_omie.public.calls import Calls
from tap_omie.public.streams import OmieCashBooks
from tap_omie.streams import OmieBooks

if TYPE_CHECKING:
    from erp_common.singer.config import Config
    from erp_common.singer.connection import Build


class TapOmie(LedgerTap):
    """Singer tap for the trial balance and the subledger of Omie."""

    name = "tap-omie"
    defaults = settings.Defaults(
        system="Omie",
        base_url="https://app.omie.com.br/api/v1",
        auth_types=("api_key",),
        api_key_settings=("app_key", "app_secret"),
        rate=settings.Rate(requests=300, interval=60, burst=20),
        rate_scope="app key",
        page_size=500,
        public=settings.Defaults(
            system="Omie",
            base_url="https://app.omie.com.br/api/v1",
            auth_types=("api_key",),
            api_key_settings=("app_key", "app_secret"),
            rate=settings.Rate(requests=240, interval=60, burst=4),
            rate_scope="app key",
            page_size=100,
            single_company=True,
        ),
    )
    config_jsonschema = settings.schema(defaults, *settings.derived_settings(" (public API)"))
    source_class = OmieBooks

    @classmethod
    def source(cls, config: Config, build: Build) -> OmieBooks | OmieCashBooks:
        """Omie's books; the keys travel in the body of each call."""
        keys = Keys(config.app_key or "", config.app_secret or "", config.api == "public")
        transport = build.transport(config, OmieDialect(), auth=None, account=keys.app_key)
        size = config.page_size or cls.defaults.of(config.api).page_size or 100
        if config.api == "public":
            start = config.first_day if config.start_date else None
            return OmieCashBooks(
                transport,
                Calls(transport, keys, size),
                (
                    first_day(start, config.openings_day, config.period),
                    last_day(config.last_day, config.period, today()),
                ),
                None if config.validation == "off" else config.tolerance,
            )
        return OmieBooks(transport, keys, size)
