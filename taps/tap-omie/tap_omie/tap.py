"""tap-omie: its settings and the books it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from erp_common.extract.together import Together
from erp_common.http.options import RateLimit
from erp_common.ledger.cash import first_day, last_day
from erp_common.ledger.periods import today
from erp_common.setup.settings import Defaults, DerivedSettings, PageSize
from erp_common.singer.tap import LedgerTap
from tap_omie.client import Keys, OmieDialect
from tap_omie.public.calls import Calls
from tap_omie.public.streams import OmieCashBooks
from tap_omie.streams import OmieBooks

if TYPE_CHECKING:
    from erp_common.setup.connection import Build


class OmieSettings(DerivedSettings, frozen=True, kw_only=True):
    """Omie's settings; it sums ledgers up under its public API alone."""

    defaults: ClassVar[Defaults] = Defaults(
        system="Omie",
        base_url="https://app.omie.com.br/api/v1",
        auth_types=("api_key",),
        api_key_settings=("app_key", "app_secret"),
        rate=RateLimit(requests=300, interval=60, burst=20),
        rate_scope="app key",
        derived_under=" (public API)",
        public=Defaults(
            system="Omie",
            base_url="https://app.omie.com.br/api/v1",
            auth_types=("api_key",),
            api_key_settings=("app_key", "app_secret"),
            rate=RateLimit(requests=240, interval=60, burst=4),
            rate_scope="app key",
            page_size=100,
            single_company=True,
        ),
    )
    page_size: PageSize = 500


class TapOmie(LedgerTap[OmieSettings]):
    """Singer tap for the trial balance and the subledger of Omie."""

    name = "tap-omie"
    settings_class = OmieSettings
    source_class = OmieBooks

    @classmethod
    def source(cls, config: OmieSettings, build: Build) -> OmieBooks | OmieCashBooks:
        """Omie's books; the keys travel in the body of each call."""
        keys = Keys(config.app_key or "", config.app_secret or "", config.api == "public")
        transport = build.transport(config, OmieDialect(), auth=None, account=keys.app_key)
        if config.api == "public":
            return OmieCashBooks(
                transport,
                Calls(transport, keys, config.page_size),
                Together.of(
                    config.period,
                    config.periods_per_request,
                    config.start_date,
                    config.end_date,
                    today(),
                ),
                (
                    first_day(config.start_date, config.openings_day, config.period),
                    last_day(config.end_date, config.period, today()),
                ),
                None if config.validation == "off" else config.tolerance,
            )
        return OmieBooks(transport, keys, config.page_size)
