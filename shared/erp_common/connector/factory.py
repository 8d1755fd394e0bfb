"""From an ERP's type or a company's code to its connector.

Taps are found through the entry points `erp_common.taps` of what is installed, so that nothing here
knows a tap by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, cast

from erp_common.connector import portfolio
from erp_common.connector.connector import Connector
from erp_common.connector.models import AuthType
from erp_common.errors import ERPValidationError

if TYPE_CHECKING:
    from erp_common.singer.tap import LedgerTap

GROUP = "erp_common.taps"


class ConnectorFactory:
    """Makes connectors for the ERPs whose taps are installed."""

    def create(
        self,
        erp_type: str,
        auth_type: AuthType | str | None = None,
        credentials: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> Connector:
        """A connector to an ERP.

        Args:
            erp_type: As its tap calls it: totvs_protheus, contaazul, omie, bling, ….
            auth_type: How it authenticates; the ERP's usual way if not given.
            credentials: The settings of that way: app_key, app_secret, client_id, ….
            config: Any other setting of the tap; `companies` and `start_date` are not needed.

        Raises:
            ERPValidationError: If the ERP is not known, its tap not installed, or a setting wrong.
        """
        tap = self._tap(erp_type)
        settings: dict[str, Any] = {**(config or {}), **(credentials or {})}
        if auth_type is not None:
            settings["auth_type"] = getattr(auth_type, "value", auth_type)
        return Connector(tap, settings)

    def create_for_company(
        self,
        company_code: str,
        credentials: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
        auth_type: AuthType | str | None = None,
    ) -> Connector:
        """A connector to the ERP that keeps a portfolio company's books.

        Raises:
            ERPValidationError: Like `create_connector`, or if the company is not in the portfolio.
        """
        companies = portfolio.load()
        erp_type = companies.get(company_code) or companies.get(str(company_code).strip().upper())
        if erp_type is None:
            raise ERPValidationError(
                f"{company_code!r} is no company of the portfolio; it has "
                f"{', '.join(sorted(companies)) or 'none'}",
            )
        return self.create(erp_type, auth_type, credentials, config)

    @property
    def erp_types(self) -> list[str]:
        """The ERPs whose taps are installed."""
        return sorted(point.name for point in entry_points(group=GROUP))

    def _tap(self, erp_type: str) -> type[LedgerTap[Any]]:
        for point in entry_points(group=GROUP, name=erp_type):
            return cast("type[LedgerTap[Any]]", point.load())
        raise ERPValidationError(
            f"no tap that is installed here reads {erp_type!r}; installed are "
            f"{', '.join(self.erp_types) or 'none'}. Correct erp_type, or install the package of "
            "its tap, such as tap-omie for omie",
        )


create_connector = ConnectorFactory().create
create_connector_for_company = ConnectorFactory().create_for_company
