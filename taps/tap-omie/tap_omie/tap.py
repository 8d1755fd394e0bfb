"""tap-omie: its settings and the books it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from erp_common.singer import settings
from erp_common.singer.tap import LedgerTap
from tap_omie.client import Keys, OmieDialect
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
    )
    config_jsonschema = settings.schema(defaults)
    source_class = OmieBooks

    @classmethod
    def source(cls, config: Config, build: Build) -> OmieBooks:
        """Omie's books; the keys travel in the body of each call."""
        keys = Keys(config.app_key or "", config.app_secret or "")
        transport = build.transport(config, OmieDialect(), auth=None, account=keys.app_key)
        return OmieBooks(transport, keys, config.page_size or cls.defaults.page_size or 500)
