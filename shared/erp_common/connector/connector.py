"""A connection to one ERP's books, by the same code as the streams; also for asyncio."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from copy import copy
from datetime import datetime
from functools import update_wrapper
from itertools import islice
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import msgspec
from singer_sdk.exceptions import ConfigValidationError

from erp_common.connector.models import Day, SubledgerEntry, TrialBalance
from erp_common.errors import ERPConnectionError, ERPSettingsError, ERPValidationError
from erp_common.extract.books import AccountPostings, Books
from erp_common.extract.period import PeriodExtract
from erp_common.extract.source import Source
from erp_common.extract.work import Extraction, Work
from erp_common.http.health import HealthCheckResult
from erp_common.http.masking import Masker
from erp_common.ledger.filters import Filters
from erp_common.ledger.models import Basis, Company, StatedAccount
from erp_common.ledger.normalize import account_code as read_code
from erp_common.ledger.periods import Period, Periodicity
from erp_common.setup import connection
from erp_common.setup.names import misspelt
from erp_common.setup.settings import Settings
from erp_common.singer import start
from erp_common.singer.base import learn_secrets
from erp_common.singer.tap import LedgerTap

if TYPE_CHECKING:
    from typing_extensions import Self

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_ROWS_AT_ONCE = 500
"""Rows that one step of a thread fetches for the event loop."""


class Connector:
    """The books of one ERP.

    Use it as a context manager, or call `connect` and `disconnect`; `async with` gives the same
    methods as coroutines.
    """

    def __init__(self, tap: type[LedgerTap[Any]], settings: Mapping[str, Any]) -> None:
        """Read the settings; nothing is asked of the ERP yet.

        Raises:
            ERPSettingsError: If a setting is missing or wrong; it is a `ValueError` too.
        """
        self._tap = tap
        self._masker = Masker()
        learn_secrets(settings, tap.config_jsonschema, self._masker)
        try:
            self._config: Settings = tap.typed(settings, books=False)
        except ConfigValidationError as error:
            raise ERPSettingsError("; ".join(map(str, error.errors))) from None
        for name, hint in misspelt(settings, tap.every_setting()):
            told = f"; {hint}" if hint else ""
            logger.warning("%s has no setting %s: it is ignored%s", tap.name, name, told)
        self._build: connection.Build | None = None
        self._source: Source | None = None
        self._known: dict[str, dict[str, StatedAccount]] = {}
        """The accounts of each company that a trial balance has told: ERPs refuse to be asked for
        the same one again at once."""

    def connect(self) -> Self:
        """Make ready to call; the first request comes with the first question."""
        if self._source is None:
            self._build = connection.Build(self._config.usual, self._masker)
            self._source = self._tap.source(self._config, self._build)
        return self

    def disconnect(self) -> None:
        """Close all connections; calls under way fail."""
        if self._build is not None:
            self._build.close()
        self._build = self._source = None

    __enter__ = connect

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.disconnect()

    async def __aenter__(self) -> AsyncConnector:
        """Connect; inside the block the methods are coroutines, of this object too."""
        self.connect()
        methods = AsyncConnector(copy(self))
        for name in _AWAITABLE:
            # They stand before those of the class until the block ends.
            setattr(self, name, getattr(methods, name))
        return methods

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        for name in _AWAITABLE:
            delattr(self, name)
        self.disconnect()

    def health_check(self) -> HealthCheckResult:
        """Ask for one row of the ledger, in at most `health_check_timeout` seconds."""
        return connection.health(self._connected, self._config)

    def get_trial_balance(
        self,
        company_id: str,
        period_start: Day,
        period_end: Day,
        filters: Mapping[str, Any] | None = None,
    ) -> TrialBalance:
        """The trial balance over exactly this span.

        Args:
            company_id: The company, as the ERP or the setting `companies` calls it.
            period_start: First day.
            period_end: Last day.
            filters: As the setting `filters`: account_types, include_zero_balances, level.

        Raises:
            ERPError: If it cannot be read; under `validation: strict` also if it has errors.
        """
        extract = self._extract(company_id, period_start, period_end, filters)
        accounts = extract.balances()
        header, findings = extract.header(), extract.findings()
        extract.fail_if_strict()
        return TrialBalance(
            company_id=extract.company.id,
            company_name=extract.company.name,
            period_start=extract.period.start,
            period_end=extract.period.end,
            currency=extract.company.currency,
            accounts=accounts,
            extracted_at=datetime.fromisoformat(extract.extracted_at.replace("Z", "+00:00")),
            metadata={
                **header.metadata,
                "source_system": self._connected.source_system,
                "basis": header.basis.value,
                "period_status": header.period_status,
                "account_count": header.account_count,
                "total_debit": header.total_debit,
                "total_credit": header.total_credit,
                "is_balanced": header.is_balanced,
                "findings": [msgspec.structs.asdict(one) for one in findings],
            },
        )

    def get_subledger_details(
        self,
        company_id: str,
        account_code: str,
        period_start: Day,
        period_end: Day,
        filters: Mapping[str, Any] | None = None,
    ) -> list[SubledgerEntry]:
        """The postings of an account over exactly this span; see `iter_subledger_details`."""
        return list(
            self.iter_subledger_details(
                company_id, account_code, period_start, period_end, filters
            ),
        )

    def iter_subledger_details(
        self,
        company_id: str,
        account_code: str,
        period_start: Day,
        period_end: Day,
        filters: Mapping[str, Any] | None = None,
    ) -> Iterator[SubledgerEntry]:
        """The postings of an account over exactly this span, as they come in.

        Args:
            company_id: The company, as the ERP or the setting `companies` calls it.
            account_code: The account.
            period_start: First day.
            period_end: Last day.
            filters: As the setting `filters`: document_types, cost_center.

        Raises:
            ERPError: If they cannot be read, one unreadable row included.
        """
        source, company = self._connected, self._company(company_id)
        period = _period(period_start, period_end)
        if not str(account_code).strip():
            raise ERPValidationError("account_code is empty; name the account to read")
        extraction = self._extraction(source, filters)
        extraction.known = self._known.setdefault(company.id, {})
        found = AccountPostings(source, company, period, read_code(account_code), extraction)
        return self._entries(found, company, period)

    def _entries(
        self, found: AccountPostings, company: Company, period: Period
    ) -> Iterator[SubledgerEntry]:
        shared: dict[str, Any] = {
            "source_system": self._connected.source_system,
            "company_id": company.id,
            "company_name": company.name,
            "period_start": period.start,
            "period_end": period.end,
            "currency": company.currency,
            "extracted_at": datetime.now().astimezone(),
        }
        for postings in found:
            for posting in postings:
                yield SubledgerEntry(**shared, **msgspec.structs.asdict(posting))
        for stray in found.strays:
            logger.warning("%s", self._masker.mask(stray.message))

    @property
    def _connected(self) -> Source:
        if self._source is None:
            raise ERPConnectionError("the connector is not connected; use it in a with statement")
        return self._source

    def _extraction(self, source: Source, filters: Mapping[str, Any] | None) -> Extraction:
        extraction = connection.extraction(
            self._config, source, subledger=False, masker=self._masker
        )
        if filters is not None:
            extraction.filters = Filters.parse(filters)
        return extraction

    def _extract(
        self,
        company_id: str,
        period_start: Day,
        period_end: Day,
        filters: Mapping[str, Any] | None,
    ) -> PeriodExtract:
        source, company = self._connected, self._company(company_id)
        period = _period(period_start, period_end)
        extraction = self._extraction(source, filters)
        extraction.periodicity = Periodicity.RANGE
        work = Work(company, [period])
        if source.basis is Basis.DERIVED:
            work.before = start.spans_before(self._config, period.start)
        books = Books(source, [work], extraction)
        try:
            extract = next(books.periods(company))
            chart = extract.trial_balance.chart.by_code
            self._known.setdefault(company.id, {}).update(
                (code, account.stated) for code, account in chart.items()
            )
        finally:
            books.close()
        return extract

    def _company(self, company_id: str) -> Company:
        """The company of the settings by that name, else one the ERP knows by it."""
        named = str(company_id).strip()
        if not named:
            raise ERPValidationError("company_id is empty; name the company to read")
        of_settings = (one for one in self._config.company_list if one.id == named)
        return next(of_settings, Company(named, named, named))


def _period(first: Day, last: Day) -> Period:
    start_day, end_day = (day.date() if isinstance(day, datetime) else day for day in (first, last))
    if end_day < start_day:
        raise ERPValidationError(f"period_end ({end_day}) lies before period_start ({start_day})")
    return Period(start_day, end_day)


def _on_thread(
    method: Callable[Concatenate[Connector, P], T],
) -> Callable[Concatenate[AsyncConnector, P], Coroutine[Any, Any, T]]:
    """The same method as a coroutine."""

    async def call(self: AsyncConnector, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(method, self.connector, *args, **kwargs)

    update_wrapper(call, method)
    return call


def _in_steps(
    method: Callable[Concatenate[Connector, P], Iterator[T]],
) -> Callable[Concatenate[AsyncConnector, P], AsyncIterator[T]]:
    """The same iterator for asyncio; a step of a thread fetches some rows."""

    async def iterate(
        self: AsyncConnector, /, *args: P.args, **kwargs: P.kwargs
    ) -> AsyncIterator[T]:
        rows = method(self.connector, *args, **kwargs)
        while some := await asyncio.to_thread(list, islice(rows, _ROWS_AT_ONCE)):
            for row in some:
                yield row

    update_wrapper(iterate, method)
    return iterate


class AsyncConnector:
    """The methods of a `Connector` as coroutines; every call runs on a thread of its own."""

    def __init__(self, connector: Connector) -> None:
        """Wrap a connector that is connected."""
        self.connector = connector

    health_check = _on_thread(Connector.health_check)
    get_trial_balance = _on_thread(Connector.get_trial_balance)
    get_subledger_details = _on_thread(Connector.get_subledger_details)
    iter_subledger_details = _in_steps(Connector.iter_subledger_details)


_AWAITABLE = [name for name in vars(AsyncConnector) if not name.startswith("_")]
"""What is a coroutine inside `async with`."""
