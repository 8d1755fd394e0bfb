"""The same connection for asyncio: every call runs on a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from erp_common.connector.models import SubledgerEntry, TrialBalance
from erp_common.http.health import HealthCheckResult

if TYPE_CHECKING:
    from erp_common.connector.connector import Connector, Day

ROWS_AT_ONCE = 500
"""Rows that one step of the thread fetches for the event loop."""


class AsyncConnector:
    """The methods of a `Connector` as coroutines."""

    def __init__(self, connector: Connector) -> None:
        """Wrap a connector that is connected."""
        self._connector = connector

    async def health_check(self) -> HealthCheckResult:
        """See `Connector.health_check`."""
        return await asyncio.to_thread(self._connector.health_check)

    async def get_trial_balance(
        self,
        company_id: str,
        period_start: Day,
        period_end: Day,
        filters: Mapping[str, Any] | None = None,
    ) -> TrialBalance:
        """See `Connector.get_trial_balance`."""
        return await asyncio.to_thread(
            self._connector.get_trial_balance, company_id, period_start, period_end, filters
        )

    async def get_subledger_details(
        self,
        company_id: str,
        account_code: str,
        period_start: Day,
        period_end: Day,
        filters: Mapping[str, Any] | None = None,
    ) -> list[SubledgerEntry]:
        """See `Connector.get_subledger_details`."""
        return await asyncio.to_thread(
            self._connector.get_subledger_details,
            company_id,
            account_code,
            period_start,
            period_end,
            filters,
        )

    async def iter_subledger_details(
        self,
        company_id: str,
        account_code: str,
        period_start: Day,
        period_end: Day,
        filters: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[SubledgerEntry]:
        """See `Connector.iter_subledger_details`."""
        entries = self._connector.iter_subledger_details(
            company_id, account_code, period_start, period_end, filters
        )

        def some() -> list[SubledgerEntry]:
            return [entry for _, entry in zip(range(ROWS_AT_ONCE), entries, strict=False)]

        while rows := await asyncio.to_thread(some):
            for row in rows:
                yield row
