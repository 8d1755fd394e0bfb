"""From settings to a connection: authentication, transport and the way the books are read."""

from __future__ import annotations

from datetime import date
from functools import partial

from erp_common.auth.handlers import APIKeyHandler, BasicAuthHandler, BearerTokenHandler
from erp_common.auth.oauth import OAuth2Handler
from erp_common.auth.token_store import TokenStore
from erp_common.extract.source import Source
from erp_common.extract.work import Extraction
from erp_common.http.credentials import Credentials
from erp_common.http.dialect import Dialect
from erp_common.http.health import HealthCheckResult, check
from erp_common.http.masking import Masker
from erp_common.http.options import TransportOptions, TransportSettings
from erp_common.http.transport import Transport
from erp_common.http.wire import NETWORK, Wire
from erp_common.languages import translations
from erp_common.ledger.models import Company
from erp_common.ledger.periods import Periodicity, containing, today
from erp_common.ledger.rules import Rules
from erp_common.setup.settings import Defaults, Settings


class Build:
    """Builds the parts of a connection from the settings, and closes what it built."""

    def __init__(self, defaults: Defaults, masker: Masker, wire: Wire = NETWORK) -> None:
        """Build for an ERP with these defaults, to be reached by this wire."""
        self._defaults = defaults
        self._masker = masker
        self._wire = wire
        self._open: list[Transport] = []

    def transport(
        self,
        config: Settings,
        dialect: Dialect,
        *,
        auth: Credentials | None,
        account: str,
        headers: dict[str, str] | None = None,
    ) -> Transport:
        """The transport to the ERP.

        Args:
            config: The settings.
            dialect: The ERP's way of saying that something is wrong.
            auth: What authenticates requests; None if their bodies do.
            account: What the ERP counts its allowance by, such as the key.
            headers: Sent with every request.
        """
        options = TransportOptions(
            **{name: getattr(config, name) for name in TransportSettings.__struct_fields__},
            rate_limit=config.rate_limit,
            base_url=config.base_url,
            account=account,
            user_agent=f"erp-taps ({self._defaults.system})",
            headers=headers or {},
        )
        transport = Transport(options, auth, dialect, self._masker, wire=self._wire)
        self._open.append(transport)
        return transport

    def authenticator(self, config: Settings) -> Credentials:
        """What authenticates requests, by `auth_type`; taps add what is their ERP's own."""
        if config.auth_type == "basic_auth":
            return BasicAuthHandler(config.username or "", config.password or "")
        if config.auth_type == "bearer_token":
            return BearerTokenHandler(config.access_token or "", config.token_expires_in)
        if config.auth_type == "api_key":
            return APIKeyHandler(
                config.api_key or config.app_key or "",
                config.app_secret,
                config.api_key_location,
            )
        return self.oauth2(config)

    def oauth2(self, config: Settings, **more: object) -> OAuth2Handler:
        """OAuth2 by the settings."""
        return OAuth2Handler(
            config.client_id or "",
            config.client_secret or "",
            config.token_url or "",
            config.scope,
            config.grant_type,
            username=config.username,
            password=config.password,
            refresh_token=config.refresh_token,
            token_store=TokenStore(config.token_store) if config.token_store else None,
            expires_in=config.token_expires_in,
            **more,  # type: ignore[arg-type]
        )

    def close(self) -> None:
        """Close the transports that were built."""
        for transport in self._open:
            transport.close()


def extraction(
    config: Settings,
    source: Source,
    *,
    subledger: bool,
    masker: Masker,
    day: date | None = None,
) -> Extraction:
    """How the books are read under these settings."""
    return Extraction(
        rules=Rules(
            tolerance=config.tolerance,
            balance_convention=config.balance_convention,
            natural_if_undecided=source.natural_balances,
            class_setting=source.class_setting,
            account_type_prefixes=config.type_prefixes,
            fiscal_year_start_month=config.fiscal_year_start_month,
            closing_entries=config.closing_entries,
            checks=config.validation != "off",
        ),
        subledger=subledger,
        all_accounts=config.subledger_accounts == "all",
        strict=config.validation == "strict",
        filters=config.filters,
        threads=config.max_concurrency,
        lookback=config.lookback_periods,
        periods_per_request=config.periods_per_request,
        periodicity=config.period,
        year_end_close=config.closes_years,
        openings_stated=config.openings_day is not None,
        today=day or today(),
        mask=masker.mask,
        catalogue=translations(
            config.language, ("erp_common", type(source).__module__.partition(".")[0])
        ),
    )


def health(source: Source, config: Settings) -> HealthCheckResult:
    """Ask for one row of the ledger, in at most `health_check_timeout` seconds."""
    companies = config.company_list
    company = companies[0] if companies else Company("", "", "")
    month = containing(today(), Periodicity.MONTH)
    return check(partial(source.check, company, month), config.health_check_timeout)
